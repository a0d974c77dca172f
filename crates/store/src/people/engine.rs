//! [`People`](super::People) for both engines: which body answers which question. An engine gives two macros of its own: one that asks
//! in a snapshot, and one that carries a change out once, whatever happens to its connection.

/// Makes a store answer to [`People`](super::People). A macro because a change borrows its session across its waits.
macro_rules! people {
    ($store:ty, $ask:ident, $once:ident) => {
        #[async_trait::async_trait]
        impl $crate::People for $store {
            async fn has_users(&self) -> Result<bool> {
                $ask!(self, |session| bodies::users::any(session))
            }

            async fn users(&self) -> Result<Vec<User>> {
                $ask!(self, |session| bodies::users::all(session))
            }

            async fn user(&self, id: UserId) -> Result<User> {
                $ask!(self, |session| bodies::users::get(session, id))
            }

            async fn user_named(&self, name: &str) -> Result<Option<User>> {
                $ask!(self, |session| bodies::users::named(session, name))
            }

            async fn password(&self, name: &str) -> Result<Option<(User, PasswordHash)>> {
                $ask!(self, |session| bodies::users::password(session, name))
            }

            async fn create_user(&self, user: &NewUser, link: Option<&Fresh>) -> Result<User> {
                $once!(self, |session| bodies::users::create(session, user, link))
            }

            async fn change_user(&self, id: UserId, change: &UserChange) -> Result<User> {
                $once!(self, |session| bodies::users::change(session, id, change))
            }

            async fn set_password(
                &self,
                id: UserId,
                password: &PasswordHash,
                keep: Option<&Hashed>,
            ) -> Result<()> {
                $once!(self, |session| bodies::users::set_password(session, id, password, keep))
            }

            async fn delete_user(&self, id: UserId) -> Result<()> {
                $once!(self, |session| bodies::users::delete(session, id))
            }

            async fn groups(&self, id: UserId) -> Result<Vec<String>> {
                $ask!(self, |session| bodies::users::groups(session, id))
            }

            async fn offer_first_administrator(&self, link: &Fresh) -> Result<bool> {
                $once!(self, |session| bodies::links::offer_first_administrator(session, link))
            }

            async fn create_link(&self, user: UserId, purpose: Purpose, link: &Fresh) -> Result<()> {
                $once!(self, |session| bodies::links::create(session, user, purpose, link))
            }

            async fn link(&self, hash: &Hashed) -> Result<Option<Link>> {
                $ask!(self, |session| bodies::links::get(session, hash))
            }

            async fn use_link(&self, hash: &Hashed, welcome: &Welcome, fresh: &Fresh) -> Result<User> {
                $once!(self, |session| bodies::links::follow(session, hash, welcome, fresh))
            }

            async fn sign_in(&self, id: UserId, fresh: &Fresh) -> Result<User> {
                $once!(self, |session| bodies::users::sign_in(session, id, fresh))
            }

            async fn sign_in_external(&self, user: &ExternalUser, fresh: &Fresh) -> Result<User> {
                $once!(self, |session| bodies::users::sign_in_external(session, user, fresh))
            }

            async fn session(&self, hash: &Hashed) -> Result<Option<SignedIn>> {
                let found = $ask!(self, |session| bodies::sessions::get(session, hash))?;
                if found.as_ref().is_some_and(|found| bodies::stale(Some(found.used))) {
                    // That the time could not be noted keeps nobody out.
                    let _ = $once!(self, |session| bodies::sessions::touch(session, hash));
                }
                Ok(found)
            }

            async fn end_session(&self, hash: &Hashed) -> Result<()> {
                $once!(self, |session| bodies::sessions::end(session, hash))
            }

            async fn create_token(&self, token: &NewToken) -> Result<Token> {
                $once!(self, |session| bodies::tokens::create(session, token))
            }

            async fn tokens(&self, user: UserId) -> Result<Vec<Token>> {
                $ask!(self, |session| bodies::tokens::of_user(session, user))
            }

            async fn token_use(&self, hash: &Hashed) -> Result<Option<TokenUse>> {
                let found = $ask!(self, |session| bodies::tokens::get(session, hash))?;
                if let Some(token) = found.as_ref().map(|found| &found.token)
                    && bodies::stale(token.used)
                {
                    // As for sessions.
                    let _ = $once!(self, |session| bodies::tokens::touch(session, token.id));
                }
                Ok(found)
            }

            async fn has_lapsed(&self, hash: &Hashed) -> Result<bool> {
                $ask!(self, |session| bodies::tokens::has_lapsed(session, hash))
            }

            async fn delete_token(&self, user: UserId, id: i64) -> Result<()> {
                $once!(self, |session| bodies::tokens::delete(session, user, id))
            }

            async fn create_worker_token(&self, token: &NewWorkerToken) -> Result<WorkerToken> {
                $once!(self, |session| bodies::workers::create_token(session, token))
            }

            async fn worker_tokens(&self) -> Result<Vec<WorkerToken>> {
                $ask!(self, |session| bodies::workers::tokens(session))
            }

            async fn worker_token(&self, hash: &Hashed) -> Result<Option<WorkerToken>> {
                let found = $ask!(self, |session| bodies::workers::get_token(session, hash))?;
                if let Some(token) = &found
                    && bodies::stale(token.used)
                {
                    // As for sessions.
                    let _ = $once!(self, |session| bodies::workers::touch_token(session, token.id));
                }
                Ok(found)
            }

            async fn delete_worker_token(&self, id: i64) -> Result<()> {
                $once!(self, |session| bodies::workers::delete_token(session, id))
            }

            async fn identity(&self) -> Result<String> {
                $ask!(self, |session| bodies::workers::identity(session))
            }

            async fn known_workers(&self) -> Result<Vec<KnownWorker>> {
                $ask!(self, |session| bodies::workers::known(session))
            }

            async fn set_worker(&self, key: &str, studies: &[StudyId]) -> Result<()> {
                $once!(self, |session| bodies::workers::set(session, key, studies))
            }

            async fn put_allocation(&self, allocation: &Allocation) -> Result<()> {
                $once!(self, |session| bodies::allocations::put(session, allocation))
            }

            async fn allocations(&self, ended: u32) -> Result<Vec<Allocation>> {
                $ask!(self, |session| bodies::allocations::list(session, ended))
            }

            async fn add_job(&self, job: &NewJob) -> Result<Job> {
                $once!(self, |session| bodies::jobs::add(session, job))
            }

            async fn put_job(&self, job: &Job) -> Result<()> {
                $once!(self, |session| bodies::jobs::put(session, job))
            }

            async fn jobs(&self) -> Result<Vec<Job>> {
                $ask!(self, |session| bodies::jobs::list(session))
            }

            async fn delete_job(&self, number: i64) -> Result<()> {
                $once!(self, |session| bodies::jobs::delete(session, number))
            }

            async fn put_schedule(&self, schedule: &Schedule) -> Result<()> {
                $once!(self, |session| bodies::jobs::put_schedule(session, schedule))
            }

            async fn schedules(&self) -> Result<Vec<Schedule>> {
                $ask!(self, |session| bodies::jobs::schedules(session))
            }

            async fn take_turn(
                &self,
                project: &Name,
                name: &str,
                turn: paramo_model::Timestamp,
                next: paramo_model::Timestamp,
            ) -> Result<bool> {
                $once!(self, |session| bodies::jobs::take_turn(session, project, name, turn, next))
            }

            async fn note_turn(
                &self,
                project: &Name,
                name: &str,
                job: Option<i64>,
                told: &str,
            ) -> Result<()> {
                $once!(self, |session| bodies::jobs::note_turn(session, project, name, job, told))
            }

            async fn delete_schedule(&self, project: &Name, name: &str) -> Result<bool> {
                $once!(self, |session| bodies::jobs::delete_schedule(session, project, name))
            }

            async fn seat(&self, number: u32) -> std::result::Result<$crate::StudyLock, $crate::Held> {
                self.take_seat($crate::holder::seat(number)).await
            }

            async fn create_device(&self, device: &NewDevice) -> Result<Device> {
                $once!(self, |session| bodies::devices::create(session, device))
            }

            async fn device(&self, user_code: &str) -> Result<Option<Device>> {
                $ask!(self, |session| bodies::devices::get(session, user_code))
            }

            async fn answer_device(&self, user_code: &str, user: UserId, approve: bool) -> Result<()> {
                $once!(self, |session| bodies::devices::answer(session, user_code, user, approve))
            }

            async fn take_device(
                &self,
                hash: &Hashed,
                scopes: &[Scope],
                token: &Fresh,
            ) -> Result<DeviceAnswer> {
                $once!(self, |session| bodies::devices::take(session, hash, scopes, token))
            }

            async fn create_share(&self, study: StudyId, by: &str, share: &Fresh) -> Result<Share> {
                $once!(self, |session| bodies::shares::create(session, study, by, share))
            }

            async fn shares(&self, study: StudyId) -> Result<Vec<Share>> {
                $ask!(self, |session| bodies::shares::of_study(session, study))
            }

            async fn share(&self, hash: &Hashed) -> Result<Option<Share>> {
                $ask!(self, |session| bodies::shares::get(session, hash))
            }

            async fn delete_share(&self, study: StudyId, id: i64) -> Result<()> {
                $once!(self, |session| bodies::shares::delete(session, study, id))
            }

            async fn create_project(&self, name: &Name, title: &str) -> Result<Project> {
                $once!(self, |session| bodies::projects::create(session, name, title))
            }

            async fn projects(&self) -> Result<Vec<Project>> {
                $ask!(self, |session| bodies::projects::all(session))
            }

            async fn project(&self, name: &str) -> Result<Project> {
                $ask!(self, |session| bodies::projects::get(session, name))
            }

            async fn set_title(&self, project: &str, title: &str) -> Result<()> {
                $once!(self, |session| bodies::projects::set_title(session, project, title))
            }

            async fn set_quota(&self, project: &str, quota: &Quota, share: u32) -> Result<()> {
                $once!(self, |session| bodies::projects::set_quota(session, project, quota, share))
            }

            async fn delete_project(&self, project: &str) -> Result<()> {
                $once!(self, |session| bodies::projects::delete(session, project))
            }

            async fn usages(&self) -> Result<Vec<(Name, Usage)>> {
                $ask!(self, |session| bodies::projects::usages(session))
            }

            async fn usage(&self, project: &str) -> Result<Usage> {
                $ask!(self, |session| bodies::projects::usage_of(session, project))
            }

            async fn members(&self, project: &str) -> Result<Vec<Member>> {
                $ask!(self, |session| bodies::members::all(session, project))
            }

            async fn set_member(&self, project: &str, user: UserId, role: Role) -> Result<()> {
                $once!(self, |session| bodies::members::set(session, project, user, role))
            }

            async fn remove_member(&self, project: &str, user: UserId) -> Result<()> {
                $once!(self, |session| bodies::members::remove(session, project, user))
            }

            async fn set_group(&self, project: &str, group: &str, role: Role) -> Result<()> {
                $once!(self, |session| bodies::members::set_group(session, project, group, role))
            }

            async fn remove_group(&self, project: &str, group: &str) -> Result<()> {
                $once!(self, |session| bodies::members::remove_group(session, project, group))
            }

            async fn roles(&self, user: UserId) -> Result<Vec<(Name, Role)>> {
                $ask!(self, |session| bodies::members::roles(session, user))
            }

            async fn record(&self, entry: &AuditEntry) -> Result<AuditRow> {
                $once!(self, |session| bodies::audit::record(session, entry))
            }

            async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>> {
                $ask!(self, |session| bodies::audit::list(session, query))
            }

            async fn set_secret(
                &self,
                project: &str,
                name: &str,
                sealed: &Sealed,
                by: &str,
            ) -> Result<SecretRow> {
                $once!(self, |session| bodies::secrets::set(session, project, name, sealed, by))
            }

            async fn secrets(&self, project: &str) -> Result<Vec<SecretRow>> {
                $ask!(self, |session| bodies::secrets::all(session, project))
            }

            async fn secret(&self, project: &str, name: &str) -> Result<Option<Sealed>> {
                $ask!(self, |session| bodies::secrets::get(session, project, name))
            }

            async fn delete_secret(&self, project: &str, name: &str) -> Result<()> {
                $once!(self, |session| bodies::secrets::delete(session, project, name))
            }

            async fn publish(&self, application: &NewApplication) -> Result<Application> {
                $once!(self, |session| bodies::applications::publish(session, application))
            }

            async fn applications(&self, project: Option<&str>) -> Result<Vec<Application>> {
                $ask!(self, |session| bodies::applications::newest(session, project))
            }

            async fn application_versions(&self, project: &str, name: &str) -> Result<Vec<Application>> {
                $ask!(self, |session| bodies::applications::versions(session, project, name))
            }

            async fn application(
                &self,
                project: &str,
                name: &str,
                version: Option<u32>,
            ) -> Result<Option<Application>> {
                $ask!(self, |session| bodies::applications::get(session, project, name, version))
            }

            async fn deprecate(
                &self,
                project: &str,
                name: &str,
                version: u32,
                reason: Option<&str>,
            ) -> Result<Application> {
                $once!(self, |session| bodies::applications::deprecate(
                    session, project, name, version, reason
                ))
            }

            async fn begin_request(&self, caller: &str, key: &str, hash: &Hashed) -> Result<Begun> {
                $once!(self, |session| bodies::requests::begin(session, caller, key, hash))
            }

            async fn finish_request(&self, caller: &str, key: &str, status: u16, body: &[u8]) -> Result<()> {
                $once!(self, |session| bodies::requests::finish(session, caller, key, status, body))
            }

            async fn forget_request(&self, caller: &str, key: &str) -> Result<()> {
                $once!(self, |session| bodies::requests::forget(session, caller, key))
            }

            async fn tidy(&self, keep: Duration) -> Result<u64> {
                $once!(self, |session| bodies::tidy::tidy(session, keep))
            }
        }
    };
}
pub(crate) use people;
