//! A scene as SVG: real text, numbers to 1/100 pixel, the same bytes for the same scene.

use std::fmt::Write;

use crate::font;
use crate::raster;
use crate::scene::{Anchor, Mark, Rect, Rgb, Scene, Shape, Text, Tip, corners};

pub(crate) fn write(scene: &Scene) -> String {
    whole(scene, &[])
}

/// As [`write`], with tips for a pointer.
pub(crate) fn write_with_tips(scene: &Scene) -> String {
    whole(scene, &scene.tips)
}

fn whole(scene: &Scene, tips: &[Tip]) -> String {
    let (w, h) = (scene.width, scene.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
         font-family=\"'DejaVu Sans', Verdana, Arial, sans-serif\">\n<title>{}</title>\n",
        escape(&scene.title)
    );
    for mark in &scene.marks {
        draw(&mut out, mark);
        out.push('\n');
    }
    if !tips.is_empty() {
        out.push_str("<g class=\"tips\" fill=\"none\" pointer-events=\"all\">");
        for Tip { place, text } in tips {
            let (x, y) = (number(place.x0), number(place.y0));
            let (w, h) = (number(place.width().max(0.0)), number(place.height().max(0.0)));
            let text = escape(text);
            let _ = write!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\"><title>{text}</title></rect>"
            );
        }
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn draw(out: &mut String, mark: &Mark) {
    match mark {
        Mark::Rects { class, rects, fill, crisp } => {
            open(out, "path", class);
            fill_with(out, *fill);
            if *crisp {
                out.push_str(" shape-rendering=\"crispEdges\"");
            }
            out.push_str(" d=\"");
            rects.iter().for_each(|rect| rectangle(out, rect));
            out.push_str("\"/>");
        }
        Mark::Lines { class, lines, stroke, width, dash } => {
            open(out, "path", class);
            let _ =
                write!(out, " fill=\"none\" stroke=\"#{stroke:06x}\" stroke-width=\"{}\"", number(*width));
            if *width > 1.0 {
                out.push_str(" stroke-linejoin=\"round\"");
            }
            if !dash.is_empty() {
                let dash: Vec<String> = dash.iter().map(|d| number(f64::from(*d))).collect();
                let _ = write!(out, " stroke-dasharray=\"{}\"", dash.join(" "));
            }
            out.push_str(" d=\"");
            lines.iter().for_each(|line| polyline(out, line));
            out.push_str("\"/>");
        }
        Mark::Areas { class, polygons, fill, opacity } => {
            open(out, "path", class);
            fill_with(out, *fill);
            opaque(out, *opacity);
            out.push_str(" d=\"");
            for polygon in polygons {
                polyline(out, polygon);
                out.push('z');
            }
            out.push_str("\"/>");
        }
        Mark::Dots { class, centres, shape, radius, fill, opacity } => {
            open(out, "g", class);
            fill_with(out, *fill);
            opaque(out, *opacity);
            out.push('>');
            for centre in centres {
                if *shape == Shape::Circle {
                    let (x, y, r) = (number(centre[0]), number(centre[1]), number(*radius));
                    let _ = write!(out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\"/>");
                } else {
                    out.push_str("<path d=\"");
                    polyline(out, &corners(*shape, *centre, *radius));
                    out.push_str("z\"/>");
                }
            }
            out.push_str("</g>");
        }
        Mark::Image { class, rect, columns, cells, palette } => {
            // A PNG within, because a million rectangles would be fifty megabytes. It cannot fail for lack of anything but memory.
            let Ok(png) = raster::indexed(*columns, cells, palette) else { return };
            open(out, "image", class);
            let (x, y, w, h) =
                (number(rect.x0), number(rect.y0), number(rect.width()), number(rect.height()));
            let _ =
                write!(out, " x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" preserveAspectRatio=\"none\"");
            out.push_str(" style=\"image-rendering:pixelated\" href=\"data:image/png;base64,");
            base64(out, &png);
            out.push_str("\"/>");
        }
        Mark::Text(text) => write_text(out, text),
    }
}

fn write_text(out: &mut String, text: &Text) {
    let down = text.size * font::MIDDLE;
    let (x, y) = if text.turned { (text.x + down, text.y) } else { (text.x, text.y + down) };
    let (x, y) = (number(x), number(y));
    open(out, "text", text.class);
    let _ = write!(out, " x=\"{x}\" y=\"{y}\" font-size=\"{}\"", number(text.size));
    match text.anchor {
        Anchor::Start => {}
        Anchor::Middle => out.push_str(" text-anchor=\"middle\""),
        Anchor::End => out.push_str(" text-anchor=\"end\""),
    }
    fill_with(out, text.fill);
    if text.turned {
        let _ = write!(out, " transform=\"rotate(-90 {x} {y})\"");
    }
    let _ = write!(out, ">{}</text>", escape(&text.text));
}

fn open(out: &mut String, element: &str, class: &str) {
    let _ = write!(out, "<{element} class=\"{class}\"");
}

fn fill_with(out: &mut String, fill: Rgb) {
    let _ = write!(out, " fill=\"#{fill:06x}\"");
}

fn opaque(out: &mut String, opacity: f64) {
    if opacity < 1.0 {
        let _ = write!(out, " fill-opacity=\"{}\"", number(opacity));
    }
}

fn rectangle(out: &mut String, rect: &Rect) {
    let (x, y) = (number(rect.x0), number(rect.y0));
    // Relative to the rounded corner, so that neighbours meet exactly.
    let (w, h) = (number(round(rect.x1) - round(rect.x0)), number(round(rect.y1) - round(rect.y0)));
    let _ = write!(out, "M{x} {y}h{w}v{h}H{x}z");
}

fn polyline(out: &mut String, points: &[[f64; 2]]) {
    for (i, [x, y]) in points.iter().enumerate() {
        let _ = write!(out, "{}{} {}", if i == 0 { 'M' } else { 'L' }, number(*x), number(*y));
    }
}

fn round(v: f64) -> f64 {
    (v * 100.0).round() / 100.0
}

/// RFC 4648.
fn base64(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
}

/// At most two decimals, and no needless character.
fn number(v: f64) -> String {
    let v = round(v);
    // Negative zero would be written with its sign.
    if v == 0.0 { "0".to_string() } else { v.to_string() }
}

/// Text that is safe in XML. Characters that XML 1.0 forbids become the replacement character, line breaks spaces.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (v, text) in [(1.0, "1"), (-0.001, "0"), (0.125, "0.13"), (-12.5, "-12.5"), (1234.567, "1234.57")]
        {
            assert_eq!(number(v), text);
        }
    }

    #[test]
    fn base64_of_the_standard() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            let mut out = String::new();
            base64(&mut out, bytes.as_bytes());
            assert_eq!(out, text);
        }
    }

    #[test]
    fn names_cannot_break_out_of_their_element() {
        assert_eq!(escape("<a href=\"x\">&\u{0}\n"), "&lt;a href=&quot;x&quot;&gt;&amp;\u{fffd} ");
    }
}
