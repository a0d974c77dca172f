//! The end of a relay on the login node: it takes TCP connections of compute nodes and hands their bytes to a Unix socket, from which
//! OpenSSH carries them to the server. It understands nothing of them, and holds no secret.

use std::fs::Metadata;
use std::io::{ErrorKind, Write};
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use paramo_worker::remote::HostPort;
use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::Semaphore;

/// Connections at once. More have to wait until one is closed.
const CONNECTIONS: usize = 4096;
/// How long to wait when no connection can be taken, as when there are no files left to open.
const PAUSE: Duration = Duration::from_millis(100);
/// A node that is gone without a word is asked after a while, and again, so that its connection does not stay for ever.
const SILENCE: Duration = Duration::from_secs(60);
const QUESTIONS: u32 = 5;

/// What a relay is told on the login node.
#[derive(Clone, Debug)]
pub struct RelayOptions {
    /// The Unix socket that leads to the server.
    pub to: PathBuf,
    /// Where to listen. With port 0 it is that of the relay before this one when it is free, else any.
    pub listen: HostPort,
    /// How compute nodes name this host; without it the host of `listen`, and where that is every address, what the host calls itself.
    pub name: Option<String>,
    /// The file that says `HOST:PORT` as long as this relay is there.
    pub address_file: PathBuf,
}

/// A relay that listens. When it is dropped its file and its socket go, unless they are another's by then.
pub struct RelayDoor {
    listener: TcpListener,
    address: HostPort,
    options: RelayOptions,
    /// The socket as it was at the beginning: another relay may put its own in this place before this one has ended.
    socket: Option<Mark>,
}

/// What tells a file from another of the same name, also when it got the other's number.
type Mark = (u64, u64, i64, i64);

fn mark(found: &Metadata) -> Mark {
    (found.dev(), found.ino(), found.ctime(), found.ctime_nsec())
}

impl RelayDoor {
    /// Listens, and says where in the file.
    ///
    /// # Errors
    ///
    /// When nothing can listen there, or the file cannot be written; in words for people.
    pub async fn open(options: RelayOptions) -> Result<RelayDoor, String> {
        let socket = std::fs::symlink_metadata(&options.to)
            .map_err(|error| format!("cannot find the socket {}: {error}", options.to.display()))?;
        raise_open_files();
        let last = last_file(&options.address_file);
        let before = [&options.address_file, &last].into_iter().find_map(|file| port_in(file));
        let listener = listen(&options.listen, before)
            .await
            .map_err(|error| format!("cannot listen on {}: {error}", options.listen))?;
        let found = listener.local_addr().map_err(|error| format!("cannot listen: {error}"))?;
        let host = match &options.name {
            Some(name) => name.clone(),
            None if found.ip().is_unspecified() => {
                rustix::system::uname().nodename().to_string_lossy().into_owned()
            }
            None => options.listen.host.clone(),
        };
        let address = HostPort { host, port: found.port() };
        for file in [&last, &options.address_file] {
            write(file, &format!("{address}\n"))
                .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        }
        Ok(RelayDoor { listener, address, options, socket: Some(mark(&socket)) })
    }

    /// Where it is, as compute nodes name it.
    pub fn address(&self) -> &HostPort {
        &self.address
    }

    /// Hands connections on; it does not end by itself.
    pub async fn carry(&self) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            // The semaphore is never closed.
            let place = places.clone().acquire_owned().await.ok();
            let Ok((near, _)) = self.listener.accept().await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let to = self.options.to.clone();
            tokio::spawn(async move {
                // Whoever is cut off connects again, and says so itself.
                let _ = hand_on(near, &to).await;
                drop(place);
            });
        }
    }
}

impl Drop for RelayDoor {
    fn drop(&mut self) {
        let file = &self.options.address_file;
        if std::fs::read_to_string(file).is_ok_and(|text| text.trim() == self.address.to_string()) {
            // What cannot be removed leads nowhere, and workers find that out.
            let _ = std::fs::remove_file(file);
        }
        let now = std::fs::symlink_metadata(&self.options.to).ok();
        if now.as_ref().map(mark) == self.socket {
            let _ = std::fs::remove_file(&self.options.to);
        }
    }
}

async fn hand_on(mut near: TcpStream, to: &Path) -> std::io::Result<()> {
    near.set_nodelay(true)?;
    sockopt::set_socket_keepalive(&near, true)?;
    sockopt::set_tcp_keepidle(&near, SILENCE)?;
    sockopt::set_tcp_keepintvl(&near, SILENCE / QUESTIONS)?;
    sockopt::set_tcp_keepcnt(&near, QUESTIONS)?;
    let mut far = UnixStream::connect(to).await?;
    tokio::io::copy_bidirectional(&mut near, &mut far).await.map(drop)
}

async fn listen(at: &HostPort, before: Option<u16>) -> std::io::Result<TcpListener> {
    if at.port == 0
        && let Some(port) = before
    {
        match TcpListener::bind((at.host.as_str(), port)).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            other => return other,
        }
    }
    TcpListener::bind((at.host.as_str(), at.port)).await
}

/// The file beside the other one that stays, so that the next relay knows the port of this one.
fn last_file(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".last");
    name.into()
}

fn port_in(file: &Path) -> Option<u16> {
    let place: HostPort = std::fs::read_to_string(file).ok()?.trim().parse().ok()?;
    // What somebody wrote into it must not be a port that only the administrator may use.
    (place.port >= 1024).then_some(place.port)
}

/// Whoever reads it sees the old or the new text, and nobody but the owner reads it.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut part = file.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)
        .and_then(|mut open| open.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(&part, file));
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written
}

/// Each connection takes two files, and login nodes often allow a thousand.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // With fewer, connections wait for one another; that is no reason to end.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// Where a relay listens that compute nodes know by this name: on every address of its host, unless the name is an address itself. A
/// name may mean something else on the host that bears it (`127.0.1.1`).
pub(super) fn where_to_listen(inside: Option<&str>) -> HostPort {
    let host = inside.filter(|name| name.parse::<IpAddr>().is_ok()).unwrap_or("0.0.0.0");
    HostPort { host: host.to_owned(), port: 0 }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixListener;

    use super::*;

    struct Place {
        folder: tempfile::TempDir,
        /// What OpenSSH would listen on.
        socket: UnixListener,
    }

    impl Place {
        fn new() -> Place {
            let folder = tempfile::tempdir().unwrap();
            let socket = UnixListener::bind(folder.path().join("s")).unwrap();
            Place { folder, socket }
        }

        fn options(&self) -> RelayOptions {
            RelayOptions {
                to: self.folder.path().join("s"),
                listen: "127.0.0.1:0".parse().unwrap(),
                name: None,
                address_file: self.folder.path().join("address"),
            }
        }

        fn said(&self) -> String {
            std::fs::read_to_string(self.folder.path().join("address")).unwrap()
        }
    }

    #[tokio::test]
    async fn bytes_go_both_ways_and_an_end_of_one_is_carried_on() {
        let place = Place::new();
        let door = RelayDoor::open(place.options()).await.unwrap();
        let address = door.address().to_string();
        assert_eq!(place.said(), format!("{address}\n"));
        let mode = std::fs::metadata(place.folder.path().join("address")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let talk = async {
            let mut node = TcpStream::connect(&address).await.unwrap();
            node.write_all(&vec![7; 1 << 20]).await.unwrap();
            node.shutdown().await.unwrap();
            let mut answer = String::new();
            node.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let server = async {
            let (mut far, _) = place.socket.accept().await.unwrap();
            let mut all = Vec::new();
            // It ends, while the other direction is still open.
            far.read_to_end(&mut all).await.unwrap();
            far.write_all(format!("{} bytes", all.len()).as_bytes()).await.unwrap();
        };
        let (answer, ()) = tokio::select! {
            both = async { tokio::join!(talk, server) } => both,
            () = door.carry() => unreachable!("it does not end"),
        };
        assert_eq!(answer, format!("{} bytes", 1 << 20));
        drop(door);
        assert!(!place.folder.path().join("address").exists() && !place.folder.path().join("s").exists());
    }

    #[tokio::test]
    async fn the_next_relay_takes_the_port_of_the_one_before_it_and_another_when_it_is_taken() {
        let place = Place::new();
        let first = RelayDoor::open(place.options()).await.unwrap();
        let address = first.address().clone();
        // It comes while the first is still there, with a socket of its own at the same place.
        std::fs::remove_file(place.folder.path().join("s")).unwrap();
        let socket = UnixListener::bind(place.folder.path().join("s")).unwrap();
        let second = RelayDoor::open(place.options()).await.unwrap();
        assert_ne!(second.address().port, address.port);
        drop(first);
        assert_eq!(place.said(), format!("{}\n", second.address()), "the file is another's by now");
        assert!(place.folder.path().join("s").exists(), "and so is the socket");
        let port = second.address().port;
        drop((second, socket));
        std::fs::write(place.folder.path().join("s"), "").unwrap();
        let options = RelayOptions { name: Some("login1".to_owned()), ..place.options() };
        let third = RelayDoor::open(options).await.unwrap();
        assert_eq!(third.address().to_string(), format!("login1:{port}"));
    }

    #[tokio::test]
    async fn what_it_needs_is_named_when_it_is_not_there() {
        let place = Place::new();
        let mut options = place.options();
        options.to = "/nowhere/s".into();
        let wrong = RelayDoor::open(options).await.err().unwrap();
        assert!(wrong.contains("cannot find the socket /nowhere/s"), "{wrong}");
        let mut options = place.options();
        options.address_file = "/nowhere/address".into();
        let wrong = RelayDoor::open(options).await.err().unwrap();
        assert!(wrong.contains("cannot write /nowhere/address"), "{wrong}");
    }

    #[test]
    fn an_address_is_listened_on_and_a_name_only_told() {
        assert_eq!(where_to_listen(None).to_string(), "0.0.0.0:0");
        assert_eq!(where_to_listen(Some("login1")).to_string(), "0.0.0.0:0");
        assert_eq!(where_to_listen(Some("127.0.0.1")).to_string(), "127.0.0.1:0");
        assert_eq!(where_to_listen(Some("::1")).to_string(), "[::1]:0");
    }
}
