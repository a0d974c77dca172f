//! The exit codes, one constant each; `paramo --help` prints this table.

/// Everything that was asked for is done.
pub const OK: u8 = 0;
/// The study has ended, and some of its runs have failed.
pub const RUNS_FAILED: u8 = 1;
/// The command line or a file is wrong; nothing was done.
pub const BAD_INPUT: u8 = 2;
/// Stopped before the end: interrupted, cancelled, or too many failures. Nothing that ended is lost.
pub const STOPPED: u8 = 3;
/// Something Paramo needs does not work: the store, the disk, a site.
pub const UNAVAILABLE: u8 = 4;
