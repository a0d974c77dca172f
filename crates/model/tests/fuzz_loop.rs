//! The fuzz targets of `fuzz/`, fed on stable from the same seeds: damaged files, a fixed number of them, always the same.

use paramo_model::document::{Origin, differences, read_axes, read_axis, read_space, read_study, render};
use paramo_model::{Expression, Study, Template, Value};

const FILES: [&str; 3] = [
    include_str!("../../../fuzz/seeds/study_file/hes1.toml"),
    include_str!("../../../fuzz/seeds/study_file/all.toml"),
    include_str!("../../../fuzz/seeds/study_file/function.toml"),
];

const EXPRESSIONS: [&str; 4] = [
    "x > y and mode == 'fast'",
    "1 < x ** 2 <= max(y, 3) or not gone",
    "{k-on} in [1, 2.5, -3] && x % 2 != 0",
    "round(log10(abs(x - 1e-9))) >= 9223372036854775807",
];

const TEMPLATES: [&str; 3] = ["--x={x}", "{{a}} {b} {paramo.index} {", "awk '{print $1}' {α}"];

const AXES: [&str; 5] = ["x=1:10", "mode=a,'b,c'", "x=0:1:0.1", "x=1e8:2e9/25log", "x=-5"];

/// Words that damage in a way that still parses.
const WORDS: [&str; 36] = [
    "nan",
    "inf",
    "-1",
    "0",
    "1e999",
    "9223372036854775807",
    "1e-320",
    "\"\"",
    "''",
    "\"\"\"",
    "[]",
    "{}",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "#",
    "\n",
    "\t",
    "\u{0}",
    "é",
    "日本",
    "true",
    "step",
    "count",
    "from",
    "where",
    "block",
    "[space]\n",
    "{paramo.x}",
    "(",
    "not ",
    "** ",
];

/// Values that stand where others are expected.
const VALUES: [&str; 24] = [
    "nan",
    "-inf",
    "-1",
    "0",
    "1",
    "1e999",
    "9223372036854775807",
    "99999999999999999999",
    "1e-320",
    "\"\"",
    "'x'",
    "\"{k1} {nix}\"",
    "\"{paramo.x}\"",
    "[]",
    "[1, 'a', 2.5]",
    "[[1]]",
    "{}",
    "true",
    "1979-05-27",
    "[0, 1]",
    "{ from = 1, to = 0, step = 1 }",
    "{ replicate = 2 }",
    "{ uniform = [0, 1] }",
    "{ from = 1, to = 9, count = 3 }",
];

/// Marsaglia's xorshift (2003): the same damage on every machine.
struct Damage(u64);

impl Damage {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }

    fn place(&mut self, text: &str) -> usize {
        text.floor_char_boundary(self.below(text.len() + 1))
    }

    /// A seed with one to four places deleted, doubled, moved or overwritten.
    fn text(&mut self, seeds: &[&str]) -> String {
        let mut text = seeds[self.below(seeds.len())].to_owned();
        for _ in 0..=self.below(4) {
            let start = self.place(&text);
            let end = text.floor_char_boundary((start + self.below(30)).min(text.len())).max(start);
            let piece = text[start..end].to_owned();
            match self.below(4) {
                0 => text.replace_range(start..end, ""),
                1 => text.insert_str(end, &piece),
                2 => {
                    text.replace_range(start..end, "");
                    let to = self.place(&text);
                    text.insert_str(to, &piece);
                }
                _ => text.insert_str(start, WORDS[self.below(WORDS.len())]),
            }
        }
        text
    }

    /// A file with one to four values replaced, lines moved or keys misspelt: mostly still TOML.
    fn file(&mut self, seeds: &[&str]) -> String {
        let mut text = seeds[self.below(seeds.len())].to_owned();
        for _ in 0..=self.below(4) {
            let start = self.place(&text);
            match self.below(3) {
                0 | 1 => {
                    let Some(equals) = text[start..].find("= ").map(|i| start + i + 2) else { continue };
                    let end = text[equals..].find([',', '\n', '}']).map_or(text.len(), |i| equals + i);
                    let value = VALUES[self.below(VALUES.len())];
                    text.replace_range(equals..end, value);
                }
                _ => {
                    let mut lines: Vec<&str> = text.lines().collect();
                    let line = lines.remove(self.below(lines.len()));
                    let at = self.below(lines.len() + 1);
                    let changed =
                        if self.below(2) == 0 { line.to_owned() } else { line.replacen('e', "3", 1) };
                    lines.insert(at, &changed);
                    text = lines.join("\n");
                }
            }
        }
        text
    }
}

#[test]
fn damaged_study_files_are_read_or_refused_in_their_place() {
    let load = |name: &str| match name {
        "points.csv" | "input.tmpl" => Ok(b"k1,k2\n1,\"[2, 3]\"\n".to_vec()),
        other => Err(format!("cannot read {other}")),
    };
    let parquet = |_: Vec<u8>, name: &str| Err(format!("cannot read {name}"));
    let origin = Origin { file: "study.toml".into(), directory: "/".into(), load: &load, parquet: &parquet };
    let mut damage = Damage(0x9e37_79b9_7f4a_7c15);
    let (mut read, mut checked) = (0, 0);
    for round in 0..4_000 {
        let text = if round % 4 == 0 { damage.text(&FILES) } else { damage.file(&FILES) };
        match read_study(&text, &origin) {
            Ok(document) => {
                read += 1;
                let json = serde_json::to_string(&document.study).unwrap();
                let again: Study = serde_json::from_str(&json).unwrap();
                assert_eq!(again, document.study, "{text}");
                assert_eq!(differences(&again, &document.study), []);
                let _ = read_space(&text, &document.study.application.parameters, &origin);
            }
            Err(found) => {
                assert!(!found.is_empty(), "{text}");
                for diagnostic in found {
                    checked += usize::from(!diagnostic.field.0.is_empty());
                    let position =
                        diagnostic.position.clone().unwrap_or_else(|| panic!("{diagnostic} in {text}"));
                    assert!(
                        text.get(position.bytes).is_some() && position.line > 0,
                        "{diagnostic} in {text}"
                    );
                    let shown = render(&diagnostic, &text, "study.toml");
                    assert!(shown.contains("--> study.toml:"), "{shown}");
                }
            }
        }
    }
    // The damage is neither so small that all is right nor so large that nothing gets past the parser of TOML.
    assert!(read > 60 && checked > 2_000, "{read} read, {checked} diagnostics of fields");
}

#[test]
fn damaged_expressions_evaluate_or_are_refused_in_their_place() {
    let mut damage = Damage(0xd1b5_4a32_d192_ed03);
    let values = [2i64.into(), 0.5.into(), "fast".into(), Value::Missing, i64::MIN.into()];
    for _ in 0..20_000 {
        let text = damage.text(&EXPRESSIONS);
        match Expression::parse(&text, &["x", "y", "mode", "gone", "k-on"]) {
            Ok(expression) => {
                let _ = expression.eval(&values);
                let _ = expression.test(&values);
            }
            Err(error) => assert!(text.get(error.at.clone()).is_some(), "{error} in {text}"),
        }
    }
}

#[test]
fn damaged_templates_and_axes_are_read_or_refused() {
    let mut damage = Damage(0x2545_f491_4f6c_dd1d);
    for _ in 0..10_000 {
        let text = damage.text(&TEMPLATES);
        if let Ok(template) = Template::parse(&text) {
            template.render(|slot, out| out.push_str(&format!("{slot:?}")));
        }
        assert_eq!(Template::literal(&text).render(|_, _| ()), text);
        let text = damage.text(&AXES);
        match read_axis(&text) {
            Ok(_) => drop(read_axes(&[text], &[])),
            Err(error) => assert!(text.get(error.at.clone()).is_some(), "{error} in {text}"),
        }
    }
}
