//! Two-level fractional factorial: 2^(k−p) of the 2^k corners, chosen so that only high interactions are mixed up.
//!
//! G. E. P. Box & J. S. Hunter, "The 2^(k−p) fractional factorial designs" (1961). Which fraction is said by its
//! generators, its resolution or its size; without generators it is one of minimum aberration (Fries & Hunter 1980).

use super::{Design, Method, Refusal};
use crate::fraction::Fraction;
use crate::options::OptionHelp;
use crate::sampler::{Property, Reach, Sampler};

pub struct FractionalFactorial;

const DEFAULT_RESOLUTION: u32 = 4;
/// Words and aliases that are listed; there may be thousands.
const LISTED: usize = 16;

struct Points {
    fraction: Fraction,
}

impl Method for FractionalFactorial {
    fn name(&self) -> &'static str {
        "fractional-factorial"
    }

    fn help(&self) -> &'static str {
        "a part of the two-level combinations, for screening many parameters; says which effects it cannot tell apart"
    }

    fn options(&self) -> &'static [OptionHelp] {
        &[
            OptionHelp {
                name: "resolution",
                help: "the smallest fraction of at least this resolution: with 4, main effects are clear of two-factor interactions",
                values: "an integer from 3, for up to 15 parameters",
                default: "4",
            },
            OptionHelp {
                name: "fraction",
                help: "p of 2^(k-p): 1 for a half, 2 for a quarter",
                values: "an integer, for up to 15 parameters",
                default: "by the resolution",
            },
            OptionHelp {
                name: "generators",
                help: "which products the columns are",
                values: "a word for each parameter, as in \"a b c ab -abc\", or equations, as in \"D=AB E=-AC\"",
                default: "by the resolution",
            },
            OptionHelp {
                name: "fold_over",
                help: "add the mirror image of all points, which makes resolution III to IV",
                values: "true or false",
                default: "false",
            },
        ]
    }

    fn build(&self, design: &Design) -> Result<Box<dyn Sampler>, Refusal> {
        let (options, factors) = (design.options, design.dimensions);
        let generators = options.text("generators")?;
        let resolution = options.integer("resolution", 3..=15)?;
        let p = options.integer("fraction", 0..=62)?;
        let fraction = match (generators, resolution, p) {
            (Some(text), None, None) => {
                Fraction::written(text, factors).map_err(|message| Refusal::new("generators", message))?
            }
            (None, None, Some(p)) => Fraction::tabled(factors, p as usize)
                .map_err(|message| Refusal::new("fraction", message).help("give another, or `generators`"))?,
            (None, resolution, None) => {
                let resolution = resolution.map_or(DEFAULT_RESOLUTION, |resolution| resolution as u32);
                Fraction::of_resolution(factors, resolution)
                    .map_err(|message| Refusal::new("resolution", message).help("give `generators`"))?
            }
            _ => {
                let message = "expected one of `resolution`, `fraction` and `generators`, found more";
                return Err(Refusal::new("", message).help("keep the one that is meant"));
            }
        };
        let fraction = match options.boolean("fold_over")?.unwrap_or(false) {
            true => fraction.folded().ok_or_else(|| {
                let message = "the mirror image of this fraction is the fraction itself";
                Refusal::new("fold_over", message).help("leave it out, or give other generators")
            })?,
            false => fraction,
        };
        design.has(fraction.runs())?;
        Ok(Box::new(Points { fraction }))
    }
}

impl Sampler for Points {
    fn points(&self) -> u64 {
        self.fraction.runs()
    }

    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        f64::from(u8::from(self.fraction.is_high(index, dimension)))
    }

    fn reach(&self) -> Reach {
        Reach::WithEnds
    }

    fn properties(&self) -> Vec<Property> {
        let words = self.fraction.words();
        let Some(resolution) = self.fraction.resolution() else {
            return vec![Property::text("resolution", "all combinations: no effects are aliased")];
        };
        let mut relation: Vec<String> = vec!["I".to_owned()];
        relation.extend(words.iter().take(LISTED).map(ToString::to_string));
        relation.extend((words.len() > LISTED).then(|| format!("{} more", words.len() - LISTED)));
        let groups = self.fraction.aliases();
        let mut aliases: Vec<String> = groups
            .iter()
            .take(LISTED)
            .map(|group| group.iter().map(ToString::to_string).collect::<Vec<_>>().join(" = "))
            .collect();
        aliases.extend((groups.len() > LISTED).then(|| format!("{} more", groups.len() - LISTED)));
        if aliases.is_empty() {
            aliases.push("main effects and two-factor interactions are clear of each other".to_owned());
        }
        vec![
            Property::text("resolution", roman(resolution)),
            Property::text("letters", "A, B, C … are the parameters in their order; I is left out"),
            Property::text("defining relation", relation.join(" = ")),
            Property::list("aliases", aliases),
        ]
    }
}

/// Resolutions are written in Roman numerals.
fn roman(mut number: u32) -> String {
    let mut text = String::new();
    for (value, digits) in [(10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")] {
        while number >= value {
            text.push_str(digits);
            number -= value;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Asked, design_with};
    use super::*;
    use crate::sampler::PropertyValue;
    use paramo_model::Value;

    fn build(dimensions: usize, options: &[(&str, Value)]) -> Result<Box<dyn Sampler>, Refusal> {
        FractionalFactorial.build(&Asked { count: None, ..design_with(1, 0, dimensions, options) }.design())
    }

    fn said(sampler: &dyn Sampler) -> String {
        let line = |property: &Property| match &property.value {
            PropertyValue::Text(text) => format!("{}: {text}", property.name),
            PropertyValue::List(lines) => format!("{}: {}", property.name, lines.join("; ")),
            PropertyValue::Number(number) => format!("{}: {number}", property.name),
        };
        sampler.properties().iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_fraction_says_what_it_mixes_up() {
        let half = build(5, &[("fraction", 2.into())]).unwrap();
        assert_eq!(half.points(), 8);
        insta::assert_snapshot!(said(&*half), @"
        resolution: III
        letters: A, B, C … are the parameters in their order; I is left out
        defining relation: I = ABD = ACE = BCDE
        aliases: A = BD = CE; B = AD; C = AE; D = AB; E = AC; BC = DE; BE = CD
        ");
        insta::assert_snapshot!(said(&*build(5, &[("resolution", 5.into())]).unwrap()), @"
        resolution: V
        letters: A, B, C … are the parameters in their order; I is left out
        defining relation: I = ABCDE
        aliases: main effects and two-factor interactions are clear of each other
        ");
        insta::assert_snapshot!(said(&*build(3, &[]).unwrap()), @"resolution: all combinations: no effects are aliased");
        let folded = build(7, &[("resolution", 3.into()), ("fold_over", true.into())]).unwrap();
        assert_eq!(folded.points(), 16);
        insta::assert_snapshot!(said(&*folded), @"
        resolution: IV
        letters: A, B, C … are the parameters in their order; I is left out
        defining relation: I = ABCG = ABEF = ACDF = ADEG = BCDE = BDFG = CEFG
        aliases: AB = CG = EF; AC = BG = DF; AD = CF = EG; AE = BF = DG; AF = BE = CD; AG = BC = DE; BD = CE = FG
        ");
        insta::assert_snapshot!(said(&*build(15, &[("resolution", 3.into())]).unwrap()), @"
        resolution: III
        letters: A, B, C … are the parameters in their order; I is left out
        defining relation: I = ABK = ACL = ADM = AEN = AFO = AGP = AHJ = BCN = BDO = BEL = BFM = BGJ = BHP = CDP = CEK = CFJ = 2031 more
        aliases: A = BK = CL = DM = EN = FO = GP = HJ; B = AK = CN = DO = EL = FM = GJ = HP; C = AL = BN = DP = EK = FJ = GM = HO; D = AM = BO = CP = EJ = FK = GL = HN; E = AN = BL = CK = DJ = FP = GO = HM; F = AO = BM = CJ = DK = EP = GN = HL; G = AP = BJ = CM = DL = EO = FN = HK; H = AJ = BP = CO = DN = EM = FL = GK; J = AH = BG = CF = DE = KP = LO = MN; K = AB = CE = DF = GH = JP = LN = MO; L = AC = BE = DG = FH = JO = KN = MP; M = AD = BF = CG = EH = JN = KO = LP; N = AE = BC = DH = FG = JM = KL = OP; O = AF = BD = CH = EG = JL = KM = NP; P = AG = BH = CD = EF = JK = LM = NO
        ");
    }

    #[test]
    fn what_is_not_possible_is_refused() {
        let refused = |dimensions, options: &[(&str, Value)]| {
            let refusal = build(dimensions, options).err().unwrap();
            format!("{}: {} ({})", refusal.field, refusal.message, refusal.help.unwrap_or_default())
        };
        insta::assert_snapshot!(
            [
                refused(5, &[("fraction", 3.into())]),
                refused(5, &[("fraction", 1.into()), ("resolution", 3.into())]),
                refused(20, &[]),
                refused(3, &[("generators", "a b".into())]),
                refused(8, &[("resolution", 4.into()), ("fold_over", true.into())]),
                refused(8, &[("resolution", 2.into())]),
            ]
            .join("\n"),
            @r#"
            fraction: fractions of 5 parameters go up to 1/2^2, found 1/2^3 (give another, or `generators`)
            : expected one of `resolution`, `fraction` and `generators`, found more (keep the one that is meant)
            resolution: the tables go up to 15 parameters, found 20 (give `generators`)
            generators: expected 3 words, one for each parameter, such as "a b ab" for three, found 2 ()
            fold_over: the mirror image of this fraction is the fraction itself (leave it out, or give other generators)
            resolution: expected an integer from 3 to 15, found 2 ()
            "#
        );
    }

    #[test]
    fn resolutions_are_roman() {
        assert_eq!([3, 4, 5, 8, 9, 14].map(roman), ["III", "IV", "V", "VIII", "IX", "XIV"]);
    }
}
