//! Signing in as people of an institution do, against a real provider of OpenID Connect and a real directory, through the binary.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use paramo_tests::engines::Ground;
use paramo_tests::http::{Http, Reply};
use paramo_tests::{Desk, on_both_engines, repository};
use serde_json::{Value, json};

on_both_engines!(
    a_directory_is_reached_through_tls_and_groups_are_found_by_a_search,
    people_come_through_a_provider_with_their_groups,
    a_sign_in_that_was_tampered_with_lets_nobody_in,
    a_provider_that_is_away_keeps_nobody_else_out,
    the_example_of_the_page_works,
    people_come_from_a_directory_with_their_groups
);

/// A program beside the test that has said a line and ends with the test: its standard input ends then.
struct Rig {
    process: Child,
    said: String,
}

impl Rig {
    #[track_caller]
    fn start(command: &mut Command) -> Rig {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; run `scripts/prepare test`"));
        let mut said = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
        if said.is_empty() {
            let mut why = String::new();
            let _ = std::io::Read::read_to_string(&mut process.stderr.take().unwrap(), &mut why);
            panic!("{command:?} has said nothing: {why}");
        }
        Rig { process, said: said.trim().to_owned() }
    }

    /// A provider that sends browsers back to a server; at a port of one's own, or any.
    #[track_caller]
    fn provider(server: &str, port: u16) -> Rig {
        let callback = format!("http://{server}/api/v1/session/oidc/callback");
        let script = repository().join("tests/rigs/oidc/provider.mjs");
        Rig::start(Command::new("node").arg(script).arg(callback).arg(port.to_string()))
    }

    #[track_caller]
    fn directory(words: &[&str]) -> Rig {
        Rig::start(Command::new(repository().join("tests/rigs/ldap")).args(words))
    }

    fn end(mut self) {
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// `paramo server` with a configuration, that ends with the test.
struct Server {
    process: Child,
    /// With the token of an administrator.
    http: Http,
    /// The code of the first administrator.
    welcome: String,
}

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

impl Server {
    #[track_caller]
    fn start(desk: &Desk, address: &str, configuration: &str, variables: &[(&str, &str)]) -> Server {
        desk.file("token", TOKEN);
        desk.file("server.toml", format!("public_url = 'http://{address}'\n{configuration}"));
        let words = [
            "server",
            "--config",
            "server.toml",
            "--token-file",
            "token",
            "--listen",
            address,
            "--cpus",
            "1",
        ];
        let mut command = desk.command(&words);
        let mut process = command
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut link = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut link).unwrap();
        let welcome = link.trim().rsplit_once("/welcome/").map(|(_, code)| code.to_owned());
        let http = Http { address: address.to_owned(), token: TOKEN.to_owned() };
        let Some(welcome) = welcome else {
            let _ = process.kill();
            panic!("no link: {link:?}: {}", std::io::read_to_string(process.stderr.take().unwrap()).unwrap());
        };
        Server { process, http, welcome }
    }

    /// A project `wing`, in which the group `lab` may begin studies.
    #[track_caller]
    fn project_of_a_group(&self) {
        let made = self.http.post("/api/v1/projects", &json!({ "name": "wing", "title": "The wing" }));
        assert_eq!(made.status, 201, "{}", made.text());
        let given = self.http.send(
            "PUT",
            "/api/v1/projects/wing/groups/lab",
            &[("content-type", "application/json")],
            &json!({ "role": "member" }).to_string(),
        );
        assert!(given.status < 300, "{}", given.text());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// What a browser remembers: cookies by the address that set them.
#[derive(Default)]
struct Browser {
    jar: BTreeMap<String, BTreeMap<String, String>>,
}

impl Browser {
    /// One request, with the cookies of its address.
    #[track_caller]
    fn send(&mut self, method: &str, url: &str, kind: &str, body: &str) -> Reply {
        let rest = url.strip_prefix("http://").unwrap_or_else(|| panic!("no address: {url}"));
        let (address, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let jar = self.jar.entry(address.to_owned()).or_default();
        let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let http = Http { address: address.to_owned(), token: String::new() };
        let headers =
            [("cookie", &*cookies.join("; ")), ("content-type", kind), ("sec-fetch-site", "same-origin")];
        let reply = http.send(method, path, &headers, body);
        for (_, cookie) in reply.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match value {
                "" => jar.remove(name),
                value => jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        reply
    }

    #[track_caller]
    fn get(&mut self, url: &str) -> Reply {
        self.send("GET", url, "text/plain", "")
    }

    /// Begins at a server and fills in the provider's forms, as far as the address to go back to.
    #[track_caller]
    fn through_provider(&mut self, server: &str, person: &str) -> String {
        let begin = format!("http://{server}/api/v1/session/oidc?return=/studies/1");
        let mut url = location(&self.get(&begin), &begin);
        loop {
            if url.starts_with(&format!("http://{server}/")) {
                return url;
            }
            let page = self.get(&url);
            if page.status < 400 && page.header("location").is_some() {
                url = location(&page, &url);
                continue;
            }
            let text = page.text();
            let action =
                between(&text, "action=\"", "\"").unwrap_or_else(|| panic!("no form at {url}: {text}"));
            let fields = match between(&text, "name=\"prompt\" value=\"", "\"") {
                Some("login") => format!("prompt=login&login={person}&password=any"),
                Some(prompt) => format!("prompt={prompt}"),
                None => panic!("another form at {url}: {text}"),
            };
            let answer = self.send("POST", action, "application/x-www-form-urlencoded", &fields);
            url = location(&answer, action);
        }
    }

    /// All of it; the path that the browser ends at.
    #[track_caller]
    fn sign_in(&mut self, server: &str, person: &str) -> String {
        let callback = self.through_provider(server, person);
        location(&self.get(&callback), &callback)
    }

    #[track_caller]
    fn password(&mut self, server: &str, name: &str, password: &str) -> Reply {
        let body = json!({ "name": name, "password": password }).to_string();
        self.send("POST", &format!("http://{server}/api/v1/session"), "application/json", &body)
    }

    /// Chooses the first administrator's password.
    #[track_caller]
    fn welcome(&mut self, server: &Server) {
        let url = format!("http://{}/api/v1/welcome/{}", server.http.address, server.welcome);
        let body = json!({ "name": "root", "display_name": "Root", "password": "a long enough one" });
        let reply = self.send("POST", &url, "application/json", &body.to_string());
        assert!(reply.status < 300, "{}", reply.text());
    }

    #[track_caller]
    fn session(&mut self, server: &str) -> Value {
        self.get(&format!("http://{server}/api/v1/session")).json()
    }
}

/// Where an answer leads to.
#[track_caller]
fn location(reply: &Reply, from: &str) -> String {
    let to = reply.header("location").unwrap_or_else(|| panic!("{from}: {}: {}", reply.status, reply.text()));
    match to.starts_with('/') {
        true => from.splitn(4, '/').take(3).collect::<Vec<_>>().join("/") + to,
        false => to.to_owned(),
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &text[text.find(before)? + before.len()..];
    Some(&rest[..rest.find(after)?])
}

/// The role in the project of the group, if the session has one.
fn role(session: &Value) -> Option<&str> {
    let projects = session["projects"].as_array().unwrap();
    projects.iter().find(|project| project["name"] == "wing")?["role"].as_str()
}

fn people_come_through_a_provider_with_their_groups(ground: &Ground) {
    let address = free_address();
    let provider = Rig::provider(&address, 0);
    let desk = &ground.desk;
    desk.file("secret", "not-a-secret\n");
    let configuration = format!(
        "[login.oidc]\nissuer = '{}'\nname = 'The institute'\nclient_id = 'paramo'\nclient_secret_file = 'secret'\n\
         scopes = ['openid', 'profile', 'email', 'groups']\nadministrators = ['admins']\n",
        provider.said
    );
    let server = Server::start(desk, &address, &configuration, &[]);
    server.project_of_a_group();
    let nobody = Browser::default().session(&address);
    assert_eq!((&nobody["user"], &nobody["login"]["oidc"]["name"]), (&Value::Null, &json!("The institute")));

    let mut ben = Browser::default();
    assert_eq!(ben.sign_in(&address, "ben"), format!("http://{address}/studies/1"));
    let session = ben.session(&address);
    let user = json!({
        "name": "ben", "display_name": "Ben Nevis", "email": "ben@lab.example", "administrator": false, "source": "oidc"
    });
    assert_eq!((&session["user"], role(&session)), (&user, Some("member")));
    assert_eq!(ben.get(&format!("http://{address}/api/v1/users")).status, 403);

    let mut ada = Browser::default();
    ada.sign_in(&address, "ada");
    assert_eq!(ada.session(&address)["user"]["administrator"], true);
    let users = ada.get(&format!("http://{address}/api/v1/users")).json();
    let names: Vec<&str> =
        users.as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"ada") && names.contains(&"ben"), "{names:?}");

    let mut cleo = Browser::default();
    cleo.sign_in(&address, "cleo");
    assert_eq!(role(&cleo.session(&address)), None);

    // Who comes again is the same user; who is shut out stays out, however the provider vouches for them.
    ben.sign_in(&address, "ben");
    let users = ada.get(&format!("http://{address}/api/v1/users")).json();
    assert_eq!(users.as_array().unwrap().iter().filter(|user| user["source"] == "oidc").count(), 3);
    let ben_s = format!("http://{address}/api/v1/users/ben");
    let shut = ada.send("PATCH", &ben_s, "application/json", &json!({ "disabled": true }).to_string());
    assert_eq!(shut.status, 200, "{}", shut.text());
    assert_eq!(ben.session(&address)["user"], Value::Null);
    assert!(ben.sign_in(&address, "ben").ends_with("/login?error=refused"));
    assert_eq!(ben.session(&address)["user"], Value::Null);
}

fn a_sign_in_that_was_tampered_with_lets_nobody_in(ground: &Ground) {
    let address = free_address();
    let provider = Rig::provider(&address, 0);
    let desk = &ground.desk;
    let configuration = format!("[login.oidc]\nissuer = '{}'\nclient_id = 'paramo-public'\n", provider.said);
    let server = Server::start(desk, &address, &configuration, &[]);
    let mut browser = Browser::default();
    let callback = browser.through_provider(&address, "ben");
    let state = between(&format!("{callback}&"), "state=", "&").unwrap().to_owned();
    let other_state = callback.replace(&state, &format!("{state}x"));
    let other_code = callback.replace("code=", "code=x");
    let refused = |browser: &mut Browser, url: &str, code: &str| {
        let at = location(&browser.get(url), url);
        assert_eq!(at, format!("http://{address}/login?error={code}"));
        assert_eq!(browser.session(&address)["user"], Value::Null);
    };
    refused(&mut browser, &other_state, "unknown");
    // A link that somebody else sends begins no session in another browser.
    refused(&mut Browser::default(), &callback, "unknown");
    refused(&mut browser, &format!("http://{address}/api/v1/session/oidc/callback"), "unknown");
    // The state is right: this ends the sign-in, though the code is not.
    refused(&mut browser, &other_code, "refused");
    refused(&mut browser, &callback, "unknown");
    let trail = server.http.get("/api/v1/audit").json();
    let noted =
        |entry: &&Value| entry["detail"].as_str().is_some_and(|detail| detail.contains("(invalid_grant)"));
    let entry = trail.as_array().unwrap().iter().find(noted).unwrap_or_else(|| panic!("{trail}"));
    assert_eq!((&entry["outcome"], &entry["action"]), (&json!("refused"), &json!("session.open")));
    assert!(
        !trail
            .as_array()
            .unwrap()
            .iter()
            .any(|entry| entry["action"] == "session.open" && entry["outcome"] == "done")
    );
    // And what is asked to go on to stays here.
    let begin = format!("http://{address}/api/v1/session/oidc?return=//evil.example/");
    let to_provider = location(&browser.get(&begin), &begin);
    let back = location(&browser.get(&to_provider), &to_provider);
    assert_eq!(location(&browser.get(&back), &back), format!("http://{address}/"));
}

fn a_provider_that_is_away_keeps_nobody_else_out(ground: &Ground) {
    let (address, issuer) = (free_address(), free_address());
    let desk = &ground.desk;
    let configuration = format!("[login.oidc]\nissuer = 'http://{issuer}'\nclient_id = 'paramo-public'\n");
    let server = Server::start(desk, &address, &configuration, &[]);
    let mut browser = Browser::default();
    let begin = format!("http://{address}/api/v1/session/oidc");
    let unavailable = format!("http://{address}/login?error=unavailable");
    assert_eq!(location(&browser.get(&begin), &begin), unavailable);
    let mut root = Browser::default();
    root.welcome(&server);
    assert_eq!(root.session(&address)["user"]["source"], "local");
    assert!(Browser::default().password(&address, "root", "a long enough one").status < 300);

    // It comes, and comes again with other keys, in the middle of somebody's sign-in away once more.
    let port = issuer.rsplit_once(':').unwrap().1.parse().unwrap();
    for _ in 0..2 {
        let provider = Rig::provider(&address, port);
        assert_eq!(Browser::default().sign_in(&address, "ben"), format!("http://{address}/studies/1"));
        let callback = browser.through_provider(&address, "ben");
        provider.end();
        assert_eq!(location(&browser.get(&callback), &callback), unavailable);
        browser = Browser::default();
    }
}

fn the_example_of_the_page_works(ground: &Ground) {
    let page = std::fs::read_to_string(repository().join("docs/server.md")).unwrap();
    let example =
        page.split("```\n").find(|part| part.contains("127.0.0.1:8091") && part.contains("[login.ldap]"));
    let address = free_address();
    let (provider, directory) = (Rig::provider(&address, 0), Rig::directory(&[]));
    let example = example.unwrap().replace("http://127.0.0.1:8091", &provider.said);
    let example = example.replace("ldap://127.0.0.1:8389", &directory.said);
    let (_, example) = example.split_once("8090\"\n").unwrap();
    let desk = &ground.desk;
    desk.file("search", "search-pass\n");
    let _server = Server::start(desk, &address, example, &[]);
    let (mut one, mut other) = (Browser::default(), Browser::default());
    one.sign_in(&address, "ada");
    assert!(other.password(&address, "ada", "ada-pass").status < 300);
    let (one, other) = (one.session(&address)["user"].clone(), other.session(&address)["user"].clone());
    assert_eq!((&one["administrator"], &other["administrator"]), (&json!(true), &json!(true)));
    // Of the same name at another source is somebody else.
    assert_eq!((&one["name"], &other["name"]), (&json!("ada"), &json!("ada-2")));
}

/// What the tests of the directory have in common.
fn directory_at(url: &str) -> String {
    format!(
        "[login.ldap]\nurl = '{url}'\nbase = 'ou=people,dc=lab,dc=example'\nbind_dn = 'cn=paramo,dc=lab,dc=example'\n\
         bind_password_file = 'search'\nadministrators = ['admins']\ngroup_base = 'ou=groups,dc=lab,dc=example'\n"
    )
}

fn people_come_from_a_directory_with_their_groups(ground: &Ground) {
    let address = free_address();
    let directory = Rig::directory(&[]);
    let desk = &ground.desk;
    desk.file("search", "search-pass\n");
    let server = Server::start(desk, &address, &directory_at(&directory.said), &[]);
    server.project_of_a_group();
    Browser::default().welcome(&server);
    assert_eq!(Browser::default().session(&address)["login"]["ldap"], true);

    let mut ben = Browser::default();
    assert!(ben.password(&address, "ben", "ben-pass").status < 300);
    let session = ben.session(&address);
    let user = json!({
        "name": "ben", "display_name": "Ben Nevis", "email": "ben@lab.example", "administrator": false, "source": "ldap"
    });
    // Another `admins`, elsewhere in the directory, makes nobody an administrator.
    assert_eq!((&session["user"], role(&session)), (&user, Some("member")));
    let mut ada = Browser::default();
    assert!(ada.password(&address, "ada", "ada-pass").status < 300);
    assert_eq!(ada.session(&address)["user"]["administrator"], true);
    // A name that would be a filter is a name.
    let mut eve = Browser::default();
    assert!(eve.password(&address, "eve (x)*", "eve (x)*-pass").status < 300);
    assert_eq!(role(&eve.session(&address)), None);

    let mut answers = Vec::new();
    for (name, password) in [
        ("ada", "ben-pass"),
        ("nobody", "ada-pass"),
        ("ada", ""),
        ("*", "ada-pass"),
        ("ad*", "ada-pass"),
        ("ada)(uid=*", "ada-pass"),
        ("*)(|(uid=ada)", "ada-pass"),
        ("dora", "dora-pass"),
    ] {
        let mut browser = Browser::default();
        let reply = browser.password(&address, name, password);
        assert_eq!(reply.status, 401, "{name} {password}: {}", reply.text());
        assert_eq!(browser.session(&address)["user"], Value::Null);
        answers.push(reply.json());
    }
    // Who may not come in cannot tell why.
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");

    directory.end();
    let reply = Browser::default().password(&address, "ada", "ada-pass");
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert!(
        reply.text().contains("cannot be asked") && !reply.text().contains("search-pass"),
        "{}",
        reply.text()
    );
    assert!(Browser::default().password(&address, "root", "a long enough one").status < 300);
    assert_eq!(ada.session(&address)["user"]["name"], "ada");
}

fn a_directory_is_reached_through_tls_and_groups_are_found_by_a_search(ground: &Ground) {
    let desk = Desk::named("ldaps");
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = desk.file("certificate.pem", made.cert.pem());
    let key = desk.file("key.pem", made.signing_key.serialize_pem());
    desk.file("search", "search-pass\n");
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let directory = Rig::directory(&["0", certificate, key]);
    let (plain, secure) = directory.said.split_once(' ').unwrap();
    let search = "group_filter = '(&(objectClass=groupOfNames)(member={dn}))'\n";
    let trust = [("SSL_CERT_FILE", certificate)];
    let first = Desk::named("ldaps");
    for (more, url, desk) in [("start_tls = true\n", plain, &first), ("", secure, &ground.desk)] {
        let address = free_address();
        desk.file("search", "search-pass\n");
        let server = Server::start(desk, &address, &format!("{}{search}{more}", directory_at(url)), &trust);
        server.project_of_a_group();
        let mut ben = Browser::default();
        let reply = ben.password(&address, "ben", "ben-pass");
        assert!(reply.status < 300, "{url}: {}", reply.text());
        let session = ben.session(&address);
        assert_eq!((&session["user"]["administrator"], role(&session)), (&json!(false), Some("member")));
        assert_eq!(Browser::default().password(&address, "ada", "ben-pass").status, 401);
    }
    // A certificate that nobody vouches for is not taken, and no password is sent.
    let address = free_address();
    let _server = Server::start(&desk, &address, &directory_at(secure), &[]);
    let reply = Browser::default().password(&address, "ben", "ben-pass");
    assert!(reply.status == 503 && reply.text().contains("certificate"), "{}", reply.text());
}
