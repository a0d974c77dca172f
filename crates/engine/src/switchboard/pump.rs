//! One task for each worker, which carries orders to its link and news from it.

use paramo_model::{FromWorker, ToWorker, WorkerId};
use paramo_worker::Link;
use tokio::sync::mpsc;

use super::Wire;

/// Starts the task. It ends when the link does or the board drops the sender; then the link is dropped, which kills what runs in this
/// process. With `last`, the last word of the worker is the end of its link.
pub(super) fn start(
    worker: WorkerId,
    pump: u64,
    mut link: Box<dyn Link>,
    to: mpsc::WeakUnboundedSender<Wire>,
    last: bool,
) -> mpsc::UnboundedSender<ToWorker> {
    let (orders_to, mut orders) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => link.send(order),
                    None => return,
                },
                news = link.receive() => {
                    let Some(to) = to.upgrade() else { return };
                    let ended = match news {
                        Some(news) => {
                            let gone = last && news.iter().any(|message| matches!(message, FromWorker::Gone));
                            let _ = to.send(Wire::News(worker, pump, news));
                            gone
                        }
                        None => true,
                    };
                    if ended {
                        let _ = to.send(Wire::Broken(worker, pump));
                        return;
                    }
                }
            }
        }
    });
    orders_to
}
