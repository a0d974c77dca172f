//! Whatever a table holds: a picture within its borders, or a sentence; never a panic.

use proptest::prelude::*;

use crate::{AxisScale, Band, Bar, Column, Data, Format, KINDS, Request, Role, Timing, Values, choose};

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (0i32..6).prop_map(f64::from),
        3 => -1e3..1e3f64,
        2 => any::<f64>(),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 5e-324, -0.0, 1e300, 1e-300]),
    ]
}

fn any_column(rows: usize) -> impl Strategy<Value = Column> {
    let role = prop::sample::select(vec![Role::Parameter, Role::Replicate, Role::Output]);
    let values = prop_oneof![
        3 => prop::collection::vec(any_number(), rows).prop_map(Values::Numbers),
        1 => any_number().prop_map(move |v| Values::Numbers(vec![v; rows])),
        1 => (prop::collection::vec("\\PC{0,12}", 0..5), prop::collection::vec(0u32..6, rows))
            .prop_map(|(labels, codes)| Values::Labels { labels, codes }),
    ];
    ("\\PC{0,40}", prop::option::of("\\PC{0,8}"), role, any::<bool>(), values)
        .prop_map(|(name, unit, role, log, values)| Column { name, unit, role, log, values })
}

/// Mostly what a clock says.
fn any_seconds() -> impl Strategy<Value = f64> {
    prop_oneof![4 => 0.0..1e4f64, 1 => any_number(), 1 => any_number().prop_map(f64::abs)]
}

fn any_data() -> impl Strategy<Value = Data> {
    let bar = ((0u32..3, 0u32..9), any_seconds(), any_seconds(), any::<bool>())
        .prop_map(|((worker, slot), start, end, ok)| Bar { worker, slot, start, end, ok });
    let timing = ("\\PC{0,9}", prop_oneof![4 => 0u32..9, 1 => any::<u32>()], any_seconds(), 0u64..50)
        .prop_map(|(study, slots, seconds, runs)| Timing { study, slots, seconds, runs });
    let columns = (0usize..30).prop_flat_map(|rows| prop::collection::vec(any_column(rows), 0..5));
    (
        prop::option::of("\\PC{0,90}"),
        columns,
        prop::collection::vec(bar, 0..12),
        prop::collection::vec(timing, 0..5),
    )
        .prop_map(|(title, columns, bars, timings)| Data { title, columns, bars, timings })
}

/// Whether the text is well-formed XML, and every coordinate a number near the picture.
fn inside_its_borders(svg: &str) -> Result<(), String> {
    let document = roxmltree::Document::parse(svg).map_err(|error| error.to_string())?;
    let size =
        |name| document.root_element().attribute(name).and_then(|v| v.parse::<f64>().ok()).unwrap_or(0.0);
    let near = -60.0..=size("width").max(size("height")) + 60.0;
    for node in document.descendants() {
        for attribute in node.attributes().filter(|a| PLACES.contains(&a.name())) {
            let text = attribute.value();
            let numbers = text.split(|c: char| "MLHhvz ".contains(c)).filter(|n| !n.is_empty());
            for number in numbers {
                let v: f64 =
                    number.parse().map_err(|_| format!("`{number}` in {}: {text}", attribute.name()))?;
                if !near.contains(&v) {
                    return Err(format!("{v} in {}: {text}", attribute.name()));
                }
            }
        }
    }
    Ok(())
}

const PLACES: [&str; 9] = ["x", "y", "cx", "cy", "r", "d", "width", "height", "font-size"];

/// Forty at every build; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_table_gives_a_picture_or_a_sentence(
        data in any_data(),
        scales in prop::array::uniform3(prop::sample::select(vec![AxisScale::Auto, AxisScale::Linear, AxisScale::Log])),
        named in prop::array::uniform3(prop::option::weighted(0.3, any::<prop::sample::Index>())),
        band in prop::sample::select(vec![Band::Auto, Band::MinMax, Band::Quartiles, Band::Confidence]),
        size in prop::option::weighted(0.3, (200u32..900, 150u32..700)),
        listed in prop::option::weighted(0.2, prop::collection::vec(any::<prop::sample::Index>(), 1..4)),
    ) {
        let name = |index: &Option<prop::sample::Index>| {
            index.filter(|_| !data.columns.is_empty()).map(|index| index.get(&data.columns).name.clone())
        };
        let request = Request {
            x: name(&named[0]),
            y: name(&named[1]),
            color: name(&named[2]),
            log_x: scales[0],
            log_y: scales[1],
            log_color: scales[2],
            band,
            width: size.map(|(width, _)| width),
            height: size.map(|(_, height)| height),
            ..Request::default()
        };
        let listed: Vec<String> = listed.iter().flatten().filter_map(|index| name(&Some(*index))).collect();
        for kind in KINDS.iter().map(Some).chain([None]) {
            let columns = if kind.is_some_and(|kind| kind.takes_many()) { listed.clone() } else { Vec::new() };
            let kind = kind.map(|kind| kind.name().to_string());
            let request = Request { kind, columns, ..request.clone() };
            match choose(&data, &request).and_then(|choice| choice.draw(Format::Svg)) {
                Err(why) => prop_assert!(!why.is_empty() && !why.ends_with('.')),
                Ok(picture) => {
                    let text = String::from_utf8(picture.bytes).map_err(|e| TestCaseError::fail(e.to_string()))?;
                    inside_its_borders(&text).map_err(|why| TestCaseError::fail(format!("{request:?}: {why}")))?;
                }
            }
            let page = choose(&data, &request).and_then(|choice| choice.draw(Format::Html));
            if let Ok(page) = page {
                let text = String::from_utf8(page.bytes).map_err(|e| TestCaseError::fail(e.to_string()))?;
                let text = text.strip_prefix("<!DOCTYPE html>").unwrap_or_default();
                roxmltree::Document::parse(text).map_err(|e| TestCaseError::fail(e.to_string()))?;
            }
        }
        // The other writer sees the same scene; once is enough.
        if let Ok(choice) = choose(&data, &Request { width: Some(240), height: Some(180), ..Request::default() }) {
            let _ = choice.draw(Format::Png);
        }
    }
}
