//! Draws every kind of picture from good and ugly tables, to be looked at: `cargo run -p paramo-plot --example gallery -- DIR`.
//! With `--large` also tables of a million rows, and how long they take.

use std::path::Path;
use std::time::Instant;

use paramo_plot::{AxisScale, Band, Bar, Column, Data, Format, Request, Role, Timing, Values, choose};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(directory) = arguments.iter().find(|a| !a.starts_with("--")) else {
        return Err("name the directory to write to".into());
    };
    std::fs::create_dir_all(directory)?;
    for (name, data, request) in good().into_iter().chain(more()).chain(ugly()) {
        show(Path::new(directory), name, &data, &request)?;
    }
    if arguments.iter().any(|a| a == "--large") {
        for (name, data, request) in large() {
            show(Path::new(directory), name, &data, &request)?;
        }
    }
    Ok(())
}

fn show(directory: &Path, name: &str, data: &Data, request: &Request) -> Result<(), Failure> {
    let choice = match choose(data, request) {
        Ok(choice) => choice,
        Err(why) => {
            println!("{name:20} {why}");
            return Ok(());
        }
    };
    for (format, ending) in [(Format::Svg, "svg"), (Format::Png, "png"), (Format::Html, "html")] {
        let start = Instant::now();
        let picture = match choice.draw(format) {
            Ok(picture) => picture,
            Err(why) => {
                println!("{name:20} {why}");
                continue;
            }
        };
        let took = start.elapsed().as_millis();
        println!(
            "{name:20} {choice}: {ending}, {} kB, {took} ms; {}",
            picture.bytes.len() / 1000,
            picture.notes.join("; ")
        );
        std::fs::write(directory.join(format!("{name}.{ending}")), picture.bytes)?;
    }
    Ok(())
}

/// Numbers in [0, 1) that are the same every time: a linear congruential generator (Knuth, MMIX).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About normal: the sum of twelve.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

fn numbers(name: &str, unit: &str, role: Role, values: Vec<f64>) -> Column {
    let unit = (!unit.is_empty()).then(|| unit.to_string());
    Column { name: name.to_string(), unit, role, log: false, values: Values::Numbers(values) }
}

fn labels(name: &str, role: Role, labels: &[&str], codes: Vec<u32>) -> Column {
    let labels = labels.iter().map(|label| label.to_string()).collect();
    Column { name: name.to_string(), unit: None, role, log: false, values: Values::Labels { labels, codes } }
}

fn table(title: &str, columns: Vec<Column>) -> Data {
    let title = (!title.is_empty()).then(|| title.to_string());
    Data { title, columns, ..Data::default() }
}

fn rows<T>(n: usize, f: impl FnMut(usize) -> T) -> Vec<T> {
    (0..n).map(f).collect()
}

type Example = (&'static str, Data, Request);

fn of(kind: &str) -> Request {
    Request { kind: Some(kind.to_string()), ..Request::default() }
}

/// A sweep of binding and unbinding rates with four repetitions, as of a gene regulatory network.
fn sweep(missing: bool) -> Data {
    let mut chance = Chance(1);
    let (n, seeds) = (25 * 25 * 4, 4);
    let k1 = |row: usize| 1e8 * 20f64.powf((row / seeds / 25) as f64 / 24.0);
    let k2 = |row: usize| 1e-2 * 20f64.powf((row / seeds % 25) as f64 / 24.0);
    let period = |row: usize| {
        let (a, b) = ((row / seeds / 25) as f64 / 24.0, (row / seeds % 25) as f64 / 24.0);
        let value = 120.0 + 90.0 * (a * 2.5).sin() * (1.0 - b) + 25.0 * b + chance.normal() * 4.0;
        if missing && (a + 0.3 < b && a < 0.4 || row % 997 == 3) { f64::NAN } else { value }
    };
    table(
        "Hes1 oscillation",
        vec![
            numbers("k1", "1/(M min)", Role::Parameter, rows(n, k1)),
            numbers("k2", "1/min", Role::Parameter, rows(n, k2)),
            numbers("seed", "", Role::Replicate, rows(n, |row| (row % seeds) as f64)),
            numbers("period", "min", Role::Output, rows(n, period)),
        ],
    )
}

/// Decay curves for several modes, `repetitions` runs each.
fn curves(modes: &[&str], points: usize, repetitions: usize) -> Data {
    let mut chance = Chance(2);
    let n = modes.len() * points * repetitions;
    let mode = |row: usize| row / (points * repetitions);
    let time = |row: usize| (row / repetitions % points) as f64 * 0.5;
    let level = |row: usize| {
        (-time(row) / (3.0 + mode(row) as f64)).exp() * 100.0 + 5.0 * mode(row) as f64 + chance.normal() * 3.0
    };
    let mut columns = vec![
        numbers("delay", "min", Role::Parameter, rows(n, time)),
        numbers("protein", "nM", Role::Output, rows(n, level)),
    ];
    if modes.len() > 1 {
        columns.push(labels("mode", Role::Parameter, modes, rows(n, |row| mode(row) as u32)));
    }
    table("", columns)
}

fn schedule(slots: u32, runs: usize, seconds: f64) -> Data {
    let mut chance = Chance(3);
    let mut free = vec![0.0; slots as usize];
    let bars = rows(runs, |i| {
        let slot = i as u32 % slots;
        let start = free[slot as usize] + chance.next() * 0.1 * seconds;
        let end = start + seconds * (0.3 + chance.next());
        free[slot as usize] = end;
        Bar { worker: 0, slot, start: 1e9 + start, end: 1e9 + end, ok: chance.next() > 0.06 }
    });
    Data { bars, ..Data::default() }
}

/// A sample of `n` points in five parameters, and what they give.
fn sample(n: usize) -> Data {
    let mut chance = Chance(6);
    let points: Vec<[f64; 5]> = rows(n, |_| {
        [
            chance.next(),
            chance.next() * 40.0,
            10f64.powf(chance.next() * 4.0 + 6.0),
            chance.next(),
            chance.normal(),
        ]
    });
    let column = |i: usize| points.iter().map(|p| p[i]).collect();
    let result = points.iter().map(|p| p[0] * 3.0 + (p[1] / 12.0).sin() + p[2].log10() * 0.4 + p[4] * 0.2);
    table(
        "",
        vec![
            numbers("alpha", "", Role::Parameter, column(0)),
            numbers("delay", "min", Role::Parameter, column(1)),
            numbers("k1", "1/(M min)", Role::Parameter, column(2)),
            numbers("beta", "", Role::Parameter, column(3)),
            numbers("amplitude", "nM", Role::Output, result.collect()),
        ],
    )
}

/// `runs` values for each of three solvers and two steps.
fn solvers(runs: usize) -> Data {
    let mut chance = Chance(7);
    let n = 6 * runs;
    let value = |i: usize| {
        let tail = if chance.next() > 0.96 { 4.0 } else { 1.0 };
        (i % 3) as f64 * 2.0 + (i / 3 % 2) as f64 + chance.normal() * tail * 0.7
    };
    table(
        "",
        vec![
            labels(
                "solver",
                Role::Parameter,
                &["Runge–Kutta", "Euler", "Adams–Bashforth"],
                rows(n, |i| i as u32 % 3),
            ),
            labels("step", Role::Parameter, &["coarse", "fine"], rows(n, |i| i as u32 / 3 % 2)),
            numbers("error", "mV", Role::Output, rows(n, value)),
        ],
    )
}

fn timings() -> Data {
    let timing = |slots: u32, seconds: f64| Timing { study: format!("s{slots}"), slots, seconds, runs: 1000 };
    let timings = vec![
        timing(1, 640.0),
        timing(2, 330.0),
        timing(4, 172.0),
        timing(8, 95.0),
        timing(16, 62.0),
        timing(16, 58.0),
    ];
    Data { timings, ..Data::default() }
}

/// Whether a rhythm is found, as text.
fn phases() -> Data {
    let mut data = sweep(true);
    let n = data.columns[0].values.len();
    let phase = |i: usize| if i % 997 == 5 { 9 } else { ((i / 100) * 2 + (i / 4 % 25) * 3) as u32 / 45 % 3 };
    data.columns.push(labels("phase", Role::Output, &["steady", "damped", "rhythm"], rows(n, phase)));
    data
}

fn more() -> Vec<Example> {
    let value = |kind: &str, name: &str| Request { color: Some(name.to_string()), ..of(kind) };
    vec![
        ("contour", sweep(false), of("contour")),
        ("contour-missing", sweep(true), of("contour")),
        ("box", solvers(40), Request::default()),
        ("box-one", curves(&["one"], 8, 30), of("box")),
        ("box-few", solvers(3), of("box")),
        ("matrix", sample(120), Request::default()),
        ("matrix-dense", sample(20_000), of("scatter-matrix")),
        ("parallel", sample(120), of("parallel")),
        ("parallel-many", sample(20_000), of("parallel")),
        ("parallel-grid", sweep(true), of("parallel")),
        ("throughput", schedule(8, 900, 4.0), of("throughput")),
        ("throughput-few", schedule(3, 9, 400.0), of("throughput")),
        ("speed-up", timings(), Request::default()),
        ("efficiency", timings(), of("efficiency")),
        ("heatmap-texts", phases(), value("heatmap", "phase")),
    ]
}

fn good() -> Vec<Example> {
    let mut chance = Chance(4);
    let sample: Vec<[f64; 3]> = rows(400, |_| [chance.next() * 10.0, chance.next(), chance.normal()]);
    let scattered = table(
        "Latin hypercube",
        vec![
            numbers("alpha", "", Role::Parameter, sample.iter().map(|s| s[0]).collect()),
            numbers("beta", "", Role::Parameter, sample.iter().map(|s| s[1]).collect()),
            numbers("cost", "EUR", Role::Output, sample.iter().map(|s| s[0] * s[1] + s[2]).collect()),
            labels(
                "phase",
                Role::Output,
                &["solid", "liquid", "gas"],
                sample.iter().map(|s| (s[0] / 3.4) as u32).collect(),
            ),
        ],
    );
    let signed = table(
        "",
        vec![
            numbers("x", "m", Role::Parameter, rows(41 * 31, |i| (i % 41) as f64 * 0.1 - 2.0)),
            numbers("y", "m", Role::Parameter, rows(41 * 31, |i| (i / 41) as f64 * 0.1 - 1.5)),
            numbers(
                "potential",
                "mV",
                Role::Output,
                rows(41 * 31, |i| {
                    let (x, y) = ((i % 41) as f64 * 0.1 - 2.0, (i / 41) as f64 * 0.1 - 1.5);
                    80.0 * x * (-x * x - y * y).exp()
                }),
            ),
        ],
    );
    let named = |x: &str, y: &str, color: &str| Request {
        x: Some(x.to_string()),
        y: Some(y.to_string()),
        color: (!color.is_empty()).then(|| color.to_string()),
        kind: Some("scatter".to_string()),
        ..Request::default()
    };
    let normal =
        table("", vec![numbers("lifetime", "s", Role::Output, rows(2000, |_| 5.0 + chance.normal()))]);
    let tail = table(
        "",
        vec![numbers("lifetime", "s", Role::Output, rows(2000, |_| (chance.normal() * 2.0).exp()))],
    );
    let dice = table(
        "",
        vec![numbers("eyes", "", Role::Output, rows(600, |_| (chance.next() * 6.0).floor() + 1.0))],
    );
    let names = ["Runge–Kutta", "Euler", "Adams–Bashforth"];
    let bars = table(
        "",
        vec![
            labels("solver", Role::Parameter, &names, rows(30, |i| i as u32 % 3)),
            numbers("error", "", Role::Output, rows(30, |i| (i % 3) as f64 * 2.0 + chance.next())),
        ],
    );
    vec![
        ("heatmap", sweep(false), Request::default()),
        ("heatmap-missing", sweep(true), Request::default()),
        ("heatmap-signed", signed, Request::default()),
        (
            "heatmap-column",
            sweep(true),
            Request { width: Some(321), height: Some(260), title: Some(String::new()), ..Request::default() },
        ),
        ("line", curves(&["one"], 25, 4), Request::default()),
        ("line-many-runs", curves(&["one"], 40, 30), Request::default()),
        ("line-series", curves(&["wild type", "mutant", "knock-out", "rescue"], 25, 3), Request::default()),
        (
            "line-eight",
            curves(&["a", "b", "c", "d", "e", "f", "g", "h"], 12, 5),
            Request { band: Band::Quartiles, ..Request::default() },
        ),
        ("line-over-all", sweep(true), of("line")),
        ("line-names", bars, Request::default()),
        ("scatter", scattered.clone(), Request::default()),
        ("scatter-plain", scattered.clone(), named("alpha", "cost", "")),
        ("scatter-groups", scattered, named("alpha", "cost", "phase")),
        ("histogram", normal, Request::default()),
        ("histogram-log", tail, Request::default()),
        ("histogram-whole", dice, Request::default()),
        ("gantt", schedule(8, 90, 40.0), Request::default()),
        ("gantt-many", schedule(200, 20_000, 300.0), Request::default()),
    ]
}

fn ugly() -> Vec<Example> {
    let one = |v: f64| table("", vec![numbers("period", "min", Role::Output, vec![v])]);
    let over = |x: Vec<f64>, y: Vec<f64>| {
        table("", vec![numbers("x", "", Role::Parameter, x), numbers("y", "", Role::Output, y)])
    };
    let steps = |n: usize| rows(n, |i| i as f64);
    let long = "a_name_that_somebody_thought_was_a_good_idea_because_it_says_everything_about_the_value";
    let mut grid = sweep(true);
    for column in &mut grid.columns {
        column.name = format!("{} <{long}> & «µ₀·αβγ – Größe 長さ»", column.name);
    }
    grid.title = Some(
        "A title that goes on and on, as titles of studies tend to do when nobody stops them, and on "
            .repeat(2),
    );
    let modes: Vec<String> = rows(40, |i| format!("configuration number {i}"));
    let modes: Vec<&str> = modes.iter().map(String::as_str).collect();
    let many = table(
        "",
        vec![
            labels("mode", Role::Parameter, &modes, rows(400, |i| i as u32 % 40)),
            numbers("x", "", Role::Parameter, rows(400, |i| (i / 40) as f64)),
            numbers("speed", "m/s", Role::Output, rows(400, |i| (i as f64).sqrt())),
        ],
    );
    let flat = || {
        let mut data = sweep(true);
        if let Values::Numbers(period) = &mut data.columns[3].values {
            period.fill(7.0);
        }
        data
    };
    let wide = table(
        "",
        rows(14, |c| {
            let value = |i: usize| {
                if (i * c) % 17 == 3 {
                    f64::NAN
                } else {
                    ((i * (c + 3)) as f64 * 0.7).sin() * 10f64.powi(c as i32 * 3 - 20)
                }
            };
            numbers(
                &format!("{long}_{c}"),
                "mol/(l s)",
                if c == 13 { Role::Output } else { Role::Parameter },
                rows(90, value),
            )
        }),
    );
    let mut cjk = sweep(false);
    cjk.title = Some("振動の周期 <&\"'> 周期".to_string());
    let bar = |v: f64| Bar { worker: 0, slot: 0, start: v, end: v, ok: true };
    vec![
        ("ugly-nothing", Data::default(), Request::default()),
        ("ugly-nan", one(f64::NAN), Request::default()),
        ("ugly-infinite", one(f64::INFINITY), Request::default()),
        ("ugly-one", one(42.0), Request::default()),
        ("ugly-zero", over(steps(10), vec![0.0; 10]), Request::default()),
        ("ugly-huge", over(steps(20), rows(20, |i| (i as f64 - 7.0) * 1e307)), Request::default()),
        ("ugly-tiny", over(steps(20), rows(20, |i| i as f64 * 1e-300)), Request::default()),
        ("ugly-decades", over(steps(20), rows(20, |i| 10f64.powi(30 * i as i32 - 300))), Request::default()),
        ("ugly-offset", over(steps(20), rows(20, |i| 1e6 + 1e-3 * (i as f64).sin())), Request::default()),
        ("ugly-constant", over(steps(20), vec![1e9; 20]), Request::default()),
        (
            "ugly-gaps",
            over(steps(20), rows(20, |i| if i % 5 == 2 { f64::NAN } else { i as f64 })),
            Request::default(),
        ),
        (
            "ugly-infinities",
            over(steps(20), rows(20, |i| if i % 5 == 2 { f64::INFINITY } else { i as f64 })),
            Request::default(),
        ),
        ("ugly-contour-constant", flat(), of("contour")),
        (
            "ugly-box-huge",
            over(rows(60, |i| (i % 3) as f64), rows(60, |i| (i as f64 - 30.0) * 5e306)),
            of("box"),
        ),
        ("ugly-parallel", wide.clone(), of("parallel")),
        ("ugly-matrix", wide, of("scatter-matrix")),
        ("ugly-matrix-one", over(vec![3.0], vec![4.0]), of("scatter-matrix")),
        ("ugly-throughput", Data { bars: vec![bar(5.0); 3], ..Data::default() }, of("throughput")),
        ("ugly-cjk", cjk, Request::default()),
        ("ugly-one-point", over(vec![3.0], vec![4.0]), of("scatter")),
        ("ugly-names", grid, Request::default()),
        ("ugly-labels", many.clone(), Request::default()),
        ("ugly-labels-bars", many.clone(), Request { x: Some("mode".to_string()), ..of("histogram") }),
        (
            "ugly-labels-turned",
            many,
            Request { x: Some("mode".to_string()), y: Some("x".to_string()), ..of("heatmap") },
        ),
        ("ugly-gantt", Data { bars: vec![bar(5.0)], ..Data::default() }, Request::default()),
        ("ugly-gantt-nan", Data { bars: vec![bar(f64::NAN)], ..Data::default() }, Request::default()),
        ("ugly-unknown", sweep(false), Request { color: Some("perod".to_string()), ..Request::default() }),
        ("ugly-log", over(steps(5), steps(5)), Request { log_x: AxisScale::Log, ..Request::default() }),
        ("ugly-small", sweep(true), Request { width: Some(200), height: Some(150), ..Request::default() }),
        ("ugly-wide", sweep(false), Request { width: Some(2000), height: Some(300), ..Request::default() }),
    ]
}

fn large() -> Vec<Example> {
    let mut chance = Chance(5);
    let n = 1_000_000;
    let x: Vec<f64> = rows(n, |_| chance.normal());
    let y: Vec<f64> = x.iter().map(|x| x * 0.7 + chance.normal()).collect();
    let cloud =
        table("", vec![numbers("x", "", Role::Output, x.clone()), numbers("y", "", Role::Output, y.clone())]);
    let side = |i: usize| i as f64 / 1000.0;
    let grid = table(
        "",
        vec![
            numbers("x", "", Role::Parameter, rows(n, |i| side(i % 1000))),
            numbers("y", "", Role::Parameter, rows(n, |i| side(i / 1000))),
            numbers(
                "z",
                "",
                Role::Output,
                rows(n, |i| {
                    (side(i % 1000) * 9.0).sin() + (side(i / 1000) * 5.0).cos() + chance.normal() * 0.1
                }),
            ),
        ],
    );
    let random = table(
        "",
        vec![
            numbers("x", "", Role::Parameter, x),
            numbers("w", "", Role::Parameter, y.clone()),
            numbers("y", "", Role::Output, y),
        ],
    );
    let long = table(
        "",
        vec![
            numbers("x", "", Role::Parameter, rows(n, |i| i as f64)),
            numbers("y", "", Role::Output, rows(n, |i| (i as f64 / 1e5).sin() + chance.normal() * 0.1)),
        ],
    );
    let named = Request { x: Some("x".to_string()), y: Some("y".to_string()), ..of("scatter") };
    vec![
        ("large-scatter", cloud.clone(), named),
        ("large-heatmap", grid.clone(), Request::default()),
        ("large-heatmap-random", random.clone(), of("heatmap")),
        ("large-scatter-mean", random, of("scatter")),
        ("large-line", long, of("line")),
        ("large-histogram", cloud, Request { x: Some("x".to_string()), ..of("histogram") }),
        ("large-matrix", sample(n), of("scatter-matrix")),
        ("large-parallel", sample(n), of("parallel")),
        ("large-contour", grid, of("contour")),
        ("large-box", solvers(n / 6), of("box")),
        ("large-throughput", schedule(64, n, 10.0), of("throughput")),
        ("large-gantt", schedule(64, n, 10.0), Request::default()),
        ("large-gantt-slots", schedule(5000, n, 10.0), Request::default()),
    ]
}
