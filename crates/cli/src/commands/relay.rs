//! `paramo relay`: the end of the way back on a login node.

use paramo_sites::{RelayDoor, RelayOptions};

use super::server::{input_ended, told_to_stop};
use crate::args::Relay;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;

pub async fn relay(args: Relay) -> Result<u8> {
    let Relay { to, listen, address_file, name } = args;
    let options = RelayOptions { to, listen, name, address_file };
    let door = RelayDoor::open(options).await.map_err(Failure::unavailable)?;
    print_line(&door.address().to_string())?;
    tokio::select! {
        () = door.carry() => {}
        () = input_ended() => {}
        word = told_to_stop() => word?,
    }
    Ok(exit::OK)
}
