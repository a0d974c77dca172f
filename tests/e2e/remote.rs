//! The command line from afar: the same commands with a server as without one, and what only happens between the two.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use paramo_tests::engines::Ground;
use paramo_tests::http::Http;
use paramo_tests::{Answer, Desk, on_both_engines, until};
use serde_json::{Value, json};

on_both_engines!(
    the_same_commands_give_the_same_answers,
    a_changed_study_is_refused_and_its_file_read_as_here,
    every_event_is_a_line_of_json,
    leaving_stops_nothing_and_one_comes_back,
    a_follower_outlives_a_server_that_is_killed,
    points_come_along_and_are_added,
    what_every_attempt_wrote_comes_from_afar,
    who_is_not_known_is_told_what_to_type,
    a_terminal_is_let_in_by_somebody_who_has_signed_in,
);

/// A server in one directory, and somebody who types in another.
struct Far<'a> {
    there: &'a Desk,
    here: Desk,
    http: Http,
    process: Child,
}

impl Far<'_> {
    /// A server of one person, at which somebody has logged in.
    #[track_caller]
    fn new(ground: &Ground) -> Far<'_> {
        let far = Far::strangers(ground);
        let link = format!("http://{}/?token={}", far.http.address, far.http.token);
        far.login(&link).expect(0);
        far
    }

    #[track_caller]
    fn strangers(ground: &Ground) -> Far<'_> {
        let there = &ground.desk;
        let (process, http) = serve(there, "127.0.0.1:0");
        Far { there, here: Desk::new(), http, process }
    }

    fn url(&self) -> String {
        format!("http://{}", self.http.address)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.here.command(words);
        command.env("XDG_CONFIG_HOME", self.here.path()).env("PARAMO_SERVER", self.url());
        command
    }

    #[track_caller]
    fn types(&self, words: &[&str]) -> Answer {
        Answer::from(self.command(words).output().unwrap())
    }

    #[track_caller]
    fn begins(&self, words: &[&str]) -> Child {
        self.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    #[track_caller]
    fn login(&self, token: &str) -> Answer {
        let mut child = self
            .command(&["login", &self.url(), "--with-token"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
        Answer::from(child.wait_with_output().unwrap())
    }

    fn study(&self, name: &str) -> Value {
        self.http.get(&format!("/api/v1/studies/{name}")).json()
    }
}

impl Drop for Far<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[track_caller]
fn serve(there: &Desk, address: &str) -> (Child, Http) {
    let mut process = there.start(&["ui", "--listen", address, "--cpus", "2"]);
    let mut link = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut link).unwrap();
    let http = Http::of_link(&link);
    (process, http)
}

#[track_caller]
fn signal(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

#[track_caller]
fn end(child: Child) -> Answer {
    Answer::from(child.wait_with_output().unwrap())
}

/// Ten runs, of which one fails; points and names do not stand in the order of the alphabet.
const STUDY: &str = r#"
name = "squares"
[application]
command = ["sh", "-c", "echo wrote {x} {a} >&2; echo '{{\"y\": '$(({x} * {x}))'}}'; test {x} -ne 7"]
[application.parameters]
x = { type = "integer", unit = "m" }
[application.outputs]
y = { json = "y", unit = "m²" }
[space]
x = { from = 1, to = 10, step = 1 }
a = ["b", "a"]
where = "a == 'b' or x > 8"
"#;

/// A study whose runs wait for a file `go`, and put their points into `made`.
fn sleepers(home: &std::path::Path, points: u32) -> String {
    let text = r#"
name = "sleepers"
[application]
command = ["sh", "-c", "echo {x} >> HOME/made; while [ ! -e HOME/go ]; do sleep 0.02; done"]
[space]
x = { from = 1, to = POINTS, step = 1 }
"#;
    text.replace("HOME", &home.display().to_string()).replace("POINTS", &points.to_string())
}

/// Numbers of any length become `#`: times and sizes differ from one making to the next.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter.is_ascii_digit() || letter == '.' {
            true if out.ends_with('#') => {}
            true => out.push('#'),
            false => out.push(letter),
        }
    }
    out
}

fn the_same_commands_give_the_same_answers(ground: &Ground) {
    let near = Desk::new();
    let far = Far::new(ground);
    near.file("squares.toml", STUDY);
    far.here.file("squares.toml", STUDY);
    let without_time = |err: &str| {
        let lines = err.lines().map(|line| line.split(" in ").next().unwrap_or_default().to_owned());
        lines.collect::<Vec<_>>()
    };
    let begun = [near.paramo(&["run", "squares.toml"]), far.types(&["run", "squares.toml"])]
        .map(|answer| answer.expect(1));
    assert_eq!(without_time(&begun[0].err), without_time(&begun[1].err));
    assert!(
        begun[1].err.contains("squares: 11 succeeded, 1 failed, 8 left out by the condition"),
        "{}",
        begun[1].err
    );

    let sweep = [
        "sweep",
        "-p",
        "z=1:3",
        "-p",
        "b=0:1/3",
        "-o",
        "s=regex:(.+)",
        "--name",
        "sums",
        "--",
        "sh",
        "-c",
        "echo {z} {b}",
    ];
    let swept = [near.paramo(&sweep), far.types(&sweep)].map(|answer| answer.expect(0));
    assert_eq!(without_time(&swept[0].err), without_time(&swept[1].err));

    let exact: &[&[&str]] = &[
        &["results", "squares", "--columns", "index,x,a,y,state,cause,attempts,exit_code"],
        &["results", "squares", "--by", "a", "--mean", "y", "--count", "y"],
        &["results", "sums", "--columns", "index,z,b,s"],
        &["results", "squares", "--where", "y > 50", "--sort", "-y", "--columns", "x,y", "--json"],
        &["export", "squares", "--format", "csv", "--columns", "x,a,y,state,exit_code"],
        &["export", "squares", "--format", "jsonl", "--columns", "x,y"],
        &["logs", "squares/12"],
        &["logs", "squares/12", "--stderr", "--tail", "1"],
        &["explain", "squares"],
        &["explain", "squares/1"],
        &["space", "show", "squares"],
        &["space", "export", "sums"],
        &["run", "squares.toml", "--dry-run"],
        &["run", "squares"],
        &["slots", "squares"],
        &["results", "squars"],
        &["explain", "squares/99"],
        &["logs", "squares/1"],
        &["resume", "squares"],
        &["cancel", "squares"],
        &["pause", "squares"],
        &["retry", "squares/0"],
        &["retry", "sums"],
        &["rm", "nothing"],
        &["watch", "squares"],
    ];
    for words in exact {
        let (a, b) = (near.paramo(words), far.types(words));
        assert_eq!((a.code, &a.out, &a.err), (b.code, &b.out, &b.err), "{words:?}");
    }
    let alike: &[&[&str]] = &[
        &["list"],
        &["list", "--json"],
        &["status"],
        &["status", "squares", "--json"],
        &["explain", "squares/12", "--json"],
    ];
    for words in alike {
        let (a, b) = (near.paramo(words).expect(0), far.types(words).expect(0));
        assert_eq!(without_numbers(&a.out), without_numbers(&b.out), "{words:?}");
    }
    // How a length of time is written depends on it.
    let (a, b) = (near.paramo(&["status", "squares"]), far.types(&["status", "squares"]));
    let words = |text: &str| {
        text.lines()
            .map(|line| line.split_whitespace().next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(words(&a.out), words(&b.out));
    for desk in [&near, &far.here] {
        let plot = ["plot", "squares", "--kind", "scatter", "--x", "x", "--y", "y", "--output", "p.svg"];
        match std::ptr::eq(desk, &near) {
            true => desk.paramo(&plot).expect(0),
            false => far.types(&plot).expect(0),
        };
    }
    assert_eq!(near.read("p.svg"), far.here.read("p.svg"));

    let again =
        [near.paramo(&["retry", "squares"]), far.types(&["retry", "squares"])].map(|answer| answer.expect(1));
    assert_eq!(without_time(&again[0].err), without_time(&again[1].err));
    let gone = [near.paramo(&["rm", "sums", "--force"]), far.types(&["rm", "sums", "--force"])]
        .map(|answer| answer.expect(0));
    assert_eq!(gone[0].err, gone[1].err);
    for words in [&["doctor"][..], &["move", "squares", "--to", "x"], &["server"]] {
        assert!(far.types(words).expect(2).err.contains("type it on the machine of"), "{words:?}");
    }
    assert!(
        far.types(&["run", "squares", "--cpus", "1"]).expect(2).err.contains("--cpus is of this machine")
    );
    assert!(near.paramo(&["run", "squares", "--detach"]).code == Some(1), "it has finished");
}

fn a_changed_study_is_refused_and_its_file_read_as_here(ground: &Ground) {
    let near = Desk::new();
    let far = Far::new(ground);
    let both = |name: &str, text: &str| {
        near.file(name, text);
        far.here.file(name, text);
    };
    both("squares.toml", STUDY);
    near.paramo(&["run", "squares.toml", "--quiet"]).expect(1);
    far.types(&["run", "squares.toml", "--quiet"]).expect(1);
    for text in [
        STUDY.replace("* {x}", "* 2"),
        STUDY.replace("from = 1, to = 10", "from = 2, to = 10"),
        STUDY.replace("step = 1", "stp = 1"),
        STUDY.replace("[space]", "[run]\nretries = 0\n[space]"),
    ] {
        both("squares.toml", &text);
        let (a, b) = (near.paramo(&["run", "squares.toml"]), far.types(&["run", "squares.toml"]));
        assert_eq!((a.code, &a.out, &a.err), (b.code, &b.out, &b.err), "{text}");
    }
    both("squares.toml", &STUDY.replace("* {x}", "* 2"));
    far.types(&["run", "squares.toml", "--new-version"]).expect(1);
    assert_eq!(far.study("squares@2")["succeeded"], 11);
}

fn every_event_is_a_line_of_json(ground: &Ground) {
    let far = Far::new(ground);
    far.here.file("squares.toml", STUDY);
    let lines = far.types(&["run", "squares.toml", "--json"]).expect(1).json();
    assert_eq!(lines.first().unwrap()["event"], "study-started");
    assert_eq!(lines.first().unwrap()["progress"]["points"], 20);
    let last = lines.last().unwrap();
    assert_eq!((&last["event"], &last["reason"]), (&json!("study-stopped"), &json!("finished")));
    assert_eq!(last["progress"]["left_out"], 8);
    let runs: Vec<&Value> = lines.iter().filter(|line| line["event"] == "run-ended").collect();
    let mut indices: Vec<u64> = runs.iter().filter_map(|run| run["index"].as_u64()).collect();
    indices.sort_unstable();
    assert_eq!(indices, [0, 2, 4, 6, 8, 10, 12, 14, 16, 17, 18, 19]);
    for run in runs {
        let x = run["index"].as_u64().unwrap() / 2 + 1;
        assert_eq!(run["attempt"]["stdout"]["tail"], format!("{{\"y\": {}}}\n", x * x));
        assert_eq!(run["attempt"]["cause"] == "exit", x == 7);
    }
    // Only what ends from now on is told.
    let again = far.types(&["retry", "squares", "--json"]).expect(1).json();
    let ended: Vec<&Value> = again.iter().filter(|line| line["event"] == "run-ended").collect();
    assert_eq!(ended.len(), 1, "{again:?}");
    assert_eq!(ended[0]["index"], 12);
}

fn leaving_stops_nothing_and_one_comes_back(ground: &Ground) {
    let far = Far::new(ground);
    // One run ends before anybody follows, so that whoever begins to says that it goes on.
    let first_ends = sleepers(far.there.path(), 6).replace("while [ !", "while [ {x} -gt 1 ] && [ !");
    far.here.file("sleepers.toml", first_ends);
    far.types(&["run", "sleepers.toml", "--detach"]).expect(0);
    until("one does not end and two run", || {
        far.study("sleepers")["succeeded"] == 1 && far.there.read("made").lines().count() == 3
    });
    let mut follower = far.begins(&["run", "sleepers.toml"]);
    let mut said = BufReader::new(follower.stderr.take().unwrap()).lines();
    assert_eq!(said.next().unwrap().unwrap(), "sleepers: going on, 1 of 6 have ended");
    signal(&follower, "-INT");
    let said: Vec<String> = said.map_while(Result::ok).collect();
    assert_eq!(follower.wait().unwrap().code(), Some(3));
    let left = said.join("\n");
    assert!(left.contains("paramo watch sleepers") && left.contains("paramo cancel sleepers"), "{left}");
    assert_eq!(far.study("sleepers")["working"], true);
    assert!(far.types(&["list"]).expect(0).out.contains("running"));
    let watcher = far.begins(&["watch", "sleepers", "--every", "100ms"]);
    assert_eq!(
        far.types(&["pause", "sleepers"]).expect(0).err.lines().next(),
        Some("sleepers: paused; the server lets its running runs end")
    );
    until("the pause does not come", || far.study("sleepers")["progress"]["paused"] == true);
    far.there.file("go", "");
    until("the running runs do not end", || far.study("sleepers")["succeeded"] == 3);
    assert!(far.types(&["explain", "sleepers"]).expect(0).out.contains("resume it: paramo resume sleepers"));
    assert_eq!(
        far.types(&["slots", "sleepers", "1"]).expect(0).err,
        "sleepers: 1 run at once; the server does so from now on\n"
    );
    assert_eq!(far.types(&["resume", "sleepers"]).expect(0).err, "sleepers: the server goes on\n");
    let seen = end(watcher).expect(0);
    assert!(seen.out.ends_with("sleepers: finished; 6 succeeded, 0 failed\n"), "{}", seen.out);

    std::fs::remove_file(far.there.path().join("go")).unwrap();
    far.here.file("second.toml", sleepers(far.there.path(), 4).replace("sleepers", "second"));
    let detached = far.types(&["run", "second.toml", "--detach", "-j", "1"]).expect(0);
    assert!(detached.err.starts_with("second goes on at http://127.0.0.1:"), "{}", detached.err);
    until("the second does not run", || far.there.read("made").lines().count() == 7);
    assert_eq!(far.study("second")["slots"], 1);
    let mut follower = far.begins(&["run", "second", "--json"]);
    let mut begun = String::new();
    let mut told = BufReader::new(follower.stdout.take().unwrap());
    told.read_line(&mut begun).unwrap();
    assert!(begun.contains("study-started"), "{begun}");
    let busy = far.types(&["rm", "second", "--force"]);
    assert!(busy.code == Some(2) && busy.err.contains("cancel it first"), "{busy:?}");
    far.types(&["cancel", "second"]).expect(0);
    let rest: Vec<String> = told.lines().map_while(Result::ok).collect();
    assert!(rest.last().unwrap().contains("\"reason\":\"cancelled\""), "{rest:?}");
    end(follower).expect(3);
    assert_eq!(far.study("second")["state"], "cancelled");
    far.there.file("go", "");
    far.types(&["run", "second"]).expect(0);
}

fn a_follower_outlives_a_server_that_is_killed(ground: &Ground) {
    let mut far = Far::new(ground);
    far.here.file("sleepers.toml", sleepers(far.there.path(), 8));
    let mut follower = far.begins(&["run", "sleepers.toml", "--json"]);
    let lines = BufReader::new(follower.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut lines = lines.map(|line| serde_json::from_str::<Value>(&line).unwrap());
    assert_eq!(lines.next().unwrap()["event"], "study-started");
    until("two do not run", || far.there.read("made").lines().count() == 2);
    signal(&far.process, "-KILL");
    let _ = far.process.wait();
    let lost = lines.find(|line| line["event"] == "notice").unwrap();
    assert!(lost["message"].as_str().unwrap().ends_with("looked for again"), "{lost}");
    far.there.file("go", "");
    let (process, http) = serve(far.there, &far.http.address);
    far.process = process;
    assert_eq!(http.token, far.http.token);
    let rest: Vec<Value> = lines.collect();
    assert!(follower.wait().unwrap().success(), "{rest:?}");
    let back = |line: &Value| line["message"].as_str().is_some_and(|words| words.ends_with("answers again"));
    assert!(rest.iter().any(back), "{rest:?}");
    let ended = rest.iter().filter(|line| line["event"] == "run-ended");
    assert_eq!(ended.count(), 8, "each is told once: {rest:?}");
    let last = rest.last().unwrap();
    assert_eq!((&last["reason"], &last["progress"]["succeeded"]), (&json!("finished"), &json!(8)));
    // Only the two that were open when it died are made again.
    assert_eq!(far.there.read("made").lines().count(), 10);
}

fn points_come_along_and_are_added(ground: &Ground) {
    let far = Far::new(ground);
    let study = r#"
name = "listed"
[application]
command = ["sh", "-c", "echo {k} {n}"]
outputs.s = { regex = "(.+)" }
[space]
points = "points.csv"
"#;
    far.here.file("listed.toml", study);
    far.here.file("points.csv", "k,n\n0.5,z\n1.5,a\n");
    far.types(&["run", "listed.toml", "--quiet"]).expect(0);
    let more = far.types(&["extend", "listed", "--param", "n=q,p", "--param", "k=1:2"]).expect(0);
    assert!(more.err.starts_with("listed: 4 points added, 6 in all\n"), "{}", more.err);
    far.here.file("finer.toml", "[space]\npoints = \"finer.csv\"\n");
    far.here.file("finer.csv", "k,n\n9,y\n");
    far.types(&["extend", "listed", "--space", "finer.toml", "--quiet"]).expect(0);
    let table = far.types(&["export", "listed", "--columns", "index,s"]).expect(0).out;
    assert_eq!(table, "index,s\n0,0.5 z\n1,1.5 a\n2,1 q\n3,2 q\n4,1 p\n5,2 p\n6,9 y\n");
    assert!(far.types(&["extend", "listed", "--param", "k=7", "--later"]).expect(2).err.contains("--later"));
}

fn what_every_attempt_wrote_comes_from_afar(ground: &Ground) {
    let far = Far::new(ground);
    // Much of the one, so that it lies in a file, and little of the other.
    let study = r#"
name = "tried"
[application]
command = ["sh", "-c", ": {x}; echo $PARAMO_ATTEMPT; yes $PARAMO_ATTEMPT | head -c 300000 >&2; test $PARAMO_ATTEMPT = 2"]
[space]
x = [1]
[run]
retries = 2
retry = { delay = "1 ms" }
"#;
    far.here.file("tried.toml", study);
    far.types(&["run", "tried.toml", "--quiet"]).expect(0);
    for (words, expected) in [
        (&["logs", "tried/0"][..], "2\n".to_owned()),
        (&["logs", "tried/0", "--attempt", "1"], "1\n".to_owned()),
        (&["logs", "tried/0", "--stderr"], "2\n".repeat(150_000)),
        (&["logs", "tried/0", "--stderr", "--attempt", "1"], "1\n".repeat(150_000)),
        (&["logs", "tried/0", "--stderr", "--attempt", "2", "--tail", "1"], "2\n".to_owned()),
    ] {
        assert!(far.types(words).expect(0).out == expected, "{words:?}");
    }
    let none = far.types(&["logs", "tried/0", "--attempt", "3"]).expect(2);
    assert!(none.err.contains("attempts 1 to 2"), "{}", none.err);
    let path = "/api/v1/studies/tried/runs/0/stderr";
    let part = far.http.send("GET", &format!("{path}?attempt=1"), &[("range", "bytes=4-7")], "");
    assert_eq!((part.status, part.text().as_str()), (206, "1\n1\n"));
    for (path, status) in [("?attempt=3", 404), ("?attempt=x", 400), ("?atempt=1", 400)] {
        assert_eq!(
            far.http.get(&format!("/api/v1/studies/tried/runs/0/stderr{path}")).status,
            status,
            "{path}"
        );
    }
    let page = far.http.get(path);
    assert_eq!(page.header("content-type"), Some("text/plain; charset=utf-8"));
}

fn who_is_not_known_is_told_what_to_type(ground: &Ground) {
    let far = Far::strangers(ground);
    let unknown = far.types(&["list"]).expect(2).err;
    assert_eq!(
        unknown,
        format!("error: {} wants to know who asks: type `paramo login {0}` first\n", far.url())
    );
    let wrong = far.login("prm_0000000000000000000000000000000000000000").expect(2).err;
    assert!(wrong.contains("expired") && wrong.contains("paramo login"), "{wrong}");
    let file = far.here.path().join("paramo/credentials.toml");
    assert!(!file.exists(), "what is not accepted is not kept");

    let inside = format!("{}/?token={}", far.url(), far.http.token);
    let said = far.login(&inside).expect(0).err;
    assert!(said.contains("logged in at") && !said.contains(&far.http.token), "{said}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    far.types(&["list"]).expect(0);
    assert!(far.types(&["whoami"]).expect(0).out.contains(&far.url()));
    for words in [["--server", inside.as_str(), "list"], ["login", inside.as_str(), "--with-token"]] {
        let refused = far.types(&words).expect(2).err;
        assert!(refused.contains("list of processes") && !refused.contains(&far.http.token), "{refused}");
    }
    let mut command = far.command(&["list"]);
    let expired = Answer::from(command.env("PARAMO_TOKEN", "prm_old").output().unwrap()).expect(2).err;
    assert!(expired.contains("does not know the token") && !expired.contains("prm_old"), "{expired}");
    far.types(&["logout"]).expect(0);
    far.types(&["list"]).expect(2);

    let nobody = Desk::new().paramo(&["list", "--server", "http://127.0.0.1:9"]);
    assert_eq!(nobody.err, "error: cannot reach http://127.0.0.1:9: connection refused\n");
    assert_eq!(nobody.code, Some(4));
    let no_server = far.types(&["list", "--store", "x"]);
    assert!(no_server.err.contains("there is no store in x"), "--store beats PARAMO_SERVER: {no_server:?}");
    far.types(&["list", "--store", "x", "--server", "http://127.0.0.1:9"]).expect(2);
}

fn a_terminal_is_let_in_by_somebody_who_has_signed_in(ground: &Ground) {
    let there = &ground.desk;
    let here = Desk::new();
    let mut server = there.start(&["server", "--listen", "127.0.0.1:0", "--cpus", "1"]);
    let mut link = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut link).unwrap();
    let address = link.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap().to_owned();
    let (url, http) = (format!("http://{address}"), Http { address, token: String::new() });
    let welcome = format!("/api/v1/welcome/{}", link.trim().rsplit('/').next().unwrap());
    let first = json!({ "name": "root", "password": "correct horse battery" }).to_string();
    let json_of_ours =
        [("content-type", "application/json"), ("sec-fetch-site", "same-origin"), ("cookie", "none=1")];
    let made = http.send("POST", &welcome, &json_of_ours, &first);
    assert_eq!(made.status, 200, "{}", made.text());
    let cookie = made.header("set-cookie").and_then(|cookie| cookie.split(';').next()).unwrap().to_owned();

    let types = |words: &[&str]| {
        let mut command = here.command(words);
        command.env("XDG_CONFIG_HOME", here.path());
        command
    };
    let mut login = types(&["login", &url]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(login.stderr.take().unwrap()).lines();
    let said = lines.next().unwrap().unwrap();
    let code = said.trim_end_matches(':').rsplit(' ').next().unwrap().to_owned();
    assert!(lines.next().unwrap().unwrap().ends_with(&format!("/device?code={code}")));
    let signed_in = [json_of_ours[0], json_of_ours[1], ("cookie", cookie.as_str())];
    let verdict = http.send(
        "POST",
        &format!("/api/v1/device/{code}"),
        &signed_in,
        &json!({ "approve": true }).to_string(),
    );
    assert_eq!(verdict.status, 204, "{}", verdict.text());
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    assert!(login.wait().unwrap().success(), "{rest:?}");
    assert!(rest[0].starts_with(&format!("logged in at {url} as root")), "{rest:?}");

    // The only server that is known need not be named.
    let answer = |words: &[&str]| Answer::from(types(words).output().unwrap());
    assert!(answer(&["whoami"]).expect(0).out.starts_with(&format!("root, administrator at {url}\n")));
    // What a terminal holds makes no further tokens, unless it was given that right.
    assert!(answer(&["token", "create", "more"]).expect(2).err.contains("scope admin"));
    let scopes = json!({ "name": "all", "scopes": ["read", "write", "admin"] }).to_string();
    let all =
        http.send("POST", "/api/v1/tokens", &signed_in, &scopes).json()["token"].as_str().unwrap().to_owned();
    let with_all = |words: &[&str]| Answer::from(types(words).env("PARAMO_TOKEN", &all).output().unwrap());
    let token = with_all(&["token", "create", "nightly", "--scope", "read"]).expect(0).out.trim().to_owned();
    assert!(token.starts_with("prm_"), "{token}");
    let listed = with_all(&["token", "list"]).expect(0).out;
    assert!(listed.contains("nightly") && !listed.contains(&token), "{listed}");
    let by = |words: &[&str]| {
        let mut command = types(words);
        command.env("PARAMO_SERVER", &url).env("PARAMO_TOKEN", &token);
        Answer::from(command.output().unwrap())
    };
    by(&["list"]).expect(0);
    let refused = by(&["sweep", "-p", "x=1", "--", "true"]);
    assert_eq!(refused.code, Some(2), "it may only read: {refused:?}");
    with_all(&["token", "revoke", "nightly"]).expect(0);

    let own = with_all(&["token", "worker", "big"]).expect(0).out.trim().to_owned();
    with_all(&["token", "worker", "big"]).expect(0);
    let listed = with_all(&["token", "list", "--workers"]).expect(0).out;
    assert!(listed.lines().count() == 3 && listed.contains(" big ") && !listed.contains(&own), "{listed}");
    let refused = with_all(&["token", "revoke", "--worker", "big"]).expect(2);
    assert!(refused.err.contains("several tokens are called big"), "{}", refused.err);
    let first = with_all(&["token", "list", "--workers", "--json"]).expect(0).json()[0]["id"].to_string();
    with_all(&["token", "revoke", "--worker", &first]).expect(0);
    with_all(&["token", "revoke", "--worker", "big"]).expect(0);
    let none = with_all(&["token", "revoke", "--worker", "big"]).expect(2);
    assert!(none.err.contains("there is no token big; `paramo token list --workers`"), "{}", none.err);
    assert!(by(&["list"]).expect(2).err.contains("paramo login"));
    let _ = server.kill();
    let _ = server.wait();
}
