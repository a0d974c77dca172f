//! What somebody asks for: everything has a default.

/// A picture to draw. Columns are named; what is not named is chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The name of a kind in [`KINDS`](crate::KINDS).
    pub kind: Option<String>,
    pub x: Option<String>,
    pub y: Option<String>,
    /// What the colour shows: the value in a heat map, the series in a line picture.
    pub color: Option<String>,
    /// The columns of a kind that draws many, in this order; empty: chosen.
    pub columns: Vec<String>,
    pub log_x: AxisScale,
    pub log_y: AxisScale,
    pub log_color: AxisScale,
    pub band: Band,
    /// Instead of the title of the data; an empty one for none.
    pub title: Option<String>,
    /// In pixels of 1/96 inch, 200 to 4000; what suits the kind if not given. At a column width of 85 mm the usual 480 have
    /// texts of 5.5 to 7 points.
    pub width: Option<u32>,
    /// As the width, 150 to 4000.
    pub height: Option<u32>,
}

impl Default for Request {
    fn default() -> Request {
        Request {
            kind: None,
            x: None,
            y: None,
            color: None,
            columns: Vec::new(),
            log_x: AxisScale::Auto,
            log_y: AxisScale::Auto,
            log_color: AxisScale::Auto,
            band: Band::Auto,
            title: None,
            width: None,
            height: None,
        }
    }
}

/// How an axis is spaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AxisScale {
    /// Logarithmic where the axis of the space is, where the values are a geometric series, or where they are positive over
    /// more than two decades and not evenly spread.
    #[default]
    Auto,
    Linear,
    Log,
}

/// What the shaded band of a line picture shows of repeated runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Band {
    /// Smallest to largest for fewer than 8 runs per point or runs that differ in other parameters, else confidence.
    #[default]
    Auto,
    MinMax,
    /// First to third quartile.
    Quartiles,
    /// 95 % confidence interval of the mean, by Student's t.
    Confidence,
}

/// The format of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Real text in a sans-serif font; coordinates to 1/100 pixel.
    Svg,
    /// Two device pixels for each pixel of the request, marked as 192 dots per inch.
    Png,
    /// One page that needs nothing else: the SVG with tips under the pointer, the notes, and the numbers that are drawn. Light
    /// or dark as the reader's system.
    Html,
}

impl Request {
    pub(crate) fn check(&self) -> Result<(), String> {
        let (width, height) = self.size();
        if !(200..=4000).contains(&width) || !(150..=4000).contains(&height) {
            return Err(format!(
                "a picture of {width} × {height} pixels cannot be drawn: give a width of 200 to 4000 and a height of 150 to 4000"
            ));
        }
        Ok(())
    }

    /// Width and height in pixels.
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.width.unwrap_or(480), self.height.unwrap_or(360))
    }
}
