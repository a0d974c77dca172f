//! People: who there is, how they come in, and what they may do.
//!
//! [`Service`] is what the routes work on beside the [`Host`](crate::Host). Embedded, there is one caller, the owner, and no accounts.

pub mod code;
pub mod delay;
pub mod password;
pub mod roles;
pub mod routes;
pub mod seal;
pub mod sign_in;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use paramo_model::Name;
use paramo_store::{Fresh, NewWorkerToken, PasswordHash, People, StoreError, WorkerToken};
use tokio::sync::watch;

use self::delay::Delay;
use self::password::{PasswordError, Passwords};
use self::seal::Seal;
use crate::access::Token;
use crate::config::{Config, PublicUrl};
use crate::login::{Ldap, Oidc};
use crate::problem::{Problem, Result};

/// A session ends when it was not used for so long.
pub const SESSION: Duration = Duration::from_secs(14 * 24 * 3600);
/// An invitation ends after so long.
pub const INVITATION: Duration = Duration::from_secs(7 * 24 * 3600);
/// Wrong passwords that cost nothing, by name and by address: behind an address there may be a whole institute.
const FREE_BY_NAME: u32 = 5;
const FREE_BY_ADDRESS: u32 = 50;
/// Of what has expired, tokens and shares are shown for so long.
const SHOWN: Duration = Duration::from_secs(30 * 24 * 3600);

/// Who may come in, and how.
pub struct Service {
    store: Arc<dyn People>,
    owner: Option<Token>,
    accounts: Option<Accounts>,
    public_url: Option<PublicUrl>,
    trust_proxy: bool,
    patience: Duration,
    /// Whether the server itself speaks TLS.
    tls: bool,
    key_file: PathBuf,
    seal: OnceLock<Seal>,
    /// Rings when somebody's rights may have changed, so that readers of events are looked at again.
    changed: watch::Sender<u64>,
}

/// What there is when people have accounts.
pub struct Accounts {
    pub local: bool,
    pub passwords: Passwords,
    pub oidc: Option<Oidc>,
    pub ldap: Option<Ldap>,
    names: Delay,
    addresses: Delay,
    /// Device logins that were begun, by address: each takes a row of the store.
    devices: Delay,
}

impl Service {
    /// For one caller, who has the token.
    pub fn embedded(store: Arc<dyn People>, owner: Token, key_file: PathBuf) -> Service {
        Service::new(store, Some(owner), None, Config::default(), key_file)
    }

    /// For a group. `machine` is a token that may do everything. `key_file` is where the key of the secrets is kept unless the
    /// configuration says it.
    pub fn group(
        store: Arc<dyn People>,
        machine: Option<Token>,
        mut config: Config,
        key_file: PathBuf,
    ) -> std::result::Result<Service, String> {
        let accounts = Accounts {
            local: config.local,
            passwords: Passwords::new().map_err(|error| error.to_string())?,
            oidc: config.oidc.take(),
            ldap: config.ldap.take(),
            names: Delay::new(FREE_BY_NAME),
            addresses: Delay::new(FREE_BY_ADDRESS),
            devices: Delay::new(FREE_BY_ADDRESS),
        };
        Ok(Service::new(store, machine, Some(accounts), config, key_file))
    }

    fn new(
        store: Arc<dyn People>,
        owner: Option<Token>,
        accounts: Option<Accounts>,
        config: Config,
        key_file: PathBuf,
    ) -> Service {
        Service {
            store,
            owner,
            accounts,
            public_url: config.public_url,
            trust_proxy: config.trust_proxy,
            patience: config.patience,
            tls: config.tls.is_some(),
            key_file: config.key_file.unwrap_or(key_file),
            seal: OnceLock::new(),
            changed: watch::Sender::new(0),
        }
    }

    pub fn store(&self) -> &dyn People {
        self.store.as_ref()
    }

    /// The same, to be kept.
    pub(crate) fn shared_store(&self) -> Arc<dyn People> {
        Arc::clone(&self.store)
    }

    pub fn owner(&self) -> Option<&Token> {
        self.owner.as_ref()
    }

    pub fn is_embedded(&self) -> bool {
        self.accounts.is_none()
    }

    /// The accounts, or the answer that there are none.
    pub fn accounts(&self) -> Result<&Accounts> {
        self.accounts.as_ref().ok_or_else(|| {
            Problem::not_found("there are no accounts here: this server is of the person who started it; `paramo server` is for a group")
        })
    }

    pub fn public_url(&self) -> Option<&PublicUrl> {
        self.public_url.as_ref()
    }

    /// What stands before every path; empty at the root.
    pub fn base(&self) -> &str {
        self.public_url.as_ref().map_or("", |url| &url.base)
    }

    /// Whether browsers come over TLS: to us, or to the proxy before us.
    pub fn secure(&self) -> bool {
        self.public_url.as_ref().map_or(self.tls, PublicUrl::secure)
    }

    /// Whether a proxy says truly who asks.
    pub fn trusts_proxy(&self) -> bool {
        self.trust_proxy
    }

    /// How long a slow sender is waited for.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// The address of a path for people. Without `public_url` it is the one that the request was sent to.
    pub fn link(&self, host: Option<&str>, path: &str) -> String {
        match (&self.public_url, host) {
            (Some(url), _) => url.link(path),
            (None, Some(host)) => format!("{}://{host}{path}", if self.tls { "https" } else { "http" }),
            (None, None) => path.to_owned(),
        }
    }

    /// The key of the secrets; it is made when it is needed first.
    pub fn seal(&self) -> Result<&Seal> {
        if let Some(seal) = self.seal.get() {
            return Ok(seal);
        }
        let seal = Seal::of_file(&self.key_file).map_err(Problem::unavailable)?;
        Ok(self.seal.get_or_init(|| seal))
    }

    /// Says that somebody's rights may have changed.
    pub fn rights_changed(&self) {
        self.changed.send_modify(|times| *times += 1);
    }

    /// Rings when somebody's rights may have changed.
    pub fn rights(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// A code with this beginning, and what is kept of it.
    pub fn fresh(&self, beginning: &str, lasts: Option<Duration>) -> Result<(String, Fresh)> {
        let code = code::random()
            .map_err(|error| Problem::unavailable(format!("no random numbers to be had: {error}")))?;
        let code = format!("{beginning}{code}");
        let hash = code::hash(&code);
        Ok((code, Fresh { hash, lasts }))
    }

    /// Makes a token with which a worker comes in, and which is good for nothing else. Returns what is known of it, and the token itself,
    /// which is nowhere from then on. A site makes one for each allocation, and withdraws it with the allocation.
    pub async fn worker_token(
        &self,
        name: String,
        project: Option<Name>,
        by: String,
        lasts: Duration,
    ) -> Result<(WorkerToken, String)> {
        let (code, fresh) = self.fresh(crate::access::WORKER, Some(lasts))?;
        let token = self.store.create_worker_token(&NewWorkerToken { name, project, by, fresh }).await?;
        Ok((token, code))
    }

    /// Withdraws a worker's token; connections that were opened with it are closed.
    pub async fn withdraw_worker_token(&self, id: i64) -> Result<()> {
        self.store.delete_worker_token(id).await?;
        self.rights_changed();
        Ok(())
    }

    /// The hash of a password that somebody chooses.
    pub async fn hash(&self, user: &str, password: String) -> Result<PasswordHash> {
        let hash = self.accounts()?.passwords.hash(user, password).await;
        hash.map(PasswordHash::new).map_err(|error| match error {
            PasswordError::Failed(_) => Problem::unavailable(error.to_string()),
            PasswordError::Length | PasswordError::Name => Problem::bad_input(error.to_string()),
        })
    }

    /// The code of the link for the first administrator; none when there is somebody already. An earlier one is no longer good.
    pub async fn first_administrator(&self) -> Result<Option<String>> {
        let (code, fresh) = self.fresh("", None)?;
        Ok(self.store.offer_first_administrator(&fresh).await?.then_some(code))
    }

    /// Removes what has expired, every hour, as long as the server is there.
    pub fn keep_tidy(self: &Arc<Service>) {
        let service = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                let Some(service) = service.upgrade() else { return };
                // What cannot be removed now is removed in an hour.
                let _: std::result::Result<u64, StoreError> = service.store.tidy(SHOWN).await;
                drop(service);
                tokio::time::sleep(Duration::from_secs(3600)).await;
            }
        });
    }
}

impl Accounts {
    /// Lets somebody try a password, unless too many were wrong for this name or from this address.
    pub fn attempt(&self, name: &str, address: Option<IpAddr>) -> Result<()> {
        let now = Instant::now();
        let from = address.map(|address| address.to_string());
        let wait = from.as_deref().map_or(Ok(()), |from| self.addresses.attempt(from, now));
        let wait = wait.and_then(|()| self.names.attempt(&name.to_lowercase(), now));
        wait.map_err(Problem::too_many)
    }

    /// Lets a device begin, unless too many have from this address.
    pub fn attempt_device(&self, address: Option<IpAddr>) -> Result<()> {
        let from = address.map(|address| address.to_string());
        from.as_deref()
            .map_or(Ok(()), |from| self.devices.attempt(from, Instant::now()))
            .map_err(Problem::too_many)
    }

    /// The password was right.
    pub fn succeeded(&self, name: &str, address: Option<IpAddr>) {
        self.names.forgive(&name.to_lowercase());
        if let Some(address) = address {
            self.addresses.take_back(&address.to_string());
        }
    }
}
