//! The files of a study at a site: used in place where the site shares them, and else brought there once.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use paramo_tests::slurm::Slurm;
use paramo_tests::{Answer, Desk};

/// Runs that say which file they find as `data.csv`, by its number in its file system, and leave a file.
fn study(name: &str) -> String {
    format!(
        "name = \"{name}\"\n[application]\ncommand = [\"sh\", \"-c\", 'stat -c %i {{paramo.source}}/data.csv; echo {{x}} > left.txt; seq 1 50000 >&2']\nkeep = [\"left.txt\"]\n\
         [application.outputs]\nfile = {{ regex = '\\d+', type = \"integer\" }}\n[space]\nx = {{ from = 0, to = 5, step = 1 }}\n"
    )
}

/// A desk with a study directory and a site whose lines end with `more`.
fn desk(more: &str) -> Desk {
    let desk = Desk::new();
    std::fs::create_dir(desk.path().join("work")).unwrap();
    desk.file("work/data.csv", "1,2,3\n".repeat(200_000));
    desk.file(
        "sites.toml",
        format!(
            "[sites.here]\nkind = \"slurm\"\ndirectory = \"{}\"\nback = \"127.0.0.1\"\n{more}\n\
             [sites.here.pools.main]\nmaximum = 2\ncpus = 1\nwalltime = \"5 min\"\n",
            desk.path().join("site").display()
        ),
    );
    desk
}

/// Runs a study at the site, of this number in its store, and gives the numbers of the files that its runs found.
fn files_found(desk: &Desk, slurm: &Slurm, (number, name): (u64, &str)) -> Vec<u64> {
    desk.file(&format!("work/{name}.toml"), study(name));
    let run = ["run", &format!("work/{name}.toml"), "--site", "here", "-q"];
    Answer::from(slurm.paramo(desk, &run).output().unwrap()).expect(0);
    let table = desk.paramo(&["export", name, "--columns", "file"]).expect(0).out;
    // What runs leave is where it is after a run on this machine.
    for index in 0..6 {
        let found = desk.paramo(&["logs", &format!("{name}/{index}"), "--stderr"]).expect(0);
        assert!(found.out.trim_end().ends_with("\n50000"), "the end of what run {index} wrote is missing");
    }
    let left = |index| desk.read(&format!(".paramo/files/{number}/{index}/left.txt"));
    let left: Vec<String> = (0..6).map(left).collect();
    assert_eq!(left, ["0\n", "1\n", "2\n", "3\n", "4\n", "5\n"]);
    let found: Vec<u64> = table.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    assert_eq!(found.len(), 6);
    found
}

#[test]
fn a_directory_that_the_site_shares_is_used_in_place() {
    let slurm = Slurm::start("shared");
    for (all, shared) in [(true, ""), (false, "/work")] {
        let desk = desk("");
        // Without the store, what runs leave has to be sent.
        let shared = format!("shared = [\"{}{shared}\"]\n[sites.here.pools", desk.path().display());
        desk.file("sites.toml", desk.read("sites.toml").replacen("[sites.here.pools", &shared, 1));
        let number = desk.path().join("work/data.csv").metadata().unwrap().ino();
        let found = files_found(&desk, &slurm, (1, "placed"));
        assert!(found.iter().all(|file| *file == number), "{found:?} instead of {number}, all of it: {all}");
        let sent = desk.path().join("site/content").read_dir().map_or(0, Iterator::count);
        assert_eq!(sent, 0, "files were sent");
    }
}

#[test]
fn other_files_are_brought_to_a_site_once() {
    let slurm = Slurm::start("shared");
    let desk = desk("shared = [\"/nowhere\"]");
    let number = desk.path().join("work/data.csv").metadata().unwrap().ino();
    let found = files_found(&desk, &slurm, (1, "first"));
    assert!(found.iter().all(|file| *file != number), "{found:?} is the file here");
    let content = || -> Vec<PathBuf> {
        let entries = desk.path().join("site/content").read_dir().unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    let first = content();
    let large = first.iter().find(|path| path.metadata().unwrap().len() == 1_200_000).unwrap();
    assert_eq!(first.len(), 2, "the data and the study file: {first:?}");

    // Another allocation takes it from there, which marks it as used.
    let yesterday = SystemTime::now() - Duration::from_secs(24 * 3600);
    let times = std::fs::FileTimes::new().set_modified(yesterday);
    std::fs::File::open(large).unwrap().set_times(times).unwrap();
    files_found(&desk, &slurm, (2, "second"));
    let used = large.metadata().unwrap().modified().unwrap();
    assert!(used.elapsed().unwrap() < Duration::from_secs(3600), "it was sent again");
    assert_eq!(content().len(), 3, "the second study file, and nothing else");
}
