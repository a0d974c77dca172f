//! The floor under every program that starts programs: a loop that spawns, reads two pipes to their end, and waits.
//!
//! `spawn-floor --runs N --threads T PROGRAM [ARGUMENT…]` starts PROGRAM N times, T at once, with the number of the run (from 1) as its
//! last argument. It prints one JSON document: the wall time in seconds, and the CPU time in seconds of itself and of what it started.
//! Nothing is kept and nothing is decided, so what a real system costs above this is its own.

use std::error::Error;
use std::ffi::{CString, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Resource, Rlimit, WaitOptions, getrlimit, setrlimit, waitpid};

fn main() -> ExitCode {
    match Floor::from_arguments(std::env::args_os().skip(1).collect()).and_then(|floor| floor.measure()) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("spawn-floor: {error}");
            ExitCode::from(2)
        }
    }
}

/// What is to be started, and how often.
struct Floor {
    runs: u64,
    threads: usize,
    words: Vec<CString>,
}

const USAGE: &str = "expected --runs N --threads T PROGRAM [ARGUMENT…]";

impl Floor {
    fn from_arguments(arguments: Vec<OsString>) -> Result<Floor, Box<dyn Error>> {
        let mut floor = Floor { runs: 1, threads: 1, words: Vec::new() };
        let mut rest = arguments.into_iter();
        while let Some(word) = rest.next() {
            let mut number =
                || rest.next().and_then(|n| n.to_str()?.parse::<u32>().ok()).filter(|n| *n > 0).ok_or(USAGE);
            match word.to_str() {
                Some("--runs") => floor.runs = number()?.into(),
                Some("--threads") => floor.threads = number()? as usize,
                _ => {
                    let words = std::iter::once(word).chain(rest).map(|word| CString::new(word.into_vec()));
                    floor.words = words.collect::<Result<_, _>>()?;
                    break;
                }
            }
        }
        if floor.words.is_empty() { Err(USAGE.into()) } else { Ok(floor) }
    }

    fn measure(&self) -> Result<String, Box<dyn Error>> {
        let begin = Instant::now();
        // Hundreds at once need more descriptors than the usual 1,024.
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
        let next = AtomicU64::new(1);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads).map(|_| scope.spawn(|| self.work(&next))).collect();
            threads.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread of the floor has panicked")))
            })
        })?;
        let wall = begin.elapsed().as_secs_f64();
        let (own, children) = (cpu_seconds(libc::RUSAGE_SELF)?, cpu_seconds(libc::RUSAGE_CHILDREN)?);
        Ok(format!(
            r#"{{"runs": {}, "threads": {}, "wall": {wall:.6}, "cpu": {:.6}, "own_cpu": {own:.6}, "children_cpu": {children:.6}}}"#,
            self.runs,
            self.threads,
            own + children
        ))
    }

    /// Takes runs until none is left.
    fn work(&self, next: &AtomicU64) -> io::Result<()> {
        let null = File::open("/dev/null")?.into();
        let environment: Vec<CString> = std::env::vars_os()
            .filter_map(|(name, value)| CString::new([name.into_vec(), value.into_vec()].join(&b'=')).ok())
            .collect();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let run = next.fetch_add(1, Ordering::Relaxed);
            if run > self.runs {
                return Ok(());
            }
            let number = CString::new(run.to_string())?;
            let words: Vec<&CString> = self.words.iter().chain([&number]).collect();
            let child = spawn(&words, &environment, &null)?;
            drain([&child.out, &child.err], &mut buffer)?;
            let ended = waitpid(Some(child.pid), WaitOptions::empty())?;
            if ended.and_then(|(_, status)| status.exit_status()) != Some(0) {
                return Err(io::Error::other(format!(
                    "run {run} has failed; the program must end with exit code 0"
                )));
            }
        }
    }
}

struct Child {
    pid: Pid,
    out: OwnedFd,
    err: OwnedFd,
}

/// Starts a program with an empty standard input and a pipe for each of its outputs.
fn spawn(words: &[&CString], environment: &[CString], null: &OwnedFd) -> io::Result<Child> {
    let (out, out_end) = pipe_with(PipeFlags::CLOEXEC)?;
    let (err, err_end) = pipe_with(PipeFlags::CLOEXEC)?;
    let pointers = |strings: &mut dyn Iterator<Item = &CString>| -> Vec<*mut libc::c_char> {
        strings.map(|string| string.as_ptr().cast_mut()).chain([std::ptr::null_mut()]).collect()
    };
    let argv = pointers(&mut words.iter().copied());
    let envp = pointers(&mut environment.iter());
    let mut pid = 0;
    #[expect(unsafe_code, reason = "posix_spawn has no safe wrapper that takes open descriptors")]
    // SAFETY: `actions` is initialised before use and destroyed once; every string and both null-terminated arrays outlive the call;
    // the descriptors are open, and posix_spawn does not keep any of them.
    let result = unsafe {
        let mut actions = std::mem::MaybeUninit::uninit();
        check(libc::posix_spawn_file_actions_init(actions.as_mut_ptr()))?;
        let mut actions = actions.assume_init();
        let ends = [null.as_raw_fd(), out_end.as_raw_fd(), err_end.as_raw_fd()];
        let added = (0..).zip(ends).try_for_each(|(target, end)| {
            check(libc::posix_spawn_file_actions_adddup2(&mut actions, end, target))
        });
        let spawned = added.and_then(|()| {
            check(libc::posix_spawn(
                &mut pid,
                words[0].as_ptr(),
                &actions,
                std::ptr::null(),
                argv.as_ptr(),
                envp.as_ptr(),
            ))
        });
        libc::posix_spawn_file_actions_destroy(&mut actions);
        spawned
    };
    result?;
    let pid = Pid::from_raw(pid).ok_or_else(|| io::Error::other("posix_spawn gave no process"))?;
    Ok(Child { pid, out, err })
}

/// The posix_spawn family returns its error number.
fn check(code: libc::c_int) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
}

/// Reads both pipes until nobody can write to them any more.
fn drain(pipes: [&OwnedFd; 2], buffer: &mut [u8]) -> io::Result<()> {
    let mut open = pipes.to_vec();
    while !open.is_empty() {
        let mut waiting: Vec<PollFd> = open.iter().map(|pipe| PollFd::new(*pipe, PollFlags::IN)).collect();
        poll(&mut waiting, None)?;
        let ready: Vec<bool> = waiting.iter().map(|pipe| !pipe.revents().is_empty()).collect();
        let mut ready = ready.into_iter();
        let mut failed = None;
        open.retain(|pipe| {
            if ready.next() != Some(true) {
                return true;
            }
            match rustix::io::read(pipe, &mut *buffer) {
                Ok(count) => count > 0,
                Err(error) => {
                    failed = Some(error);
                    false
                }
            }
        });
        if let Some(error) = failed {
            return Err(error.into());
        }
    }
    Ok(())
}

/// User and system time in seconds, of this process or of the children that it has waited for.
fn cpu_seconds(who: libc::c_int) -> io::Result<f64> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    #[expect(unsafe_code, reason = "getrusage has no safe wrapper in rustix")]
    // SAFETY: the pointer is valid for writes, and the structure is read only after the call has filled it.
    let usage = unsafe {
        if libc::getrusage(who, usage.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        usage.assume_init()
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    Ok(seconds(usage.ru_utime) + seconds(usage.ru_stime))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floor(words: &[&str]) -> Result<Floor, Box<dyn Error>> {
        Floor::from_arguments(words.iter().map(OsString::from).collect())
    }

    #[test]
    fn every_run_is_started_with_its_number_and_read_to_the_end() {
        // Far more than a pipe holds, on both outputs: a loop that read one after the other would hang.
        let script = "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; mkdir \"$0/$1\"";
        let directory = std::env::temp_dir().join(format!("spawn-floor-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let text = directory.to_str().unwrap();
        let line =
            floor(&["--runs", "5", "--threads", "2", "/bin/sh", "-c", script, text]).unwrap().measure();
        let mut made: Vec<_> =
            std::fs::read_dir(&directory).unwrap().map(|e| e.unwrap().file_name()).collect();
        made.sort();
        std::fs::remove_dir_all(&directory).unwrap();
        assert!(line.unwrap().starts_with(r#"{"runs": 5, "threads": 2, "wall": "#));
        assert_eq!(made, ["1", "2", "3", "4", "5"]);
    }

    #[test]
    fn a_failing_program_is_an_error() {
        let error = floor(&["--runs", "1", "/bin/sh", "-c", "exit 3"]).unwrap().measure().unwrap_err();
        assert_eq!(error.to_string(), "run 1 has failed; the program must end with exit code 0");
        assert!(floor(&["--runs", "1", "/nowhere/program"]).unwrap().measure().is_err());
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for words in [&["--runs"] as &[&str], &["--runs", "0", "true"], &["--runs", "x", "true"], &[]] {
            assert_eq!(floor(words).err().map(|error| error.to_string()).as_deref(), Some(USAGE));
        }
    }
}
