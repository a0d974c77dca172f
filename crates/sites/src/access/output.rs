//! What a process prints, until it has ended.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Child;

use super::Finished;

/// How long what it has left behind may keep its error output open. The connection that OpenSSH keeps for the next command does.
const REST: Duration = Duration::from_millis(300);

/// Waits for the end of a process and gives what it printed, at the most so many bytes of each.
pub(super) async fn of(mut child: Child, most: usize) -> std::io::Result<Finished> {
    let (out_pipe, err_pipe) = (child.stdout.take(), child.stderr.take());
    let mut err = Vec::new();
    let mut out = Vec::new();
    let status = {
        let complaint = read(err_pipe, &mut err, most);
        tokio::pin!(complaint);
        let ended = async {
            let (printed, status) = tokio::join!(read(out_pipe, &mut out, most), child.wait());
            printed.and(status)
        };
        tokio::pin!(ended);
        tokio::select! {
            status = &mut ended => {
                // Past the time, what there is has been read.
                if let Ok(read) = tokio::time::timeout(REST, complaint).await { read? }
                status?
            }
            read = &mut complaint => { read?; ended.await? }
        }
    };
    Ok(Finished { code: status.code(), out, err })
}

async fn read(pipe: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>, most: usize) -> std::io::Result<()> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let mut buffer = vec![0; 1 << 16];
    loop {
        match pipe.read(&mut buffer).await? {
            0 => return Ok(()),
            // What is too much is read all the same, so that the process can end.
            n => into.extend_from_slice(&buffer[..n.min(most.saturating_sub(into.len()))]),
        }
    }
}
