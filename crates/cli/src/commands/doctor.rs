//! `paramo doctor`: does everything that Paramo needs work here?

use std::path::Path;

use paramo_sites::{Check, Verdict};
use paramo_table::{Options, ResultTable};
use serde_json::json;

use super::list::summary_title;
use crate::args::Doctor;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;
use crate::store::Place;
use crate::view::plural;

pub async fn doctor(directory: &Path, args: Doctor) -> Result<u8> {
    let (local, shown) = crate::store::seen(directory)?;
    let mut checks = vec![version(), cpus(), memory(), limits(), python(), open_files(), disk(&local)];
    checks.extend(store(directory, &shown, args.deep).await);
    tell(&checks, args.json)
}

/// Prints how each thing is. The exit code says whether all of it works.
pub fn tell(checks: &[Check], json: bool) -> Result<u8> {
    let width = checks.iter().map(|check| check.what.len()).max().unwrap_or(0).max(12);
    for Check { what, verdict, text } in checks {
        let word = match verdict {
            Verdict::Good => "ok",
            Verdict::Note => "note",
            Verdict::Bad => "BAD",
        };
        print_line(&match json {
            true => json!({ "check": what, "verdict": word.to_lowercase(), "text": text }).to_string(),
            false => format!("{word:<5} {what:<width$} {text}"),
        })?;
    }
    Ok(if checks.iter().any(|check| check.verdict == Verdict::Bad) { exit::UNAVAILABLE } else { exit::OK })
}

fn version() -> Check {
    Check::good("paramo", env!("CARGO_PKG_VERSION").to_owned())
}

fn cpus() -> Check {
    let found = paramo_worker::detect_report();
    let gpus = match found.capacity.gpus.len() as u64 {
        0 => "no GPU".to_owned(),
        n => format!("{} by {}", plural(n, "GPU"), found.gpus_by),
    };
    Check::good("CPUs", format!("{} by {}; {gpus}", found.capacity.cpus, found.cpus_by))
}

fn memory() -> Check {
    let found = paramo_worker::detect_report();
    Check::good("memory", format!("{} by {}", found.capacity.memory, found.memory_by))
}

fn limits() -> Check {
    let limits = paramo_worker::limits_report();
    let verdict = match limits {
        paramo_worker::MemoryLimits::AddressSpace(_) => Verdict::Note,
        _ => Verdict::Good,
    };
    Check { what: "limits", verdict, text: format!("memory is limited {limits}") }
}

fn python() -> Check {
    let output = std::process::Command::new("python3")
        .args(["-c", "import sys; print(*sys.version_info[:3], sep='.')"])
        .output();
    match output {
        Ok(output) if output.status.success() => {
            let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            let parts: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
            match parts.as_slice() >= [3, 9].as_slice() {
                true => Check::good("python3", version),
                false => Check {
                    what: "python3",
                    verdict: Verdict::Note,
                    text: format!("{version} is too old for `function` studies; they need 3.9"),
                },
            }
        }
        _ => Check {
            what: "python3",
            verdict: Verdict::Note,
            text: "not found; only `function` studies need it".to_owned(),
        },
    }
}

fn open_files() -> Check {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let (verdict, text) = match limit.current {
        Some(n) if n < 1024 => (
            Verdict::Note,
            format!("{n}; a run needs about 4, so few runs fit at once: raise it with `ulimit -n`"),
        ),
        Some(n) => (Verdict::Good, n.to_string()),
        None => (Verdict::Good, "no limit".to_owned()),
    };
    Check { what: "open files", verdict, text }
}

fn disk(directory: &Path) -> Check {
    // The store may not be there yet: then its parent says which file system it will be on.
    let place = directory.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let place = if place.as_os_str().is_empty() { Path::new(".") } else { place };
    match rustix::fs::statvfs(place) {
        Ok(disk) => {
            let free = paramo_model::Bytes(disk.f_bavail.saturating_mul(disk.f_frsize));
            let low = free.0 < 1 << 30;
            let read_only = disk.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY);
            let verdict = if read_only {
                Verdict::Bad
            } else if low {
                Verdict::Note
            } else {
                Verdict::Good
            };
            let text = match read_only {
                true => format!(
                    "{} is on a read-only file system; name another directory with --store",
                    place.display()
                ),
                false => format!("{free} free for {}", directory.display()),
            };
            Check { what: "disk", verdict, text }
        }
        Err(error) => {
            Check { what: "disk", verdict: Verdict::Bad, text: format!("{}: {error}", place.display()) }
        }
    }
}

async fn store(directory: &Path, shown: &str, deep: bool) -> Vec<Check> {
    let place = match crate::store::there(directory).await {
        Ok(Some(place)) => place,
        Ok(None) => return vec![Check::good("store", format!("none in {shown} yet"))],
        Err(failure) => return vec![Check { what: "store", verdict: Verdict::Bad, text: failure.text }],
    };
    match place.store.check(deep).await {
        Ok(findings) if findings.is_empty() => {
            let words = if deep {
                "every result was read"
            } else {
                "its structure is whole; --deep reads every result"
            };
            vec![Check::good("store", format!("{shown}: {words}"))]
        }
        Ok(findings) => {
            let damaged = findings.iter().any(|finding| finding.severity == paramo_store::Severity::Damage);
            let verdict = |finding: &paramo_store::Finding| match finding.severity {
                paramo_store::Severity::Damage => Verdict::Bad,
                paramo_store::Severity::Warning => Verdict::Note,
            };
            let mut checks: Vec<Check> = findings
                .into_iter()
                .map(|finding| Check { what: "store", verdict: verdict(&finding), text: finding.message })
                .collect();
            if damaged {
                checks.extend(readable(&place).await);
            }
            checks
        }
        Err(error) => vec![Check { what: "store", verdict: Verdict::Bad, text: error.to_string() }],
    }
}

/// After damage was found: which studies can be read all the same, and how their results are brought to safety.
async fn readable(place: &Place) -> Vec<Check> {
    let studies = match place.store.summaries().await {
        Ok(studies) => studies,
        Err(error) => {
            let text = format!("no study can be read: {error}");
            return vec![Check { what: "studies", verdict: Verdict::Bad, text }];
        }
    };
    let mut checks = Vec::new();
    for study in studies {
        let name = summary_title(&study);
        let table = match place.store.study(study.id).await {
            Ok(row) => ResultTable::load(place.store.as_ref(), &row, &Options::default())
                .await
                .map_err(Failure::from),
            Err(error) => Err(error.into()),
        };
        checks.push(match table {
            Ok(table) => Check::good(
                "study",
                format!(
                    "{name} can be read, {}: `paramo export {name} --output {name}.parquet` brings them to safety",
                    plural(table.rows as u64, "result")
                ),
            ),
            Err(failure) => Check {
                what: "study",
                verdict: Verdict::Bad,
                text: format!(
                    "{name} cannot be read ({}); `paramo rm {name}` and `paramo run` make it again",
                    failure.text
                ),
            },
        });
    }
    checks
}
