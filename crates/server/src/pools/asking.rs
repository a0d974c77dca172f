//! Asking a site for an allocation: it is written down first, with the name by which the site can be asked whether it arrived.

use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use paramo_model::{Seconds, StudyId};
use paramo_sites::{AccessError, EngineError, JobId, Placement, Pool, Size, WorkerCall, element, ends_in};
use paramo_store::{Allocation, AllocationState};

use super::keeper::Keeper;
use super::way::Change;
use crate::clock;
use crate::host::Host;

/// A token is good for the walltime and so long in the queue.
const QUEUE: Duration = Duration::from_secs(30 * 24 * 3600);

/// Of an array there are so many at the most: sites limit how many jobs somebody may have.
const ARRAY: u32 = 100;

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
        let Some((program, via_file)) = self.prepared(host, wish).await else { return false };
        let name = named(self.site(), wish.pool);
        let (code, allocation) = match self.begin(wish, name, None).await {
            Ok(begun) => begun,
            Err(why) => {
                self.registry.failed(self.site(), wish.pool, why);
                return false;
            }
        };
        if self.is_one_too_many(wish).await {
            self.over(host, allocation, "is not asked for: others have the last one", false).await;
            return false;
        }
        let call = self.call(wish, allocation.name.clone(), code, via_file);
        let submitted = self.connection.submit_worker((wish.placement, &wish.size), &program, &call).await;
        self.submitted(host, vec![(None, allocation)], submitted).await
    }

    /// Asks for an array of equal allocations, of which so many are there at once.
    pub(super) async fn submit_array(&mut self, host: &Host, wish: &Wish<'_>, count: u32, at_once: u32) {
        let Some((program, via_file)) = self.prepared(host, wish).await else { return };
        let array = named(self.site(), wish.pool);
        let (mut tokens, mut allocations) = (String::new(), Vec::new());
        for index in 0..count.min(ARRAY) {
            match self.begin(wish, element(&array, index), Some(at_once)).await {
                Ok((code, allocation)) => {
                    tokens += &format!("{code}\n");
                    allocations.push((Some(index), allocation));
                }
                Err(why) => {
                    self.registry.failed(self.site(), wish.pool, why);
                    break;
                }
            }
        }
        if allocations.is_empty() {
            return;
        }
        if self.is_one_too_many(wish).await {
            for (_, allocation) in allocations {
                self.over(host, allocation, "is not asked for: others have the last one", false).await;
            }
            return;
        }
        let call = self.call(wish, array, tokens, via_file);
        let submitted =
            self.connection.submit_workers((wish.placement, &wish.size), &program, &call, at_once).await;
        self.submitted(host, allocations, submitted).await;
    }

    /// The program at the site, and the file in which workers find the relay. None when it cannot be asked for anything now.
    async fn prepared(&mut self, host: &Host, wish: &Wish<'_>) -> Option<(String, Option<String>)> {
        let program = match self.brought().await {
            Ok(program) => program,
            Err(error) => {
                self.registry.failed(self.site(), wish.pool, error.to_string());
                self.say(host, format!("{}: {error}", self.site()));
                return None;
            }
        };
        let via_file = self.led(host).await;
        (via_file.is_some() || self.way.relayed.is_none()).then_some((program, via_file))
    }

    /// Another may have asked at the same moment: what is asked for is written down by now, and each who finds one too many gives its own
    /// back.
    async fn is_one_too_many(&mut self, wish: &Wish<'_>) -> bool {
        let too_many = self.there(wish.pool).await.is_ok_and(|there| there > wish.maximum);
        if too_many {
            self.registry.full(self.site(), wish.pool);
        }
        too_many
    }

    fn call(&self, wish: &Wish<'_>, name: String, token: String, via_file: Option<String>) -> WorkerCall {
        WorkerCall {
            name,
            server: self.way.server.clone(),
            via_file,
            authority: self.way.authority.clone(),
            token,
            launcher: wish.study.map(|_| self.connection.site.launcher.clone()),
            shared: self.connection.site.shared.clone(),
            cpus: wish.size.cpus.unwrap_or(1).saturating_mul(wish.size.tasks.unwrap_or(1)),
            memory: wish.size.memory,
            idle: wish.idle,
            ends_in: wish.size.walltime.map(ends_in),
        }
    }

    /// Takes what the site has answered. Whether the next one may be asked for as well.
    async fn submitted(
        &mut self,
        host: &Host,
        allocations: Vec<(Option<u32>, Allocation)>,
        answer: Result<JobId, EngineError>,
    ) -> bool {
        match answer {
            Ok(job) => {
                for (index, allocation) in allocations {
                    let job = index.map_or_else(|| job.to_string(), |index| format!("{job}_{index}"));
                    let text = format!("{}: {} is asked for (job {job})", self.site(), allocation.name);
                    let state = AllocationState::Waiting;
                    self.put(Allocation { job: Some(job), state, ..allocation }).await;
                    self.say(host, text);
                }
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
                for (_, allocation) in allocations {
                    self.over(host, allocation, &why, true).await;
                }
                false
            }
        }
    }

    /// Writes down what is about to be asked for, with a token for its worker.
    async fn begin(
        &self,
        wish: &Wish<'_>,
        name: String,
        at_once: Option<u32>,
    ) -> Result<(String, Allocation), String> {
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
            seat: self.seat.number(),
            study: wish.study,
            at_once,
            cpu: None,
            memory: None,
        };
        // It must be known before it can come.
        let put = self.people.store().put_allocation(&allocation).await;
        put.map_err(|error| error.to_string())?;
        self.registry.put(allocation.clone());
        Ok((code, allocation))
    }
}

/// A name that nothing else has.
fn named(site: &str, pool: &str) -> String {
    let number = std::hash::RandomState::new().build_hasher().finish() as u32;
    format!("{site}-{pool}-{number:08x}")
}
