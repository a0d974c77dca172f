//! `paramo plot`: what is drawn of a study, in which files, and what is said where nothing can be drawn.

use paramo_tests::{Answer, Desk};

fn study(name: &str, space: &str) -> String {
    format!(
        "name = \"{name}\"\n[application]\ncommand = [\"sh\", \"-c\", \"echo '{{{{\\\"y\\\": {{x}}}}}}'; exit {{bad}}\"]\n\
         [application.parameters]\nbad = {{ type = \"integer\", default = 0 }}\nx = {{ type = \"float\", unit = \"mV\" }}\n\
         [application.outputs]\ny = {{ json = \"y\", unit = \"s\" }}\n[space]\n{space}\n"
    )
}

/// A desk with a study that has run.
fn ran(name: &str, space: &str, code: i32) -> Desk {
    let desk = Desk::new();
    desk.file("study.toml", study(name, space));
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(code);
    desk
}

fn plot(desk: &Desk, words: &[&str]) -> Answer {
    desk.paramo(&[&["plot"], words].concat())
}

fn read(desk: &Desk, name: &str) -> String {
    std::fs::read_to_string(desk.path().join(name)).unwrap()
}

#[test]
fn the_axis_of_the_space_and_its_unit_are_those_of_the_picture() {
    let desk = ran("s", "x = { from = 1, to = 100, count = 5, scale = \"log\" }", 0);
    let answer = plot(&desk, &["s"]).expect(0);
    assert_eq!(answer.err, "s.svg: line of `y` over `x`\ns.png: line of `y` over `x`\n");
    let picture = read(&desk, "s.svg");
    assert!(picture.contains(">x (mV)<") && picture.contains(">y (s)<"), "{picture}");
    assert!([">1<", ">10<", ">100<"].iter().all(|tick| picture.contains(tick)), "{picture}");
    assert!(std::fs::read(desk.path().join("s.png")).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn a_page_is_one_file() {
    let desk = ran("s", "x = [1, 2, 3]", 0);
    assert_eq!(plot(&desk, &["s", "--html"]).expect(0).err, "s.html: line of `y` over `x`\n");
    let page = read(&desk, "s.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<td>3</td>"), "{page}");
    assert!(!page.contains("<script") && !page.contains("src="), "{page}");
    plot(&desk, &["s", "--output", "other.html"]).expect(0);
    assert_eq!(read(&desk, "other.html"), page);
    assert!(
        plot(&desk, &["s", "--output", "s.pdf"])
            .expect(2)
            .err
            .contains("neither in .svg nor in .png nor in .html")
    );
}

#[test]
fn failed_runs_are_seen_where_times_are_drawn() {
    let desk = ran("s", "x = [1]\nbad = [1, 3]", 1);
    let err = plot(&desk, &["s"]).expect(2).err;
    assert!(err.contains("no run of s has succeeded yet") && err.contains("paramo status s"), "{err}");
    assert!(plot(&desk, &["s", "--kind", "gantt"]).expect(0).err.contains("2 failed"));
    assert!(plot(&desk, &["s", "--kind", "throughput"]).expect(0).err.contains("2 failed"));
}

#[test]
fn several_studies_are_compared() {
    let desk = ran("one", "x = { from = 1, to = 20, count = 20 }", 0);
    desk.file("two.toml", study("two", "x = { from = 1, to = 20, count = 20 }"));
    desk.paramo(&["run", "two.toml", "--quiet", "--slots", "2"]).expect(0);
    let answer = plot(&desk, &["one", "two", "--kind", "line"]).expect(2);
    assert!(answer.err.contains("line shows one study, and 2 are named"), "{}", answer.err);
    let answer = plot(&desk, &["one", "one", "--kind", "efficiency"]).expect(2);
    assert!(answer.err.contains("different numbers of slots"), "{}", answer.err);
}

#[test]
fn the_kinds_are_listed_and_completed() {
    let desk = Desk::new();
    let listed = plot(&desk, &["--list"]).expect(0).out;
    for kind in ["heatmap", "contour", "line", "box", "scatter-matrix", "parallel", "throughput", "speed-up"]
    {
        assert!(listed.lines().any(|line| line.starts_with(&format!("{kind} "))), "{kind}: {listed}");
    }
    let completions = desk.paramo(&["completions", "bash"]).expect(0).out;
    assert!(completions.contains("scatter-matrix") && completions.contains("throughput"));
    let wrong = plot(&desk, &["s", "--kind", "heatmp"]).expect(2).err;
    assert!(wrong.contains("heatmap"), "{wrong}");
}

#[test]
fn the_gallery_draws_every_kind() {
    let page = std::fs::read_to_string(paramo_tests::repository().join("docs/pictures.md")).unwrap();
    let listed = plot(&Desk::new(), &["--list"]).expect(0).out;
    for kind in listed.lines().filter_map(|line| line.split_whitespace().next()) {
        assert!(page.contains(&format!("--kind {kind} ")), "docs/pictures.md has no command for {kind}");
        let picture = paramo_tests::repository().join(format!("docs/images/{kind}.svg"));
        let size = std::fs::metadata(&picture).map(|file| file.len()).unwrap_or(0);
        assert!(
            (1000..150_000).contains(&size),
            "{} has {size} bytes; run scripts/gallery",
            picture.display()
        );
    }
}
