//! The flags by which a summary is asked for: `--by`, and one for each statistic that the table knows.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use paramo_table::{Asked, STATISTICS, Summary};

/// What was asked for, in the order in which it was typed.
#[derive(Clone, Debug, Default)]
pub struct SummaryArgs {
    by: Vec<String>,
    statistics: Vec<Asked>,
}

impl SummaryArgs {
    /// The summary, if one was asked for.
    pub fn summary(self) -> Option<Summary> {
        let nothing = self.by.is_empty() && self.statistics.is_empty();
        (!nothing).then_some(Summary { by: self.by, statistics: self.statistics })
    }
}

const HEADING: &str = "Summaries";

impl Args for SummaryArgs {
    fn augment_args(command: Command) -> Command {
        let by = Arg::new("by")
            .long("by")
            .value_name("COLUMNS")
            .value_delimiter(',')
            .action(ArgAction::Append)
            .help_heading(HEADING)
            .help("One row for each group of runs that have the same values in these columns")
            .long_help(
                "One row for each group of runs that have the same values in these columns\n\n\
                 Every row says how many runs stand behind it (n) and how many of those have failed (failed). Statistics \
                 leave out cells without a value and NaN; missing_COLUMN says for how many runs that succeeded that was so. \
                 --where chooses runs; --sort, --limit and --columns are of the summary.",
            );
        STATISTICS.iter().fold(command.arg(by), |command, statistic| {
            command.arg(
                Arg::new(statistic.name)
                    .long(statistic.name)
                    .value_name(if statistic.takes_fraction { "Q:COLUMNS" } else { "COLUMNS" })
                    .value_delimiter(',')
                    .action(ArgAction::Append)
                    .value_parser(move |text: &str| Asked::parse(statistic, text))
                    .help_heading(HEADING)
                    .help(statistic.help),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SummaryArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<SummaryArgs, clap::Error> {
        let by = matches.get_many("by").into_iter().flatten().cloned().collect();
        let mut statistics: Vec<(usize, Asked)> = Vec::new();
        for statistic in STATISTICS {
            let places = matches.indices_of(statistic.name).into_iter().flatten();
            let asked = matches.get_many::<Asked>(statistic.name).into_iter().flatten().cloned();
            statistics.extend(places.zip(asked));
        }
        statistics.sort_by_key(|(place, _)| *place);
        Ok(SummaryArgs { by, statistics: statistics.into_iter().map(|(_, asked)| asked).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = SummaryArgs::from_arg_matches(matches)?;
        Ok(())
    }
}
