//! What `qacct` tells of jobs that have ended.

use std::collections::BTreeMap;

use paramo_model::{Bytes, Seconds};

use crate::{How, JobId, JobState, Usage};

/// The account of a job, or of one of an array.
pub(super) struct Account {
    pub job: JobId,
    /// The index in its array.
    pub task: Option<u32>,
    pub state: JobState,
    used: Usage,
}

/// All accounts, the oldest first. What was started again has several.
pub(super) fn read(text: &str) -> Vec<Account> {
    let mut found = Vec::new();
    for account in text.split("==============================================================") {
        let fields: BTreeMap<&str, &str> = account
            .lines()
            .filter_map(|line| line.split_once(char::is_whitespace))
            .map(|(name, value)| (name, value.trim()))
            .collect();
        let field = |name| fields.get(name).copied().unwrap_or_default();
        let Some(job) = JobId::new(field("jobnumber")) else { continue };
        let used = Usage {
            wall: Seconds(amount(field("ru_wallclock"))),
            cpu: Seconds(amount(field("cpu"))),
            memory: size(field("maxvmem")),
        };
        found.push(Account { job, task: field("taskid").parse().ok(), state: state(&fields), used });
    }
    found
}

/// What a job has used, or all the jobs of an array, in all their starts. Memory is virtual: that is what Grid Engine limits.
pub(super) fn usage(accounts: &[Account]) -> Option<Usage> {
    accounts.iter().map(|account| account.used).reduce(|all, used| Usage {
        wall: Seconds(all.wall.0.max(used.wall.0)),
        cpu: Seconds(all.cpu.0 + used.cpu.0),
        memory: all.memory.max(used.memory),
    })
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

/// `4.891MB`, `12.000B`; `None` when nothing was measured.
fn size(text: &str) -> Option<Bytes> {
    let text = text.strip_suffix('B')?;
    let (number, factor) = match text.strip_suffix(['K', 'M', 'G', 'T']) {
        Some(number) => (number, 1024_f64.powi("KMGT".find(text.chars().last()?)? as i32 + 1)),
        None => (text, 1.0),
    };
    Some(Bytes((number.parse::<f64>().ok()? * factor) as u64)).filter(|bytes| bytes.0 > 0)
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
        let how = |failed, exit, wall, category| match read(&account(failed, exit, wall, category))
            .pop()
            .map(|account| account.state)
        {
            Some(JobState::Ended(how)) => Some(how),
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
    fn what_was_started_again_has_several_accounts_and_arrays_one_for_each() {
        let text = account("25  : rescheduling", "0", "1s", "NONE") + &account("0", "0", "2s", "NONE");
        let states: Vec<JobState> = read(&text).into_iter().map(|account| account.state).collect();
        let again = JobState::Waiting { reason: "to begin again".to_owned() };
        assert_eq!(states, [again, JobState::Ended(How::Succeeded)]);
        assert!(read("error: job id 9 not found").is_empty());
        let array = text.replace("taskid       undefined", "taskid       7                   ");
        assert_eq!(read(&array).iter().map(|account| account.task).collect::<Vec<_>>(), [Some(7); 2]);
    }

    #[test]
    fn usage_is_of_all_starts_and_jobs() {
        let with = |more: &str| account("0", "0", "2s", "NONE") + more;
        let text = with("cpu          1.500s\nmaxvmem      4.891MB\n") + &with("cpu 0.250s\nmaxvmem 1.5GB\n");
        let memory = Some(Bytes(3 << 29));
        assert_eq!(usage(&read(&text)), Some(Usage { wall: Seconds(2.0), cpu: Seconds(1.75), memory }));
        assert_eq!(usage(&[]), None);
        assert_eq!((size("0.000B"), size("12.000B"), size("many")), (None, Some(Bytes(12)), None));
    }
}
