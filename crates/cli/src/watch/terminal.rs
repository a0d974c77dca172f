//! The terminal while it is a view: taken, given back whatever happens, and its keys.

use std::io::{self, IsTerminal, Stdout, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::crossterm::{cursor, execute, terminal};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::Signal;
use tokio::sync::mpsc;

/// Whether somebody sits at a terminal that can show a view. A dumb one has no cursor to move.
pub fn can_show() -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|term| term.is_empty() || term == "dumb");
    !dumb && io::stdout().is_terminal() && io::stdin().is_terminal()
}

/// Whether the terminal is taken, for a panic and for leaving twice.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal, taken. Given back when dropped.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    pub fn take() -> io::Result<Screen> {
        give_back_on_panic();
        take()?;
        match Terminal::new(CrosstermBackend::new(io::stdout())) {
            Ok(terminal) => Ok(Screen { terminal }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    pub fn terminal(&mut self) -> &mut Terminal<CrosstermBackend<Stdout>> {
        &mut self.terminal
    }

    /// Gives the terminal back, stops this process as Ctrl-Z does, and takes the terminal again when it goes on.
    pub fn stop(&mut self) -> io::Result<()> {
        give_back();
        // Raised in this thread, so that nothing more happens in it before the process stops.
        signal_hook::low_level::raise(Signal::STOP.as_raw())?;
        self.again()
    }

    /// Takes the terminal again after others had it.
    pub fn again(&mut self) -> io::Result<()> {
        give_back();
        take()?;
        self.clear()
    }

    /// Has everything drawn anew. The library's own way asks the terminal where the cursor is, and the answer would come as keys.
    pub fn clear(&mut self) -> io::Result<()> {
        execute!(io::stdout(), terminal::Clear(terminal::ClearType::All))?;
        self.terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn take() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, cursor::Hide).inspect_err(|_| give_back())
}

fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // The terminal may be gone; then there is nothing to give back.
        let _ = execute!(io::stdout(), LeaveAlternateScreen, cursor::Show);
        let _ = io::stdout().flush();
        let _ = terminal::disable_raw_mode();
    }
}

/// A panic is told on a terminal that shows it.
fn give_back_on_panic() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
    });
}

/// The keys that are pressed, read by a thread of its own. Ends when the terminal is gone.
///
/// They are read here and not by the library of the screen, whose reader never returns from a terminal that has gone away.
pub struct Keys {
    keys: mpsc::UnboundedReceiver<KeyEvent>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How long the reader may take to see that it is no longer wanted, and what follows an escape to come.
const GLANCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

impl Keys {
    pub fn read() -> io::Result<Keys> {
        let (to, keys) = mpsc::unbounded_channel();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::Builder::new().name("keys".to_owned()).spawn(move || {
            let mut bytes = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                match typed(&mut bytes) {
                    Ok(true) if bytes == [ESCAPE] => continue,
                    Ok(_) => {}
                    // Without a terminal nothing more will come.
                    Err(_) => return,
                }
                if pressed(&bytes).into_iter().any(|key| to.send(key).is_err()) {
                    return;
                }
                bytes.clear();
            }
        })?;
        Ok(Keys { keys, stop, thread: Some(thread) })
    }

    pub async fn next(&mut self) -> Option<KeyEvent> {
        self.keys.recv().await
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // What is typed from now on is for whoever reads the terminal next.
            let _ = thread.join();
        }
    }
}

/// Adds what has been typed, waiting for it a moment; whether anything was. An error when the terminal is gone.
fn typed(bytes: &mut Vec<u8>) -> io::Result<bool> {
    let stdin = rustix::stdio::stdin();
    let mut files = [PollFd::from_borrowed_fd(stdin, PollFlags::IN)];
    match rustix::event::poll(&mut files, Some(&GLANCE)) {
        Ok(0) | Err(Errno::INTR) => return Ok(false),
        Ok(_) if files[0].revents().contains(PollFlags::IN) => {}
        Ok(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
        Err(error) => return Err(error.into()),
    }
    let mut read = [0; 64];
    match rustix::io::read(stdin, &mut read) {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(n) => {
            bytes.extend_from_slice(&read[..n]);
            Ok(true)
        }
        Err(Errno::INTR | Errno::AGAIN) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

const ESCAPE: u8 = 0x1b;

/// The keys that bytes stand for. Arrows and their like are passed over: none of them means anything here.
fn pressed(bytes: &[u8]) -> Vec<KeyEvent> {
    let mut keys = Vec::new();
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let (code, modifiers) = match first {
            &ESCAPE => match after {
                [] => (KeyCode::Esc, KeyModifiers::NONE),
                [b'[', sequence @ ..] => {
                    let last = sequence.iter().position(|byte| (0x40..0x7f).contains(byte));
                    rest = last.map_or(&[], |last| &sequence[last + 1..]);
                    continue;
                }
                [b'O', _, others @ ..] | [_, others @ ..] => {
                    rest = others;
                    continue;
                }
            },
            b'\r' | b'\n' => (KeyCode::Enter, KeyModifiers::NONE),
            control @ 1..0x1b => (KeyCode::Char(char::from(control + b'a' - 1)), KeyModifiers::CONTROL),
            plain @ b' '..0x7f => (KeyCode::Char(char::from(*plain)), KeyModifiers::NONE),
            _ => continue,
        };
        keys.push(KeyEvent::new(code, modifiers));
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(bytes: &[u8]) -> String {
        let name = |key: KeyEvent| format!("{}{}", key.modifiers, key.code);
        pressed(bytes).into_iter().map(name).collect::<Vec<_>>().join(" ").to_lowercase()
    }

    #[test]
    fn bytes_become_keys() {
        for (bytes, keys) in [
            (&b"p+"[..], "p +"),
            (b"\x03\x1a\x0c", "controlc controlz controll"),
            (b"\x1b", "esc"),
            // Arrows, a function key, Alt-q, and what comes after them.
            (b"\x1b[Aq", "q"),
            (b"\x1b[15~x\x1bOPy\x1bqm", "x y m"),
            ("ü?".as_bytes(), "?"),
        ] {
            assert_eq!(names(bytes), keys, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            prop_assert!(pressed(&bytes).len() <= bytes.len());
        }
    }
}
