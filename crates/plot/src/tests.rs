//! Whole pictures: what is chosen, and what stands in the SVG.

mod kinds;
mod random;

use crate::{AxisScale, Band, Bar, Column, Data, Format, KINDS, Request, Role, Timing, Values, choose, kind};

fn numbers(name: &str, role: Role, values: impl IntoIterator<Item = f64>) -> Column {
    Column {
        name: name.to_string(),
        unit: None,
        role,
        log: false,
        values: Values::Numbers(values.into_iter().collect()),
    }
}

fn labels(name: &str, role: Role, texts: &[&str], codes: impl IntoIterator<Item = u32>) -> Column {
    let labels = texts.iter().map(|text| text.to_string()).collect();
    Column {
        name: name.to_string(),
        unit: None,
        role,
        log: false,
        values: Values::Labels { labels, codes: codes.into_iter().collect() },
    }
}

fn table(columns: Vec<Column>) -> Data {
    Data { columns, ..Data::default() }
}

/// `n` × `n` points with `runs` runs each; `k1` is geometric, `k2` even.
fn sweep(n: usize, runs: usize) -> Data {
    let rows = 0..n * n * runs;
    let k1 = rows.clone().map(|row| 1e8 * 20f64.powf((row / runs / n) as f64 / (n - 1) as f64));
    let k2 = rows.clone().map(|row| (row / runs % n) as f64);
    let mut columns = vec![
        numbers("k1", Role::Parameter, k1),
        numbers("k2", Role::Parameter, k2),
        numbers("seed", Role::Replicate, rows.clone().map(|row| (row % runs) as f64)),
        numbers("period", Role::Output, rows.map(|row| (row / runs) as f64)),
    ];
    columns[0].unit = Some("1/(M min)".to_string());
    table(columns)
}

fn of(kind: &str) -> Request {
    Request { kind: Some(kind.to_string()), ..Request::default() }
}

fn named(x: &str, y: &str, color: &str) -> Request {
    let name = |text: &str| (!text.is_empty()).then(|| text.to_string());
    Request { x: name(x), y: name(y), color: name(color), ..Request::default() }
}

fn chosen(data: &Data, request: &Request) -> String {
    match choose(data, request) {
        Ok(choice) => choice.to_string(),
        Err(why) => why,
    }
}

fn svg(data: &Data, request: &Request) -> String {
    let picture = choose(data, request).and_then(|choice| choice.draw(Format::Svg)).unwrap();
    String::from_utf8(picture.bytes).unwrap()
}

fn notes(data: &Data, request: &Request) -> String {
    choose(data, request).and_then(|choice| choice.draw(Format::Svg)).unwrap().notes.join("; ")
}

/// The `d` attributes of all paths of a class.
fn paths<'s>(svg: &'s str, class: &str) -> Vec<&'s str> {
    let start = format!("<path class=\"{class}\"");
    let rest = svg.split(&start).skip(1);
    rest.map(|rest| rest.split(" d=\"").nth(1).unwrap().split('"').next().unwrap()).collect()
}

/// How many shapes there are in the paths of a class.
fn shapes(svg: &str, class: &str) -> usize {
    paths(svg, class).iter().map(|d| d.matches('M').count()).sum()
}

fn texts<'s>(svg: &'s str, class: &str) -> Vec<&'s str> {
    let start = format!("<text class=\"{class}\"");
    let rest = svg.split(&start).skip(1);
    rest.map(|rest| rest.split('>').nth(1).unwrap().split('<').next().unwrap()).collect()
}

#[test]
fn the_picture_follows_from_what_varies() {
    let modes = |n: u32| labels("mode", Role::Parameter, &["a", "b"], (0..n).map(|i| i % 2));
    let x = |n: u32| numbers("x", Role::Parameter, (0..n).map(|i| f64::from(i / 2)));
    let y = |n: u32| numbers("y", Role::Output, (0..n).map(f64::from));
    let random = |name: &str, n: u32, f: f64| {
        numbers(name, Role::Parameter, (0..n).map(move |i| (f64::from(i) * f).sin()))
    };
    let bars = vec![Bar { worker: 0, slot: 0, start: 0.0, end: 1.0, ok: true }];
    let timing =
        |slots| Timing { study: format!("s{slots}"), slots, seconds: 8.0 / f64::from(slots), runs: 9 };
    let timings = vec![timing(1), timing(2)];
    let three = |sampled: bool| {
        let column = |name: &str, i: u32| match sampled {
            true => random(name, 60, f64::from(i + 1)),
            false => numbers(name, Role::Parameter, (0..60).map(move |row| f64::from(row / 4u32.pow(i) % 4))),
        };
        table(vec![column("a", 0), column("b", 1), column("c", 2), y(60)])
    };
    for (data, expected) in [
        (sweep(5, 2), "heatmap of `period` over `k1` and `k2`"),
        (table(vec![x(20), y(20)]), "line of `y` over `x`"),
        (table(vec![x(20), modes(20), y(20)]), "line of `y` over `x`, coloured by `mode`"),
        (table(vec![modes(20), y(20)]), "box of `y` over `mode`"),
        (three(false), "parallel, coloured by `y`"),
        (three(true), "scatter-matrix"),
        (
            table(vec![
                modes(20),
                labels("step", Role::Parameter, &["c", "d"], (0..20).map(|i| i / 10)),
                y(20),
            ]),
            "box of `y` over `mode`, coloured by `step`",
        ),
        (Data { timings, ..Data::default() }, "speed-up"),
        (table(vec![y(20)]), "histogram of `y`"),
        (table(vec![numbers("x", Role::Parameter, [1.0; 20]), y(20)]), "histogram of `y`"),
        (table(vec![random("u", 50, 1.0), y(50)]), "scatter of `y` over `u`"),
        (
            table(vec![random("u", 50, 1.0), random("v", 50, 2.0), y(50)]),
            "scatter of `v` over `u`, coloured by `y`",
        ),
        (Data { bars: bars.clone(), ..Data::default() }, "gantt"),
        (Data { bars, ..table(vec![numbers("y", Role::Output, [f64::NAN])]) }, "gantt"),
    ] {
        assert_eq!(chosen(&data, &Request::default()), expected);
    }
}

#[test]
fn named_columns_lead_to_the_picture_that_shows_them() {
    let data = sweep(5, 2);
    for (request, expected) in [
        (named("k2", "", ""), "heatmap of `period` over `k2` and `k1`"),
        (named("", "period", ""), "line of `period` over `k1`, coloured by `k2`"),
        (named("k2", "period", "k1"), "line of `period` over `k2`, coloured by `k1`"),
        (named("period", "", ""), "histogram of `period`"),
        (named("", "", "k2"), "line of `period` over `k1`, coloured by `k2`"),
    ] {
        assert_eq!(chosen(&data, &request), expected, "{request:?}");
    }
}

#[test]
fn what_cannot_be_drawn_is_said_in_a_sentence() {
    let data = sweep(10, 1);
    let nothing = table(vec![
        numbers("x", Role::Parameter, [1.0, 2.0]),
        numbers("period", Role::Output, [f64::NAN; 2]),
    ]);
    let text = table(vec![labels("mode", Role::Output, &["a"], [0, 0])]);
    for (data, request, expected) in [
        (&Data::default(), Request::default(), "there is nothing to draw: the table has no rows yet"),
        (&nothing, Request::default(), "no run has a value for `period`"),
        (&nothing, of("line"), "no run has a value for `period`"),
        (&text, Request::default(), "the table has no output with numbers; name the column to draw"),
        (
            &text,
            Request { color: Some("mode".into()), ..of("heatmap") },
            "a heat map needs two parameters with different values, and the table has 0; name its columns with x and y",
        ),
        (&data, named("k3", "", ""), "there is no column `k3`; did you mean `k1`?"),
        (&data, named("zzzzz", "", ""), "there is no column `zzzzz`; there are `k1`, `k2`, `seed`, `period`"),
        (&data, of("heatmp"), "there is no picture called `heatmp`; did you mean `heatmap`?"),
        (
            &data,
            of("doughnut"),
            "there is no picture called `doughnut`; there are `heatmap`, `contour`, `line`, `box`, `scatter`, `scatter-matrix`, \
             `parallel`, `histogram`, `gantt`, `throughput`, `speed-up`, `efficiency`",
        ),
        (&data, of("gantt"), "no run has started yet, so there is no time to show"),
        (
            &data,
            Request { color: Some("k1".into()), ..of("line") },
            "`k1` has 10 different values, and 8 lines can be told apart; choose another column for the colour, or a heatmap",
        ),
        (
            &data,
            Request { x: Some("k1".into()), y: Some("k1".into()), ..of("heatmap") },
            "a heat map needs two different columns, and `k1` was given for both",
        ),
        (
            &data,
            Request { width: Some(10), ..Request::default() },
            "a picture of 10 × 360 pixels cannot be drawn: give a width of 200 to 4000 and a height of 150 to 4000",
        ),
    ] {
        assert_eq!(chosen(data, &request), expected);
    }
    let many: Vec<String> = (0..1000).map(|i| i.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let many = table(vec![
        labels("id", Role::Parameter, &many, 0..1000),
        numbers("y", Role::Output, (0..1000).map(f64::from)),
    ]);
    for kind in ["line", "scatter", "histogram"] {
        let why = choose(&many, &Request { x: Some("id".into()), ..of(kind) })
            .unwrap()
            .draw(Format::Svg)
            .unwrap_err();
        assert_eq!(why, "`id` has 1000 different texts, and an axis has room for 400; choose another column");
    }
    let choice = choose(&data, &Request { log_y: AxisScale::Log, ..Request::default() }).unwrap();
    let why = choice.draw(Format::Svg).unwrap_err();
    assert_eq!(
        why,
        "`k2` has values that are not positive, so its axis cannot be logarithmic; leave out the logarithm"
    );
    let uneven = table(vec![numbers("x", Role::Output, [1.0]), numbers("y", Role::Output, [1.0, 2.0])]);
    assert_eq!(
        chosen(&uneven, &Request::default()),
        "all columns need the same number of rows: `y` has 2 and `x` has 1"
    );
}

#[test]
fn a_heat_map_has_a_cell_for_every_point() {
    let mut data = sweep(6, 3);
    let picture = svg(&data, &Request::default());
    assert_eq!(shapes(&picture, "cells"), 36);
    assert_eq!(shapes(&picture, "nothing"), 0);
    assert_eq!(texts(&picture, "label"), ["k1 (1/(M min))", "k2", "mean period"]);
    let ticks = texts(&picture, "tick");
    assert!(["10⁸", "10⁹", "0", "5"].iter().all(|tick| ticks.contains(tick)), "{ticks:?}");
    assert_eq!(notes(&data, &Request::default()), "mean of 3 runs per cell");

    // One point loses all its runs, one loses one.
    if let Values::Numbers(period) = &mut data.columns[3].values {
        period[..4].fill(f64::NAN);
    }
    let picture = svg(&data, &Request::default());
    assert_eq!((shapes(&picture, "cells"), texts(&picture, "legend")), (35, vec!["no value"]));
    assert_eq!(notes(&data, &Request::default()), "mean of 2–3 runs per cell; 1 of 36 cells without a value");
}

#[test]
fn cells_of_a_geometric_axis_are_equally_wide() {
    let picture = svg(&sweep(6, 1), &Request::default());
    let widths: Vec<f64> = paths(&picture, "cells")
        .iter()
        .flat_map(|d| d.split('M').skip(1))
        .map(|cell| cell.split(['h', 'v']).nth(1).unwrap().parse().unwrap())
        .collect();
    assert!(widths.iter().all(|w| (w - widths[0]).abs() < 0.03), "{widths:?}");
}

#[test]
fn very_many_cells_are_averaged() {
    let (n, m) = (1100, 60);
    let rows = 0..n * m;
    let data = table(vec![
        numbers("x", Role::Parameter, rows.clone().map(|row| (row % n) as f64)),
        numbers("y", Role::Parameter, rows.clone().map(|row| (row / n) as f64)),
        numbers("z", Role::Output, rows.map(|row| ((row % n) / 100) as f64)),
    ]);
    assert_eq!(notes(&data, &Request::default()), "2 × 1 points per cell; mean of 2 runs per cell");
    let picture = svg(&data, &Request::default());
    assert!(picture.len() < 1_000_000, "{} bytes", picture.len());
    assert_eq!((shapes(&picture, "cells"), picture.matches("<image class=\"cells\"").count()), (0, 1));
}

#[test]
fn scattered_points_are_not_given_a_cell_each() {
    let rows = 0..3000;
    let at = |row: u32, f: f64| (f64::from(row) * f).sin();
    let data = table(vec![
        numbers("x", Role::Parameter, rows.clone().map(|row| at(row, 1.1))),
        numbers("y", Role::Parameter, rows.clone().map(|row| at(row, 2.3))),
        numbers("z", Role::Output, rows.map(f64::from)),
    ]);
    assert!(notes(&data, &of("heatmap")).starts_with("averaged in 27 × 27 bins; mean of 1–"));
}

#[test]
fn a_line_has_a_point_for_every_value_and_a_band_for_repeated_runs() {
    let rows = 0..40u32;
    let mut data = table(vec![
        numbers("x", Role::Parameter, rows.clone().map(|row| f64::from(row / 4))),
        numbers("y", Role::Output, rows.map(|row| f64::from(row % 4))),
    ]);
    let picture = svg(&data, &Request::default());
    let line = paths(&picture, "series");
    assert_eq!(line.len(), 1);
    assert_eq!(line[0].matches('M').count() + line[0].matches('L').count(), 10);
    assert_eq!(picture.matches("<circle").count(), 10);
    assert_eq!(shapes(&picture, "band"), 1);
    assert_eq!(notes(&data, &Request::default()), "mean and range of 4 runs per point");
    let band = Request { band: Band::Confidence, ..Request::default() };
    assert_eq!(notes(&data, &band), "mean and 95 % confidence interval of 4 runs per point");
    if let Values::Numbers(y) = &mut data.columns[1].values {
        (y[0], y[1]) = (f64::NAN, f64::INFINITY);
    }
    let expected =
        "mean and range of 2–4 runs per point; 1 run without a value; 1 infinite value of y left out";
    assert_eq!(notes(&data, &Request::default()), expected);
}

#[test]
fn series_differ_in_more_than_colour() {
    let data = sweep(8, 1);
    let picture = svg(&data, &named("k1", "period", "k2"));
    let series: Vec<&str> =
        picture.lines().filter(|line| line.starts_with("<path class=\"series\"")).collect();
    let look = |line: &str| line.split(" d=").next().unwrap().to_string();
    let mut looks: Vec<String> = series.iter().map(|line| look(line)).collect();
    looks.sort();
    looks.dedup();
    assert_eq!(looks.len(), 8);
    assert!(looks.iter().filter(|look| look.contains("stroke-dasharray")).count() >= 4);
    assert_eq!(texts(&picture, "legend-title"), ["k2:"]);
    assert_eq!(texts(&picture, "legend"), ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

#[test]
fn very_many_dots_become_hexagons() {
    let rows = |n: u32, f: f64| (0..n).map(move |row| (f64::from(row) * f).sin());
    let data =
        |n| table(vec![numbers("x", Role::Output, rows(n, 1.1)), numbers("y", Role::Output, rows(n, 2.3))]);
    let request = named("x", "y", "");
    assert_eq!(svg(&data(900), &request).matches("<circle").count(), 900);
    let picture = svg(&data(50_000), &request);
    assert_eq!(picture.matches("<circle").count(), 0);
    assert!(shapes(&picture, "hexagons") > 500);
    assert!(picture.len() < 1_000_000, "{} bytes", picture.len());
    assert_eq!(notes(&data(50_000), &request), "density of 50000 runs in hexagons");
}

#[test]
fn a_histogram_counts_every_run() {
    let data = table(vec![numbers("y", Role::Output, [1.0, 2.0, 2.0, 5.0, f64::NAN, f64::INFINITY])]);
    let picture = svg(&data, &Request::default());
    assert_eq!(shapes(&picture, "bars"), 3, "whole numbers have a bar each");
    assert_eq!(
        notes(&data, &Request::default()),
        "4 runs; 1 without a value; 1 infinite value of y left out"
    );
    let data = table(vec![labels("end", Role::Output, &["ok", "none", "bad"], [0, 0, 2, 7])]);
    let picture = svg(&data, &Request { x: Some("end".into()), ..of("histogram") });
    assert_eq!(texts(&picture, "tick"), ["ok", "bad", "0", "1", "2"]);
}

#[test]
fn a_gantt_chart_shows_each_run_until_there_are_too_many() {
    let bars = |n: u32| {
        (0..n).map(|i| Bar {
            worker: 0,
            slot: i % 3,
            start: f64::from(i / 3),
            end: f64::from(i / 3) + 0.9,
            ok: i != 5,
        })
    };
    let data = |n| Data { bars: bars(n).collect(), ..Data::default() };
    let picture = svg(&data(30), &Request::default());
    assert_eq!((shapes(&picture, "succeeded"), shapes(&picture, "failed")), (29, 1));
    assert_eq!(
        notes(&data(30), &Request::default()),
        "30 runs on 3 slots; busy 90.9 % of the time; 1 failed"
    );
    let picture = svg(&data(30_000), &Request::default());
    assert!(shapes(&picture, "succeeded") < 3000);
    assert_eq!(shapes(&picture, "failed"), 1, "the one failure is still seen");
    assert_eq!(texts(&picture, "label"), ["time (min)", "slot"]);
    let apart = |bar: Bar| Bar { worker: bar.slot % 2, ..bar };
    let two = Data { bars: bars(30).map(apart).collect(), ..Data::default() };
    let picture = svg(&two, &Request::default());
    assert_eq!(texts(&picture, "label"), ["time (s)", "worker : slot"]);
    assert!(["0 : 0", "0 : 2", "1 : 1"].iter().all(|row| texts(&picture, "tick").contains(row)));
    assert!(notes(&two, &Request::default()).starts_with("30 runs on 3 slots of 2 workers"));
}

#[test]
fn names_are_text_and_never_markup() {
    let mut data = sweep(4, 1);
    data.title = Some("<script>&\"'".to_string());
    data.columns[3].name = "a < b & c\u{1}".to_string();
    let picture = svg(&data, &Request::default());
    assert!(picture.contains("a &lt; b &amp; c\u{fffd}"));
    assert!(picture.contains("&lt;script&gt;&amp;&quot;"));
    assert!(!picture.contains("<script"));
    assert!(picture.contains("sans-serif"));
}

#[test]
fn a_png_has_two_pixels_for_one_and_says_so() {
    let choice =
        choose(&sweep(5, 2), &Request { width: Some(300), height: Some(200), ..Request::default() }.clone())
            .map(|c| c.draw(Format::Png));
    let bytes = choice.unwrap().unwrap().bytes;
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((frame.width, frame.height, frame.color_type), (600, 400, png::ColorType::Rgb));
    assert_eq!(reader.info().pixel_dims.map(|d| (d.xppu, d.unit)), Some((7559, png::Unit::Meter)));
    // Paper in the corner; the dark and the light end of the scale somewhere.
    let colours: std::collections::HashSet<[u8; 3]> = pixels.chunks(3).map(|p| [p[0], p[1], p[2]]).collect();
    assert_eq!(pixels[..3], [255, 255, 255]);
    assert!(colours.contains(&[0x44, 0x01, 0x54]) && colours.contains(&[0xfd, 0xe7, 0x25]));
}

#[test]
fn the_same_table_gives_the_same_bytes() {
    for format in [Format::Svg, Format::Png] {
        let draw = || {
            choose(&sweep(5, 2), &Request::default()).and_then(|choice| choice.draw(format)).unwrap().bytes
        };
        assert!(draw() == draw());
    }
}

#[test]
fn every_kind_has_its_file_and_can_be_asked_for() {
    let mut files: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains("\nimpl Kind for ")))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut names: Vec<String> = KINDS.iter().map(|kind| kind.name().replace('-', "_")).collect();
    files.sort();
    names.sort();
    assert_eq!(files, names);
    assert!(KINDS.iter().all(|k| !k.help().is_empty() && kind(k.name()).is_ok()));
}
