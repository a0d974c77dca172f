//! `paramo token`: tokens by which programs are known to a server.

use paramo_client::{NewToken, TokenRow};

use super::login::the_server;
use crate::args::Token;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;
use crate::view::{Align, table};

pub async fn token(server: Option<String>, project: Option<String>, args: Token) -> Result<u8> {
    let server = the_server(server)?;
    match args {
        Token::List { json } => {
            let tokens = server.tokens().await?;
            if json {
                for token in &tokens {
                    print_line(&serde_json::to_value(token).unwrap_or_default().to_string())?;
                }
            } else if tokens.is_empty() {
                anstream::eprintln!("there are no tokens; `paramo token create NAME` makes one");
            } else {
                print_line(&rows(&tokens))?;
            }
        }
        Token::Create { name, scopes, expires_days } => {
            let new = NewToken {
                name: &name,
                scopes: &scopes,
                project: project.as_deref(),
                expires_days: Some(expires_days),
            };
            let made = server.create_token(&new).await?;
            let Some(secret) = &made.token else {
                return Err(Failure::unavailable(format!("{} has made no token", server.address())));
            };
            print_line(secret.reveal())?;
            anstream::eprintln!(
                "this is the only time that the token is shown; `paramo token revoke {}` ends it",
                id(&made)
            );
        }
        Token::Worker { name, expires_hours } => {
            let made = server.create_worker_token(&name, project.as_deref(), expires_hours).await?;
            print_line(made.token.reveal())?;
            anstream::eprintln!(
                "this is the only time that the token is shown; workers come in with it: paramo worker --server {} --token-file FILE",
                server.address()
            );
        }
        Token::Revoke { token } => {
            // By number, or by a name that only one has.
            let all = server.tokens().await?;
            let of_number = all.iter().filter(|row| id(row) == token);
            let of_name = || all.iter().filter(|row| row.name == token);
            let mut found = of_number.chain(of_name());
            let chosen = match (found.next(), of_name().count()) {
                (Some(row), 0 | 1) => row,
                (Some(row), _) if id(row) == token => row,
                (Some(_), several) => {
                    return Err(Failure::input(format!(
                        "{several} tokens are called {token}; name one by its number, as `paramo token list` shows it"
                    )));
                }
                (None, _) => {
                    return Err(Failure::input(format!(
                        "there is no token {token}; `paramo token list` shows those there are"
                    )));
                }
            };
            server.revoke_token(&id(chosen)).await?;
            anstream::eprintln!("{} is revoked: nobody is let in by it any more", chosen.name);
        }
    }
    Ok(exit::OK)
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
    let day = |moment: &Option<String>| {
        moment.as_deref().map_or("-", |text| text.get(..10).unwrap_or(text)).to_owned()
    };
    let rows = tokens.iter().map(|token| {
        vec![
            id(token),
            token.name.clone(),
            token.scopes.join(", "),
            token.project.clone().unwrap_or_else(|| "-".to_owned()),
            day(&token.created),
            day(&token.expires),
            day(&token.used),
        ]
    });
    table(&columns, rows)
}
