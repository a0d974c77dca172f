//! The words of servers, and of what speaks with them: `paramo ui`, `server`, `worker`, `login`, `logout`, `whoami`, `token`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use paramo_model::{Bytes, Seconds};

use crate::relay_args::ByRelay;

/// Open the page of this store in a browser, for yourself
///
/// The page shows the studies of the store, and the API under /api/v1 answers, on this machine only. Everything needs the token that is part of
/// the printed link; it is kept in the store's directory. Studies that are open are worked on. Ctrl-C or SIGTERM ends what runs and leaves the
/// studies open.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo ui
  paramo ui --open
  paramo ui hes1 --listen 127.0.0.1:8080")]
pub struct Ui {
    /// The study to show first, by name
    #[arg(value_name = "STUDY")]
    pub study: Option<String>,

    /// The address to listen on, of this machine only; port 0 chooses a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub listen: std::net::SocketAddr,

    /// Open the link in the browser
    #[arg(long)]
    pub open: bool,

    /// End when standard input does: with the program that started this one, however that ends
    #[arg(long)]
    pub while_stdin: bool,

    #[command(flatten)]
    pub workers: Workers,
}

/// The workers of a server on its own machine.
#[derive(Args, Debug)]
pub struct Workers {
    /// CPUs of each worker, instead of all that this process may use
    #[arg(long, value_name = "N")]
    pub cpus: Option<f64>,

    /// Workers on this machine, each with so many CPUs, whether the machine has them all or not; 0 when all workers are elsewhere (`paramo worker`)
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub workers: u32,
}

/// Serve studies to a group: accounts, projects, and the engine behind an API and a page
///
/// The server works on every study of the store that is open, on this machine, and goes on with them when it is started again. As long as nobody has
/// an account it prints a link at which the first administrator chooses a password. SIGTERM ends what runs and leaves the studies open.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo server
  paramo server --listen 127.0.0.1:8080 --cpus 4
  paramo --store postgres://paramo@db.example/paramo server --config /etc/paramo/server.toml")]
pub struct Server {
    /// The configuration: login, TLS, proxy
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,

    /// The address to listen on instead of that of the configuration; port 0 chooses a free one [default: 127.0.0.1:8090]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<std::net::SocketAddr>,

    /// What people type to come here, as in https://paramo.example/lab, instead of that of the configuration
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,

    /// A file with a token for machines: who sends it is an administrator
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub token_file: Option<PathBuf>,

    /// The file that describes the sites whose pools of allocations are used [default: ./sites.toml, then ~/.config/paramo/sites.toml]
    #[arg(long, value_name = "FILE", env = "PARAMO_SITES", value_hint = ValueHint::FilePath)]
    pub sites: Option<PathBuf>,

    #[command(flatten)]
    pub workers: Workers,
}

/// Work for a server from another machine
///
/// The worker opens one connection to the server of --server and makes the runs that it gets. It outlives breaks of the network and restarts of the
/// server: what it holds goes on, and results are kept on this machine until the server has stored them. Only the server has to be reachable, also
/// through an HTTP proxy (https_proxy, http_proxy). SIGTERM and Ctrl-C hand back what runs; nothing is lost, and nothing counts as failed.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo worker --server https://paramo.example --token-file token
  paramo worker --server https://paramo.example --token-file token --cpus 8 --idle 5min --ends-in 1h")]
pub struct Worker {
    /// A file with a token for workers, which `paramo token worker` makes
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub token_file: PathBuf,

    /// How people see this worker [default: the name of the machine]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// What the site calls the allocation that this is in
    #[arg(long, value_name = "ID")]
    pub allocation: Option<String>,

    /// CPUs to use instead of all that this process may use
    #[arg(long, value_name = "N")]
    pub cpus: Option<f64>,

    /// Memory to use instead of all that this process may use, as in 16GiB
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<Bytes>,

    /// GPUs to use instead of those that are found: their numbers with commas between them, or `none`
    #[arg(long, value_name = "LIST")]
    pub gpus: Option<String>,

    /// Where results and files are kept until the server has them [default: paramo-worker-UID in the directory for temporary files]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub scratch: Option<PathBuf>,

    /// A directory of the server that is seen here at the same path, by a file system that is shared: studies below it are used in place; may be given several times
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub shared: Vec<PathBuf>,

    /// All files of the server are seen here at the same paths
    #[arg(long, conflicts_with = "shared")]
    pub shared_files: bool,

    /// A directory that all nodes of the site see, where workers leave for each other what they have fetched
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub content: Option<PathBuf>,

    /// What starts the tasks of runs that use MPI, with places for {nodes}, {tasks}, {tasks_per_node} and {cpus} [default: mpirun -n {tasks}]
    #[arg(long, value_name = "WORDS")]
    pub launcher: Option<String>,

    /// End after so long without anything to do
    #[arg(long, value_name = "TIME")]
    pub idle: Option<Seconds>,

    /// The allocation ends after so long: no run is begun that does not fit, and what runs then is handed back in time
    #[arg(long, value_name = "TIME")]
    pub ends_in: Option<Seconds>,

    /// How long to go on without the server
    #[arg(long, value_name = "TIME", default_value = "1 d")]
    pub patience: Seconds,

    /// A file of certificate authorities to trust beside those of the system (PEM)
    #[arg(long, value_name = "FILE", env = "PARAMO_CA_FILE", value_hint = ValueHint::FilePath)]
    pub ca_file: Option<PathBuf>,

    #[command(flatten)]
    pub by_relay: ByRelay,

    /// Print every event as a line of JSON on standard output
    #[arg(long)]
    pub json: bool,
}

/// Log in at a server
///
/// Prints a link and a code; whoever opens the link and is logged in there lets this terminal in. The token that comes of it is kept in
/// ~/.config/paramo/credentials.toml, readable by you only, and is sent to this server and to no other.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo login https://paramo.example
  paramo login http://127.0.0.1:8090 --with-token < .paramo/server-token")]
pub struct Login {
    /// The server; that of --server if not given
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    pub url: Option<String>,

    /// Read a token, or the link that the server printed, from standard input
    #[arg(long)]
    pub with_token: bool,
}

/// Forget the token of a server
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo logout
  paramo logout https://paramo.example")]
pub struct Logout {
    /// The server; that of --server, or the only one that is known, if not given
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    pub url: Option<String>,
}

/// Say who a server takes you for, and what you may see there
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo whoami
  paramo whoami --server https://paramo.example --json")]
pub struct Whoami {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Tokens by which programs are known to a server
#[derive(Subcommand, Debug)]
pub enum Token {
    /// List your tokens
    #[command(after_long_help = "Examples:
  paramo token list
  paramo token list --workers --json")]
    List {
        /// Those with which workers come in, of everybody, instead of your own
        #[arg(long)]
        workers: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a token, and print it this once
    ///
    /// It may do what its scopes say, and never more than you may; with --project only in that project.
    #[command(after_long_help = "Examples:
  paramo token create nightly --scope read,write --expires-days 30
  paramo token create ci --project cells > token")]
    Create {
        /// What it is for
        name: String,
        /// What it may: read, write, admin
        #[arg(long = "scope", value_name = "SCOPES", value_delimiter = ',', default_values = ["read", "write"])]
        scopes: Vec<String>,
        /// Days until it is no good any more
        #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..))]
        expires_days: u32,
    },
    /// Make a token with which workers come in, and print it this once
    ///
    /// It lets `paramo worker` connect and is good for nothing else. With --project the workers get studies of that project only.
    #[command(after_long_help = "Examples:
  paramo token worker big-machine > token
  paramo token worker slurm-17 --expires-hours 25")]
    Worker {
        /// What it is for
        name: String,
        /// Hours until it is no good any more
        #[arg(long, value_name = "N", default_value_t = 168, value_parser = clap::value_parser!(u32).range(1..))]
        expires_hours: u32,
    },
    /// End a token
    ///
    /// Workers that came with theirs are let go at once, and the runs that they had are made by others.
    #[command(after_long_help = "Examples:
  paramo token revoke nightly
  paramo token revoke --worker 17")]
    Revoke {
        /// One with which workers come in
        #[arg(long)]
        worker: bool,
        /// Its number or its name
        token: String,
    },
}
