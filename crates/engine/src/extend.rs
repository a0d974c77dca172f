//! More points of a study that samples its space.

use paramo_design::METHODS;
use paramo_model::{Factor, SpaceSpec};

/// The last block once more, its sample going on where it ended. The error says why it cannot, and what to do.
pub fn goes_on(space: &SpaceSpec, count: u64) -> Result<SpaceSpec, String> {
    let mut block = space.blocks.last().cloned().unwrap_or_default();
    let sample = block.factors.iter_mut().find_map(|factor| match factor {
        Factor::Sample(sample) => Some(sample),
        _ => None,
    });
    let Some(sample) = sample else {
        let message =
            "the last block of the space has no sample whose points could go on; give --param or --space";
        return Err(message.to_owned());
    };
    let goes_on = METHODS.iter().find(|method| method.name() == sample.method).filter(|m| m.continues());
    let (Some(_), Some(before)) = (goes_on, sample.count) else {
        let names: Vec<&str> = METHODS.iter().filter(|m| m.continues()).map(|m| m.name()).collect();
        return Err(format!(
            "the points of `{}` depend on their number, so there are none to go on with; only {} go on",
            sample.method,
            names.join(", ")
        ));
    };
    sample.start = sample.start.saturating_add(before);
    sample.count = Some(count);
    Ok(SpaceSpec { blocks: vec![block] })
}
