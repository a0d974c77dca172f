//! `paramo token`: tokens by which programs are known to a server.

use paramo_client::{NewToken, Server, TokenRow, WorkerTokenRow};
use serde::Serialize;

use super::login::the_server;
use crate::args::Token;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;
use crate::view::{Align, table};

pub async fn token(server: Option<String>, project: Option<String>, args: Token) -> Result<u8> {
    let server = the_server(server)?;
    match args {
        Token::List { workers: false, json } => {
            let tokens = server.tokens().await?;
            show(&tokens, json, rows, "there are no tokens; `paramo token create NAME` makes one")?;
        }
        Token::List { workers: true, json } => {
            let tokens = server.worker_tokens().await?;
            let none = "workers have no tokens; `paramo token worker NAME` makes one";
            show(&tokens, json, worker_rows, none)?;
        }
        Token::Create { name, scopes, expires_days } => {
            let new = NewToken {
                name: &name,
                scopes: &scopes,
                project: project.as_deref(),
                expires_days: Some(expires_days),
            };
            let made = server.create_token(&new).await?;
            let Some(secret) = &made.token else { return Err(not_made(&server)) };
            print_line(secret.reveal())?;
            anstream::eprintln!(
                "this is the only time that the token is shown; `paramo token revoke {}` ends it",
                id(&made)
            );
        }
        Token::Worker { name, expires_hours } => {
            let made = server.create_worker_token(&name, project.as_deref(), expires_hours).await?;
            let Some(secret) = &made.token else { return Err(not_made(&server)) };
            print_line(secret.reveal())?;
            anstream::eprintln!(
                "this is the only time that the token is shown; workers come in with it: paramo worker --server {} --token-file FILE; `paramo token revoke --worker {}` ends it",
                server.address(),
                made.id
            );
        }
        Token::Revoke { worker: false, token } => {
            let all = server.tokens().await?;
            let chosen = chosen(&all, &token, |row| (id(row), &row.name), "paramo token list")?;
            server.revoke_token(&id(chosen)).await?;
            anstream::eprintln!("{} is revoked: nobody is let in by it any more", chosen.name);
        }
        Token::Revoke { worker: true, token } => {
            let all = server.worker_tokens().await?;
            let words = "paramo token list --workers";
            let chosen = chosen(&all, &token, |row| (row.id.to_string(), &row.name), words)?;
            server.revoke_worker_token(chosen.id).await?;
            anstream::eprintln!("{} is revoked: the workers that came with it are let go", chosen.name);
        }
    }
    Ok(exit::OK)
}

/// The token of a number, or of a name that only one has.
fn chosen<'a, T>(
    all: &'a [T],
    word: &str,
    named: impl Fn(&'a T) -> (String, &'a String),
    list: &str,
) -> Result<&'a T> {
    if let Some(row) = all.iter().find(|row| named(row).0 == word) {
        return Ok(row);
    }
    match all.iter().filter(|row| named(row).1 == word).collect::<Vec<_>>()[..] {
        [row] => Ok(row),
        [] => Err(Failure::input(format!("there is no token {word}; `{list}` shows those there are"))),
        [_, _, ..] => Err(Failure::input(format!(
            "several tokens are called {word}; name one by its number, as `{list}` shows it"
        ))),
    }
}

fn show<T: Serialize>(tokens: &[T], json: bool, rows: fn(&[T]) -> String, none: &str) -> Result<()> {
    if json {
        for token in tokens {
            print_line(&serde_json::to_value(token).unwrap_or_default().to_string())?;
        }
    } else if tokens.is_empty() {
        anstream::eprintln!("{none}");
    } else {
        print_line(&rows(tokens))?;
    }
    Ok(())
}

fn not_made(server: &Server) -> Failure {
    Failure::unavailable(format!("{} has made no token", server.address()))
}

fn day(moment: Option<&String>) -> String {
    moment.map_or("-", |text| text.get(..10).unwrap_or(text)).to_owned()
}

fn worker_rows(tokens: &[WorkerTokenRow]) -> String {
    let columns = [
        ("ID", Align::Right),
        ("NAME", Align::Left),
        ("PROJECT", Align::Left),
        ("BY", Align::Left),
        ("CREATED", Align::Left),
        ("EXPIRES", Align::Left),
        ("LAST USED", Align::Left),
    ];
    let rows = tokens.iter().map(|token| {
        vec![
            token.id.to_string(),
            token.name.clone(),
            token.project.clone().unwrap_or_else(|| "-".to_owned()),
            token.by.clone(),
            day(token.created.as_ref()),
            day(token.expires.as_ref()),
            day(token.used.as_ref()),
        ]
    });
    table(&columns, rows)
}

fn id(token: &TokenRow) -> String {
    token.id.as_str().map_or_else(|| token.id.to_string(), str::to_owned)
}

fn rows(tokens: &[TokenRow]) -> String {
    let columns = [
        ("ID", Align::Right),
        ("NAME", Align::Left),
        ("SCOPES", Align::Left),
        ("PROJECT", Align::Left),
        ("CREATED", Align::Left),
        ("EXPIRES", Align::Left),
        ("LAST USED", Align::Left),
    ];
    let rows = tokens.iter().map(|token| {
        vec![
            id(token),
            token.name.clone(),
            token.scopes.join(", "),
            token.project.clone().unwrap_or_else(|| "-".to_owned()),
            day(token.created.as_ref()),
            day(token.expires.as_ref()),
            day(token.used.as_ref()),
        ]
    });
    table(&columns, rows)
}
