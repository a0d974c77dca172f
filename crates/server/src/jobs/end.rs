//! Ending jobs, and removing them.

use paramo_sites::JobId;
use paramo_store::{AllocationState, Job as Row};

use super::Jobs;
use super::error::{JobError, Result};

impl Jobs {
    /// Has its site end a job.
    pub async fn cancel(&self, job: &mut Row) -> Result<()> {
        self.refresh(job).await?;
        if job.state == AllocationState::Ended {
            return Err(JobError::State(format!("job {} has ended already: it {}", job.number, job.detail)));
        }
        let Some(id) = job.job.as_deref().and_then(JobId::new) else {
            let text = format!("{} does not know job {} yet; try again in a minute", job.site, job.number);
            return Err(JobError::Site { text, passing: true });
        };
        self.site(&job.site)?.engine.cancel(&[id]).await?;
        job.state = AllocationState::Ending;
        self.people.put_job(job).await?;
        Ok(())
    }

    /// Removes a job that has ended, with its directory at the site.
    pub async fn remove(&self, job: &mut Row) -> Result<()> {
        self.refresh(job).await?;
        if job.state != AllocationState::Ended {
            return Err(JobError::State(format!(
                "job {} has not ended; `paramo job cancel {}` ends it",
                job.number, job.number
            )));
        }
        self.site(&job.site)?.remove_script(&job.name).await?;
        self.people.delete_job(job.number).await?;
        Ok(())
    }
}
