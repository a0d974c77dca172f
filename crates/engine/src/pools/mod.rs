//! Pools: allocations on a site, as many as there is work for.

mod plan;

pub use plan::{Backlog, Plan, PoolPolicy, Standing, Tenure, plan};
