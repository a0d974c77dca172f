//! The exit codes, one constant each; `paramo --help` and docs/commands.md print what they mean.

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

/// What each means, in the words of the help.
pub const MEANINGS: [(u8, &str); 5] = [
    (OK, "everything that was asked for is done"),
    (RUNS_FAILED, "the study has ended, and some of its runs have failed"),
    (BAD_INPUT, "the command line or a file is wrong; nothing was done"),
    (
        STOPPED,
        "stopped before the end (interrupted, cancelled, too many failures); nothing that ended is lost",
    ),
    (UNAVAILABLE, "something Paramo needs does not work: the store, the disk, a site"),
];
