//! A scene as PNG, at two device pixels per pixel.

use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, PremultipliedColorU8, Stroke,
    StrokeDash, Transform,
};

use crate::font;
use crate::scene::{Anchor, Mark, Rect, Rgb, Scene, Shape, Text, corners};

const SCALE: f32 = 2.0;
/// 192 dots per inch, in dots per metre.
const DENSITY: u32 = 7559;

pub(crate) fn write(scene: &Scene) -> Result<Vec<u8>, String> {
    let (w, h) = (scene.width * SCALE as u32, scene.height * SCALE as u32);
    let mut canvas = Pixmap::new(w, h)
        .ok_or_else(|| format!("no memory for a picture of {w} × {h} pixels; make it smaller"))?;
    canvas.fill(Color::WHITE);
    for mark in &scene.marks {
        draw(&mut canvas, mark);
    }
    encode(&canvas).map_err(|error| format!("failed to write the PNG: {error}"))
}

fn encode(canvas: &Pixmap) -> Result<Vec<u8>, png::EncodingError> {
    // Everything is drawn on opaque white, so the colours are not premultiplied by anything.
    let rgb: Vec<u8> = canvas.pixels().iter().flat_map(|p| [p.red(), p.green(), p.blue()]).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, canvas.width(), canvas.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: DENSITY,
        yppu: DENSITY,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(bytes)
}

/// An image of indexed colours, row by row.
pub(crate) fn indexed(columns: u32, cells: &[u8], palette: &[Rgb]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, columns, cells.len() as u32 / columns.max(1));
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(
        palette.iter().flat_map(|colour| colour.to_be_bytes().into_iter().skip(1)).collect::<Vec<u8>>(),
    );
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(cells)?;
    writer.finish()?;
    Ok(bytes)
}

fn draw(canvas: &mut Pixmap, mark: &Mark) {
    let scale = Transform::from_scale(SCALE, SCALE);
    match mark {
        Mark::Rects { rects, fill, crisp: true, .. } => {
            rects.iter().for_each(|rect| fill_pixels(canvas, rect, *fill))
        }
        Mark::Rects { rects, fill, crisp: false, .. } => {
            let mut path = PathBuilder::new();
            for r in rects {
                polygon(&mut path, &[[r.x0, r.y0], [r.x1, r.y0], [r.x1, r.y1], [r.x0, r.y1]], true);
            }
            fill_path(canvas, path.finish(), *fill, 1.0, scale);
        }
        Mark::Lines { lines, stroke, width, dash, .. } => {
            let paint = paint(*stroke, 1.0);
            let stroke = Stroke {
                width: *width as f32,
                line_cap: LineCap::Butt,
                line_join: if *width > 1.0 { LineJoin::Round } else { LineJoin::Miter },
                dash: StrokeDash::new(dash.to_vec(), 0.0),
                ..Stroke::default()
            };
            let mut path = PathBuilder::new();
            lines.iter().for_each(|line| polygon(&mut path, line, false));
            if let Some(path) = path.finish() {
                canvas.stroke_path(&path, &paint, &stroke, scale, None);
            }
        }
        Mark::Areas { polygons, fill, opacity, .. } => {
            let mut path = PathBuilder::new();
            polygons.iter().for_each(|points| polygon(&mut path, points, true));
            fill_path(canvas, path.finish(), *fill, *opacity, scale);
        }
        Mark::Dots { centres, shape, radius, fill, opacity, .. } => {
            let mut path = PathBuilder::new();
            if *shape == Shape::Circle {
                path.push_circle(0.0, 0.0, *radius as f32);
            } else {
                polygon(&mut path, &corners(*shape, [0.0, 0.0], *radius), true);
            }
            let Some(path) = path.finish() else { return };
            let paint = paint(*fill, *opacity);
            for [x, y] in centres {
                let place = scale.pre_translate(*x as f32, *y as f32);
                canvas.fill_path(&path, &paint, FillRule::Winding, place, None);
            }
        }
        Mark::Image { rect, columns, cells, palette, .. } => {
            draw_image(canvas, rect, *columns, cells, palette)
        }
        Mark::Text(text) => draw_text(canvas, text, scale),
    }
}

/// Each device pixel gets the colour of the cell under its middle.
fn draw_image(canvas: &mut Pixmap, rect: &Rect, columns: u32, cells: &[u8], palette: &[Rgb]) {
    let columns = columns.max(1) as usize;
    let rows = cells.len() / columns;
    let scale = f64::from(SCALE);
    let under = |pixel: usize, from: f64, size: f64, count: usize| {
        let place = ((pixel as f64 + 0.5) / scale - from) / size;
        (0.0..1.0).contains(&place).then(|| ((place * count as f64) as usize).min(count - 1))
    };
    let across: Vec<Option<usize>> =
        (0..canvas.width() as usize).map(|x| under(x, rect.x0, rect.width(), columns)).collect();
    let width = canvas.width() as usize;
    for (y, line) in canvas.pixels_mut().chunks_exact_mut(width).enumerate() {
        let Some(row) = under(y, rect.y0, rect.height(), rows) else { continue };
        for (pixel, column) in line.iter_mut().zip(&across) {
            let index = column.map(|column| usize::from(cells[row * columns + column]));
            if let Some(colour) = index.and_then(|index| palette.get(index)).and_then(|colour| solid(*colour))
            {
                *pixel = colour;
            }
        }
    }
}

fn solid(colour: Rgb) -> Option<PremultipliedColorU8> {
    let [_, r, g, b] = colour.to_be_bytes();
    PremultipliedColorU8::from_rgba(r, g, b, 255)
}

fn draw_text(canvas: &mut Pixmap, text: &Text, scale: Transform) {
    let width = font::width(&text.text, text.size);
    let back = match text.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => -width / 2.0,
        Anchor::End => -width,
    };
    let mut place = scale.pre_translate(text.x as f32, text.y as f32);
    if text.turned {
        place = place.pre_rotate(-90.0);
    }
    place = place.pre_translate(back as f32, (text.size * font::MIDDLE) as f32);
    fill_path(canvas, font::outline(&text.text, text.size), text.fill, 1.0, place);
}

fn polygon(path: &mut PathBuilder, points: &[[f64; 2]], closed: bool) {
    for (i, [x, y]) in points.iter().enumerate() {
        if i == 0 { path.move_to(*x as f32, *y as f32) } else { path.line_to(*x as f32, *y as f32) }
    }
    if closed && !points.is_empty() {
        path.close();
    }
}

fn paint(fill: Rgb, opacity: f64) -> Paint<'static> {
    let [_, r, g, b] = fill.to_be_bytes();
    let mut paint = Paint::default();
    paint.set_color_rgba8(r, g, b, (opacity * 255.0).round() as u8);
    paint.anti_alias = true;
    paint
}

fn fill_path(canvas: &mut Pixmap, path: Option<Path>, fill: Rgb, opacity: f64, place: Transform) {
    if let Some(path) = path {
        canvas.fill_path(&path, &paint(fill, opacity), FillRule::Winding, place, None);
    }
}

/// Fills whole device pixels.
fn fill_pixels(canvas: &mut Pixmap, rect: &Rect, fill: Rgb) {
    let (w, h) = (canvas.width(), canvas.height());
    let pixel = |v: f64, most: u32| (v * f64::from(SCALE)).round().clamp(0.0, f64::from(most)) as usize;
    let (x0, x1) = (pixel(rect.x0, w), pixel(rect.x1, w));
    let (y0, y1) = (pixel(rect.y0, h), pixel(rect.y1, h));
    let Some(colour) = solid(fill) else { return };
    if x0 < x1 {
        for row in canvas.pixels_mut().chunks_exact_mut(w as usize).take(y1).skip(y0) {
            row[x0..x1].fill(colour);
        }
    }
}
