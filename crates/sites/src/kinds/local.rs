//! This machine: one allocation, granted at once, with the worker in this process.

use async_trait::async_trait;
use paramo_model::Capacity;
use paramo_worker::{LocalWorker, WorkerOptions};

use crate::{Allocation, Request, Site, SiteError, SiteKind};

/// The kind of site that this machine is.
pub struct Local;

struct ThisMachine {
    capacity: Capacity,
}

impl SiteKind for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn help(&self) -> &'static str {
        "this machine, within the CPUs and memory that this process may use"
    }

    fn build(&self) -> Result<Box<dyn Site>, SiteError> {
        Ok(Box::new(ThisMachine { capacity: paramo_worker::detect() }))
    }
}

#[async_trait]
impl Site for ThisMachine {
    fn name(&self) -> &str {
        "local"
    }

    fn capacity(&self) -> Capacity {
        self.capacity.clone()
    }

    async fn submit(&self, request: Request) -> Result<Allocation, SiteError> {
        let mut capacity = self.capacity.clone();
        if let Some(cpus) = request.cpus {
            capacity.cpus = cpus;
        }
        let link = LocalWorker::start(capacity.clone(), WorkerOptions::default())?;
        Ok(Allocation { capacity, link: Box::new(link) })
    }
}
