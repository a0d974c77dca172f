//! The portal in a real browser, on real runs: tests/portal/through.mjs goes through it and pictures every page on the way,
//! tests/portal/large.mjs looks through a study of many runs.

use std::io::{BufRead, BufReader};
use std::process::Command;

use paramo_tests::group::Group;
use paramo_tests::{Desk, repository};

#[test]
fn a_browser_goes_through_the_portal() {
    let desk = Desk::new();
    let group = Group::start(&desk, &[]);
    let pictures = repository().join("target/portal");
    let ended = Command::new("node")
        .arg(repository().join("tests/portal/through.mjs"))
        .args([&group.link])
        .arg(&pictures)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "the pictures are in {}\n{said}", pictures.display());
}

/// Enough runs that lists are fetched by pages, points are thinned, and bars are merged. How long the page may be busy is measured by
/// `benches/run --only reading`; here it is only not to hang.
#[test]
fn a_browser_looks_through_a_study_of_many_runs() {
    let desk = Desk::new();
    desk.file("many.py", "def f(x, y):\n    return {'sum': x + y, 'product': x * y}\n");
    desk.file(
        "many.toml",
        "name = \"many\"\n[application]\nfunction = \"many:f\"\n[application.outputs]\nsum = { json = \"sum\" }\n\
         product = { json = \"product\" }\n[space]\nx = { from = 1, to = 120, step = 1 }\ny = { from = 1, to = 60, step = 1 }\n",
    );
    desk.paramo(&["run", "many.toml", "--quiet"]).expect(0);
    let mut server = desk.start(&["ui", "--listen", "127.0.0.1:0"]);
    let mut link = String::new();
    let out = server.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut link).unwrap();
    let ended = Command::new("node")
        .arg(repository().join("tests/portal/large.mjs"))
        .args([link.trim(), "1", "10000"])
        .output()
        .unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}");
}
