//! How things look in a terminal: words and tables only, nothing is decided here.

mod json;
mod progress;
mod table;
mod text;

pub use json::{JsonLines, texts};
pub use progress::ProgressLine;
pub use table::{Align, table};
pub use text::{attempt_line, bar, count, local_time, plural, timestamp_json};
