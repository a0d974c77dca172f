//! The audit trail, secrets, applications, and requests that come twice.

use super::*;
use crate::conformance::Ground;
use crate::{OpenMode, StoreError};

fn entry(user: &str, action: &str, project: Option<&str>) -> AuditEntry {
    AuditEntry {
        user: Some(user.to_owned()),
        via: Via::Token,
        action: action.to_owned(),
        project: project.map(str::to_owned),
        target: "s@1".into(),
        outcome: Outcome::Done,
        detail: String::new(),
    }
}

pub async fn what_was_done_stays<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let ada = store.create_user(&new_user("ada", false), None).await.unwrap();
    let first = store.record(&entry("ada", "study.create", Some("bio"))).await.unwrap();
    let nobody = AuditEntry {
        user: None,
        via: Via::Share,
        project: None,
        outcome: Outcome::Refused,
        ..entry("", "study.delete", None)
    };
    let second = store.record(&nobody).await.unwrap();
    assert!(second.id > first.id && first.at.0 > 0);
    store.delete_user(ada.id).await.unwrap();
    for statement in [
        "UPDATE audit SET outcome = 'done'",
        "UPDATE audit SET detail = '' WHERE user_name = 'ada'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE via = 'share'",
    ] {
        let refused = ground.say(statement).await.unwrap_err();
        assert!(refused.to_string().contains("the audit trail is only added to"), "{statement}: {refused}");
    }
    let all = AuditQuery { limit: 10, ..AuditQuery::default() };
    assert_eq!(store.audit(&all).await.unwrap(), [second, first]);
}

pub async fn the_audit_trail_is_searched_and_paged<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let mut rows = Vec::new();
    for (user, action, project) in [
        ("ada", "study.create", Some("bio")),
        ("ada", "study.delete", Some("chem")),
        ("bob", "study.create", None),
        ("bob", "study.create", Some("bio")),
        ("ada", "study.create", Some("bio")),
    ] {
        rows.push(store.record(&entry(user, action, project)).await.unwrap());
    }
    let found = |query: AuditQuery| {
        let (store, rows) = (&store, &rows);
        async move {
            let found = store.audit(&query).await.unwrap();
            let place = |row: &AuditRow| rows.iter().position(|known| known == row).unwrap();
            found.iter().map(place).collect::<Vec<usize>>()
        }
    };
    let all = AuditQuery { limit: 100, ..AuditQuery::default() };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(found(all.clone()).await, [4, 3, 2, 1, 0]);
    assert_eq!(found(AuditQuery { limit: 2, ..all.clone() }).await, [4, 3]);
    assert_eq!(found(AuditQuery { before: Some(rows[3].id), limit: 2, ..all.clone() }).await, [2, 1]);
    assert_eq!(found(AuditQuery { limit: 0, ..all.clone() }).await, [0; 0]);
    assert_eq!(found(AuditQuery { project: some("bio"), ..all.clone() }).await, [4, 3, 0]);
    assert_eq!(found(AuditQuery { user: some("bob"), ..all.clone() }).await, [3, 2]);
    assert_eq!(found(AuditQuery { action: some("study.delete"), ..all.clone() }).await, [1]);
    let both = AuditQuery { user: some("ada"), project: some("bio"), limit: 1, ..all.clone() };
    assert_eq!(found(both).await, [4]);
    let within = AuditQuery { within: Some(vec!["bio".into()]), ..all.clone() };
    assert_eq!(found(within.clone()).await, [4, 3, 0]);
    assert_eq!(found(AuditQuery { limit: 2, ..within.clone() }).await, [4, 3]);
    assert_eq!(found(AuditQuery { project: some("chem"), ..within }).await, [0; 0]);
    assert_eq!(found(AuditQuery { within: Some(Vec::new()), ..all }).await, [0; 0]);
}

pub async fn secrets_are_set_and_not_shown<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    store.create_project(&name("bio"), "").await.unwrap();
    let sealed = Sealed(b"sealed \0 bytes".to_vec());
    store.set_secret("bio", "licence", &sealed, "ada").await.unwrap();
    store.set_secret("bio", "Key", &Sealed(Vec::new()), "ada").await.unwrap();
    let row = store.set_secret("bio", "licence", &sealed, "bob").await.unwrap();
    store.set_secret("default", "licence", &Sealed(vec![9]), "eve").await.unwrap();
    let secrets = store.secrets("bio").await.unwrap();
    assert_eq!(secrets.iter().map(|secret| secret.name.as_str()).collect::<Vec<_>>(), ["Key", "licence"]);
    assert_eq!((&secrets[1], secrets[1].by.as_str()), (&row, "bob"), "the last one counts");
    let found = store.secret("bio", "licence").await.unwrap();
    assert_eq!(found, Some(sealed));
    assert_eq!(format!("{found:?}"), "Some(Sealed(14 bytes))");
    assert_eq!(store.secret("default", "Key").await.unwrap(), None);
    store.delete_secret("bio", "licence").await.unwrap();
    assert_eq!(store.secret("bio", "licence").await.unwrap(), None);
    assert!(store.secret("default", "licence").await.unwrap().is_some());
    let gone = store.delete_secret("bio", "licence").await.unwrap_err();
    assert_eq!(gone.to_string(), "there is no secret `licence`");
}

pub async fn applications_are_versions_of_their_name<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    store.create_project(&name("bio"), "").await.unwrap();
    let new = |project: &str, text: &str| NewApplication {
        project: name(project),
        name: name("hes1"),
        definition: "{}".into(),
        file: text.to_owned(),
        description: Some("a model".into()),
        by: "ada".into(),
    };
    let first = store.publish(&new("bio", "one")).await.unwrap();
    assert_eq!((first.version, first.versions, first.deprecated.as_deref()), (1, 1, None));
    assert_eq!((first.file.as_str(), first.definition.as_str(), first.by.as_str()), ("one", "{}", "ada"));
    // Two that publish at once get a version each.
    let other = ground.open(OpenMode::Existing).await.unwrap();
    let (one, two) = (new("bio", "two"), new("bio", "three"));
    let (one, two) = tokio::join!(store.publish(&one), other.publish(&two));
    let mut versions = [one.unwrap().version, two.unwrap().version];
    versions.sort_unstable();
    assert_eq!(versions, [2, 3]);
    let elsewhere = store.publish(&new("default", "four")).await.unwrap();
    assert_eq!(elsewhere.version, 1);
    assert!(matches!(store.publish(&new("chem", "x")).await, Err(StoreError::Missing { .. })));
    let full = store.delete_project("bio").await.unwrap_err();
    assert!(full.to_string().contains("has applications"), "{full}");

    let all = store.applications(None).await.unwrap();
    let shown = |list: &[Application]| {
        list.iter()
            .map(|a| format!("{}/{}@{} of {}", a.project, a.name, a.version, a.versions))
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(&all), ["bio/hes1@3 of 3", "default/hes1@1 of 1"]);
    assert_eq!(shown(&store.applications(Some("bio")).await.unwrap()), ["bio/hes1@3 of 3"]);
    assert!(store.applications(Some("chem")).await.unwrap().is_empty());
    let versions = store.application_versions("bio", "hes1").await.unwrap();
    assert_eq!(shown(&versions), ["bio/hes1@3 of 3", "bio/hes1@2 of 3", "bio/hes1@1 of 3"]);
    assert!(store.application_versions("bio", "x").await.unwrap().is_empty());
    assert_eq!(store.application("bio", "hes1", None).await.unwrap().as_ref(), versions.first());
    assert_eq!(store.application("bio", "hes1", Some(1)).await.unwrap().as_ref(), versions.last());
    assert_eq!(store.application("bio", "hes1", Some(4)).await.unwrap(), None);

    let old = store.deprecate("bio", "hes1", 1, Some("wrong units")).await.unwrap();
    assert_eq!(old.deprecated.as_deref(), Some("wrong units"));
    assert_eq!(store.application("bio", "hes1", Some(2)).await.unwrap().unwrap().deprecated, None);
    assert_eq!(store.deprecate("bio", "hes1", 1, None).await.unwrap().deprecated, None);
    let gone = store.deprecate("bio", "hes1", 9, None).await.unwrap_err();
    assert_eq!(gone.to_string(), "there is no application `bio/hes1@9`");
}

pub async fn of_two_requests_with_one_key_one_is_new<G: Ground>() {
    let ground = G::new().await;
    let (store, other) =
        (ground.open(OpenMode::Create).await.unwrap(), ground.open(OpenMode::Existing).await.unwrap());
    let (same, different) = (hash(1), hash(2));
    for round in 0..5 {
        let key = format!("key {round}");
        let (one, two) =
            tokio::join!(store.begin_request("ada", &key, &same), other.begin_request("ada", &key, &same));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert!(
            matches!((&one, &two), (Begun::New, Begun::Running) | (Begun::Running, Begun::New)),
            "{one:?} {two:?}"
        );
    }
    let key = "key 0";
    assert_eq!(store.begin_request("ada", key, &different).await.unwrap(), Begun::Different);
    assert_eq!(
        store.begin_request("bob", key, &different).await.unwrap(),
        Begun::New,
        "keys are of a caller"
    );
    store.finish_request("ada", key, 201, b"made").await.unwrap();
    store.finish_request("ada", key, 500, b"late").await.unwrap();
    let answered = Begun::Answered { status: 201, body: b"made".to_vec() };
    assert_eq!(other.begin_request("ada", key, &same).await.unwrap(), answered, "the first answer stays");
    assert_eq!(other.begin_request("ada", key, &different).await.unwrap(), Begun::Different);
    store.forget_request("ada", key).await.unwrap();
    assert_eq!(store.begin_request("ada", key, &same).await.unwrap(), answered, "an answer is not forgotten");
    store.forget_request("ada", "key 1").await.unwrap();
    assert_eq!(store.begin_request("ada", "key 1", &different).await.unwrap(), Begun::New);
    store.finish_request("ada", "key 2", 204, b"").await.unwrap();
    let empty = Begun::Answered { status: 204, body: Vec::new() };
    assert_eq!(store.begin_request("ada", "key 2", &same).await.unwrap(), empty);
}

pub async fn requests_are_forgotten_in_time<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let minutes = |minutes: i64| format!("UPDATE requests SET at = at - {}", minutes * 60_000_000);
    store.begin_request("ada", "open", &hash(1)).await.unwrap();
    store.begin_request("ada", "done", &hash(1)).await.unwrap();
    store.finish_request("ada", "done", 200, b"x").await.unwrap();
    ground.say(&minutes(9)).await.unwrap();
    assert_eq!(store.begin_request("ada", "open", &hash(1)).await.unwrap(), Begun::Running);
    ground.say(&minutes(2)).await.unwrap();
    assert_eq!(store.begin_request("ada", "open", &hash(2)).await.unwrap(), Begun::New, "it was cut off");
    assert!(matches!(store.begin_request("ada", "done", &hash(1)).await, Ok(Begun::Answered { .. })));
    ground.say(&minutes(24 * 60)).await.unwrap();
    assert_eq!(store.begin_request("ada", "done", &hash(2)).await.unwrap(), Begun::New, "a day has passed");
    assert_eq!(store.begin_request("ada", "done", &hash(2)).await.unwrap(), Begun::Running);
}

pub async fn what_has_expired_is_tidied_up<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let ada = store.create_user(&new_user("ada", false), None).await.unwrap();
    let day = Duration::from_secs(24 * 3600);
    assert_eq!(store.tidy(day).await.unwrap(), 0);
    for (number, made) in [(1, spent(1)), (2, fresh(2)), (3, Fresh { hash: hash(3), lasts: None })] {
        store.sign_in(ada.id, &made).await.unwrap();
        let (name, scopes) = (number.to_string(), Vec::new());
        store
            .create_token(&NewToken { user: ada.id, name: name.clone(), scopes, project: None, fresh: made })
            .await
            .unwrap();
        store.create_device(&NewDevice { fresh: made, user_code: name, name: "node7".into() }).await.unwrap();
    }
    store.create_link(ada.id, Purpose::Reset, &spent(4)).await.unwrap();
    store.create_link(ada.id, Purpose::Invitation, &fresh(5)).await.unwrap();
    store.begin_request("ada", "key", &hash(6)).await.unwrap();
    assert_eq!(
        store.tidy(day).await.unwrap(),
        3,
        "a session, a device login and a link; tokens are kept a while"
    );
    assert_eq!(store.tidy(Duration::ZERO).await.unwrap(), 1, "the token");
    ground.say("UPDATE requests SET at = at - 86400000001").await.unwrap();
    assert_eq!(store.tidy(day).await.unwrap(), 1);
    assert!(
        store.session(&hash(2)).await.unwrap().is_some() && store.session(&hash(3)).await.unwrap().is_some()
    );
    assert_eq!(store.tokens(ada.id).await.unwrap().len(), 2);
    assert!(store.link(&hash(5)).await.unwrap().is_some());
}
