//! `paramo login`, `paramo logout`, `paramo whoami`: who is known to a server, and by which token.

use std::io::{BufRead, IsTerminal, Read};
use std::time::Duration;

use paramo_client::{Credentials, Known, Polled, Secret, Server, ServerAddress};

use crate::args::{Login, Logout, Whoami};
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;
use crate::remote::{connect, connect_with};
use crate::view::{Align, table};

/// Added to the wait when the server finds it too short (RFC 8628).
const SLOWER: u64 = 5;
/// A token is no longer than this.
const LONGEST: u64 = 4096;

pub async fn login(server: Option<String>, args: Login) -> Result<u8> {
    let Some(text) = args.url.or(server) else {
        return Err(Failure::input("which server? type `paramo login https://HOST`"));
    };
    let (address, linked) = ServerAddress::parse_link(&text)?;
    if linked.is_some() {
        return Err(Failure::input(format!(
            "the link holds a token, which every user of this machine can read in the list of processes; type `paramo login {address} --with-token` and give it there"
        )));
    }
    if address.is_open() {
        anstream::eprintln!(
            "warning: {address} is plain HTTP: others on the network can read the token; use https"
        );
    }
    let mut known = match args.with_token {
        true => Known { token: given(&address)?, user: None },
        false => ask(&address).await?,
    };
    // What is not accepted is not kept.
    let server = connect_with(address.clone(), Some(known.token.clone()))?;
    let session = server.session().await?;
    known.user = session.user.map(|user| user.name).or(known.user);
    let who = match &known.user {
        Some(user) => format!("logged in at {address} as {user}"),
        None => format!("logged in at {address}"),
    };
    let mut credentials = Credentials::read(&Credentials::place()?)?;
    credentials.keep(&address, known)?;
    anstream::eprintln!("{who}; the token is kept in {}", credentials.file().display());
    anstream::eprintln!(
        "  export PARAMO_SERVER={address}      every command speaks to it\n  paramo list --server {address}      one does"
    );
    Ok(exit::OK)
}

/// A token, or the link that a server printed, from standard input.
fn given(address: &ServerAddress) -> Result<Secret> {
    let mut text = String::new();
    let failed = |error| Failure::unavailable(format!("cannot read the token: {error}"));
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        anstream::eprint!("the token for {address}: ");
        stdin.lock().take(LONGEST).read_line(&mut text).map_err(failed)?;
    } else {
        stdin.lock().take(LONGEST).read_to_string(&mut text).map_err(failed)?;
    }
    let text = text.trim();
    if ServerAddress::is_one(text) {
        let (_, token) = ServerAddress::parse_link(text)?;
        let token =
            token.ok_or_else(|| Failure::input("there is no token in the link: it ends in ?token=…"))?;
        return Ok(Secret::new(&token)?);
    }
    Ok(Secret::new(text)?)
}

/// Has a person say in a browser that this terminal may come in.
async fn ask(address: &ServerAddress) -> Result<Known> {
    let server = connect_with(address.clone(), None)?;
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let device = server.device(&format!("paramo on {host}")).await?;
    let link = device.verification_uri_complete.as_deref().unwrap_or(&device.verification_uri);
    anstream::eprintln!(
        "open this link in a browser, and see that it shows the code {}:\n{link}",
        device.user_code
    );
    let mut interval = device.interval.max(1);
    let too_late = tokio::time::Instant::now() + Duration::from_secs(device.expires_in);
    loop {
        tokio::time::sleep(Duration::from_secs(interval)).await;
        match server.poll(&device).await {
            Ok(Polled::In { token, user }) => return Ok(Known { token, user }),
            Ok(Polled::Pending) => {}
            Ok(Polled::SlowDown) => interval += SLOWER,
            Ok(Polled::Expired(why)) => return Err(Failure::input(why)),
            // It may come back before the code is too old.
            Err(error) if error.passes() => {}
            Err(error) => return Err(error.into()),
        }
        if tokio::time::Instant::now() >= too_late {
            return Err(Failure::input(
                "nobody let this terminal in before the code was too old; type `paramo login` again",
            ));
        }
    }
}

pub fn logout(server: Option<String>, args: Logout) -> Result<u8> {
    let mut credentials = Credentials::read(&Credentials::place()?)?;
    let address = named(args.url.or(server), &credentials)?;
    match credentials.forget(&address)? {
        true => anstream::eprintln!(
            "the token for {address} is removed here; `paramo token revoke` ends one everywhere"
        ),
        false => anstream::eprintln!("no token is kept for {address}"),
    }
    Ok(exit::OK)
}

pub async fn whoami(server: Option<String>, args: Whoami) -> Result<u8> {
    let server = the_server(server)?;
    let session = server.session().await?;
    if args.json {
        let mut json = serde_json::to_value(&session).unwrap_or_default();
        json["server"] = server.address().to_string().into();
        print_line(&json.to_string())?;
        return Ok(exit::OK);
    }
    let who = match &session.user {
        Some(user) => {
            let administrator = if user.administrator { ", administrator" } else { "" };
            match &user.display_name {
                Some(name) if *name != user.name => format!("{} ({name}){administrator}", user.name),
                _ => format!("{}{administrator}", user.name),
            }
        }
        None if session.embedded => "the owner".to_owned(),
        None => "a token of the server".to_owned(),
    };
    print_line(&format!("{who} at {}", server.address()))?;
    if !session.projects.is_empty() {
        let columns = [("PROJECT", Align::Left), ("ROLE", Align::Left), ("TITLE", Align::Left)];
        let rows = session.projects.into_iter().map(|project| {
            vec![project.name, project.role.unwrap_or_default(), project.title.unwrap_or_default()]
        });
        print_line(&table(&columns, rows))?;
    }
    Ok(exit::OK)
}

/// The server that was named, or else the only one that is known.
pub fn the_server(server: Option<String>) -> Result<Server> {
    let credentials = Credentials::read(&Credentials::place()?)?;
    connect(named(server, &credentials)?)
}

fn named(server: Option<String>, credentials: &Credentials) -> Result<ServerAddress> {
    match server.as_deref().or(credentials.only()) {
        Some(text) => Ok(ServerAddress::parse(text)?),
        None => {
            let known: Vec<&str> = credentials.servers().collect();
            Err(Failure::input(match known.is_empty() {
                true => "no server is known; type `paramo login https://HOST`, or name one with --server"
                    .to_owned(),
                false => format!("which server? name one with --server: {}", known.join(", ")),
            }))
        }
    }
}
