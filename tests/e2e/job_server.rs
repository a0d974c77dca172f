//! `paramo job --server` with a real Slurm behind the server: the same words from afar, whose a job is, and a server that is killed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use paramo_tests::group::PASSWORD;
use paramo_tests::slurm::Slurm;
use paramo_tests::workers::Hub;
use paramo_tests::{Answer, Desk, until};
use serde_json::{Value, json};

/// A server with its sites in one directory, and somebody who types in another.
struct Far {
    hub: Hub,
    here: Desk,
    there: Desk,
    slurm: Slurm,
}

impl Far {
    fn new(cluster: &str) -> Far {
        let (slurm, here, there) = (Slurm::start(cluster), Desk::new(), Desk::new());
        let directory = there.path().join("site");
        let site = format!("[sites.hpc]\nkind = \"slurm\"\ndirectory = \"{}\"\n", directory.display());
        there.file("sites.toml", site);
        let hub = Hub::start_with(&there, "60 s", &[("SLURM_CONF", slurm.conf().to_str().unwrap())]);
        Far { hub, here, there, slurm }
    }

    /// The server again, where it was.
    fn again(&mut self) {
        let conf = self.slurm.conf();
        self.hub = self.hub.again(&self.there, "60 s", &[("SLURM_CONF", conf.to_str().unwrap())]);
    }

    /// A command of somebody with this token; Slurm itself is not to be found where it is typed.
    fn command(&self, token: &str, words: &[&str]) -> Command {
        let mut command = self.here.command(words);
        command.env("PARAMO_SERVER", format!("http://{}", self.hub.http.address));
        command.env("PARAMO_TOKEN", token).env("SLURM_CONF", "/nonexistent");
        command
    }

    /// Typed by whoever started the server.
    fn types(&self, words: &[&str]) -> Answer {
        Answer::from(self.command(&self.hub.http.token, words).output().unwrap())
    }

    fn shown(&self, job: &str) -> Value {
        serde_json::from_str(&self.types(&["job", "show", job, "--json"]).expect(0).out).unwrap()
    }

    /// The token of somebody who has this role in a project.
    fn person(&self, name: &str, role: &str, project: &str) -> String {
        let http = &self.hub.http;
        let made = http.post("/api/v1/users", &json!({ "name": name, "display_name": name }));
        let code = made.json()["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        http.post(&format!("/api/v1/welcome/{code}"), &json!({ "password": PASSWORD }));
        let member = format!("/api/v1/projects/{project}/members/{name}");
        let headers = [("content-type", "application/json")];
        assert_eq!(http.send("PUT", &member, &headers, &json!({ "role": role }).to_string()).status, 204);
        let session = json!({ "name": name, "password": PASSWORD });
        let session = http.post("/api/v1/session", &session);
        let cookie = session.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let headers = [
            ("content-type", "application/json"),
            ("cookie", cookie.as_str()),
            ("authorization", ""),
            ("sec-fetch-site", "same-origin"),
        ];
        let body = json!({ "name": "laptop", "scopes": ["write"] }).to_string();
        let token = http.send("POST", "/api/v1/tokens", &headers, &body);
        assert_eq!(token.status, 201, "{}", token.text());
        token.json()["token"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_job_is_submitted_followed_and_fetched_from_afar() {
    let far = Far::new("jobserver");
    far.here.file(
        "fit.sh",
        "#!/bin/bash\necho fit \"$@\"; ./tool.sh; od -An -tx1 raw.bin; echo oops >&2\nmkdir out; echo 1,2 > 'out/a b.csv'; exit 7\n",
    );
    far.here.file("tool.sh", "#!/bin/sh\necho tool\n");
    Command::new("chmod").arg("755").arg(far.here.path().join("tool.sh")).status().unwrap();
    far.here.file("raw.bin", [0, 255, 10]);
    let words = ["job", "submit", "fit.sh", "--site", "hpc", "--input", "tool.sh", "--input", "raw.bin"];
    let more = ["--output", "out", "--cpus", "1", "--time", "2 min", "--wait", "--", "a b", "c"];
    let submitted = far.types(&[&words[..], &more[..]].concat()).expect(7);
    assert!(submitted.out.starts_with("job 1 is submitted to hpc as "), "{}", submitted.out);
    assert!(submitted.err.contains("job 1 (fit) failed with exit code 7"), "{}", submitted.err);
    let output = far.types(&["job", "output", "fit"]).expect(0).out;
    assert_eq!(output, "fit a b c\ntool\n 00 ff 0a\n");
    assert_eq!(far.types(&["job", "output", "1", "--error"]).expect(0).out, "oops\n");
    let fetched = far.types(&["job", "fetch", "fit", "--into", "results"]).expect(0).out;
    assert_eq!(fetched, "1 file fetched into results\n");
    assert_eq!(far.here.read("results/out/a b.csv"), "1,2\n");
    let missing = far.types(&["job", "fetch", "fit", "*.none"]).expect(4);
    assert!(missing.err.contains("job 1 has left no *.none"), "{}", missing.err);
    assert!(far.types(&["job", "fetch", "fit", "../x"]).expect(2).err.contains("in the job's directory"));
    let shown = far.shown("fit");
    assert_eq!((&shown["by"], &shown["project"]), (&json!("owner"), &json!("default")));
    assert_eq!((&shown["outcome"], &shown["arguments"]), (&json!("exit:7"), &json!(["a b", "c"])));
    let list = far.types(&["job", "list"]).expect(0).out;
    assert!(list.contains("failed with exit code 7"), "{list}");

    // Arrays, what waits for them, and what is wrong, in the same words as here.
    far.here.file(
        "part.sh",
        "#!/bin/bash\necho part $SLURM_ARRAY_TASK_ID; [ $SLURM_ARRAY_TASK_ID != 2 ] || exit 3\n",
    );
    far.here.file("after.sh", "#!/bin/bash\necho after\n");
    far.types(&["job", "submit", "part.sh", "--site", "hpc", "--array", "0-3%2"]).expect(0);
    let after = ["job", "submit", "after.sh", "--site", "hpc", "--after"];
    far.types(&[&after[..], &["part:failed", "--json"]].concat()).expect(0);
    far.types(&["job", "wait", "part", "after"]).expect(3);
    assert_eq!(far.shown("part")["tasks"][2]["outcome"], "exit:3");
    assert_eq!(far.types(&["job", "output", "part", "--task", "3"]).expect(0).out, "part 3\n");
    assert_eq!(far.types(&["job", "output", "after"]).expect(0).out, "after\n");
    for (words, code, what) in [
        (&["job", "output", "part"][..], 2, "say which by --task"),
        (&["job", "show", "mars"], 2, "there is no job `mars`; `paramo job list --all` lists them"),
        (
            &["job", "submit", "after.sh", "--site", "mars"],
            2,
            "there is no site `mars`; the sites are: local, hpc",
        ),
        (
            &["job", "submit", "after.sh", "--site", "hpc", "--after", "mars"],
            2,
            "--after mars: there is no job",
        ),
        (
            &["job", "submit", "after.sh", "--site", "hpc", "--after", "part:so"],
            2,
            "`so` is none of ok, failed",
        ),
        (&["job", "submit", "after.sh", "--site", "hpc", "--partition", "mars"], 4, "invalid partition"),
        (
            &["job", "submit", "after.sh", "--site", "hpc", "--every", "61 * * * *"],
            2,
            "--every `61 * * * *`:",
        ),
        (&["job", "stop", "mars"], 2, "there is no schedule `mars`"),
    ] {
        let refused = far.types(words).expect(code);
        assert!(refused.err.contains(what), "{words:?}: {}", refused.err);
    }
    far.types(&["job", "rm", "fit", "part"]).expect(0);
    far.types(&["job", "show", "fit"]).expect(2);
}

#[test]
fn jobs_outlive_a_server_that_is_killed_and_so_do_those_who_look_on() {
    let mut far = Far::new("jobserverkill");
    far.here.file("long.sh", "#!/bin/bash\necho begun\nuntil [ -e go ]; do sleep 0.1; done\necho gone on\n");
    let token = far.hub.http.token.clone();
    let mut wait = far.command(&token, &["job", "submit", "long.sh", "--site", "hpc", "--wait"]);
    let mut wait = wait.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(wait.stdout.take().unwrap()).lines();
    assert!(said.next().unwrap().unwrap().starts_with("job 1 is submitted"));
    let mut follow = far.command(&token, &["job", "output", "long", "--follow"]);
    let mut follow = follow.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "begun");
    far.hub.kill();
    let mut said = BufReader::new(wait.stderr.take().unwrap()).lines();
    assert!(said.next().unwrap().unwrap().ends_with("; asking again"));
    far.again();
    assert_eq!(far.shown("long")["state"], "running");
    far.types(&["job", "rm", "long"]).expect(2);
    let directory = far.shown("long")["directory"].as_str().unwrap().to_owned();
    std::fs::write(format!("{directory}/go"), "").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "gone on");
    assert!(follow.wait().unwrap().success() && wait.wait().unwrap().success());

    // Ended by somebody, and removed.
    far.types(&["job", "submit", "long.sh", "--site", "hpc", "--name", "other"]).expect(0);
    assert_eq!(far.types(&["job", "cancel", "other"]).expect(0).out, "job 2 is cancelled\n");
    far.types(&["job", "wait", "other"]).expect(143);
    assert!(far.types(&["job", "cancel", "other"]).expect(0).err.contains("has ended already"));
    far.types(&["job", "rm", "other"]).expect(0);
    assert!(far.types(&["job", "list", "--json"]).expect(0).out.lines().count() == 1);

    // Submitted again and again, with a file that the server keeps.
    far.here.file("tick.sh", "#!/bin/bash\ncat in.txt\n");
    far.here.file("in.txt", "kept\n");
    let words = ["job", "submit", "tick.sh", "--site", "hpc", "--input", "in.txt", "--every", "* * * * * *"];
    far.types(&words).expect(0);
    std::fs::remove_file(far.here.path().join("in.txt")).unwrap();
    far.hub.kill();
    far.again();
    until("it is not submitted again and again", || {
        let listed = far.types(&["job", "schedules", "--json"]).expect(0).out;
        serde_json::from_str::<Value>(listed.trim()).unwrap()["job"].as_i64().is_some()
    });
    far.types(&["job", "stop", "tick"]).expect(0);
    far.types(&["job", "wait", "tick"]).expect(0);
    assert_eq!(far.types(&["job", "output", "tick"]).expect(0).out, "kept\n");
}

#[test]
fn a_job_is_its_projects_and_what_is_done_is_written_down() {
    let far = Far::new("jobserver");
    for project in ["cells", "stars"] {
        let made = far.hub.http.post("/api/v1/projects", &json!({ "name": project, "title": project }));
        assert_eq!(made.status, 201, "{}", made.text());
    }
    let ada = far.person("ada", "member", "cells");
    let vic = far.person("vic", "viewer", "cells");
    let bob = far.person("bob", "member", "stars");
    let types = |token: &str, project: &str, words: &[&str]| {
        let mut command = far.command(token, words);
        Answer::from(command.args(["--project", project]).output().unwrap())
    };
    far.here.file("fit.sh", "#!/bin/bash\necho secret > left.txt\n");
    let submit = ["job", "submit", "fit.sh", "--site", "hpc"];
    types(&ada, "cells", &[&submit[..], &["--wait"]].concat()).expect(0);
    let shown = types(&vic, "cells", &["job", "show", "fit", "--json"]).expect(0).out;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&shown["by"], &shown["project"]), (&json!("ada"), &json!("cells")));
    types(&vic, "cells", &["job", "fetch", "fit", "left.txt"]).expect(0);
    // A viewer changes nothing.
    for words in [&submit[..], &["job", "rm", "fit"]] {
        let refused = types(&vic, "cells", words).expect(2);
        assert!(refused.err.contains("you may not "), "{words:?}: {}", refused.err);
    }
    // To others it is not there, by number or by name, for whatever they do.
    let asked = |token: &str, method: &str, path: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        far.hub.http.send(method, path, &headers, if method == "GET" { "" } else { "{}" })
    };
    for (method, path) in [
        ("GET", "/api/v1/jobs/1"),
        ("GET", "/api/v1/jobs/cells:fit"),
        ("GET", "/api/v1/jobs/1/output"),
        ("GET", "/api/v1/jobs/1/files?pattern=*"),
        ("GET", "/api/v1/jobs/1/files/left.txt"),
        ("POST", "/api/v1/jobs/1/cancel"),
        ("DELETE", "/api/v1/jobs/1"),
        ("GET", "/api/v1/jobs?project=cells"),
        ("GET", "/api/v1/schedules?project=cells"),
    ] {
        assert_eq!(asked(&bob, method, path).status, 404, "{method} {path}");
    }
    assert_eq!(asked(&bob, "GET", "/api/v1/jobs").json(), json!([]));
    assert_eq!(asked(&ada, "GET", "/api/v1/jobs").json().as_array().unwrap().len(), 1);
    assert_eq!(asked(&vic, "DELETE", "/api/v1/jobs/1").status, 403);
    types(&bob, "cells", &submit).expect(2);
    let late = types(&bob, "stars", &[&submit[..], &["--after", "1:any"]].concat()).expect(2);
    assert!(late.err.contains("--after 1:any: there is no job `1`"), "{}", late.err);
    // Schedules of one name in two projects are two.
    let every = [&submit[..], &["--every", "0 0 1 1 *"]].concat();
    types(&ada, "cells", &every).expect(0);
    types(&bob, "stars", &every).expect(0);
    assert_eq!(types(&bob, "stars", &["job", "schedules", "--json"]).expect(0).out.lines().count(), 1);
    let several = asked(&far.hub.http.token, "DELETE", "/api/v1/schedules/fit");
    assert_eq!(several.status, 409, "{}", several.text());
    assert_eq!(asked(&vic, "DELETE", "/api/v1/schedules/fit").status, 403);
    assert_eq!(asked(&bob, "DELETE", "/api/v1/schedules/cells:fit").status, 404);
    types(&bob, "stars", &["job", "stop", "fit"]).expect(0);
    assert_eq!(asked(&ada, "GET", "/api/v1/schedules").json().as_array().unwrap().len(), 1);
    // What was done is written down, and a project with jobs stays.
    let trail = far.hub.http.get("/api/v1/audit?project=cells").json();
    let done = |action: &str, outcome: &str, target: &str| {
        trail.as_array().unwrap().iter().any(|row| {
            row["action"] == action
                && row["outcome"] == outcome
                && row["target"].as_str().unwrap().contains(target)
        })
    };
    assert!(done("job.submit", "done", "job 1 (fit)"), "{trail}");
    assert!(done("job.submit", "done", "schedule fit"), "{trail}");
    assert!(done("job.control", "refused", "job 1 (fit)"), "{trail}");
    types(&ada, "cells", &["job", "stop", "fit"]).expect(0);
    // Whoever is no member any more has nothing submitted any more.
    types(&ada, "cells", &[&submit[..], &["--name", "tick", "--every", "* * * * * *"]].concat()).expect(0);
    let tick = || asked(&far.hub.http.token, "GET", "/api/v1/schedules").json()[0].clone();
    until("it is not submitted", || tick()["job"].is_i64());
    let gone = far.hub.http.send("DELETE", "/api/v1/projects/cells/members/ada", &[], "");
    assert_eq!(gone.status, 204, "{}", gone.text());
    until("it is not left out", || tick()["told"] == "left out: ada may submit nothing in cells any more");
    let jobs = asked(&far.hub.http.token, "GET", "/api/v1/jobs?all=true").json();
    let turn = tick()["next"].clone();
    until("no turn comes", || tick()["next"] != turn);
    assert_eq!(
        asked(&far.hub.http.token, "GET", "/api/v1/jobs?all=true").json().as_array().map(Vec::len),
        jobs.as_array().map(Vec::len)
    );
    assert_eq!(asked(&far.hub.http.token, "DELETE", "/api/v1/schedules/cells:tick").status, 204);
    let kept = far.hub.http.send("DELETE", "/api/v1/projects/cells", &[], "");
    assert!(kept.status == 409 && kept.text().contains("has jobs"), "{}", kept.text());
    for job in jobs.as_array().unwrap() {
        let number = job["job"].to_string();
        far.types(&["job", "wait", &number]).expect(0);
        far.types(&["job", "rm", &number]).expect(0);
    }
    assert_eq!(far.hub.http.send("DELETE", "/api/v1/projects/cells", &[], "").status, 204);
}
