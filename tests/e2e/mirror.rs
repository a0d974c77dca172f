//! `paramo mirror` on a real Slurm: results, exit codes, and everything that can happen to a job in between.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::{Arc, Mutex};

use paramo_tests::slurm::Slurm;
use paramo_tests::{Desk, until};
use rustix::process::{Pid, Signal, kill_process};

use crate::sites::{described, ways};

/// A mirror that runs, with what it has printed so far.
struct Running {
    child: Child,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
}

fn gather(pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let into = text.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            *into.lock().unwrap() += &(line + "\n");
        }
    });
    text
}

impl Running {
    fn start(desk: &Desk, slurm: &Slurm, access: &str, job: &str) -> Running {
        desk.file("b.toml", described(desk, access));
        desk.file("j.toml", job);
        let mut command = desk.command(&["mirror", "--backend", "b.toml", "--job", "j.toml"]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.env("SLURM_CONF", slurm.conf()).spawn().unwrap();
        let (out, err) = (gather(child.stdout.take().unwrap()), gather(child.stderr.take().unwrap()));
        Running { child, out, err }
    }

    fn out(&self) -> String {
        self.out.lock().unwrap().clone()
    }

    fn err(&self) -> String {
        self.err.lock().unwrap().clone()
    }

    #[track_caller]
    fn says(&self, text: &str) {
        until(&format!("it does not say {text:?}"), || self.err().contains(text));
    }

    #[track_caller]
    fn prints(&self, text: &str) {
        until(&format!("it does not print {text:?}"), || self.out().contains(text));
    }

    /// The number of its job.
    #[track_caller]
    fn job(&self) -> String {
        self.says("is submitted as");
        self.err().split("mirror: job ").nth(1).unwrap().split(' ').next().unwrap().to_owned()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    #[track_caller]
    fn ends(mut self, code: i32) -> (String, String) {
        let status = self.child.wait().unwrap();
        until("its output has no end", || {
            Arc::strong_count(&self.out) == 1 && Arc::strong_count(&self.err) == 1
        });
        assert_eq!(status.code(), Some(code), "--- out\n{}\n--- err\n{}", self.out(), self.err());
        (self.out(), self.err())
    }
}

/// A job that waits until a file is there.
fn waiting(desk: &Desk) -> String {
    let file = desk.path().join("go");
    let script = format!(
        "#!/bin/bash\necho begun\nwhile [ ! -e {} ]; do sleep 0.1; done\necho over\n",
        file.display()
    );
    format!(
        "name = \"waiting\"\nscript = '''\n{script}'''\n[resources]\nmemory = \"20 MiB\"\ntime = \"5 min\"\n"
    )
}

fn state(slurm: &Slurm, job: &str) -> String {
    slurm.type_in(&["squeue", "--noheader", "--states=all", "--format=%T", "--jobs", job])
}

#[test]
fn a_job_is_mirrored_in_every_way() {
    let slurm = Slurm::start("shared");
    for (name, access) in ways(&slurm) {
        let desk = Desk::new();
        desk.file("in.txt", "some input\n");
        let job = r##"
name = "hello"
script = """
#!/bin/bash
#SBATCH --comment=hi
echo out $FROM_PROLOGUE
echo err >&2
mkdir deep
cat data/in.txt data/in.txt > deep/both.txt
head -c 3000000 /dev/zero > big.bin
exit 7
"""
outputs = ["deep", "*.bin", "none"]
into = "results"
partition = "short"
[resources]
cpus = 2
memory = "20 MiB"
time = "2 min"
[inputs]
"data/in.txt" = "in.txt"
"##;
        let access = format!("{access}\nprologue = \"export FROM_PROLOGUE=yes\"");
        // Not every way carries lines for Slurm.
        let line = if name == "rest" { "" } else { "#SBATCH --comment=hi\n" };
        let job = job.replace("#SBATCH --comment=hi\n", line);
        let (out, err) = Running::start(&desk, &slurm, &access, &job).ends(7);
        assert_eq!(out, "out yes\n", "{name}");
        for text in [
            "\nerr\n",
            "failed with exit code 7",
            "2 files are fetched into results",
            "has left no file none",
            "is kept: ",
        ] {
            assert!(err.contains(text), "{name}: no {text:?} in {err}");
        }
        assert_eq!(desk.read("results/deep/both.txt"), "some input\nsome input\n", "{name}");
        assert_eq!(std::fs::metadata(desk.path().join("results/big.bin")).unwrap().len(), 3_000_000);
    }
}

#[test]
fn output_is_live_and_a_success_leaves_nothing_on_the_site() {
    let (slurm, desk) = (Slurm::start("shared"), Desk::new());
    let mirror = Running::start(&desk, &slurm, "", &waiting(&desk));
    mirror.prints("begun\n");
    assert_eq!(state(&slurm, &mirror.job()), "RUNNING");
    desk.file("go", "");
    let (out, err) = mirror.ends(0);
    assert_eq!(out, "begun\nover\n");
    assert!(err.contains("is running on node") && err.contains("succeeded"), "{err}");
    assert_eq!(std::fs::read_dir(desk.path().join("site/mirror")).unwrap().count(), 0);
}

#[test]
fn sigterm_and_sigint_cancel_the_job() {
    let slurm = Slurm::start("shared");
    let ways = ways(&slurm);
    for (signal, code, access) in [(Signal::TERM, 143, &ways[1].1), (Signal::INT, 130, &ways[3].1)] {
        let desk = Desk::new();
        let mirror = Running::start(&desk, &slurm, access, &waiting(&desk));
        mirror.prints("begun\n");
        let job = mirror.job();
        mirror.signal(signal);
        let (_, err) = mirror.ends(code);
        assert!(err.contains("was cancelled"), "{err}");
        assert_eq!(state(&slurm, &job), "CANCELLED");
    }
}

#[test]
fn a_job_that_somebody_else_cancels_is_told_from_one_at_its_limit() {
    let slurm = Slurm::start("shared");
    let (one, other) = (Desk::new(), Desk::new());
    let cancelled = Running::start(&one, &slurm, "", &waiting(&one));
    let limited = Running::start(&other, &slurm, "", &waiting(&other));
    cancelled.prints("begun\n");
    limited.prints("begun\n");
    slurm.type_in(&["scancel", &cancelled.job()]);
    // Slurm counts in minutes; that the end is nearer is said to it directly.
    slurm.type_in(&["scontrol", "update", &format!("JobId={}", limited.job()), "EndTime=now+1"]);
    let (_, err) = cancelled.ends(143);
    assert!(err.contains("was cancelled"), "{err}");
    let (_, err) = limited.ends(124);
    assert!(err.contains("reached its time limit"), "{err}");
}

#[test]
fn a_controller_and_a_host_that_are_away_for_a_while_change_nothing() {
    let (slurm, desk) = (Slurm::start("mirror"), Desk::new());
    let ssh = &ways(&slurm)[1].1;
    slurm.down("controller");
    let mirror = Running::start(&desk, &slurm, ssh, &waiting(&desk));
    // It cannot be submitted yet.
    mirror.says("trying again");
    slurm.up("controller");
    mirror.prints("begun\n");
    mirror.says("the site is back");
    slurm.down("controller");
    until("it does not say it twice", || mirror.err().matches("trying again").count() == 2);
    slurm.up("controller");
    until("it is not back twice", || mirror.err().matches("the site is back").count() == 2);
    slurm.down("ssh");
    mirror.says("cannot be reached");
    desk.file("go", "");
    slurm.up("ssh");
    let (out, _) = mirror.ends(0);
    assert_eq!(out, "begun\nover\n");
}

#[test]
fn what_slurm_refuses_is_said_and_wrong_files_are_named() {
    let (slurm, desk) = (Slurm::start("shared"), Desk::new());
    let job = "name = \"x\"\npartition = \"none\"\nscript = \"#!/bin/sh\"\n";
    for (_, access) in [&ways(&slurm)[0], &ways(&slurm)[3]] {
        let (_, err) = Running::start(&desk, &slurm, access, job).ends(4);
        assert!(err.contains("refused to submit the job") && err.contains("nvalid partition"), "{err}");
    }
    let (_, err) = Running::start(&desk, &slurm, "", "name = \"x\"\nscript = \"echo\"\n").ends(2);
    assert!(err.contains("j.toml:2:10") && err.contains("begins with a line such as"), "{err}");
}
