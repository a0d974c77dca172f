//! Nodes and partitions, as `sinfo` lists them: which of them can take a job, now or when they are switched on.

use std::collections::BTreeMap;

use crate::Check;

/// What a node can do for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// It takes jobs now, or when others have ended.
    Open,
    /// It is switched off, and Slurm switches it on for a job.
    Asleep,
    /// It takes none.
    Closed,
}

/// The use of a node in a state such as `mixed`, `idle~` or `down*`.
fn use_of(state: &str) -> Use {
    let word = state.trim_end_matches(|c: char| !c.is_ascii_alphabetic()).to_ascii_lowercase();
    let marks = &state[word.len().min(state.len())..];
    // `*`: it does not answer; `%`, `#`, `!`, `~`: it is being, or is, switched off or on.
    let answers = !marks.contains('*');
    match word.as_str() {
        "idle" if marks.contains(['~', '#', '%', '!']) => Use::Asleep,
        "powered_down" | "powering_down" | "powering_up" | "power_up" | "power_down" => Use::Asleep,
        "idle" | "mixed" | "mix" | "allocated" | "alloc" | "completing" | "comp" | "planned" | "plnd"
            if answers =>
        {
            Use::Open
        }
        _ => Use::Closed,
    }
}

#[derive(Default)]
struct Partition {
    up: bool,
    is_default: bool,
    limit: String,
    open: u64,
    asleep: u64,
    closed: u64,
    cpus: String,
    memory: String,
    gres: String,
}

/// One check a partition, from lines of `%P|%a|%l|%D|%T|%c|%m|%G`.
pub(super) fn partitions(text: &str) -> Vec<Check> {
    let mut found: BTreeMap<String, Partition> = BTreeMap::new();
    for line in text.lines() {
        let parts: Vec<&str> = line.trim().split('|').collect();
        let [name, available, limit, nodes, state, cpus, memory, gres] = parts[..] else { continue };
        let partition = found.entry(name.trim_end_matches('*').to_owned()).or_default();
        partition.up = available == "up";
        partition.is_default = name.ends_with('*');
        for (field, value) in [
            (&mut partition.limit, limit),
            (&mut partition.cpus, cpus),
            (&mut partition.memory, memory),
            (&mut partition.gres, gres),
        ] {
            value.clone_into(field);
        }
        let nodes = nodes.parse().unwrap_or(0);
        match use_of(state) {
            Use::Open => partition.open += nodes,
            Use::Asleep => partition.asleep += nodes,
            Use::Closed => partition.closed += nodes,
        }
    }
    if found.is_empty() {
        return vec![Check::bad(
            "partitions",
            "Slurm lists none that you may use; ask for an account on the cluster",
        )];
    }
    found.into_iter().map(|(name, partition)| told(&name, &partition)).collect()
}

fn told(name: &str, partition: &Partition) -> Check {
    let Partition { limit, open, asleep, closed, cpus, memory, gres, .. } = partition;
    let mut text = format!("{name}: {} nodes of {cpus} CPUs and {memory} MiB", open + asleep + closed);
    let mut add = |words: String| text.push_str(&words);
    if gres != "(null)" {
        add(format!(" with {gres}"));
    }
    add(format!(", jobs up to {limit}"));
    if partition.is_default {
        add(", where jobs go that name none".to_owned());
    }
    if *asleep > 0 {
        add(format!("; {asleep} are switched off until they are needed"));
    }
    if *closed > 0 {
        add(format!("; {closed} take no jobs"));
    }
    match (partition.up, open + asleep) {
        (false, _) => Check::note("partition", format!("{text}; it is closed at present")),
        (true, 0) => Check::note("partition", format!("{text}; jobs there would wait")),
        (true, _) => Check::good("partition", text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;

    #[test]
    fn states_of_nodes_are_read_with_their_marks() {
        for state in ["idle", "mixed", "allocated", "completing", "allocated+", "mixed-", "planned"] {
            assert_eq!(use_of(state), Use::Open, "{state}");
        }
        for state in ["idle~", "idle#", "idle%", "powered_down", "powering_up"] {
            assert_eq!(use_of(state), Use::Asleep, "{state}");
        }
        for state in ["down", "down*", "idle*", "drained", "draining", "maint", "unknown", "inval", "", "*"] {
            assert_eq!(use_of(state), Use::Closed, "{state}");
        }
    }

    #[test]
    fn partitions_add_up_over_the_states_of_their_nodes() {
        let text = "main*|up|7-00:00:00|2|mixed|4|4096|(null)\nmain*|up|7-00:00:00|1|idle~|4|4096|(null)\nmain*|up|7-00:00:00|1|down*|4|4096|(null)\ngpu|up|infinite|1|drained|8|900|gpu:2\nold|inact|1:00|1|idle|1|1|(null)\n";
        let checks = partitions(text);
        let lines: Vec<String> = checks.iter().map(|c| format!("{:?} {}", c.verdict, c.text)).collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        Note gpu: 1 nodes of 8 CPUs and 900 MiB with gpu:2, jobs up to infinite; 1 take no jobs; jobs there would wait
        Good main: 4 nodes of 4 CPUs and 4096 MiB, jobs up to 7-00:00:00, where jobs go that name none; 1 are switched off until they are needed; 1 take no jobs
        Note old: 1 nodes of 1 CPUs and 1 MiB, jobs up to 1:00; it is closed at present
        ");
        assert_eq!(partitions("")[0].verdict, Verdict::Bad);
    }
}
