//! The words of `paramo job`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use paramo_model::{Bytes, Seconds};
use paramo_sites::Array;

/// Plain batch scripts on a site: submit them, see how they get on, fetch what they leave
#[derive(Args, Debug)]
pub struct Jobs {
    /// The file with the sites; ./sites.toml or ~/.config/paramo/sites.toml if not given. A server has its own
    #[arg(long, global = true, value_name = "FILE", env = "PARAMO_SITES", value_hint = ValueHint::FilePath)]
    pub sites: Option<PathBuf>,

    #[command(subcommand)]
    pub command: Job,
}

#[derive(Subcommand, Debug)]
pub enum Job {
    Submit(Box<JobSubmit>),
    /// List the jobs that have not ended, and the last of those that have
    #[command(after_long_help = "Examples:
  paramo job list
  paramo job list --all --json")]
    List {
        /// All that were ever submitted
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show how a job is, and what it has used where the site keeps an account of it
    #[command(after_long_help = "Examples:
  paramo job show 3
  paramo job show fit --json")]
    Show {
        /// Its number, or its name: then the last of that name
        job: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    Output(JobOutput),
    /// List what is submitted again and again
    #[command(after_long_help = "Examples:
  paramo job schedules
  paramo job schedules --json")]
    Schedules {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Submit something no more; what was submitted goes on
    #[command(after_long_help = "Examples:
  paramo job stop check")]
    Stop {
        /// The name of a schedule
        name: String,
    },
    /// Wait until jobs have ended
    ///
    /// The exit code is that of the first job that did not succeed, as `paramo mirror` gives it. Whoever stops waiting stops nothing else.
    #[command(after_long_help = "Examples:
  paramo job wait 3 4
  paramo job wait fit && paramo job fetch fit")]
    Wait {
        /// Numbers or names
        #[arg(required = true, value_name = "JOB")]
        jobs: Vec<String>,
    },
    /// End jobs
    #[command(after_long_help = "Examples:
  paramo job cancel 3")]
    Cancel {
        /// Numbers or names
        #[arg(required = true, value_name = "JOB")]
        jobs: Vec<String>,
    },
    Fetch(JobFetch),
    /// Forget jobs that have ended, and remove their directories at the site
    #[command(after_long_help = "Examples:
  paramo job rm 3 4")]
    Rm {
        /// Numbers or names
        #[arg(required = true, value_name = "JOB")]
        jobs: Vec<String>,
    },
}

/// Submit a batch script, as it is
///
/// Its own lines for the engine (#SBATCH, #$, #PBS) count; what is said here wins over them. It runs in a directory of its own below that of
/// the site. It is written down before it is submitted, so that it is known whatever happens in between, and it is never submitted twice.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo job submit fit.sh --site hpc
  paramo job submit fit.sh --site hpc --input data.csv --output 'out/*.csv' --time 2h --wait -- --steps 100
  paramo job submit part.sh --site hpc --array 0-99%8
  paramo job submit collect.sh --site hpc --after part:ok
  paramo job submit check.sh --site hpc --every '0 3 * * *'")]
pub struct JobSubmit {
    /// The script; it begins with #!
    #[arg(value_name = "SCRIPT", value_hint = ValueHint::FilePath)]
    pub script: PathBuf,

    /// Where it runs
    #[arg(long, value_name = "SITE")]
    pub site: String,

    /// How it is called [default: the name of the script]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// A file that it wants, under its own name or another one in the job's directory
    #[arg(long = "input", value_name = "[NAME=]FILE")]
    pub inputs: Vec<String>,

    /// Names or patterns of files that `paramo job fetch` brings
    #[arg(long = "output", value_name = "PATTERN")]
    pub outputs: Vec<String>,

    /// So many equal jobs, told apart by an index (SLURM_ARRAY_TASK_ID, SGE_TASK_ID); after % how many run at once
    #[arg(long, value_name = "FIRST-LAST[:STEP][%N]")]
    pub array: Option<Array>,

    /// Begin only once another job has succeeded (ok), has failed, has ended (any) or has begun
    #[arg(long, value_name = "JOB[:ok|failed|any|begun]")]
    pub after: Vec<String>,

    /// The partition or queue
    #[arg(long, value_name = "NAME")]
    pub partition: Option<String>,

    /// Who pays
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,

    /// The quality of service
    #[arg(long, value_name = "NAME")]
    pub qos: Option<String>,

    /// Features that nodes must have
    #[arg(long, value_name = "FEATURES")]
    pub constraint: Option<String>,

    /// Nodes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub nodes: Option<u32>,

    /// Tasks, over all nodes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub tasks: Option<u32>,

    /// CPUs of each task
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub cpus: Option<u32>,

    /// Memory of each node, as in 4GiB
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<Bytes>,

    /// GPUs of each node
    #[arg(long, value_name = "N")]
    pub gpus: Option<u32>,

    /// How long it may take, as in 2h
    #[arg(long, value_name = "TIME")]
    pub time: Option<Seconds>,

    /// Submit it again and again, when a cron expression says so: minute, hour, day of the month, month, day of the week
    ///
    /// A `paramo server` with this store, or the one of --server, submits it, in the time of its machine. Its input files are read each time;
    /// those that went to a server are kept there. A turn at which the last
    /// job has not ended is left out; of turns while no server was there, the last is made up for.
    #[arg(long, value_name = "CRON", conflicts_with_all = ["wait", "after"])]
    pub every: Option<String>,

    /// Stay until it has ended, and end as it ends
    #[arg(long)]
    pub wait: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    /// Arguments of the script
    #[arg(last = true, value_name = "ARGS")]
    pub arguments: Vec<String>,
}

/// Print what a job has printed
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo job output 3
  paramo job output 3 --follow
  paramo job output part --task 7 --error")]
pub struct JobOutput {
    /// Its number, or its name: then the last of that name
    pub job: String,

    /// Its standard error
    #[arg(long)]
    pub error: bool,

    /// Of an array: the index
    #[arg(long, value_name = "INDEX")]
    pub task: Option<u32>,

    /// Go on until the job has ended
    #[arg(short, long)]
    pub follow: bool,
}

/// Fetch files that a job has left
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo job fetch 3
  paramo job fetch fit 'out/*.csv' --into results")]
pub struct JobFetch {
    /// Its number, or its name: then the last of that name
    pub job: String,

    /// Names or patterns of files in the job's directory [default: what `--output` said when it was submitted]
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<String>,

    /// Where they are put
    #[arg(long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    pub into: PathBuf,
}
