//! What can be asked about people, and what can be changed.
//!
//! Whatever is asked for by name or number and is not there is [`StoreError::Missing`](crate::StoreError::Missing); a name that is
//! taken is [`StoreError::Exists`](crate::StoreError::Exists); what would leave the store without something that it needs, such as its
//! last administrator, is [`StoreError::Refuses`](crate::StoreError::Refuses). Times are those of the store's clock.

use std::time::Duration;

use async_trait::async_trait;
use paramo_model::{Name, StudyId, Timestamp};

use super::types::*;
use crate::{Held, Result, StudyLock};

/// What remembers people. Every method that changes something returns once the change is durable, made wholly or not at all.
#[async_trait]
pub trait People: Send + Sync {
    // Users.

    async fn has_users(&self) -> Result<bool>;

    /// Everybody, by name.
    async fn users(&self) -> Result<Vec<User>>;

    async fn user(&self, id: UserId) -> Result<User>;

    async fn user_named(&self, name: &str) -> Result<Option<User>>;

    /// A local user who may come in, with the password to hold against what was typed. Nothing for a disabled user, for one of another
    /// source and for one without a password.
    async fn password(&self, name: &str) -> Result<Option<(User, PasswordHash)>>;

    /// Makes a local user; with `link`, and in the same transaction, an invitation to choose a password.
    async fn create_user(&self, user: &NewUser, link: Option<&Fresh>) -> Result<User>;

    /// [`StoreError::Refuses`](crate::StoreError::Refuses) when no administrator who may come in would be left.
    async fn change_user(&self, id: UserId, change: &UserChange) -> Result<User>;

    /// Sets the password of a local user, and ends their sessions but for `keep`.
    async fn set_password(&self, id: UserId, password: &PasswordHash, keep: Option<&Hashed>) -> Result<()>;

    /// Removes a user with their sessions, tokens and roles. What they made keeps their name.
    async fn delete_user(&self, id: UserId) -> Result<()>;

    /// The groups that the user was in when they signed in last, in order.
    async fn groups(&self, id: UserId) -> Result<Vec<String>>;

    // One-time links.

    /// Makes the link for the first administrator, in the place of an earlier one. False, and nothing is made, when there is a user.
    async fn offer_first_administrator(&self, link: &Fresh) -> Result<bool>;

    /// Makes a link for a user, in the place of earlier ones for this purpose.
    async fn create_link(&self, user: UserId, purpose: Purpose, link: &Fresh) -> Result<()>;

    /// The link, when it can be used: it was not used, has not expired, its user is not disabled, and there is no user yet if it is for
    /// the first one.
    async fn link(&self, hash: &Hashed) -> Result<Option<Link>>;

    /// Uses a link: sets it used, makes the first administrator or sets the password of its user, ends other sessions of that user,
    /// and begins one. [`StoreError::Missing`](crate::StoreError::Missing) when it cannot be used, also for all but the first of several
    /// at once.
    async fn use_link(&self, hash: &Hashed, welcome: &Welcome, fresh: &Fresh) -> Result<User>;

    // Sessions.

    /// Begins a session of a user who may come in. [`StoreError::Refuses`](crate::StoreError::Refuses) when the user is disabled.
    async fn sign_in(&self, id: UserId, fresh: &Fresh) -> Result<User>;

    /// Begins a session of somebody for whom another source answers: makes the user at the first time, and brings up to date what the
    /// source says at every time. [`StoreError::Exists`](crate::StoreError::Exists) when the name belongs to somebody else, and
    /// [`StoreError::Refuses`](crate::StoreError::Refuses) when the user is disabled. That the source takes the last administrator's
    /// rights away is not refused.
    async fn sign_in_external(&self, user: &ExternalUser, fresh: &Fresh) -> Result<User>;

    /// A session that is good: it has not expired and its user is not disabled. Notes that it was used.
    async fn session(&self, hash: &Hashed) -> Result<Option<SignedIn>>;

    /// Ends a session; nothing happens when there is none.
    async fn end_session(&self, hash: &Hashed) -> Result<()>;

    // Tokens.

    async fn create_token(&self, token: &NewToken) -> Result<Token>;

    /// The tokens of a user, in the order of their making, those that have expired included.
    async fn tokens(&self, user: UserId) -> Result<Vec<Token>>;

    /// A token that is good: it has not expired and its user is not disabled. Notes that it was used.
    async fn token_use(&self, hash: &Hashed) -> Result<Option<TokenUse>>;

    /// Whether a token, a session or a share was good until it expired, as far as it is still remembered. Those that were withdrawn are not.
    async fn has_lapsed(&self, hash: &Hashed) -> Result<bool>;

    /// Removes a token of a user.
    async fn delete_token(&self, user: UserId, id: i64) -> Result<()>;

    // Device logins.

    /// [`StoreError::Exists`](crate::StoreError::Exists) when the code that people type is in use: draw another.
    async fn create_device(&self, device: &NewDevice) -> Result<Device>;

    /// The device login of a code that a person typed, if it has not expired.
    async fn device(&self, user_code: &str) -> Result<Option<Device>>;

    /// Approves or refuses a device login, in the name of a user. [`StoreError::Missing`](crate::StoreError::Missing) when there is none
    /// that waits.
    async fn answer_device(&self, user_code: &str, user: UserId, approve: bool) -> Result<()>;

    /// Asks for the token of a device login. When it was approved, the token is made and the login taken, once. The token has the name
    /// of the device.
    async fn take_device(&self, hash: &Hashed, scopes: &[Scope], token: &Fresh) -> Result<DeviceAnswer>;

    // Shares.

    async fn create_share(&self, study: StudyId, by: &str, share: &Fresh) -> Result<Share>;

    /// The shares of a study, in the order of their making, those that have expired included.
    async fn shares(&self, study: StudyId) -> Result<Vec<Share>>;

    /// A share that has not expired.
    async fn share(&self, hash: &Hashed) -> Result<Option<Share>>;

    async fn delete_share(&self, study: StudyId, id: i64) -> Result<()>;

    // Projects.

    async fn create_project(&self, name: &Name, title: &str) -> Result<Project>;

    /// Every project, by name.
    async fn projects(&self) -> Result<Vec<Project>>;

    async fn project(&self, name: &str) -> Result<Project>;

    async fn set_title(&self, project: &str, title: &str) -> Result<()>;

    async fn set_quota(&self, project: &str, quota: &Quota, share: u32) -> Result<()>;

    /// Removes a project with its members, secrets and the tokens for it alone. [`StoreError::Refuses`](crate::StoreError::Refuses) while
    /// it has studies, applications, jobs or schedules, and for `default`.
    async fn delete_project(&self, project: &str) -> Result<()>;

    /// What every project uses that has a study.
    async fn usages(&self) -> Result<Vec<(Name, Usage)>>;

    async fn usage(&self, project: &str) -> Result<Usage>;

    /// Users by name, then groups by name.
    async fn members(&self, project: &str) -> Result<Vec<Member>>;

    async fn set_member(&self, project: &str, user: UserId, role: Role) -> Result<()>;

    async fn remove_member(&self, project: &str, user: UserId) -> Result<()>;

    async fn set_group(&self, project: &str, group: &str, role: Role) -> Result<()>;

    async fn remove_group(&self, project: &str, group: &str) -> Result<()>;

    /// The projects in which a user has a role, by name, each with the highest that they have by themselves or through a group.
    async fn roles(&self, user: UserId) -> Result<Vec<(Name, Role)>>;

    // What was done.

    /// Adds to the audit trail.
    async fn record(&self, entry: &AuditEntry) -> Result<AuditRow>;

    /// The newest first.
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>>;

    // Secrets.

    /// Sets a secret, in the place of an earlier one of its name.
    async fn set_secret(&self, project: &str, name: &str, sealed: &Sealed, by: &str) -> Result<SecretRow>;

    /// Which secrets there are, by name.
    async fn secrets(&self, project: &str) -> Result<Vec<SecretRow>>;

    async fn secret(&self, project: &str, name: &str) -> Result<Option<Sealed>>;

    async fn delete_secret(&self, project: &str, name: &str) -> Result<()>;

    // Applications.

    async fn publish(&self, application: &NewApplication) -> Result<Application>;

    /// The newest version of each, by project and name; of all projects when none is given.
    async fn applications(&self, project: Option<&str>) -> Result<Vec<Application>>;

    /// Every version, the newest first; none when there is no such application.
    async fn application_versions(&self, project: &str, name: &str) -> Result<Vec<Application>>;

    /// A version, or the newest.
    async fn application(
        &self,
        project: &str,
        name: &str,
        version: Option<u32>,
    ) -> Result<Option<Application>>;

    /// Says why a version should not be used any more, or with nothing that it may be again.
    async fn deprecate(
        &self,
        project: &str,
        name: &str,
        version: u32,
        reason: Option<&str>,
    ) -> Result<Application>;

    // Workers elsewhere.

    /// Makes a token with which a worker comes in, and does nothing else.
    async fn create_worker_token(&self, token: &NewWorkerToken) -> Result<WorkerToken>;

    /// The tokens of workers, in the order of their making, those that have expired included.
    async fn worker_tokens(&self) -> Result<Vec<WorkerToken>>;

    /// A worker's token that is good: it has not expired. Notes that it was used.
    async fn worker_token(&self, hash: &Hashed) -> Result<Option<WorkerToken>>;

    /// Removes a worker's token.
    async fn delete_worker_token(&self, id: i64) -> Result<()>;

    /// What tells this store from all others: 32 hexadecimal digits.
    async fn identity(&self) -> Result<String>;

    /// The workers that had runs when they were heard of last.
    async fn known_workers(&self) -> Result<Vec<KnownWorker>>;

    /// Remembers of which studies a worker has runs; with none the worker is forgotten.
    async fn set_worker(&self, key: &str, studies: &[StudyId]) -> Result<()>;

    /// Remembers an allocation as it is now, in the place of what was remembered of it.
    async fn put_allocation(&self, allocation: &Allocation) -> Result<()>;

    /// The allocations that have not ended and the newest of those that have, so many of these; in the order in which they were asked for.
    async fn allocations(&self, ended: u32) -> Result<Vec<Allocation>>;

    /// Writes down a batch script that is about to be submitted, with the next number.
    async fn add_job(&self, job: &NewJob) -> Result<Job>;

    /// Remembers a batch script as it is now.
    async fn put_job(&self, job: &Job) -> Result<()>;

    /// All batch scripts, by their numbers.
    async fn jobs(&self) -> Result<Vec<Job>>;

    /// Forgets a batch script.
    async fn delete_job(&self, number: i64) -> Result<()>;

    /// Remembers a script that is to be submitted again and again, in the place of one of its name in its project.
    async fn put_schedule(&self, schedule: &Schedule) -> Result<()>;

    /// All of them, by project and name.
    async fn schedules(&self) -> Result<Vec<Schedule>>;

    /// Takes the turn of a schedule, and sets the next. Of several servers one hears that it has it.
    async fn take_turn(&self, project: &Name, name: &str, turn: Timestamp, next: Timestamp) -> Result<bool>;

    /// Notes what came of a turn.
    async fn note_turn(&self, project: &Name, name: &str, job: Option<i64>, told: &str) -> Result<()>;

    /// Forgets a schedule. Whether there was one.
    async fn delete_schedule(&self, project: &Name, name: &str) -> Result<bool>;

    /// Takes a seat among the processes that keep pools with this store at the same time, or says who has it. What the process of a seat
    /// has asked for is looked after by whoever has the seat. It is given up when dropped, or when the process ends, however it ends.
    async fn seat(&self, number: u32) -> std::result::Result<StudyLock, Held>;

    // Requests that may come twice.

    /// Begins a request that a caller gave a key. Of several at once one hears [`Begun::New`]. One that was begun and not ended within
    /// ten minutes was cut off, and is new again; an answer is kept for a day.
    async fn begin_request(&self, caller: &str, key: &str, hash: &Hashed) -> Result<Begun>;

    /// Keeps the answer to a request that was begun.
    async fn finish_request(&self, caller: &str, key: &str, status: u16, body: &[u8]) -> Result<()>;

    /// Forgets a request that was begun and did nothing, so that it may be tried again.
    async fn forget_request(&self, caller: &str, key: &str) -> Result<()>;

    /// Removes what has expired and is of no use to anybody: sessions, links, device logins, answers; tokens and shares once they have
    /// expired longer ago than `keep`. Returns how many rows went.
    async fn tidy(&self, keep: Duration) -> Result<u64>;
}
