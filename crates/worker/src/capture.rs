//! Capturing an output stream: all of it while it is small, a file and the tail once it is large.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;

use paramo_model::OutputFile;

/// Bytes of a stream that are kept in memory and in the report.
pub(crate) const TAIL: usize = 64 * 1024;

/// The largest stream or file that outputs are read from.
pub(crate) const READABLE: u64 = 64 * 1024 * 1024;

/// One stream of one run.
pub(crate) struct Capture {
    /// The last bytes; all of them while there are at most `TAIL`.
    recent: Vec<u8>,
    length: u64,
    /// Where the stream goes once it is large.
    path: PathBuf,
    spill: Option<File>,
    error: Option<String>,
}

impl Capture {
    /// A stream that is spilled to this path once it outgrows [`TAIL`].
    pub fn new(path: PathBuf) -> Capture {
        Capture { recent: Vec::new(), length: 0, path, spill: None, error: None }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        if self.length > TAIL as u64
            && self.error.is_none()
            && let Err(error) = self.write(bytes)
        {
            self.error = Some(format!("failed to write {}: {error}", self.path.display()));
            self.spill = None;
        }
        // Twice the tail at the most, so that the front is dropped once in a while and not at every read.
        if self.recent.len() + bytes.len() > 2 * TAIL {
            let keep = TAIL.saturating_sub(bytes.len());
            self.recent.drain(..self.recent.len().saturating_sub(keep));
        }
        self.recent.extend_from_slice(&bytes[bytes.len().saturating_sub(2 * TAIL)..]);
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.spill {
            Some(file) => file,
            None => {
                if let Some(directory) = self.path.parent() {
                    fs::create_dir_all(directory)?;
                }
                let mut file = File::create(&self.path)?;
                file.write_all(&self.recent)?;
                self.spill.insert(file)
            }
        };
        file.write_all(bytes)
    }

    /// Why the stream could not be kept whole, if it could not.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// The whole stream, or why it cannot be had.
    pub fn whole(&self) -> Result<Cow<'_, [u8]>, String> {
        if self.length <= TAIL as u64 {
            return Ok(Cow::Borrowed(&self.recent));
        }
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        if self.length > READABLE {
            return Err(format!(
                "{} bytes are more than the {READABLE} that outputs are read from; write them to a file of their own",
                self.length
            ));
        }
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Cow::Owned(bytes)),
            Err(error) => Err(format!("failed to read {}: {error}", self.path.display())),
        }
    }

    /// What has been captured, as a report carries it.
    pub fn finish(mut self) -> OutputFile {
        if self.recent.len() > TAIL {
            self.recent.drain(..self.recent.len() - TAIL);
        }
        self.recent.shrink_to_fit();
        let file = self.spill.is_some().then(|| self.path.to_string_lossy().into_owned());
        OutputFile { tail: self.recent, length: self.length, file }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_small_stream_touches_no_file() {
        let mut capture = Capture::new("/nonexistent/stdout".into());
        capture.push(b"no newline \xff");
        assert_eq!(&*capture.whole().unwrap(), b"no newline \xff");
        let file = capture.finish();
        assert_eq!((file.tail.as_slice(), file.length, file.file), (&b"no newline \xff"[..], 12, None));
    }

    #[test]
    fn a_stream_that_cannot_be_spilled_says_why_and_keeps_its_tail() {
        let mut capture = Capture::new("/proc/nowhere/stdout".into());
        capture.push(&[b'a'; TAIL]);
        capture.push(b"b");
        assert!(capture.error().unwrap().starts_with("failed to write /proc/nowhere/stdout: "));
        assert!(capture.whole().is_err());
        let file = capture.finish();
        assert_eq!(
            (file.tail.len(), file.tail.last(), file.length, file.file),
            (TAIL, Some(&b'b'), TAIL as u64 + 1, None)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn nothing_is_lost_however_it_arrives(pieces in proptest::collection::vec(0usize..60_000, 0..8)) {
            let directory = tempfile::tempdir().unwrap();
            let mut capture = Capture::new(directory.path().join("7/stdout"));
            let mut all = Vec::new();
            for (i, length) in pieces.iter().enumerate() {
                let piece: Vec<u8> = (0..*length).map(|j| (i + j) as u8).collect();
                capture.push(&piece);
                all.extend(piece);
            }
            prop_assert_eq!(&*capture.whole().unwrap(), &all[..]);
            let file = capture.finish();
            prop_assert_eq!(file.length, all.len() as u64);
            prop_assert_eq!(&file.tail[..], &all[all.len().saturating_sub(TAIL)..]);
            prop_assert_eq!(file.file.is_some(), all.len() > TAIL);
        }
    }
}
