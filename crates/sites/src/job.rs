//! A batch job: what is asked of an engine, and what becomes of it.

use std::fmt;
use std::str::FromStr;

use crate::{Placement, Size};

/// The number or name by which an engine knows a job.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(String);

impl JobId {
    /// `None` when it could not be one: letters, digits and `_.[]-`, as engines give them.
    pub fn new(text: &str) -> Option<JobId> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_.[]-".contains(c);
        let fits = !text.is_empty() && text.len() <= 100 && text.chars().all(plain) && !text.starts_with('-');
        fits.then(|| JobId(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Equal jobs under one number, told apart by an index. Written as `FIRST-LAST[:STEP][%AT_ONCE]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Array {
    pub first: u32,
    pub last: u32,
    /// More than 0.
    pub step: u32,
    /// So many run at once at the most.
    pub throttle: Option<u32>,
}

/// More than any site allows.
const LARGEST: u32 = 4_000_000;

impl Array {
    pub fn indices(self) -> impl Iterator<Item = u32> {
        (self.first..=self.last).step_by(self.step as usize)
    }
}

impl FromStr for Array {
    type Err = String;

    fn from_str(text: &str) -> Result<Array, String> {
        let wrong = || {
            format!(
                "expected the indices of an array as FIRST-LAST, FIRST-LAST:STEP or FIRST-LAST%AT_ONCE, such as 0-99%8, found `{text}`"
            )
        };
        let number = |text: &str| text.parse::<u32>().ok().filter(|n| *n <= LARGEST).ok_or_else(wrong);
        let positive = |text: &str| number(text).and_then(|n| if n > 0 { Ok(n) } else { Err(wrong()) });
        let (rest, throttle) = match text.split_once('%') {
            Some((rest, most)) => (rest, Some(positive(most)?)),
            None => (text, None),
        };
        let (range, step) = match rest.split_once(':') {
            Some((range, step)) => (range, positive(step)?),
            None => (rest, 1),
        };
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(wrong());
        }
        Ok(Array { first, last, step, throttle })
    }
}

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)?;
        if self.step > 1 {
            write!(f, ":{}", self.step)?;
        }
        self.throttle.map_or(Ok(()), |most| write!(f, "%{most}"))
    }
}

/// What must have become of another job before one may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Succeeded,
    Failed,
    Ended,
    Begun,
}

impl When {
    /// The word of Slurm and of PBS.
    fn word(self) -> &'static str {
        match self {
            When::Succeeded => "afterok",
            When::Failed => "afternotok",
            When::Ended => "afterany",
            When::Begun => "after",
        }
    }

    /// The words of the command line.
    pub const ALL: [(&'static str, When); 4] =
        [("ok", When::Succeeded), ("failed", When::Failed), ("any", When::Ended), ("begun", When::Begun)];
}

/// One job waits for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    pub job: JobId,
    pub when: When,
}

/// A job to be submitted.
#[derive(Clone, Debug)]
pub struct BatchJob {
    /// Nobody else's: by it a job is found again whose number did not arrive.
    pub name: String,
    /// The batch script, which begins with `#!`.
    pub script: String,
    /// Where it runs; an absolute path on the site, which is there.
    pub directory: String,
    /// Files for its standard output and error, absolute.
    pub output: String,
    pub error: String,
    pub placement: Placement,
    pub size: Size,
    /// Whether the engine may begin it again when its node is lost; else that is left to whoever submitted it.
    pub again: bool,
    /// With one, the files for its output end in `-` and the index.
    pub array: Option<Array>,
    pub after: Vec<After>,
}

impl BatchJob {
    /// What must have become of others, as Slurm and PBS take it; `None` when it waits for nobody.
    pub(crate) fn dependency(&self) -> Option<String> {
        let words: Vec<String> =
            self.after.iter().map(|after| format!("{}:{}", after.when.word(), after.job)).collect();
        (!words.is_empty()).then(|| words.join(","))
    }
}

/// How a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Not begun, or to begin again; with the engine's reason where it gives one.
    Waiting {
        reason: String,
    },
    /// On these nodes, as the engine names them.
    Running {
        nodes: String,
    },
    Ended(How),
    /// The engine does not know it any more, and never told how it ended.
    Vanished,
}

/// How a job has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Succeeded,
    Failed {
        code: u8,
    },
    /// Ended by a signal that the engine did not explain.
    Signalled {
        signal: u8,
    },
    OutOfMemory,
    TimeLimit,
    NodeFailure,
    Preempted,
    Cancelled,
}

impl How {
    /// Whether the site ended it and not the job itself: tried again, it may succeed.
    pub fn is_of_the_site(self) -> bool {
        matches!(self, How::TimeLimit | How::NodeFailure | How::Preempted | How::Cancelled)
    }

    /// The exit code of a process that stands for the job: that of the job where it has one, else one as shells and `timeout` give it.
    pub fn exit_code(self) -> u8 {
        match self {
            How::Succeeded => 0,
            How::Failed { code } => code,
            How::Signalled { signal } => 128_u8.saturating_add(signal),
            How::OutOfMemory => 137,
            How::TimeLimit => 124,
            How::Cancelled => 143,
            // EX_TEMPFAIL: the same again may work.
            How::NodeFailure | How::Preempted => 75,
        }
    }
}

impl How {
    /// A word for programs, from which it can be read again.
    pub fn word(self) -> String {
        match self {
            How::Succeeded => "succeeded".to_owned(),
            How::Failed { code } => format!("exit:{code}"),
            How::Signalled { signal } => format!("signal:{signal}"),
            How::OutOfMemory => "out-of-memory".to_owned(),
            How::TimeLimit => "time-limit".to_owned(),
            How::NodeFailure => "node-failure".to_owned(),
            How::Preempted => "preempted".to_owned(),
            How::Cancelled => "cancelled".to_owned(),
        }
    }

    pub fn of_word(word: &str) -> Option<How> {
        let plain = [
            How::Succeeded,
            How::OutOfMemory,
            How::TimeLimit,
            How::NodeFailure,
            How::Preempted,
            How::Cancelled,
        ];
        let number = |kind| word.strip_prefix(kind)?.parse::<u8>().ok();
        let with = number("exit:").map(|code| How::Failed { code });
        let with = with.or_else(|| number("signal:").map(|signal| How::Signalled { signal }));
        with.or_else(|| plain.into_iter().find(|how| how.word() == word))
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            How::Succeeded => f.write_str("succeeded"),
            How::Failed { code } => write!(f, "failed with exit code {code}"),
            // Slurm's own number, which no manual page of signals explains.
            How::Signalled { signal: 53 } => f.write_str(
                "was not started: Slurm could not open its output file or directory (signal 53); both must be on a file system that the nodes see",
            ),
            How::Signalled { signal } => write!(f, "was ended by signal {signal}"),
            How::OutOfMemory => f.write_str("ran out of memory"),
            How::TimeLimit => f.write_str("reached its time limit"),
            How::NodeFailure => f.write_str("was lost with its node"),
            How::Preempted => f.write_str("was preempted"),
            How::Cancelled => f.write_str("was cancelled"),
        }
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JobState::Waiting { reason } if reason.is_empty() => f.write_str("is waiting"),
            JobState::Waiting { reason } => write!(f, "is waiting ({reason})"),
            JobState::Running { nodes } if nodes.is_empty() => f.write_str("is running"),
            JobState::Running { nodes } => write!(f, "is running on {nodes}"),
            JobState::Ended(how) => how.fmt(f),
            JobState::Vanished => f.write_str("has vanished: the site does not know it any more"),
        }
    }
}

/// A script with lines of the site before its first command.
pub(crate) fn with_prologue(script: &str, prologue: Option<&str>) -> String {
    prologue.map_or_else(|| script.to_owned(), |prologue| after_options(script, prologue.trim_end()))
}

/// A script with lines before its first command, after the comments in which the engine looks for options.
pub(crate) fn after_options(script: &str, lines: &str) -> String {
    let head: usize = script
        .split_inclusive('\n')
        .take_while(|line| line.starts_with('#') || line.trim().is_empty())
        .map(str::len)
        .sum();
    let (head, rest) = script.split_at(head);
    let gap = if head.ends_with('\n') { "" } else { "\n" };
    format!("{head}{gap}{lines}\n{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_a_job_cannot_be_an_option_or_a_line() {
        for good in ["12", "12_[3-4]", "12.head"] {
            assert!(JobId::new(good).is_some(), "{good}");
        }
        for bad in ["", "-1", "1 2", "1;id", "1\n", "*"] {
            assert!(JobId::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_prologue_comes_after_the_options_of_the_engine() {
        let script = "#!/bin/bash\n#SBATCH --exclusive\n\necho hi\n";
        assert_eq!(
            with_prologue(script, Some("module load gcc\n")),
            "#!/bin/bash\n#SBATCH --exclusive\n\nmodule load gcc\necho hi\n"
        );
        assert_eq!(with_prologue("#!/bin/sh", Some("x")), "#!/bin/sh\nx\n");
        assert_eq!(with_prologue(script, None), script);
    }

    #[test]
    fn indices_of_arrays_are_read_and_bounded() {
        for text in ["0-99%8", "1-9:2", "3-3", "0-10:5%1"] {
            assert_eq!(text.parse::<Array>().unwrap().to_string(), text);
        }
        assert_eq!("4".parse::<Array>().unwrap().to_string(), "4-4");
        assert_eq!("1-8:3".parse::<Array>().unwrap().indices().collect::<Vec<_>>(), [1, 4, 7]);
        for text in ["", "a", "3-1", "1-2:0", "1-2%0", "1-", "-1", "0-4000001", "1,2", "1-2%3%4"] {
            assert!(text.parse::<Array>().unwrap_err().contains(&format!("found `{text}`")), "{text}");
        }
    }

    #[test]
    fn words_of_ends_are_read_again() {
        for how in [How::Succeeded, How::Failed { code: 7 }, How::Signalled { signal: 9 }, How::Preempted] {
            assert_eq!(How::of_word(&how.word()), Some(how));
        }
        assert_eq!(How::of_word("exit:"), None);
        assert_eq!(How::of_word("mars"), None);
    }

    #[test]
    fn exit_codes_tell_ends_apart() {
        assert_eq!(How::Failed { code: 7 }.exit_code(), 7);
        assert_eq!(How::Signalled { signal: 9 }.exit_code(), 137);
        assert_eq!(How::TimeLimit.exit_code(), 124);
        assert!(How::Preempted.is_of_the_site() && !How::OutOfMemory.is_of_the_site());
    }
}
