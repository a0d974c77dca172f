//! The study files of the examples are right.

use std::path::Path;

use paramo_model::PointTable;
use paramo_model::document::{Origin, read_study, render};

fn parquet(_: Vec<u8>, name: &str) -> Result<PointTable, String> {
    Err(format!("cannot read {name}"))
}

#[test]
fn the_study_files_of_the_examples_are_read() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut read = 0;
    for directory in std::fs::read_dir(examples).unwrap() {
        let directory = directory.unwrap().path();
        let Ok(text) = std::fs::read_to_string(directory.join("study.toml")) else { continue };
        let load =
            |name: &str| std::fs::read(directory.join(name)).map_err(|error| format!("{name}: {error}"));
        let (file, directory_name) = ("study.toml".into(), directory.display().to_string());
        let origin = Origin { file, directory: directory_name, load: &load, parquet: &parquet };
        if let Err(found) = read_study(&text, &origin) {
            let shown: Vec<_> = found.iter().map(|d| render(d, &text, "study.toml")).collect();
            panic!("{}\n{}", directory.display(), shown.join("\n"));
        }
        read += 1;
    }
    assert!(read >= 3, "only {read} examples have a study.toml");
}

/// The blocks of the pages that begin with a name are whole files.
#[test]
fn the_study_files_of_the_pages_are_read() {
    let load = |name: &str| Err(format!("cannot read {name}"));
    let origin = Origin { file: "study.toml".into(), directory: "/".into(), load: &load, parquet: &parquet };
    for (name, at_least) in
        [("README.md", 1), ("docs/study-file.md", 4), ("docs/designs.md", 4), ("docs/tutorial.md", 1)]
    {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
        let page = std::fs::read_to_string(page).unwrap();
        let blocks = page.split("```toml\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0));
        let mut read = 0;
        for text in blocks.filter(|text| text.starts_with("name = ")) {
            if let Err(found) = read_study(text, &origin) {
                let shown: Vec<_> = found.iter().map(|d| render(d, text, name)).collect();
                panic!("{text}\n{}", shown.join("\n"));
            }
            read += 1;
        }
        assert!(read >= at_least, "{read} study files in {name}, {at_least} expected");
    }
}
