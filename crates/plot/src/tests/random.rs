//! Whatever a table holds: a picture within its borders, or a sentence; never a panic.

use proptest::prelude::*;

use crate::{AxisScale, Band, Bar, Column, Data, Format, KINDS, Request, Role, Values, choose};

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
    ("\\PC{0,40}", prop::option::of("\\PC{0,8}"), role, values)
        .prop_map(|(name, unit, role, values)| Column { name, unit, role, values })
}

fn any_data() -> impl Strategy<Value = Data> {
    let bar = (0u32..9, any_number(), any_number(), any::<bool>()).prop_map(|(slot, start, end, ok)| Bar {
        slot,
        start,
        end,
        ok,
    });
    let columns = (0usize..30).prop_flat_map(|rows| prop::collection::vec(any_column(rows), 0..5));
    (prop::option::of("\\PC{0,90}"), columns, prop::collection::vec(bar, 0..12))
        .prop_map(|(title, columns, bars)| Data { title, columns, bars })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_table_gives_a_picture_or_a_sentence(
        data in any_data(),
        scales in prop::array::uniform3(prop::sample::select(vec![AxisScale::Auto, AxisScale::Linear, AxisScale::Log])),
        named in prop::array::uniform3(prop::option::weighted(0.3, any::<prop::sample::Index>())),
        band in prop::sample::select(vec![Band::Auto, Band::MinMax, Band::Quartiles, Band::Confidence]),
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
            ..Request::default()
        };
        let kinds = KINDS.iter().map(|kind| Some(kind.name().to_string())).chain([None]);
        for kind in kinds {
            let request = Request { kind, ..request.clone() };
            match choose(&data, &request).and_then(|choice| choice.draw(Format::Svg)) {
                Err(why) => prop_assert!(!why.is_empty() && !why.ends_with('.')),
                Ok(picture) => {
                    let text = String::from_utf8(picture.bytes).map_err(|e| TestCaseError::fail(e.to_string()))?;
                    prop_assert!(!text.contains("NaN") || data.title.as_ref().is_some_and(|t| t.contains("NaN")), "{text}");
                    for d in text.split(" d=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                        prop_assert!(!d.contains("inf") && !d.contains('e'), "{request:?}: {d}");
                        let far = d.split(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').filter_map(|n| n.parse::<f64>().ok());
                        prop_assert!(far.into_iter().all(|n| (-60.0..=540.0).contains(&n)), "outside: {request:?} {d}");
                    }
                }
            }
        }
        // The other writer sees the same scene; once is enough.
        if let Ok(choice) = choose(&data, &Request { width: 240, height: 180, ..Request::default() }) {
            let _ = choice.draw(Format::Png);
        }
    }
}
