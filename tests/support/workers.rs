//! A server whose workers are processes of their own, and a way between them that can be cut.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::Http;
use crate::{Answer, Desk, until};

const OWNER: &str = "0123456789abcdef0123456789abcdef";

/// A server without workers of its own, which ends with the test.
pub struct Hub {
    process: Child,
    pub http: Http,
}

impl Hub {
    /// A server in a desk's directory. `grace`: how long a worker that is away keeps its runs.
    #[track_caller]
    pub fn start(desk: &Desk, grace: &str) -> Hub {
        Hub::start_with(desk, grace, &[])
    }

    /// The same with more variables, for the commands of a site's engine.
    #[track_caller]
    pub fn start_with(desk: &Desk, grace: &str, variables: &[(&str, &str)]) -> Hub {
        Hub::start_at("127.0.0.1:0", desk, grace, variables)
    }

    /// One after another that has ended, where its workers look for it.
    #[track_caller]
    pub fn again(&self, desk: &Desk, grace: &str, variables: &[(&str, &str)]) -> Hub {
        Hub::start_at(&self.http.address, desk, grace, variables)
    }

    #[track_caller]
    fn start_at(listen: &str, desk: &Desk, grace: &str, variables: &[(&str, &str)]) -> Hub {
        desk.file("owner", OWNER);
        desk.file(
            "server.toml",
            format!("[workers]\nheartbeat = \"200 ms\"\ngrace = \"{grace}\"\nreturning = \"20 s\"\n"),
        );
        let words = [
            "server",
            "--config",
            "server.toml",
            "--token-file",
            "owner",
            "--workers",
            "0",
            "--listen",
            listen,
        ];
        let mut command = desk.command(&words);
        command.envs(variables.iter().copied());
        let errors = std::fs::File::create(desk.path().join("server.err"));
        let errors = errors.unwrap_or_else(|error| panic!("no file for errors: {error}"));
        let process = command.stdout(Stdio::piped()).stderr(errors).spawn();
        let mut process = process.unwrap_or_else(|error| panic!("the server does not start: {error}"));
        let mut link = String::new();
        let out = process.stdout.take().unwrap_or_else(|| panic!("no output"));
        let _ = BufReader::new(out).read_line(&mut link);
        let address = link.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        assert!(!address.is_empty(), "the server does not start: {}", desk.read("server.err"));
        Hub { process, http: Http { address: address.to_owned(), token: OWNER.to_owned() } }
    }

    /// Makes a token for workers, in the file `token` of a desk.
    #[track_caller]
    pub fn token(&self, desk: &Desk) {
        let made = self.http.post("/api/v1/workers/tokens", &json!({ "name": "test" }));
        assert_eq!(made.status, 201, "{}", made.text());
        desk.file("token", made.json()["token"].as_str().unwrap_or_default());
    }

    /// Begins a study.
    #[track_caller]
    pub fn submit(&self, desk: &Desk, file: &str) {
        let body = json!({ "file": file, "directory": desk.path() });
        let reply = self.http.post("/api/v1/studies", &body);
        assert_eq!(reply.status, 201, "{}", reply.text());
    }

    pub fn study(&self, name: &str) -> Value {
        self.http.get(&format!("/api/v1/studies/{name}")).json()
    }

    /// Runs of a study that are committed.
    pub fn done(&self, name: &str) -> u64 {
        let study = self.study(name);
        study["succeeded"].as_u64().unwrap_or(0) + study["failed"].as_u64().unwrap_or(0)
    }

    #[track_caller]
    pub fn finished(&self, name: &str) {
        until(&format!("{name} does not end"), || self.study(name)["state"] == "finished");
    }

    pub fn workers(&self) -> Vec<Value> {
        self.http.get("/api/v1/workers").json().as_array().cloned().unwrap_or_default()
    }

    /// Waits until so many workers are in this state.
    #[track_caller]
    pub fn await_workers(&self, count: usize, state: &str) {
        until(&format!("there are not {count} workers {state}"), || {
            self.workers().iter().filter(|worker| worker["state"] == state).count() == count
        });
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    pub fn signal(&self, signal: &str) {
        send(self.process.id(), signal);
    }

    pub fn wait(&mut self) {
        let _ = self.process.wait();
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.kill();
    }
}

fn send(pid: u32, signal: &str) {
    let sent = Command::new("kill").args([signal, &pid.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "{signal} could not be sent");
}

/// A process of `paramo worker`, which ends with the test. What it says is in `NAME.jsonl` of its desk.
pub struct Far {
    pub process: Child,
    pub name: String,
}

impl Far {
    /// A worker that comes in at an address with the token of the desk. `more` are further words.
    #[track_caller]
    pub fn start(desk: &Desk, name: &str, address: &str, more: &[&str]) -> Far {
        Far::spawn(desk, name, Far::command(desk, name, address, more))
    }

    pub fn command(desk: &Desk, name: &str, address: &str, more: &[&str]) -> Command {
        let server = format!("http://{address}");
        let scratch = format!(".scratch-{name}");
        let mut words =
            vec!["worker", "--server", &server, "--token-file", "token", "--name", name, "--json"];
        if !more.contains(&"--scratch") {
            words.extend(["--scratch", &scratch]);
        }
        if !more.contains(&"--cpus") {
            words.extend(["--cpus", "2"]);
        }
        words.extend(more);
        desk.command(&words)
    }

    #[track_caller]
    pub fn spawn(desk: &Desk, name: &str, mut command: Command) -> Far {
        let out = std::fs::File::create(desk.path().join(format!("{name}.jsonl")));
        let out = out.unwrap_or_else(|error| panic!("no file for output: {error}"));
        let process = command.stdout(out).stderr(Stdio::piped()).spawn();
        let process = process.unwrap_or_else(|error| panic!("the worker does not start: {error}"));
        Far { process, name: name.to_owned() }
    }

    /// The events that it has told of.
    pub fn events(&self, desk: &Desk) -> Vec<String> {
        let said = desk.read(&format!("{}.jsonl", self.name));
        let lines = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.map(|event| event["event"].as_str().unwrap_or_default().to_owned()).collect()
    }

    pub fn signal(&self, signal: &str) {
        send(self.process.id(), signal);
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn end(mut self) -> Answer {
        let mut status = None;
        until(&format!("the worker {} does not end", self.name), || {
            status = self.process.try_wait().ok().flatten();
            status.is_some()
        });
        let mut err = String::new();
        let _ = self.process.stderr.take().map(|mut stderr| stderr.read_to_string(&mut err));
        Answer { code: status.and_then(|status| status.code()), out: String::new(), err }
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const OPEN: u8 = 0;
const SILENT: u8 = 1;
const CLOSED: u8 = 2;

/// A way to a server over loopback that can be cut, and lead to another server later.
pub struct Way {
    pub address: String,
    to: Arc<Mutex<String>>,
    state: Arc<AtomicU8>,
}

impl Way {
    #[track_caller]
    pub fn new(to: &str) -> Way {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("no port: {error}"));
        let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
        let way =
            Way { address, to: Arc::new(Mutex::new(to.to_owned())), state: Arc::new(AtomicU8::new(OPEN)) };
        let (to, state) = (Arc::clone(&way.to), Arc::clone(&way.state));
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let to = to.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let Ok(far) = TcpStream::connect(to) else { continue };
                for (from, to) in [(near.try_clone(), far.try_clone()), (far.try_clone(), near.try_clone())] {
                    let state = Arc::clone(&state);
                    if let (Ok(from), Ok(to)) = (from, to) {
                        std::thread::spawn(move || carry(from, to, &state));
                    }
                }
            }
        });
        way
    }

    /// Nothing comes through any more, and nobody is told.
    pub fn silence(&self) {
        self.state.store(SILENT, Ordering::SeqCst);
    }

    /// All connections break.
    pub fn reset(&self) {
        self.state.store(CLOSED, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(60));
        self.state.store(OPEN, Ordering::SeqCst);
    }

    /// What comes now comes through; connections that were silent break.
    pub fn restore(&self) {
        self.reset();
    }

    pub fn lead_to(&self, to: &str) {
        *self.to.lock().unwrap_or_else(PoisonError::into_inner) = to.to_owned();
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, state: &AtomicU8) {
    let _ = from.set_read_timeout(Some(Duration::from_millis(10)));
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match state.load(Ordering::SeqCst) {
            CLOSED => break,
            SILENT => {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            }
            _ => {}
        }
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) if to.write_all(&buffer[..read]).is_err() => break,
            Ok(_) => {}
            Err(error)
                if [std::io::ErrorKind::WouldBlock, std::io::ErrorKind::TimedOut].contains(&error.kind()) => {
            }
            Err(_) => break,
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// A study whose runs note that they begin, and print the square of `x` after a while.
pub fn squares(desk: &Desk, name: &str, points: u64, seconds: &str) -> String {
    let home = desk.path().display();
    let _ = std::fs::create_dir(desk.path().join("begun"));
    format!(
        "name = \"{name}\"\n[application]\ncommand = [\"sh\", \"-c\", 'echo begun >> {home}/begun/{{x}}; sleep {seconds}; echo $(( {{x}} * {{x}} ))']\n\
         [application.outputs]\nsquare = {{ regex = '\\d+', type = \"integer\" }}\n[space]\nx = {{ from = 0, to = {}, step = 1 }}\n",
        points - 1
    )
}

/// How often a run has begun.
pub fn begun(directory: &Path, index: u64) -> usize {
    std::fs::read_to_string(directory.join(format!("begun/{index}"))).map_or(0, |text| text.lines().count())
}
