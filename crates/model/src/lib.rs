//! What things are: the words of Paramo as types, their validation, and the files people write.
//!
//! Nothing here reads or writes anything. Text goes in, a [`Study`] or a list of [`Diagnostic`]s comes out; every floor
//! above speaks in these types, and the ones that cross a process boundary (to a worker, to the store, through the API) are
//! `serde` types without `flatten` or `untagged`, so that a wrong document gets a precise message.

mod application;
mod diagnostic;
mod event;
mod limits;
mod name;
mod parameter;
mod protocol;
mod quantity;
mod run;
mod sites;
mod space;
mod study;
mod template;
mod value;

pub mod check;
pub mod document;
pub mod expression;

pub use application::{
    Application, Measure, Output, OutputSource, Program, Resources, Row, Stream, Success, TemplateFile,
};
pub use diagnostic::{Diagnostic, FieldPath, Position, nearest};
pub use event::{Event, Moment, Progress, Running, StopReason};
pub use expression::{Expression, ExpressionError};
pub use limits::{Cap, FailureLimit, Limits, Spent};
pub use name::{Name, NameError};
pub use parameter::{Parameter, ParameterType};
pub use protocol::{
    Assignment, Capacity, Expected, FromWorker, Held, LeaseId, OutputFile, ProjectPart, Report, Ticket,
    ToWorker, WorkerId,
};
pub use quantity::{Bytes, Seconds};
pub use run::{Attempt, Cause, Ended, Micros, RunRecord, Timestamp};
pub use sites::SiteList;
pub use space::{Axis, Block, Distribution, Factor, PointTable, Sample, Scale, Setting, SpaceSpec, Steps};
pub use study::{CauseKind, Order, Retry, RunPolicy, Study, StudyId, StudyState};
pub use template::{Slot, Template, TemplateError};
pub use value::{Value, ValueType};
