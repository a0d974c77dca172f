//! A whole sign-in against a provider in this process, which says what each test wants it to say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::super::super::LoginError;
use super::super::*;
use super::Signer;

const NOW: i64 = 1_900_000_000;
const CALLBACK: &str = "http://127.0.0.1:8090/lab/api/v1/session/oidc/callback";

/// What it knows and was asked.
struct Says {
    signer: Signer,
    /// Beside what a token must have.
    claims: Value,
    userinfo: Value,
    description: Value,
    refusal: Option<StatusCode>,
    asked_for_keys: usize,
    last: Option<(HashMap<String, String>, Option<String>)>,
    nonce: String,
}

#[derive(Clone)]
struct Fake {
    address: String,
    says: Arc<Mutex<Says>>,
}

impl Fake {
    fn says(&self) -> MutexGuard<'_, Says> {
        self.says.lock().unwrap()
    }

    async fn start() -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Fake::on(listener)
    }

    fn on(listener: TcpListener) -> Fake {
        let address = format!("http://{}/realm", listener.local_addr().unwrap());
        let description = json!({
            "issuer": address,
            "authorization_endpoint": format!("{address}/authorize?tenant=a"),
            "token_endpoint": format!("{address}/token"),
            "userinfo_endpoint": format!("{address}/me"),
            "jwks_uri": format!("{address}/keys"),
        });
        let says = Says {
            signer: Signer::ec("1"),
            claims: json!({ "preferred_username": "ada", "groups": ["lab"], "name": "Ada L.", "email": "ada@lab.example" }),
            userinfo: json!({}),
            description,
            refusal: None,
            asked_for_keys: 0,
            last: None,
            nonce: String::new(),
        };
        let fake = Fake { address, says: Arc::new(Mutex::new(says)) };
        let router = Router::new()
            .route("/realm/.well-known/openid-configuration", get(describe))
            .route("/realm/keys", get(keys))
            .route("/realm/token", post(token))
            .route("/realm/me", get(me))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    fn settings(&self) -> OidcSettings {
        toml::from_str(&format!("issuer = '{}'\nclient_id = 'paramo lab'", self.address)).unwrap()
    }
}

async fn describe(State(fake): State<Fake>) -> Json<Value> {
    Json(fake.says().description.clone())
}

async fn keys(State(fake): State<Fake>) -> Json<Value> {
    let mut says = fake.says();
    says.asked_for_keys += 1;
    Json(json!({ "keys": [says.signer.jwk()] }))
}

async fn token(State(fake): State<Fake>, headers: HeaderMap, body: String) -> Response {
    let form = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let mut says = fake.says();
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    says.last = Some((form, authorization));
    if let Some(status) = says.refusal {
        let body = json!({ "error": "invalid_grant", "error_description": "the code\r\nis spent" });
        return (status, Json(body)).into_response();
    }
    let mut claims = json!({
        "iss": fake.address, "aud": "paramo lab", "sub": "person-1", "exp": NOW + 60, "iat": NOW, "nonce": says.nonce,
    });
    for (name, value) in says.claims.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let signed = says.signer.sign(&claims);
    Json(json!({ "access_token": "access", "token_type": "Bearer", "id_token": signed })).into_response()
}

async fn me(State(fake): State<Fake>, headers: HeaderMap) -> Response {
    if headers.get("authorization").is_none_or(|given| given != "Bearer access") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(fake.says().userinfo.clone()).into_response()
}

fn query(location: &str) -> HashMap<String, String> {
    url::Url::parse(location).unwrap().query_pairs().into_owned().collect()
}

/// Begins, and tells the provider the nonce.
async fn begun(oidc: &Oidc, fake: &Fake, path: Option<&str>) -> (Answer, Redirect) {
    let redirect = oidc.begin(CALLBACK, path, None).await.unwrap();
    let asked = query(&redirect.location);
    fake.says().nonce = asked["nonce"].clone();
    let answer =
        Answer { state: Some(asked["state"].clone()), code: Some("code".to_owned()), ..Answer::default() };
    (answer, redirect)
}

async fn sign_in(oidc: &Oidc, fake: &Fake) -> Result<(Identity, String), LoginError> {
    let (answer, redirect) = begun(oidc, fake, Some("/studies/1")).await;
    oidc.finish(&answer, Some(&redirect.cookie), Timestamp(NOW * 1_000_000)).await
}

#[tokio::test]
async fn somebody_signs_in() {
    let fake = Fake::start().await;
    let oidc = Oidc::new(OidcSettings { administrators: vec!["lab".to_owned()], ..fake.settings() }).unwrap();
    let (answer, redirect) = begun(&oidc, &fake, Some("//evil.example")).await;
    let asked = query(&redirect.location);
    assert!(
        redirect.location.starts_with(&format!("{}/authorize?tenant=a&response_type=code&", fake.address))
    );
    assert_eq!((asked["client_id"].as_str(), asked["redirect_uri"].as_str()), ("paramo lab", CALLBACK));
    assert_eq!(
        (asked["scope"].as_str(), asked["code_challenge_method"].as_str()),
        ("openid profile email", "S256")
    );
    let (identity, path) =
        oidc.finish(&answer, Some(&redirect.cookie), Timestamp(NOW * 1_000_000)).await.unwrap();
    let expected = Identity {
        source: Source::Oidc,
        subject: "person-1".to_owned(),
        name: "ada".to_owned(),
        display_name: "Ada L.".to_owned(),
        email: Some("ada@lab.example".to_owned()),
        groups: vec!["lab".to_owned()],
        administrator: Some(true),
    };
    assert_eq!((identity, path.as_str()), (expected, "/"));
    // A public client says who it is in the form, and proves by the verifier that it has begun this.
    let (form, authorization) = fake.says().last.take().unwrap();
    assert_eq!(
        (authorization, form["client_id"].as_str(), form["redirect_uri"].as_str()),
        (None, "paramo lab", CALLBACK)
    );
    let challenge = ring::digest::digest(&ring::digest::SHA256, form["code_verifier"].as_bytes());
    assert_eq!(super::encode(challenge), asked["code_challenge"]);
}

#[tokio::test]
async fn a_sign_in_belongs_to_its_browser_and_its_state() {
    let fake = Fake::start().await;
    let oidc = Oidc::new(fake.settings()).unwrap();
    let (answer, redirect) = begun(&oidc, &fake, None).await;
    let now = Timestamp(NOW * 1_000_000);
    let tampered = Answer { state: Some(format!("{}x", answer.state.clone().unwrap())), ..answer.clone() };
    let none = Answer { state: None, ..answer.clone() };
    for (answer, cookie) in [
        (&tampered, Some(redirect.cookie.as_str())),
        (&none, Some(redirect.cookie.as_str())),
        (&answer, Some("another")),
        (&answer, None),
    ] {
        assert_eq!(oidc.finish(answer, cookie, now).await.unwrap_err(), LoginError::Unknown);
    }
    assert!(fake.says().last.is_none(), "the provider was asked for somebody else's sign-in");
    // A second tab of the same browser takes nothing from the first.
    let second = oidc.begin(CALLBACK, Some("/b"), Some(&redirect.cookie)).await.unwrap();
    assert_eq!(second.cookie, redirect.cookie);
    assert_ne!(oidc.begin(CALLBACK, None, Some("made-up")).await.unwrap().cookie, "made-up");
    assert!(oidc.finish(&answer, Some(&redirect.cookie), now).await.is_ok());
    assert_eq!(oidc.finish(&answer, Some(&redirect.cookie), now).await.unwrap_err(), LoginError::Unknown);
}

#[tokio::test]
async fn an_answer_of_another_provider_or_a_refusal_ends_it() {
    let fake = Fake::start().await;
    let oidc = Oidc::new(fake.settings()).unwrap();
    for (change, said) in [
        (Answer { iss: Some("https://evil.example".to_owned()), ..Answer::default() }, "(`iss`)"),
        (Answer { error: Some("access_denied".to_owned()), ..Answer::default() }, "refuses: access_denied"),
        (Answer::default(), "no code"),
    ] {
        let (answer, redirect) = begun(&oidc, &fake, None).await;
        let answer = Answer { state: answer.state, ..change };
        let error = oidc.finish(&answer, Some(&redirect.cookie), Timestamp(0)).await.unwrap_err();
        assert!(matches!(&error, LoginError::Refused(why) if why.contains(said)), "{error}");
    }
    fake.says().refusal = Some(StatusCode::BAD_REQUEST);
    let error = sign_in(&oidc, &fake).await.unwrap_err();
    assert!(error.to_string().ends_with("refuses: the codeis spent (invalid_grant)"), "{error}");
    fake.says().refusal = Some(StatusCode::BAD_GATEWAY);
    let error = sign_in(&oidc, &fake).await.unwrap_err();
    assert!(matches!(&error, LoginError::Unavailable(why) if why.contains("status 502")), "{error}");
}

#[tokio::test]
async fn a_provider_that_must_name_itself_in_the_answer_does() {
    let fake = Fake::start().await;
    fake.says().description["authorization_response_iss_parameter_supported"] = json!(true);
    let oidc = Oidc::new(fake.settings()).unwrap();
    assert!(matches!(sign_in(&oidc, &fake).await, Err(LoginError::Refused(why)) if why.contains("`iss`")));
    let (answer, redirect) = begun(&oidc, &fake, None).await;
    let answer = Answer { iss: Some(fake.address.clone()), ..answer };
    assert!(oidc.finish(&answer, Some(&redirect.cookie), Timestamp(NOW * 1_000_000)).await.is_ok());
}

#[tokio::test]
async fn a_token_that_does_not_hold_lets_nobody_in() {
    let fake = Fake::start().await;
    let oidc = Oidc::new(fake.settings()).unwrap();
    for (claim, value, said) in [
        ("nonce", json!("another"), "`nonce`"),
        ("iss", json!("https://evil.example"), "`iss`"),
        ("aud", json!("another"), "`aud`"),
        ("exp", json!(NOW - 600), "expired"),
    ] {
        fake.says().claims = json!({ claim: value });
        let error = sign_in(&oidc, &fake).await.unwrap_err();
        assert!(matches!(&error, LoginError::Refused(why) if why.contains(said)), "{error}");
    }
}

#[tokio::test]
async fn new_keys_are_fetched_when_the_provider_signs_with_them() {
    let fake = Fake::start().await;
    let oidc = Oidc::new(fake.settings()).unwrap();
    sign_in(&oidc, &fake).await.unwrap();
    sign_in(&oidc, &fake).await.unwrap();
    assert_eq!(fake.says().asked_for_keys, 1);
    // Another key of another name, then another one of the same name.
    for id in ["2", "2"] {
        fake.says().signer = Signer::ec(id);
        sign_in(&oidc, &fake).await.unwrap();
    }
    assert_eq!(fake.says().asked_for_keys, 3);
}

#[tokio::test]
async fn what_the_token_leaves_out_is_asked_for() {
    let fake = Fake::start().await;
    let settings = OidcSettings { groups_claim: "access.roles".to_owned(), ..fake.settings() };
    let oidc = Oidc::new(settings).unwrap();
    fake.says().claims = json!({ "preferred_username": "signed" });
    let access = json!({ "roles": ["b", "a", 1, ""] });
    fake.says().userinfo = json!({ "sub": "person-1", "preferred_username": "said", "access": access });
    let (identity, path) = sign_in(&oidc, &fake).await.unwrap();
    assert_eq!(
        (identity.name.as_str(), path.as_str(), identity.administrator),
        ("signed", "/studies/1", None)
    );
    assert_eq!(
        (identity.groups, identity.display_name.as_str(), identity.email),
        (vec!["a".into(), "b".into()], "signed", None)
    );
    fake.says().userinfo = json!({ "sub": "person-2", "access": access });
    assert!(
        matches!(sign_in(&oidc, &fake).await, Err(LoginError::Refused(why)) if why.contains("somebody else"))
    );
    fake.says().claims = json!({});
    fake.says().userinfo = json!({ "sub": "person-1" });
    let error = sign_in(&oidc, &fake).await.unwrap_err();
    assert!(error.to_string().contains("does not say the claim `preferred_username`"), "{error}");
}

#[tokio::test]
async fn a_client_with_a_secret_shows_it_as_the_provider_wants_it() {
    let fake = Fake::start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a:b c\n").unwrap();
    let settings = OidcSettings { client_secret_file: Some(file.path().to_owned()), ..fake.settings() };
    let oidc = Oidc::new(settings.clone()).unwrap();
    assert!(!format!("{oidc:?}").contains("a:b c"));
    sign_in(&oidc, &fake).await.unwrap();
    let (form, authorization) = fake.says().last.take().unwrap();
    // `paramo+lab:a%3Ab+c`
    assert_eq!(authorization.as_deref(), Some("Basic cGFyYW1vK2xhYjphJTNBYitj"));
    assert!(!form.contains_key("client_secret") && !form.contains_key("client_id"));
    fake.says().description["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    let oidc = Oidc::new(settings).unwrap();
    sign_in(&oidc, &fake).await.unwrap();
    let (form, authorization) = fake.says().last.take().unwrap();
    assert_eq!((authorization, form["client_secret"].as_str()), (None, "a:b c"));
}

#[tokio::test]
async fn a_provider_that_is_away_is_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let settings: OidcSettings =
        toml::from_str(&format!("issuer = 'http://{address}/realm'\nclient_id = 'paramo lab'")).unwrap();
    let oidc = Oidc::new(settings).unwrap();
    let error = oidc.begin(CALLBACK, None, None).await.unwrap_err();
    assert!(matches!(&error, LoginError::Unavailable(why) if why.contains("cannot be asked")), "{error}");
    let fake = Fake::on(TcpListener::bind(address).await.unwrap());
    sign_in(&oidc, &fake).await.unwrap();
}

#[tokio::test]
async fn a_provider_that_is_not_who_it_should_be_is_not_used() {
    for (field, value, said) in [
        ("issuer", "https://another.example", "it calls itself https://another.example; write it like that"),
        (
            "token_endpoint",
            "http://another.example/token",
            "it names http://another.example/token, which is not https://",
        ),
        ("jwks_uri", "keys", "cannot be read"),
    ] {
        let fake = Fake::start().await;
        fake.says().description[field] = json!(value);
        let error = Oidc::new(fake.settings()).unwrap().begin(CALLBACK, None, None).await.unwrap_err();
        assert!(matches!(&error, LoginError::Unavailable(why) if why.contains(said)), "{error}");
    }
}

#[test]
fn a_configuration_that_cannot_be_right_is_refused_by_field() {
    for (text, said) in [
        ("issuer = 'id.example'\nclient_id = 'a'", "login.oidc.issuer: `id.example` is no address"),
        ("issuer = 'http://id.example'\nclient_id = 'a'", "must be an address with https://"),
        ("issuer = 'https://id.example?a'\nclient_id = 'a'", "without `?`"),
        ("issuer = 'https://id.example'\nclient_id = ''", "login.oidc.client_id: it is empty"),
        ("issuer = 'https://id.example'\nclient_id = 'a'\nscopes = ['email']", "login.oidc.scopes: `openid`"),
        (
            "issuer = 'https://id.example'\nclient_id = 'a'\nclient_secret_file = '/nowhere'",
            "cannot read /nowhere",
        ),
    ] {
        let refused = Oidc::new(toml::from_str(text).unwrap()).unwrap_err();
        assert!(refused.contains(said), "{refused}");
    }
}
