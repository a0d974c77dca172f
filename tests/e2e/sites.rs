//! `paramo site` on a real Slurm: on this host, over SSH with and without a jump host, and by slurmrestd.

use paramo_tests::Desk;
use paramo_tests::slurm::Slurm;

/// A way to the shared cluster, and the lines of `sites.toml` that say it.
pub fn ways(slurm: &Slurm) -> Vec<(&'static str, String)> {
    let word = |path: &str| slurm.word(path).to_owned();
    let port = &slurm.report["ssh"]["port"];
    let ssh = format!(
        "access = {{ host = \"127.0.0.1\", port = {port}, user = \"{}\", key = \"{}\", known_hosts = \"{}\" }}",
        word("/ssh/user"),
        word("/ssh/key"),
        word("/ssh/known_hosts")
    );
    let jump =
        format!("access = {{ host = \"{}\", config = \"{}\" }}", word("/ssh/alias"), word("/ssh/config"));
    let rest = format!(
        "access = {{ url = \"{}\", user = \"{}\", token_command = \"scontrol token lifespan=60\" }}",
        word("/rest/url"),
        word("/rest/user")
    );
    vec![("here", String::new()), ("ssh", ssh), ("jump", jump), ("rest", rest)]
}

/// A description of the cluster, whose directory is on the desk.
pub fn described(desk: &Desk, access: &str) -> String {
    let directory = desk.path().join("site");
    format!("kind = \"slurm\"\n{access}\ndirectory = \"{}\"\n", directory.display())
}

#[test]
fn a_site_is_tried_in_every_way() {
    let slurm = Slurm::start("shared");
    let desk = Desk::new();
    let mut text = String::new();
    for (name, access) in ways(&slurm) {
        text += &format!("[sites.{name}]\n{}", described(&desk, &access));
    }
    desk.file("sites.toml", text);
    for (name, _) in ways(&slurm) {
        let back = format!("127.0.0.1:{}", slurm.report["ssh"]["port"]);
        let mut command = desk.command(&["site", "test", name, "--json", "--back", &back]);
        // Over SSH the login there knows where Slurm is.
        if ["here", "rest"].contains(&name) {
            command.env("SLURM_CONF", slurm.conf());
        }
        let answer = paramo_tests::Answer::from(command.output().unwrap()).expect(0);
        let checks = answer.json();
        let verdict = |what: &str| {
            checks
                .iter()
                .find(|check| check["check"] == what)
                .unwrap_or_else(|| panic!("{name}: no {what} in {}", answer.out))["verdict"]
                .clone()
        };
        for what in ["login", "version", "partition", "directory", "way back"] {
            assert_eq!(verdict(what), "ok", "{name}, {what}: {}", answer.out);
        }
        assert!(answer.out.contains("main: 4 nodes"), "{name}: {}", answer.out);
        match ["ssh", "jump"].contains(&name) {
            true => assert_eq!(verdict("relay"), "ok", "{name}: {}", answer.out),
            false => assert!(!answer.out.contains("relay"), "{name}: {}", answer.out),
        }
    }
    let left = desk.path().join("site/relay").read_dir().map_or(0, Iterator::count);
    assert_eq!(left, 0, "a socket is left");
}

#[test]
fn what_does_not_work_is_said_with_what_to_do() {
    let slurm = Slurm::start("shared");
    let desk = Desk::new();
    let port = &slurm.report["ssh"]["port"];
    let (user, key) = (slurm.word("/ssh/user"), slurm.word("/ssh/key"));
    let ssh =
        |more: &str| format!("access = {{ host = \"127.0.0.1\", port = {port}, user = \"{user}\", {more} }}");
    desk.file("empty", "");
    desk.file("token", "SLURM_JWT=not.a.token\n");
    std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(desk.path().join("other"))
        .status()
        .unwrap();
    let known = slurm.word("/ssh/known_hosts");
    let rest = slurm.word("/rest/url");
    let cases = [
        ("stranger", ssh(&format!("key = \"{key}\", known_hosts = \"empty\"")), "its key is not known here"),
        ("locked", ssh(&format!("key = \"other\", known_hosts = \"{known}\"")), "put your public key into"),
        ("nobody", "access = { host = \"127.0.0.1\", port = 1 }".to_owned(), "nothing listens there"),
        (
            "token",
            format!("access = {{ url = \"{rest}\", user = \"{user}\", token_file = \"token\" }}"),
            "check `url`, `user` and the token",
        ),
        ("none", "".to_owned(), "name another `directory`"),
    ];
    let mut text = String::new();
    for (name, access, _) in &cases {
        text += &format!("[sites.{name}]\n{}", described(&desk, access));
    }
    desk.file("sites.toml", text);
    // A file stands where the directory is to be.
    desk.file("site", "");
    for (name, _, advice) in &cases {
        let answer = desk.command(&["site", "test", name]).env("SLURM_CONF", slurm.conf()).output().unwrap();
        let answer = paramo_tests::Answer::from(answer).expect(4);
        assert!(answer.out.contains(advice), "{name}: {}", answer.out);
        assert!(!answer.out.contains("not.a.token"), "{}", answer.out);
    }
}

#[test]
fn sites_are_added_listed_and_shown() {
    let desk = Desk::new();
    let error = desk.paramo(&["site", "test", "hpc"]).expect(2).err;
    assert!(error.contains("`paramo site add hpc` writes one"), "{error}");
    desk.file("sites.toml", "# mine\n");
    let add =
        ["site", "add", "hpc", "--host", "login.example", "--user", "ada", "--directory", "/scratch/ada"];
    desk.paramo(&add).expect(0);
    let pool = ["--maximum", "4", "--cpus", "8", "--walltime", "2h"];
    desk.paramo(
        &[
            &["site", "add", "here", "--directory", "/shared", "--partition", "main", "--back", "me:1"],
            &pool[..],
        ]
        .concat(),
    )
    .expect(0);
    let made = "# mine\n\n[sites.\"hpc\"]\nkind = \"slurm\"\naccess = { host = \"login.example\", user = \"ada\" }\ndirectory = \"/scratch/ada\"\n\n[sites.\"here\"]\nkind = \"slurm\"\ndirectory = \"/shared\"\nback = \"me:1\"\npartition = \"main\"\n\n[sites.\"here\".pools.main]\nmaximum = 4\ncpus = 8\nwalltime = \"2 h\"\n";
    assert_eq!(desk.read("sites.toml"), made);
    let error = desk.paramo(&add).expect(2).err;
    assert!(error.contains("describes hpc already"), "{error}");
    let error = desk.paramo(&["site", "add", "bad", "--directory", "scratch"]).expect(2).err;
    assert!(error.contains("sites.toml:21:13") && error.contains("an absolute path"), "{error}");
    assert_eq!(desk.read("sites.toml"), made);
    let list = desk.paramo(&["site", "list"]).expect(0).out;
    let rows: Vec<Vec<&str>> = list
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect())
        .collect();
    assert_eq!(rows[0], ["NAME", "KIND", "ACCESS", "POOLS"]);
    assert_eq!(rows[1][..2], ["local", "local"]);
    assert_eq!(rows[2], ["hpc", "slurm", "ssh login.example", "-"]);
    assert_eq!(rows[3], ["here", "slurm", "this host", "main"]);
    let shown = desk.paramo(&["site", "show", "hpc", "--json"]).expect(0).json();
    assert_eq!((&shown[0]["directory"], &shown[0]["user"]), (&"/scratch/ada".into(), &"ada".into()));
    let error = desk.paramo(&["site", "show", "mars"]).expect(2).err;
    assert!(error.contains("there is no site `mars`; the sites are: local, hpc, here"), "{error}");
    desk.file("other.toml", "[sites.x]\nkind = \"slrum\"\ndirectory = \"/d\"\n");
    let error = desk.paramo(&["site", "list", "--sites", "other.toml"]).expect(2).err;
    assert!(error.contains("other.toml:2:8") && error.contains("did you mean `slurm`?"), "{error}");
}
