//! Projects, and who may do what in them.

use paramo_model::{Bytes, Micros, Name, Timestamp};

use super::words::words;

words! {
    /// What a member of a project is, from the least to the most.
    Role {
        Viewer = "viewer",
        Member = "member",
        Manager = "manager",
        Administrator = "administrator",
    }
}

/// What a project may use; nothing is without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Runs at a time.
    pub runs: Option<u64>,
    /// Processor time of all its studies together.
    pub cpu: Option<Micros>,
    /// Results of all its studies together.
    pub storage: Option<Bytes>,
}

/// A project. Its name never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    pub name: Name,
    pub title: String,
    pub created: Timestamp,
    pub quota: Quota,
    /// Its weight when projects compete for slots; 1 at first.
    pub share: u32,
    /// Users and groups with a role in it.
    pub members: u64,
}

/// What a project uses, as far as the store knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub studies: u64,
    /// Time used by all attempts.
    pub cpu: Micros,
    /// The size of the results as they are stored; files beside the store are not counted.
    pub storage: Bytes,
}

/// Who has a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    User {
        name: String,
        display_name: String,
    },
    /// Everybody of a group of the identity provider or directory.
    Group {
        name: String,
    },
}

/// Somebody with a role in a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub who: Who,
    pub role: Role,
}
