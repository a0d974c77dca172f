//! The embedded font: widths for the layout, outlines for PNG. No font of the system is looked at, so a picture is the same
//! everywhere. SVG names the same font and falls back to what the reader has.

use std::sync::OnceLock;

use tiny_skia::{Path, PathBuilder, Transform};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// DejaVu Sans 2.37, cut down to Latin, Greek, Cyrillic and mathematical signs; see `fonts/LICENSE`.
static BYTES: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");

fn face() -> Option<&'static Face<'static>> {
    static FACE: OnceLock<Option<Face<'static>>> = OnceLock::new();
    FACE.get_or_init(|| Face::parse(BYTES, 0).ok()).as_ref()
}

/// From the middle of a line of text (half the height of a capital) down to its baseline, in units of the size.
pub(crate) const MIDDLE: f64 = 0.3645;

/// Glyphs with their distance from the start of the text in font units, and the whole advance.
fn layout(face: &Face<'static>, text: &str) -> (Vec<(GlyphId, f64)>, f64) {
    let mut x = 0.0;
    let mut glyphs = Vec::new();
    let mut before: Option<GlyphId> = None;
    for c in text.chars() {
        let glyph = face.glyph_index(c).unwrap_or(GlyphId(0));
        x += before.map_or(0.0, |left| kerning(face, left, glyph));
        glyphs.push((glyph, x));
        x += f64::from(face.glyph_hor_advance(glyph).unwrap_or(0));
        before = Some(glyph);
    }
    (glyphs, x)
}

fn kerning(face: &Face<'static>, left: GlyphId, right: GlyphId) -> f64 {
    let tables = face.tables().kern.iter().flat_map(|kern| kern.subtables);
    let pair =
        tables.filter(|t| t.horizontal && !t.has_cross_stream).find_map(|t| t.glyphs_kerning(left, right));
    f64::from(pair.unwrap_or(0))
}

/// The characters of a text for which the font has no glyph; they are drawn as boxes.
pub(crate) fn missing(text: &str) -> Vec<char> {
    let lacks = |c: &char| face().is_some_and(|face| face.glyph_index(*c).is_none());
    text.chars().filter(lacks).collect()
}

/// The width of a line of text in pixels.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    face().map_or(0.0, |face| layout(face, text).1 * size / f64::from(face.units_per_em()))
}

/// The text, cut to a width with an ellipsis at its end.
pub(crate) fn fit(text: &str, size: f64, most: f64) -> String {
    if width(text, size) <= most {
        return text.to_string();
    }
    let chars: Vec<char> = text.chars().collect();
    let cut = |n: usize| chars[..n].iter().collect::<String>().trim_end().to_string() + "…";
    let (mut low, mut high) = (0, chars.len());
    while low < high {
        let middle = (low + high).div_ceil(2);
        if width(&cut(middle), size) <= most { low = middle } else { high = middle - 1 }
    }
    cut(low)
}

/// The text, cut in its middle: names in a row often differ only at their ends.
pub(crate) fn fit_middle(text: &str, size: f64, most: f64) -> String {
    if width(text, size) <= most {
        return text.to_string();
    }
    let chars: Vec<char> = text.chars().collect();
    let cut = |n: usize| {
        let (head, tail) = (&chars[..n.div_ceil(2)], &chars[chars.len() - n / 2..]);
        format!(
            "{}…{}",
            head.iter().collect::<String>().trim_end(),
            tail.iter().collect::<String>().trim_start()
        )
    };
    let fitting = (0..chars.len().min(200)).rev().map(cut).find(|text| width(text, size) <= most);
    fitting.unwrap_or_else(|| "…".to_string())
}

/// The text in at most `lines` lines of a width, broken at spaces; what is left over is cut.
pub(crate) fn wrap(text: &str, size: f64, most: f64, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let full = out.len() == lines;
        match out.last_mut() {
            Some(line) if full || width(&format!("{line} {word}"), size) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => out.push(word.to_string()),
        }
    }
    out.iter().map(|line| fit(line, size, most)).collect()
}

/// The outline of a line of text that starts at the origin of the baseline, in pixels, y downwards.
pub(crate) fn outline(text: &str, size: f64) -> Option<Path> {
    let face = face()?;
    let mut pen = Pen { path: PathBuilder::new(), x: 0.0 };
    for (glyph, x) in layout(face, text).0 {
        pen.x = x as f32;
        face.outline_glyph(glyph, &mut pen);
    }
    let scale = size as f32 / f32::from(face.units_per_em());
    pen.path.finish()?.transform(Transform::from_scale(scale, -scale))
}

struct Pen {
    path: PathBuilder,
    x: f32,
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x + x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x + x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.path.quad_to(self.x + x1, y1, self.x + x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.path.cubic_to(self.x + x1, y1, self.x + x2, y2, self.x + x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_what_scientists_write() {
        let face = face().unwrap();
        for c in "Aäµμαλφω∂∇≤≥±×·−–…°Å⁻⁰¹²³⁸⁹₀₉√∞→ЖЯ".chars()
        {
            assert!(face.glyph_index(c).is_some(), "{c}");
        }
    }

    #[test]
    fn texts_are_measured_and_cut() {
        assert_eq!(width("", 12.0), 0.0);
        // Advance of `m` in DejaVu Sans: 1995 of 2048 units.
        assert!((width("mmmm", 2048.0) - 4.0 * 1995.0).abs() < 1.0);
        assert!(width("AV", 100.0) < width("A", 100.0) + width("V", 100.0), "no kerning");
        let cut = fit("a very long name of a column", 12.0, 60.0);
        assert!(cut.ends_with('…') && width(&cut, 12.0) <= 60.0, "{cut}");
        let cut = fit_middle("configuration number 17", 12.0, 100.0);
        assert!(cut.starts_with("conf") && cut.ends_with("17") && width(&cut, 12.0) <= 100.0, "{cut}");
        assert_eq!(fit("short", 12.0, 60.0), "short");
        assert_eq!(fit("xyz", 12.0, 0.0), "…");
    }

    #[test]
    fn text_is_wrapped_at_spaces() {
        let lines = wrap("one two three four five six", 10.0, 60.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| width(line, 10.0) <= 60.0), "{lines:?}");
        assert!(lines[1].ends_with('…'));
        assert!(wrap("  ", 10.0, 60.0, 2).is_empty());
    }
}
