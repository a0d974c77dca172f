//! A picture as a list of simple marks, before it is SVG or PNG.
//!
//! Both writers draw the same list, so the two formats show the same thing. Coordinates are pixels of 1/96 inch from the top
//! left corner. Colours are `0xRRGGBB`.

pub(crate) type Rgb = u32;

pub(crate) const INK: Rgb = 0x1a1a1a;
pub(crate) const FAINT: Rgb = 0x595959;
pub(crate) const GRID: Rgb = 0xe4e4e4;
pub(crate) const WHITE: Rgb = 0xffffff;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub x0: f64,
    pub y0: f64,
    pub x1: f64,
    pub y1: f64,
}

impl Rect {
    pub fn width(&self) -> f64 {
        self.x1 - self.x0
    }

    pub fn height(&self) -> f64 {
        self.y1 - self.y0
    }
}

/// The form of a marker; series differ in it as well as in colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mark {
    /// Rectangles without outlines. Crisp ones are snapped to device pixels, so that neighbours show no seam.
    Rects {
        class: &'static str,
        rects: Vec<Rect>,
        fill: Rgb,
        crisp: bool,
    },
    Lines {
        class: &'static str,
        lines: Vec<Vec<[f64; 2]>>,
        stroke: Rgb,
        width: f64,
        dash: &'static [f32],
    },
    /// Closed polygons.
    Areas {
        class: &'static str,
        polygons: Vec<Vec<[f64; 2]>>,
        fill: Rgb,
        opacity: f64,
    },
    Dots {
        class: &'static str,
        centres: Vec<[f64; 2]>,
        shape: Shape,
        radius: f64,
        fill: Rgb,
        opacity: f64,
    },
    /// A grid of equal cells, row by row from the top, as indices into at most 256 colours.
    Image {
        class: &'static str,
        rect: Rect,
        columns: u32,
        cells: Vec<u8>,
        palette: Vec<Rgb>,
    },
    Text(Text),
}

/// One line of text; `y` is its vertical middle, or `x` is when it is turned.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text {
    pub class: &'static str,
    pub x: f64,
    pub y: f64,
    pub text: String,
    pub size: f64,
    pub anchor: Anchor,
    pub fill: Rgb,
    /// Reads upwards.
    pub turned: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scene {
    pub width: u32,
    pub height: u32,
    pub title: String,
    pub marks: Vec<Mark>,
    /// What a pointer finds where; only a page has them.
    pub tips: Vec<Tip>,
}

/// Words that appear when a pointer rests on a place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tip {
    pub place: Rect,
    pub text: String,
}

/// The corners of a marker, for shapes that have some.
pub(crate) fn corners(shape: Shape, [x, y]: [f64; 2], r: f64) -> Vec<[f64; 2]> {
    // Scaled so that all shapes have about the area of the circle.
    match shape {
        Shape::Circle => Vec::new(),
        Shape::Square => {
            let a = r * 0.89;
            vec![[x - a, y - a], [x + a, y - a], [x + a, y + a], [x - a, y + a]]
        }
        Shape::Triangle => {
            let a = r * 1.35;
            vec![[x, y - a], [x + a * 0.866, y + a / 2.0], [x - a * 0.866, y + a / 2.0]]
        }
        Shape::Diamond => {
            let a = r * 1.25;
            vec![[x, y - a], [x + a, y], [x, y + a], [x - a, y]]
        }
    }
}
