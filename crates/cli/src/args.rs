//! The command line: every flag, its help and its default. Manual pages and completions are made from this file.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use paramo_model::CauseKind;

/// Describe a scientific application once; sweep it over its parameters, on one machine or many.
///
/// A study is an application over a space of parameter points: many runs, one result table. Write it in a file and type `paramo run
/// study.toml`, or sweep a command directly with `paramo sweep`. No finished run is ever lost or repeated: type the same command again
/// to go on after an interruption, a crash or a power cut.
#[derive(Parser, Debug)]
#[command(name = "paramo", version, max_term_width = 100, propagate_version = true, after_long_help = AFTER)]
pub struct Cli {
    /// Directory of the store
    ///
    /// Everything is remembered here. It is made when the first study starts.
    #[arg(long, global = true, value_name = "DIR", env = "PARAMO_STORE", default_value = ".paramo", value_hint = ValueHint::DirPath, help_heading = "Global options")]
    pub store: PathBuf,

    #[command(subcommand)]
    pub command: Command,
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
    Retry(Retry),
    Cancel(Cancel),
    Extend(Extend),
    Rm(Rm),
    List(List),
    #[command(subcommand)]
    Space(Space),
    Doctor(Doctor),
    Completions(Completions),
    Man(Man),
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

    /// Say nothing but errors
    #[arg(short, long, conflicts_with = "json")]
    pub quiet: bool,

    /// Print every event as a line of JSON on standard output
    #[arg(long)]
    pub json: bool,
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
pub struct Status {
    /// The study; all of them if not given
    pub study: Option<String>,
    #[arg(long)]
    pub json: bool,
}

/// List the studies of the store
#[derive(Args, Debug)]
#[command(visible_alias = "ls")]
pub struct List {
    #[arg(long)]
    pub json: bool,
}

/// Show the result table of a study
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo results hes1
  paramo results hes1 --where 'period > 120 and k1 < 1e9' --sort period --limit 10")]
pub struct Results {
    pub study: String,

    /// Only the rows for which this holds, over parameters, outputs and index, state, wall, cpu, …
    #[arg(long = "where", value_name = "CONDITION")]
    pub condition: Option<String>,

    /// Sort by this column; with a leading - from high to low
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true)]
    pub sort: Option<String>,

    /// Rows at the most; 0 for all
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,

    /// Only these columns
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub columns: Vec<String>,

    /// Print a line of JSON a row
    #[arg(long)]
    pub json: bool,
}

/// Write the result table to a file or to standard output
///
/// Works while the study runs: the table holds what has ended so far, sorted by index.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo export hes1 --format csv > hes1.csv
  paramo export hes1 --output hes1.parquet")]
pub struct Export {
    pub study: String,

    /// csv, parquet or jsonl; by the ending of --output if not given, else csv
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
  paramo plot hes1 --kind gantt")]
pub struct Plot {
    pub study: String,

    /// heatmap, line, scatter, histogram or gantt
    #[arg(short, long, value_name = "KIND")]
    pub kind: Option<String>,

    /// The column along the x axis
    #[arg(short, long, value_name = "COLUMN")]
    pub x: Option<String>,

    /// The column along the y axis
    #[arg(short, long, value_name = "COLUMN")]
    pub y: Option<String>,

    /// The column that is coloured, or counted
    #[arg(short, long, value_name = "COLUMN")]
    pub value: Option<String>,

    /// Logarithmic axes: x, y, value, or none; chosen by the data if not given
    #[arg(long, value_name = "AXES", value_delimiter = ',')]
    pub log: Option<Vec<String>>,

    /// A file that ends in .svg or .png; both of STUDY.svg and STUDY.png if not given
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Vec<PathBuf>,

    /// A title above the picture
    #[arg(long)]
    pub title: Option<String>,

    /// Width and height in pixels, such as 800x600
    #[arg(long, value_name = "WxH")]
    pub size: Option<String>,
}

/// Show what a run wrote
#[derive(Args, Debug)]
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
pub struct Explain {
    /// STUDY/INDEX, such as hes1/17, or a study
    pub run: String,
    #[arg(long)]
    pub json: bool,
}

/// Run failed runs again
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo retry hes1
  paramo retry hes1 --cause out-of-memory
  paramo retry hes1/17")]
pub struct Retry {
    /// A study, or one run as STUDY/INDEX
    pub study: String,

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

/// Stop a study, also one that another process works on
///
/// Running runs are ended; what has ended stays. `paramo run` goes on with it.
#[derive(Args, Debug)]
pub struct Cancel {
    pub study: String,
}

/// Add points to a study
///
/// The new points follow those that are there; nothing that has run changes its index. A study that is running takes them up at
/// once.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  paramo extend sim --param x=11:20
  paramo extend hes1 --space finer.toml")]
pub struct Extend {
    pub study: String,

    /// An axis of the new block, as for `paramo sweep`; parameters that are left out take their default
    #[arg(short, long = "param", value_name = "NAME=VALUES", required_unless_present = "space")]
    pub params: Vec<String>,

    /// A file with a [space]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "params")]
    pub space: Option<PathBuf>,

    /// Only add them; `paramo run` runs them
    #[arg(long)]
    pub later: bool,

    #[command(flatten)]
    pub making: Making,
}

/// Remove a study, its results and its files
#[derive(Args, Debug)]
pub struct Rm {
    #[arg(required = true)]
    pub studies: Vec<String>,

    /// Do not ask
    #[arg(short, long)]
    pub force: bool,
}

/// Look at the space of a study file
#[derive(Subcommand, Debug)]
pub enum Space {
    /// Show its size, its axes and its first points
    Show {
        /// A study file, or the name of a study
        #[arg(value_hint = ValueHint::FilePath)]
        study: String,
        /// How many points
        #[arg(long, default_value_t = 10)]
        points: u64,
        #[arg(long)]
        json: bool,
    },
    /// Write its points as CSV
    Export {
        #[arg(value_hint = ValueHint::FilePath)]
        study: String,
        /// Points at the most
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
        /// The file; standard output if not given
        #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: Option<PathBuf>,
    },
}

/// Check the installation, the store, the limits and the disk
#[derive(Args, Debug)]
pub struct Doctor {
    /// Read every result, not only the store's structure
    #[arg(long)]
    pub deep: bool,
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
    pub shell: clap_complete::Shell,
}

/// Write the manual pages into a directory
#[derive(Args, Debug)]
pub struct Man {
    pub directory: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
