//! `paramo docs`: the reference pages and the schema of study files, made from what the program itself knows.
//!
//! A test of the repository makes them again and compares, so that the pages never say anything else than the program.

use std::fmt::Write;
use std::path::Path;

use clap::{Arg, ArgAction, Command, CommandFactory};
use paramo_model::document;

use crate::args::{Cli, Docs};
use crate::exit;
use crate::failure::{Failure, Result, cannot_write};
use crate::output::print_line;

/// What stands above and below a table that is made here, in a page that is written by hand.
const BEGIN: &str = "<!-- fields of ";
const END: &str = "<!-- end of fields -->";

pub fn docs(args: Docs) -> Result<u8> {
    match args {
        Docs::Commands => print_line(commands().trim_end())?,
        Docs::Roles => print_line(paramo_server::roles_page().trim_end())?,
        Docs::Schema => {
            let text = serde_json::to_string_pretty(&document::schema())
                .map_err(|error| Failure::unavailable(format!("cannot write the schema: {error}")))?;
            print_line(&text)?;
        }
        Docs::Fields { page: None } => {
            for table in document::TABLES {
                let title = if table.path.is_empty() { "top level" } else { table.path };
                print_line(&format!("{title}\n\n{}", document::fields(table.path).unwrap_or_default()))?;
            }
        }
        Docs::Fields { page: Some(page) } => {
            let name = page.display().to_string();
            let text = std::fs::read_to_string(&page)
                .map_err(|error| Failure::input(format!("cannot read {name}: {error}")))?;
            let fresh = with_fields(&text, &page)?;
            if fresh != text {
                paramo_table::replace_file(&page, |file| std::io::Write::write_all(file, fresh.as_bytes()))
                    .map_err(cannot_write(&name))?;
            }
        }
    }
    Ok(exit::OK)
}

/// A page with its tables of fields made anew. Each stands between `<!-- fields of PATH -->` and `<!-- end of fields -->`.
fn with_fields(text: &str, page: &Path) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let wrong = |what: String| Failure::input(format!("{}: {what}", page.display()));
    while let Some(at) = rest.find(BEGIN) {
        let (before, after) = rest.split_at(at + BEGIN.len());
        let (path, after) =
            after.split_once(" -->").ok_or_else(|| wrong(format!("`{BEGIN}` is not closed by ` -->`")))?;
        let (_, after) =
            after.split_once(END).ok_or_else(|| wrong(format!("`{BEGIN}{path} -->` has no `{END}`")))?;
        let name = if path == "the file" { "" } else { path };
        let table =
            document::fields(name).ok_or_else(|| wrong(format!("a study file has no table `{path}`")))?;
        let _ = write!(out, "{before}{path} -->\n{table}{END}");
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

const HEAD: &str = "\
# Commands

<!-- made by `paramo docs commands > docs/commands.md`; edit the texts in crates/cli/src/args.rs -->

Every command says the same with `--help`. Standard output carries data, everything else goes to standard error.

";

const JSON: &str = include_str!("json.md");

/// The page of all commands.
fn commands() -> String {
    let mut cli = Cli::command();
    cli.build();
    let mut out = HEAD.to_owned();
    let globals: Vec<&Arg> = cli.get_arguments().filter(|arg| arg.is_global_set() && shown(arg)).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "| command | |\n| --- | --- |");
    let mut pages = Vec::new();
    collect(&cli, &mut pages);
    for page in &pages {
        let name = full_name(page);
        let _ = writeln!(
            out,
            "| [`{name}`](#{}) | {} |",
            name.replace(' ', "-"),
            page.get_about().map(ToString::to_string).unwrap_or_default()
        );
    }
    let _ = writeln!(out, "\nWith every command:\n");
    arguments(&mut out, &globals);
    for page in &pages {
        command(&mut out, page);
    }
    let _ = writeln!(out, "## Exit codes\n\n| code | |\n| --- | --- |");
    for (code, meaning) in exit::MEANINGS {
        let _ = writeln!(out, "| {code} | {meaning} |");
    }
    let _ = write!(out, "\n{JSON}");
    out
}

/// The commands that do something, those below others included, and those that the short help leaves out.
fn collect<'a>(of: &'a Command, found: &mut Vec<&'a Command>) {
    for command in of.get_subcommands().filter(|command| command.get_name() != "help") {
        match command.has_subcommands() {
            true => collect(command, found),
            false => found.push(command),
        }
    }
}

fn full_name(command: &Command) -> &str {
    command.get_bin_name().unwrap_or(command.get_name())
}

/// Its name, its synopsis, what it is for, its arguments and examples.
fn command(out: &mut String, command: &Command) {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let _ = write!(out, "## {}\n\n```\n{usage}\n```\n\n", full_name(command));
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    // The first line is a title.
    let _ = write!(out, "{}\n\n", sentences(&about));
    let aliases: Vec<String> = command.get_visible_aliases().map(|alias| format!("`{alias}`")).collect();
    if !aliases.is_empty() {
        let _ = write!(out, "Also {}.\n\n", aliases.join(", "));
    }
    let own: Vec<&Arg> = command.get_arguments().filter(|arg| !arg.is_global_set() && shown(arg)).collect();
    if !own.is_empty() {
        arguments(out, &own);
    }
    if let Some(examples) = command.get_after_long_help() {
        let examples = examples.to_string();
        let lines = examples.lines().skip(1).map(example);
        let _ = write!(out, "```sh\n{}\n```\n\n", lines.collect::<Vec<_>>().join("\n"));
    }
}

/// A line of examples; what stands behind some blanks says what it does.
fn example(line: &str) -> String {
    let line = line.strip_prefix("  ").unwrap_or(line);
    match line.split_once("   ") {
        Some((command, what)) => format!("{command}   # {}", what.trim_start()),
        None => line.to_owned(),
    }
}

fn shown(arg: &Arg) -> bool {
    !arg.is_hide_set()
        && !matches!(
            arg.get_action(),
            ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
        )
}

fn arguments(out: &mut String, arguments: &[&Arg]) {
    let _ = writeln!(out, "| argument | meaning |\n| --- | --- |");
    for arg in arguments {
        let _ =
            writeln!(out, "| {} | {} |", names(arg).replace('|', "\\|"), meaning(arg).replace('|', "\\|"));
    }
    out.push('\n');
}

/// `-j`, `--slots N`.
fn names(arg: &Arg) -> String {
    let value = match arg.get_action().takes_values() {
        true => {
            arg.get_value_names().unwrap_or_default().first().map(ToString::to_string).unwrap_or_default()
        }
        false => String::new(),
    };
    if arg.is_positional() {
        return format!("`{value}`");
    }
    let mut names: Vec<String> = arg.get_short().map(|short| format!("`-{short}`")).into_iter().collect();
    if let Some(long) = arg.get_long() {
        names.push(format!("`{}`", format!("--{long} {value}").trim_end()));
    }
    names.join(", ")
}

/// Its help, what may be chosen, its default and its variable of the environment.
fn meaning(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut parts = vec![sentences(&help).replace("\n\n", " ").replace('\n', " ")];
    let choices: Vec<String> =
        arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    if !choices.is_empty() && arg.get_action().takes_values() {
        parts.push(format!("One of {}.", choices.join(", ")));
    }
    let default: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if !default.is_empty() && arg.get_action().takes_values() {
        parts.push(format!("`{}` if not given.", default.join(",")));
    }
    if let Some(variable) = arg.get_env() {
        parts.push(format!("Also by the variable `{}`.", variable.to_string_lossy()));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

/// Help as prose: titles get their full stop.
fn sentences(help: &str) -> String {
    let paragraphs: Vec<String> = help
        .trim()
        .split("\n\n")
        .map(|paragraph| {
            let ends = paragraph.is_empty() || paragraph.ends_with(['.', ':', '…', ';']);
            format!("{paragraph}{}", if ends { "" } else { "." })
        })
        .collect();
    paragraphs.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_title_arguments_with_help_and_examples() {
        let mut cli = Cli::command();
        cli.build();
        let mut pages = Vec::new();
        collect(&cli, &mut pages);
        let mut wrong = Vec::new();
        for page in pages {
            let name = full_name(page);
            let examples = page.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            if !examples.starts_with("Examples:\n  paramo ") {
                wrong.push(format!("{name}: add examples by after_long_help = \"Examples:\\n  paramo …\""));
            }
            let helpless = page.get_arguments().filter(|arg| shown(arg) && arg.get_help().is_none());
            wrong.extend(helpless.map(|arg| format!("{name}: say what {} means", names(arg))));
        }
        assert!(wrong.is_empty(), "in args.rs:\n{}", wrong.join("\n"));
    }

    #[test]
    fn the_help_says_what_every_exit_code_means() {
        let help = Cli::command().get_after_long_help().map(ToString::to_string).unwrap_or_default();
        for (code, meaning) in exit::MEANINGS {
            assert!(help.contains(&format!("\n  {code}  {meaning}\n")), "{code}: {help}");
        }
    }

    #[test]
    fn tables_in_a_page_are_made_anew_and_the_rest_stays() {
        let page = Path::new("page.md");
        let text = "a\n<!-- fields of application.success -->\nold\n<!-- end of fields -->\nb\n";
        let fresh = with_fields(text, page).unwrap();
        assert!(fresh.starts_with("a\n<!-- fields of application.success -->\n| field |"), "{fresh}");
        assert!(fresh.ends_with("|\n<!-- end of fields -->\nb\n") && !fresh.contains("old"), "{fresh}");
        assert_eq!(with_fields(&fresh, page).unwrap(), fresh);
        for (text, message) in [
            (
                "<!-- fields of nowhere --><!-- end of fields -->",
                "page.md: a study file has no table `nowhere`",
            ),
            ("<!-- fields of run -->", "page.md: `<!-- fields of run -->` has no `<!-- end of fields -->`"),
        ] {
            assert_eq!(with_fields(text, page).unwrap_err().text, message);
        }
    }
}
