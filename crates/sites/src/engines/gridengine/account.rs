//! What `qacct` tells of jobs that have ended.

use std::collections::BTreeMap;

use crate::{How, JobId, JobState};

/// The last account of each job. One that was started again has several.
pub(super) fn read(text: &str) -> BTreeMap<JobId, JobState> {
    let mut found = BTreeMap::new();
    for account in text.split("==============================================================") {
        let fields: BTreeMap<&str, &str> = account
            .lines()
            .filter_map(|line| line.split_once(char::is_whitespace))
            .map(|(name, value)| (name, value.trim()))
            .collect();
        if let Some(id) = fields.get("jobnumber").and_then(|id| JobId::new(id)) {
            found.insert(id, state(&fields));
        }
    }
    found
}

fn state(fields: &BTreeMap<&str, &str>) -> JobState {
    let field = |name| fields.get(name).copied().unwrap_or_default();
    // `100 : assumedly after job`, `137                  (Killed)`
    let number = |name| {
        field(name).split(|c: char| !c.is_ascii_digit()).next().and_then(|text| text.parse::<u32>().ok())
    };
    let exit = u8::try_from(number("exit_status").unwrap_or(1)).unwrap_or(u8::MAX);
    let failed = number("failed").unwrap_or(0);
    let wall = amount(field("ru_wallclock"));
    let asked = |name| {
        let category = field("category").split([' ', ',']);
        category
            .filter_map(|word| word.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| amount(value))
    };
    let over = |name| asked(name).is_some_and(|limit| limit > 0.0 && wall >= limit);
    JobState::Ended(match failed {
        0 if exit == 0 => How::Succeeded,
        0 => How::Failed { code: exit },
        // Put back into the queue, by itself or by somebody.
        24 | 25 => return JobState::Waiting { reason: "to begin again".to_owned() },
        // It could not be started: no file for its output, no shell, no directory.
        26..=29 => How::Failed { code: 126 },
        37 | 100 if over("h_rt") || over("s_rt") => How::TimeLimit,
        // Of the limits that the engine itself enforces only memory is left.
        37 if asked("h_vmem").is_some() => How::OutOfMemory,
        37 => How::TimeLimit,
        100 if exit > 128 => How::Signalled { signal: exit - 128 },
        100 => How::Failed { code: exit.max(1) },
        _ => How::NodeFailure,
    })
}

/// `2s`, `0:5:0`, `300`, `0.026s`: in seconds.
fn amount(text: &str) -> f64 {
    let text = text.trim_end_matches('s');
    text.split(':')
        .try_fold(0.0, |sum, part| part.parse::<f64>().ok().map(|part| sum * 60.0 + part))
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(failed: &str, exit: &str, wall: &str, category: &str) -> String {
        format!(
            "==============================================================\nqname        main.q              \njobname      a1                  \njobnumber    1                   \ntaskid       undefined\nfailed       {failed}\nexit_status  {exit}\nru_wallclock {wall}\ncategory     {category}\n"
        )
    }

    #[test]
    fn ends_are_told_apart_as_grid_engine_8_1_9_accounts_for_them() {
        let how =
            |failed, exit, wall, category| match read(&account(failed, exit, wall, category)).pop_first() {
                Some((_, JobState::Ended(how))) => Some(how),
                _ => None,
            };
        assert_eq!(how("0    ", "0                   ", "2s", "NONE"), Some(How::Succeeded));
        assert_eq!(
            how("0    ", "7                   ", "2s", "-l h_rt=300 -pe smp 2"),
            Some(How::Failed { code: 7 })
        );
        let killed = "137                  (Killed)";
        assert_eq!(
            how("100 : assumedly after job", killed, "0s", "NONE"),
            Some(How::Signalled { signal: 9 })
        );
        let limit = "37  : qmaster enforced h_rt, h_cpu, or h_vmem limit";
        assert_eq!(how(limit, killed, "3s", "-l h_rt=2"), Some(How::TimeLimit));
        assert_eq!(how("100 : assumedly after job", killed, "3s", "-l h_rt=0:0:2"), Some(How::TimeLimit));
        assert_eq!(how(limit, killed, "3s", "-l h_rt=20,h_vmem=100M"), Some(How::OutOfMemory));
        assert_eq!(
            how("26  : opening input/output file", "0", "0s", "NONE"),
            Some(How::Failed { code: 126 })
        );
        assert_eq!(how("21  : in recognizing job", "0", "0s", "NONE"), Some(How::NodeFailure));
        assert_eq!(how("25  : rescheduling", "0", "0s", "NONE"), None);
    }

    #[test]
    fn the_last_account_of_a_job_counts() {
        let text = account("25  : rescheduling", "0", "0s", "NONE") + &account("0", "0", "1s", "NONE");
        assert_eq!(read(&text).into_values().collect::<Vec<_>>(), [JobState::Ended(How::Succeeded)]);
        assert!(read("error: job id 9 not found").is_empty());
    }
}
