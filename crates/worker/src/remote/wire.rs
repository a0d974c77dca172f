//! What goes over the connection of a worker, as MessagePack: fields have names, so that either end may know more of them than the other.

use paramo_model::{Assignment, Capacity, FromWorker, Held, StudyId, Timestamp, ToWorker};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::content::Manifest;

/// What both ends must mean alike.
pub const PROTOCOL: u32 = 1;

/// The largest frame that is taken. What is said in one is kept far below it.
pub const LARGEST: usize = 64 << 20;

/// Bytes of a file that go in one frame.
pub const PIECE: usize = 512 << 10;

/// From the worker's end.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromRemote {
    /// The first word of every connection.
    Hello(Box<Hello>),
    /// What there is to say, maybe nothing: something is said at each heartbeat. `now` is the worker's clock.
    Say { now: Timestamp, news: Vec<FromWorker> },
    /// A file that a run has left. Answered by how much of it is there: [`ToRemote::At`].
    Offer(Box<Offer>),
    /// The next bytes of the offered file of this number, answered in the same way.
    Piece { file: u64, offset: u64, bytes: Bin },
    /// A piece of a file of a study's directory is wanted: that of this number in the manifest, from this byte on.
    Fetch { study: StudyId, file: usize, offset: u64 },
}

/// Who a worker is, and all that it has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hello {
    pub protocol: u32,
    /// Of the program.
    pub version: String,
    /// Drawn at random when the worker starts, and the same on each of its connections.
    pub worker: String,
    /// For people.
    pub name: String,
    pub host: String,
    /// What the site calls the allocation in which it lives.
    pub allocation: Option<String>,
    pub capacity: Capacity,
    /// Seconds until its allocation ends.
    pub ends_in: Option<f64>,
    /// The store that its runs and results are of; none before its first welcome.
    pub store: Option<String>,
    /// Directories of the server that it sees, at the same paths.
    #[serde(default)]
    pub sees: Vec<String>,
    /// It takes nothing more.
    pub leaving: bool,
    /// The worker's clock.
    pub now: Timestamp,
    /// The studies that it has been told of.
    pub knows: Vec<StudyId>,
    /// The runs that it holds and has not ended.
    pub holds: Vec<(StudyId, Held)>,
    /// The room that it has told of and that was not filled.
    pub wants: Vec<(StudyId, u32)>,
    /// Attempts that have ended and that it was not told are kept: they are reported after this.
    pub unkept: Vec<(StudyId, Held)>,
}

/// A file that a run has left.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Offer {
    /// Counts the files of a connection.
    pub file: u64,
    pub study: StudyId,
    pub index: u64,
    /// Its path among the files of the run.
    pub name: String,
    pub length: u64,
    /// SHA-256, in hexadecimal digits.
    pub sum: String,
}

/// From the server's end.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToRemote {
    /// The answer to a hello. Something is said by both at least this often, in seconds, so that silence means that the connection is gone.
    Welcome { heartbeat: f64, store: String, number: u32 },
    /// The answer to a hello that cannot be taken. Whether it may be of use to ask again.
    Refused { message: String, again: bool },
    /// Maybe nothing.
    Say(Vec<ToWorker>),
    /// A study, with the files of its directory; none where the worker sees all that is of it, and nothing goes either way.
    Assign { assignment: Box<Assignment>, files: Option<Manifest> },
    /// So much of an offered file is there. It is whole, with its name, when all of it is.
    At { file: u64, offset: u64 },
    /// An offered file cannot be taken now.
    NotTaken { file: u64, message: String },
    /// A piece that was wanted; the last one is shorter than [`PIECE`].
    Piece { study: StudyId, file: usize, offset: u64, bytes: Bin },
    /// A piece that was wanted cannot be had.
    NoPiece { study: StudyId, file: usize, message: String },
}

/// Bytes, sent as such.
#[derive(Clone, PartialEq, Eq)]
pub struct Bin(pub Vec<u8>);

impl std::fmt::Debug for Bin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Bin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bin {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Bin, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Bin;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bin, E> {
                Ok(Bin(bytes.to_vec()))
            }
            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Bin, E> {
                Ok(Bin(bytes))
            }
        }
        deserializer.deserialize_byte_buf(Visitor)
    }
}

/// The bytes of a frame.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, String> {
    rmp_serde::to_vec_named(message).map_err(|error| format!("a message cannot be written: {error}"))
}

/// The message of a frame.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    rmp_serde::from_slice(bytes).map_err(|error| format!("a message cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_come_as_they_went() {
        let piece = FromRemote::Piece { file: 3, offset: 9, bytes: Bin(vec![0, 255, 7]) };
        let bytes = encode(&piece).unwrap();
        assert!(bytes.len() < 40, "bytes are sent as such");
        let Ok(FromRemote::Piece { file: 3, offset: 9, bytes }) = decode(&bytes) else { panic!("{bytes:?}") };
        assert_eq!(bytes.0, [0, 255, 7]);
    }

    proptest! {
        /// Whatever a stranger sends is a message or an error.
        #[test]
        fn anything_can_be_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode::<FromRemote>(&bytes);
            let _ = decode::<ToRemote>(&bytes);
        }
    }
}
