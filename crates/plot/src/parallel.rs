//! Many columns at once, an axis for each side by side and a line for each run; A. Inselberg (1985), "The plane with parallel
//! coordinates", The Visual Computer 1:69.

use crate::axis::Axis;
use crate::colour::{ColourScale, OK, SERIES};
use crate::data::Values;
use crate::facts::{Facts, Levels, logarithmic, runs, sorted};
use crate::font;
use crate::frame::Frame;
use crate::kind::{Columns, Drawing, Kind};
use crate::layout::{Entry, Furniture, LABEL, LEADING, NOTE, Swatch, TICK, upright_ticks, widest};
use crate::numbers::{Numbers, plain};
use crate::request::{AxisScale, Request};
use crate::scatter::places;
use crate::scene::{Anchor, INK, Mark, Rect, Rgb, WHITE};
use crate::stats;

/// More axes than this leave no room between them, unless they are asked for.
const MOST_AXES: usize = 9;
/// More lines than this are a surface.
const MOST_LINES: usize = 1500;
/// Colours of the scale that are told apart, so that lines of one colour are one mark.
const STEPS: usize = 32;
const GREY: Rgb = 0xb8b8b8;

/// See the module.
pub struct Parallel;

impl Kind for Parallel {
    fn name(&self) -> &'static str {
        "parallel"
    }

    fn help(&self) -> &'static str {
        "parallel coordinates: an axis for each parameter and an output, a line for each run"
    }

    fn size(&self) -> (u32, u32) {
        (640, 400)
    }

    fn takes_many(&self) -> bool {
        true
    }

    fn fits(&self, facts: &Facts, asked: Columns) -> u32 {
        match (self.columns(facts, asked), facts.varied().len()) {
            (Err(_), _) => 0,
            (Ok(_), 0..3) => u32::from(facts.output().is_ok()),
            (Ok(_), _) => 61,
        }
    }

    fn columns(&self, facts: &Facts, asked: Columns) -> Result<Columns, String> {
        if let Some(column) = asked.x.or(asked.y) {
            let name = &facts.column(column).name;
            return Err(format!(
                "parallel coordinates have no x and y; name `{name}` in the list of columns, or as the value that colours"
            ));
        }
        let color = asked.color.or_else(|| facts.output().ok());
        let color = color.map(|color| facts.must_have_values(color)).transpose()?;
        match facts.varied().len() + facts.output().iter().len() {
            0 => {
                Err("parallel coordinates need columns with different values, and the table has none"
                    .to_string())
            }
            _ => Ok(Columns { color, ..Columns::default() }),
        }
    }

    fn describe(&self, facts: &Facts, columns: Columns) -> String {
        columns.color.map_or_else(String::new, |c| format!(", coloured by `{}`", facts.column(c).name))
    }

    fn draw(&self, facts: &Facts, columns: Columns, request: &Request) -> Result<Drawing, String> {
        let mut shown = facts.named(&request.columns)?;
        let mut left_out = 0;
        if shown.is_empty() {
            shown = facts.varied();
            left_out = shown.len().saturating_sub(MOST_AXES - 1);
            shown.truncate(MOST_AXES - 1);
            shown.extend(columns.color.filter(|c| !shown.contains(c)));
            shown.extend(facts.output().ok().filter(|c| !shown.contains(c) && columns.color.is_none()));
        }
        if shown.len() < 2 {
            return Err("parallel coordinates need at least two columns with values".to_string());
        }
        let mut axes = Vec::new();
        for column in &shown {
            facts.must_have_values(*column)?;
            // The axes are those of the columns; along x and y means nothing here.
            axes.push(places(facts.column(*column), AxisScale::Auto)?);
        }
        let all = facts.data.rows();
        let rows = stats::thin(all, MOST_LINES);
        let colours = Colours::of(facts, columns.color, &rows, request)?;
        let notes = [
            Some(match rows.len() < all {
                true => format!("{} of {}, picked as if by chance", rows.len(), runs(all as u64)),
                false => runs(all as u64),
            }),
            (left_out > 0).then(|| format!("{left_out} more parameters vary; name the columns to see them")),
            colours.grey.then(|| "grey: no value of the colour".to_string()),
        ];
        let furniture = Furniture {
            title: facts.title(request),
            legend_title: colours.legend_title.clone(),
            legend: colours.legend.clone(),
            scale: colours.scale.clone(),
            notes: notes.into_iter().flatten().collect(),
            bare: true,
            ..Furniture::default()
        };
        let nothing = || Axis::names(String::new(), Vec::new());
        let mut frame = Frame::new(request, nothing(), nothing(), furniture)?;
        let lanes = Lanes::of(&frame, &axes)?;
        push_lines(&mut frame, &lanes, &axes, &rows, &colours);
        frame.numbers = Numbers::new(shown.iter().map(|c| facts.column(*c).label()));
        for row in &rows {
            frame.numbers.push(|| shown.iter().map(|c| facts.cell(*c, *row)).collect());
        }
        lanes.push_axes(&mut frame, &axes);
        Ok(frame.finish())
    }
}

/// Where the axes stand.
struct Lanes {
    top: f64,
    bottom: f64,
    x: Vec<f64>,
}

impl Lanes {
    fn of(frame: &Frame, axes: &[(Axis, Vec<f64>)]) -> Result<Lanes, String> {
        let plot = frame.plot;
        let top = plot.y0 + LABEL * LEADING + NOTE * LEADING + 6.0;
        let bottom = plot.y1 - TICK;
        let first = axes.first().map_or(0.0, |(axis, _)| widest(&upright_ticks(axis, bottom - top)));
        let spread = (axes.len() - 1) as f64;
        let left = plot.x0 + first.max(24.0).min(plot.width() * 0.15) + 6.0;
        let right = plot.x1 - (plot.width() / (spread + 1.0) / 2.4).min(30.0);
        if bottom - top < 40.0 || (right - left) / spread < 12.0 {
            return Err(format!("there is no room for {} axes; ask for a larger picture", axes.len()));
        }
        let x = (0..axes.len()).map(|i| left + (right - left) * i as f64 / spread).collect();
        Ok(Lanes { top, bottom, x })
    }

    fn y(&self, axis: &Axis, v: f64) -> f64 {
        self.bottom - axis.at(v) * (self.bottom - self.top)
    }

    /// The axes, over the lines, with their ticks on pale ground.
    fn push_axes(&self, frame: &mut Frame, axes: &[(Axis, Vec<f64>)]) {
        let room = self.x.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
        let mut lines = Vec::new();
        let mut texts = Vec::new();
        let mut halos = Vec::new();
        for (x, (axis, _)) in self.x.iter().zip(axes) {
            lines.push(vec![[*x, self.top], [*x, self.bottom]]);
            let ticks = upright_ticks(axis, self.bottom - self.top);
            for tick in ticks.ticks {
                let y = self.y(axis, tick.value);
                let Some(label) = tick.label else {
                    lines.push(vec![[x - 2.0, y], [*x, y]]);
                    continue;
                };
                lines.push(vec![[x - 4.0, y], [*x, y]]);
                let label = font::fit_middle(&label, NOTE, (room - 12.0).max(20.0));
                let width = font::width(&label, NOTE);
                halos.push(rectangle(x - 7.0 - width, y - 6.5, x - 4.5, y + 6.5));
                texts.push(("tick", [x - 6.0, y], label, NOTE, Anchor::End));
            }
            let (name, unit) = axis.name_and_unit(ticks.common.as_deref());
            // The outermost names may reach to the edge of the picture and no further.
            let side = (x - frame.plot.x0).min(frame.plot.x1 - x) * 2.0 + 12.0;
            let most = (room * 0.96).min(side.max(30.0));
            let y = self.top - 8.0 - NOTE * LEADING / 2.0;
            texts.push((
                "label",
                [*x, y - NOTE * LEADING],
                font::fit_middle(&name, LABEL, most),
                LABEL,
                Anchor::Middle,
            ));
            texts.push(("unit", [*x, y], font::fit(&unit, NOTE, most), NOTE, Anchor::Middle));
        }
        frame.push(Mark::Areas { class: "halo", polygons: halos, fill: WHITE, opacity: 0.8 });
        frame.push(Mark::Lines { class: "axis", lines, stroke: INK, width: 1.0, dash: &[] });
        for (class, at, text, size, anchor) in texts {
            frame.text(class, at, text, size, anchor, false);
        }
    }
}

fn rectangle(x0: f64, y0: f64, x1: f64, y1: f64) -> Vec<[f64; 2]> {
    vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
}

fn push_lines(
    frame: &mut Frame,
    lanes: &Lanes,
    axes: &[(Axis, Vec<f64>)],
    rows: &[usize],
    colours: &Colours,
) {
    let mut groups: Vec<Vec<Vec<[f64; 2]>>> = vec![Vec::new(); colours.palette.len()];
    for (at, row) in rows.iter().enumerate() {
        let mut piece = Vec::new();
        for (x, (axis, values)) in lanes.x.iter().zip(axes) {
            if values[*row].is_finite() {
                piece.push([*x, lanes.y(axis, values[*row])]);
                continue;
            }
            let whole = std::mem::take(&mut piece);
            if whole.len() > 1 {
                groups[colours.codes[at]].push(whole);
            }
        }
        if piece.len() > 1 {
            groups[colours.codes[at]].push(piece);
        }
    }
    let width = match rows.len() {
        0..=60 => 1.5,
        61..=300 => 1.0,
        _ => 0.6,
    };
    for (stroke, lines) in colours.palette.iter().zip(groups).filter(|(_, lines)| !lines.is_empty()) {
        frame.push(Mark::Lines { class: "runs", lines, stroke: *stroke, width, dash: &[] });
    }
    for (i, x) in lanes.x.iter().enumerate() {
        let (axis, values) = &axes[i];
        for row in rows.iter().filter(|row| values[**row].is_finite()) {
            let y = lanes.y(axis, values[*row]);
            let place = Rect { x0: x - 4.0, x1: x + 4.0, y0: y - 1.5, y1: y + 1.5 };
            frame.tip(place, || match &axis.span {
                crate::axis::Span::Names(names) => {
                    names.get(values[*row] as usize).cloned().unwrap_or_default()
                }
                _ => format!("{} {}", axis.label, plain(values[*row])),
            });
        }
    }
}

/// The colour of each line, grey first.
struct Colours {
    palette: Vec<Rgb>,
    /// For each row that is drawn.
    codes: Vec<usize>,
    grey: bool,
    scale: Option<ColourScale>,
    legend_title: Option<String>,
    legend: Vec<Entry>,
}

impl Colours {
    fn of(facts: &Facts, color: Option<usize>, rows: &[usize], request: &Request) -> Result<Colours, String> {
        let mut colours = Colours {
            palette: vec![GREY],
            codes: vec![0; rows.len()],
            grey: false,
            scale: None,
            legend_title: None,
            legend: Vec::new(),
        };
        let Some(color) = color else {
            colours.palette[0] = OK;
            return Ok(colours);
        };
        let column = facts.column(color);
        match &column.values {
            Values::Numbers(numbers) => {
                let values = sorted(column);
                let (Some(lo), Some(hi)) = (values.first(), values.last()) else {
                    return Err(format!("no run has a value for `{}`", column.name));
                };
                let log = logarithmic(request.log_color, column, &values)?;
                let scale = ColourScale::sequential(column.label(), *lo, *hi, log);
                let level = |step: usize| scale.colour((step * 255 / (STEPS - 1)) as u8);
                colours.palette.extend((0..STEPS).map(level));
                for (code, row) in colours.codes.iter_mut().zip(rows) {
                    let v = numbers[*row];
                    if v.is_finite() {
                        *code = 1 + usize::from(scale.level(v)) * STEPS / 256;
                    }
                }
                colours.scale = Some(scale);
            }
            Values::Labels { .. } => {
                let levels = Levels::of(column);
                if levels.len() > SERIES.len() {
                    return Err(format!(
                        "`{}` has {} different texts, and {} colours can be told apart; choose another column for the colour",
                        column.name,
                        levels.len(),
                        SERIES.len()
                    ));
                }
                colours.palette.extend(SERIES.iter().take(levels.len()));
                colours.legend_title = Some(format!("{}:", column.label()));
                let swatch = |i: usize| Swatch::Line { colour: SERIES[i], dash: &[], shape: None };
                let entry = |i: usize| Entry { swatch: swatch(i), label: levels.name(i) };
                colours.legend = (0..levels.len()).map(entry).collect();
                for (code, row) in colours.codes.iter_mut().zip(rows) {
                    if levels.codes[*row] != Levels::NONE {
                        *code = 1 + levels.codes[*row] as usize;
                    }
                }
            }
        }
        colours.grey = colours.codes.contains(&0);
        Ok(colours)
    }
}
