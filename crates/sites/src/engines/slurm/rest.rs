//! Slurm by slurmrestd, v0.0.38, which Slurm speaks from 22.05 to 23.11.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};

use super::tasks::{index_of, of_arrays, up_to};
use super::token::Tokens;
use super::{RESTD, options, restdb, sbatch, states, tasks};
use crate::access::AccessError;
use crate::{Array, BatchJob, Check, Engine, EngineError, JobId, JobState, Rest, Usage};

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(60);
/// The number by which Slurm says that it does not know a job.
const UNKNOWN: i64 = 2017;
/// The number by which the accounting says that there is nothing.
const NOTHING: i64 = 9003;
/// Of its parts: the queue, and the accounting, which it may be without.
const QUEUE: &str = "slurm/v0.0.38";
const ACCOUNT: &str = "slurmdb/v0.0.38";
/// What it says of a token that is not accepted is the same as of a controller that is away: no error of its own, or one of the
/// connections between its parts.
const UNCLEAR: std::ops::RangeInclusive<i64> = 5000..=5999;

pub(super) struct ByRest {
    client: reqwest::Client,
    url: String,
    user: String,
    tokens: Tokens,
}

/// What slurmrestd complains of.
struct Complaint {
    number: i64,
    text: String,
}

impl ByRest {
    pub(super) fn new(rest: &Rest) -> Result<ByRest, EngineError> {
        let local = |why: String| AccessError::Local { file: rest.url.clone(), why };
        let authority = std::env::var_os("PARAMO_CA_FILE").map(std::path::PathBuf::from);
        let authority = authority.as_deref().filter(|_| rest.url.starts_with("https:"));
        let tls = paramo_worker::remote::trust(authority).map_err(local)?;
        // Elsewhere the token would be given to whoever the address names.
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(LIMIT)
            .tls_backend_preconfigured(tls)
            .build()
            .map_err(|error| local(error.to_string()))?;
        Ok(ByRest {
            client,
            url: rest.url.clone(),
            user: rest.user.clone(),
            tokens: Tokens::new(rest.token.clone()),
        })
    }

    /// Asks, with a new token when the first may be the reason that nothing came of it.
    async fn ask(
        &self,
        what: &'static str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Result<Value, Complaint>, EngineError> {
        let token = self.tokens.token(None).await?;
        let answer = self.ask_with(&token, what, method.clone(), path, body).await?;
        match answer {
            Err(complaint) if is_unclear(complaint.number) => {
                let other = self.tokens.token(Some(&token)).await?;
                let again = match other == token {
                    true => Err(complaint),
                    false => self.ask_with(&other, what, method, path, body).await?,
                };
                match again {
                    Err(complaint) if is_unclear(complaint.number) => Err(EngineError::Away {
                        engine: RESTD,
                        why: format!("{} (slurmctld is away, or does not accept the token)", complaint.text),
                    }),
                    other => Ok(other),
                }
            }
            other => Ok(other),
        }
    }

    async fn ask_with(
        &self,
        token: &str,
        what: &'static str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Result<Value, Complaint>, EngineError> {
        let mut request = self
            .client
            .request(method, format!("{}/{path}", self.url))
            .header("x-slurm-user-name", &self.user)
            .header("x-slurm-user-token", token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let away = |error: reqwest::Error| EngineError::Away { engine: RESTD, why: chain(&error) };
        let response = request.send().await.map_err(away)?;
        let status = response.status();
        let text = response.text().await.map_err(away)?;
        if status.as_u16() == 401 {
            return Ok(Err(Complaint { number: -1, text: "the token is not accepted".to_owned() }));
        }
        let Ok(answer) = serde_json::from_str::<Value>(&text) else {
            let start: String = text.chars().take(80).collect();
            let why =
                format!("{} answers {status} {start:?}; is it slurmrestd with openapi/v0.0.38?", self.url);
            return Err(EngineError::Strange { engine: RESTD, what, why });
        };
        match answer["errors"].as_array().and_then(|errors| errors.first()) {
            None => Ok(Ok(answer)),
            Some(error) => Ok(Err(complaint(error))),
        }
    }

    async fn jobs(&self, what: &'static str, path: &str) -> Result<Vec<Value>, EngineError> {
        self.list(what, &format!("{QUEUE}/{path}")).await
    }

    /// What the accounting has of a job, or of all jobs of an array.
    async fn accounts(&self, what: &'static str, job: &JobId) -> Result<Vec<Value>, EngineError> {
        self.list(what, &format!("{ACCOUNT}/job/{job}")).await
    }

    async fn list(&self, what: &'static str, path: &str) -> Result<Vec<Value>, EngineError> {
        match self.ask(what, Method::GET, path, None).await? {
            Ok(mut answer) => match answer["jobs"].take() {
                Value::Array(jobs) => Ok(jobs),
                _ => Err(EngineError::Strange {
                    engine: RESTD,
                    what,
                    why: "there are no `jobs` in it".to_owned(),
                }),
            },
            Err(complaint) if [UNKNOWN, NOTHING].contains(&complaint.number) => Ok(Vec::new()),
            Err(complaint) => Err(EngineError::Refused { engine: RESTD, what, why: complaint.text }),
        }
    }
}

#[async_trait]
impl Engine for ByRest {
    async fn check(&self) -> Vec<Check> {
        let ping = match self.ask("answer", Method::GET, &format!("{QUEUE}/ping"), None).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(complaint)) => return vec![Check::bad(RESTD, complaint.text)],
            Err(error) => {
                let text = format!("{error}; check `url`, `user` and the token in `access`");
                return vec![Check::bad(RESTD, text)];
            }
        };
        let mut checks = vec![Check::good(RESTD, format!("{} answers {}", self.url, self.user))];
        checks.push(match ping["meta"]["Slurm"]["release"].as_str() {
            Some(release) => Check::good("version", format!("slurm {release}")),
            None => Check::note("version", "it does not tell its version"),
        });
        match self.ask("list its partitions", Method::GET, &format!("{QUEUE}/partitions"), None).await {
            Ok(Ok(answer)) => checks.extend(partitions(&answer)),
            Ok(Err(complaint)) => checks.push(Check::bad("partitions", complaint.text)),
            Err(error) => checks.push(Check::bad("partitions", error.to_string())),
        }
        checks.push(match self.has_account().await {
            true => Check::good("accounting", "ended jobs are asked of slurmdbd, by openapi/dbv0.0.38"),
            false => Check::note(
                "accounting",
                "none by slurmrestd (it wants openapi/dbv0.0.38, and a slurmdbd with auth/jwt): how a job ended is known only as long as Slurm remembers it (MinJobAge)",
            ),
        });
        checks
    }

    async fn submit(&self, job: &BatchJob) -> Result<JobId, EngineError> {
        let what = "submit the job";
        if !job.placement.arguments.is_empty() {
            let why = "slurmrestd takes no `arguments`; reach the site by SSH for them".to_owned();
            return Err(EngineError::Refused { engine: RESTD, what, why });
        }
        // It takes the script and does as if its lines for Slurm were not there.
        let (place, size) =
            sbatch::asked(&job.script).map_err(|why| EngineError::Refused { engine: RESTD, what, why })?;
        let mut job = job.clone();
        job.placement = job.placement.or(&place);
        job.size = job.size.or(&size);
        let job = &job;
        let body = json!({ "script": job.script, "job": described(job) });
        match self.ask(what, Method::POST, &format!("{QUEUE}/job/submit"), Some(&body)).await? {
            Ok(answer) => answer["job_id"]
                .as_u64()
                .filter(|id| *id > 0)
                .and_then(|id| JobId::new(&id.to_string()))
                .ok_or_else(|| EngineError::Strange {
                    engine: RESTD,
                    what,
                    why: "there is no `job_id` in it".to_owned(),
                }),
            Err(complaint) => Err(EngineError::Refused { engine: RESTD, what, why: complaint.text }),
        }
    }

    fn has_arrays(&self) -> bool {
        true
    }

    async fn find(&self, name: &str) -> Result<Option<JobId>, EngineError> {
        let jobs = self.jobs("look for the job", "jobs").await?;
        Ok(jobs.iter().find(|job| job["name"] == name).and_then(id_of))
    }

    async fn states(&self, jobs: &[JobId]) -> Result<BTreeMap<JobId, JobState>, EngineError> {
        let what = "tell how jobs are";
        let arrays = of_arrays(jobs.iter());
        let plain = jobs.iter().filter(|job| index_of(job).is_none());
        let numbers: Vec<&JobId> = plain.chain(arrays.keys()).collect();
        let found = match numbers[..] {
            [] => return Ok(BTreeMap::new()),
            [job] => self.jobs(what, &format!("job/{job}")).await?,
            // It can be asked for one, or for all.
            _ => self.jobs(what, "jobs").await?,
        };
        let strange = |word| strange_state(what, word);
        let mut states = BTreeMap::new();
        for job in &found {
            let Some(id) = id_of(job).filter(|id| jobs.contains(id)) else { continue };
            states.insert(id, state_of(job).map_err(strange)?);
        }
        for (array, indices) in &arrays {
            let is_of = |job: &&Value| job["array_job_id"].as_u64() == array.as_str().parse().ok();
            let of_array = found.iter().filter(is_of);
            let mut told = gathered(of_array, up_to(indices), BTreeMap::new()).map_err(strange)?;
            states.extend(
                indices.iter().filter_map(|(index, job)| Some(((*job).clone(), told.remove(index)?))),
            );
        }
        let missing: Vec<&JobId> = jobs.iter().filter(|job| !states.contains_key(*job)).collect();
        if !missing.is_empty() && self.has_account().await {
            for job in missing.iter().filter(|job| index_of(job).is_none()) {
                let ended = restdb::ended(&self.accounts("tell how jobs ended", job).await?);
                states.extend(ended.map_err(strange)?.remove_entry(*job));
            }
            for (array, indices) in of_arrays(missing.into_iter()) {
                let mut told = self.tasks(&array, up_to(&indices)).await?;
                states.extend(
                    indices.into_iter().filter_map(|(index, job)| Some((job.clone(), told.remove(&index)?))),
                );
            }
        }
        for job in jobs {
            states.entry(job.clone()).or_insert(JobState::Vanished);
        }
        Ok(states)
    }

    async fn tasks(&self, job: &JobId, array: Array) -> Result<BTreeMap<u32, JobState>, EngineError> {
        let what = "tell how the jobs of an array are";
        let jobs = self.jobs(what, &format!("job/{job}")).await?;
        let strange = |word| strange_state(what, word);
        let mut known = BTreeMap::new();
        let is_accounted = self.has_account().await;
        if is_accounted {
            let ended = restdb::ended(&self.accounts(what, job).await?).map_err(strange)?;
            known = ended.into_iter().filter_map(|(job, state)| Some((index_of(&job)?, state))).collect();
        }
        let found = gathered(jobs.iter(), array, known).map_err(strange)?;
        Ok(if is_accounted { tasks::with_dropped(found, array) } else { found })
    }

    /// It may be without the part, or its accounting without a way for it to sign in.
    async fn has_account(&self) -> bool {
        let path = format!("{ACCOUNT}/diag");
        matches!(self.ask("tell of its accounting", Method::GET, &path, None).await, Ok(Ok(_)))
    }

    async fn usage(&self, job: &JobId) -> Result<Option<Usage>, EngineError> {
        if !self.has_account().await {
            return Ok(None);
        }
        Ok(restdb::usage(&self.accounts("tell what the job has used", job).await?))
    }

    async fn cancel(&self, jobs: &[JobId]) -> Result<(), EngineError> {
        for job in jobs {
            match self.ask("cancel", Method::DELETE, &format!("{QUEUE}/job/{job}"), None).await? {
                Ok(_) => {}
                // It has ended.
                Err(complaint) if [UNKNOWN, 2021].contains(&complaint.number) => {}
                Err(complaint) => {
                    return Err(EngineError::Refused { engine: RESTD, what: "cancel", why: complaint.text });
                }
            }
        }
        Ok(())
    }
}

/// The states of the jobs of an array, by index.
fn gathered<'a>(
    jobs: impl Iterator<Item = &'a Value>,
    array: Array,
    known: BTreeMap<u32, JobState>,
) -> Result<BTreeMap<u32, JobState>, String> {
    let told = jobs.map(|job| {
        // Those that wait are told of together.
        let list = match job["array_task_string"].as_str() {
            Some(list) if !list.is_empty() => list.to_owned(),
            _ => job["array_task_id"].to_string(),
        };
        Ok((list, state_of(job)?))
    });
    tasks::gathered(told, array, known)
}

fn strange_state(what: &'static str, word: String) -> EngineError {
    EngineError::Strange { engine: RESTD, what, why: format!("the job state `{word}`") }
}

/// The job as slurmrestd wants it described.
fn described(job: &BatchJob) -> Value {
    let (place, size) = (&job.placement, &job.size);
    let mut body = json!({
        "name": job.name,
        "current_working_directory": job.directory,
        "standard_output": options::output(job, &job.output),
        "standard_error": options::output(job, &job.error),
        "open_mode": "append",
        // It must have one, and a job gets no other.
        "environment": { "PATH": "/usr/local/bin:/usr/bin:/bin" },
    });
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body[name] = value;
        }
    };
    put("partition", place.partition.clone().map(Value::from));
    put("account", place.account.clone().map(Value::from));
    put("qos", place.qos.clone().map(Value::from));
    put("constraints", place.constraint.clone().map(Value::from));
    // Exactly as many. A list of the least and the most is taken, and is not heeded.
    put("nodes", size.nodes.map(Value::from));
    put("tasks", size.tasks.map(Value::from));
    put("cpus_per_task", size.cpus.map(Value::from));
    put("memory_per_node", size.memory.map(|memory| options::mebibytes(memory).into()));
    put("tres_per_node", size.gpus.filter(|n| *n > 0).map(|n| format!("gres:gpu:{n}").into()));
    put("time_limit", size.walltime.map(|time| options::minutes(time).into()));
    put("array", job.array.map(|array| array.to_string().into()));
    put("dependency", job.dependency().map(Value::from));
    put("requeue", (!job.again).then(|| false.into()));
    body
}

fn id_of(job: &Value) -> Option<JobId> {
    JobId::new(&job["job_id"].as_u64()?.to_string())
}

fn state_of(job: &Value) -> Result<JobState, String> {
    // As `wait` gives it: the signal in the lowest bits, the exit code above.
    let status = job["exit_code"].as_u64().unwrap_or(0);
    let exit = format!("{}:{}", (status >> 8) & 0xff, status & 0x7f);
    let text = |name: &str| job[name].as_str().unwrap_or_default();
    states::read(text("job_state"), &exit, text("state_reason"), text("nodes"))
}

fn complaint(error: &Value) -> Complaint {
    let number = ["error_number", "error_code"].iter().find_map(|name| error[name].as_i64()).unwrap_or(-1);
    let text = |name: &str| error[name].as_str().filter(|text| !text.is_empty());
    let text = text("error").filter(|_| number > 0).or_else(|| text("description")).or_else(|| text("error"));
    Complaint { number, text: text.unwrap_or("it does not say why").to_owned() }
}

fn is_unclear(number: i64) -> bool {
    number <= 0 || UNCLEAR.contains(&number)
}

fn partitions(answer: &Value) -> Vec<Check> {
    let list = answer["partitions"].as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() {
        return vec![Check::bad(
            "partitions",
            "Slurm lists none that you may use; ask for an account on the cluster",
        )];
    }
    let told = |partition: &Value| {
        let text = |name: &str| partition[name].as_str().unwrap_or("?").to_owned();
        let text =
            format!("{}: {} nodes, {} CPUs", text("name"), partition["total_nodes"], partition["total_cpus"]);
        match partition["state"].as_str() {
            Some("UP") => Check::good("partition", text),
            state => {
                Check::note("partition", format!("{text}; it is {}", state.unwrap_or("in no known state")))
            }
        }
    };
    list.iter().map(told).collect()
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::How;

    #[test]
    fn states_and_exit_codes_are_read() {
        let job = |state: &str, status: u64| json!({ "job_id": 7, "job_state": state, "exit_code": status });
        assert_eq!(state_of(&job("FAILED", 1792)), Ok(JobState::Ended(How::Failed { code: 7 })));
        assert_eq!(state_of(&job("FAILED", 9)), Ok(JobState::Ended(How::Signalled { signal: 9 })));
        assert_eq!(state_of(&job("COMPLETED", 0)), Ok(JobState::Ended(How::Succeeded)));
        assert_eq!(state_of(&json!({})), Err(String::new()));
        assert_eq!(id_of(&job("PENDING", 0)).unwrap().as_str(), "7");
    }

    #[test]
    fn complaints_are_read_in_both_of_their_forms() {
        let of_submit =
            complaint(&json!({ "error_code": 2000, "error": "Invalid partition name specified" }));
        assert_eq!((of_submit.number, of_submit.text.as_str()), (2000, "Invalid partition name specified"));
        let of_load = complaint(
            &json!({ "description": "Unable to find JobId=1", "error_number": -1, "error": "Unspecified error" }),
        );
        assert_eq!((of_load.number, of_load.text.as_str()), (-1, "Unable to find JobId=1"));
        assert!(is_unclear(-1) && is_unclear(5005) && !is_unclear(UNKNOWN));
        assert_eq!(complaint(&json!({})).text, "it does not say why");
    }
}
