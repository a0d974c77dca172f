//! Regular two-level fractions 2^(k−p): every factor is a product of some of the basic ones, which take all combinations.
//!
//! G. E. P. Box & J. S. Hunter, "The 2^(k−p) fractional factorial designs" (1961). The level of a factor in a run is the
//! parity of a few bits of the run's number, so nothing is stored but a word a factor. What cannot be told apart follows
//! from the products alone: effects with the same product are aliased.

mod table;
mod words;

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The letters of factors in the order of the parameters; `I` is the identity and left out.
pub(crate) const LETTERS: &str = "ABCDEFGHJKLMNOPQRSTUVWXYZ";
/// Words of the defining relation are counted one by one, 2^20 at the most.
const MOST_WORDS_LOG: usize = 20;

/// A fraction over some factors.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fraction {
    /// Basic factors.
    basic: u32,
    columns: Vec<Column>,
}

/// The levels of one factor.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Column {
    /// The basic factors whose levels are multiplied, a bit each.
    product: u64,
    negated: bool,
}

/// A product of factors that is the same in every run: a bit a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub factors: u64,
    /// It is −1 in every run, not +1.
    pub negative: bool,
}

impl Fraction {
    /// All combinations; at most 62 factors.
    pub fn full(factors: usize) -> Fraction {
        let columns = (0..factors).map(|f| Column { product: 1 << f, negated: false }).collect();
        Fraction { basic: factors as u32, columns }
    }

    /// The fraction of the tables with 2^(`factors` − `p`) runs, of minimum aberration.
    ///
    /// # Errors
    ///
    /// Which there are for this number of factors.
    pub fn tabled(factors: usize, p: usize) -> Result<Fraction, String> {
        if p == 0 && factors <= LETTERS.len() {
            return Ok(Fraction::full(factors));
        }
        table::find(factors, p)
    }

    /// The smallest fraction of the tables with at least this resolution, all combinations if there is none.
    pub fn of_resolution(factors: usize, resolution: u32) -> Result<Fraction, String> {
        if factors > table::MOST_FACTORS {
            return Err(table::too_many(factors));
        }
        let mut fractions = (0..factors.max(1)).rev().filter_map(|p| Fraction::tabled(factors, p).ok());
        let found = fractions.find(|fraction| fraction.resolution().is_none_or(|found| found >= resolution));
        Ok(found.unwrap_or_else(|| Fraction::full(factors)))
    }

    /// A fraction as it is written, for this number of factors: see [`words`].
    ///
    /// # Errors
    ///
    /// What is wrong with the text.
    pub fn written(text: &str, factors: usize) -> Result<Fraction, String> {
        let fraction = words::read(text, factors)?;
        let p = fraction.relation().len();
        match p > MOST_WORDS_LOG {
            true => Err(format!("at most {MOST_WORDS_LOG} parameters follow from others, found {p}")),
            false => Ok(fraction),
        }
    }

    /// The fraction followed by its mirror image, all signs reversed; `None` where that repeats it.
    pub fn folded(&self) -> Option<Fraction> {
        // One more basic factor, the slowest, which is in every product: its low level, negated, is the first half.
        let column = |c: &Column| Column { product: c.product << 1 | 1, negated: !c.negated };
        let folded = Fraction { basic: self.basic + 1, columns: self.columns.iter().map(column).collect() };
        // A word of odd length is lost, which frees a run for each that there was.
        (folded.relation().len() < self.relation().len()).then_some(folded)
    }

    pub fn factors(&self) -> usize {
        self.columns.len()
    }

    pub fn runs(&self) -> u64 {
        1 << self.basic
    }

    /// Whether a factor is at its upper level; the first basic factor varies slowest.
    pub fn is_high(&self, run: u64, factor: usize) -> bool {
        let column = &self.columns[factor];
        let low = !run.reverse_bits().checked_shr(u64::BITS - self.basic).unwrap_or(0);
        ((low & column.product).count_ones() % 2 == 1) == column.negated
    }

    /// Independent words that all others are products of.
    fn relation(&self) -> Vec<Word> {
        let mut pivots: Vec<(u64, u64)> = Vec::new();
        let mut words = Vec::new();
        for (factor, column) in self.columns.iter().enumerate() {
            let (mut product, mut factors) = (column.product, 1u64 << factor);
            for (pivot, of) in &pivots {
                if product & (1 << pivot.ilog2()) != 0 {
                    product ^= pivot;
                    factors ^= of;
                }
            }
            match product {
                0 => words.push(self.word(factors)),
                _ => pivots.push((product, factors)),
            }
        }
        words
    }

    fn word(&self, factors: u64) -> Word {
        let negated = self.columns.iter().enumerate().filter(|(f, c)| factors >> f & 1 == 1 && c.negated);
        Word { factors, negative: negated.count() % 2 == 1 }
    }

    /// Every word of the defining relation, the shortest first.
    pub fn words(&self) -> Vec<Word> {
        let mut all = vec![0u64];
        for word in self.relation() {
            all.extend_from_within(..);
            let half = all.len() / 2;
            all[half..].iter_mut().for_each(|factors| *factors ^= word.factors);
        }
        all.swap_remove(0);
        all.sort_unstable_by_key(|factors| (factors.count_ones(), Reverse(factors.reverse_bits())));
        all.into_iter().map(|factors| self.word(factors)).collect()
    }

    /// The length of the shortest word; `None` for all combinations, which confound nothing.
    pub fn resolution(&self) -> Option<u32> {
        self.words().first().map(|word| word.factors.count_ones())
    }

    /// Main effects and two-factor interactions that cannot be told apart, a list each, with their signs relative to its
    /// first; lists of one left out.
    pub fn aliases(&self) -> Vec<Vec<Word>> {
        let factors = self.factors();
        let mains = (0..factors).map(|f| 1u64 << f);
        let pairs = (0..factors).flat_map(|a| (a + 1..factors).map(move |b| 1u64 << a | 1 << b));
        let mut places: BTreeMap<u64, usize> = BTreeMap::new();
        let mut groups: Vec<Vec<Word>> = Vec::new();
        for effect in mains.chain(pairs) {
            let in_effect = self.columns.iter().enumerate().filter(|(f, _)| effect >> f & 1 == 1);
            let product = in_effect.fold(0, |product, (_, column)| product ^ column.product);
            let place = *places.entry(product).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            let mut word = self.word(effect);
            word.negative ^=
                groups[place].first().is_some_and(|first: &Word| self.word(first.factors).negative);
            if groups[place].is_empty() {
                word.negative = false;
            }
            groups[place].push(word);
        }
        groups.retain(|group| group.len() > 1);
        groups
    }
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.negative { "-" } else { "" })?;
        for (place, letter) in LETTERS.chars().enumerate() {
            if self.factors >> place & 1 == 1 {
                write!(f, "{letter}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
