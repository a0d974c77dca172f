//! When the turn of a run comes.

use paramo_design::{Sequence, Space};
use paramo_model::Order;
use roaring::RoaringTreemap;

/// How many indices are looked at: some tenths of a second.
const LOOKED: usize = 1_000_000;

/// How many runs are to be started before a run of its own study, by the study's order: those that have not ended and that the condition
/// does not leave out. `None` when it is far away, or no run of the space.
pub fn ahead(space: &Space, order: Order, ended: &RoaringTreemap, index: u64) -> Option<u64> {
    let mut before = 0;
    for next in Sequence::new(space, order, 0, space.len()).take(LOOKED) {
        if next == index {
            return Some(before);
        }
        before += u64::from(!ended.contains(next) && space.included(next).unwrap_or(false));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use paramo_model::{Axis, Block, Factor, Name, Parameter, ParameterType, SpaceSpec, Value};

    #[test]
    fn what_has_ended_and_what_is_left_out_is_not_ahead() {
        let name = Name::new("x").unwrap();
        let axis = Axis::Values((0..10).map(Value::Integer).collect());
        let block =
            Block { factors: vec![Factor::Axis(name.clone(), axis)], condition: Some("x != 3".to_owned()) };
        let parameters = [Parameter::new(name, ParameterType::Integer)];
        let space = Space::new(&SpaceSpec { blocks: vec![block] }, &parameters).unwrap();
        let ended = RoaringTreemap::from_iter([0, 1]);
        assert_eq!(ahead(&space, Order::Sequential, &ended, 6), Some(3));
        assert_eq!(ahead(&space, Order::Reverse, &ended, 6), Some(3));
        assert_eq!(ahead(&space, Order::Sequential, &ended, 2), Some(0));
        assert_eq!(ahead(&space, Order::Sequential, &ended, 10), None);
    }
}
