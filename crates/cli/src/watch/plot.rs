//! The live plot: a curve in braille dots, or a map of coloured cells.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span as Words};
use ratatui::widgets::{Axis, Chart, Dataset, GraphType, Paragraph, Wrap};

use super::number::shortened;
use super::palette::Palette;
use super::picture::{Picture, Span};

/// Draws a picture with its title.
pub fn draw(picture: &Picture, palette: Palette, frame: &mut Frame, area: Rect) {
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let title = match picture {
        Picture::Nothing(_) => "plot".to_owned(),
        Picture::Curve { x, y, .. } => format!("{} over {}", y.name, x.name),
        Picture::Map { x, y, value, .. } => format!("mean {} over {} and {}", value.name, x.name, y.name),
    };
    let title = shortened(&title, usize::from(head.width));
    frame.render_widget(Line::styled(title, palette.heading()), head);
    match picture {
        Picture::Nothing(why) => frame.render_widget(Paragraph::new(*why).wrap(Wrap { trim: true }), body),
        Picture::Curve { x, y, points } => curve(x, y, points, palette, frame, body),
        Picture::Map { x, y, value, columns, rows, cells } => {
            Map { x, y, value, columns: *columns, rows: *rows, cells }.draw(
                palette,
                frame.buffer_mut(),
                body,
            );
        }
    }
}

fn curve(x: &Span, y: &Span, points: &[(f64, f64)], palette: Palette, frame: &mut Frame, area: Rect) {
    let axis = |span: &Span, room: u16, count: usize| {
        let [low, high] = span.bounds();
        let step = (high - low) / (count - 1) as f64;
        let labels = (0..count).map(|i| shortened(&span.text(low + step * i as f64), usize::from(room)));
        Axis::default().bounds([low, high]).labels(labels.map(Words::raw))
    };
    // A few points are seen better as dots, many are told apart better in braille.
    let marker = if points.len() <= 150 { Marker::Dot } else { Marker::Braille };
    let data =
        Dataset::default().marker(marker).graph_type(GraphType::Scatter).style(palette.point()).data(points);
    let chart = Chart::new(vec![data])
        .x_axis(axis(x, area.width / 4, 3))
        .y_axis(axis(y, area.width / 4, 3).labels_alignment(Alignment::Right))
        .legend_position(None);
    frame.render_widget(chart, area);
}

struct Map<'a> {
    x: &'a Span,
    y: &'a Span,
    value: &'a Span,
    columns: usize,
    rows: usize,
    cells: &'a [f64],
}

impl Map<'_> {
    /// The cells, the ends of both axes beside them, and what the colours mean below.
    fn draw(&self, palette: Palette, buffer: &mut Buffer, area: Rect) {
        let quarter = usize::from(area.width / 4);
        let (top, bottom) =
            (shortened(&self.y.text(self.y.high), quarter), shortened(&self.y.text(self.y.low), quarter));
        let margin = top.chars().count().max(bottom.chars().count()) as u16 + 1;
        if area.width < margin + 4 || area.height < 4 {
            return;
        }
        let field = Rect { x: area.x + margin, width: area.width - margin, height: area.height - 2, ..area };
        let (wide, high) = (fitted(self.columns, field.width), fitted(self.rows, field.height));
        for row in 0..high {
            for column in 0..wide {
                let Some(value) = self.mean(column, wide, row, high) else { continue };
                let (symbol, style) = palette.shade(self.value.part(value));
                // Low values of y are below.
                let y = field.y + high - 1 - row;
                if let Some(cell) = buffer.cell_mut((field.x + column, y)) {
                    cell.set_symbol(symbol).set_style(style);
                }
            }
        }
        let right = |text: &str| format!("{text:>width$}", width = usize::from(margin) - 1);
        buffer.set_string(area.x, field.y, right(&top), ratatui::style::Style::new());
        if high > 1 {
            buffer.set_string(area.x, field.y + high - 1, right(&bottom), ratatui::style::Style::new());
        }
        let below = field.y + high;
        let (left, end) = (self.x.text(self.x.low), self.x.text(self.x.high));
        let line = match self.columns {
            1 => left,
            _ => {
                let gap = usize::from(wide).saturating_sub(left.chars().count() + end.chars().count()).max(2);
                format!("{left}{}{end}", " ".repeat(gap))
            }
        };
        buffer.set_string(
            field.x,
            below,
            shortened(&line, usize::from(field.width)),
            ratatui::style::Style::new(),
        );
        self.legend(palette, buffer, Rect { y: below + 1, height: 1, ..field });
    }

    fn legend(&self, palette: Palette, buffer: &mut Buffer, area: Rect) {
        let plain = ratatui::style::Style::new();
        let (low, high) = (self.value.text(self.value.low), self.value.text(self.value.high));
        if self.value.low == self.value.high {
            buffer.set_string(
                area.x,
                area.y,
                shortened(&format!("all {low}"), usize::from(area.width)),
                plain,
            );
            return;
        }
        let steps = 10u16;
        let words = low.chars().count() + high.chars().count() + 2 + usize::from(steps);
        if words > usize::from(area.width) {
            return;
        }
        let (mut x, _) =
            buffer.set_stringn(area.x, area.y, format!("{low} "), usize::from(area.width), plain);
        for step in 0..steps {
            let (symbol, style) = palette.shade(f64::from(step) / f64::from(steps - 1));
            if let Some(cell) = buffer.cell_mut((x, area.y)) {
                cell.set_symbol(symbol).set_style(style);
            }
            x += 1;
        }
        buffer.set_string(x, area.y, format!(" {high}"), plain);
    }

    /// The mean of what a cell of the terminal covers.
    fn mean(&self, column: u16, wide: u16, row: u16, high: u16) -> Option<f64> {
        let covered = |at: u16, of: u16, count: usize| {
            let (at, of) = (usize::from(at), usize::from(of));
            // A line that takes several cells is in each of them alone.
            let end = if of < count { ((at + 1) * count).div_ceil(of) } else { at * count / of + 1 };
            at * count / of..end
        };
        let mut sum = (0.0, 0u32);
        for y in covered(row, high, self.rows) {
            for x in covered(column, wide, self.columns) {
                if let Some(value) = self.cells.get(y * self.columns + x).filter(|value| value.is_finite()) {
                    sum = (sum.0 + value, sum.1 + 1);
                }
            }
        }
        (sum.1 > 0).then(|| sum.0 / f64::from(sum.1))
    }
}

/// Cells of the terminal for so many lines of the grid: as many for each where that uses most of the room, else all there are.
fn fitted(lines: usize, room: u16) -> u16 {
    let even = match u16::try_from(lines) {
        Ok(lines @ 1..) => lines * (room / lines),
        _ => 0,
    };
    if u32::from(even) * 4 >= u32::from(room) * 3 { even } else { room }
}
