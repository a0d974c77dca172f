//! Several studies of the same work on different numbers of slots: speed-up and efficiency.
//!
//! With r(p) runs per second on p slots, the speed-up is S(p) = r(p) / r(1), and the efficiency S(p) / p; D. L. Eager,
//! J. Zahorjan and E. D. Lazowska (1989), "Speedup versus efficiency in parallel systems", IEEE Transactions on Computers 38:408.
//! Runs per second and not seconds are compared, so that studies may differ in their number of runs. Where no study used one
//! slot, the fewest slots are taken to be ideal.

use crate::axis::Axis;
use crate::colour::{OK, SERIES};
use crate::data::Timing;
use crate::facts::{Facts, logarithmic};
use crate::frame::Frame;
use crate::kind::{Columns, Drawing};
use crate::layout::{Entry, Furniture, Swatch};
use crate::numbers::{Numbers, plain};
use crate::request::{AxisScale, Request};
use crate::scene::{FAINT, Mark, Shape};
use crate::stats;
use crate::ticks::short;
use crate::{Column, Role, Values};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    SpeedUp,
    Efficiency,
}

const DASH: &[f32] = &[5.0, 3.0];

/// No columns, and why not where some are asked for or studies cannot be compared.
pub(crate) fn columns(what: &str, facts: &Facts, asked: Columns) -> Result<Columns, String> {
    if let Some(column) = [asked.x, asked.y, asked.color].into_iter().flatten().next() {
        let name = &facts.column(column).name;
        return Err(format!("{what} compares studies and no columns; leave out `{name}`"));
    }
    let mut slots: Vec<u32> = usable(&facts.data.timings).map(|timing| timing.slots).collect();
    slots.sort_unstable();
    slots.dedup();
    match slots.as_slice() {
        [] => Err(format!("{what} needs studies in which runs have ended; name them one after another")),
        [one] => Err(format!(
            "{what} needs studies on different numbers of slots, and all of them used {one}; name more studies, run with --slots"
        )),
        _ => Ok(Columns::default()),
    }
}

fn usable(timings: &[Timing]) -> impl Iterator<Item = &Timing> {
    timings.iter().filter(|t| t.slots > 0 && t.runs > 0 && t.seconds > 0.0 && t.seconds.is_finite())
}

struct Point<'a> {
    timing: &'a Timing,
    slots: f64,
    speed_up: f64,
}

fn points(timings: &[Timing]) -> Vec<Point<'_>> {
    let rate = |timing: &Timing| timing.runs as f64 / timing.seconds;
    let fewest = usable(timings).map(|timing| timing.slots).min().unwrap_or(1);
    let base: Vec<f64> = usable(timings).filter(|timing| timing.slots == fewest).map(rate).collect();
    let one_slot = stats::mean(&base) / f64::from(fewest);
    let point = |timing| Point { timing, slots: f64::from(timing.slots), speed_up: rate(timing) / one_slot };
    // Beyond these a percentage, or the room above it, would be no number any more.
    let drawable = |p: &Point| (1e-290..1e290).contains(&p.speed_up);
    let mut points: Vec<Point> = usable(timings).map(point).filter(drawable).collect();
    points.sort_by(|a, b| a.slots.total_cmp(&b.slots).then(a.timing.study.cmp(&b.timing.study)));
    points
}

pub(crate) fn draw(what: What, facts: &Facts, request: &Request) -> Result<Drawing, String> {
    let points = points(&facts.data.timings);
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Err("no study has runs that ended in a measurable time".to_string());
    };
    let (fewest, most) = (first.slots, last.slots);
    let value = |p: &Point| match what {
        What::SpeedUp => p.speed_up,
        What::Efficiency => p.speed_up / p.slots * 100.0,
    };
    let ideal = |slots: f64| if what == What::SpeedUp { slots } else { 100.0 };
    let highest = points.iter().map(value).fold(ideal(most), f64::max);
    let lowest = points.iter().map(value).fold(ideal(fewest), f64::min);

    let mut slots: Vec<f64> = points.iter().map(|p| p.slots).collect();
    slots.dedup();
    let column = Column {
        name: "slots".to_string(),
        unit: None,
        role: Role::Parameter,
        log: false,
        values: Values::Numbers(Vec::new()),
    };
    let log_x = logarithmic(request.log_x, &column, &slots)?;
    // Ideal is a straight line only where both axes are alike.
    let log_y = match request.log_y {
        AxisScale::Log => true,
        AxisScale::Linear => false,
        AxisScale::Auto => log_x && what == What::SpeedUp,
    };
    let mut across = Axis::roomy(column.label(), if log_x { fewest } else { 0.0 }, most, log_x);
    if !log_x {
        across = Axis::numbers(column.label(), 0.0, most * 1.05, false);
        across.count_whole();
    }
    // People choose slots in steps that mean something to them.
    across.marks = slots.clone();
    let label = if what == What::SpeedUp { "speed-up" } else { "efficiency (%)" }.to_string();
    let mut up = match log_y {
        true => Axis::roomy(label, lowest, highest, true),
        false => Axis::numbers(label, 0.0, highest * 1.06, false),
    };
    if log_y && what == What::SpeedUp {
        up.marks = slots.clone();
    }
    let runs: Vec<u64> = points.iter().map(|p| p.timing.runs).collect();
    let notes = [
        Some(format!("{} studies", points.len())),
        (fewest > 1.0).then(|| format!("relative to {fewest} slots, taken as ideal")),
        (runs.iter().min() != runs.iter().max()).then(|| {
            "runs per second are compared, for the studies differ in their number of runs".to_string()
        }),
        (slots.len() < points.len()).then(|| "line through the mean of studies on as many slots".to_string()),
    ];
    let entry = |colour, dash, shape, label: &str| Entry {
        swatch: Swatch::Line { colour, dash, shape },
        label: label.to_string(),
    };
    let furniture = Furniture {
        title: facts.title(request),
        legend: vec![entry(OK, &[], Some(Shape::Circle), "measured"), entry(FAINT, DASH, None, "ideal")],
        notes: notes.into_iter().flatten().collect(),
        grid_x: true,
        grid_y: true,
        ..Furniture::default()
    };
    let mut frame = Frame::new(request, across, up, furniture)?;
    let on_the_way: Vec<f64> = match log_x || log_y {
        // A curve where only one of the axes is logarithmic, and no logarithmic axis has a place for zero.
        true => (0..=32).map(|i| fewest * (most / fewest).powf(f64::from(i) / 32.0)).collect(),
        false => vec![0.0, most],
    };
    let line = on_the_way.iter().map(|s| [frame.at_x(*s), frame.at_y(ideal(*s))]).collect();
    frame.push(Mark::Lines { class: "ideal", lines: vec![line], stroke: FAINT, width: 1.4, dash: DASH });

    let mean = |group: &[Point]| {
        let values: Vec<f64> = group.iter().map(value).collect();
        [frame.at_x(group[0].slots), frame.at_y(stats::mean(&values))]
    };
    let measured: Vec<[f64; 2]> = points.chunk_by(|a, b| a.slots == b.slots).map(mean).collect();
    frame.push(Mark::Lines {
        class: "series",
        lines: vec![measured],
        stroke: SERIES[0],
        width: 1.8,
        dash: &[],
    });
    let centres: Vec<[f64; 2]> = points.iter().map(|p| [frame.at_x(p.slots), frame.at_y(value(p))]).collect();
    frame.numbers = Numbers::new(["study", "slots", "runs", "wall (s)", "speed-up", "efficiency (%)"]);
    for (p, centre) in points.iter().zip(&centres) {
        let efficiency = p.speed_up / p.slots * 100.0;
        frame.numbers.push(|| {
            let (study, runs) = (p.timing.study.clone(), p.timing.runs.to_string());
            let [slots, wall] = [p.slots, p.timing.seconds].map(plain);
            vec![study, slots, runs, wall, plain(p.speed_up), plain(efficiency)]
        });
        frame.tip_at(*centre, || {
            let (study, slots) = (&p.timing.study, p.slots);
            format!(
                "{study}: {slots} slots, speed-up {}, efficiency {} %",
                short(p.speed_up),
                short(efficiency)
            )
        });
    }
    let (shape, radius) = (Shape::Circle, 3.2);
    frame.push(Mark::Dots { class: "points", centres, shape, radius, fill: SERIES[0], opacity: 1.0 });
    Ok(frame.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Data;
    use crate::scene::Rect;

    fn timing(study: &str, slots: u32, seconds: f64, runs: u64) -> Timing {
        Timing { study: study.to_string(), slots, seconds, runs }
    }

    #[test]
    fn speed_up_is_relative_to_one_slot() {
        let timings = [timing("b", 4, 30.0, 100), timing("a", 1, 100.0, 100), timing("nothing", 8, 0.0, 0)];
        let found: Vec<(f64, f64)> = points(&timings).iter().map(|p| (p.slots, p.speed_up)).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], (1.0, 1.0));
        assert!((found[1].1 - 100.0 / 30.0).abs() < 1e-12);
    }

    #[test]
    fn without_one_slot_the_fewest_are_ideal_and_more_runs_count() {
        let timings = [timing("a", 2, 10.0, 20), timing("b", 4, 10.0, 30)];
        let found: Vec<f64> = points(&timings).iter().map(|p| p.speed_up).collect();
        assert_eq!(found, [2.0, 3.0]);
    }

    /// The places of the ideal line, and the frame around them.
    fn ideal(what: What, log: [AxisScale; 2], timings: Vec<Timing>) -> (Vec<[f64; 2]>, Rect) {
        let data = Data { timings, ..Data::default() };
        let request = Request { log_x: log[0], log_y: log[1], ..Request::default() };
        let scene = draw(what, &Facts::new(&data), &request).unwrap().scene;
        let box_of = |points: &[[f64; 2]]| {
            let ends = |i: usize| {
                let values = points.iter().map(|p| p[i]);
                (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max))
            };
            let ((x0, x1), (y0, y1)) = (ends(0), ends(1));
            Rect { x0, x1, y0, y1 }
        };
        let lines = |wanted: &str| {
            let found = scene.marks.iter().find_map(|mark| match mark {
                Mark::Lines { class, lines, .. } if *class == wanted => Some(lines[0].clone()),
                _ => None,
            });
            found.unwrap()
        };
        (lines("ideal"), box_of(&lines("axis")))
    }

    #[test]
    fn the_ideal_line_stays_in_the_frame_on_every_scale() {
        use AxisScale::{Linear, Log};
        for timings in [
            vec![timing("a", 1, 1.0, 1), timing("b", 2, 1.0, 1)],
            vec![timing("a", 4, 10.0, 9), timing("b", 64, 1.0, 9), timing("c", 1000, 0.001, 9)],
            vec![timing("a", 1, 1e-3, 1), timing("b", 2, 1e9, 1)],
        ] {
            for what in [What::SpeedUp, What::Efficiency] {
                for log in [[Linear, Linear], [Linear, Log], [Log, Linear], [Log, Log]] {
                    let (line, frame) = ideal(what, log, timings.clone());
                    let inside = |[x, y]: &[f64; 2]| {
                        (frame.x0..=frame.x1).contains(x) && (frame.y0..=frame.y1).contains(y)
                    };
                    assert!(line.iter().all(inside), "{what:?} {log:?}: {line:?} in {frame:?}");
                }
            }
        }
    }

    #[test]
    fn times_that_no_percentage_can_tell_are_left_out() {
        let timings = [timing("a", 1, 1.0, 1), timing("b", 2, 1e-305, 1), timing("c", 4, 1e305, 1)];
        let found: Vec<f64> = points(&timings).iter().map(|p| p.slots).collect();
        assert_eq!(found, [1.0]);
    }
}
