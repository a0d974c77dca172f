//! The frame around what is drawn: axes, grid, labels, legend, colour bar, notes.

use crate::axis::Axis;
use crate::colour::{HATCH, NOTHING};
use crate::font;
use crate::kind::Drawing;
use crate::layout::{
    self, BAR, BAR_GAP, Furniture, LABEL, LEADING, Layout, MARGIN, NOTE, Swatch, TICK, TICK_GAP, TITLE,
};
use crate::numbers::Numbers;
use crate::request::Request;
use crate::scene::{Anchor, FAINT, GRID, INK, Mark, Rect, Scene, Shape, Text, Tip, WHITE};

/// More would make a page slow.
const MOST_TIPS: usize = 4000;

pub(crate) struct Frame {
    width: u32,
    height: u32,
    pub plot: Rect,
    pub x: Axis,
    pub y: Axis,
    furniture: Furniture,
    layout: Layout,
    marks: Vec<Mark>,
    tips: Vec<Tip>,
    /// What is drawn, in numbers.
    pub numbers: Numbers,
}

impl Frame {
    pub fn new(request: &Request, x: Axis, y: Axis, furniture: Furniture) -> Result<Frame, String> {
        let layout = layout::layout(request, &x, &y, &furniture)?;
        let (width, height) = request.size();
        let paper = Rect { x0: 0.0, y0: 0.0, x1: f64::from(width), y1: f64::from(height) };
        let plot = layout.plot;
        let (marks, tips, numbers) = (Vec::new(), Vec::new(), Numbers::default());
        let mut frame = Frame { width, height, plot, x, y, furniture, layout, marks, tips, numbers };
        frame.push(Mark::Rects { class: "paper", rects: vec![paper], fill: WHITE, crisp: true });
        frame.grid();
        Ok(frame)
    }

    /// The place of a value of the horizontal axis, in pixels.
    pub fn at_x(&self, v: f64) -> f64 {
        self.plot.x0 + self.x.at(v) * self.plot.width()
    }

    /// The place of a value of the vertical axis, in pixels.
    pub fn at_y(&self, v: f64) -> f64 {
        self.plot.y1 - self.y.at(v) * self.plot.height()
    }

    pub fn push(&mut self, mark: Mark) {
        self.marks.push(mark);
    }

    /// Words for a pointer that rests on a place; left out where there are too many to be found.
    pub fn tip(&mut self, place: Rect, text: impl FnOnce() -> String) {
        if self.tips.len() < MOST_TIPS {
            self.tips.push(Tip { place, text: text() });
        }
    }

    /// As [`Frame::tip`], around a point.
    pub fn tip_at(&mut self, [x, y]: [f64; 2], text: impl FnOnce() -> String) {
        self.tip(Rect { x0: x - 5.0, y0: y - 5.0, x1: x + 5.0, y1: y + 5.0 }, text);
    }

    /// Rectangles for what has no value: pale, with hatching that continues from one to the next.
    pub fn push_nothing(&mut self, rects: Vec<Rect>) {
        if rects.is_empty() {
            return;
        }
        // The hatching of very many small cells would be larger than all the rest.
        let hatching =
            if rects.len() <= 4000 { rects.iter().flat_map(hatches).collect() } else { Vec::new() };
        self.push(Mark::Rects { class: "nothing", rects, fill: NOTHING, crisp: true });
        if !hatching.is_empty() {
            self.push(Mark::Lines { class: "hatch", lines: hatching, stroke: HATCH, width: 0.8, dash: &[] });
        }
    }

    pub fn finish(mut self) -> Drawing {
        self.axes();
        self.texts();
        self.legend();
        self.colour_bar();
        let title = match self.furniture.title.take() {
            Some(title) if !title.is_empty() => title,
            _ if self.furniture.bare => String::new(),
            _ => format!("{} over {}", self.y.label, self.x.label),
        };
        let (marks, tips) = (self.marks, self.tips);
        let scene = Scene { width: self.width, height: self.height, title, marks, tips };
        Drawing { scene, notes: self.furniture.notes, numbers: self.numbers }
    }

    fn grid(&mut self) {
        let Rect { x0, y0, x1, y1 } = self.plot;
        let mut lines = Vec::new();
        if self.furniture.grid_x {
            for tick in self.layout.x.ticks.iter().filter(|t| t.label.is_some()) {
                let x = self.at_x(tick.value);
                lines.push(vec![[x, y0], [x, y1]]);
            }
        }
        if self.furniture.grid_y {
            for tick in self.layout.y.ticks.iter().filter(|t| t.label.is_some()) {
                let y = self.at_y(tick.value);
                lines.push(vec![[x0, y], [x1, y]]);
            }
        }
        if !lines.is_empty() {
            self.push(Mark::Lines { class: "grid", lines, stroke: GRID, width: 0.8, dash: &[] });
        }
    }

    fn axes(&mut self) {
        if self.furniture.bare {
            return;
        }
        let Rect { x0, y0, x1, y1 } = self.plot;
        let mut lines = match self.furniture.boxed {
            true => vec![vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]],
            false => vec![vec![[x0, y0], [x0, y1], [x1, y1]]],
        };
        let length = |named: bool| if named { 4.5 } else { 2.5 };
        for tick in &self.layout.x.ticks {
            let x = self.at_x(tick.value);
            lines.push(vec![[x, y1], [x, y1 + length(tick.label.is_some())]]);
        }
        for tick in &self.layout.y.ticks {
            let y = self.at_y(tick.value);
            lines.push(vec![[x0 - length(tick.label.is_some()), y], [x0, y]]);
        }
        self.push(Mark::Lines { class: "axis", lines, stroke: INK, width: 0.9, dash: &[] });
    }

    fn texts(&mut self) {
        let Rect { x0, y0, x1, y1 } = self.plot;
        let layout = self.layout.clone();
        for tick in &layout.x.ticks {
            let Some(label) = &tick.label else { continue };
            let x = self.at_x(tick.value);
            if layout.turned {
                let label = font::fit_middle(label, TICK, layout.x_room);
                self.text("tick", [x, y1 + TICK_GAP], label, TICK, Anchor::End, true);
            } else {
                self.text(
                    "tick",
                    [x, y1 + TICK_GAP + TICK / 2.0],
                    label.clone(),
                    TICK,
                    Anchor::Middle,
                    false,
                );
            }
        }
        for tick in &layout.y.ticks {
            let Some(label) = &tick.label else { continue };
            let label = font::fit_middle(label, TICK, layout.y_room + 1.0);
            self.text("tick", [x0 - TICK_GAP, self.at_y(tick.value)], label, TICK, Anchor::End, false);
        }
        let below = y1 + TICK_GAP + layout.x_room + LABEL * LEADING / 2.0;
        let mut room = x1 - x0;
        if let Some(common) = &layout.x.common {
            room -= 2.0 * (font::width(common, TICK) + 8.0);
            self.text("common", [x1, below], common.clone(), TICK, Anchor::End, false);
        }
        if let Some(common) = &layout.y.common {
            self.text("common", [x0 - TICK_GAP, y0 - 10.0], common.clone(), TICK, Anchor::Start, false);
        }
        let label = font::fit(&self.x.label, LABEL, room);
        self.text("label", [(x0 + x1) / 2.0, below], label, LABEL, Anchor::Middle, false);
        let label = font::fit(&self.y.label, LABEL, y1 - y0 + 20.0);
        self.text("label", [MARGIN + LABEL / 2.0, (y0 + y1) / 2.0], label, LABEL, Anchor::Middle, true);

        for (i, line) in layout.title.iter().enumerate() {
            let y = MARGIN + 2.0 + (i as f64 + 0.5) * TITLE * LEADING;
            self.text("title", [f64::from(self.width) / 2.0, y], line.clone(), TITLE, Anchor::Middle, false);
        }
        for (i, line) in layout.notes.iter().rev().enumerate() {
            let y = f64::from(self.height) - MARGIN - (i as f64 + 0.4) * NOTE * LEADING;
            self.note([MARGIN, y], line.clone());
        }
    }

    fn legend(&mut self) {
        let places = self.layout.legend.clone();
        let Some((((x, y), title), places)) = places.split_first() else { return };
        self.text("legend-title", [*x, *y], title.clone(), TICK, Anchor::Start, false);
        let swatches: Vec<Swatch> = self.furniture.legend.iter().map(|entry| entry.swatch).collect();
        for (swatch, ((x, y), text)) in swatches.into_iter().zip(places) {
            let width = swatch.width();
            let centres = vec![[x + width / 2.0, *y]];
            let patch = Rect { x0: *x, y0: y - 6.0, x1: x + width, y1: y + 6.0 };
            match swatch {
                Swatch::Line { colour, dash, shape } => {
                    let lines = vec![vec![[*x, *y], [x + width, *y]]];
                    self.push(Mark::Lines { class: "swatch", lines, stroke: colour, width: 1.8, dash });
                    if let Some(shape) = shape {
                        let (class, fill) = ("swatch", colour);
                        self.push(Mark::Dots { class, centres, shape, radius: 3.2, fill, opacity: 1.0 });
                    }
                }
                Swatch::Dot { colour } => {
                    let shape = Shape::Circle;
                    self.push(Mark::Dots {
                        class: "swatch",
                        centres,
                        shape,
                        radius: 4.0,
                        fill: colour,
                        opacity: 1.0,
                    });
                }
                Swatch::Patch(fill) => {
                    self.push(Mark::Rects { class: "swatch", rects: vec![patch], fill, crisp: false })
                }
                Swatch::Nothing => self.push_nothing(vec![patch]),
            }
            self.text("legend", [x + width + 5.0, *y], text.clone(), TICK, Anchor::Start, false);
        }
    }

    fn colour_bar(&mut self) {
        let Some(scale) = self.furniture.scale.take() else { return };
        let Rect { x1, y0, y1, .. } = self.plot;
        let (left, right) = (x1 + BAR_GAP, x1 + BAR_GAP + BAR);
        let step = (y1 - y0) / 256.0;
        for level in 0..=255u8 {
            let bottom = y1 - f64::from(level) * step;
            let rect = Rect { x0: left, y0: bottom - step, x1: right, y1: bottom };
            self.push(Mark::Rects {
                class: "bar",
                rects: vec![rect],
                fill: scale.colour(level),
                crisp: true,
            });
        }
        let ticks = self.layout.bar.clone();
        let mut lines = vec![vec![[left, y0], [right, y0], [right, y1], [left, y1], [left, y0]]];
        for tick in &ticks.ticks {
            let y = y1 - scale.axis.at(tick.value) * (y1 - y0);
            let length = if tick.label.is_some() { 4.5 } else { 2.5 };
            lines.push(vec![[right, y], [right + length, y]]);
        }
        self.push(Mark::Lines { class: "axis", lines, stroke: INK, width: 0.9, dash: &[] });
        for tick in &ticks.ticks {
            let Some(label) = &tick.label else { continue };
            let y = y1 - scale.axis.at(tick.value) * (y1 - y0);
            let label = font::fit(label, TICK, self.layout.bar_room + 1.0);
            self.text("tick", [right + TICK_GAP, y], label, TICK, Anchor::Start, false);
        }
        if let Some(common) = ticks.common {
            self.text("common", [left, y0 - 10.0], common, TICK, Anchor::Start, false);
        }
        let label = font::fit(&scale.axis.label, LABEL, y1 - y0 + 20.0);
        let x = f64::from(self.width) - MARGIN - LABEL / 2.0;
        self.text("label", [x, (y0 + y1) / 2.0], label, LABEL, Anchor::Middle, true);
    }

    pub fn text(
        &mut self,
        class: &'static str,
        [x, y]: [f64; 2],
        text: String,
        size: f64,
        anchor: Anchor,
        turned: bool,
    ) {
        if !text.is_empty() {
            self.push(Mark::Text(Text { class, x, y, text, size, anchor, fill: INK, turned }));
        }
    }

    fn note(&mut self, [x, y]: [f64; 2], text: String) {
        let (class, size, anchor) = ("note", NOTE, Anchor::Start);
        self.push(Mark::Text(Text { class, x, y, text, size, anchor, fill: FAINT, turned: false }));
    }
}

/// The pieces of the lines x + y = 5 n that lie in a rectangle.
fn hatches(rect: &Rect) -> Vec<Vec<[f64; 2]>> {
    const STEP: f64 = 5.0;
    let (first, last) = ((rect.x0 + rect.y0) / STEP, (rect.x1 + rect.y1) / STEP);
    let lines = (first.ceil() as i64..=last.floor() as i64).map(|n| n as f64 * STEP);
    let piece = |sum: f64| {
        let (from, to) = (rect.x0.max(sum - rect.y1), rect.x1.min(sum - rect.y0));
        (from < to).then(|| vec![[from, sum - from], [to, sum - to]])
    };
    lines.filter_map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hatching_stays_in_its_cell() {
        let rect = Rect { x0: 3.0, y0: 7.0, x1: 20.0, y1: 11.0 };
        let lines = hatches(&rect);
        assert_eq!(lines.len(), 4);
        for [x, y] in lines.concat() {
            assert!((3.0..=20.0).contains(&x) && (7.0..=11.0).contains(&y), "{x} {y}");
        }
    }
}
