//! Workers that cannot reach their server straight: through a login node, by a real SSH server, and through an HTTP proxy. The server has
//! a certificate of its own for a name that leads nowhere, so whoever gets to it was led.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use paramo_server::OwnCertificate;
use paramo_sites::{Connection, Relay, read_site};
use paramo_tests::group::Group;
use paramo_tests::proxy::Proxy;
use paramo_tests::slurm::Slurm;
use paramo_tests::workers::{Far, begun, squares};
use paramo_tests::{Answer, Desk, binary, until};

use crate::sites::{described, ways};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const NAME: &str = "lab.invalid";

/// A server without workers of its own, that somebody is logged in at.
struct Server {
    desk: Desk,
    group: Group,
    certificate: PathBuf,
}

impl Server {
    fn start() -> Server {
        let desk = Desk::new();
        let names = ["127.0.0.1", NAME].map(str::to_owned);
        let own = OwnCertificate::at(desk.path(), &names).unwrap();
        let certificate = own.tls().certificate.clone();
        desk.file(
            "server.toml",
            "tls = { certificate = \"own-certificate.pem\", key = \"own-certificate.key\" }\n[workers]\nheartbeat = \"200 ms\"\ngrace = \"60 s\"\n",
        );
        desk.file("owner", TOKEN);
        let words = ["--config", "server.toml", "--token-file", "owner", "--workers", "0"];
        let group = Group::start(&desk, &words);
        let server = Server { desk, group, certificate };
        let mut login = server.command(&["login", "--with-token"]);
        let mut login =
            login.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        login.stdin.take().unwrap().write_all(TOKEN.as_bytes()).unwrap();
        assert!(login.wait().unwrap().success());
        let token = server.types(&["token", "worker", "test"]).expect(0).out;
        server.desk.file("token", token.trim());
        server
    }

    /// Somebody types on the server's own machine.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.desk.command(words);
        command.env("PARAMO_SERVER", format!("https://{}", self.group.http.address));
        command.env("XDG_CONFIG_HOME", self.desk.path()).env("PARAMO_CA_FILE", &self.certificate);
        command
    }

    #[track_caller]
    fn types(&self, words: &[&str]) -> Answer {
        Answer::from(self.command(words).output().unwrap())
    }

    fn port(&self) -> u16 {
        self.group.http.address.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// The server by the name that leads nowhere.
    fn named(&self) -> String {
        format!("https://{NAME}:{}", self.port())
    }

    /// A worker that is told the server's name, with a file of authorities.
    fn worker(&self, name: &str, authority: &Path, more: &[&str]) -> Command {
        let scratch = format!(".scratch-{name}");
        let server = self.named();
        let mut words = vec!["worker", "--server", &server, "--token-file", "token", "--name", name];
        words.extend(["--json", "--cpus", "2", "--scratch", &scratch, "--ca-file"]);
        words.push(authority.to_str().unwrap());
        words.extend(more);
        let mut command = self.desk.command(&words);
        for name in ["https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"] {
            command.env_remove(name);
        }
        command
    }

    /// The study has ended, with every run in it and each made once.
    #[track_caller]
    fn whole(&self, name: &str, points: u64) {
        until(&format!("{name} does not end"), || {
            self.types(&["status", name, "--json"]).out.contains("\"finished\"")
        });
        let table = self.types(&["export", name, "--columns", "x,square"]).expect(0).out;
        let expected: String = (0..points).map(|x| format!("{x},{}\n", x * x)).collect();
        assert_eq!(table, format!("x,square\n{expected}"));
        for index in 0..points {
            assert_eq!(begun(self.desk.path(), index), 1, "run {index}");
        }
    }

    fn begun(&self, points: u64) -> usize {
        (0..points).map(|index| begun(self.desk.path(), index)).sum()
    }
}

/// The process of OpenSSH that carries a socket: it is ours, and names it.
fn carrier(socket: &str) -> u32 {
    let own = std::process::id().to_string();
    let is_it = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let words = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)) == Some(&own)
            && words.contains(&format!("{socket}:127.0.0.1"))
    };
    let all = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    all.filter(is_it).collect::<Vec<u32>>()[0]
}

#[test]
fn a_study_is_made_through_the_login_node_and_outlives_its_connection() {
    let slurm = Slurm::start("shared");
    let server = Server::start();
    let desk = &server.desk;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // First by a jump host, then straight.
    let relay = |way: usize| -> Relay {
        let (name, access) = &ways(&slurm)[way];
        assert_eq!(*name, ["", "ssh", "jump"][way]);
        let access = access.replace(" }", ", inside = \"127.0.0.1\" }");
        let site =
            Connection::to(read_site(&desk.file("site.toml", described(desk, &access))).unwrap()).unwrap();
        let program = binary("paramo");
        runtime.block_on(site.relay(program.to_str().unwrap(), "lab", server.port())).unwrap()
    };
    let mut first = relay(2);
    let (file, address) = (first.file.clone(), first.address.clone());
    assert_eq!(desk.read("site/relay/lab.address"), format!("{address}\n"));

    // Who trusts somebody else does not get in, and hears why.
    let other = desk.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let other = OwnCertificate::at(&other, &[NAME.to_owned()]).unwrap();
    let misled = server.worker("misled", &other.tls().certificate, &["--via", &address]);
    let refused = Far::spawn(desk, "misled", misled).end().expect(4);
    assert!(refused.err.contains("not trusted here") && refused.err.contains("--ca-file"), "{}", refused.err);
    assert!(refused.err.contains(&format!("through the relay at {address}")), "{}", refused.err);

    // A proxy that leads nowhere is not asked.
    let mut worker = server.worker("far", &server.certificate, &["--via-file", &file]);
    worker.env("https_proxy", "http://127.0.0.1:1");
    let far = Far::spawn(desk, "far", worker);
    desk.file("squares.toml", squares(desk, "squares", 40, "0.1"));
    server.types(&["run", "squares.toml", "--detach"]).expect(0);
    until("nothing begins", || server.begun(40) >= 6);
    assert_eq!(far.events(desk)[0], "notice", "the proxy is passed over, and that is said");

    let socket = desk.path().join("site/relay/lab.sock");
    let pid = rustix::process::Pid::from_raw(carrier(socket.to_str().unwrap()) as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    assert!(runtime.block_on(first.ended()).contains("by a signal"));
    until("the relay does not end", || !Path::new(&file).exists() && !socket.exists());
    until("the worker does not know", || far.events(desk).iter().any(|event| event == "lost"));
    // Its place is taken, so that the next one is elsewhere.
    let mut taken = None;
    until("the port is not free", || {
        taken = TcpListener::bind(&address).ok();
        taken.is_some()
    });
    let second = relay(1);
    assert_ne!(second.address, address);
    server.whole("squares", 40);
    assert_eq!(far.events(desk).iter().filter(|event| *event == "connected").count(), 2);

    drop(second);
    until("the relay does not end", || !Path::new(&file).exists() && !socket.exists());
}

#[test]
fn what_is_in_the_way_of_a_relay_is_said() {
    let slurm = Slurm::start("shared");
    let desk = Desk::new();
    let (_, access) = &ways(&slurm)[1];
    let site = Connection::to(read_site(&desk.file("site.toml", described(&desk, access))).unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // A directory is in the place of the socket.
    desk.file("site/relay/lab.sock/file", "");
    let wrong = runtime.block_on(site.relay("paramo", "lab", 1)).err().unwrap();
    assert!(!wrong.is_passing() && wrong.to_string().contains("lab.sock"), "{wrong}");
    let wrong = runtime.block_on(site.relay("/nowhere/paramo", "two", 1)).err().unwrap();
    assert!(!wrong.is_passing() && wrong.to_string().contains("/nowhere/paramo"), "{wrong}");
    assert!(runtime.block_on(site.relay("true", "three", 1)).is_err(), "it says no address");
}

#[test]
fn a_worker_goes_through_a_proxy_with_tls_and_says_what_the_proxy_answers() {
    let server = Server::start();
    let desk = &server.desk;
    let place = format!("{NAME}:{}", server.port());
    let proxy = Proxy::start(&place, &server.group.http.address);
    let through = |name: &str, proxy: &Proxy| {
        let mut command = server.worker(name, &server.certificate, &[]);
        command.env("https_proxy", format!("http://{}", proxy.address));
        Far::spawn(desk, name, command)
    };
    let strict = Proxy::start("elsewhere:1", "127.0.0.1:1");
    let stays_out = through("out", &strict);
    let said = || desk.read("out.jsonl");
    until("it says nothing", || said().contains("403 Forbidden"));
    assert!(stays_out.events(desk)[0] == "away" && said().contains("the proxy answers"), "{}", said());
    let _far = through("far", &proxy);
    desk.file("squares.toml", squares(desk, "squares", 6, "0.01"));
    server.types(&["run", "squares.toml", "--detach"]).expect(0);
    server.whole("squares", 6);
    assert_eq!(proxy.asked(), [place]);
}

#[test]
fn what_does_not_go_with_a_relay_is_refused_at_once() {
    let desk = Desk::new();
    desk.file("token", "prw_00000000000000000000000000000000");
    let worker = |server: &str, more: &[&str]| {
        let words = [&["worker", "--server", server, "--token-file", "token"], more].concat();
        desk.paramo(&words).expect(2).err
    };
    let plain = worker("http://lab.invalid", &["--via", "login1:4711"]);
    assert!(plain.contains("expected a server with TLS"), "{plain}");
    let wrong = worker("https://lab.invalid", &["--via", "login1"]);
    assert!(wrong.contains("expected HOST:PORT"), "{wrong}");
    let both = worker("https://lab.invalid", &["--via", "login1:4711", "--via-file", "f"]);
    assert!(both.contains("cannot be used with"), "{both}");
    let lost = desk.paramo(&["relay", "--to", "none.sock", "--listen", "127.0.0.1:0", "--address-file", "f"]);
    let lost = lost.expect(4).err;
    assert!(lost.contains("cannot find the socket none.sock"), "{lost}");
}
