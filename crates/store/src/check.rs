//! Words for what is wrong with a store, and the part of `paramo doctor` that both engines share.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::session::{Session, cells};
use crate::{Result, StoreError, read, sql};

/// What opening a store found to be lost. The store can be used; what is left of it is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The newest commits are gone: the log of the database was cut short, or an older copy was put in its place.
    LostCommits { file: PathBuf, commits: u64, runs: u64 },
    /// The mark beside the database was written for another one.
    Replaced { file: PathBuf },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::LostCommits { file, commits, runs } => {
                let plural = if *commits == 1 { "" } else { "s" };
                write!(f, "{} has lost its last {commits} commit{plural}, ", file.display())?;
                match runs {
                    0 => write!(f, "which held no results")?,
                    1 => write!(f, "with the result of 1 run")?,
                    runs => write!(f, "with the results of up to {runs} runs")?,
                }
                write!(
                    f,
                    ": its end was cut off, or an older copy was put in its place; what is left is whole, and "
                )?;
                write!(f, "`paramo run` makes the lost runs again")
            }
            Damage::Replaced { file } => write!(
                f,
                "{} is not the store that was used here before: another was put in its place, so it cannot be said whether \
                 anything is missing",
                file.display()
            ),
        }
    }
}

/// How bad a [`Finding`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Warning,
    /// Data is missing or not as it was written.
    Damage,
}

/// Something that a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub severity: Severity,
    /// What, where, and what to do about it.
    pub message: String,
}

impl Finding {
    pub(crate) fn damage(message: impl fmt::Display) -> Finding {
        Finding { severity: Severity::Damage, message: message.to_string() }
    }

    fn warning(message: String) -> Finding {
        Finding { severity: Severity::Warning, message }
    }
}

/// A finding where the error is damage; other errors keep the check from being made.
pub(crate) fn damage(error: StoreError) -> Result<Finding> {
    if error.is_damage() { Ok(Finding::damage(error)) } else { Err(error) }
}

/// Looks at every study, in the snapshot of one transaction, and for moves that were not ended.
pub(crate) async fn check_studies(
    session: &mut Session<'_>,
    deep: bool,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let studies = match read::summaries(session).await {
        Ok(studies) => studies,
        Err(error) => {
            findings.push(damage(error)?);
            Vec::new()
        }
    };
    for study in studies {
        if let Err(error) = read::check_study(session, study.id, deep).await {
            findings.push(damage(error)?);
        }
    }
    let between: Vec<(String, i64, String)> = session.all(sql::BETWEEN, cells![]).await?;
    for (name, version, moving) in between {
        let name = name.replacen('/', ":", 1);
        findings.push(Finding::warning(match moving.as_str() {
            "arriving" => format!(
                "{name}@{version} has not wholly arrived from another store; type the same `paramo move` again"
            ),
            _ => format!("{name}@{version}: {}", StoreError::moving(&moving)),
        }));
    }
    Ok(())
}
