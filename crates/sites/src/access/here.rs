//! This host.

use tokio::process::Command;

use super::{Finished, Way};

pub(super) struct Here;

impl Way for Here {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(words.first().copied().unwrap_or_default());
        command.args(words.get(1..).unwrap_or_default());
        command
    }

    fn apart(&self, _: &[&str], _: &[&str]) -> Option<Command> {
        None
    }

    fn place(&self) -> &str {
        "this host"
    }

    fn unreachable(&self, _: &Finished) -> Option<String> {
        None
    }
}
