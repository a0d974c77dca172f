//! What the store tells of a study that is being worked on, as words for the engine: another process has changed it, or has it now.

use paramo_store::News;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::Command;

/// Passes on what the store tells until nobody listens, or there is nobody to tell it.
pub async fn pass_on(mut news: UnboundedReceiver<News>, to: UnboundedSender<Command>) {
    while let Some(news) = news.recv().await {
        let command = match news {
            News::Changed => Command::Reload,
            News::Lost => Command::Stop,
        };
        if to.send(command).is_err() {
            return;
        }
    }
}
