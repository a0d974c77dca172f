//! The words of what is remembered about people. None of them holds a secret in clear, and what comes near one is not printed.

mod allocation;
mod credential;
mod job;
mod project;
mod record;
mod user;
mod words;
mod worker;

pub use allocation::{Allocation, AllocationState};
pub use credential::{
    Device, DeviceAnswer, DeviceState, Fresh, Hashed, NewDevice, NewToken, Scope, Share, SignedIn, Token,
    TokenUse,
};
pub use job::{Job, NewJob, Schedule};
pub use project::{Member, Project, Quota, Role, Usage, Who};
pub use record::{
    Application, AuditEntry, AuditQuery, AuditRow, Begun, NewApplication, Outcome, Sealed, SecretRow, Via,
};
pub use user::{
    ExternalUser, Link, NewUser, PasswordHash, Purpose, Source, User, UserChange, UserId, Welcome,
};
pub use worker::{KnownWorker, NewWorkerToken, WorkerToken};
