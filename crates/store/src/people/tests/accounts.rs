//! Users and the links by which they come in.

use super::*;
use crate::StoreError;
use crate::conformance::Ground;
use crate::{OpenMode, Result};

pub async fn users_are_told_apart_and_changed<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    assert!(!store.has_users().await.unwrap());
    let zoe = store.create_user(&new_user("zoe", true), None).await.unwrap();
    let ada = store.create_user(&NewUser { password: None, ..new_user("Ada", false) }, None).await.unwrap();
    assert!(store.has_users().await.unwrap());
    assert_eq!(store.users().await.unwrap(), [ada.clone(), zoe.clone()], "by name, capitals first");
    assert_eq!((zoe.source, zoe.has_password, ada.has_password), (Source::Local, true, false));
    assert!(zoe.administrator && !zoe.disabled && zoe.seen.is_none() && zoe.created.0 > 0);
    assert_eq!(store.user(zoe.id).await.unwrap(), zoe);
    assert_eq!(store.user_named("Ada").await.unwrap(), Some(ada.clone()));
    assert_eq!(store.user_named("ada").await.unwrap(), None, "capitals matter");
    let twice = store.create_user(&new_user("zoe", false), None).await.unwrap_err();
    assert_eq!(twice.to_string(), "there is already a user `zoe`; choose another name");

    assert_eq!(store.password("zoe").await.unwrap(), Some((zoe.clone(), password("zoe"))));
    assert_eq!(store.password("Ada").await.unwrap(), None, "there is none");
    assert_eq!(store.password("nobody").await.unwrap(), None);
    assert!(!format!("{:?}", store.password("zoe").await.unwrap()).contains("argon2"), "it is not printed");

    let email = Some(Some("ada@example.org".to_owned()));
    let change = UserChange { email, administrator: Some(true), ..UserChange::default() };
    let changed = store.change_user(ada.id, &change).await.unwrap();
    let expected = User { email: Some("ada@example.org".into()), administrator: true, ..ada.clone() };
    assert_eq!(changed, expected);
    assert_eq!(store.user(ada.id).await.unwrap(), expected);
    let change = UserChange { email: Some(None), display_name: Some("A".into()), ..UserChange::default() };
    let changed = store.change_user(ada.id, &change).await.unwrap();
    assert_eq!((changed.email, changed.display_name, changed.administrator), (None, "A".into(), true));

    store.delete_user(ada.id).await.unwrap();
    for error in [
        store.user(ada.id).await.err(),
        store.change_user(ada.id, &UserChange::default()).await.err(),
        store.set_password(ada.id, &password("x"), None).await.err(),
        store.delete_user(ada.id).await.err(),
        store.sign_in(ada.id, &fresh(1)).await.err(),
        store.create_link(ada.id, Purpose::Reset, &fresh(1)).await.err(),
    ] {
        assert_eq!(error.unwrap().to_string(), format!("there is no user `number {}`", ada.id.0));
    }
    let again = store.create_user(&new_user("Ada", false), None).await.unwrap();
    assert!(again.id > ada.id, "a number is never used again");
}

pub async fn the_last_administrator_stays<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let one = store.create_user(&new_user("one", true), None).await.unwrap();
    let two = store.create_user(&new_user("two", true), None).await.unwrap();
    let no_more = UserChange { administrator: Some(false), ..UserChange::default() };
    let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
    store.change_user(two.id, &disabled).await.unwrap();
    for error in [
        store.change_user(one.id, &no_more).await.err(),
        store.change_user(one.id, &disabled).await.err(),
        store.delete_user(one.id).await.err(),
    ] {
        assert_eq!(
            error.unwrap().to_string(),
            "`one` is the last administrator; make another user an administrator first"
        );
    }
    let enabled = UserChange { disabled: Some(false), ..UserChange::default() };
    store.change_user(two.id, &enabled).await.unwrap();
    // Both at once: one of them stays.
    let other = ground.open(OpenMode::Existing).await.unwrap();
    let (first, second) =
        tokio::join!(store.change_user(one.id, &no_more), other.change_user(two.id, &no_more));
    assert_eq!(usize::from(first.is_ok()) + usize::from(second.is_ok()), 1, "{first:?} {second:?}");
    assert_eq!(store.users().await.unwrap().iter().filter(|user| user.administrator).count(), 1);
}

pub async fn who_comes_from_elsewhere_is_kept_up_to_date<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let groups = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
    let first = ExternalUser { groups: groups(&["lab", "all", "lab"]), ..external("7", "ada") };
    let ada = store.sign_in_external(&first, &fresh(1)).await.unwrap();
    assert_eq!((ada.source, ada.subject.as_deref(), ada.administrator), (Source::Oidc, Some("7"), false));
    assert!(ada.seen.is_some() && !ada.has_password);
    assert_eq!(store.groups(ada.id).await.unwrap(), ["all", "lab"]);
    assert_eq!(store.session(&hash(1)).await.unwrap().unwrap().user, ada);

    // What the source calls them counts, not the name.
    let later = ExternalUser {
        name: "ada2".into(),
        email: None,
        administrator: Some(true),
        groups: groups(&["all"]),
        ..external("7", "ada")
    };
    let again = store.sign_in_external(&later, &fresh(2)).await.unwrap();
    assert_eq!((again.id, again.name.as_str(), again.administrator), (ada.id, "ada", true));
    assert_eq!(again.email, None);
    assert_eq!(store.groups(ada.id).await.unwrap(), ["all"]);
    let silent = ExternalUser { administrator: None, ..later.clone() };
    assert!(store.sign_in_external(&silent, &fresh(3)).await.unwrap().administrator, "it stays");

    let namesake = store.sign_in_external(&external("8", "ada"), &fresh(4)).await.unwrap_err();
    assert!(matches!(namesake, StoreError::Exists { .. }), "{namesake}");
    let ldap = ExternalUser { source: Source::Ldap, ..external("7", "bob") };
    let bob = store.sign_in_external(&ldap, &fresh(5)).await.unwrap();
    assert_ne!(bob.id, ada.id, "subjects are of a source");
    let local = ExternalUser { source: Source::Local, ..external("9", "eve") };
    assert!(matches!(store.sign_in_external(&local, &fresh(6)).await, Err(StoreError::Refuses { .. })));

    let refused = store.set_password(ada.id, &password("x"), None).await.unwrap_err();
    assert!(refused.to_string().contains("signs in through oidc"), "{refused}");
    assert!(matches!(
        store.create_link(ada.id, Purpose::Reset, &fresh(7)).await,
        Err(StoreError::Refuses { .. })
    ));
    let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
    store.change_user(bob.id, &disabled).await.unwrap();
    assert_eq!(store.session(&hash(5)).await.unwrap(), None);
    let refused = store.sign_in_external(&ldap, &fresh(8)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refuses { .. }), "{refused}");
    assert_eq!(store.session(&hash(8)).await.unwrap(), None);
    // Several at once that come for the first time are one user.
    let (eva, eve) = (external("10", "eva"), external("10", "eva"));
    let other = ground.open(OpenMode::Existing).await.unwrap();
    let (one, two) = (fresh(9), fresh(10));
    let (one, two) = tokio::join!(store.sign_in_external(&eva, &one), other.sign_in_external(&eve, &two));
    assert_eq!(one.unwrap().id, two.unwrap().id);
}

pub async fn of_several_first_administrators_one_is_made<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let first = Fresh { hash: hash(1), lasts: None };
    assert!(store.offer_first_administrator(&first).await.unwrap());
    assert!(store.offer_first_administrator(&Fresh { hash: hash(2), lasts: None }).await.unwrap());
    assert_eq!(store.link(&hash(1)).await.unwrap(), None, "the newer link stands in its place");
    let link = store.link(&hash(2)).await.unwrap().unwrap();
    assert_eq!((link.purpose, link.user, link.expires), (Purpose::FirstAdministrator, None, None));
    let nameless = store.use_link(&hash(2), &welcome(None, "x"), &fresh(9)).await.unwrap_err();
    assert_eq!(nameless.to_string(), "the first administrator needs a name");
    assert!(store.link(&hash(2)).await.unwrap().is_some(), "nothing came of it, so it was not used");

    let tasks: Vec<_> = (0..6)
        .map(|i| {
            let (ground, hash) = (ground.open(OpenMode::Existing), hash(2));
            async move {
                let store = ground.await.unwrap();
                store.use_link(&hash, &welcome(Some(&format!("admin{i}")), "x"), &fresh(20 + i)).await
            }
        })
        .collect();
    let results: Vec<Result<User>> = join_all(tasks).await;
    let made: Vec<&User> = results.iter().flatten().collect();
    assert_eq!(made.len(), 1, "{results:?}");
    assert!(made[0].administrator && made[0].has_password && made[0].seen.is_some());
    assert_eq!(made[0].display_name, made[0].name);
    assert_eq!(store.users().await.unwrap().len(), 1);
    for result in &results {
        if let Err(error) = result {
            assert!(matches!(error, StoreError::Missing { .. }), "{error}");
        }
    }
    let mut sessions = 0;
    for number in 20..26 {
        sessions += usize::from(store.session(&hash(number)).await.unwrap().is_some());
    }
    assert_eq!(sessions, 1);
    assert!(!store.offer_first_administrator(&fresh(3)).await.unwrap());
    assert_eq!(store.link(&hash(3)).await.unwrap(), None);
}

/// Carries all out at once.
async fn join_all<T>(mut futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    // Six are enough to meet each other.
    futures.reverse();
    let mut next = || futures.pop().unwrap();
    let (a, b, c, d, e, f) = tokio::join!(next(), next(), next(), next(), next(), next());
    vec![a, b, c, d, e, f]
}

pub async fn a_link_is_used_once<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let new = NewUser { password: None, ..new_user("ada", false) };
    let ada = store.create_user(&new, Some(&fresh(1))).await.unwrap();
    let link = store.link(&hash(1)).await.unwrap().unwrap();
    assert_eq!((link.purpose, link.user.as_ref()), (Purpose::Invitation, Some(&ada)));
    assert!(link.expires.unwrap() > link.created);
    store.sign_in(ada.id, &fresh(2)).await.unwrap();

    let other = ground.open(OpenMode::Existing).await.unwrap();
    let greeting = Welcome { display_name: Some("Ada L.".into()), ..welcome(Some("eve"), "new") };
    let (one, two) = (fresh(3), fresh(4));
    let (one, two) = (&one, &two);
    let key = hash(1);
    let (one, two) = tokio::join!(store.use_link(&key, &greeting, one), other.use_link(&key, &greeting, two));
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1, "{one:?} {two:?}");
    let user = one.or(two).unwrap();
    assert_eq!((user.id, user.name.as_str(), user.display_name.as_str()), (ada.id, "ada", "Ada L."));
    assert_eq!(store.password("ada").await.unwrap().unwrap().1, password("new"));
    assert_eq!(store.session(&hash(2)).await.unwrap(), None, "other sessions end");
    assert_eq!(store.link(&hash(1)).await.unwrap(), None);
    let error = store.use_link(&hash(1), &greeting, &fresh(5)).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no such link: it was used, has expired, or was replaced");
    assert_eq!(store.session(&hash(5)).await.unwrap(), None);
}

pub async fn links_are_replaced_and_expire<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let ada = store.create_user(&new_user("ada", false), None).await.unwrap();
    store.create_link(ada.id, Purpose::Reset, &fresh(1)).await.unwrap();
    store.create_link(ada.id, Purpose::Reset, &fresh(2)).await.unwrap();
    store.create_link(ada.id, Purpose::Invitation, &fresh(3)).await.unwrap();
    assert_eq!(store.link(&hash(1)).await.unwrap(), None);
    assert_eq!(store.link(&hash(2)).await.unwrap().unwrap().purpose, Purpose::Reset);
    assert_eq!(store.link(&hash(3)).await.unwrap().unwrap().purpose, Purpose::Invitation);
    assert!(store.create_link(ada.id, Purpose::FirstAdministrator, &fresh(4)).await.is_err());

    let disable = |disabled| UserChange { disabled: Some(disabled), ..UserChange::default() };
    store.change_user(ada.id, &disable(true)).await.unwrap();
    assert_eq!(store.link(&hash(2)).await.unwrap(), None, "nor does it let in who is disabled");
    assert!(store.use_link(&hash(2), &welcome(None, "x"), &fresh(9)).await.is_err());
    store.change_user(ada.id, &disable(false)).await.unwrap();
    // Who has chosen a password needs none of them any more.
    store.set_password(ada.id, &password("known"), None).await.unwrap();
    for number in [2, 3] {
        assert_eq!(store.link(&hash(number)).await.unwrap(), None);
    }
    store.create_link(ada.id, Purpose::Reset, &spent(5)).await.unwrap();
    assert_eq!(store.link(&hash(5)).await.unwrap(), None);
    assert!(store.use_link(&hash(5), &welcome(None, "x"), &fresh(9)).await.is_err());
    assert_eq!(store.password("ada").await.unwrap().unwrap().1, password("known"));
}
