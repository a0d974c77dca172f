//! The `#SBATCH` lines of a script for slurmrestd, which does not read them: `sbatch` does, and it is not there.
//!
//! What is known is said in slurmrestd's own words; a script that asks for more is refused, for it would run with less than it asks for.

use paramo_model::{Bytes, Seconds};

use crate::{Placement, Size};

const MARK: &str = "#SBATCH";

/// What can be said otherwise: the long word, the short one.
const KNOWN: [(&str, &str); 10] = [
    ("partition", "p"),
    ("account", "A"),
    ("qos", "q"),
    ("constraint", "C"),
    ("nodes", "N"),
    ("ntasks", "n"),
    ("cpus-per-task", "c"),
    ("mem", ""),
    ("gpus-per-node", ""),
    ("time", "t"),
];
/// What is decided here, whatever a script says.
const DECIDED: [(&str, &str); 4] = [("job-name", "J"), ("output", "o"), ("error", "e"), ("chdir", "D")];

/// What the lines of a script ask for.
///
/// # Errors
///
/// With the line that asks for what cannot be said to slurmrestd.
pub(super) fn asked(script: &str) -> Result<(Placement, Size), String> {
    let (mut place, mut size) = (Placement::default(), Size::default());
    let head = script.lines().take_while(|line| line.starts_with('#') || line.trim().is_empty());
    for line in head {
        let Some(rest) = line.strip_prefix(MARK) else { continue };
        let wrong = || {
            format!(
                "slurmrestd does not read `{}`, and it cannot be said otherwise; take the line out, or reach the site by SSH",
                line.trim()
            )
        };
        // What follows a second # is a comment.
        let mut words = rest.split_whitespace().take_while(|word| !word.starts_with('#'));
        while let Some(word) = words.next() {
            let (name, value) = option(word).ok_or_else(wrong)?;
            let value = value.or_else(|| words.next()).ok_or_else(wrong)?.to_owned();
            let number = || value.parse::<u32>().map_err(|_| wrong());
            match name {
                "partition" => place.partition = Some(value),
                "account" => place.account = Some(value),
                "qos" => place.qos = Some(value),
                "constraint" => place.constraint = Some(value),
                "nodes" => size.nodes = Some(number()?),
                "ntasks" => size.tasks = Some(number()?),
                "cpus-per-task" => size.cpus = Some(number()?),
                "gpus-per-node" => size.gpus = Some(number()?),
                "mem" => size.memory = Some(memory(&value).ok_or_else(wrong)?),
                "time" => size.walltime = Some(time(&value).ok_or_else(wrong)?),
                _ => {}
            }
        }
    }
    Ok((place, size))
}

/// The long word of an option and its value, where that is in the same word.
fn option(word: &str) -> Option<(&'static str, Option<&str>)> {
    let mut all = KNOWN.iter().chain(&DECIDED);
    match word.strip_prefix("--") {
        Some(long) => {
            let (name, value) =
                long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            all.find(|(known, _)| *known == name).map(|(known, _)| (*known, value))
        }
        None => {
            let letters = word.strip_prefix('-')?;
            let (known, short) = all.find(|(_, short)| !short.is_empty() && letters.starts_with(short))?;
            Some((known, letters.strip_prefix(short).filter(|rest| !rest.is_empty())))
        }
    }
}

/// `20`, `20M`, `4G`: MiB where nothing is said.
fn memory(text: &str) -> Option<Bytes> {
    let (number, shift) = match text.find(|c: char| !c.is_ascii_digit()) {
        None => (text, 20),
        Some(at) => {
            let shift = match text.get(at..)?.to_ascii_uppercase().trim_end_matches('B') {
                "K" => 10,
                "M" => 20,
                "G" => 30,
                "T" => 40,
                _ => return None,
            };
            (text.get(..at)?, shift)
        }
    };
    Some(Bytes(number.parse::<u64>().ok()?.checked_mul(1 << shift)?))
}

/// `M`, `M:S`, `H:M:S`, `D-H`, `D-H:M` or `D-H:M:S`.
fn time(text: &str) -> Option<Seconds> {
    let (days, clock) = text.split_once('-').map_or((None, text), |(days, rest)| (Some(days), rest));
    let parts: Vec<f64> =
        clock.split(':').map(|part| part.parse::<u32>().ok().map(f64::from)).collect::<Option<_>>()?;
    let seconds = match (days, parts.as_slice()) {
        (None, [minutes]) => minutes * 60.0,
        (None, [minutes, seconds]) => minutes * 60.0 + seconds,
        (Some(_), [hours]) => hours * 3600.0,
        (Some(_), [hours, minutes]) => hours * 3600.0 + minutes * 60.0,
        (_, [hours, minutes, seconds]) => hours * 3600.0 + minutes * 60.0 + seconds,
        _ => return None,
    };
    let days = f64::from(days.map_or(Some(0), |days| days.parse::<u32>().ok())?);
    Some(Seconds(days * 86_400.0 + seconds))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_read_in_all_their_forms() {
        let script = "#!/bin/sh\n#SBATCH -pshort --account cells # mine\n# words\n#SBATCH --mem=2G -t 1-2:30\n#SBATCH -c 4 -J x -o out\n\necho\n#SBATCH --exclusive\n";
        let (place, size) = asked(script).unwrap();
        assert_eq!((place.partition.as_deref(), place.account.as_deref()), (Some("short"), Some("cells")));
        assert_eq!((size.memory, size.cpus), (Some(Bytes(2 << 30)), Some(4)));
        assert_eq!(size.walltime, Some(Seconds(95_400.0)));
        for (text, seconds) in [("90", 5400.0), ("1:30", 90.0), ("1:0:1", 3601.0), ("1-1:1:1", 90_061.0)] {
            assert_eq!(time(text), Some(Seconds(seconds)), "{text}");
        }
        assert_eq!(
            (memory("20"), memory("1KB"), memory("1X")),
            (Some(Bytes(20 << 20)), Some(Bytes(1024)), None)
        );
    }

    #[test]
    fn what_cannot_be_said_is_named_with_its_line() {
        for line in [
            "--exclusive",
            "--mail-user=ada",
            "-N 1-2",
            "--time=soon",
            "--mem",
            "word",
            "--mem=99999999999999T",
        ] {
            let error = asked(&format!("#!/bin/sh\n#SBATCH {line}\n")).unwrap_err();
            assert!(error.starts_with("slurmrestd does not read") && error.contains(line), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_line_is_too_strange(text in ".*") {
            let _ = asked(&format!("#SBATCH {text}"));
        }
    }
}
