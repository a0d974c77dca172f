//! `[run]`: how the runs of a study are made.

use toml::de::DeValue;

use super::field::{Field, Table};
use crate::{CauseKind, FailureLimit, Order, Retry, RunPolicy, SiteList};

pub(super) fn run(mut table: Table) -> RunPolicy {
    let mut policy = RunPolicy::default();
    if let Some(site) = table.get("site").and_then(|field| sites(&field)) {
        policy.site = site;
    }
    if let Some(order) = table.get("order").and_then(|field| order(&field)) {
        policy.order = order;
    }
    let retries = table.get("retries");
    let count = retries
        .as_ref()
        .and_then(|f| f.integer(0, "how often a failed run is tried again, an integer of at least 0"));
    if let Some(field) = table.get("retry")
        && let Some(retry_table) = field.table("a table")
    {
        if let (Some(retries), true) = (&retries, retry_table.has("count")) {
            retries.report(retries.wrong_key("`retries` and `retry.count` say the same; give one of them"));
        }
        policy.retry = retry(retry_table);
    }
    if let Some(count) = count {
        policy.retry.count = count;
    }
    policy.slots = table.get("slots").and_then(|f| f.integer(1, "runs at once, an integer of at least 1"));
    policy.max_failures = table.get("max_failures").and_then(|field| failures(&field));
    policy.cpu_limit =
        table.get("cpu_limit").and_then(|f| f.parsed("an amount of CPU time, such as \"100 h\""));
    policy.time_limit = table.get("time_limit").and_then(|f| f.parsed("a length of time, such as \"2 d\""));
    table.finish();
    policy
}

/// A name, or several.
fn sites(field: &Field) -> Option<SiteList> {
    let read = match field.value() {
        DeValue::Array(_) => {
            let fields = field.list(SiteList::EXPECTED)?;
            let words: Option<Vec<&str>> = fields.iter().map(|f| f.text("the name of a site")).collect();
            SiteList::of(words?)
        }
        _ => SiteList::of([field.text(SiteList::EXPECTED)?]),
    };
    read.map_or_else(|why| field.reject(why), Some)
}

/// A number, or a part in words.
fn failures(field: &Field) -> Option<FailureLimit> {
    match field.value() {
        DeValue::String(_) => field.parsed(FailureLimit::EXPECTED),
        _ => field.integer(1, FailureLimit::EXPECTED).map(FailureLimit::Runs),
    }
}

fn order(field: &Field) -> Option<Order> {
    if field.value().is_table() {
        let mut table = field.table("an order")?;
        let seed = table.require("random", "the seed of a random order")?;
        table.finish();
        return seed.integer(0, "a seed, an integer of at least 0").map(Order::Random);
    }
    let words = [
        ("sequential", Order::Sequential),
        ("reverse", Order::Reverse),
        ("random", Order::Random(0)),
        ("coarse", Order::Coarse),
    ];
    field.word("an order", &words)
}

fn retry(mut table: Table) -> Retry {
    let mut retry = Retry::default();
    if let Some(count) = table
        .get("count")
        .and_then(|f| f.integer(0, "how often a failed run is tried again, an integer of at least 0"))
    {
        retry.count = count;
    }
    if let Some(list) =
        table.get("on").and_then(|f| f.list("a list of causes, such as [\"exit\", \"time-out\"]"))
    {
        let words = CauseKind::ALL.map(|kind| (kind.word(), kind));
        retry.on = list.iter().filter_map(|field| field.word("a cause", &words)).collect();
    }
    if let Some(delay) = table.get("delay").and_then(|f| f.parsed("a length of time, such as \"1 s\"")) {
        retry.delay = delay;
    }
    if let Some(delay) = table.get("max_delay").and_then(|f| f.parsed("a length of time, such as \"1 min\""))
    {
        retry.max_delay = delay;
    }
    for (key, value) in [
        ("factor", &mut retry.factor),
        ("more_memory", &mut retry.more_memory),
        ("more_time", &mut retry.more_time),
    ] {
        let Some(field) = table.get(key) else { continue };
        match field.number("a number of at least 1") {
            Some(factor) if (1.0..=1e6).contains(&factor) => *value = factor,
            Some(factor) => {
                field.reject::<()>(format!("expected a factor of at least 1, found {factor}"));
            }
            None => {}
        }
    }
    table.finish();
    retry
}
