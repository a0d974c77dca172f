//! Central composite: the corners, a star of two points on each axis, and repetitions of the centre, for a quadratic model.
//!
//! G. E. P. Box & K. B. Wilson, "On the experimental attainment of optimum conditions" (1951); the distance of the star for
//! rotatability and for orthogonal blocks after G. E. P. Box & J. S. Hunter, "Multi-factor experimental designs for exploring
//! response surfaces" (1957). Points are in the order of pyDOE: corners, their centre points, star, its centre points.

use super::{Design, Method, Refusal};
use crate::fraction::Fraction;
use crate::options::OptionHelp;
use crate::sampler::{Property, Reach, Sampler};

pub struct CentralComposite;

/// 2^30 corners are more than anybody runs.
const MOST_DIMENSIONS: usize = 30;
const MOST_CENTRES: i64 = 1_000_000;
const DEFAULT_CENTRES: i64 = 4;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Circumscribed,
    Inscribed,
    Faced,
}

#[derive(Clone, Copy)]
enum Alpha {
    Rotatable,
    Orthogonal,
    Blocks,
}

struct Points {
    fraction: Fraction,
    kind: Kind,
    /// The distance of the star where that of the corners along an axis is 1.
    alpha: f64,
    /// Centre points after the corners, and after the star.
    centres: (u64, u64),
}

impl Method for CentralComposite {
    fn name(&self) -> &'static str {
        "central-composite"
    }

    fn help(&self) -> &'static str {
        "corners, a star and the centre, for fitting a quadratic response surface"
    }

    fn options(&self) -> &'static [OptionHelp] {
        &[
            OptionHelp {
                name: "kind",
                help: "whether the star stays within the ranges, lies beyond them, or on the faces",
                values: "\"inscribed\", \"circumscribed\" or \"faced\"",
                default: "inscribed",
            },
            OptionHelp {
                name: "alpha",
                help: "the distance of the star in half widths of the cube of corners",
                values: "\"rotatable\", \"orthogonal\", \"blocks\" (corners and star are orthogonal blocks), or a number of at least 1",
                default: "rotatable; 1 when faced",
            },
            OptionHelp {
                name: "centre",
                help: "how often the centre is run, or how often with the corners and with the star",
                values: "an integer, or a list of two",
                default: "4",
            },
            OptionHelp {
                name: "fraction",
                help: "p of the 2^(k-p) corners, which must be of resolution V",
                values: "an integer",
                default: "0, all corners",
            },
        ]
    }

    fn build(&self, design: &Design) -> Result<Box<dyn Sampler>, Refusal> {
        let (options, factors) = (design.options, design.dimensions);
        if !(2..=MOST_DIMENSIONS).contains(&factors) {
            let message = format!("there are designs of 2 to {MOST_DIMENSIONS} parameters, found {factors}");
            return Err(Refusal::new("", message).help(match factors {
                1 => "take `full-factorial` with `levels = 3`",
                _ => "find the parameters that matter first, as with `plackett-burman`",
            }));
        }
        let kinds =
            [("inscribed", Kind::Inscribed), ("circumscribed", Kind::Circumscribed), ("faced", Kind::Faced)];
        let kind = options.word("kind", &kinds)?.unwrap_or(Kind::Inscribed);
        let centres = options.integers("centre", 0..=MOST_CENTRES)?.unwrap_or_else(|| vec![DEFAULT_CENTRES]);
        let centres = match centres.as_slice() {
            [all] => (0, *all as u64),
            [corners, star] => (*corners as u64, *star as u64),
            more => {
                let message = format!(
                    "expected one number, or one for the corners and one for the star, found {}",
                    more.len()
                );
                return Err(Refusal::new("centre", message));
            }
        };
        let fraction = match options.integer("fraction", 0..=MOST_DIMENSIONS as i64)?.unwrap_or(0) {
            0 => Fraction::full(factors),
            p => resolution_five(factors, p as usize)?,
        };
        let alpha = alpha(design, kind, &fraction, centres)?;
        let points = Points { fraction, kind, alpha, centres };
        design.has(points.points())?;
        Ok(Box::new(points))
    }
}

/// With less, some of the model's interactions could not be told apart.
fn resolution_five(factors: usize, p: usize) -> Result<Fraction, Refusal> {
    let is_five = |fraction: &Fraction| fraction.resolution().is_some_and(|resolution| resolution >= 5);
    Fraction::tabled(factors, p).ok().filter(is_five).ok_or_else(|| {
        let most =
            (1..p).rev().find(|p| Fraction::tabled(factors, *p).is_ok_and(|fraction| is_five(&fraction)));
        let message = format!("there is no fraction 2^({factors}-{p}) of resolution V here");
        Refusal::new("fraction", message).help(match most {
            Some(most) => format!("take {most} at the most"),
            None => "take all corners".to_owned(),
        })
    })
}

/// The distance of the star.
fn alpha(design: &Design, kind: Kind, fraction: &Fraction, centres: (u64, u64)) -> Result<f64, Refusal> {
    let corners = fraction.runs() as f64;
    let star = 2.0 * design.dimensions as f64;
    let word = match design.options.is_text("alpha") {
        true => design.options.word(
            "alpha",
            &[("rotatable", Alpha::Rotatable), ("orthogonal", Alpha::Orthogonal), ("blocks", Alpha::Blocks)],
        )?,
        false => None,
    };
    let number = if word.is_some() { None } else { design.options.number("alpha")? };
    if kind == Kind::Faced {
        return match (word, number) {
            (None, None | Some(1.0)) => Ok(1.0),
            _ => Err(Refusal::new("alpha", "the star of a faced design is at 1").help("leave `alpha` out")),
        };
    }
    let alpha = match (number, word.unwrap_or(Alpha::Rotatable)) {
        (Some(alpha), _) => alpha,
        (None, Alpha::Rotatable) => corners.sqrt().sqrt(),
        (None, Alpha::Orthogonal) => {
            let runs = corners + star + (centres.0 + centres.1) as f64;
            (((corners * runs).sqrt() - corners) / 2.0).sqrt()
        }
        (None, Alpha::Blocks) => {
            let (with_corners, with_star) = (centres.0 as f64 / corners, centres.1 as f64 / star);
            (design.dimensions as f64 * (1.0 + with_star) / (1.0 + with_corners)).sqrt()
        }
    };
    match (1.0..=1e3).contains(&alpha) {
        true => Ok(alpha),
        false => {
            let refusal = Refusal::new("alpha", format!("expected a distance from 1 to 1000, found {alpha}"));
            Err(match number {
                Some(_) => refusal,
                None => refusal.help("with another number of centre points it is another"),
            })
        }
    }
}

impl Points {
    /// The distances of corners and star from the centre, in half widths of the ranges.
    fn distances(&self) -> (f64, f64) {
        match self.kind {
            Kind::Inscribed => (1.0 / self.alpha, 1.0),
            Kind::Circumscribed | Kind::Faced => (1.0, self.alpha),
        }
    }
}

impl Sampler for Points {
    fn points(&self) -> u64 {
        self.fraction.runs() + self.centres.0 + 2 * self.fraction.factors() as u64 + self.centres.1
    }

    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        let (corner, star) = self.distances();
        let at = |high: bool, distance: f64| 0.5 + if high { distance / 2.0 } else { -distance / 2.0 };
        if index < self.fraction.runs() {
            return at(self.fraction.is_high(index, dimension), corner);
        }
        match (index - self.fraction.runs()).checked_sub(self.centres.0) {
            Some(arm) if arm / 2 == dimension as u64 => at(arm % 2 == 1, star),
            _ => 0.5,
        }
    }

    fn reach(&self) -> Reach {
        match self.kind {
            Kind::Circumscribed if self.alpha > 1.0 => {
                Reach::Beyond(0.5 - self.alpha / 2.0, 0.5 + self.alpha / 2.0)
            }
            _ => Reach::WithEnds,
        }
    }

    fn properties(&self) -> Vec<Property> {
        let corners = self.fraction.runs() as f64;
        let points = self.points() as f64;
        let square = self.alpha * self.alpha;
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9 * b;
        let yes_or_no = |yes: bool| if yes { "yes" } else { "no" };
        vec![
            Property::number("distance of the star", self.alpha),
            Property::text(
                "points",
                format!(
                    "{} corners, {} of the star, {} at the centre",
                    self.fraction.runs(),
                    2 * self.fraction.factors(),
                    self.centres.0 + self.centres.1
                ),
            ),
            Property::text("rotatable", yes_or_no(near(square * square, corners))),
            Property::text(
                "squares orthogonal",
                yes_or_no(near((corners + 2.0 * square) * (corners + 2.0 * square), corners * points)),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Asked, design_with};
    use super::*;
    use crate::options::Options;
    use crate::sampler::PropertyValue;
    use paramo_model::{Setting, Value};

    fn build(
        dimensions: usize,
        options: &[(&str, Value)],
        centres: &[i64],
    ) -> Result<Box<dyn Sampler>, Refusal> {
        let mut settings: std::collections::BTreeMap<String, Setting> =
            options.iter().map(|(name, value)| ((*name).to_owned(), Setting::Value(value.clone()))).collect();
        if !centres.is_empty() {
            let list = centres.iter().map(|n| Value::Integer(*n)).collect();
            settings.insert("centre".to_owned(), Setting::List(list));
        }
        let options = Options::new(settings);
        CentralComposite.build(&Asked { count: None, options, ..design_with(1, 0, dimensions, &[]) }.design())
    }

    fn distance(points: &dyn Sampler) -> f64 {
        match points.properties()[0].value {
            PropertyValue::Number(alpha) => alpha,
            _ => f64::NAN,
        }
    }

    /// R. H. Myers, D. C. Montgomery & C. M. Anderson-Cook, "Response Surface Methodology": the table of rotatable distances,
    /// and that of orthogonal ones with a single centre point.
    #[test]
    fn distances_are_the_published_ones() {
        for (k, p, expected) in [
            (2, 0, 1.414),
            (3, 0, 1.682),
            (4, 0, 2.0),
            (5, 0, 2.378),
            (5, 1, 2.0),
            (6, 1, 2.378),
            (7, 1, 2.828),
        ] {
            let points = build(k, &[("fraction", p.into())], &[]).unwrap();
            assert!((distance(&*points) - expected).abs() < 5e-4, "{k}, {p}: {}", distance(&*points));
        }
        for (k, p, expected) in [(2, 0, 1.0), (3, 0, 1.215), (4, 0, 1.414), (5, 1, 1.547), (5, 0, 1.596)] {
            let points = build(k, &[("alpha", "orthogonal".into()), ("fraction", p.into())], &[1]).unwrap();
            assert!((distance(&*points) - expected).abs() < 5e-4, "{k}, {p}: {}", distance(&*points));
        }
        // Box & Hunter (1957): two factors in blocks with 3 centre points each.
        let blocks = build(2, &[("alpha", "blocks".into())], &[3, 3]).unwrap();
        assert!((distance(&*blocks) - 2f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn points_are_where_their_kind_says() {
        let row = |points: &dyn Sampler, i| [0, 1].map(|d| 2.0 * points.coordinate(i, d) - 1.0);
        let all = |kind: &str| {
            let points = build(2, &[("kind", kind.into())], &[1, 2]).unwrap();
            assert_eq!(points.points(), 11);
            [0, 1, 4, 5, 6, 7, 8, 9, 10].map(|i| row(&*points, i))
        };
        let (h, s) = (2f64.sqrt(), 1.0 / 2f64.sqrt());
        let close = |found: [[f64; 2]; 9], expected: [[f64; 2]; 9]| {
            let far =
                found.iter().flatten().zip(expected.iter().flatten()).any(|(a, b)| (a - b).abs() > 1e-12);
            assert!(!far, "{found:?}");
        };
        let o = [0.0; 2];
        close(
            all("circumscribed"),
            [[-1.0, -1.0], [-1.0, 1.0], o, [-h, 0.0], [h, 0.0], [0.0, -h], [0.0, h], o, o],
        );
        close(
            all("inscribed"),
            [[-s, -s], [-s, s], o, [-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0], o, o],
        );
        close(
            all("faced"),
            [[-1.0, -1.0], [-1.0, 1.0], o, [-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0], o, o],
        );
        let beyond = build(2, &[("kind", "circumscribed".into())], &[]).unwrap();
        assert_eq!(beyond.reach(), Reach::Beyond(0.5 - h / 2.0, 0.5 + h / 2.0));
    }

    #[test]
    fn what_is_not_possible_is_refused() {
        let refused = |dimensions, options: &[(&str, Value)], centres: &[i64]| {
            let refusal = build(dimensions, options, centres).err().unwrap();
            format!("{}: {} ({})", refusal.field, refusal.message, refusal.help.unwrap_or_default())
        };
        insta::assert_snapshot!(
            [
                refused(1, &[], &[]),
                refused(31, &[], &[]),
                refused(4, &[("fraction", 1.into())], &[]),
                refused(8, &[("fraction", 3.into())], &[]),
                refused(3, &[("kind", "faced".into()), ("alpha", "rotatable".into())], &[]),
                refused(3, &[("alpha", 0.5.into())], &[]),
                refused(2, &[("alpha", "orthogonal".into())], &[0]),
                refused(2, &[("alpha", "rotatible".into())], &[]),
                refused(2, &[], &[1, 2, 3]),
            ]
            .join("\n"),
            @r#"
            : there are designs of 2 to 30 parameters, found 1 (take `full-factorial` with `levels = 3`)
            : there are designs of 2 to 30 parameters, found 31 (find the parameters that matter first, as with `plackett-burman`)
            fraction: there is no fraction 2^(4-1) of resolution V here (take all corners)
            fraction: there is no fraction 2^(8-3) of resolution V here (take 2 at the most)
            alpha: the star of a faced design is at 1 (leave `alpha` out)
            alpha: expected a distance from 1 to 1000, found 0.5 ()
            alpha: expected a distance from 1 to 1000, found 0.9101797211244548 (with another number of centre points it is another)
            alpha: expected one of "rotatable", "orthogonal", "blocks", found "rotatible" (did you mean "rotatable"?)
            centre: expected one number, or one for the corners and one for the star, found 3 ()
            "#
        );
    }
}
