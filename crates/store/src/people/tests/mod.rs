//! What every store does about people, whichever its engine; run by the suite of [`conformance`](crate::conformance).

mod accounts;
mod credentials;
mod projects;
mod records;

use std::time::Duration;

use paramo_model::Name;

pub use self::{accounts::*, credentials::*, projects::*, records::*};
use crate::people::*;

const HOUR: Option<Duration> = Some(Duration::from_secs(3600));

fn hash(number: u8) -> Hashed {
    Hashed([number; 32])
}

/// A credential that lasts.
fn fresh(number: u8) -> Fresh {
    Fresh { hash: hash(number), lasts: HOUR }
}

/// A credential that has expired as soon as it is made.
fn spent(number: u8) -> Fresh {
    Fresh { hash: hash(number), lasts: Some(Duration::ZERO) }
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn password(text: &str) -> PasswordHash {
    PasswordHash::new(format!("$argon2id${text}"))
}

fn new_user(name: &str, administrator: bool) -> NewUser {
    NewUser {
        name: name.to_owned(),
        display_name: name.to_uppercase(),
        email: None,
        administrator,
        password: Some(password(name)),
    }
}

fn external(subject: &str, name: &str) -> ExternalUser {
    ExternalUser {
        source: Source::Oidc,
        subject: subject.to_owned(),
        name: name.to_owned(),
        display_name: name.to_uppercase(),
        email: Some(format!("{name}@example.org")),
        administrator: None,
        groups: Vec::new(),
    }
}

fn welcome(name: Option<&str>, text: &str) -> Welcome {
    Welcome { name: name.map(str::to_owned), display_name: None, password: password(text) }
}
