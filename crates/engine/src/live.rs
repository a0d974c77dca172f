//! What goes on now, for those who look on from other processes: a socket beside the store that says each moment as a line of JSON.
//!
//! A moment tells everything, so only the newest matters: a reader that is slow misses some and never holds up the engine, and where nobody
//! reads nothing is made. Wishes do not come this way; they are written to the store, which outlives both processes.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use paramo_model::{Moment, StudyId};
use rustix::fs::{Mode, OFlags};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

type Sender = watch::Sender<Option<Arc<Moment>>>;

/// Says what goes on in a study to whoever looks on.
#[derive(Debug, Default)]
pub struct Live {
    to: Sender,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    path: PathBuf,
    task: AbortHandle,
}

impl Live {
    /// Lets other processes of the same user look on. Whoever calls holds the lock of the study: a socket that is there was left by a
    /// process that is gone. Needs a runtime, on which the readers are served.
    pub fn open(&mut self, directory: &Path, study: StudyId) -> io::Result<()> {
        let folder = directory.join(FOLDER);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let path = folder.join(study.0.to_string());
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let (_held, address) = address(&folder, study)?;
        let listener = UnixListener::bind(address)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        let task = tokio::spawn(serve(listener, self.to.clone())).abort_handle();
        self.open = Some(Open { path, task });
        Ok(())
    }

    /// The moments, for a reader in this process.
    pub fn subscribe(&self) -> watch::Receiver<Option<Arc<Moment>>> {
        self.to.subscribe()
    }

    /// Whether anybody looks on.
    pub fn watched(&self) -> bool {
        self.to.receiver_count() > 0
    }

    pub fn say(&self, moment: Moment) {
        self.to.send_replace(Some(Arc::new(moment)));
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            open.task.abort();
            // Were it left, the next process would remove it.
            let _ = std::fs::remove_file(&open.path);
        }
    }
}

/// Moments from the process that works on a study.
#[derive(Debug)]
pub struct Follow {
    lines: Lines<BufReader<UnixStream>>,
}

impl Follow {
    /// Reaches the process that works on a study. The error is `NotFound` or `ConnectionRefused` when none does.
    pub async fn reach(directory: &Path, study: StudyId) -> io::Result<Follow> {
        let (_held, address) = address(&directory.join(FOLDER), study)?;
        let stream = UnixStream::connect(address).await?;
        Ok(Follow { lines: BufReader::new(stream).lines() })
    }

    /// The next moment; `None` once the process is gone. Nothing is lost when the future is dropped before it is ready.
    pub async fn next(&mut self) -> io::Result<Option<Moment>> {
        match self.lines.next_line().await? {
            Some(line) => Ok(Some(serde_json::from_str(&line)?)),
            None => Ok(None),
        }
    }
}

const FOLDER: &str = "live";

/// The name of the socket: through a descriptor of its directory, for a socket's name has some 100 bytes at the most and a directory's may
/// be longer.
fn address(folder: &Path, study: StudyId) -> io::Result<(OwnedFd, PathBuf)> {
    let held = rustix::fs::open(folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let path = format!("/proc/self/fd/{}/{}", held.as_raw_fd(), study.0);
    Ok((held, path.into()))
}

async fn serve(listener: UnixListener, to: Sender) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let from = to.subscribe();
                tokio::spawn(tell(stream, from));
            }
            // Out of descriptors, say: the study goes on, and who knocks later may be let in.
            Err(_) => tokio::time::sleep(std::time::Duration::from_secs(1)).await,
        }
    }
}

/// Says every moment to one reader, or the newest when it has fallen behind.
async fn tell(mut stream: UnixStream, mut from: watch::Receiver<Option<Arc<Moment>>>) {
    while from.changed().await.is_ok() {
        let moment = from.borrow_and_update().clone();
        let Some(mut line) = moment.and_then(|moment| serde_json::to_vec(&*moment).ok()) else { continue };
        line.push(b'\n');
        if stream.write_all(&line).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paramo_model::{Progress, Running, Timestamp};

    fn moment(done: u64) -> Moment {
        let running = (0..Moment::RUNNING as u64)
            .map(|index| Running { index, attempt: 1, slot: 0, since: Timestamp(0) })
            .collect();
        Moment { progress: Progress { succeeded: done, ..Progress::default() }, running, ..Moment::default() }
    }

    async fn reached(live: &Live, directory: &Path) -> Follow {
        let before = live.to.receiver_count();
        let follow = Follow::reach(directory, StudyId(7)).await.unwrap();
        while live.to.receiver_count() == before {
            tokio::task::yield_now().await;
        }
        follow
    }

    #[tokio::test]
    async fn two_readers_hear_the_same_and_a_slow_one_skips_to_the_newest() {
        let top = tempfile::tempdir().unwrap();
        // Longer than the name of a socket may be.
        let directory = top.path().join("d".repeat(120));
        std::fs::create_dir(&directory).unwrap();
        let mut live = Live::default();
        live.open(&directory, StudyId(7)).unwrap();
        assert!(!live.watched());
        let mode = std::fs::metadata(directory.join("live/7")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut quick = reached(&live, &directory).await;
        let mut slow = reached(&live, &directory).await;
        assert!(live.watched());
        let rounds = 500;
        for done in 1..=rounds {
            live.say(moment(done));
            assert_eq!(quick.next().await.unwrap(), Some(moment(done)));
        }
        let mut heard = Vec::new();
        while heard.last() != Some(&rounds) {
            heard.push(slow.next().await.unwrap().unwrap().progress.succeeded);
        }
        assert!(heard.is_sorted() && heard.len() < rounds as usize, "{} were kept for it", heard.len());
        drop(live);
        assert_eq!(slow.next().await.unwrap(), None);
        assert!(!directory.join("live/7").exists());
    }

    #[tokio::test]
    async fn what_a_killed_process_left_is_no_obstacle() {
        let directory = tempfile::tempdir().unwrap();
        let absent = Follow::reach(directory.path(), StudyId(7)).await.unwrap_err();
        assert_eq!(absent.kind(), io::ErrorKind::NotFound);
        std::fs::create_dir(directory.path().join("live")).unwrap();
        drop(std::os::unix::net::UnixListener::bind(directory.path().join("live/7")).unwrap());
        let refused = Follow::reach(directory.path(), StudyId(7)).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let mut live = Live::default();
        live.open(directory.path(), StudyId(7)).unwrap();
        let mut follow = reached(&live, directory.path()).await;
        live.say(moment(1));
        assert_eq!(follow.next().await.unwrap(), Some(moment(1)));
    }
}
