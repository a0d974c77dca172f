//! Studies on a real Slurm: workers in allocations that come and go with the work.

use paramo_tests::engines::Ground;
use paramo_tests::gridengine::GridEngine;
use paramo_tests::slurm::Slurm;
use paramo_tests::workers::{Hub, begun, squares};
use paramo_tests::{Answer, Desk, until};

use crate::sites::ways;

/// `sites.toml` with a site for each way to a cluster, each with one pool.
fn describe(desk: &Desk, slurm: &Slurm, pool: &str) {
    let mut text = String::new();
    for (name, access) in ways(slurm) {
        let directory = desk.path().join(format!("site-{name}"));
        // Behind SSH workers come back through the login node.
        let relayed = access.contains("host = ");
        let access = access.replace("{ host = ", "{ inside = \"127.0.0.1\", host = ");
        let back = if relayed { "" } else { "back = \"127.0.0.1\"\n" };
        text += &format!(
            "[sites.{name}]\nkind = \"slurm\"\n{access}\ndirectory = \"{}\"\n{back}[sites.{name}.pools.main]\n{pool}\n",
            directory.display()
        );
    }
    desk.file("sites.toml", text);
}

#[track_caller]
fn done(desk: &Desk, slurm: &Slurm, words: &[&str]) -> Answer {
    Answer::from(slurm.paramo(desk, words).output().unwrap()).expect(0)
}

fn table(desk: &Desk, store: &str, name: &str) -> String {
    desk.paramo(&[
        "--store",
        store,
        "export",
        name,
        "--columns",
        "index,k1,k2,seed,occupied_fraction,protein_mean",
    ])
    .expect(0)
    .out
}

#[test]
fn a_sweep_of_hes1_gives_the_table_of_a_local_run_at_every_kind_of_site() {
    let slurm = Slurm::start("pools");
    let desk = Desk::new();
    let study = format!(
        "name = \"hes1\"\n[application]\ncommand = [\"{}\", \"--k1\", \"{{k1}}\", \"--k2\", \"{{k2}}\", \"--seed\", \"{{seed}}\", \"--time\", \"3000\", \"--warmup\", \"100\"]\n\
         [application.outputs]\noccupied_fraction = {{ json = \"occupied_fraction\" }}\nprotein_mean = {{ json = \"protein_mean\" }}\n\
         [space]\nk1 = {{ from = 1e8, to = 2e9, count = 2 }}\nk2 = {{ from = 1e-2, to = 2e-1, count = 2 }}\nseed = {{ replicate = 2 }}\n",
        paramo_tests::binary("hes1").display()
    );
    desk.file("study.toml", study);
    describe(&desk, &slurm, "maximum = 2\ncpus = 2\nmemory = \"200 MiB\"\nwalltime = \"5 min\"");
    done(&desk, &slurm, &["--store", "local", "run", "study.toml", "--quiet"]);
    let local = table(&desk, "local", "hes1");
    assert_eq!(local.lines().count(), 9, "{local}");
    // A machine without an engine as well; Grid Engine has a test of its own, as it has its own rig.
    let ways = ways(&slurm);
    let (_, access) = ways.iter().find(|(name, _)| *name == "ssh").unwrap();
    let access = access.replace("{ host = ", "{ inside = \"127.0.0.1\", host = ");
    let alone = format!(
        "[sites.alone]\nkind = \"local-ssh\"\n{access}\ndirectory = \"{}\"\n[sites.alone.pools.main]\nmaximum = 1\ncpus = 2\nwalltime = \"5 min\"\n",
        desk.path().join("site-alone").display()
    );
    desk.file("sites.toml", desk.read("sites.toml") + &alone);
    for site in ways.iter().map(|(name, _)| *name).chain(["alone"]) {
        done(&desk, &slurm, &["--store", site, "run", "study.toml", "--site", site, "--quiet"]);
        assert_eq!(table(&desk, site, "hes1"), local, "{site}");
        let status = desk.paramo(&["--store", site, "pool", "status", site, "--json"]).expect(0);
        let pool: serde_json::Value = serde_json::from_str(&status.out).unwrap();
        assert_eq!(pool["allocations"][0]["state"], "ended", "{pool}");
        let left = desk.path().join(format!("site-{site}/allocations"));
        let tokens = left.read_dir().unwrap().filter(|it| it.as_ref().unwrap().path().join("token").exists());
        assert_eq!(tokens.count(), 0, "a token goes with its allocation");
    }
    until("there are jobs left", || slurm.jobs().is_empty());

    // And with accounting, which knows how jobs ended.
    let slurm = Slurm::start("accounting");
    describe(&desk, &slurm, "maximum = 2\ncpus = 2\nmemory = \"200 MiB\"\nwalltime = \"5 min\"");
    done(&desk, &slurm, &["--store", "accounted", "run", "study.toml", "--site", "here", "--quiet"]);
    assert_eq!(table(&desk, "accounted", "hes1"), local);
}

#[test]
fn a_study_goes_on_after_scancel_and_after_its_engine_was_killed() {
    let slurm = Slurm::start("killed");
    let desk = Desk::new();
    describe(&desk, &slurm, "maximum = 2\ncpus = 2\nwalltime = \"5 min\"");
    desk.file("study.toml", squares(&desk, "squares", 40, "0.5"));
    let run = ["run", "study.toml", "--site", "here", "--json"];
    let mut first = slurm.paramo(&desk, &run).stdout(std::process::Stdio::null()).spawn().unwrap();
    let count = || (0..40).map(|index| begun(desk.path(), index)).sum::<usize>();
    until("nothing begins", || count() >= 4);

    // Somebody else ends a job, in the middle of its runs.
    let ended = slurm.jobs().pop().unwrap();
    slurm.type_in(&["scancel", &ended]);
    until("nothing takes its place", || slurm.jobs().iter().any(|job| *job != ended) && count() >= 10);

    // The engine dies; what runs in the allocations goes on, and is handed in to the next one.
    first.kill().unwrap();
    first.wait().unwrap();
    let before = count();
    until("the workers do not go on by themselves", || count() > before);
    done(&desk, &slurm, &run);
    let rows = desk.paramo(&["export", "squares", "--columns", "index,square"]).expect(0).out;
    for (index, row) in rows.lines().skip(1).enumerate() {
        assert_eq!(row, format!("{index},{}", index * index));
    }
    assert_eq!(rows.lines().count(), 41);
    // A job that was cancelled costs what it held, once.
    assert!(count() <= 40 + 4, "{} runs began", count());
    until("there are jobs left", || slurm.jobs().is_empty());
}

#[test]
fn a_study_runs_here_and_there_and_what_fits_nowhere_is_said() {
    let slurm = Slurm::start("shared");
    let desk = Desk::new();
    describe(&desk, &slurm, "maximum = 1\ncpus = 1\nwalltime = \"5 min\"");
    desk.file("study.toml", squares(&desk, "squares", 60, "0.2"));
    done(&desk, &slurm, &["run", "study.toml", "--site", "here,local", "-q", "--cpus", "1"]);
    let workers = desk.paramo(&["export", "squares", "--columns", "index,worker"]).expect(0).out;
    let of = |worker: &str| workers.lines().filter(|line| line.ends_with(worker)).count();
    assert!(of(",0") > 5 && of(",1") > 5, "{workers}");

    let wide = squares(&desk, "wide", 3, "0") + "[application.resources]\ncpus = 3\n";
    desk.file("wide.toml", wide);
    let refused = |words: &[&str], what: &str| {
        let answer = Answer::from(slurm.paramo(&desk, words).output().unwrap());
        assert!(answer.code != Some(0) && answer.err.contains(what), "{words:?}: {}", answer.err);
    };
    refused(&["run", "wide.toml", "--site", "here"], "needs more than an allocation of any pool of here has");
    refused(&["run", "wide.toml", "--site", "mars"], "there is no site `mars`; the sites are: local, here");
    let site = |study: &str| desk.paramo(&["status", study, "--json"]).expect(0).json()[0]["site"].clone();
    assert_eq!(site("wide"), "here");
    refused(&["run", "wide", "--site", "mars"], "there is no site `mars`; the sites are: local, here");
    assert_eq!(site("wide"), "here", "what is refused changes nothing");
    desk.file("other.toml", squares(&desk, "other", 3, "0"));
    refused(&["run", "other.toml", "--site", "mars"], "there is no site `mars`");
    assert!(!desk.paramo(&["list"]).expect(0).out.contains("other"), "it could run nowhere");
    refused(&["run", "wide.toml", "--site", "auto,here"], "stands for every site");
}

/// The table of `squares`, whole.
#[track_caller]
fn all_squares(desk: &Desk, points: usize) {
    let rows = desk.paramo(&["export", "squares", "--columns", "index,square"]).expect(0).out;
    let expected = (0..points).map(|index| format!("{index},{}\n", index * index)).collect::<String>();
    assert_eq!(rows, format!("index,square\n{expected}"));
}

#[test]
fn a_study_outlives_the_controller_and_a_node() {
    let slurm = Slurm::start("faults");
    let desk = Desk::new();
    describe(&desk, &slurm, "maximum = 2\ncpus = 4\nwalltime = \"5 min\"");
    // Long enough that the controller is asked for the allocation while it works: that is every 15 s.
    desk.file("study.toml", squares(&desk, "squares", 200, "0.7"));
    let run = slurm.paramo(&desk, &["run", "study.toml", "--site", "here"]);
    let mut run = { run }.stderr(std::fs::File::create(desk.path().join("said")).unwrap()).spawn().unwrap();
    let count = || (0..200).map(|index| begun(desk.path(), index)).sum::<usize>();
    until("nothing begins", || count() >= 6);

    slurm.down("controller");
    let before = count();
    until("the runs wait for the controller", || count() >= before + 8);
    until("nobody says that the controller is away", || {
        desk.read("said").contains("here does not answer, and is asked again")
    });
    slurm.up("controller");
    until("nobody says that it is back", || desk.read("said").contains("here answers again"));

    // An administrator takes the node on which it runs.
    let node = slurm.type_in(&["squeue", "-h", "-t", "running", "-o", "%N"]);
    let node = node.lines().next().unwrap().to_owned();
    slurm.type_in(&["scontrol", "update", &format!("nodename={node}"), "state=down", "reason=test"]);
    let status = run.wait().unwrap();
    assert_eq!(status.code(), Some(0), "{}", desk.read("said"));
    all_squares(&desk, 200);
    assert!(count() <= 200 + 8, "{} runs began: only those of the node were made again", count());
    until("there are jobs left", || slurm.jobs().is_empty());
}

#[test]
fn a_server_keeps_pools_and_says_what_is_waited_for() {
    let slurm = Slurm::start("server");
    let desk = Desk::new();
    describe(&desk, &slurm, "maximum = 1\ncpus = 2\nwalltime = \"5 min\"\nidle = \"1 s\"");
    slurm.type_in(&["scontrol", "update", "nodename=node[1-4]", "state=drain", "reason=test"]);
    let conf = slurm.conf();
    let variables = [("SLURM_CONF", conf.to_str().unwrap())];
    let mut hub = Hub::start_with(&desk, "60 s", &variables);
    let body = serde_json::json!({ "file": squares(&desk, "squares", 20, "0.3"), "directory": desk.path(), "site": "here" });
    assert_eq!(hub.http.post("/api/v1/studies", &body).status, 201);
    let sites = hub.http.get("/api/v1/sites").json();
    assert!(sites.as_array().unwrap().iter().any(|site| site["name"] == "jump"), "{sites}");
    let why = || hub.http.get("/api/v1/studies/squares/why").json();
    until("nobody says what is waited for", || {
        why()["what"].as_str().is_some_and(|what| what.contains("is waiting ("))
    });
    assert_eq!(why()["code"], "no-worker", "{}", why());
    let pool = || {
        let pools = hub.http.get("/api/v1/pools").json();
        pools.as_array().unwrap().iter().find(|pool| pool["site"] == "here").cloned().unwrap()
    };
    assert_eq!(pool()["allocations"].as_array().map(Vec::len), Some(1), "{}", pool());
    let refused = hub.http.post(
        "/api/v1/studies",
        &serde_json::json!({ "file": squares(&desk, "mars", 2, "0") + "[run]\nsite = \"mars\"\n", "directory": desk.path() }),
    );
    assert!(refused.text().contains("there is no site `mars`"), "{}", refused.text());

    // The one that waits is known to the next server.
    let job = pool()["allocations"][0]["job"].clone();
    hub.kill();
    slurm.type_in(&["scontrol", "update", "nodename=node[1-4]", "state=resume"]);
    let again = hub.again(&desk, "60 s", &variables);
    again.finished("squares");
    let pools = again.http.get("/api/v1/pools").json();
    let here = pools.as_array().unwrap().iter().find(|pool| pool["site"] == "here").cloned().unwrap();
    assert_eq!(here["allocations"][0]["job"], job, "{here}");
    all_squares(&desk, 20);
    until("the idle one does not end", || slurm.jobs().is_empty());
}

#[test]
fn a_server_that_comes_back_keeps_an_allocation_that_began_long_ago() {
    let slurm = Slurm::start("long");
    let ground = Ground::directory("long");
    let desk = &ground.desk;
    describe(desk, &slurm, "maximum = 1\ncpus = 2\nwalltime = \"3 h\"");
    let conf = slurm.conf();
    let variables = [("SLURM_CONF", conf.to_str().unwrap())];
    let mut hub = Hub::start_with(desk, "60 s", &variables);
    let body = serde_json::json!({ "file": squares(desk, "squares", 60, "0.3"), "directory": desk.path(), "site": "here" });
    assert_eq!(hub.http.post("/api/v1/studies", &body).status, 201);
    let count = || (0..60).map(|index| begun(desk.path(), index)).sum::<usize>();
    until("no run begins", || count() > 2);
    hub.kill();

    // As an hour later, or with a clock that is an hour ahead.
    ground.sql("UPDATE allocations SET asked = asked - 3600000000, began = began - 3600000000");
    let again = hub.again(desk, "60 s", &variables);
    again.finished("squares");
    all_squares(desk, 60);
    let pools = again.http.get("/api/v1/pools").json();
    let here = pools.as_array().unwrap().iter().find(|pool| pool["site"] == "here").unwrap();
    assert_eq!(here["allocations"].as_array().map(Vec::len), Some(1), "{here}");
    assert_eq!(here["allocations"][0]["state"], "running", "{here}");
    assert_eq!(count(), 60, "runs were made twice");
}

#[test]
fn a_pool_is_drained_by_its_maximum_or_by_taking_it_out() {
    let slurm = Slurm::start("drain");
    let desk = Desk::new();
    let describe = |pools: &str| {
        desk.file(
            "sites.toml",
            format!(
                "[sites.here]\nkind = \"slurm\"\ndirectory = \"{}\"\nback = \"127.0.0.1\"\n{pools}",
                desk.path().join("site").display()
            ),
        );
    };
    let pool = |name: &str, least: u32, most: u32| {
        format!(
            "[sites.here.pools.{name}]\nminimum = {least}\nmaximum = {most}\ncpus = 1\nwalltime = \"5 min\"\n"
        )
    };
    describe(&(pool("one", 1, 1) + &pool("two", 1, 1)));
    let conf = slurm.conf();
    let variables = [("SLURM_CONF", conf.to_str().unwrap())];
    let mut hub = Hub::start_with(&desk, "60 s", &variables);
    let running = |hub: &Hub| {
        let pools = hub.http.get("/api/v1/pools").json();
        pools.as_array().unwrap().iter().map(|pool| pool["workers"].as_u64().unwrap()).sum::<u64>()
    };
    until("the workers do not come", || running(&hub) == 2);
    let body = serde_json::json!({ "file": squares(&desk, "squares", 30, "0.3"), "directory": desk.path(), "site": "here" });
    assert_eq!(hub.http.post("/api/v1/studies", &body).status, 201);
    let count = || (0..30).map(|index| begun(desk.path(), index)).sum::<usize>();
    until("no run begins", || count() > 0);
    hub.kill();

    // One is drained by its maximum, the other by not being there any more; both still have runs in the middle.
    describe(&pool("one", 0, 0));
    let again = hub.again(&desk, "60 s", &variables);
    until("drained allocations do not end", || slurm.jobs().is_empty());
    let why = || again.http.get("/api/v1/studies/squares/why").json();
    until("nobody says that the pool is drained", || {
        why()["what"].as_str().is_some_and(|what| what.contains("being drained"))
    });
    drop(again);

    // What they have handed back is made by another.
    describe(&pool("three", 0, 1));
    let last = hub.again(&desk, "60 s", &variables);
    // It waits for workers that the server before may not have known to be gone.
    let before = last.done("squares");
    until("nothing is made by another", || last.done("squares") > before);
    last.finished("squares");
    all_squares(&desk, 30);
}

#[test]
fn two_commands_with_one_store_keep_to_their_own_allocations() {
    let slurm = Slurm::start("two");
    let desk = Desk::new();
    describe(&desk, &slurm, "maximum = 2\ncpus = 2\nwalltime = \"5 min\"");
    let start = |name: &str, points: u64, seconds: &str| {
        desk.file(&format!("{name}.toml"), squares(&desk, name, points, seconds));
        let mut command = slurm.paramo(&desk, &["run", &format!("{name}.toml"), "--site", "here"]);
        command
            .stderr(std::fs::File::create(desk.path().join(format!("{name}.err"))).unwrap())
            .spawn()
            .unwrap()
    };
    let table = |name: &str, points: usize| {
        let rows = desk.paramo(&["export", name, "--columns", "index,square"]).expect(0).out;
        let expected = (0..points).map(|index| format!("{index},{}\n", index * index)).collect::<String>();
        assert_eq!(rows, format!("index,square\n{expected}"), "{name}");
    };
    let count = || (0..40).map(|index| begun(desk.path(), index)).sum::<usize>();
    let mut first = start("first", 40, "0.5");
    until("the first does not begin", || count() > 2);
    let one = slurm.jobs();
    let mut second = start("second", 8, "0.2");
    assert!(second.wait().unwrap().success(), "{}", desk.read("second.err"));
    table("second", 8);
    // The second has ended what it asked for, and that alone.
    assert!(first.try_wait().unwrap().is_none(), "the first was to go on: {}", desk.read("first.err"));
    assert!(one.iter().all(|job| slurm.jobs().contains(job)), "{one:?}: {}", desk.read("first.err"));

    // What is left of one that is killed is taken over, and ended, by the next.
    first.kill().unwrap();
    first.wait().unwrap();
    let mut third = start("third", 4, "0.1");
    assert!(third.wait().unwrap().success(), "{}", desk.read("third.err"));
    table("third", 4);
    until("nobody ends what was left", || slurm.jobs().is_empty());
    let status = desk.paramo(&["pool", "status", "here", "--json"]).expect(0);
    let pool: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    let open = pool["allocations"].as_array().unwrap().iter().filter(|it| it["state"] != "ended");
    assert_eq!(open.count(), 0, "{pool}");
    done(&desk, &slurm, &["run", "first", "--site", "here", "-q"]);
    table("first", 40);
}

#[test]
fn two_commands_at_once_keep_to_the_maximum_together() {
    let slurm = Slurm::start("most");
    let desk = Desk::new();
    describe(&desk, &slurm, "maximum = 1\ncpus = 2\nwalltime = \"5 min\"");
    let names = ["left", "right"];
    for name in names {
        desk.file(&format!("{name}.toml"), squares(&desk, name, 8, "0.2"));
    }
    let mut both = names.map(|name| {
        slurm.paramo(&desk, &["run", &format!("{name}.toml"), "--site", "here", "-q"]).spawn().unwrap()
    });
    let mut most = 0;
    until("they do not end", || {
        most = most.max(slurm.jobs().len());
        both.iter_mut().all(|it| it.try_wait().unwrap().is_some())
    });
    assert_eq!(most, 1, "jobs at once");
    for (name, it) in names.iter().zip(&mut both) {
        assert!(it.wait().unwrap().success(), "{name}");
    }
}

#[test]
fn grid_engine_gives_the_table_of_a_local_run() {
    let engine = GridEngine::start();
    let desk = Desk::new();
    desk.file(
        "sites.toml",
        format!(
            "[sites.ge]\nkind = \"gridengine\"\ndirectory = \"{}\"\nback = \"127.0.0.1\"\n[sites.ge.pools.main]\nmaximum = 1\ncpus = 2\nwalltime = \"5 min\"\n",
            desk.path().join("site").display()
        ),
    );
    desk.file("study.toml", squares(&desk, "squares", 20, "0.1"));
    let mut command = desk.command(&["run", "study.toml", "--site", "ge", "-q"]);
    command.envs(engine.environment.iter().map(|(name, value)| (name, value)));
    Answer::from(command.output().unwrap()).expect(0);
    all_squares(&desk, 20);
}
