//! The environment of a run: this process's own, what the application adds, and what tells a run which it is.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, OsString};
use std::os::unix::ffi::OsStringExt;

use paramo_model::{Study, Template};

use crate::prepared::{Point, c_string, cpus, fixed};

/// Names the run that a process belongs to, so that what it leaves behind can be found: `{worker}-{slot}-{serial}`.
pub(crate) const MARK: &str = "PARAMO_RUN";

/// The variables of a study's runs.
#[derive(Debug)]
pub(crate) struct Environment {
    /// Those that are the same for all runs, as `NAME=value`.
    fixed: Vec<CString>,
    /// Those that the application fills from the point.
    filled: Vec<(String, Template)>,
}

impl Environment {
    /// Reads this process's environment and adds the application's.
    pub fn new(study: &Study) -> Result<Environment, String> {
        let application = &study.application;
        let mut variables: BTreeMap<OsString, Vec<u8>> =
            std::env::vars_os().map(|(name, value)| (name, value.into_vec())).collect();
        // What an outer run set does not hold in here.
        for name in [MARK, "PARAMO_INDEX", "PARAMO_ATTEMPT"] {
            variables.remove(&OsString::from(name));
        }
        // Libraries that start a thread for each core would have every run do so.
        let cpus = cpus(&application.resources).to_string();
        variables.entry("OMP_NUM_THREADS".into()).or_insert_with(|| cpus.clone().into_bytes());
        variables.insert("PARAMO_CPUS".into(), cpus.into_bytes());
        variables.insert("PARAMO_STUDY".into(), study.name.as_str().as_bytes().to_vec());
        let mut filled = Vec::new();
        for (name, template) in &application.environment {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(format!("`{name}` cannot be the name of an environment variable"));
            }
            match template.slots().next() {
                None => _ = variables.insert(name.into(), fixed(template).into_bytes()),
                Some(_) => {
                    variables.remove(&OsString::from(name));
                    filled.push((name.clone(), template.clone()));
                }
            }
        }
        let line = |(name, value): (OsString, Vec<u8>)| c_string([name.into_vec(), value].join(&b'='));
        Ok(Environment { fixed: variables.into_iter().map(line).collect::<Result<_, _>>()?, filled })
    }

    /// The variables that are the same for all runs.
    pub fn fixed(&self) -> impl Iterator<Item = &CStr> {
        self.fixed.iter().map(CString::as_c_str)
    }

    /// The variables that the application fills from the point.
    pub fn filled(&self, point: &Point<'_>) -> impl Iterator<Item = (&str, String)> {
        self.filled.iter().map(|(name, template)| (name.as_str(), point.fill(template)))
    }

    /// The variables of one run, beside the fixed ones.
    pub fn of_run(&self, point: &Point<'_>, mark: &str, gpus: &[String]) -> Result<Vec<CString>, String> {
        let mut lines = Self::of_process(mark, gpus)?;
        lines.push(c_string(format!("PARAMO_INDEX={}", point.ticket.index))?);
        lines.push(c_string(format!("PARAMO_ATTEMPT={}", point.ticket.attempt))?);
        for (name, value) in self.filled(point) {
            lines.push(c_string(format!("{name}={value}"))?);
        }
        Ok(lines)
    }

    /// The variables of a process that makes many runs, beside the fixed ones.
    pub fn of_process(mark: &str, gpus: &[String]) -> Result<Vec<CString>, String> {
        let mut lines = vec![c_string(format!("{MARK}={mark}"))?];
        if !gpus.is_empty() {
            lines.push(c_string(format!("CUDA_VISIBLE_DEVICES={}", gpus.join(",")))?);
        }
        Ok(lines)
    }
}
