//! The portal in a real browser, on real runs: tests/portal/through.mjs goes through it, and pictures every page on the way.

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
