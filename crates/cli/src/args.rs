//! The command line: every flag, its help and its default. Manual pages, completions and docs/commands.md are made from this file.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};
use paramo_model::{CauseKind, FailureLimit, Seconds, SiteList};

pub use crate::job_args::{Job, JobFetch, JobOutput, JobSubmit, Jobs};
pub use crate::relay_args::Relay;
pub use crate::server_args::{Login, Logout, Server, Token, Ui, Whoami, Worker, Workers};
pub use crate::site_args::{Mirror, Pool, PoolStatus, Site, SiteAdd, SiteChoose, SiteTest, Sites};
use crate::summary_args::SummaryArgs;

/// Describe a scientific application once; sweep it over its parameters, on one machine or many.
///
/// A study is an application over a space of parameter points: many runs, one result table. Write it in a file and type `paramo run
/// study.toml`, or sweep a command directly with `paramo sweep`. No finished run is ever lost or repeated: type the same command again
/// to go on after an interruption, a crash or a power cut.
#[derive(Parser, Debug)]
#[command(name = "paramo", version, max_term_width = 100, propagate_version = true, after_long_help = AFTER)]
pub struct Cli {
    /// The store: a directory, or postgres://USER@HOST:PORT/DATABASE
    ///
    /// Everything is remembered here. It is made when the first study starts. The password of a database comes from PGPASSWORD or
    /// ~/.pgpass.
    #[arg(long, global = true, value_name = "DIR|URL", env = "PARAMO_STORE", default_value = ".paramo", value_hint = ValueHint::DirPath, help_heading = "Global options")]
    pub store: PathBuf,

    /// A server that does what is typed, instead of this machine: https://HOST
    ///
    /// Studies, their runs and their results are then there. `paramo login` says once who you are. A certificate authority of your own is named
    /// by PARAMO_CA_FILE.
    #[arg(long, global = true, value_name = "URL", env = "PARAMO_SERVER", value_hint = ValueHint::Url, help_heading = "Global options")]
    pub server: Option<String>,

    /// With --server: the project whose studies are meant
    #[arg(long, global = true, value_name = "NAME", env = "PARAMO_PROJECT", help_heading = "Global options")]
    pub project: Option<String>,

    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// What was typed. A wrong command line ends the process, as help does. --store beats PARAMO_SERVER.
    pub fn typed() -> Cli {
        let matches = Cli::command().get_matches();
        let is_typed = |name| matches.value_source(name) == Some(ValueSource::CommandLine);
        let (store, server) = (is_typed("store"), is_typed("server"));
        let mut cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        if store && server {
            let text =
                "--store and --server cannot be used with one another: a server has a store of its own";
            Cli::command().error(ErrorKind::ArgumentConflict, text).exit();
        }
        if store {
            cli.server = None;
        }
        cli
    }
}

const AFTER: &str = "\
Getting started:
  paramo sweep --param x=1:10 -- ./simulate --x {x}     ten runs of a program
  paramo run study.toml                                 the study in a file
  paramo results simulate                               its table
  paramo plot simulate                                  a picture of it

Exit codes:
  0  everything that was asked for is done
  1  the study has ended, and some of its runs have failed
  2  the command line or a file is wrong; nothing was done
  3  stopped before the end (interrupted, cancelled, too many failures); nothing that ended is lost
  4  something Paramo needs does not work: the store, the disk, a site

Standard output carries data, everything else goes to standard error. Every command that shows something takes --json.";

#[derive(Subcommand, Debug)]
pub enum Command {
    Run(Run),
    Sweep(Sweep),
    Status(Status),
    Results(Results),
    Export(Export),
    Plot(Plot),
    Logs(Logs),
    Explain(Explain),
    Why(Why),
    Suggest(Suggest),
    Retry(Retry),
    Watch(Watch),
    Pause(Pause),
    Resume(Resume),
    Slots(Slots),
    Limits(Limits),
    Cancel(Cancel),
    Extend(Extend),
    Rm(Rm),
    Move(Move),
    List(List),
    #[command(subcommand)]
    Space(Space),
    Ui(Ui),
    Server(Server),
    Worker(Worker),
    Relay(Relay),
    Login(Login),
    Logout(Logout),
    Whoami(Whoami),
    #[command(subcommand)]
    Token(Token),
    Site(Sites),
    #[command(subcommand)]
    Pool(Pool),
    Job(Jobs),
    Mirror(Mirror),
    Doctor(Doctor),
    Completions(Completions),
    Man(Man),
    #[command(subcommand)]
    Docs(Docs),
}

/// How runs are made; the same for every command that makes some.
#[derive(Args, Debug, Default, Clone)]
pub struct Making {
    /// Runs at once at the most
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub slots: Option<u32>,

    /// CPUs to use instead of all that this process may use
    #[arg(long, value_name = "N")]
    pub cpus: Option<f64>,

    /// Where, instead of what the study says: `local`, a site of sites.toml, several with commas between them, or `auto`
    #[arg(long, value_name = "SITES")]
    pub site: Option<SiteList>,

    /// The file that describes the sites [default: ./sites.toml, then ~/.config/paramo/sites.toml]
    #[arg(long, value_name = "FILE", env = "PARAMO_SITES", value_hint = ValueHint::FilePath)]
    pub sites: Option<PathBuf>,

    /// Say nothing but errors
    #[arg(short, long, conflicts_with = "json")]
    pub quiet: bool,

    /// Print every event as a line of JSON on standard output
    #[arg(long)]
    pub json: bool,

    /// With --server: return as soon as it has begun
    #[arg(long)]
    pub detach: bool,

    /// Show the view of `paramo watch` while it runs
    #[arg(long, conflicts_with_all = ["quiet", "json"])]
    pub watch: bool,

    /// With --watch: draw no more often than this, for a slow connection
    #[arg(long, value_name = "TIME", requires = "watch")]
    pub every: Option<Seconds>,

    /// Open the page of `paramo ui` on it, for yourself, and print its link; in a terminal the page stays until Ctrl-C
    #[arg(long)]
    pub ui: bool,

    /// With --ui: open the link in the browser
    #[arg(long, requires = "ui")]
    pub open: bool,

    /// With --ui: keep the page after the end, in a terminal or not, until Ctrl-C or SIGTERM
    #[arg(long, requires = "ui")]
    pub stay: bool,
}

/// Run a study, or go on with one that has not ended
///
/// STUDY is a study file, or the name of a study in the store. What has ended is not run again. If the file has changed since, the
/// differences are named: a space that has only grown and settings of [run] are taken over; anything that changes what the results mean
/// is refused unless you choose --new-version or --continue.
///
/// Ctrl-C once lets the running runs end; twice ends them.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo run study.toml
  paramo run study.toml -j 4
  paramo run study.toml --ui      with the page
  paramo run hes1                 go on with a study by its name")]
pub struct Run {
    /// A study file, or the name of a study
    #[arg(value_name = "STUDY", value_hint = ValueHint::FilePath)]
    pub study: String,

    /// Keep what has run as it is, and start the changed study as a new version beside it
    #[arg(long, conflicts_with = "continue_")]
    pub new_version: bool,

    /// Go on with the changed application; results made before and after the change share one table
    #[arg(long = "continue", id = "continue_")]
    pub continue_: bool,

    /// Check the file and say what would run, without running it
    #[arg(long)]
    pub dry_run: bool,

    /// With --server: the directory there in which commands run; one of the server's if not given
    #[arg(long, value_name = "DIR")]
    pub directory: Option<String>,

    #[command(flatten)]
    pub making: Making,
}

/// Sweep a command over parameters, without a file
///
/// Each --param is an axis; their product is the space, the first varying slowest. A value may be 1:10 (integers), 0:1:0.1 (from, to,
/// step), 0:1/11 (11 values), 1e8:2e9/25log (25 values, logarithmic), a list a,b,c, or a single value. {name} in the command
/// is replaced by the value.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo sweep --param x=1:10 --param mode=a,b -- ./sim --x {x} --mode {mode}
  paramo sweep --param x=0:1/101 --output y=json:result -- python3 model.py {x}
  paramo sweep --param seed=1:1000 --memory '1 GiB' --time '5 min' -- ./sim {seed}")]
pub struct Sweep {
    /// An axis: NAME=VALUES
    #[arg(short, long = "param", value_name = "NAME=VALUES", required = true)]
    pub params: Vec<String>,

    /// An output: NAME=json:FIELD, NAME=regex:PATTERN, NAME=csv:COLUMN (all of standard output) or NAME=exit-code|wall-time|cpu-time|peak-memory
    #[arg(short, long = "output", value_name = "NAME=SOURCE")]
    pub outputs: Vec<String>,

    /// Points that are left out unless this holds, such as 'x > y'
    #[arg(long = "where", value_name = "CONDITION")]
    pub condition: Option<String>,

    /// The study's name; the program's if not given
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// CPUs of one run; 0 for one that only waits
    #[arg(long = "run-cpus", value_name = "N", default_value_t = 1.0)]
    pub run_cpus: f64,

    /// Memory of one run, such as '512 MiB'
    #[arg(long, value_name = "AMOUNT")]
    pub memory: Option<String>,

    /// Wall time of one run, such as '10 min'
    #[arg(long, value_name = "TIME")]
    pub time: Option<String>,

    /// Further attempts of a run that fails
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub retries: u32,

    /// The order of the runs
    #[arg(long, value_name = "ORDER", default_value = "sequential")]
    pub order: OrderWord,

    /// With --server: the directory there in which the command runs; one of the server's if not given
    #[arg(long, value_name = "DIR")]
    pub directory: Option<String>,

    #[command(flatten)]
    pub making: Making,

    /// The command, with {name} where a parameter goes
    #[arg(last = true, required = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<String>,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum OrderWord {
    Sequential,
    Reverse,
    Random,
    /// Every axis from a coarse grid to a fine one
    Coarse,
}

/// Show how far a study is
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo status
  paramo status hes1
  paramo status hes1 --json")]
pub struct Status {
    /// The study; all of them if not given
    pub study: Option<String>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// List the studies of the store
#[derive(Args, Debug)]
#[command(visible_alias = "ls")]
#[command(after_long_help = "Examples:
  paramo list
  paramo list --json")]
pub struct List {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Show the result table of a study, or a summary of it
///
/// One row for each run that has ended, or with --by one for each group of them.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo results hes1
  paramo results hes1 --where 'period > 120 and k1 < 1e9' --sort -period --limit 10
  paramo results hes1 --by k1,k2 --mean period --sem period --output means.csv")]
pub struct Results {
    /// The study
    pub study: String,

    /// Only the runs for which this holds, over parameters, outputs and index, state, wall, cpu, …
    #[arg(long = "where", value_name = "CONDITION")]
    pub condition: Option<String>,

    /// Sort by this column; with a leading - from high to low
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true)]
    pub sort: Option<String>,

    /// Rows at the most; 0 for all; 50 on a terminal if not given
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,

    /// Only these columns
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub columns: Vec<String>,

    /// table, csv, json, jsonl or parquet; by the ending of --output if not given, else table
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// A file instead of the terminal; it is replaced as a whole when it is complete
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Print a line of JSON a row, as --format jsonl
    #[arg(long, conflicts_with = "format")]
    pub json: bool,

    #[command(flatten)]
    pub summaries: SummaryArgs,
}

/// Write the result table to a file or to standard output
///
/// Works while the study runs: the table holds what has ended so far, sorted by index.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo export hes1 --format csv > hes1.csv
  paramo export hes1 --output hes1.parquet")]
pub struct Export {
    /// The study
    pub study: String,

    /// csv, json, jsonl or parquet; by the ending of --output if not given, else csv
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// The file; it is replaced as a whole when it is complete
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Only the rows for which this holds
    #[arg(long = "where", value_name = "CONDITION")]
    pub condition: Option<String>,

    /// Only these columns
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub columns: Vec<String>,
}

/// Draw a picture of a study
///
/// Chooses a picture by the number and kinds of the varied parameters unless you say which.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo plot hes1
  paramo plot hes1 --kind heatmap --x k1 --y k2 --value period --output period.png
  paramo plot hes1 --kind gantt
  paramo plot hes1 --kind parallel --columns k1,k2,period,amplitude --value period
  paramo plot hes1 --html
  paramo plot one-slot two-slots four-slots --kind speed-up
  paramo plot --list")]
pub struct Plot {
    /// A study; several for speed-up and efficiency
    #[arg(value_name = "STUDY", required_unless_present = "list")]
    pub studies: Vec<String>,

    /// What is drawn; chosen by the parameters that vary if not given
    #[arg(short, long, value_name = "KIND", value_parser = kinds(), hide_possible_values = true)]
    pub kind: Option<String>,

    /// List the kinds of pictures
    #[arg(long)]
    pub list: bool,

    /// The column along the x axis
    #[arg(short, long, value_name = "COLUMN")]
    pub x: Option<String>,

    /// The column along the y axis
    #[arg(short, long, value_name = "COLUMN")]
    pub y: Option<String>,

    /// The column that is coloured, or counted
    #[arg(short, long, value_name = "COLUMN")]
    pub value: Option<String>,

    /// The columns of a scatter matrix or of parallel coordinates
    #[arg(short, long, value_name = "COLUMNS", value_delimiter = ',')]
    pub columns: Vec<String>,

    /// What the band of a line shows of repeated runs: range, quartiles or confidence (95 % of the mean, by Student's t)
    #[arg(short, long, value_name = "BAND", value_parser = ["range", "quartiles", "confidence"], hide_possible_values = true)]
    pub band: Option<String>,

    /// Logarithmic axes: x, y, value, or none; chosen by the data if not given
    #[arg(long, value_name = "AXES", value_delimiter = ',')]
    pub log: Option<Vec<String>>,

    /// A file that ends in .svg, .png or .html; both of STUDY.svg and STUDY.png if not given
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Vec<PathBuf>,

    /// Write STUDY.html instead: a page with the picture and its numbers that needs nothing else
    #[arg(long, conflicts_with = "output")]
    pub html: bool,

    /// A title above the picture
    #[arg(long)]
    pub title: Option<String>,

    /// Width and height in pixels, such as 800x600
    #[arg(long, value_name = "WxH")]
    pub size: Option<String>,
}

/// The kinds of pictures with their help, for completions and for what is not among them.
fn kinds() -> clap::builder::PossibleValuesParser {
    let value =
        |kind: &&dyn paramo_plot::Kind| clap::builder::PossibleValue::new(kind.name()).help(kind.help());
    clap::builder::PossibleValuesParser::new(paramo_plot::KINDS.iter().map(value))
}

/// Show what a run wrote
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo logs hes1/17
  paramo logs hes1/17 --stderr --tail 20")]
pub struct Logs {
    /// STUDY/INDEX, such as hes1/17
    pub run: String,

    /// The standard error instead of the standard output
    #[arg(long)]
    pub stderr: bool,

    /// Only the last lines
    #[arg(short, long, value_name = "LINES")]
    pub tail: Option<usize>,

    /// The attempt; the last if not given
    #[arg(long, value_name = "N")]
    pub attempt: Option<u32>,
}

/// Say why a run waits, failed or was left out
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo explain hes1
  paramo explain hes1/17")]
pub struct Explain {
    /// STUDY/INDEX, such as hes1/17, or a study
    pub run: String,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Say what stands in the way of a study, and what would change it
///
/// Names the first thing: a pause, a limit that is reached, nobody who works on it, retries that wait. docs/why.md lists them all.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo why hes1
  paramo why hes1 --json")]
pub struct Why {
    /// The study
    pub study: String,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Say what the next runs should be given, from what these have used
///
/// The largest run and a margin: twice its time, 1.3 times its memory, and the CPUs that 99 of 100 runs keep busy. What was too little, so that
/// runs were ended for it, is at least doubled.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo suggest hes1
  paramo suggest hes1 --json")]
pub struct Suggest {
    /// The study
    pub study: String,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Run failed runs again
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo retry hes1
  paramo retry hes1 --cause out-of-memory
  paramo retry hes1/17
  paramo retry --all --later")]
pub struct Retry {
    /// Studies, or single runs as STUDY/INDEX
    #[arg(value_name = "STUDY", required_unless_present = "all")]
    pub studies: Vec<String>,

    /// Every study that has failed runs
    #[arg(long, conflicts_with = "studies")]
    pub all: bool,

    /// Only runs that failed for this cause
    #[arg(long, value_name = "CAUSE", value_parser = parse_cause)]
    pub cause: Vec<CauseKind>,

    /// Only open them again; `paramo run` runs them
    #[arg(long)]
    pub later: bool,

    #[command(flatten)]
    pub making: Making,
}

fn parse_cause(word: &str) -> Result<CauseKind, String> {
    CauseKind::ALL.into_iter().find(|kind| kind.word() == word).ok_or_else(|| {
        let words: Vec<&str> = CauseKind::ALL.iter().map(|kind| kind.word()).collect();
        format!("the causes are {}", words.join(", "))
    })
}

/// Watch a study on the terminal
///
/// Shows how far it is, what runs now, how many runs ended when, failures by cause, and a plot of the results as they come; keys pause, resume,
/// cancel, retry and change the slots. The study may be one that another process works on, or one that rests. Leaving the view does not stop
/// anything. Without a terminal a line is printed now and then, until nobody works on the study any more.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo watch
  paramo watch hes1
  paramo watch hes1 --every '2 s'      over a slow connection
  paramo run study.toml --watch        run it and watch it in one process")]
pub struct Watch {
    /// The study; the one that runs, or the newest, if not given
    pub study: Option<String>,

    /// Draw no more often than this, such as '2 s'; without a terminal: print no more often (10 s if not given)
    #[arg(long, value_name = "TIME")]
    pub every: Option<Seconds>,
}

/// The studies that a command is for.
#[derive(Args, Debug)]
pub struct Chosen {
    /// The studies
    #[arg(value_name = "STUDY", required_unless_present = "all")]
    pub studies: Vec<String>,

    /// Every study for which it makes a difference
    #[arg(long, conflicts_with = "studies")]
    pub all: bool,
}

/// Start no more runs of a study for now
///
/// What runs may end. The pause is kept by the store: it holds until `paramo resume`, or until somebody types `paramo run` again.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo pause hes1
  paramo pause --all")]
pub struct Pause {
    #[command(flatten)]
    pub chosen: Chosen,
}

/// Go on with a paused study
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo resume hes1
  paramo resume --all")]
pub struct Resume {
    #[command(flatten)]
    pub chosen: Chosen,
}

/// Change how many runs of a study are made at once
///
/// Also while it runs: with more slots further runs start at once, with fewer the running ones may end. What is asked for here holds for later
/// sessions too, until the study file says another number or `paramo run -j` is typed. Without a number it is shown.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo slots hes1 2
  paramo slots hes1 --reset      as the study file says")]
pub struct Slots {
    /// The study
    pub study: String,

    /// Runs at once at the most
    #[arg(value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub slots: Option<u32>,

    /// Forget what was asked for: as the study file says
    #[arg(long, conflicts_with = "slots")]
    pub reset: bool,
}

/// Show or change what a study may use before nothing more of it is started
///
/// When a limit is reached, what runs may end, and the study is paused; `paramo why` says so, also later. Raise the limit and type `paramo
/// resume`, or `paramo run`, to go on. What is asked for here holds until the study file says other limits. `none` lifts a limit.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo limits hes1
  paramo limits hes1 --cpu '200 h' --time '2 d'
  paramo limits hes1 --max-failures '5 %'
  paramo limits hes1 --cpu none
  paramo limits hes1 --reset       as the study file says")]
pub struct Limits {
    /// The study
    pub study: String,

    /// CPU time of all attempts together
    #[arg(long, value_name = "TIME", value_parser = limit::<Seconds>)]
    pub cpu: Option<Limit<Seconds>>,

    /// Wall time during which it is worked on, all sessions together
    #[arg(long, value_name = "TIME", value_parser = limit::<Seconds>)]
    pub time: Option<Limit<Seconds>>,

    /// Failed runs, or a part of all points
    #[arg(long, value_name = "N|PERCENT", value_parser = limit::<FailureLimit>)]
    pub max_failures: Option<Limit<FailureLimit>>,

    /// Forget what was asked for: as the study file says
    #[arg(long, conflicts_with_all = ["cpu", "time", "max_failures"])]
    pub reset: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A limit as it is typed; `none` is one too.
#[derive(Clone, Copy, Debug)]
pub struct Limit<T>(pub Option<T>);

fn limit<T: std::str::FromStr<Err = String>>(text: &str) -> Result<Limit<T>, String> {
    match text {
        "none" => Ok(Limit(None)),
        text => text.parse().map(|limit| Limit(Some(limit))),
    }
}

/// Stop a study, also one that another process works on
///
/// Running runs are ended; what has ended stays. `paramo run` goes on with it.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo cancel hes1
  paramo cancel hes1 pi")]
pub struct Cancel {
    #[command(flatten)]
    pub chosen: Chosen,
}

/// Add points to a study
///
/// The new points follow those that are there; nothing that has run changes its index. A study that is running takes them up at
/// once.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo extend sim --param x=11:20
  paramo extend hes1 --space finer.toml
  paramo extend sensitivity --count 1024     more points of its Sobol' sequence")]
pub struct Extend {
    /// The study
    pub study: String,

    /// An axis of the new block, as for `paramo sweep`; parameters that are left out take their default
    #[arg(short, long = "param", value_name = "NAME=VALUES", required_unless_present_any = ["space", "count"])]
    pub params: Vec<String>,

    /// A file with a [space]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "params")]
    pub space: Option<PathBuf>,

    /// So many further points of the sample in the last block, for a method whose points go on: random, sobol, halton, r-sequence
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with_all = ["params", "space"])]
    pub count: Option<u64>,

    /// Only add them; `paramo run` runs them
    #[arg(long)]
    pub later: bool,

    #[command(flatten)]
    pub making: Making,
}

/// Remove a study, its results and its files
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo rm hes1@1
  paramo rm hes1 pi --force")]
pub struct Rm {
    /// The studies
    #[arg(required = true)]
    pub studies: Vec<String>,

    /// Do not ask
    #[arg(short, long)]
    pub force: bool,
}

/// Move a study to another store, or copy it
///
/// All versions of STUDY go, or one when it is named as STUDY@2; results and kept files go along. Everything is checked on the way, and
/// removed here only when all of it is there. Type the same command again to go on after an interruption.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo move hes1 --to postgres://me@db.example/runs
  paramo move hes1 --from postgres://me@db.example/runs --to .paramo
  paramo move hes1@2 --to /archive/hes1 --keep")]
pub struct Move {
    /// The study
    pub study: String,

    /// The store that it comes from; that of --store if not given
    #[arg(long, value_name = "DIR|URL", value_hint = ValueHint::DirPath)]
    pub from: Option<PathBuf>,

    /// The store that it goes to; made when it is not there
    #[arg(long, value_name = "DIR|URL", value_hint = ValueHint::DirPath)]
    pub to: PathBuf,

    /// Copy it: both stores have it then
    #[arg(long)]
    pub keep: bool,

    /// Say nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// Look at the space of a study file
#[derive(Subcommand, Debug)]
pub enum Space {
    /// Show its size, its axes, what its designs are like, and its first points
    ///
    /// Every design says what it knows of itself, and is measured on its first points in the unit cube: the centred discrepancy
    /// (squared, as SciPy gives it), the distance of the two closest points, and the greatest correlation between two parameters.
    #[command(after_long_help = "Examples:
  paramo space show study.toml
  paramo space show hes1 --points 3 --json")]
    Show {
        /// A study file, or the name of a study
        #[arg(value_hint = ValueHint::FilePath)]
        study: String,
        /// How many points
        #[arg(long, default_value_t = 10)]
        points: u64,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write its points as CSV
    #[command(after_long_help = "Examples:
  paramo space export study.toml --limit 5
  paramo space export hes1 --output points.csv")]
    Export {
        /// The study
        #[arg(value_hint = ValueHint::FilePath)]
        study: String,
        /// Points at the most
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
        /// The file; standard output if not given
        #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: Option<PathBuf>,
    },
    /// List the designs of experiments that a sample may have
    #[command(after_long_help = "Examples:
  paramo space methods
  paramo space methods sobol
  paramo space methods --json")]
    Methods {
        /// Only this one
        method: Option<String>,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Check the installation, the store, the limits and the disk
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo doctor
  paramo doctor --deep")]
pub struct Doctor {
    /// Read every result, not only the store's structure
    #[arg(long)]
    pub deep: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Print a completion script for a shell
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo completions bash > ~/.local/share/bash-completion/completions/paramo
  paramo completions zsh > ~/.zfunc/_paramo
  paramo completions fish > ~/.config/fish/completions/paramo.fish")]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// Write the manual pages into a directory
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo man ~/.local/share/man/man1")]
pub struct Man {
    /// The directory; made if it is not there
    pub directory: PathBuf,
}

/// Print the reference: of the commands, of the fields of a study file, and their schema
#[derive(Subcommand, Debug)]
pub enum Docs {
    /// Print the page of all commands, in Markdown
    #[command(after_long_help = "Examples:
  paramo docs commands > docs/commands.md")]
    Commands,
    /// Print who may do what on a server, by role
    #[command(after_long_help = "Examples:
  paramo docs roles > docs/roles.md")]
    Roles,
    /// Print the JSON Schema of study files, with which editors complete and check
    ///
    /// Editors that know TOML by Taplo (VS Code with Even Better TOML, Neovim, Helix) take it from a first line `#:schema ./study.schema.json`.
    #[command(after_long_help = "Examples:
  paramo docs schema > study.schema.json")]
    Schema,
    /// Print what the fields of a study file are, or bring the tables of a page up to date
    #[command(after_long_help = "Examples:
  paramo docs fields
  paramo docs fields docs/study-file.md")]
    Fields {
        /// A page in Markdown; what stands between `<!-- fields of TABLE -->` and `<!-- end of fields -->` is made anew
        #[arg(value_name = "PAGE", value_hint = ValueHint::FilePath)]
        page: Option<PathBuf>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
