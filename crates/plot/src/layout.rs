//! Where the parts of a picture go: how much room labels, legend, colour bar and notes need, and what is left to draw in.

use crate::axis::{Axis, Span};
use crate::colour::ColourScale;
use crate::font;
use crate::request::Request;
use crate::scene::{Rect, Rgb, Shape};
use crate::ticks::{Tick, Ticks};

pub(crate) const TITLE: f64 = 14.0;
pub(crate) const LABEL: f64 = 13.0;
pub(crate) const TICK: f64 = 12.0;
pub(crate) const NOTE: f64 = 11.0;

/// Lines of text are this much apart, in units of their size.
pub(crate) const LEADING: f64 = 1.3;
/// From the axis to the labels of its ticks.
pub(crate) const TICK_GAP: f64 = 7.0;
pub(crate) const MARGIN: f64 = 8.0;
pub(crate) const LEGEND_ROW: f64 = 18.0;
const LEGEND_GAP: f64 = 13.0;
pub(crate) const BAR_GAP: f64 = 12.0;
pub(crate) const BAR: f64 = 12.0;
/// A number that is common to all ticks stands beyond the end of the axis.
const COMMON_ROW: f64 = 16.0;

/// All that stands around what is drawn.
#[derive(Clone, Debug, Default)]
pub(crate) struct Furniture {
    pub title: Option<String>,
    pub legend_title: Option<String>,
    pub legend: Vec<Entry>,
    pub scale: Option<ColourScale>,
    pub notes: Vec<String>,
    /// A line all around, and no grid.
    pub boxed: bool,
    pub grid_x: bool,
    pub grid_y: bool,
    /// No axes at all: what is drawn has its own.
    pub bare: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub swatch: Swatch,
    pub label: String,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Swatch {
    Line {
        colour: Rgb,
        dash: &'static [f32],
        /// Without a marker where there is none on the line.
        shape: Option<Shape>,
    },
    Dot {
        colour: Rgb,
    },
    Patch(Rgb),
    /// A cell without a value.
    Nothing,
}

impl Swatch {
    pub fn width(self) -> f64 {
        match self {
            Swatch::Line { .. } => 26.0,
            Swatch::Dot { .. } => 8.0,
            Swatch::Patch(_) | Swatch::Nothing => 20.0,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub plot: Rect,
    pub title: Vec<String>,
    pub notes: Vec<String>,
    /// Where each entry of the legend starts, and its text cut to fit; the title of the legend first.
    pub legend: Vec<((f64, f64), String)>,
    pub x: Ticks,
    pub y: Ticks,
    pub bar: Ticks,
    /// The labels at the horizontal axis read upwards.
    pub turned: bool,
    pub x_room: f64,
    pub y_room: f64,
    pub bar_room: f64,
}

pub(crate) fn layout(request: &Request, x: &Axis, y: &Axis, furniture: &Furniture) -> Result<Layout, String> {
    let (width, height) = request.size();
    let (w, h) = (f64::from(width), f64::from(height));
    let title = font::wrap(furniture.title.as_deref().unwrap_or(""), TITLE, w - 2.0 * MARGIN, 2);
    let notes = font::wrap(&furniture.notes.join("; "), NOTE, w - 2.0 * MARGIN, 3);
    let mut layout = Layout {
        plot: Rect { x0: w * 0.15, y0: h * 0.1, x1: w * 0.9, y1: h * 0.85 },
        title,
        notes,
        legend: Vec::new(),
        x: Ticks::default(),
        y: Ticks::default(),
        bar: Ticks::default(),
        turned: false,
        x_room: 0.0,
        y_room: 0.0,
        bar_room: 0.0,
    };
    // Labels decide the room for the plot, and the room decides the labels; three rounds settle it.
    for _ in 0..3 {
        layout.step(w, h, x, y, furniture);
        if layout.plot.width() < 60.0 || layout.plot.height() < 40.0 {
            return Err(format!(
                "{width} × {height} pixels leave no room to draw in; ask for a larger picture"
            ));
        }
    }
    Ok(layout)
}

impl Layout {
    fn step(&mut self, w: f64, h: f64, x: &Axis, y: &Axis, furniture: &Furniture) {
        self.y = upright_ticks(y, self.plot.height());
        self.y_room = widest(&self.y).min(w * 0.3);
        let left = MARGIN + if furniture.bare { 0.0 } else { label_room(y) + self.y_room + TICK_GAP };

        let mut right = MARGIN + 6.0;
        if let Some(scale) = &furniture.scale {
            self.bar = match &scale.steps {
                None => upright_ticks(&scale.axis, self.plot.height()),
                Some(steps) => thinned(&scale.axis, steps, self.plot.height()),
            };
            self.bar_room = widest(&self.bar).min(w * 0.25);
            right = BAR_GAP + BAR + TICK_GAP + self.bar_room + label_room(&scale.axis) + MARGIN;
        }

        self.ticks_below(x, h);
        let ends = |tick: &Tick| {
            let half = if self.turned {
                TICK / 2.0
            } else {
                font::width(tick.label.as_deref().unwrap_or(""), TICK) / 2.0
            };
            self.plot.x0 + x.at(tick.value) * self.plot.width() + half - self.plot.x1
        };
        let over = self.x.ticks.iter().filter(|t| t.label.is_some()).map(ends).fold(0.0, f64::max);
        right = right.max(over + 4.0);

        let mut top = MARGIN + 2.0 + self.title.len() as f64 * TITLE * LEADING;
        if !self.title.is_empty() {
            top += 3.0;
        }
        let rows = self.place_legend(furniture, left, w - right, top);
        top += rows as f64 * LEGEND_ROW;
        top += if self.y.common.is_some() || self.bar.common.is_some() { COMMON_ROW } else { 4.0 };
        let bottom = MARGIN
            + self.notes.len() as f64 * NOTE * LEADING
            + if self.notes.is_empty() { 0.0 } else { 4.0 }
            + if furniture.bare { 0.0 } else { LABEL * LEADING + self.x_room + TICK_GAP + 2.0 };
        self.plot = Rect { x0: left, y0: top, x1: w - right, y1: h - bottom };
    }

    fn ticks_below(&mut self, x: &Axis, h: f64) {
        let length = self.plot.width();
        let place = |tick: &Tick| x.at(tick.value) * length;
        self.x = side_ticks(x, length, TICK);
        self.x_room = TICK * LEADING;
        self.turned = false;
        if let Span::Names(names) = &x.span
            && self.x.ticks.len() < names.len()
        {
            // Short texts are not worth turning: every second or fifth will do.
            let widest = names.iter().map(|name| font::width(name, TICK)).fold(0.0, f64::max);
            let upright =
                |ticks: &[Tick]| ticks.windows(2).all(|t| place(&t[1]) - place(&t[0]) >= TICK * 1.15);
            if widest > 26.0 {
                self.x = x.ticks(usize::MAX, &upright);
                self.x_room = widest.min(h * 0.35) + 3.0;
                self.turned = true;
            }
        }
    }

    /// Lets the entries flow into rows between `left` and `right`; gives the number of rows.
    fn place_legend(&mut self, furniture: &Furniture, left: f64, right: f64, top: f64) -> usize {
        self.legend.clear();
        if furniture.legend.is_empty() {
            return 0;
        }
        let title = font::fit(furniture.legend_title.as_deref().unwrap_or(""), TICK, right - left);
        let entry = |entry: &Entry| {
            let swatch = entry.swatch.width() + 5.0;
            (swatch, font::fit_middle(&entry.label, TICK, (right - left - swatch).max(20.0)))
        };
        let texts: Vec<(f64, String)> =
            std::iter::once((0.0, title)).chain(furniture.legend.iter().map(entry)).collect();
        let widths: Vec<f64> = texts.iter().map(|(swatch, text)| swatch + font::width(text, TICK)).collect();
        // As narrow as the same number of rows allows, so that the last row is not left with one entry.
        let rows = |places: &[(f64, usize)]| places.last().map_or(0, |(_, row)| row + 1);
        let mut best = flow(&widths, right - left);
        let mut room = right - left;
        while room > 40.0 {
            room -= 10.0;
            let places = flow(&widths, room);
            if rows(&places) > rows(&best) {
                break;
            }
            best = places;
        }
        let place = |(x, row): (f64, usize)| (left + x, top + (row as f64 + 0.5) * LEGEND_ROW);
        self.legend = best.iter().zip(texts).map(|(at, (_, text))| (place(*at), text)).collect();
        rows(&best)
    }
}

/// Where things of these widths go, in rows of some room: distance from the left, and row. The first may have no width.
fn flow(widths: &[f64], room: f64) -> Vec<(f64, usize)> {
    let (mut x, mut row) = (0.0, 0);
    let mut place = |width: &f64| {
        if x > 0.0 && x + width > room {
            (x, row) = (0.0, row + 1);
        }
        let at = (x, row);
        x += if *width > 0.0 { width + LEGEND_GAP } else { 0.0 };
        at
    };
    widths.iter().map(&mut place).collect()
}

/// Ticks of a horizontal axis whose labels of some size stand side by side.
pub(crate) fn side_ticks(axis: &Axis, length: f64, size: f64) -> Ticks {
    let place = |tick: &Tick| axis.at(tick.value) * length;
    let side_by_side = |ticks: &[Tick]| {
        let mut ends: Vec<(f64, f64)> = ticks
            .iter()
            .filter_map(|t| t.label.as_deref().map(|label| (place(t), font::width(label, size) / 2.0)))
            .map(|(at, half)| (at - half, at + half))
            .collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        ends.windows(2).all(|w| w[1].0 - w[0].1 >= 8.0)
    };
    axis.ticks((length / 65.0) as usize, &side_by_side)
}

pub(crate) fn upright_ticks(axis: &Axis, length: f64) -> Ticks {
    let fits = |ticks: &[Tick]| {
        let mut places: Vec<f64> =
            ticks.iter().filter(|t| t.label.is_some()).map(|t| axis.at(t.value) * length).collect();
        places.sort_by(f64::total_cmp);
        places.windows(2).all(|w| w[1] - w[0] >= TICK * LEADING)
    };
    axis.ticks((length / 45.0) as usize, &fits)
}

/// Given ticks, of which as many are named as have room.
fn thinned(axis: &Axis, ticks: &Ticks, length: f64) -> Ticks {
    let mut ticks = ticks.clone();
    let mut last = f64::NEG_INFINITY;
    for tick in &mut ticks.ticks {
        let place = axis.at(tick.value) * length;
        if place - last < TICK * LEADING {
            tick.label = None;
        } else {
            last = place;
        }
    }
    ticks
}

pub(crate) fn widest(ticks: &Ticks) -> f64 {
    let labels = ticks.ticks.iter().filter_map(|t| t.label.as_deref());
    labels.map(|label| font::width(label, TICK)).fold(0.0, f64::max)
}

fn label_room(axis: &Axis) -> f64 {
    if axis.label.is_empty() { 0.0 } else { LABEL * LEADING + 5.0 }
}
