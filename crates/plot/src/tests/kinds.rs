//! The kinds that draw more than two columns, compare studies, or show when runs ran; and the page.

use super::{labels, notes, numbers, of, paths, shapes, svg, sweep, table, texts};
use crate::{Bar, Column, Data, Format, Request, Role, Timing, Values, choose};

fn page(data: &Data, request: &Request) -> String {
    let picture = choose(data, request).and_then(|choice| choice.draw(Format::Html)).unwrap();
    String::from_utf8(picture.bytes).unwrap()
}

fn refused(data: &Data, request: &Request) -> String {
    choose(data, request).and_then(|choice| choice.draw(Format::Svg)).unwrap_err()
}

/// `n` runs whose output falls with the first of three parameters.
fn sample(n: u32) -> Data {
    let wave = |f: f64| (0..n).map(move |i| (f64::from(i) * f).sin());
    table(vec![
        numbers("a", Role::Parameter, wave(1.0)),
        numbers("b", Role::Parameter, wave(2.3)),
        numbers("c", Role::Parameter, wave(3.7)),
        numbers("y", Role::Output, wave(1.0).map(|v| -v * v * v)),
    ])
}

#[test]
fn contours_lie_at_round_values_of_the_colour_bar() {
    let picture = svg(&sweep(9, 2), &of("contour"));
    assert_eq!(texts(&picture, "label"), ["k1 (1/(M min))", "k2", "mean period"]);
    let ticks = texts(&picture, "tick");
    assert!(["10", "20", "70"].iter().all(|tick| ticks.contains(tick)), "{ticks:?}");
    // Periods run from 0 to 80, so below the first of nine levels there is nothing and above the last a point.
    assert_eq!(shapes(&picture, "areas"), 9);
    assert_eq!(shapes(&picture, "contours"), 7);
    assert_eq!(notes(&sweep(9, 2), &of("contour")), "mean of up to 2 runs per point");
}

#[test]
fn contours_leave_out_cells_without_a_corner_and_refuse_scattered_points() {
    let mut data = sweep(9, 1);
    if let Values::Numbers(period) = &mut data.columns[3].values {
        period[40] = f64::NAN;
    }
    assert_eq!(shapes(&svg(&data, &of("contour")), "nothing"), 4 + 1, "four cells, and the legend");
    let why = refused(&sample(200), &of("contour"));
    assert!(why.contains("scattered") && why.contains("heatmap"), "{why}");
    let line = table(vec![numbers("x", Role::Parameter, [1.0, 2.0]), numbers("y", Role::Output, [1.0, 2.0])]);
    assert!(refused(&line, &of("contour")).contains("two numeric parameters"));
}

#[test]
fn boxes_have_quartiles_whiskers_and_outliers() {
    let mut values: Vec<f64> = (0..40).map(|i| f64::from(i / 2)).collect();
    values[39] = 1000.0;
    let data = table(vec![
        labels("mode", Role::Parameter, &["a", "b"], (0..40).map(|i| i % 2)),
        numbers("y", Role::Output, values),
    ]);
    let picture = svg(&data, &Request::default());
    assert_eq!((shapes(&picture, "box"), shapes(&picture, "outline median")), (2, 2));
    assert_eq!(picture.split("class=\"outliers\"").count() - 1, 1);
    let said = notes(&data, &Request::default());
    assert_eq!(said, "median, quartiles, and whiskers to 1.5 interquartile ranges, of 20 runs each");
}

#[test]
fn few_runs_are_dots_and_no_box() {
    let data = table(vec![
        labels("mode", Role::Parameter, &["a", "b"], [0, 0, 0, 1, 1, 1]),
        numbers("y", Role::Output, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
    ]);
    let picture = svg(&data, &Request::default());
    assert_eq!((shapes(&picture, "box"), picture.matches("<circle").count()), (0, 6));
    assert_eq!(notes(&data, &Request::default()), "3 runs each, with their median");
}

#[test]
fn a_scatter_matrix_has_a_panel_for_every_pair() {
    let data = sample(60);
    let picture = svg(&data, &Request::default());
    assert_eq!(picture.matches("<circle").count(), 6 * 60);
    let correlations = texts(&picture, "correlation");
    assert_eq!((correlations.len(), correlations[3]), (6, "ρ = −1.00"));
    let two = Request { columns: vec!["y".into(), "b".into()], ..of("scatter-matrix") };
    assert_eq!(texts(&svg(&data, &two), "correlation").len(), 1);
    let many = svg(&sample(5000), &of("scatter-matrix"));
    assert_eq!((many.matches("<circle").count(), many.matches("class=\"density\"").count()), (0, 6));
}

#[test]
fn parallel_coordinates_break_where_a_value_is_missing() {
    let mut data = sample(30);
    if let Values::Numbers(b) = &mut data.columns[1].values {
        b[7] = f64::NAN;
    }
    let request = of("parallel");
    let picture = svg(&data, &request);
    // The other 29 go from a to y; this one has a piece from c to y.
    let lines = paths(&picture, "runs").join("");
    assert_eq!((lines.matches('M').count(), lines.matches('L').count()), (30, 29 * 3 + 1));
    assert_eq!(texts(&picture, "label")[..4], ["a", "b", "c", "y"]);
    assert_eq!(notes(&sample(9000), &request), "1500 of 9000 runs, picked as if by chance");
    let listed = Request { columns: vec!["y".into(), "a".into()], ..request };
    assert_eq!(texts(&svg(&data, &listed), "label")[..2], ["y", "a"]);
    let wrong = Request { columns: vec!["y".into(), "aa".into()], ..of("parallel") };
    assert_eq!(refused(&data, &wrong), "there is no column `aa`; did you mean `a`?");
    let heatmap = Request { columns: vec!["y".into()], ..of("heatmap") };
    assert_eq!(refused(&data, &heatmap), "heatmap takes x, y and a value instead of a list of columns");
}

#[test]
fn parallel_coordinates_are_drawn_where_there_is_little_room() {
    for width in 200..320 {
        let request = Request { width: Some(width), height: Some(300), ..of("parallel") };
        match choose(&sample(30), &request).and_then(|choice| choice.draw(Format::Svg)) {
            Ok(_) => {}
            Err(why) => assert!(width < 240 && why.contains("larger picture"), "{width}: {why}"),
        }
    }
}

#[test]
fn a_throughput_counts_every_run_once() {
    let bars = |n: u32| {
        (0..n).map(|i| Bar {
            worker: 0,
            slot: 0,
            start: f64::from(i),
            end: f64::from(i + 1),
            ok: i % 10 != 0,
        })
    };
    let data = Data { bars: bars(200).collect(), ..Data::default() };
    let picture = svg(&data, &of("throughput"));
    assert_eq!((shapes(&picture, "succeeded"), shapes(&picture, "failed")), (10, 10));
    assert_eq!(texts(&picture, "label"), ["time (min)", "runs ended (1/s)"]);
    assert_eq!(
        notes(&data, &of("throughput")),
        "200 runs in bins of 20 s; dashed: mean of 1 runs/s; 20 failed"
    );
    let rows = page(&data, &of("throughput")).matches("<td>18</td><td>2</td>").count();
    assert!(rows >= 8, "{rows}");
}

#[test]
fn runs_of_next_to_no_time_have_a_throughput() {
    for end in [0.0, 5e-324, 1e-12] {
        let data =
            Data { bars: vec![Bar { worker: 0, slot: 0, start: 0.0, end, ok: true }], ..Data::default() };
        assert!(notes(&data, &of("throughput")).contains("mean of 1 runs/s"), "{end}");
        assert!(!svg(&data, &of("throughput")).contains("inf"), "{end}");
    }
}

#[test]
fn studies_are_compared_by_their_slots() {
    let timing = |slots: u32, seconds| Timing { study: format!("s{slots}"), slots, seconds, runs: 50 };
    let data = Data { timings: vec![timing(4, 30.0), timing(1, 100.0), timing(2, 50.0)], ..Data::default() };
    let picture = svg(&data, &Request::default());
    assert_eq!(texts(&picture, "label"), ["slots", "speed-up"]);
    assert_eq!(texts(&picture, "legend"), ["measured", "ideal"]);
    assert_eq!(texts(&picture, "tick"), ["1", "2", "4", "1", "2", "4"]);
    let numbers = page(&data, &of("efficiency"));
    assert!(
        numbers.contains("<td>s2</td><td>2</td><td>50</td><td>50</td><td>2</td><td>100</td>"),
        "{numbers}"
    );
    let one = Data { timings: vec![timing(2, 50.0), timing(2, 40.0)], ..Data::default() };
    assert!(refused(&one, &Request::default()).contains("all of them used 2"));
}

#[test]
fn a_page_needs_nothing_else_and_says_the_numbers() {
    let mut data = sweep(4, 2);
    data.title = Some("a < b & \"c\"".to_string());
    let page = page(&data, &Request::default());
    let document = roxmltree::Document::parse(page.strip_prefix("<!DOCTYPE html>").unwrap()).unwrap();
    let named =
        |name: &'static str| document.descendants().filter(move |node| node.tag_name().name() == name);
    assert_eq!(named("h1").next().unwrap().text(), Some("a < b & \"c\""));
    assert_eq!(named("tr").count(), 1 + 16);
    let tips = named("g").find(|node| node.attribute("class") == Some("tips")).unwrap();
    assert_eq!(
        tips.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "title"))).count(),
        16
    );
    assert!(page.contains("prefers-color-scheme:dark"));
    assert_eq!((page.matches("<script").count(), page.matches("<link").count()), (0, 0));
    assert_eq!(page.matches("http").count(), 1, "the name of SVG and nothing to fetch");
    // Tips are of the page alone.
    assert!(!svg(&data, &Request::default()).contains("class=\"tips\""));
}

#[test]
fn a_heat_map_of_texts_shows_the_most_frequent() {
    let mut data = sweep(4, 3);
    let phase = labels("phase", Role::Output, &["rare", "often"], (0..48).map(|i| u32::from(i % 3 > 0)));
    data.columns.push(phase);
    let request = Request { color: Some("phase".into()), ..of("heatmap") };
    assert_eq!(texts(&svg(&data, &request), "legend"), ["rare", "often"]);
    assert_eq!(page(&data, &request).matches("<td>often</td><td>3</td>").count(), 16);
    assert_eq!(notes(&data, &request), "the most frequent phase of up to 3 runs per cell");
}

#[test]
fn a_logarithmic_axis_of_the_space_is_one_of_the_picture() {
    let x = |log| Column { log, ..numbers("x", Role::Parameter, [1.0, 2.0, 3.0]) };
    let data = |log| table(vec![x(log), numbers("y", Role::Output, [1.0, 2.0, 3.0])]);
    let ticks = |log| texts(&svg(&data(log), &Request::default()), "tick").join(" ");
    assert_ne!(ticks(true), ticks(false));
}

#[test]
fn signs_that_the_font_lacks_are_named_with_a_png() {
    let mut data = sweep(3, 1);
    data.title = Some("周期 period".to_string());
    let said =
        |format| choose(&data, &Request::default()).and_then(|choice| choice.draw(format)).unwrap().notes;
    assert_eq!(said(Format::Png), ["the PNG shows boxes for 周期, which its font lacks; the SVG has them"]);
    assert_eq!(said(Format::Svg), Vec::<String>::new());
}
