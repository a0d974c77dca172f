//! The way back from compute nodes that cannot reach the server: a relay on the login node, which lives as long as one SSH connection.
//!
//! OpenSSH listens there on a Unix socket that only its owner can open and carries it to a port of this host (`-R`). `paramo relay`, the
//! command of the same connection, takes TCP connections of compute nodes and hands them to that socket. So nothing depends on whether
//! the site's SSH server lets others use forwarded ports (`GatewayPorts`), and when the connection breaks everything over there ends.

mod door;

use std::process::Stdio;
use std::time::Duration;

use paramo_worker::remote::HostPort;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::task::JoinHandle;

pub use door::{RelayDoor, RelayOptions};

use crate::access::{Access, AccessError};
use crate::{Check, Connection};

/// How long the login and the start of the relay may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long what has ended may keep its error output open.
const REST: Duration = Duration::from_millis(300);
/// The longest address of a Unix socket, in bytes (`sun_path` but for the zero at its end).
const LONGEST: usize = 107;
/// The exit code by which `ssh` tells of itself, and not of the command.
const OF_SSH: i32 = 255;
/// What is read until the address must have come, as what a login prints comes before it.
const GREETING: u64 = 64 << 10;
/// What is kept of the complaints.
const COMPLAINTS: usize = 4 << 10;

/// A relay on a login node. When this is dropped, the relay ends.
pub struct Relay {
    /// `HOST:PORT`, as compute nodes name it.
    pub address: String,
    /// The file on the site that says so, for `paramo worker --via-file`.
    pub file: String,
    child: Child,
    /// The relay ends with its input, so this is held.
    _input: Option<ChildStdin>,
    complaints: Option<JoinHandle<String>>,
}

impl Connection {
    /// Starts a relay to a port of this host (`127.0.0.1`). `program` is what [`bring_program`](Connection::bring_program) gave. `key` tells
    /// relays of one site apart: letters, digits, `-` and `_`, at most 40 of them. A relay with the same key takes the place of the one
    /// before it, and its port when that is free.
    ///
    /// # Errors
    ///
    /// When the site is this host, whose nodes need no relay; when it cannot be reached; when its SSH server carries no sockets.
    pub async fn relay(&self, program: &str, key: &str, port: u16) -> Result<Relay, AccessError> {
        let access = &self.access;
        let refused = |why: String| AccessError::Refused {
            what: "start a relay".to_owned(),
            place: access.place().to_owned(),
            why,
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        if key.is_empty() || key.len() > 40 || !key.chars().all(plain) {
            return Err(refused(format!(
                "expected a key of 1 to 40 letters, digits, - and _, found `{key}`"
            )));
        }
        let here =
            || refused("the site is this host: workers reach the server by its own address".to_owned());
        let login = self.site.login.as_ref().ok_or_else(here)?;
        let inside = login.inside.as_deref();
        let directory = format!("{}/relay", self.site.directory);
        let socket = prepare(access, &directory, key).await?;
        let file = format!("{directory}/{key}.address");
        let forward = format!("{socket}:127.0.0.1:{port}");
        let listen = door::where_to_listen(inside).to_string();
        let options = [
            "-R",
            &forward,
            "-o",
            "ExitOnForwardFailure=yes",
            "-o",
            "StreamLocalBindUnlink=yes",
            "-o",
            "ServerAliveInterval=15",
        ];
        let mut words = vec![program, "relay", "--to", &socket, "--listen", &listen, "--address-file", &file];
        words.extend(inside.into_iter().flat_map(|name| ["--name", name]));
        let mut command = access.apart(&options, &words).ok_or_else(here)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        // Ctrl-C is for whoever asked; workers must still be able to hand in what they have.
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| AccessError::Start {
            program: "ssh".to_owned(),
            place: "this host".to_owned(),
            why: error.to_string(),
        })?;
        let input = child.stdin.take();
        let complaints = Some(tokio::spawn(last_words(child.stderr.take())));
        let mut relay = Relay { address: String::new(), file, child, _input: input, complaints };
        let Some(out) = relay.child.stdout.take() else { return Err(refused("it has no output".to_owned())) };
        let mut out = BufReader::new(out);
        let said = tokio::time::timeout(PATIENCE, address_in(&mut out)).await;
        let said = said.map_err(|_| AccessError::Silent {
            place: access.place().to_owned(),
            seconds: PATIENCE.as_secs(),
        })?;
        let Some(address) = said else {
            let Ok(why) = tokio::time::timeout(PATIENCE, relay.ended()).await else {
                return Err(refused("it has said no address among much else".to_owned()));
            };
            let of_ssh = relay.child.wait().await.is_ok_and(|status| status.code() == Some(OF_SSH));
            return Err(match (of_ssh, why.contains("forward")) {
                (true, true) => refused(format!(
                    "{why}; its SSH server must carry Unix sockets (AllowStreamLocalForwarding, AllowTcpForwarding), and {socket} must be on a file system that takes them"
                )),
                (true, false) => AccessError::Unreachable { place: access.place().to_owned(), why },
                (false, _) => refused(why),
            });
        };
        relay.address = address.to_string();
        // Nothing more is to come; but whoever prints to a closed pipe would end.
        tokio::spawn(async move { tokio::io::copy(&mut out, &mut tokio::io::sink()).await });
        Ok(relay)
    }
}

impl Connection {
    /// Looks whether a relay could be started: whether its SSH server carries a socket to this host. Nothing stays there.
    pub(crate) async fn check_relay(&self) -> Check {
        let what = "relay";
        let refused = |why: String| {
            Check::bad(
                what,
                format!(
                    "{why}; workers come back through the login node: its SSH server must carry Unix sockets (AllowStreamLocalForwarding, AllowTcpForwarding), or say `back`, an address by which nodes reach this machine"
                ),
            )
        };
        let key = format!("test-{}", std::process::id());
        let directory = format!("{}/relay", self.site.directory);
        let socket = match prepare(&self.access, &directory, &key).await {
            Ok(socket) => socket,
            Err(error) => return refused(error.to_string()),
        };
        // Nobody connects to it.
        let forward = format!("{socket}:127.0.0.1:9");
        let options = ["-R", &forward, "-o", "ExitOnForwardFailure=yes"];
        let script = "[ -S \"$1\" ]; code=$?; rm -f -- \"$1\"; exit \"$code\"";
        let words = ["/bin/sh", "-c", script, "sh", &socket];
        let Some(mut command) = self.access.apart(&options, &words) else {
            return Check::note(what, "none is needed: the site is this host");
        };
        command.stdin(Stdio::null()).kill_on_drop(true);
        match tokio::time::timeout(PATIENCE, command.output()).await {
            Ok(Ok(ended)) if ended.status.success() => Check::good(
                what,
                format!("{} carries connections of workers to this machine", self.access.place()),
            ),
            Ok(Ok(ended)) => {
                let text = String::from_utf8_lossy(&ended.stderr);
                let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
                refused(last.unwrap_or("there is no socket").to_owned())
            }
            Ok(Err(error)) => refused(format!("ssh does not start: {error}")),
            Err(_) => refused(format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }
}

impl Relay {
    /// Waits until it has ended, and says why: the last line that it complained in.
    pub async fn ended(&mut self) -> String {
        let status = self.child.wait().await;
        let last = match self.complaints.take() {
            Some(complaints) => tokio::time::timeout(REST, complaints).await,
            // It was asked before.
            None => Ok(Ok(String::new())),
        };
        match (last, status) {
            (Ok(Ok(last)), _) if !last.is_empty() => last,
            (_, Ok(status)) => match status.code() {
                Some(code) => format!("ssh has ended with exit code {code}"),
                None => "ssh was ended by a signal".to_owned(),
            },
            (_, Err(error)) => error.to_string(),
        }
    }
}

/// Makes the places of the relay's files, and gives that of its socket. One that an earlier relay has left is removed: the SSH server would
/// not take its place.
async fn prepare(access: &Access, directory: &str, key: &str) -> Result<String, AccessError> {
    let socket = format!("{directory}/{key}.sock");
    // What OpenSSH would take apart, or not take, goes to a place that we name.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+=@,".contains(c);
    let short = if socket.len() <= LONGEST && socket.chars().all(plain) { directory } else { "" };
    let script = "umask 077; mkdir -p -- \"$1\" && chmod 700 -- \"$1\" || exit 1\n\
        d=$2; [ -n \"$d\" ] || { d=/tmp/paramo-$(id -u); mkdir -m 700 -- \"$d\" 2>/dev/null; }\n\
        [ -d \"$d\" ] && [ ! -L \"$d\" ] && [ -O \"$d\" ] && chmod 700 -- \"$d\" || \
        { echo \"$d must be a directory of yours; its path may have 60 bytes, or name a shorter directory of the site\" >&2; exit 1; }\n\
        rm -f -- \"$d/$3.sock\" && printf '%s' \"$d\"";
    let what = format!("make a place for a socket for {directory}");
    let found = access.shell(&what, script, &[directory, short, key], &[]).await?;
    Ok(format!("{}/{key}.sock", String::from_utf8_lossy(&found)))
}

/// The first line that is an address. A login may print other lines before it. `None`: it has ended without one.
async fn address_in(out: &mut (impl AsyncRead + Unpin)) -> Option<HostPort> {
    let mut lines = BufReader::new(out.take(GREETING)).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Ok(address) = line.trim().parse() {
            return Some(address);
        }
    }
    None
}

/// Reads complaints to their end, and gives the last line.
async fn last_words(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let mut kept = Vec::new();
    let mut buffer = vec![0; COMPLAINTS];
    let Some(mut pipe) = pipe else { return String::new() };
    while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..read]);
        let beyond = kept.len().saturating_sub(COMPLAINTS);
        kept.drain(..beyond);
    }
    let text = String::from_utf8_lossy(&kept);
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
