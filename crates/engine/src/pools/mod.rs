//! Pools: allocations on a site, as many as there is work for, and the choice among several.

mod choose;
mod plan;

pub use choose::{Candidate, Verdict, choose};
pub use plan::{Backlog, Plan, PoolPolicy, Standing, Tenure, plan};
