//! What slurmrestd tells of Slurm's accounting (its part openapi/dbv0.0.38): how jobs ended, and what they have used.

use std::collections::BTreeMap;

use paramo_model::{Bytes, Seconds};
use serde_json::Value;

use super::states;
use crate::{JobId, JobState, Usage};

/// How the jobs ended of an answer. Those that have not are left out: the queue knows better.
///
/// # Errors
///
/// With the word of a state when it is none of Slurm's.
pub(super) fn ended(jobs: &[Value]) -> Result<BTreeMap<JobId, JobState>, String> {
    let mut found = BTreeMap::new();
    for job in jobs {
        let number = |value: &Value| value.as_u64().filter(|number| *number > 0);
        let id = match (number(&job["array"]["job_id"]), job["array"]["task_id"].as_u64()) {
            (Some(array), Some(index)) => format!("{array}_{index}"),
            _ => job["job_id"].to_string(),
        };
        let exit = &job["exit_code"];
        let part = |value: &Value| value.as_u64().unwrap_or(0);
        let exit = format!("{}:{}", part(&exit["return_code"]), part(&exit["signal"]["signal_id"]));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let state = states::read(&text(&job["state"]["current"]), &exit, "", &text(&job["nodes"]))?;
        if let (Some(id), JobState::Ended(_)) = (JobId::new(&id), &state) {
            found.insert(id, state);
        }
    }
    Ok(found)
}

/// What a job has used, or all the jobs of an array; `None` until the account has the end of each.
pub(super) fn usage(jobs: &[Value]) -> Option<Usage> {
    let mut all = Usage { wall: Seconds(0.0), cpu: Seconds(0.0), memory: None };
    for job in jobs {
        job["time"]["end"].as_u64().filter(|end| *end > 0)?;
        let wall = job["time"]["elapsed"].as_f64().unwrap_or(0.0);
        all.wall = Seconds(all.wall.0.max(wall));
        for step in job["steps"].as_array().into_iter().flatten() {
            let total = &step["time"]["total"];
            let part = |name: &str| total[name].as_f64().unwrap_or(0.0);
            all.cpu = Seconds(all.cpu.0 + part("seconds") + part("microseconds") / 1e6);
            let most = step["tres"]["requested"]["max"].as_array().into_iter().flatten();
            let memory = most.filter(|it| it["type"] == "mem").filter_map(|it| it["count"].as_u64()).max();
            all.memory = all.memory.max(memory.filter(|bytes| *bytes > 0).map(Bytes));
        }
    }
    (!jobs.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::How;

    #[test]
    fn ends_are_read_as_slurm_22_05_accounts_for_them() {
        let job = |number: u64, array: Value, state: &str, exit: Value| json!({ "job_id": number, "array": array, "state": { "current": state, "reason": "None" }, "exit_code": exit, "nodes": "node1" });
        let none = json!({ "job_id": 0, "task": null, "task_id": null });
        let found = ended(&[
            job(4, none.clone(), "FAILED", json!({ "status": "ERROR", "return_code": 7 })),
            job(
                5,
                none.clone(),
                "FAILED",
                json!({ "status": "SIGNALED", "return_code": null, "signal": { "signal_id": 9, "name": "Killed" } }),
            ),
            job(
                9,
                json!({ "job_id": 8, "task": null, "task_id": 0 }),
                "COMPLETED",
                json!({ "return_code": 0 }),
            ),
            job(10, none.clone(), "RUNNING", json!({ "status": "PENDING", "return_code": null })),
        ])
        .unwrap();
        let of = |id: &str| found.get(&JobId::new(id).unwrap());
        assert_eq!(of("4"), Some(&JobState::Ended(How::Failed { code: 7 })));
        assert_eq!(of("5"), Some(&JobState::Ended(How::Signalled { signal: 9 })));
        assert_eq!(of("8_0"), Some(&JobState::Ended(How::Succeeded)));
        assert_eq!(found.len(), 3, "one runs: {found:?}");
        assert_eq!(ended(&[job(1, none, "NEW", json!({}))]), Err("NEW".to_owned()));
    }

    #[test]
    fn usage_is_of_all_steps_once_there_is_an_end() {
        let step = |micros: u64, memory: u64| {
            json!({ "time": { "total": { "seconds": 1, "microseconds": micros } },
                    "tres": { "requested": { "max": [{ "type": "cpu", "count": 550 }, { "type": "mem", "count": memory }] } } })
        };
        let job = json!({ "time": { "elapsed": 3, "end": 1_700_000_000 }, "steps": [step(500_000, 10), step(250_000, 20)] });
        let expected = Usage { wall: Seconds(3.0), cpu: Seconds(2.75), memory: Some(Bytes(20)) };
        assert_eq!(usage(std::slice::from_ref(&job)), Some(expected));
        let two = usage(&[job.clone(), job.clone()]).unwrap();
        assert_eq!((two.wall, two.cpu), (Seconds(3.0), Seconds(5.5)));
        assert_eq!(usage(&[job, json!({ "time": { "elapsed": 3, "end": 0 }, "steps": [] })]), None);
        assert_eq!(usage(&[]), None);
    }
}
