//! Any text is read as a study or refused with diagnostics that lie in it; a study survives the store's JSON.

#![no_main]

use libfuzzer_sys::fuzz_target;
use paramo_model::Study;
use paramo_model::document::{Origin, differences, read_space, read_study, render};

fuzz_target!(|text: &str| {
    let load = |_: &str| Ok(b"k1,k2\n1,\"[2, 3]\"\n".to_vec());
    let parquet = |_: Vec<u8>, name: &str| Err(format!("cannot read {name}"));
    let origin = Origin { file: "study.toml".into(), directory: "/".into(), load: &load, parquet: &parquet };
    match read_study(text, &origin) {
        Ok(document) => {
            let json = serde_json::to_string(&document.study).expect("a study is JSON");
            let again: Study = serde_json::from_str(&json).expect("its JSON is a study");
            assert_eq!(again, document.study);
            assert!(differences(&again, &document.study).is_empty());
            let _ = read_space(text, &document.study.application.parameters, &origin);
        }
        Err(found) => {
            assert!(!found.is_empty());
            for diagnostic in found {
                let position = diagnostic.position.clone().expect("a position");
                assert!(text.get(position.bytes).is_some());
                render(&diagnostic, text, "study.toml");
            }
        }
    }
});
