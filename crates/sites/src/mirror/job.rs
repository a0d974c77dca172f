//! The file that describes one job for `paramo mirror`.

use std::path::{Path, PathBuf};

use paramo_model::Name;
use paramo_model::document::{self, Field, Table};

use crate::description::{placement, size};
use crate::{Placement, SiteError, Size};

/// A job as a person describes it.
#[derive(Clone, Debug)]
pub struct MirrorJob {
    pub name: Name,
    /// The batch script; it begins with `#!`.
    pub script: String,
    pub placement: Placement,
    pub size: Size,
    /// Files of this host that the job wants: their names in the job's directory, and where they are.
    pub inputs: Vec<(String, PathBuf)>,
    /// Names or patterns of files in the job's directory that are fetched when it has ended.
    pub outputs: Vec<String>,
    /// Where they are put.
    pub into: PathBuf,
    /// Whether the job's directory stays after a success.
    pub keep: bool,
}

/// Reads the description of a job. Its inputs are relative to the file, what it leaves to the working directory.
///
/// # Errors
///
/// When a file cannot be read, or with everything that is wrong.
pub fn read_job(path: &Path) -> Result<MirrorJob, SiteError> {
    let file = path.display().to_string();
    let unread = |error: std::io::Error| SiteError::File { file: file.clone(), why: error.to_string() };
    let text = std::fs::read_to_string(path).map_err(unread)?;
    let directory = path.parent().unwrap_or(Path::new(""));
    parse(&text, directory).map_err(|wrong| SiteError::Wrong { file, text, wrong })
}

fn parse(text: &str, directory: &Path) -> Result<MirrorJob, Vec<paramo_model::Diagnostic>> {
    document::read_with(text, |mut root| {
        let name = root.require("name", "the name of the job").and_then(|f| f.name("the name of the job"));
        let script = script(&mut root, directory);
        let placement = placement(&mut root);
        let resources = root.get("resources").and_then(|field| field.table("a table of resources"));
        let size = resources.map_or_else(Size::default, |mut table| {
            let size = size(&mut table, "time");
            table.finish();
            size
        });
        let inputs = root.get("inputs").and_then(|field| field.table("a table: name there = \"file here\""));
        let inputs = inputs
            .map_or_else(Vec::new, |table| table.fields().filter_map(|f| input(&f, directory)).collect());
        let outputs =
            root.get("outputs").and_then(|field| field.list("a list of names or patterns of files"));
        let outputs = outputs.unwrap_or_default().iter().filter_map(output).collect();
        let into = root.get("into").and_then(|f| f.text("a directory of this host")).unwrap_or(".");
        let keep = root.get("keep").and_then(|f| f.boolean()).unwrap_or(false);
        root.finish();
        Some(MirrorJob {
            name: name?,
            script: script?,
            placement,
            size,
            inputs,
            outputs,
            into: into.into(),
            keep,
        })
    })
}

fn script(root: &mut Table, directory: &Path) -> Option<String> {
    let whole = root.field.clone();
    let (text, file) = (root.get("script"), root.get("script_file"));
    let (field, script) = match (text, file) {
        (Some(field), None) => (field.clone(), field.text("the batch script")?.to_owned()),
        (None, Some(field)) => {
            let name = field.text("the file of the batch script")?;
            match std::fs::read_to_string(directory.join(name)) {
                Ok(script) => (field, script),
                Err(error) => return field.reject(format!("{name}: {error}")),
            }
        }
        _ => {
            return whole.reject("give either `script`, the batch script itself, or `script_file`, its name");
        }
    };
    match script.starts_with("#!") {
        true => Some(script),
        false => field.reject("a batch script begins with a line such as #!/bin/bash"),
    }
}

/// A name in the job's directory and the file here that it gets.
fn input(field: &Field, directory: &Path) -> Option<(String, PathBuf)> {
    if !is_below(field.key()) {
        field.report(
            field.wrong_key("expected a name in the job's directory, without a leading / and without .."),
        );
    }
    Some((field.key().to_owned(), directory.join(field.text("a file of this host")?)))
}

fn output(field: &Field) -> Option<String> {
    let text = field.text("the name or pattern of a file")?;
    match is_below(text) {
        true => Some(text.to_owned()),
        false => field.reject("expected a name in the job's directory, without a leading / and without .."),
    }
}

/// Whether a relative path stays where it begins.
pub fn is_below(path: &str) -> bool {
    let parts = path.split('/');
    !path.is_empty()
        && !path.starts_with(['/', '-'])
        && !path.chars().any(char::is_control)
        && parts.into_iter().all(|part| part != ".." && !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_job_is_read() {
        let text = "name = \"hello\"\nscript = \"\"\"\n#!/bin/bash\necho hi\n\"\"\"\noutputs = [\"out/*.csv\"]\npartition = \"short\"\n[resources]\ncpus = 2\ntime = \"5 min\"\n[inputs]\n\"data/in.csv\" = \"in.csv\"\n";
        let job = parse(text, Path::new("/jobs")).unwrap();
        assert_eq!(job.script, "#!/bin/bash\necho hi\n");
        assert_eq!(job.inputs, [("data/in.csv".to_owned(), PathBuf::from("/jobs/in.csv"))]);
        assert_eq!((job.size.cpus, job.size.walltime.unwrap().0), (Some(2), 300.0));
        assert_eq!(job.placement.partition.as_deref(), Some("short"));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let text = "name = \"a b\"\nscript = \"echo hi\"\noutputs = [\"../x\", \"/etc/passwd\"]\n[inputs]\n\"../up\" = \"x\"\n[resources]\nwalltime = \"5 min\"\n";
        let wrong = parse(text, Path::new("")).unwrap_err();
        let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        line 1, column 8: `name`: `a b` is not a name: ` ` is neither a letter, a digit, `_`, `-` nor `.`
        line 2, column 10: `script`: a batch script begins with a line such as #!/bin/bash
        line 3, column 12: `outputs.0`: expected a name in the job's directory, without a leading / and without ..
        line 3, column 20: `outputs.1`: expected a name in the job's directory, without a leading / and without ..
        line 5, column 1: `inputs.../up`: expected a name in the job's directory, without a leading / and without ..
        line 7, column 1: `resources.walltime`: there is no field `walltime` here (the fields are nodes, tasks, cpus, memory, gpus, time)
        ");
        assert!(parse("name = \"x\"\n", Path::new("")).unwrap_err()[0].message.contains("either `script`"));
    }

    #[test]
    fn nothing_is_written_outside_of_the_place_for_it() {
        for (name, fits) in [
            ("a.csv", true),
            ("out/a b.csv", true),
            (".stdout", true),
            ("../a", false),
            ("/a", false),
            ("", false),
            ("a/../../b", false),
            ("a\nb", false),
            ("-a", false),
        ] {
            assert_eq!(is_below(name), fits, "{name:?}");
        }
    }
}
