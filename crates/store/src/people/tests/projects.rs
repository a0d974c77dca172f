//! Projects, what they use, and who is what in them.

use super::*;
use crate::conformance::{Ground, good, study};
use crate::{OpenMode, Store, StoreError};
use paramo_model::{Bytes, Micros};

pub async fn projects_are_made_and_only_removed_when_empty<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let default = store.project("default").await.unwrap();
    assert_eq!((default.title.as_str(), default.share, default.quota), ("Default", 1, Quota::default()));
    let bio = store.create_project(&name("bio"), "Biology").await.unwrap();
    assert_eq!(store.projects().await.unwrap(), [bio.clone(), default]);
    let twice = store.create_project(&name("bio"), "Again").await.unwrap_err();
    assert_eq!(twice.to_string(), "there is already a project `bio`; choose another name");

    store.set_title("bio", "Biology 2").await.unwrap();
    let quota = Quota { runs: Some(8), cpu: Some(Micros(36_000_000)), storage: Some(Bytes(1 << 40)) };
    store.set_quota("bio", &quota, 3).await.unwrap();
    let changed = store.project("bio").await.unwrap();
    assert_eq!(changed, Project { title: "Biology 2".into(), quota, share: 3, ..bio });
    store.set_quota("bio", &Quota { runs: Some(u64::MAX), ..Quota::default() }, 1).await.unwrap();
    assert!(store.project("bio").await.unwrap().quota.runs.unwrap() > 1 << 62);
    assert!(matches!(store.set_quota("bio", &quota, 0).await, Err(StoreError::Refuses { .. })));

    let id = store.create("bio", &study("s")).await.unwrap().id;
    let full = store.delete_project("bio").await.unwrap_err();
    assert_eq!(full.to_string(), "the project `bio` has studies; only an empty project is removed");
    store.delete(id).await.unwrap();
    let always = store.delete_project("default").await.unwrap_err();
    assert_eq!(always.to_string(), "the project `default` is always there");
    store.set_secret("bio", "key", &Sealed(vec![1]), "ada").await.unwrap();
    store.set_group("bio", "lab", Role::Viewer).await.unwrap();
    store.delete_project("bio").await.unwrap();
    for error in [
        store.project("bio").await.err(),
        store.set_title("bio", "x").await.err(),
        store.set_quota("bio", &quota, 1).await.err(),
        store.delete_project("bio").await.err(),
        store.usage("bio").await.err(),
        store.members("bio").await.err(),
        store.set_group("bio", "lab", Role::Viewer).await.err(),
        store.secrets("bio").await.err(),
        store.set_secret("bio", "key", &Sealed(vec![1]), "ada").await.err(),
        store.create("bio", &study("s")).await.err(),
    ] {
        assert_eq!(error.unwrap().to_string(), "there is no project `bio`");
    }
    store.create_project(&name("bio"), "Anew").await.unwrap();
    assert!(store.secrets("bio").await.unwrap().is_empty(), "its secrets went with it");

    // Who removes a project and who puts something into it do not both succeed.
    let other = ground.open(OpenMode::Existing).await.unwrap();
    let late = study("late");
    let (removed, made) = tokio::join!(store.delete_project("bio"), other.create("bio", &late));
    assert_ne!(removed.is_ok(), made.is_ok(), "{removed:?} {made:?}");
}

pub async fn projects_are_added_up<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    // A name of a project is no pattern, and no beginning of another.
    for project in ["b_o", "bio", "bi"] {
        store.create_project(&name(project), "").await.unwrap();
    }
    assert_eq!(store.usage("bio").await.unwrap(), Usage::default());
    assert!(store.usages().await.unwrap().is_empty());
    let first = store.create("bio", &study("s")).await.unwrap().id;
    let second = store.create("bio", &study("s")).await.unwrap().id;
    let outside = store.create("default", &study("s")).await.unwrap().id;
    store.create("b_o", &study("s")).await.unwrap();
    store.commit(first, &[good(0), good(1)]).await.unwrap();
    store.commit(second, &[good(0)]).await.unwrap();
    store.commit(outside, &[good(0)]).await.unwrap();
    let used = store.usage("bio").await.unwrap();
    assert_eq!((used.studies, used.cpu), (2, Micros(3 * 600)));
    let mut stored = 0;
    for id in [first, second] {
        for batch in store.batches(id, None, 9).await.unwrap() {
            stored += batch.row.head.len() + batch.row.data.len();
        }
    }
    let more = used.storage.0 - stored as u64;
    assert!(more > 0 && more < 300, "the tails of the output are counted as well: {more}");
    let none = Usage { studies: 1, ..Usage::default() };
    assert_eq!(store.usage("b_o").await.unwrap(), none);
    assert_eq!(store.usage("bi").await.unwrap(), Usage::default());
    let default = store.usage("default").await.unwrap();
    assert_eq!((default.studies, default.cpu), (1, Micros(600)));
    let all = store.usages().await.unwrap();
    assert_eq!(all, [(name("b_o"), none), (name("bio"), used), (name("default"), default)]);
    store.delete(first).await.unwrap();
    assert_eq!(store.usage("bio").await.unwrap().cpu, Micros(600));
}

pub async fn roles_come_from_members_and_groups<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    for project in ["bio", "chem", "maths"] {
        store.create_project(&name(project), "").await.unwrap();
    }
    let ada = ExternalUser { groups: vec!["lab".into(), "all".into()], ..external("1", "ada") };
    let ada = store.sign_in_external(&ada, &fresh(1)).await.unwrap();
    let bob = store.create_user(&new_user("bob", false), None).await.unwrap();
    assert!(store.roles(ada.id).await.unwrap().is_empty());
    store.set_member("bio", ada.id, Role::Member).await.unwrap();
    store.set_group("bio", "lab", Role::Manager).await.unwrap();
    store.set_group("bio", "all", Role::Viewer).await.unwrap();
    store.set_member("chem", ada.id, Role::Administrator).await.unwrap();
    store.set_group("chem", "lab", Role::Viewer).await.unwrap();
    store.set_group("maths", "others", Role::Viewer).await.unwrap();
    store.set_member("bio", bob.id, Role::Viewer).await.unwrap();
    assert_eq!(
        store.roles(ada.id).await.unwrap(),
        [(name("bio"), Role::Manager), (name("chem"), Role::Administrator)]
    );
    assert_eq!(store.roles(bob.id).await.unwrap(), [(name("bio"), Role::Viewer)]);
    assert_eq!(store.project("bio").await.unwrap().members, 4);

    store.set_member("bio", bob.id, Role::Manager).await.unwrap();
    let user = |name: &str, role| Member {
        who: Who::User { name: name.into(), display_name: name.to_uppercase() },
        role,
    };
    let group = |name: &str, role| Member { who: Who::Group { name: name.into() }, role };
    assert_eq!(
        store.members("bio").await.unwrap(),
        [
            user("ada", Role::Member),
            user("bob", Role::Manager),
            group("all", Role::Viewer),
            group("lab", Role::Manager),
        ]
    );
    store.remove_group("bio", "lab").await.unwrap();
    store.remove_member("chem", ada.id).await.unwrap();
    assert_eq!(
        store.roles(ada.id).await.unwrap(),
        [(name("bio"), Role::Member), (name("chem"), Role::Viewer)]
    );
    assert!(matches!(store.remove_member("chem", ada.id).await, Err(StoreError::Missing { .. })));
    assert!(matches!(store.remove_group("bio", "lab").await, Err(StoreError::Missing { .. })));
    assert!(matches!(
        store.set_member("bio", UserId(99), Role::Member).await,
        Err(StoreError::Missing { .. })
    ));
    store.delete_user(bob.id).await.unwrap();
    assert_eq!(store.project("bio").await.unwrap().members, 2);
}
