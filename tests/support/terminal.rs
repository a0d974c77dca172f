//! Somebody at a terminal: a pseudo-terminal with a program in it, what it shows, and the keys.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::{Desk, binary, until};

/// A terminal that runs one command.
pub struct Terminal {
    child: Child,
    master: Option<std::fs::File>,
    screen: Arc<Mutex<vt100::Parser>>,
    hung_up: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

fn size(rows: u16, columns: u16) -> (NonZeroU16, NonZeroU16) {
    let sized = |n| NonZeroU16::new(n).unwrap_or(NonZeroU16::MIN);
    (sized(rows), sized(columns))
}

impl Terminal {
    /// Types `paramo …` at a terminal of this size, with these variables.
    pub fn open(
        desk: &Desk,
        words: &[&str],
        rows: u16,
        columns: u16,
        variables: &[(&str, &str)],
    ) -> Terminal {
        let failed = |error: rustix::io::Errno| -> ! { panic!("no pseudo-terminal: {error}") };
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .unwrap_or_else(|error| failed(error));
        grantpt(&master).and_then(|()| unlockpt(&master)).unwrap_or_else(|error| failed(error));
        let name = ptsname(&master, Vec::new()).unwrap_or_else(|error| failed(error));
        let slave = rustix::fs::open(&*name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())
            .unwrap_or_else(|error| failed(error));
        let (ws_row, ws_col) = (rows, columns);
        let winsize = Winsize { ws_row, ws_col, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&slave, winsize).unwrap_or_else(|error| failed(error));
        // `setsid` makes it the controlling terminal, so that keys and sizes become signals.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(binary("paramo")).args(words).current_dir(desk.path());
        command.env_remove("PARAMO_STORE").env_remove("NO_COLOR").env_remove("COLUMNS").env_remove("LINES");
        command.env("TZ", "UTC").env("TERM", "xterm-256color").envs(variables.iter().copied());
        let copy = || {
            slave.try_clone().map(Stdio::from).unwrap_or_else(|error| panic!("no pseudo-terminal: {error}"))
        };
        let child = command.stdin(copy()).stdout(copy()).stderr(copy()).spawn();
        let child = child.unwrap_or_else(|error| panic!("setsid does not start: {error}"));
        let master = std::fs::File::from(master);
        let (height, width) = size(rows, columns);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(height, width, 0)));
        let mut reader = master.try_clone().unwrap_or_else(|error| panic!("no pseudo-terminal: {error}"));
        let shown = screen.clone();
        let hung_up = Arc::new(AtomicBool::new(false));
        let gone = hung_up.clone();
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            let moment = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
            while !gone.load(Ordering::Relaxed) {
                let mut files = [PollFd::new(&reader, PollFlags::IN)];
                if matches!(poll(&mut files, Some(&moment)), Ok(0)) {
                    continue;
                }
                // An error when no process has the terminal any more.
                let Ok(n @ 1..) = reader.read(&mut bytes) else { return };
                shown.lock().unwrap_or_else(PoisonError::into_inner).process(&bytes[..n]);
            }
        });
        Terminal { child, master: Some(master), screen, hung_up, reader: Some(reader) }
    }

    /// What is on the screen.
    pub fn text(&self) -> String {
        self.look(|screen| screen.contents())
    }

    /// Whether a program has the whole screen.
    pub fn is_taken(&self) -> bool {
        self.look(vt100::Screen::alternate_screen)
    }

    fn look<T>(&self, ask: impl FnOnce(&vt100::Screen) -> T) -> T {
        ask(self.screen.lock().unwrap_or_else(PoisonError::into_inner).screen())
    }

    /// Waits until the screen shows these words.
    #[track_caller]
    pub fn shows(&self, words: &str) {
        let mut last = String::new();
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until("", || {
                last = self.text();
                last.contains(words)
            });
        }));
        assert!(seen.is_ok(), "`{words}` is not on the screen:\n{last}");
    }

    fn master(&self) -> &std::fs::File {
        self.master.as_ref().unwrap_or_else(|| panic!("the terminal has gone away"))
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.master()
            .write_all(keys.as_bytes())
            .unwrap_or_else(|error| panic!("the terminal is gone: {error}"));
    }

    /// Gives the terminal another size, as a window that is dragged does.
    pub fn resize(&mut self, rows: u16, columns: u16) {
        let (height, width) = size(rows, columns);
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).set_size(height, width);
        let winsize = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(self.master(), winsize)
            .unwrap_or_else(|error| panic!("the size cannot be changed: {error}"));
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id() as i32).unwrap_or_else(|| panic!("no process"));
        kill_process(pid, signal).unwrap_or_else(|error| panic!("the program is gone: {error}"));
    }

    /// Whether the program has been stopped, as by Ctrl-Z.
    pub fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    }

    /// Takes the terminal away, as a window that is closed, and waits for the end of the program.
    #[track_caller]
    pub fn hang_up(mut self) {
        self.hung_up.store(true, Ordering::Relaxed);
        self.master = None;
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.end();
    }

    /// Waits for the end of the program: its exit code.
    #[track_caller]
    pub fn end(&mut self) -> Option<i32> {
        let mut code = None;
        until("the program does not end", || {
            code = self.child.try_wait().ok().flatten();
            code.is_some()
        });
        code.and_then(|code| code.code())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
