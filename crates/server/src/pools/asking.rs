//! Asking a site for an allocation: it is written down first, with the name by which the site can be asked whether it arrived.

use std::time::Duration;

use paramo_model::{Seconds, StudyId};
use paramo_sites::{AccessError, Placement, Pool, Size, WorkerCall, ends_in};
use paramo_store::{Allocation, AllocationState};

use super::keeper::Keeper;
use super::way::Change;
use crate::clock;
use crate::host::Host;

/// A token is good for the walltime and so long in the queue.
const QUEUE: Duration = Duration::from_secs(30 * 24 * 3600);

/// What is asked for.
pub(super) struct Wish<'a> {
    pub pool: &'a str,
    /// Of the pool's allocations there are so many at the most.
    pub maximum: u32,
    pub placement: &'a Placement,
    pub size: Size,
    /// Without work for so long, its worker ends.
    pub idle: Option<Seconds>,
    /// The study of which it is to make one run.
    pub study: Option<StudyId>,
}

impl Wish<'_> {
    /// An allocation of a pool for runs of many studies.
    pub fn shared<'a>(name: &'a str, pool: &'a Pool) -> Wish<'a> {
        Wish {
            pool: name,
            maximum: pool.maximum,
            placement: &pool.placement,
            size: pool.size.clone(),
            // Where some are to stay, only the server knows which may go.
            idle: (pool.minimum == 0).then_some(pool.idle),
            study: None,
        }
    }
}

impl Keeper {
    /// The path of this program on the site.
    async fn brought(&mut self) -> Result<String, AccessError> {
        if let Some(program) = &self.there {
            return Ok(program.clone());
        }
        let program = self.connection.bring_program(&self.program).await?;
        Ok(self.there.insert(program).clone())
    }

    /// Sees to the relay, and gives the file in which workers find it.
    pub(super) async fn led(&mut self, host: &Host) -> Option<String> {
        let port = self.way.relayed?;
        let program = self.brought().await.ok()?;
        match self.relay.keep(&self.connection, &self.way, port, &program).await {
            Ok(file) => file,
            Err(Change::Ended(why)) => {
                self.say(host, format!("{}: the relay on its login node has ended: {why}", self.site()));
                None
            }
            Err(Change::Failed(error)) => {
                if self.registry.away(self.site(), Some(error.to_string())) {
                    self.say(host, format!("{}: {error}", self.site()));
                }
                None
            }
        }
    }

    /// Asks for one allocation more. Whether the next one may be asked for as well.
    pub(super) async fn submit(&mut self, host: &Host, wish: &Wish<'_>) -> bool {
        let name = wish.pool;
        let program = match self.brought().await {
            Ok(program) => program,
            Err(error) => {
                self.registry.failed(self.site(), name, error.to_string());
                self.say(host, format!("{}: {error}", self.site()));
                return false;
            }
        };
        let via_file = self.led(host).await;
        if via_file.is_none() && self.way.relayed.is_some() {
            return false;
        }
        let (token, code, allocation) = match self.begin(wish).await {
            Ok(begun) => begun,
            Err(why) => {
                self.registry.failed(self.site(), name, why);
                return false;
            }
        };
        // Another may have asked at the same moment: it is written down now, and each who finds one too many gives its own back.
        if self.there(name).await.is_ok_and(|there| there > wish.maximum) {
            self.registry.full(self.site(), name);
            self.over(host, allocation, "is not asked for: others have the last one", false).await;
            return false;
        }
        let call = WorkerCall {
            name: allocation.name.clone(),
            server: self.way.server.clone(),
            via_file,
            authority: self.way.authority.clone(),
            token: code,
            launcher: wish.study.map(|_| self.connection.site.launcher.clone()),
            shared: self.connection.site.shared.clone(),
            cpus: wish.size.cpus.unwrap_or(1).saturating_mul(wish.size.tasks.unwrap_or(1)),
            memory: wish.size.memory,
            idle: wish.idle,
            ends_in: wish.size.walltime.map(ends_in),
        };
        match self.connection.submit_worker((wish.placement, &wish.size), &program, &call).await {
            Ok(job) => {
                let text = format!("{}: {} is asked for (job {job})", self.site(), allocation.name);
                let state = AllocationState::Waiting;
                self.put(Allocation { job: Some(job.to_string()), state, ..allocation }).await;
                self.say(host, text);
                self.asked = None;
                true
            }
            // Whether it arrived is found out by its name.
            Err(error) if error.is_passing() => {
                self.away(host, &error);
                false
            }
            Err(error) => {
                self.there = None;
                let why = format!("it was not taken: {error}");
                self.over(host, Allocation { token, ..allocation }, &why, true).await;
                false
            }
        }
    }

    /// Writes down what is about to be asked for, with a token for its worker.
    async fn begin(&self, wish: &Wish<'_>) -> Result<(i64, String, Allocation), String> {
        let mut random = [0u8; 4];
        rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())
            .map_err(|error| format!("no random numbers to be had: {error}"))?;
        let name = format!("{}-{}-{:08x}", self.site(), wish.pool, u32::from_ne_bytes(random));
        let walltime = wish.size.walltime.map_or(0.0, |time| time.0);
        let lasts = QUEUE + Duration::try_from_secs_f64(walltime).unwrap_or_default();
        let by = "paramo".to_owned();
        let made = self.people.worker_token(name.clone(), None, by, lasts).await;
        let (token, code) = made.map_err(|problem| problem.detail)?;
        let allocation = Allocation {
            name,
            site: self.site().to_owned(),
            pool: wish.pool.to_owned(),
            token: token.id,
            job: None,
            state: AllocationState::Asked,
            detail: String::new(),
            asked: clock::now(),
            began: None,
            ended: None,
            seat: self.seat.number,
            study: wish.study,
        };
        // It must be known before it can come.
        let put = self.people.store().put_allocation(&allocation).await;
        put.map_err(|error| error.to_string())?;
        self.registry.put(allocation.clone());
        Ok((token.id, code, allocation))
    }
}
