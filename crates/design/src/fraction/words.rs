//! Fractions as people write them: `a b c ab -ac`, a word a parameter, or `D=AB E=-AC`, the parameters that follow from
//! others.

use super::{Column, Fraction, LETTERS};

/// The longest list of words that can mean something.
const LONGEST: usize = 10_000;

/// Reads generators for a number of parameters.
///
/// With `=`, letters stand for the parameters in order ([`LETTERS`]). Without, there is a word for each parameter: one letter
/// names a basic factor, several the product of those; a sign may stand before either.
pub(super) fn read(text: &str, factors: usize) -> Result<Fraction, String> {
    if factors > LETTERS.len() {
        return Err(format!("there are letters for {} parameters, found {factors}", LETTERS.len()));
    }
    if text.len() > LONGEST {
        return Err("the text is too long for generators".to_owned());
    }
    if text.contains('=') { equations(text, factors) } else { columns(text, factors) }
}

/// A word without its sign.
fn signed(word: &str) -> (&str, bool) {
    match word.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (word.strip_prefix('+').unwrap_or(word), false),
    }
}

/// The product of letters, each given by its place.
fn product(word: &str, place: impl Fn(char) -> Result<u32, String>) -> Result<u64, String> {
    let mut product = 0u64;
    for letter in word.chars() {
        let bit = 1 << place(letter)?;
        if product & bit != 0 {
            return Err(format!("`{letter}` stands twice in `{word}`"));
        }
        product |= bit;
    }
    Ok(product)
}

fn columns(text: &str, factors: usize) -> Result<Fraction, String> {
    let words: Vec<(&str, bool)> =
        text.split([' ', ',', '\t', '\n']).filter(|w| !w.is_empty()).map(signed).collect();
    if words.len() != factors {
        let message = format!(
            "expected {factors} words, one for each parameter, such as \"a b ab\" for three, found {}",
            words.len()
        );
        return Err(message);
    }
    // Repeated letters are one factor with two names, which the resolution will tell.
    let mut basic: Vec<char> = Vec::new();
    for (word, _) in &words {
        let mut letters = word.chars();
        match (letters.next().filter(char::is_ascii_alphabetic), letters.next()) {
            (Some(letter), None) if !basic.contains(&letter) => basic.push(letter),
            (Some(_), _) => {}
            (None, _) => return Err(format!("expected letters, such as `a` or `-abc`, found `{word}`")),
        }
    }
    let place = |letter: char| {
        let found = basic.iter().position(|other| *other == letter);
        found.map(|place| place as u32).ok_or_else(|| {
            format!("no parameter is `{letter}` alone, so its products have no levels; basic factors are words of one letter")
        })
    };
    let column =
        |(word, negated): &(&str, bool)| Ok(Column { product: product(word, place)?, negated: *negated });
    let columns = words.iter().map(column).collect::<Result<_, String>>()?;
    Ok(Fraction { basic: basic.len() as u32, columns })
}

fn equations(text: &str, factors: usize) -> Result<Fraction, String> {
    let here = &LETTERS[..factors];
    let place = |letter: char| {
        here.find(letter.to_ascii_uppercase()).ok_or_else(|| {
            format!("`{letter}` is no parameter; the {factors} here are {here}, in order (I is left out)")
        })
    };
    let mut given: Vec<Option<(&str, bool)>> = vec![None; factors];
    // Spaces may stand around the signs of equality and between equations.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace(" =", "=").replace("= ", "=");
    for equation in text.split([' ', ',']).filter(|equation| !equation.is_empty()) {
        let sides = equation.split_once('=').filter(|(left, right)| left.len() == 1 && right.len() > 1);
        let Some((left, right)) = sides else {
            return Err(format!("expected an equation such as `D=AB`, found `{equation}`"));
        };
        let factor = place(left.chars().next().unwrap_or_default())?;
        if given[factor].replace(signed(right)).is_some() {
            return Err(format!("`{left}` is given twice"));
        }
    }
    let basic: Vec<usize> = (0..factors).filter(|factor| given[*factor].is_none()).collect();
    let basic_place = |letter: char| {
        let factor = place(letter)?;
        let found = basic.iter().position(|basic| *basic == factor);
        found.map(|place| place as u32).ok_or_else(|| {
            format!("`{letter}` follows from others itself; write the product of basic factors in its place")
        })
    };
    let mut columns = Vec::with_capacity(factors);
    let mut next = 0;
    for given in &given {
        columns.push(match given {
            Some((word, negated)) => Column { product: product(word, basic_place)?, negated: *negated },
            None => {
                next += 1;
                Column { product: 1 << (next - 1), negated: false }
            }
        });
    }
    Ok(Fraction { basic: basic.len() as u32, columns })
}

/// A fraction whose last factors are these products of the first.
pub(super) fn after_basic(words: &str, factors: usize) -> Option<Fraction> {
    let p = words.split(' ').count();
    let basic = factors.checked_sub(p)?;
    let mut fraction = Fraction::full(basic);
    for word in words.split(' ') {
        let place = |letter| LETTERS[..basic].find(letter).map(|place| place as u32).ok_or_else(String::new);
        fraction.columns.push(Column { product: product(word, place).ok()?, negated: false });
    }
    Some(fraction)
}
