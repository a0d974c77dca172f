//! The view drawn into memory: what it looks like in every state and size, and what its keys do.

use std::sync::Arc;

use insta::assert_snapshot;
use paramo_model::{CauseKind, Moment, Progress, Running, StopReason, StudyState, Timestamp};
use paramo_store::Counts;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::draw::draw;
use super::palette::Palette;
use super::stored::{Failures, History, Results, Series, Stored};
use super::view::{Question, Standing, View, Wish};

const NOW: i64 = 1_700_000_000_000_000;

fn series(name: &str, unit: &str, values: Vec<f64>) -> Series {
    let unit = (!unit.is_empty()).then(|| unit.to_owned());
    Series { name: name.into(), unit, values, labels: None }
}

/// Results of a study with two parameters, as far as they have come.
fn results(done: usize) -> Results {
    let at = |i: usize| (1e8 * 1.5f64.powi((i % 8) as i32), 0.02 * (1.0 + (i / 8) as f64));
    let values = |value: fn((f64, f64)) -> f64| (0..done).map(|i| value(at(i))).collect::<Vec<_>>();
    Results {
        total: 64,
        counts: Counts { succeeded: done as u64, ..Counts::default() },
        parameters: vec![series("k1", "1/(M min)", values(|p| p.0)), series("k2", "1/min", values(|p| p.1))],
        axes: 2,
        outputs: vec![
            series("period", "min", values(|(k1, k2)| 60.0 + k2 * 500.0 + (k1 / 1e8).ln() * 10.0)),
            series("wall", "s", values(|(k1, _)| k1 / 1e9)),
        ],
        history: History { stretch: 2.0, ended: (0..30).map(|i| (i * 7) % 13 + 2).collect() },
        ..Results::default()
    }
}

fn failing(mut results: Results) -> Results {
    results.counts.failed = 12;
    results.counts.by_cause = [(CauseKind::Exit, 9), (CauseKind::TimeOut, 3)].into();
    let last = |index, words: &str| Some((index, words.to_owned()));
    results.failures = vec![
        Failures {
            cause: CauseKind::Exit,
            runs: 9,
            last: last(
                17,
                "ended with exit code 3: ValueError: the solver did not converge after 1000 steps",
            ),
        },
        Failures { cause: CauseKind::TimeOut, runs: 3, last: last(40, "ran longer than 10 min") },
    ];
    results
}

fn moment(done: u64, running: u64) -> Moment {
    let run = |i: u64| Running {
        index: 31 + i,
        attempt: if i == 1 { 2 } else { 1 },
        slot: i as u32,
        since: Timestamp(NOW - 1_000_000 * (130 - 25 * i as i64)),
    };
    Moment {
        at: Timestamp(NOW),
        progress: Progress {
            total: 64,
            succeeded: done,
            running,
            rate: 1.234,
            remaining: Some(27.0),
            ..Progress::default()
        },
        slots: Some(4),
        running: (0..running).map(run).collect(),
        ..Moment::default()
    }
}

fn view(results: Option<Results>, live: Option<Moment>) -> View {
    let mut view = View::new("hes1".into(), Palette::Plain, false);
    if let Some(results) = results {
        view.store(Stored { state: StudyState::Open, waits: None, results: Arc::new(results) });
    }
    if let Some(moment) = live {
        view.process = Some(crate::store::Who::Process(4711));
        view.hear(Arc::new(moment));
    }
    view
}

fn drawn(view: &View, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(view, frame)).unwrap();
    terminal.backend().to_string()
}

fn press(view: &mut View, keys: &str) -> Vec<Option<Wish>> {
    keys.chars().map(|key| view.key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE))).collect()
}

#[test]
fn a_running_study_at_80_by_24() {
    assert_snapshot!(drawn(&view(Some(results(40)), Some(moment(40, 4))), 80, 24));
}

#[test]
fn a_running_study_at_120_by_40_as_a_curve() {
    let mut view = view(Some(results(40)), Some(moment(40, 4)));
    press(&mut view, "my");
    assert_snapshot!(drawn(&view, 120, 40));
}

#[test]
fn a_small_terminal_says_what_is_missing() {
    assert_snapshot!(drawn(&view(Some(failing(results(40))), Some(moment(40, 4))), 40, 10));
}

#[test]
fn failures_are_told_by_cause() {
    let mut live = moment(40, 4);
    live.progress.failed = 12;
    assert_snapshot!(drawn(&view(Some(failing(results(40))), Some(live)), 80, 24));
}

#[test]
fn a_paused_study_says_so() {
    let mut live = moment(40, 1);
    live.progress.paused = true;
    live.progress.remaining = None;
    live.notice = Some("paused; `paramo resume` goes on".into());
    assert_snapshot!(drawn(&view(Some(results(40)), Some(live)), 80, 24));
}

#[test]
fn before_anything_has_ended() {
    assert_snapshot!(drawn(&view(Some(results(0)), Some(moment(0, 2))), 80, 24));
    assert_snapshot!(drawn(&view(None, None), 80, 24));
}

#[test]
fn a_study_that_nobody_works_on() {
    let mut view = view(Some(results(40)), Some(moment(40, 4)));
    (view.live, view.process) = (None, None);
    view.message = view.gone();
    assert_eq!(view.standing(), Standing::Stopped);
    assert_snapshot!(drawn(&view, 80, 24));
}

#[test]
fn help_and_questions_are_seen() {
    let mut view = view(Some(results(40)), Some(moment(40, 4)));
    press(&mut view, "?");
    assert_snapshot!(drawn(&view, 80, 24));
    press(&mut view, "?c");
    assert!(drawn(&view, 80, 24).contains("cancel the study?"));
}

#[test]
fn with_colours_a_map_is_of_coloured_cells() {
    let mut view = view(Some(results(40)), Some(moment(40, 4)));
    view.palette = Palette::Many;
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| draw(&view, frame)).unwrap();
    let colours: std::collections::HashSet<_> =
        terminal.backend().buffer().content().iter().map(|cell| format!("{:?}", cell.bg)).collect();
    assert!(colours.len() >= 8, "{colours:?}");
    view.palette = Palette::Plain;
    terminal.draw(|frame| draw(&view, frame)).unwrap();
    let colour = |cell: &&ratatui::buffer::Cell| {
        cell.fg != ratatui::style::Color::Reset || cell.bg != ratatui::style::Color::Reset
    };
    assert_eq!(terminal.backend().buffer().content().iter().find(colour), None, "no colour at all");
}

#[test]
fn keys_become_wishes() {
    let mut running = view(Some(failing(results(40))), Some(moment(40, 4)));
    assert_eq!(press(&mut running, "p+-"), [Some(Wish::Pause), Some(Wish::Slots(5)), Some(Wish::Slots(4))]);
    assert_eq!(press(&mut running, "cn"), [None, None], "cancelling is asked for twice");
    assert_eq!(press(&mut running, "cy"), [None, Some(Wish::Cancel)]);
    assert_eq!(press(&mut running, "r"), [None], "the process knows of no failure");
    assert_eq!(press(&mut running, "q"), [Some(Wish::Leave)]);
    let control = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(running.key(control), Some(Wish::Interrupt));

    let mut live = moment(40, 1);
    (live.progress.paused, live.progress.failed, live.slots) = (true, 12, None);
    let mut paused = view(Some(failing(results(40))), Some(live));
    assert_eq!(press(&mut paused, "pr+"), [Some(Wish::Resume), Some(Wish::Retry), Some(Wish::Slots(2))]);
    assert_eq!(press(&mut paused, "--"), [Some(Wish::Slots(1)), None], "one is the least");

    let mut driving = view(Some(results(40)), Some(moment(40, 4)));
    driving.driving = true;
    assert_eq!(press(&mut driving, "q"), [None]);
    assert_eq!(driving.question, Some(Question::Leave));
    assert_eq!(press(&mut driving, "xqqqs"), [None, None, Some(Wish::Leave), None, Some(Wish::Interrupt)]);

    let mut stopping = moment(40, 1);
    stopping.stopping = Some(StopReason::Interrupted);
    assert_eq!(press(&mut view(Some(results(40)), Some(stopping)), "p"), [None]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_size_and_any_numbers_can_be_drawn(
        width in 1u16..150,
        height in 1u16..50,
        values in prop::collection::vec((prop::num::f64::ANY, prop::num::f64::ANY, prop::num::f64::ANY), 0..60),
        keys in "[xym?]{0,5}",
        running in 0u64..40,
        palette in prop::sample::select(vec![Palette::Plain, Palette::Eight, Palette::Many]),
    ) {
        let column = |pick: fn(&(f64, f64, f64)) -> f64| values.iter().map(pick).collect::<Vec<_>>();
        let mut results = failing(results(0));
        results.parameters = vec![series("aαβ", "", column(|v| v.0)), series("長い名前", "m", column(|v| v.1))];
        results.outputs = vec![series("z", "", column(|v| v.2))];
        let mut view = view(Some(results), Some(moment(0, running)));
        view.palette = palette;
        view.heard = 1e9;
        press(&mut view, &keys);
        prop_assert!(!drawn(&view, width, height).is_empty());
    }
}
