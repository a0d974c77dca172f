//! The words of `paramo site` and `paramo mirror`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use paramo_model::Seconds;

/// Clusters that are written down in sites.toml, and whether they work
#[derive(Args, Debug)]
pub struct Sites {
    /// The file with the sites; ./sites.toml or ~/.config/paramo/sites.toml if not given
    #[arg(long, global = true, value_name = "FILE", env = "PARAMO_SITES", value_hint = ValueHint::FilePath)]
    pub sites: Option<PathBuf>,

    #[command(subcommand)]
    pub command: Site,
}

#[derive(Subcommand, Debug)]
pub enum Site {
    /// List the sites
    #[command(after_long_help = "Examples:
  paramo site list
  paramo site list --json")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what is said about a site
    #[command(after_long_help = "Examples:
  paramo site show hpc
  paramo site show hpc --json")]
    Show {
        /// Its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    Add(Box<SiteAdd>),
    Test(SiteTest),
    Choose(SiteChoose),
}

/// Write a site at the end of sites.toml
///
/// With --maximum and --walltime it gets a pool of allocations, so that studies can run there. Prologues and all else are added with an editor;
/// docs/slurm.md shows them. Nothing is asked of the site: `paramo site test` tries it.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo site add hpc --host login.example --user ada --directory /scratch/ada/paramo --maximum 4 --cpus 8 --walltime 2h
  paramo site add here --directory /shared/paramo --partition main
  paramo site add rest --url https://head.example:6820 --user ada --token-file token --directory /shared/paramo")]
pub struct SiteAdd {
    /// How it is called here
    pub name: String,

    /// What places its jobs
    #[arg(long, value_name = "KIND", default_value = "slurm")]
    pub kind: String,

    /// A directory on the site that you may write and all its nodes see
    #[arg(long, value_name = "DIR")]
    pub directory: String,

    /// Its login node, reached by SSH; this host if not given
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,

    /// Who you are there
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,

    /// The port of its SSH server
    #[arg(long, value_name = "PORT", requires = "host")]
    pub port: Option<u16>,

    /// Your private key
    #[arg(long, value_name = "FILE", requires = "host", value_hint = ValueHint::FilePath)]
    pub key: Option<String>,

    /// Hosts to go through
    #[arg(long, value_name = "HOSTS", requires = "host")]
    pub jump: Option<String>,

    /// A configuration of OpenSSH other than ~/.ssh/config
    #[arg(long, value_name = "FILE", requires = "host", value_hint = ValueHint::FilePath)]
    pub ssh_config: Option<String>,

    /// How its compute nodes name the login node, where that is not by its own name
    #[arg(long, value_name = "HOST", requires = "host")]
    pub inside: Option<String>,

    /// The address of its slurmrestd
    #[arg(long, value_name = "URL", requires = "user", value_hint = ValueHint::Url)]
    pub url: Option<String>,

    /// With --url: the file of a token
    #[arg(long, value_name = "FILE", requires = "url", value_hint = ValueHint::FilePath)]
    pub token_file: Option<String>,

    /// With --url: a line of shell that prints a token
    #[arg(long, value_name = "COMMAND", requires = "url", conflicts_with = "token_file")]
    pub token_command: Option<String>,

    /// How its nodes reach this machine or the server: HOST, HOST:PORT or a URL
    #[arg(long, value_name = "ADDRESS")]
    pub back: Option<String>,

    /// The partition of its jobs
    #[arg(long, value_name = "NAME")]
    pub partition: Option<String>,

    /// The account of its jobs
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,

    /// Allocations at once: with it a pool named `main` is written as well
    #[arg(long, value_name = "N", requires = "walltime", value_parser = clap::value_parser!(u32).range(1..))]
    pub maximum: Option<u32>,

    /// How long an allocation of the pool lasts, as in 2h
    #[arg(long, value_name = "TIME", requires = "maximum")]
    pub walltime: Option<Seconds>,

    /// CPUs of an allocation of the pool, on one node [default: 1]
    #[arg(long, value_name = "N", requires = "maximum", value_parser = clap::value_parser!(u32).range(1..))]
    pub cpus: Option<u32>,
}

/// Try a site: its login, commands, versions, partitions, directories
///
/// Says for everything that does not work what to change. Nothing is submitted. The exit code is 4 when something does not work.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo site test hpc
  paramo site test hpc --back paramo.example:443")]
pub struct SiteTest {
    /// Its name
    pub name: String,

    /// Also try whether the site reaches a server at this address
    #[arg(long, value_name = "HOST:PORT")]
    pub back: Option<String>,

    /// Print each result as a line of JSON
    #[arg(long)]
    pub json: bool,
}

/// Say where the runs of a study go with `--site auto`, and why
///
/// Every site with a pool is asked how long an allocation would wait. Nothing is submitted.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo site choose study.toml
  paramo site choose hes1 --time 20min --json")]
pub struct SiteChoose {
    /// A study file, or the name of a study in the store
    pub study: String,

    /// How long a run takes, instead of what the study says
    #[arg(long, value_name = "TIME")]
    pub time: Option<Seconds>,

    /// Print each place as a line of JSON
    #[arg(long)]
    pub json: bool,
}

/// Stand for a job on a cluster: submit it, show what it prints, fetch what it leaves, end as it ends
///
/// It is an ordinary process, for a container or a script. What the job prints comes out as it is printed; states go to standard error.
/// SIGINT and SIGTERM cancel the job.
///
/// The exit code is that of the job. Else: 124 it reached its time limit, 137 it ran out of memory, 128 and the number of a signal that
/// ended it, 143 somebody cancelled it, 75 the site lost or preempted it, so that the same again may work; 130 and 143 also after
/// SIGINT and SIGTERM; 2 a file is wrong; 4 the site does not work.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo mirror --backend hpc.toml --job job.toml
  paramo mirror --backend hpc.toml --job job.toml --patience 1h")]
pub struct Mirror {
    /// The site: the fields of one table of sites.toml
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub backend: PathBuf,

    /// The job: its script, resources, inputs and outputs
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub job: PathBuf,

    /// How long the site may be away in one piece before this is given up
    #[arg(long, value_name = "TIME", default_value = "15min")]
    pub patience: Seconds,

    /// How long the end may take after SIGINT or SIGTERM
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub grace: Seconds,
}

/// Allocations on sites: how many there are, and what has become of them
#[derive(Subcommand, Debug)]
pub enum Pool {
    Status(PoolStatus),
}

/// Show the pools, and what their sites were asked for
///
/// With --server this is what the server knows, workers included. Without it, it is what the store remembers; the process that works on a study
/// writes every change down.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo pool status
  paramo pool status hpc --json")]
pub struct PoolStatus {
    /// Only the pools of this site
    #[arg(value_name = "SITE")]
    pub site: Option<String>,

    /// The file that describes the sites [default: ./sites.toml, then ~/.config/paramo/sites.toml]
    #[arg(long, value_name = "FILE", env = "PARAMO_SITES", value_hint = ValueHint::FilePath)]
    pub sites: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
