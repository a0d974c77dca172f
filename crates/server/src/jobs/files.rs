//! What a job has printed, and the files that it has left.

use std::path::Path;

use paramo_store::Job as Row;

use super::error::{JobError, Result};
use super::{JobFiles, Jobs, Terms};

impl Jobs {
    /// What a job, or one of an array, has printed beyond an offset: a piece of it, or nothing where there is no more now.
    pub async fn output(&self, job: &Row, error: bool, index: Option<u32>, offset: u64) -> Result<Vec<u8>> {
        index_fits(job, index)?;
        let connection = self.site(&job.site)?;
        let path = connection.script_output(&job.name, error, index);
        Ok(connection.access.read_beyond(&path, offset).await?)
    }

    /// Fetches files into a directory of this machine. Gives their number, and the patterns that matched none.
    pub async fn fetch(&self, job: &Row, patterns: &[String], into: &Path) -> Result<(usize, Vec<String>)> {
        Ok(self.site(&job.site)?.fetch_from_script(&job.name, patterns, into).await?)
    }

    /// The files that patterns name, or else what was said when it was submitted.
    pub(crate) async fn files(&self, job: &Row, patterns: Vec<String>) -> Result<JobFiles> {
        let patterns = if patterns.is_empty() { Terms::of(job).outputs } else { patterns };
        patterns.iter().try_for_each(|pattern| pattern_fits("pattern", pattern))?;
        let (files, without) = self.site(&job.site)?.script_files(&job.name, &patterns).await?;
        Ok(JobFiles { files, without })
    }
}

/// A pattern that leads nowhere but below the directory of a job.
pub(super) fn pattern_fits(field: &'static str, pattern: &str) -> Result<()> {
    let leads_out = pattern.starts_with(['/', '-', '~']) || pattern.split('/').any(|part| part == "..");
    match pattern.is_empty() || leads_out || pattern.chars().any(char::is_control) {
        false => Ok(()),
        true => Err(JobError::wrong(
            field,
            format!(
                "expected names or patterns of files in the job's directory, such as out/*.csv, found `{pattern}`"
            ),
        )),
    }
}

/// Whether this is one of an array, or the only one.
fn index_fits(job: &Row, index: Option<u32>) -> Result<()> {
    let number = job.number;
    match (Terms::of(job).array(), index) {
        (Some(array), None) => {
            Err(JobError::wrong("index", format!("expected one, as job {number} is the array {array}")))
        }
        (Some(array), Some(index)) if !array.indices().any(|known| known == index) => {
            Err(JobError::wrong("index", format!("{index}: job {number} is the array {array}")))
        }
        (None, Some(index)) => Err(JobError::wrong("index", format!("{index}: job {number} is no array"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stay_in_the_directory() {
        for good in ["*.csv", "out", "a/b?/[0-9].x", ".stdout", "two words"] {
            assert!(pattern_fits("pattern", good).is_ok(), "{good}");
        }
        for bad in ["", "/etc/passwd", "../x", "a/../../b", "-delete", "a\nb", "~/x"] {
            let error = pattern_fits("pattern", bad).unwrap_err().to_string();
            assert!(error.starts_with("`pattern`: expected"), "{bad}: {error}");
        }
    }
}
