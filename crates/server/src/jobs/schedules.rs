//! Batch scripts that are submitted again and again, and the loop of a server that submits them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{Local, TimeZone};
use croner::Cron;
use paramo_model::{Name, Timestamp};
use paramo_store::{AllocationState, Role, Schedule};

use super::error::{JobError, Result};
use super::{Jobs, NewScript, Terms};
use crate::access::{OWNER, Sight};
use crate::clock::now;
use crate::people::roles::Action;

/// Between two looks at the clock.
const LOOK: Duration = Duration::from_secs(1);
/// After a store that does not answer.
const LATER: Duration = Duration::from_secs(15);
/// Bytes of files that were sent along which a schedule keeps in the store, where they are read again and again.
const KEPT: usize = 1 << 20;

/// The first time after a moment at which an expression holds, by the clock of this machine.
fn after(cron: &str, moment: Timestamp) -> std::result::Result<Timestamp, String> {
    let parsed: Cron = cron.parse().map_err(|error| format!("`{cron}`: {error}"))?;
    let moment = Local.timestamp_micros(moment.0).earliest().ok_or("there is no such time")?;
    let next = parsed.find_next_occurrence(&moment, false);
    next.map(|at| Timestamp(at.timestamp_micros())).map_err(|_| format!("`{cron}`: that never comes"))
}

impl Jobs {
    /// Has a script submitted whenever an expression says so, in the place of what had its name in its project.
    pub async fn schedule(&self, new: NewScript, cron: &str) -> Result<Schedule> {
        let NewScript { project, by, title, site, terms } = new;
        self.site(&site)?;
        let next = after(cron, now()).map_err(|problem| {
            JobError::wrong(
                "every",
                format!(
                    "{problem}; expected minute, hour, day of the month, month and day of the week, such as '0 3 * * *'"
                ),
            )
        })?;
        let size: usize = terms.sent.iter().map(|file| file.bytes.len()).sum();
        if size > KEPT {
            return Err(JobError::wrong(
                "inputs",
                format!(
                    "expected at most {KEPT} bytes together for what is submitted again and again, found {size}"
                ),
            ));
        }
        let schedule = Schedule {
            project,
            by,
            name: title,
            cron: cron.to_owned(),
            site,
            terms: serde_json::to_string(&terms).unwrap_or_default(),
            next,
            job: None,
            told: String::new(),
        };
        self.people.put_schedule(&schedule).await?;
        Ok(schedule)
    }

    /// What is submitted again and again, by project and name.
    pub async fn schedules(&self) -> Result<Vec<Schedule>> {
        self.schedules_in(&Sight::All).await
    }

    pub(crate) async fn schedules_in(&self, sight: &Sight) -> Result<Vec<Schedule>> {
        let mut all = self.people.schedules().await?;
        all.retain(|schedule| sight.has_project(&schedule.project));
        Ok(all)
    }

    /// The schedule of a name among those that somebody sees; `project:` may come before it, and must where several have the name.
    pub(crate) async fn schedule_in(&self, word: &str, sight: &Sight) -> Result<Schedule> {
        let (project, name) = match word.split_once(':') {
            Some((project, name)) => (Some(project), name),
            None => (None, word),
        };
        let mut found = self.schedules_in(sight).await?;
        found.retain(|it| it.name == name && project.is_none_or(|project| it.project.as_str() == project));
        if found.len() > 1 {
            let all: Vec<String> = found.iter().map(|it| format!("{}:{name}", it.project)).collect();
            let text = format!("{name} is in several projects; say which: {}", all.join(", "));
            return Err(JobError::State(text));
        }
        found.pop().ok_or_else(|| JobError::NoSchedule(word.to_owned()))
    }

    /// Submits something no more. Whether it was.
    pub async fn stop(&self, project: &Name, name: &str) -> Result<bool> {
        Ok(self.people.delete_schedule(project, name).await?)
    }

    /// Submits what is due, for as long as the process is there. Of several servers with one store each turn is one's.
    pub async fn keep(self: Arc<Jobs>) {
        loop {
            tokio::time::sleep(match self.look().await {
                Ok(()) => LOOK,
                // It is asked again; whoever looks at the server is told of its store elsewhere.
                Err(_) => LATER,
            })
            .await;
        }
    }

    async fn look(&self) -> Result<()> {
        for schedule in self.people.schedules().await? {
            if schedule.next > now() {
                continue;
            }
            // An expression was read before it was written down; one of a newer version may be none here.
            let Ok(next) = after(&schedule.cron, now()) else { continue };
            let (project, name) = (&schedule.project, &schedule.name);
            if !self.people.take_turn(project, name, schedule.next, next).await? {
                continue;
            }
            let (job, told) = match self.turn(&schedule).await {
                Ok((job, told)) => (job, told),
                Err(error) => (None, error.to_string()),
            };
            self.people.note_turn(project, name, job, &told).await?;
        }
        Ok(())
    }

    /// Whether somebody may do now what they have arranged for.
    async fn may_still(&self, schedule: &Schedule) -> Result<bool> {
        // It was arranged on the machine itself, or by an older version there.
        if ["", OWNER].contains(&schedule.by.as_str()) {
            return Ok(true);
        }
        let Some(user) = self.people.user_named(&schedule.by).await?.filter(|user| !user.disabled) else {
            return Ok(false);
        };
        let roles = self.people.roles(user.id).await?;
        let may =
            |(project, role): &(Name, Role)| *project == schedule.project && Action::JobSubmit.allowed(*role);
        Ok(user.administrator || roles.iter().any(may))
    }

    /// Submits a script whose turn it is, unless its last job has not ended.
    async fn turn(&self, schedule: &Schedule) -> Result<(Option<i64>, String)> {
        if let Some(number) = schedule.job
            && let Ok(mut last) = self.find(&number.to_string()).await
            && last.title == schedule.name
        {
            self.refresh(&mut last).await?;
            if last.state != AllocationState::Ended {
                return Ok((None, format!("left out: job {number} has not ended")));
            }
        }
        if !self.may_still(schedule).await? {
            let told =
                format!("left out: {} may submit nothing in {} any more", schedule.by, schedule.project);
            return Ok((None, told));
        }
        let terms: Terms = serde_json::from_str(&schedule.terms).unwrap_or_default();
        let new = NewScript {
            project: schedule.project.clone(),
            by: schedule.by.clone(),
            title: schedule.name.clone(),
            site: schedule.site.clone(),
            terms,
        };
        let job = self.send(&new).await?;
        Ok((Some(job.number), format!("job {} was submitted", job.number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_time_is_found_and_what_is_none_is_said() {
        let start = now();
        let next = after("*/5 * * * *", start).unwrap();
        assert!(next > start && next.0 - start.0 <= 300_000_000 && next.0 % 60_000_000 == 0);
        assert!(after("@daily", start).unwrap().0 - start.0 <= 25 * 3_600_000_000);
        for bad in ["", "61 * * * *", "* * *", "soon", "0 0 30 2 *"] {
            assert!(after(bad, start).unwrap_err().starts_with(&format!("`{bad}`: ")), "{bad}");
        }
    }
}
