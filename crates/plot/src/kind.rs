//! The kinds of pictures, and which of them a table is best drawn as.

use std::collections::BTreeSet;
use std::fmt;

use paramo_model::nearest;

use crate::data::Data;
use crate::facts::Facts;
use crate::numbers::Numbers;
use crate::request::{Format, Request};
use crate::scene::{Mark, Scene};
use crate::{
    r#box, contour, efficiency, font, gantt, heatmap, histogram, html, line, parallel, raster, scatter,
    scatter_matrix, speed_up, svg, throughput,
};

/// Every kind of picture. A new one is a file and a line here.
pub static KINDS: &[&dyn Kind] = &[
    &heatmap::HeatMap,
    &contour::Contour,
    &line::Line,
    &r#box::BoxPlot,
    &scatter::Scatter,
    &scatter_matrix::ScatterMatrix,
    &parallel::Parallel,
    &histogram::Histogram,
    &gantt::Gantt,
    &throughput::Throughput,
    &speed_up::SpeedUp,
    &efficiency::Efficiency,
];

/// A kind of picture.
pub trait Kind: Sync {
    /// The name by which it is asked for.
    fn name(&self) -> &'static str;

    /// One line for a manual.
    fn help(&self) -> &'static str;

    /// How well it shows the table with the columns that were asked for: 0 when it cannot; the highest is drawn.
    fn fits(&self, facts: &Facts, asked: Columns) -> u32;

    /// The columns that are drawn: those asked for, and the most sensible ones for the rest.
    fn columns(&self, facts: &Facts, asked: Columns) -> Result<Columns, String>;

    /// Width and height that suit it, in pixels of 1/96 inch.
    fn size(&self) -> (u32, u32) {
        (480, 360)
    }

    /// Whether it draws when runs ran, [`Data::bars`], with those that failed, and no columns.
    fn shows_times(&self) -> bool {
        false
    }

    /// Whether it compares several studies, [`Data::timings`].
    fn compares(&self) -> bool {
        false
    }

    /// Whether it draws any number of columns, [`Request::columns`].
    fn takes_many(&self) -> bool {
        false
    }

    /// What is drawn, to follow the name: `` of `y` over `x` ``.
    fn describe(&self, facts: &Facts, columns: Columns) -> String {
        let name = |index: usize| &facts.column(index).name;
        let color =
            columns.color.map_or_else(String::new, |color| format!(", coloured by `{}`", name(color)));
        match (columns.x, columns.y) {
            (Some(x), Some(y)) => format!(" of `{}` over `{}`{color}", name(y), name(x)),
            (Some(x), None) => format!(" of `{}`", name(x)),
            _ => String::new(),
        }
    }

    /// Draws columns that [`Kind::columns`] gave.
    fn draw(&self, facts: &Facts, columns: Columns, request: &Request) -> Result<Drawing, String>;
}

impl fmt::Debug for dyn Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Indices of columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    pub x: Option<usize>,
    pub y: Option<usize>,
    pub color: Option<usize>,
}

impl Columns {
    pub(crate) fn has(&self, index: usize) -> bool {
        [self.x, self.y, self.color].contains(&Some(index))
    }
}

/// What a kind draws.
#[derive(Debug)]
pub struct Drawing {
    pub(crate) scene: Scene,
    pub(crate) notes: Vec<String>,
    pub(crate) numbers: Numbers,
}

/// A finished picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    pub bytes: Vec<u8>,
    /// What the reader must know and what also stands under the picture: averages, bands, values left out.
    pub notes: Vec<String>,
}

/// A picture that can be drawn: the kind and the columns.
#[derive(Debug)]
pub struct Choice<'a> {
    facts: Facts<'a>,
    request: Request,
    pub kind: &'static dyn Kind,
    pub columns: Columns,
}

/// Chooses a picture. Errors are sentences that name the column and say what to do.
pub fn choose<'a>(data: &'a Data, request: &Request) -> Result<Choice<'a>, String> {
    data.check()?;
    request.check()?;
    let named = |name: &Option<String>| name.as_deref().map(|name| find(data, name)).transpose();
    let asked = Columns { x: named(&request.x)?, y: named(&request.y)?, color: named(&request.color)? };
    let facts = Facts::new(data);
    facts.named(&request.columns)?;
    let many = !request.columns.is_empty();
    let kind = match &request.kind {
        Some(name) => kind(name)?,
        None => {
            let able = KINDS.iter().filter(|kind| kind.takes_many() || !many);
            let best = able.rev().max_by_key(|kind| kind.fits(&facts, asked));
            let fitting = best.filter(|kind| kind.fits(&facts, asked) > 0);
            *fitting.ok_or_else(|| nothing_fits(&facts, asked))?
        }
    };
    if many && !kind.takes_many() {
        return Err(format!("{} takes x, y and a value instead of a list of columns", kind.name()));
    }
    let columns = kind.columns(&facts, asked)?;
    let (width, height) = kind.size();
    let (width, height) = (request.width.or(Some(width)), request.height.or(Some(height)));
    Ok(Choice { facts, request: Request { width, height, ..request.clone() }, kind, columns })
}

impl Choice<'_> {
    /// The file, byte for byte the same for the same table and request.
    pub fn draw(&self, format: Format) -> Result<Picture, String> {
        let Drawing { scene, mut notes, numbers } =
            self.kind.draw(&self.facts, self.columns, &self.request)?;
        let bytes = match format {
            Format::Svg => svg::write(&scene).into_bytes(),
            Format::Png => {
                notes.extend(missing_signs(&scene));
                raster::write(&scene)?
            }
            Format::Html => html::write(&scene, &self.to_string(), &numbers).into_bytes(),
        };
        Ok(Picture { bytes, notes })
    }
}

/// What is drawn, in words: ``heatmap of `period` over `k1` and `k2` ``.
impl fmt::Display for Choice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind.name(), self.kind.describe(&self.facts, self.columns))
    }
}

/// The kind of a name.
pub fn kind(name: &str) -> Result<&'static dyn Kind, String> {
    let names = || KINDS.iter().map(|kind| kind.name());
    KINDS.iter().find(|kind| kind.name() == name).copied().ok_or_else(|| match nearest(name, names()) {
        Some(near) => format!("there is no picture called `{name}`; did you mean `{near}`?"),
        None => format!("there is no picture called `{name}`; there are {}", listed(names())),
    })
}

/// A note on signs that the embedded font lacks: a PNG shows them as boxes.
fn missing_signs(scene: &Scene) -> Option<String> {
    let texts = scene.marks.iter().filter_map(|mark| match mark {
        Mark::Text(text) => Some(text.text.as_str()),
        _ => None,
    });
    let missing: BTreeSet<char> = texts.flat_map(font::missing).collect();
    let some: String = missing.iter().take(10).collect();
    (!missing.is_empty())
        .then(|| format!("the PNG shows boxes for {some}, which its font lacks; the SVG has them"))
}

pub(crate) fn find(data: &Data, name: &str) -> Result<usize, String> {
    let names = || data.columns.iter().map(|column| column.name.as_str());
    names().position(|other| other == name).ok_or_else(|| match nearest(name, names()) {
        _ if data.columns.is_empty() => format!("there is no column `{name}`; the table is empty"),
        Some(near) => format!("there is no column `{name}`; did you mean `{near}`?"),
        None if data.columns.len() > 20 => {
            format!("there is no column `{name}` among the {}", data.columns.len())
        }
        None => format!("there is no column `{name}`; there are {}", listed(names())),
    })
}

fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn nothing_fits(facts: &Facts, asked: Columns) -> String {
    let wanted = [asked.color, asked.y, asked.x].into_iter().flatten();
    let wrong = wanted.map(|index| facts.must_have_numbers(index)).find_map(Result::err);
    match wrong {
        Some(wrong) => wrong,
        None if facts.data.rows() == 0 => "there is nothing to draw: the table has no rows yet".to_string(),
        None => match facts.output() {
            Err(why) => why,
            Ok(_) => "no kind of picture fits these columns; name the kind to learn why".to_string(),
        },
    }
}
