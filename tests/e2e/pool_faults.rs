//! What may happen to allocations while a study runs in them, on a real Slurm. No finished run is lost or made again, nothing hangs, and
//! people are told how it is.

use std::process::Child;
use std::time::{Duration, Instant};

use paramo_tests::engines::Ground;
use paramo_tests::netns::Netns;
use paramo_tests::slurm::Slurm;
use paramo_tests::workers::{Hub, begun, squares};
use paramo_tests::{Desk, until};
use serde_json::Value;

fn describe(desk: &Desk, site: &str, pool: &str) {
    let directory = desk.path().join("site");
    desk.file(
        "sites.toml",
        format!(
            "[sites.here]\nkind = \"slurm\"\ndirectory = \"{}\"\n{site}\n[sites.here.pools.main]\n{pool}\n",
            directory.display()
        ),
    );
}

/// A study that is made at the site, with what is said of it in the file `said`.
pub fn begin(desk: &Desk, slurm: &Slurm) -> Child {
    let said = std::fs::File::create(desk.path().join("said")).unwrap();
    slurm.paramo(desk, &["run", "study.toml", "--site", "here"]).stderr(said).spawn().unwrap()
}

/// The allocations of `paramo pool status`, the ended ones among them.
fn allocations(desk: &Desk) -> Vec<Value> {
    let text = desk.paramo(&["pool", "status", "here", "--json"]).expect(0).out;
    let pool: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    pool["allocations"].as_array().unwrap().clone()
}

fn all_begun(desk: &Desk, points: u64) -> usize {
    (0..points).map(|index| begun(desk.path(), index)).sum()
}

/// Waits for the end of something that takes longer than most.
#[track_caller]
fn within(seconds: u64, child: &mut Child, said: impl Fn() -> String) {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "it does not end within {seconds} s: {}", said());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The table of `squares`, whole, each run with one attempt that counts.
#[track_caller]
fn whole(desk: &Desk, points: u64) {
    let rows = desk.paramo(&["export", "squares", "--columns", "index,state,square"]).expect(0).out;
    let line = |index| format!("{index},succeeded,{}\n", index * index);
    assert_eq!(rows, format!("index,state,square\n{}", (0..points).map(line).collect::<String>()));
}

#[test]
fn an_allocation_ends_at_its_walltime_in_the_middle_of_runs() {
    let slurm = Slurm::start("walltime");
    let desk = Desk::new();
    describe(&desk, "back = \"127.0.0.1\"", "maximum = 1\ncpus = 2\nwalltime = \"1 min\"");
    // Nobody says how long they take, and the first are no guide: two are in the middle when the first allocation ends.
    desk.file("study.toml", squares(&desk, "squares", 6, "$(( {x} < 2 ? 1 : 30 ))"));
    let mut run = begin(&desk, &slurm);
    within(150, &mut run, || desk.read("said"));
    assert_eq!(run.wait().unwrap().code(), Some(0), "{}", desk.read("said"));
    whole(&desk, 6);
    let begun: Vec<usize> = (0..6).map(|index| begun(desk.path(), index)).collect();
    assert_eq!(begun, [1, 1, 1, 1, 2, 2], "{}", desk.read("said"));
    let ended = allocations(&desk);
    assert_eq!(ended.len(), 2, "{ended:?}");
    assert!(ended.iter().all(|it| it["state"] == "ended"), "{ended:?}");
}

#[test]
fn a_node_whose_slurmd_is_killed_costs_only_what_runs_there() {
    let slurm = Slurm::start("slurmd");
    let desk = Desk::new();
    describe(&desk, "back = \"127.0.0.1\"", "maximum = 1\ncpus = 2\nwalltime = \"5 min\"");
    let go = desk.path().join("go");
    let slow = format!("0.2; [ {{x}} -lt 6 ] || while [ ! -e {} ]; do sleep 0.1; done", go.display());
    desk.file("study.toml", squares(&desk, "squares", 20, &slow));
    let mut run = begin(&desk, &slurm);
    until("the runs do not wait", || all_begun(&desk, 20) == 8);
    let node = slurm.type_in(&["squeue", "-h", "-t", "running", "-o", "%N"]);
    slurm.down(&node);
    // Slurm gives the node up after a while, and its job with it. That the worker is still there, nobody can know in general.
    until("nobody says that the node was lost", || desk.read("said").contains("was lost with its node"));
    std::fs::write(&go, "").unwrap();
    within(60, &mut run, || desk.read("said"));
    assert_eq!(run.wait().unwrap().code(), Some(0), "{}", desk.read("said"));
    whole(&desk, 20);
    let again: Vec<u64> = (0..6).filter(|index| begun(desk.path(), *index) != 1).collect();
    assert!(again.is_empty(), "{again:?} had ended and were made again: {}", desk.read("said"));
    let ended = allocations(&desk);
    assert!(ended.iter().any(|it| it["detail"] == "was lost with its node"), "{ended:?}");
    slurm.up(&node);
    until("there are jobs left", || slurm.jobs().is_empty());
}

/// The batch script begins anew in a namespace, and with it the worker: like a node behind a network of its own.
fn apart(netns: &Netns) -> String {
    format!(
        "back = \"{}\"\nprologue = '[ -n \"$APART\" ] || APART=yes exec ip netns exec {} /bin/bash \"$0\"'",
        netns.here, netns.name
    )
}

/// Pulls the cable between the server and a worker in an allocation, for so long.
fn cut(name: &str, number: u8, time: Duration) {
    let slurm = Slurm::start(name);
    let netns = Netns::new(number);
    let desk = Desk::new();
    describe(&desk, &apart(&netns), "maximum = 1\ncpus = 2\nwalltime = \"20 min\"");
    desk.file("study.toml", squares(&desk, "squares", 40, "0.3"));
    let mut run = begin(&desk, &slurm);
    until("nothing is made", || all_begun(&desk, 40) > 4);
    netns.pull();
    let pulled = Instant::now();
    let before = all_begun(&desk, 40);
    until("the worker does not go on with what it has", || all_begun(&desk, 40) > before);
    while pulled.elapsed() < time {
        assert!(run.try_wait().unwrap().is_none(), "{}", desk.read("said"));
        std::thread::sleep(Duration::from_millis(100));
    }
    netns.plug_in();
    within(120, &mut run, || desk.read("said"));
    assert_eq!(run.wait().unwrap().code(), Some(0), "{}", desk.read("said"));
    whole(&desk, 40);
    let again = all_begun(&desk, 40) - 40;
    // Past the grace what had begun is given to others; there are none here but one that is asked for anew.
    let most = if time < Duration::from_secs(60) { 0 } else { 4 };
    assert!(again <= most, "{again} runs were made again: {}", desk.read("said"));
    until("there are jobs left", || slurm.jobs().is_empty());
}

#[test]
fn a_network_that_is_cut_for_ten_seconds_costs_nothing() {
    cut("cut", 1, Duration::from_secs(10));
}

#[test]
#[ignore = "takes eleven minutes: cargo nextest run --run-ignored only -E 'test(ten_minutes)'"]
fn a_network_that_is_cut_for_ten_minutes_loses_nothing() {
    cut("cutlong", 2, Duration::from_secs(600));
}

#[test]
fn two_servers_by_mistake_keep_to_one_maximum_and_to_their_own() {
    let slurm = Slurm::start("servers");
    let ground = Ground::database("servers");
    let desk = &ground.desk;
    describe(desk, "back = \"127.0.0.1\"", "maximum = 1\ncpus = 2\nwalltime = \"5 min\"\nidle = \"2 s\"");
    let conf = slurm.conf();
    let variables = [("SLURM_CONF", conf.to_str().unwrap())];
    let one = Hub::start_with(desk, "60 s", &variables);
    let two = Hub::start_with(desk, "60 s", &variables);
    for (hub, name) in [(&one, "left"), (&two, "right")] {
        let file = squares(desk, name, 12, "0.2").replace("/begun/", &format!("/begun/{name}-"));
        let body = serde_json::json!({ "file": file, "directory": desk.path(), "site": "here" });
        let made = hub.http.post("/api/v1/studies", &body);
        assert_eq!(made.status, 201, "{}", made.text());
    }
    let mut most = 0;
    let ended = |hub: &Hub, name: &str| hub.study(name)["state"] == "finished";
    let deadline = Instant::now() + Duration::from_secs(90);
    while !(ended(&one, "left") && ended(&two, "right")) {
        most = most.max(slurm.jobs().len());
        assert!(Instant::now() < deadline, "{} {}", one.study("left"), two.study("right"));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(most, 1, "jobs at once");
    for name in ["left", "right"] {
        let count = |index: u64| {
            let file = desk.path().join(format!("begun/{name}-{index}"));
            std::fs::read_to_string(file).map_or(0, |text| text.lines().count())
        };
        assert_eq!((0..12).map(count).collect::<Vec<_>>(), [1; 12], "{name}");
    }
}

#[test]
fn a_full_disk_of_a_node_holds_its_worker_back_and_loses_nothing() {
    let slurm = Slurm::start("disk");
    let desk = Desk::new();
    let small = desk.path().join("small");
    std::fs::create_dir(&small).unwrap();
    // The batch script begins anew where the node's own disk has room for 40 KB; somebody makes more of it later.
    desk.file(
        "prologue.sh",
        format!(
            "if [ -z \"$SMALL\" ]; then\n  export SMALL=yes TMPDIR={}\n  exec unshare --mount /bin/bash -c '. {1}/mount.sh' \"$0\"\nfi\n",
            small.display(),
            desk.path().display()
        ),
    );
    desk.file(
        "mount.sh",
        format!(
            "mount -t tmpfs -o size=2m none \"$TMPDIR\"\nhead -c 2057000 /dev/zero > \"$TMPDIR/ballast\"\n\
             (until [ -e {}/room ]; do sleep 0.1; done; rm \"$TMPDIR/ballast\") &\nexec /bin/bash \"$0\"\n",
            desk.path().display()
        ),
    );
    let site = format!("back = \"127.0.0.1\"\nprologue = \". {}/prologue.sh\"", desk.path().display());
    describe(&desk, &site, "maximum = 1\ncpus = 2\nwalltime = \"5 min\"");
    desk.file("study.toml", squares(&desk, "squares", 12, "0.1"));
    let mut run = begin(&desk, &slurm);
    until("nobody says that the disk is full", || desk.read("said").contains("No space left on device"));
    assert_eq!(all_begun(&desk, 12), 0, "{}", desk.read("said"));
    desk.file("room", "");
    within(90, &mut run, || desk.read("said"));
    assert_eq!(run.wait().unwrap().code(), Some(0), "{}", desk.read("said"));
    whole(&desk, 12);
    assert_eq!(all_begun(&desk, 12), 12, "a run was made again: {}", desk.read("said"));
}

#[test]
fn a_server_that_loses_its_seat_takes_another_and_goes_on() {
    /// The lock of the first seat.
    const SEAT: &str = "5787215964323971073";
    let slurm = Slurm::start("seat");
    let ground = Ground::database("seat");
    let desk = &ground.desk;
    describe(desk, "back = \"127.0.0.1\"", "maximum = 1\ncpus = 2\nwalltime = \"5 min\"");
    let conf = slurm.conf();
    let hub = Hub::start_with(desk, "60 s", &[("SLURM_CONF", conf.to_str().unwrap())]);
    let submit = |name: &str| {
        let file = squares(desk, name, 12, "0.2").replace("/begun/", &format!("/begun/{name}-"));
        let body = serde_json::json!({ "file": file, "directory": desk.path(), "site": "here" });
        assert_eq!(hub.http.post("/api/v1/studies", &body).status, 201);
    };
    let locks = "FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let seat = || ground.ask(&format!("SELECT objid {locks} AND granted"));
    submit("before");
    hub.finished("before");
    assert!(seat().contains("4026531841"), "{}", seat());
    std::thread::scope(|scope| {
        // Somebody else is the first when the connection breaks, and has the seat for a while.
        scope.spawn(|| ground.sql(&format!("SELECT pg_advisory_lock({SEAT}), pg_sleep(12)")));
        until("nobody waits for the seat", || {
            ground.ask(&format!("SELECT count(*) {locks} AND NOT granted")) == "1"
        });
        ground.sql(&format!(
            "SELECT pg_terminate_backend(pid, 5000) {locks} AND granted AND objid = 4026531841"
        ));
        until("the server takes no other seat", || seat().contains("4026531842"));
        submit("after");
        hub.finished("after");
    });
    let count = |name: &str, index: u64| {
        let file = desk.path().join(format!("begun/{name}-{index}"));
        std::fs::read_to_string(file).map_or(0, |text| text.lines().count())
    };
    for name in ["before", "after"] {
        assert_eq!((0..12).map(|index| count(name, index)).collect::<Vec<_>>(), [1; 12], "{name}");
    }
}
