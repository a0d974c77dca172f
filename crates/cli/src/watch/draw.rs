//! How the view looks: head, plot, running runs, throughput, failures, keys. It fits 80 × 24, uses what room there is, and says so where
//! there is too little.

use paramo_model::{Seconds, Timestamp};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Clear, Paragraph, Sparkline};

use super::number::{brief, clock, shortened};
use super::plot;
use super::view::{Question, Standing, View};
use crate::view::{bar, count};

/// What is shown in full needs this much room.
const WIDTH: u16 = 60;
const HEIGHT: u16 = 16;

/// Draws everything.
pub fn draw(view: &View, frame: &mut Frame) {
    let area = frame.area();
    if area.width < WIDTH || area.height < HEIGHT {
        small(view, frame, area);
    } else {
        whole(view, frame, area);
    }
    if view.help {
        help(view, frame, area);
    }
}

fn whole(view: &View, frame: &mut Frame, area: Rect) {
    // Failures and throughput get their room first: what is wrong is more urgent than the plot.
    let bottom = if area.height >= 30 { 7 } else { 5 };
    let [head, _, body, low, message, keys] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(1),
        Constraint::Min(6),
        Constraint::Length(bottom),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(area);
    let sides = [Constraint::Percentage(56), Constraint::Length(2), Constraint::Fill(1)];
    let [left, _, right] = Layout::horizontal(sides).areas(body);
    let [low_left, _, low_right] = Layout::horizontal(sides).areas(low);
    heading(view, frame, head);
    plot::draw(&view.picture, view.palette, frame, left);
    running(view, frame, right);
    throughput(view, frame, low_left);
    failures(view, frame, low_right);
    frame.render_widget(message_line(view, message.width), message);
    frame.render_widget(keys_line(view, keys.width), keys);
}

/// The most important lines, and what is missing to see all.
fn small(view: &View, frame: &mut Frame, area: Rect) {
    let width = usize::from(area.width);
    let mut lines = head_lines(view, area.width);
    if let Some(worst) = view.stored.as_ref().and_then(|stored| stored.results.failures.first()) {
        lines.push(Line::raw(shortened(&format!("{} {}", count(worst.runs), worst.cause), width)));
    }
    lines.push(message_line(view, area.width));
    lines.push(Line::raw(shortened(
        &format!("all of it needs {WIDTH} × {HEIGHT}, this is {} × {}", area.width, area.height),
        width,
    )));
    lines.push(keys_line(view, area.width));
    frame.render_widget(Text::from(lines), area);
}

fn heading(view: &View, frame: &mut Frame, area: Rect) {
    frame.render_widget(Text::from(head_lines(view, area.width)), area);
}

/// The name, the state and how far it is; below, the bar and the figures.
fn head_lines(view: &View, width: u16) -> Vec<Line<'static>> {
    let width = usize::from(width);
    let progress = view.progress();
    let total = progress.total.saturating_sub(progress.skipped);
    let fraction = if total == 0 { 0.0 } else { progress.done() as f64 / total as f64 };
    let far = match view.standing() {
        Standing::Loading => String::new(),
        _ => format!("{} of {} ({:.0} %)", count(progress.done()), count(total), (fraction * 100.0).floor()),
    };
    let (word, style) = state(view);
    let room = width.saturating_sub(far.chars().count() + 2);
    let word = shortened(word, room);
    let name = shortened(&view.title, room.saturating_sub(word.chars().count() + 2));
    let used = Span::raw(name.as_str()).width() + 2 + word.chars().count() + far.chars().count();
    let first = Line::from(vec![
        Span::styled(name, view.palette.strong()),
        Span::raw("  "),
        Span::styled(word, style),
        Span::raw(" ".repeat(width.saturating_sub(used))),
        Span::raw(shortened(&far, width)),
    ]);
    let figures = figures(view);
    let cells = width.saturating_sub(figures.chars().count() + 2);
    let second = match cells {
        10.. => Line::from(vec![
            Span::styled(bar(fraction, cells), view.palette.good()),
            Span::raw("  "),
            Span::raw(figures),
        ]),
        _ => Line::raw(shortened(&figures, width)),
    };
    vec![first, second]
}

fn state(view: &View) -> (&'static str, Style) {
    let palette = view.palette;
    match view.standing() {
        Standing::Loading => ("reading the store", Style::new()),
        Standing::Running | Standing::Silent => ("running", palette.good()),
        Standing::Stopping => ("stopping", palette.notice()),
        Standing::Paused if view.process.is_none() && view.live.is_none() => {
            ("paused, no process works on it", palette.notice())
        }
        Standing::Paused => ("paused", palette.notice()),
        Standing::Stopped => ("stopped, no process works on it", palette.notice()),
        Standing::Cancelled => ("cancelled", palette.notice()),
        Standing::Finished => ("finished", palette.good()),
    }
}

/// Rate, time left, slots: what is known of them.
fn figures(view: &View) -> String {
    let progress = view.progress();
    let mut words = Vec::new();
    if view.live.is_some() {
        words.push(format!("{}/s", brief(rounded(progress.rate))));
        if let Some(left) = progress.remaining.filter(|_| progress.done() < progress.total) {
            words.push(format!("{} left", Seconds(left.max(1.0).round())));
        }
    }
    match view.slots() {
        Some(1) => words.push("1 slot".to_owned()),
        Some(slots) => words.push(format!("{} slots", count(u64::from(slots)))),
        None if view.live.is_some() => words.push("free slots".to_owned()),
        None => {}
    }
    if progress.retried > 0 {
        words.push(format!("{} retried", count(progress.retried)));
    }
    words.join("  ")
}

/// Two digits are enough for a rate, and change less often than three.
fn rounded(rate: f64) -> f64 {
    if rate <= 0.0 || !rate.is_finite() {
        return 0.0;
    }
    let unit = 10f64.powf(rate.log10().floor() - 1.0);
    (rate / unit).round() * unit
}

/// The running runs, those that have run longest first.
fn running(view: &View, frame: &mut Frame, area: Rect) {
    let width = usize::from(area.width);
    let total = view.progress().running;
    let mut lines = vec![title(view, format!("running  {}", count(total)))];
    let names = view.stored.as_ref().map(|stored| &stored.results);
    match &view.live {
        None if view.process.is_some() => lines.push(Line::raw("waiting to hear from the process")),
        None => {
            let go_on = match view.standing() {
                Standing::Loading => String::new(),
                Standing::Finished => format!("every run has ended; `paramo results {}`", view.title),
                _ => format!("`paramo run {}` goes on", view.title),
            };
            lines.push(Line::raw(shortened(&go_on, width)));
        }
        Some(moment) => {
            let now = moment.at.0 + (view.heard * 1e6) as i64;
            let room = usize::from(area.height).saturating_sub(1);
            let shown = if total > room as u64 { room.saturating_sub(1) } else { room };
            for run in moment.running.iter().take(shown) {
                let seconds = now.saturating_sub(Timestamp(run.since.0).0) as f64 / 1e6;
                let again =
                    if run.attempt > 1 { format!(" (attempt {})", run.attempt) } else { String::new() };
                let point = names.map(|results| results.point(run.index)).unwrap_or_default();
                let text = format!("{:>6} {:>8}  {point}{again}", run.index, clock(seconds));
                lines.push(Line::raw(shortened(&text, width)));
            }
            if total > shown as u64 && shown < room {
                lines.push(Line::raw(format!(
                    "       … {} more",
                    count(total - shown.min(moment.running.len()) as u64)
                )));
            }
        }
    }
    frame.render_widget(Text::from(lines), area);
}

/// How many runs ended when.
fn throughput(view: &View, frame: &mut Frame, area: Rect) {
    let [head, bars] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let Some(history) = view.stored.as_ref().map(|stored| &stored.results.history) else { return };
    let width = usize::from(bars.width);
    let newest = &history.ended[history.ended.len().saturating_sub(width)..];
    let most = newest.iter().copied().max().unwrap_or(0);
    let words = match most {
        0 => "throughput".to_owned(),
        _ => format!("throughput, runs in {}, at most {}", Seconds(history.stretch), count(most)),
    };
    frame.render_widget(title(view, shortened(&words, usize::from(head.width))), head);
    // The newest stands at the right edge, as on a chart recorder.
    let mut data = vec![0; width.saturating_sub(newest.len())];
    data.extend_from_slice(newest);
    frame.render_widget(Sparkline::default().data(data).style(view.palette.point()), bars);
}

/// The failures by cause, each with what the last one said.
fn failures(view: &View, frame: &mut Frame, area: Rect) {
    let width = usize::from(area.width);
    let mut lines = vec![title(view, format!("failures  {}", count(view.progress().failed)))];
    let failures = view.stored.as_ref().map_or(&[][..], |stored| &stored.results.failures);
    let room = usize::from(area.height).saturating_sub(1);
    // Alone, a cause has room for what was said in full.
    let rows = (room / failures.len().max(1)).clamp(1, 3);
    for failure in failures.iter().take(room) {
        let head = format!("{} {}", count(failure.runs), failure.cause);
        let said =
            failure.last.as_ref().map(|(index, words)| format!("  {index}: {words}")).unwrap_or_default();
        let mut rest = said.as_str();
        for row in 0..rows {
            let lead = if row == 0 { head.clone() } else { " ".repeat(2) };
            let left = width.saturating_sub(lead.chars().count());
            let part = if row + 1 == rows { shortened(rest, left) } else { cut(rest, left).to_owned() };
            rest = rest.get(part.len()..).unwrap_or_default();
            let style = if row == 0 { view.palette.bad() } else { Style::new() };
            lines.push(Line::from(vec![Span::styled(lead, style), Span::raw(part)]));
            if rest.is_empty() {
                break;
            }
        }
    }
    frame.render_widget(Text::from(lines), area);
}

/// As much of a text as fits a width, up to a space where there is one not far back.
fn cut(text: &str, width: usize) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let fits = ends.take_while(|end| Span::raw(&text[..*end]).width() <= width);
    let end = fits.last().unwrap_or(0);
    match text[..end].rfind(' ') {
        Some(space) if end < text.len() && space > end / 2 => &text[..=space],
        _ => &text[..end],
    }
}

fn title(view: &View, text: String) -> Line<'static> {
    Line::styled(text, view.palette.heading())
}

/// A question, or what came of the last wish.
fn message_line(view: &View, width: u16) -> Line<'static> {
    let width = usize::from(width);
    match view.question {
        Some(Question::Cancel) => {
            let words = "cancel the study? its running runs are ended.  y yes, any other key no";
            Line::styled(shortened(words, width), view.palette.notice())
        }
        Some(Question::Leave) => {
            let words = "leave the view?  y the study goes on, s stop it, any other key stay";
            Line::styled(shortened(words, width), view.palette.notice())
        }
        None if view.standing() == Standing::Stopping && view.message.is_none() => {
            Line::raw(shortened("what runs may end; Ctrl-C again ends it", width))
        }
        None => Line::raw(shortened(view.message.as_deref().unwrap_or_default(), width)),
    }
}

/// The keys that make sense now.
fn keys_line(view: &View, width: u16) -> Line<'static> {
    let mut keys = match view.standing() {
        Standing::Running | Standing::Silent => vec!["p pause", "+ - slots", "c cancel"],
        Standing::Paused => vec!["p resume", "+ - slots", "c cancel"],
        Standing::Stopped => vec!["+ - slots", "c cancel"],
        Standing::Loading | Standing::Stopping | Standing::Cancelled | Standing::Finished => vec![],
    };
    if view.progress().failed > 0 {
        keys.push("r retry");
    }
    keys.extend(["x y m plot", "? help", "q leave"]);
    Line::raw(shortened(&keys.join("   "), usize::from(width)))
}

const HELP: [&str; 14] = [
    "p, space   pause: start nothing new; again: go on",
    "+ -        one run more or fewer at once",
    "c          cancel the study (asks first)",
    "r          run the failed runs again",
    "x          another parameter along the plot",
    "y          another output in the plot",
    "m          a map over two parameters, or a curve over one",
    "q, Esc     leave the view; the study goes on",
    "Ctrl-C     leave; with --watch: let running runs end, stop",
    "Ctrl-Z     put it to sleep, `fg` brings it back",
    "Ctrl-L     draw everything anew",
    "",
    "`free slots`: as many runs at once as there is room for",
    "any key closes this",
];

fn help(view: &View, frame: &mut Frame, area: Rect) {
    let width = HELP.iter().map(|line| line.chars().count()).max().unwrap_or(0) as u16 + 4;
    let (width, height) = (width.min(area.width), (HELP.len() as u16 + 2).min(area.height));
    let place =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    frame.render_widget(Clear, place);
    let block = ratatui::widgets::Block::bordered()
        .title(Line::styled(" keys ", view.palette.heading()))
        .padding(ratatui::widgets::Padding::horizontal(1));
    frame.render_widget(Paragraph::new(HELP.map(Line::raw).to_vec()).block(block), place);
}
