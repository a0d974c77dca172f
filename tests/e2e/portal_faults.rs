//! The page of sites in a real browser, while allocations and their controller come to harm: it says what `paramo pool status` says, and both are
//! true.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};

use paramo_tests::slurm::Slurm;
use paramo_tests::workers::{begun, squares};
use paramo_tests::{Desk, repository, until};

/// A browser that tells what it sees.
struct Browser {
    process: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
}

impl Browser {
    fn open(link: &str, pictures: &str) -> Browser {
        let mut process = Command::new("node")
            .arg(repository().join("tests/portal/watched.mjs"))
            .args([link, &repository().join("target").join(pictures).display().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Browser { process, to, from: BufReader::new(from).lines() }
    }

    /// Waits until the page at `/sites` shows a text, or does not any more.
    #[track_caller]
    fn wait(&mut self, word: &str, text: &str) {
        writeln!(self.to, "{word}\t/sites\t{text}").unwrap();
        let answer = self.from.next().map(Result::unwrap);
        assert_eq!(answer.as_deref(), Some(format!("{word} {text}").as_str()), "see what it printed");
    }

    fn close(self) {
        let Browser { mut process, to, .. } = self;
        drop(to);
        assert!(process.wait().unwrap().success());
    }
}

/// A command that ends with the test, however that ends.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        // One that has ended by itself is ended no more.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn link(said: &mut Lines<BufReader<ChildStderr>>) -> String {
    let link = said.find_map(|line| line.unwrap().strip_prefix("the page: ").map(str::to_owned));
    link.expect("no link was printed")
}

#[test]
fn the_page_of_sites_tells_what_happens_to_allocations() {
    let slurm = Slurm::start("page");
    let desk = Desk::new();
    desk.file(
        "sites.toml",
        format!(
            "[sites.here]\nkind = \"slurm\"\ndirectory = \"{}\"\nback = \"127.0.0.1\"\n[sites.here.pools.main]\nmaximum = 1\ncpus = 2\nwalltime = \"5 min\"\n",
            desk.path().join("site").display()
        ),
    );
    let go = desk.path().join("go");
    let wait = format!("0; while [ ! -e {} ]; do sleep 0.1; done", go.display());
    desk.file("study.toml", squares(&desk, "squares", 4, &wait));
    let mut command = slurm.paramo(&desk, &["run", "study.toml", "--ui", "--site", "here"]);
    let run = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut run = Ends(run.unwrap());
    let mut said = BufReader::new(run.0.stderr.take().unwrap()).lines();
    let mut browser = Browser::open(&link(&mut said), "portal-faults");
    let rest = std::thread::spawn(move || said.map_while(Result::ok).collect::<Vec<_>>());
    let status = || {
        let text = desk.paramo(&["pool", "status", "here", "--json"]).expect(0).out;
        let pool: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let states = pool["allocations"].as_array().unwrap().clone();
        states.iter().map(|it| it["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };

    browser.wait("see", "1 running, 0 waiting");
    browser.wait("see", "busy");
    assert_eq!(status(), "running");
    until("nothing begins", || begun(desk.path(), 0) == 1);

    slurm.down("controller");
    browser.wait("see", "Unable to contact slurm controller");
    browser.wait("see", "1 running, 0 waiting");
    slurm.up("controller");
    browser.wait("gone", "Unable to contact slurm controller");

    // Somebody ends the allocation, and another takes its place.
    let first = slurm.jobs().pop().unwrap();
    slurm.type_in(&["scancel", &first]);
    browser.wait("see", "was cancelled");
    until("nothing takes its place", || slurm.jobs().iter().any(|job| *job != first));
    browser.wait("see", "1 running, 0 waiting");
    assert_eq!(status(), "ended running");

    // Nothing is to be had where the nodes take nothing.
    slurm.type_in(&["scontrol", "update", "nodename=node[1-4]", "state=drain", "reason=test"]);
    slurm.type_in(&["scancel", &slurm.jobs().pop().unwrap()]);
    browser.wait("see", "0 running, 1 waiting");
    browser.wait("see", "One comes when its allocation has begun.");
    assert_eq!(status(), "ended ended waiting");
    slurm.type_in(&["scontrol", "update", "nodename=node[1-4]", "state=resume"]);
    browser.wait("see", "1 running, 0 waiting");
    browser.close();
    std::fs::write(&go, "").unwrap();
    let ended = run.0.wait().unwrap();
    assert!(ended.success(), "{:?}", rest.join().unwrap());
}
