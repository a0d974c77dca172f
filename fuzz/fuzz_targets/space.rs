//! The space of any study has points that its parameters accept, in any order, or is refused with diagnostics.

#![no_main]

use libfuzzer_sys::fuzz_target;
use paramo_design::{MAX_POINTS, Sequence, Space};
use paramo_model::Order;
use paramo_model::document::{Origin, read_study};

fuzz_target!(|text: &str| {
    let load = |_: &str| Ok(b"k1,k2\n1,\"[2, 3]\"\n".to_vec());
    let parquet = |_: Vec<u8>, name: &str| Err(format!("cannot read {name}"));
    let origin = Origin { file: "study.toml".into(), directory: "/".into(), load: &load, parquet: &parquet };
    let Ok(document) = read_study(text, &origin) else { return };
    let parameters = &document.study.application.parameters;
    match Space::new(&document.study.space, parameters) {
        Ok(space) => {
            assert!(space.len() <= MAX_POINTS);
            let _ = (space.blocks(), space.varying());
            for order in [Order::Sequential, Order::Reverse, Order::Random(space.len()), Order::Coarse] {
                for index in Sequence::new(&space, order, 0, space.len()).take(50) {
                    let _ = space.included(index);
                    let point = space.point(index).expect("a sequence stays in its space");
                    for (value, parameter) in point.iter().zip(parameters) {
                        assert_eq!(parameter.accept(value.clone()).as_ref(), Ok(value), "{}", parameter.name);
                    }
                }
            }
        }
        Err(wrong) => assert!(!wrong.is_empty()),
    }
});
