//! Bringing a batch script to its site, and submitting it once.

use paramo_model::Name;
use paramo_sites::{After, How, JobId, Script, When};
use paramo_store::{AllocationState, Job as Row, NewJob};

use super::error::{JobError, Result};
use super::{Jobs, Terms};
use crate::access::Sight;
use crate::clock::now;

/// A script that is to be submitted, once or again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct NewScript {
    pub project: Name,
    /// Who wants it.
    pub by: String,
    /// As people call it.
    pub title: String,
    pub site: String,
    pub terms: Terms,
}

impl Jobs {
    /// Brings a script to its site and submits it: it is written down in between.
    pub async fn send(&self, new: &NewScript) -> Result<Row> {
        let NewScript { project, by, title, site, terms } = new;
        let connection = self.site(site)?;
        let script = Script {
            name: Script::name_for(title)?,
            text: terms.text.clone(),
            arguments: terms.arguments.clone(),
            inputs: terms.inputs.clone(),
            sent: terms.files(),
            placement: terms.placement(),
            size: terms.size(),
            array: terms.array(),
            after: self.after(&terms.after, site, project).await?,
        };
        // Nothing is written down of what cannot be brought.
        connection.bring_script(&script).await?;
        let new = NewJob {
            project: project.clone(),
            by: by.clone(),
            name: script.name.clone(),
            title: title.clone(),
            site: site.clone(),
            terms: terms.remembered(),
        };
        let mut job = self.people.add_job(&new).await?;
        match connection.submit_script(&script).await {
            Ok(id) => {
                job.job = Some(id.to_string());
                job.state = AllocationState::Waiting;
                self.people.put_job(&job).await?;
                Ok(job)
            }
            Err(error) if error.is_passing() => Err(JobError::Site {
                text: format!(
                    "{error}; whether job {number} arrived is found out by `paramo job show {number}`",
                    number = job.number
                ),
                passing: true,
            }),
            Err(error) => {
                job.state = AllocationState::Ended;
                job.detail = format!("was not taken: {error}");
                job.ended = Some(now());
                self.people.put_job(&job).await?;
                // Nobody will look for it there; the error that follows says what matters.
                let _ = connection.remove_script(&job.name).await;
                Err(error.into())
            }
        }
    }

    /// The jobs that are waited for, by the site's numbers. They are of the same project.
    async fn after(&self, words: &[String], site: &str, project: &Name) -> Result<Vec<After>> {
        let sight = Sight::Of([project.clone()].into());
        let mut found = Vec::new();
        for word in words {
            let wrong = |text: String| JobError::wrong("after", format!("{word}: {text}"));
            let (name, when) = after_word(word)?;
            let mut job = match self.find_in(name, &sight).await {
                Err(error @ JobError::NoJob(_)) => return Err(wrong(error.to_string())),
                found => found?,
            };
            if job.site != site {
                return Err(wrong(format!(
                    "job {} is at {}; a job can only wait for one of its own site",
                    job.number, job.site
                )));
            }
            self.refresh(&mut job).await?;
            if job.state == AllocationState::Ended {
                // The site may have forgotten it.
                let succeeded = job.outcome.as_deref() == Some(How::Succeeded.word().as_str());
                let has_come = match when {
                    When::Ended => true,
                    When::Succeeded => succeeded,
                    When::Failed => job.outcome.is_some() && !succeeded,
                    When::Begun => job.job.is_some(),
                };
                match has_come {
                    true => continue,
                    false => {
                        return Err(wrong(format!(
                            "that will not come any more: job {} {}",
                            job.number, job.detail
                        )));
                    }
                }
            }
            match job.job.as_deref().and_then(JobId::new) {
                Some(id) => found.push(After { job: id, when }),
                None => {
                    return Err(wrong(format!(
                        "job {} has not arrived at {}: {}",
                        job.number, job.site, job.detail
                    )));
                }
            }
        }
        Ok(found)
    }
}

/// `JOB` or `JOB:WHEN`.
fn after_word(word: &str) -> Result<(&str, When)> {
    let (name, when) = word.rsplit_once(':').unwrap_or((word, "ok"));
    match When::ALL.into_iter().find(|(known, _)| *known == when) {
        Some((_, when)) => Ok((name, when)),
        None => {
            let known = When::ALL.map(|(word, _)| word).join(", ");
            Err(JobError::wrong("after", format!("{word}: `{when}` is none of {known}")))
        }
    }
}
