//! A study watched at a terminal, and what is asked of it while it runs: pause, resume, slots, cancel, retry.

use std::process::Child;

use paramo_tests::terminal::Terminal;
use paramo_tests::{Answer, Desk, until};
use rustix::process::Signal;

/// Runs that say that they have begun and then wait to be let go, one by one or all. Two at once, of as many as there is a file for.
const STUDY: &str = r#"
name = "wait"
[application]
command = ["sh", "-c", "touch up-{x}; while [ ! -e go-{x} ] && [ ! -e go ]; do sleep 0.01; done; if [ -e bad-{x} ]; then echo no luck >&2; exit 3; fi; echo {x}"]
[application.outputs]
y = { regex = "[0-9]+", type = "integer" }
[application.resources]
cpus = 0
[space]
x = { from = 0, to = 9, step = 1 }
[run]
slots = 2
"#;

fn desk() -> Desk {
    let desk = Desk::named("watch");
    desk.file("study.toml", STUDY);
    desk
}

/// A driver of the study in another process; killed with the test.
struct Driver(Option<Child>);

impl Driver {
    fn start(desk: &Desk) -> Driver {
        let driver = Driver(Some(desk.start(&["run", "study.toml"])));
        up_to(desk, 1);
        driver
    }

    fn answer(&mut self) -> Answer {
        Answer::from(self.0.take().unwrap().wait_with_output().unwrap())
    }

    fn kill(&mut self) {
        let mut child = self.0.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if self.0.is_some() {
            self.kill();
        }
    }
}

fn is_up(desk: &Desk, x: u32) -> bool {
    desk.path().join(format!("up-{x}")).exists()
}

#[track_caller]
fn up_to(desk: &Desk, last: u32) {
    until("the runs do not start", || (0..=last).all(|x| is_up(desk, x)));
}

fn status(desk: &Desk) -> serde_json::Value {
    desk.paramo(&["status", "wait", "--json"]).expect(0).json().remove(0)
}

#[track_caller]
fn until_status(desk: &Desk, field: &str, wanted: impl Into<serde_json::Value>) {
    let wanted = wanted.into();
    until(&format!("{field} does not become {wanted}"), || status(desk)[field] == wanted);
}

#[test]
fn another_process_is_watched_and_told_what_to_do() {
    let desk = desk();
    let mut driver = Driver::start(&desk);
    let mut terminal = Terminal::open(&desk, &["watch"], 24, 80, &[("NO_COLOR", "1")]);
    terminal.shows("running  2");
    terminal.shows("x=1");
    terminal.shows("2 slots");
    // One more run at once, and then one only.
    terminal.press("+");
    terminal.shows("3 slots");
    up_to(&desk, 2);
    terminal.shows("running  3");
    terminal.press("--");
    terminal.shows("1 slot");
    until_status(&desk, "slots", 1);
    // What runs ends, nothing new starts.
    terminal.press("p");
    terminal.shows("p resume");
    until_status(&desk, "state", "paused");
    (0..3).for_each(|x| _ = desk.file(&format!("go-{x}"), ""));
    terminal.shows("3 of 10");
    terminal.shows("running  0");
    assert!(!is_up(&desk, 3), "nothing starts during a pause");
    terminal.press("p");
    terminal.shows("p pause");
    up_to(&desk, 3);
    assert!(!is_up(&desk, 4), "there is one slot");
    // A larger window is used.
    terminal.resize(30, 100);
    until("the larger window is not used", || {
        terminal.text().lines().nth(29).is_some_and(|line| line.contains("q leave"))
    });
    // Cancelling is asked for.
    terminal.press("c");
    terminal.shows("cancel the study?");
    terminal.press("y");
    terminal.shows("cancelled");
    let answer = driver.answer().expect(3);
    assert!(answer.err.contains("note: paused") && answer.err.contains("wait: cancelled"), "{}", answer.err);
    terminal.shows("`paramo run wait` goes on");
    terminal.press("q");
    assert_eq!(terminal.end(), Some(0));
    until("the terminal is not given back", || !terminal.is_taken());
}

#[test]
fn failures_are_seen_and_run_again() {
    let desk = desk();
    for name in ["bad-0", "bad-1", "go-0", "go-1"] {
        desk.file(name, "");
    }
    let mut driver = Driver::start(&desk);
    let mut terminal = Terminal::open(&desk, &["watch", "wait"], 24, 80, &[]);
    terminal.shows("failures  2");
    terminal.shows(": ended with exit code");
    terminal.shows("no luck");
    for name in ["bad-0", "bad-1"] {
        std::fs::remove_file(desk.path().join(name)).unwrap();
    }
    terminal.press("r");
    terminal.shows("2 runs opened again");
    desk.file("go", "");
    driver.answer().expect(0);
    terminal.shows("finished");
    terminal.shows("10 of 10 (100 %)");
    terminal.shows("y over x");
    assert_eq!(status(&desk)["failed"], 0);
    terminal.press("q");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn the_view_stays_when_the_process_dies_and_finds_the_next() {
    let desk = desk();
    let mut driver = Driver::start(&desk);
    let mut terminal = Terminal::open(&desk, &["watch", "wait"], 24, 80, &[]);
    terminal.shows("running  2");
    terminal.press("+");
    until_status(&desk, "slots", 3);
    driver.kill();
    terminal.shows("the process that worked on it is gone");
    terminal.shows("stopped, no process works on it");
    // The next one keeps what was asked for, and is found.
    let _driver = Driver::start(&desk);
    terminal.shows("running  3");
    terminal.shows("3 slots");
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.end(), Some(0));
    until("the terminal is not given back", || !terminal.is_taken());
}

#[test]
fn a_study_is_run_and_watched_in_one_process() {
    let desk = desk();
    let mut terminal = Terminal::open(&desk, &["run", "study.toml", "--watch"], 24, 80, &[]);
    terminal.shows("running  2");
    // Put to sleep and woken up, with the terminal given back in between.
    terminal.press("\x1a");
    until("it does not stop", || terminal.is_stopped());
    until("the terminal is not given back", || !terminal.is_taken());
    terminal.signal(Signal::CONT);
    terminal.shows("running  2");
    terminal.press("p");
    terminal.shows("p resume");
    until_status(&desk, "state", "paused");
    terminal.press("p");
    terminal.shows("p pause");
    // Ctrl-C is for the study: what runs may end.
    terminal.press("\x03");
    terminal.shows("stopping");
    desk.file("go", "");
    assert_eq!(terminal.end(), Some(3));
    terminal.shows("wait: interrupted; 2 succeeded");
    assert!(!terminal.is_taken());
}

#[test]
fn leaving_the_view_leaves_the_study_running() {
    let desk = desk();
    let mut terminal = Terminal::open(&desk, &["run", "study.toml", "--watch"], 24, 80, &[]);
    terminal.shows("running  2");
    terminal.press("q");
    terminal.shows("leave the view?");
    terminal.press("y");
    until("the terminal is not given back", || !terminal.is_taken());
    terminal.shows("0/10 (0 %)");
    desk.file("go", "");
    assert_eq!(terminal.end(), Some(0));
    terminal.shows("wait: 10 succeeded");
}

#[test]
fn a_terminal_that_goes_away_takes_the_view_with_it() {
    let desk = desk();
    let driving = Terminal::open(&desk, &["run", "study.toml", "--watch"], 24, 80, &[]);
    driving.shows("running  2");
    let watching = Terminal::open(&desk, &["watch", "wait"], 24, 80, &[]);
    watching.shows("running  2");
    watching.hang_up();
    // As without a view: what runs is ended, and is open again.
    driving.hang_up();
    assert_eq!(status(&desk)["state"], "stopped");
}

#[test]
fn a_window_that_is_too_small_says_so() {
    let desk = desk();
    let _driver = Driver::start(&desk);
    let terminal = Terminal::open(&desk, &["watch", "wait"], 10, 40, &[]);
    terminal.shows("needs 60 × 16, this is 40 × 10");
    terminal.shows("wait  running");
}

#[test]
fn without_a_terminal_lines_are_printed() {
    let desk = desk();
    let mut driver = Driver::start(&desk);
    let watch = desk.start(&["watch", "wait", "--every", "10 ms"]);
    // A dumb terminal has no cursor to move.
    let mut dumb = Terminal::open(&desk, &["watch", "wait", "--every", "10 ms"], 24, 80, &[("TERM", "dumb")]);
    dumb.shows("0/10 (0 %)  2 running");
    assert!(!dumb.is_taken());
    desk.file("go", "");
    driver.answer().expect(0);
    let watched = Answer::from(watch.wait_with_output().unwrap()).expect(0);
    assert!(watched.out.contains("0/10 (0 %)  2 running"), "{}", watched.out);
    assert!(watched.out.ends_with("wait: finished; 10 succeeded, 0 failed\n"), "{}", watched.out);
    assert_eq!(dumb.end(), Some(0));
}

#[test]
fn what_was_asked_for_by_command_outlives_the_process() {
    let desk = desk();
    let mut driver = Driver::start(&desk);
    desk.paramo(&["slots", "wait", "1"]).expect(0);
    let paused = desk.paramo(&["pause", "wait"]).expect(0);
    assert!(paused.err.contains("lets its running runs end"), "{}", paused.err);
    driver.kill();
    assert_eq!((status(&desk)["state"].clone(), status(&desk)["slots"].clone()), ("paused".into(), 1.into()));
    (0..2).for_each(|x| std::fs::remove_file(desk.path().join(format!("up-{x}"))).unwrap());
    // `paramo run` is a word to go on; the slots stay.
    let mut driver = Driver(Some(desk.start(&["run", "study.toml"])));
    up_to(&desk, 0);
    until_status(&desk, "state", "running");
    assert!(!is_up(&desk, 1), "one slot was asked for");
    let reset = desk.paramo(&["slots", "wait", "--reset"]).expect(0);
    assert!(reset.err.contains("2 runs at once"), "{}", reset.err);
    up_to(&desk, 1);
    desk.file("go", "");
    let answer = driver.answer().expect(0);
    assert!(answer.err.contains("wait was paused; it goes on"), "{}", answer.err);
    let refused = desk.paramo(&["pause", "wait"]).expect(2);
    assert!(refused.err.contains("nothing to pause"), "{}", refused.err);
}
