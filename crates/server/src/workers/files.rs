//! Files that runs elsewhere have left, as they come: in pieces, gone on with after a break, named only when they are whole.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use paramo_worker::remote::content;
use paramo_worker::remote::wire::{Offer, ToRemote};

/// The files that a connection brings.
#[derive(Default)]
pub(super) struct Incoming(HashMap<u64, Arriving>);

#[derive(Clone)]
struct Arriving {
    /// What there is of it.
    part: PathBuf,
    /// Where it is once it is whole.
    path: PathBuf,
    length: u64,
    sum: String,
}

impl Incoming {
    /// A file is offered, with `folder` for the files of its study.
    pub async fn offer(&mut self, offer: Offer, folder: &Path) -> ToRemote {
        let Offer { file, index, name, length, sum, .. } = offer;
        let plain = sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
        let path = match content::below(&name) {
            Ok(below) if plain => folder.join(index.to_string()).join(below),
            Ok(_) => return ToRemote::NotTaken { file, message: "its sum is none".to_owned() },
            Err(message) => return ToRemote::NotTaken { file, message },
        };
        let part = folder.join(".part").join(format!("{index}-{sum}"));
        let arriving = Arriving { part, path, length, sum };
        let answer = carried_out(file, arriving.clone(), Arriving::begin).await;
        if matches!(answer, ToRemote::At { offset, .. } if offset < length) {
            self.0.insert(file, arriving);
        }
        answer
    }

    /// The next bytes of a file that was offered.
    pub async fn piece(&mut self, file: u64, offset: u64, bytes: Vec<u8>) -> ToRemote {
        let Some(arriving) = self.0.get(&file).cloned() else {
            return ToRemote::NotTaken { file, message: "it was not offered".to_owned() };
        };
        let length = arriving.length;
        let answer = carried_out(file, arriving, move |arriving| arriving.add(offset, &bytes)).await;
        if !matches!(answer, ToRemote::At { offset, .. } if offset < length) {
            self.0.remove(&file);
        }
        answer
    }
}

/// Does something to a file where waiting for the disk holds up nobody.
async fn carried_out(
    file: u64,
    arriving: Arriving,
    what: impl FnOnce(&Arriving) -> std::io::Result<u64> + Send + 'static,
) -> ToRemote {
    let path = arriving.path.clone();
    let done = tokio::task::spawn_blocking(move || what(&arriving)).await;
    match done.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
        Ok(offset) => ToRemote::At { file, offset },
        Err(error) => ToRemote::NotTaken { file, message: format!("{}: {error}", path.display()) },
    }
}

impl Arriving {
    /// How much of it is there.
    fn begin(&self) -> std::io::Result<u64> {
        let whole = self.path.metadata().is_ok_and(|data| data.is_file() && data.len() == self.length);
        if whole && content::sum_of(&self.path)?.0 == self.sum {
            return Ok(self.length);
        }
        let there = self.part.metadata().map_or(0, |data| data.len());
        if there > self.length {
            fs::remove_file(&self.part)?;
            return self.begin();
        }
        if there == self.length {
            if self.length == 0 {
                self.open()?;
            }
            return self.end();
        }
        Ok(there)
    }

    fn open(&self) -> std::io::Result<File> {
        if let Some(folder) = self.part.parent() {
            fs::create_dir_all(folder)?;
        }
        OpenOptions::new().create(true).append(true).open(&self.part)
    }

    fn add(&self, offset: u64, bytes: &[u8]) -> std::io::Result<u64> {
        let mut part = self.open()?;
        let there = part.metadata()?.len();
        if there != offset {
            // It is told how much there is, and sends what follows.
            return Ok(there);
        }
        part.write_all(bytes)?;
        let there = there + bytes.len() as u64;
        if there < self.length { Ok(there) } else { self.end() }
    }

    /// Gives a whole file its name.
    fn end(&self) -> std::io::Result<u64> {
        let (sum, length) = content::sum_of(&self.part)?;
        if sum != self.sum || length != self.length {
            fs::remove_file(&self.part)?;
            return Err(std::io::Error::other("it has changed on its way"));
        }
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::rename(&self.part, &self.path)?;
        Ok(self.length)
    }
}

#[cfg(test)]
mod tests {
    use paramo_model::StudyId;

    use super::*;

    fn offer(home: &Path, name: &str, text: &[u8]) -> Offer {
        let source = home.join("source");
        fs::write(&source, text).unwrap();
        let (sum, length) = content::sum_of(&source).unwrap();
        Offer { file: 1, study: StudyId(3), index: 7, name: name.to_owned(), length, sum }
    }

    #[track_caller]
    fn at(answer: ToRemote) -> u64 {
        let ToRemote::At { file: 1, offset } = answer else { panic!("{answer:?}") };
        offset
    }

    #[tokio::test]
    async fn a_file_is_gone_on_with_where_it_was_cut_off() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("files");
        let text = b"one two three";
        let mut first = Incoming::default();
        assert_eq!(at(first.offer(offer(home.path(), "a/out.txt", text), &folder).await), 0);
        assert_eq!(at(first.piece(1, 0, text[..4].to_vec()).await), 4);
        assert!(!folder.join("7/a/out.txt").exists(), "it has no name before it is whole");
        let mut second = Incoming::default();
        assert_eq!(at(second.offer(offer(home.path(), "a/out.txt", text), &folder).await), 4);
        assert_eq!(at(second.piece(1, 0, text[..4].to_vec()).await), 4, "a piece that comes twice");
        assert_eq!(at(second.piece(1, 4, text[4..].to_vec()).await), 13);
        assert_eq!(fs::read(folder.join("7/a/out.txt")).unwrap(), text);
        let again = Incoming::default().offer(offer(home.path(), "a/out.txt", text), &folder).await;
        assert_eq!(at(again), 13, "it is there");
        assert_eq!(at(Incoming::default().offer(offer(home.path(), "empty", b""), &folder).await), 0);
        assert!(folder.join("7/empty").exists());
    }

    #[tokio::test]
    async fn what_leads_outside_or_is_something_else_is_not_taken() {
        let home = tempfile::tempdir().unwrap();
        for name in ["../x", "/etc/x", ""] {
            let answer = Incoming::default().offer(offer(home.path(), name, b"x"), home.path()).await;
            assert!(matches!(answer, ToRemote::NotTaken { .. }), "{name}: {answer:?}");
        }
        let mut incoming = Incoming::default();
        incoming.offer(offer(home.path(), "x", b"right"), home.path()).await;
        let answer = incoming.piece(1, 0, b"wrong".to_vec()).await;
        assert!(
            matches!(&answer, ToRemote::NotTaken { message, .. } if message.contains("changed")),
            "{answer:?}"
        );
        let answer = incoming.piece(9, 0, Vec::new()).await;
        assert!(matches!(answer, ToRemote::NotTaken { .. }), "{answer:?}");
    }
}
