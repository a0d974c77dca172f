//! Fractions against the published tables.

use super::*;
use proptest::prelude::*;

/// How many words there are of 3, 4, 5, … letters.
fn pattern(fraction: &Fraction) -> Vec<usize> {
    let words = fraction.words();
    let longest = words.last().map_or(2, |word| word.factors.count_ones());
    (3..=longest).map(|n| words.iter().filter(|word| word.factors.count_ones() == n).count()).collect()
}

fn levels(fraction: &Fraction) -> String {
    let row =
        |run| (0..fraction.factors()).map(|f| if fraction.is_high(run, f) { '+' } else { '-' }).collect();
    (0..fraction.runs()).map(row).collect::<Vec<String>>().join(" ")
}

/// J. Chen, D. X. Sun & C. F. J. Wu (1993), tables 2 and 3, and Box, Hunter & Hunter (1978), table 12.15.
#[test]
fn word_lengths_are_those_of_the_published_tables() {
    for (factors, p, expected) in [
        (5, 2, &[2, 1][..]),
        (6, 2, &[0, 3]),
        (7, 4, &[7, 7, 0, 0, 1]),
        (7, 3, &[0, 7]),
        (8, 2, &[0, 0, 2, 1]),
        (8, 3, &[0, 3, 4]),
        (8, 4, &[0, 14, 0, 0, 0, 1]),
        (9, 2, &[0, 0, 0, 3]),
        (9, 3, &[0, 1, 4, 2]),
        (9, 4, &[0, 6, 8, 0, 0, 1]),
        (9, 5, &[4, 14, 8, 0, 4, 1]),
        (10, 3, &[0, 0, 3, 3, 1]),
        (10, 4, &[0, 2, 8, 4, 0, 1]),
        (10, 5, &[0, 10, 16, 0, 0, 5]),
        (10, 6, &[8, 18, 16, 8, 8, 5]),
        (11, 5, &[0, 4, 14, 8, 0, 3, 2]),
        (11, 6, &[0, 25, 0, 27, 0, 10, 0, 1]),
        (11, 7, &[12, 26, 28, 24, 20, 13, 4]),
        (12, 7, &[0, 38, 0, 52, 0, 33, 0, 4]),
        (12, 8, &[16, 39, 48, 48, 48, 39, 16, 0, 0, 1]),
        (13, 8, &[0, 55, 0, 96, 0, 87, 0, 16, 0, 1]),
        (14, 9, &[0, 77, 0, 168, 0, 203, 0, 56, 0, 7]),
        (15, 10, &[0, 105, 0, 280, 0, 435, 0, 168, 0, 35]),
        (15, 11, &[35, 105, 168, 280, 435, 435, 280, 168, 105, 35, 0, 0, 1]),
    ] {
        assert_eq!(pattern(&Fraction::tabled(factors, p).unwrap()), expected, "2^({factors}-{p})");
    }
}

#[test]
fn resolutions_are_those_of_the_published_tables() {
    for (factors, p, resolution) in [
        (3, 1, 3),
        (4, 1, 4),
        (5, 1, 5),
        (6, 1, 6),
        (7, 2, 4),
        (10, 3, 5),
        (11, 4, 5),
        (12, 4, 6),
        (15, 7, 5),
    ] {
        assert_eq!(Fraction::tabled(factors, p).unwrap().resolution(), Some(resolution), "2^({factors}-{p})");
    }
    for (factors, resolution, runs) in [
        (3, 3, 4),
        (3, 4, 8),
        (5, 4, 16),
        (5, 5, 16),
        (8, 4, 16),
        (8, 5, 64),
        (11, 3, 16),
        (15, 3, 16),
        (15, 4, 32),
        (2, 4, 4),
    ] {
        assert_eq!(
            Fraction::of_resolution(factors, resolution).unwrap().runs(),
            runs,
            "{factors} of {resolution}"
        );
    }
    assert_eq!(Fraction::full(4).resolution(), None);
}

#[test]
fn every_fraction_of_the_table_has_different_runs_and_balanced_columns() {
    for (factors, p) in table::rows() {
        let fraction = Fraction::tabled(factors, p).unwrap();
        assert_eq!(fraction.runs(), 1 << (factors - p));
        assert_eq!(fraction.relation().len(), p);
        for factor in 0..factors {
            let high = (0..fraction.runs()).filter(|run| fraction.is_high(*run, factor)).count() as u64;
            assert_eq!(high * 2, fraction.runs(), "2^({factors}-{p}), {factor}");
        }
    }
}

/// The example of pyDOE's `fracfact`.
#[test]
fn a_word_a_parameter_is_read_as_elsewhere() {
    let fraction = Fraction::written("a b -ab c +abc", 5).unwrap();
    assert_eq!(levels(&fraction), "----- ---++ -++-+ -+++- +-+-+ +-++- ++--- ++-++");
    let words: Vec<String> = fraction.words().iter().map(Word::to_string).collect();
    assert_eq!(words, ["-ABC", "-CDE", "ABDE"]);
}

/// 2^(5−2) with D = AB and E = AC (Box, Hunter & Hunter 1978).
#[test]
fn equations_are_read_and_aliases_follow() {
    for text in ["D=AB, E=AC", "d = ab e=ac", "E=+AC\nD=AB"] {
        let fraction = Fraction::written(text, 5).unwrap();
        assert_eq!(fraction, Fraction::tabled(5, 2).unwrap(), "{text}");
        let words: Vec<String> = fraction.words().iter().map(Word::to_string).collect();
        assert_eq!(words, ["ABD", "ACE", "BCDE"]);
        let groups = fraction.aliases();
        let lines: Vec<String> =
            groups.iter().map(|g| g.iter().map(Word::to_string).collect::<Vec<_>>().join(" = ")).collect();
        assert_eq!(lines, ["A = BD = CE", "B = AD", "C = AE", "D = AB", "E = AC", "BC = DE", "BE = CD"]);
    }
    let negative = Fraction::written("C=-AB", 3).unwrap();
    assert_eq!(levels(&negative), "--- -++ +-+ ++-");
    let groups = negative.aliases();
    assert_eq!(groups[0].iter().map(Word::to_string).collect::<Vec<_>>(), ["A", "-BC"]);
}

#[test]
fn a_fold_over_lifts_resolution_three_to_four() {
    for (factors, p) in [(3, 1), (5, 2), (7, 4), (11, 7), (15, 11)] {
        let fraction = Fraction::tabled(factors, p).unwrap();
        let folded = fraction.folded().unwrap();
        assert_eq!(
            (folded.runs(), folded.resolution()),
            (2 * fraction.runs(), Some(4).filter(|_| factors > 3))
        );
        for factor in 0..factors {
            for run in 0..fraction.runs() {
                assert_eq!(folded.is_high(run, factor), fraction.is_high(run, factor));
                assert_eq!(folded.is_high(run + fraction.runs(), factor), !fraction.is_high(run, factor));
            }
        }
    }
    // Even words stay words when all signs are reversed.
    assert_eq!(Fraction::tabled(8, 4).unwrap().folded(), None);
    assert_eq!(Fraction::full(3).folded(), None);
}

#[test]
fn what_is_wrong_is_said() {
    let wrong = |(text, factors): (&str, usize)| Fraction::written(text, factors).unwrap_err();
    insta::assert_snapshot!(
        [
            ("a b", 3),
            ("a b bc", 3),
            ("a b aba", 3),
            ("a b 12", 3),
            ("a b -", 3),
            ("D=AB", 3),
            ("C=AB C=A", 3),
            ("CD=AB", 4),
            ("D=AB E=AD", 5),
            ("D=", 4),
            ("D=AB E", 5),
            ("C=A2", 3),
            ("I=ABC", 9),
            ("", 2),
            ("a", 26),
        ]
        .map(wrong)
        .join("\n"),
        @r#"
        expected 3 words, one for each parameter, such as "a b ab" for three, found 2
        no parameter is `c` alone, so its products have no levels; basic factors are words of one letter
        `a` stands twice in `aba`
        expected letters, such as `a` or `-abc`, found `12`
        expected letters, such as `a` or `-abc`, found ``
        `D` is no parameter; the 3 here are ABC, in order (I is left out)
        expected an equation such as `D=AB`, found `C=A`
        expected an equation such as `D=AB`, found `CD=AB`
        `D` follows from others itself; write the product of basic factors in its place
        expected an equation such as `D=AB`, found `D=`
        expected an equation such as `D=AB`, found `E`
        `2` is no parameter; the 3 here are ABC, in order (I is left out)
        `I` is no parameter; the 9 here are ABCDEFGHJ, in order (I is left out)
        expected 2 words, one for each parameter, such as "a b ab" for three, found 0
        there are letters for 25 parameters, found 26
        "#
    );
    let tabled = |(factors, p)| Fraction::tabled(factors, p).unwrap_err();
    insta::assert_snapshot!([(2, 1), (5, 3), (16, 2)].map(tabled).join("\n"), @"
    there is no fraction of 2 parameters; the smallest has 3
    fractions of 5 parameters go up to 1/2^2, found 1/2^3
    the tables go up to 15 parameters, found 16
    ");
    assert!(Fraction::of_resolution(16, 4).is_err());
}

proptest! {
    #[test]
    fn words_hold_in_every_run_and_aliases_are_what_they_say(
        basic in 1usize..5,
        columns in proptest::collection::vec((1u64..32, any::<bool>()), 1..6),
    ) {
        let mut fraction = Fraction::full(basic);
        let mask = (1 << basic) - 1;
        let given = columns.iter().filter(|(product, _)| product & mask != 0);
        fraction.columns.extend(given.map(|(product, negated)| Column { product: product & mask, negated: *negated }));
        let sign = |run, factors: u64| {
            let low = (0..fraction.factors()).filter(|f| factors >> f & 1 == 1 && !fraction.is_high(run, *f));
            low.count() % 2 == 1
        };
        for run in 0..fraction.runs() {
            for word in fraction.words() {
                prop_assert_eq!(sign(run, word.factors), word.negative);
            }
            for group in fraction.aliases() {
                for word in &group {
                    prop_assert_eq!(sign(run, word.factors) != word.negative, sign(run, group[0].factors));
                }
            }
        }
    }
}
