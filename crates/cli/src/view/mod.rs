//! How things look in a terminal: words and tables only, nothing is decided here.

mod design;
mod json;
mod progress;
mod table;
mod text;

pub use design::{design_json, design_lines, method_json, method_lines};
pub use json::{JsonLines, attempt_json};
pub use progress::ProgressLine;
pub use table::{Align, table};
pub use text::{attempt_line, bar, count, local_time, plural, timestamp_json};
