//! Sessions, tokens, device logins and shares.

use super::*;
use crate::conformance::{Ground, study};
use crate::{Held, OpenMode, Store, StoreError};
use std::time::Duration;

use paramo_model::{Bytes, Micros, Name, StudyId, Timestamp};

fn disable(disabled: bool) -> UserChange {
    UserChange { disabled: Some(disabled), ..UserChange::default() }
}

pub async fn sessions_end<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let ada = store.create_user(&new_user("ada", false), None).await.unwrap();
    assert_eq!(store.session(&hash(1)).await.unwrap(), None);
    let user = store.sign_in(ada.id, &fresh(1)).await.unwrap();
    assert!(user.seen.is_some());
    let session = store.session(&hash(1)).await.unwrap().unwrap();
    assert_eq!((session.user, session.used), (user, session.created));
    assert_eq!(session.expires.unwrap().0, session.created.0 + 3_600_000_000);
    // Used again after more than a minute, that is noted.
    ground.say("UPDATE sessions SET used = used - 61000000").await.unwrap();
    let before = store.session(&hash(1)).await.unwrap().unwrap();
    assert!(before.used < session.created);
    assert!(store.session(&hash(1)).await.unwrap().unwrap().used >= session.used);

    store.sign_in(ada.id, &spent(2)).await.unwrap();
    assert_eq!(store.session(&hash(2)).await.unwrap(), None, "it has expired");
    store.end_session(&hash(1)).await.unwrap();
    store.end_session(&hash(1)).await.unwrap();
    assert_eq!(store.session(&hash(1)).await.unwrap(), None);

    for number in 3..6 {
        store.sign_in(ada.id, &Fresh { hash: hash(number), lasts: None }).await.unwrap();
    }
    store.set_password(ada.id, &password("new"), Some(&hash(4))).await.unwrap();
    assert!(store.session(&hash(4)).await.unwrap().is_some_and(|session| session.expires.is_none()));
    for number in [3, 5] {
        assert_eq!(store.session(&hash(number)).await.unwrap(), None, "a new password ends the others");
    }
    store.change_user(ada.id, &disable(true)).await.unwrap();
    assert_eq!(store.session(&hash(4)).await.unwrap(), None);
    assert_eq!(store.password("ada").await.unwrap(), None);
    let refused = store.sign_in(ada.id, &fresh(6)).await.unwrap_err();
    assert_eq!(refused.to_string(), "`ada` is disabled; an administrator can change that");
    store.change_user(ada.id, &disable(false)).await.unwrap();
    assert_eq!(store.session(&hash(4)).await.unwrap(), None, "it does not come back");
    store.sign_in(ada.id, &fresh(7)).await.unwrap();
    store.delete_user(ada.id).await.unwrap();
    assert_eq!(store.session(&hash(7)).await.unwrap(), None);
}

pub async fn one_of_several_takes_the_turn_of_a_schedule<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let project = Name::new("default").unwrap();
    let schedule = Schedule {
        project: project.clone(),
        by: "ada".to_owned(),
        name: "nightly".to_owned(),
        cron: "0 3 * * *".to_owned(),
        site: "hpc".to_owned(),
        terms: "{}".to_owned(),
        next: Timestamp(100),
        job: None,
        told: String::new(),
    };
    store.put_schedule(&schedule).await.unwrap();
    let turn = || store.take_turn(&project, "nightly", Timestamp(100), Timestamp(200));
    let (one, two) = tokio::join!(turn(), turn());
    assert!(one.unwrap() ^ two.unwrap(), "it is one's and not the other's");
    store.note_turn(&project, "nightly", Some(7), "submitted").await.unwrap();
    store.note_turn(&project, "nightly", None, "job 7 has not ended").await.unwrap();
    let told = "job 7 has not ended".to_owned();
    let noted = Schedule { next: Timestamp(200), job: Some(7), told, ..schedule.clone() };
    assert_eq!(store.schedules().await.unwrap(), std::slice::from_ref(&noted));

    // Another project has one of the same name, whose turns are its own.
    let cells = Name::new("cells").unwrap();
    let theirs = Schedule { project: cells.clone(), by: "bob".to_owned(), ..schedule.clone() };
    assert!(store.put_schedule(&theirs).await.is_err(), "there is no such project");
    store.create_project(&cells, "Cells").await.unwrap();
    store.put_schedule(&theirs).await.unwrap();
    assert!(!store.take_turn(&project, "nightly", Timestamp(100), Timestamp(300)).await.unwrap());
    assert!(store.take_turn(&cells, "nightly", Timestamp(100), Timestamp(300)).await.unwrap());
    let moved = Schedule { next: Timestamp(300), ..theirs };
    assert_eq!(store.schedules().await.unwrap(), [moved, noted]);
    let kept = store.delete_project("cells").await.unwrap_err();
    assert!(kept.to_string().contains("`cells` has schedules"), "{kept}");
    assert!(store.delete_schedule(&cells, "nightly").await.unwrap());
    store.delete_project("cells").await.unwrap();
    let delete = || store.delete_schedule(&project, "nightly");
    assert!(delete().await.unwrap() && !delete().await.unwrap());
}

pub async fn jobs_are_numbered_and_remembered<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let project = Name::new("cells").unwrap();
    store.create_project(&project, "Cells").await.unwrap();
    let new = |name: &str| NewJob {
        project: project.clone(),
        by: "ada".to_owned(),
        name: name.to_owned(),
        title: "fit".to_owned(),
        site: "hpc".to_owned(),
        terms: "{}".to_owned(),
    };
    // At once, as two people may type.
    let new = [new("fit-1"), new("fit-2")];
    let (one, two) = tokio::join!(store.add_job(&new[0]), store.add_job(&new[1]));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.number + two.number, 3, "1 and 2");
    assert!(store.add_job(&new[0]).await.is_err(), "there is one of that name");
    let ended = Job {
        job: Some("17".to_owned()),
        state: AllocationState::Ended,
        outcome: Some("exit:7".to_owned()),
        ended: Some(Timestamp(9)),
        ..two.clone()
    };
    store.put_job(&ended).await.unwrap();
    let mut expected = vec![one, ended];
    expected.sort_by_key(|job| job.number);
    assert_eq!(store.jobs().await.unwrap(), expected);
    store.delete_job(1).await.unwrap();
    assert_eq!(store.jobs().await.unwrap(), expected[1..]);
    let kept = store.delete_project("cells").await.unwrap_err();
    assert!(kept.to_string().contains("`cells` has jobs"), "{kept}");
    let lost = NewJob { project: Name::new("lost").unwrap(), ..new[0].clone() };
    assert!(matches!(store.add_job(&lost).await, Err(StoreError::Missing { .. })));
}

pub async fn jobs_of_an_older_store_are_of_the_default_project<G: Ground>() {
    let ground = G::new().await;
    ground.old(10).await;
    let job = "INSERT INTO jobs (number, name, title, site, state, detail, terms, asked) \
         VALUES (7, 'fit-1', 'fit', 'hpc', 'waiting', '', '{}', 5)";
    let schedule = "INSERT INTO schedules (name, cron, site, terms, next, job, told) \
         VALUES ('nightly', '0 3 * * *', 'hpc', '{}', 100, 7, 'job 7 was submitted')";
    ground.say(job).await.unwrap();
    ground.say(schedule).await.unwrap();
    let store = ground.open(OpenMode::Existing).await.unwrap();
    let jobs = store.jobs().await.unwrap();
    assert_eq!((jobs.len(), jobs[0].number, jobs[0].asked), (1, 7, Timestamp(5)));
    assert_eq!((jobs[0].project.as_str(), jobs[0].by.as_str()), ("default", ""));
    let schedules = store.schedules().await.unwrap();
    let schedule = &schedules[0];
    assert_eq!((schedules.len(), schedule.project.as_str(), schedule.by.as_str()), (1, "default", ""));
    assert_eq!(
        (schedule.next, schedule.job, schedule.told.as_str()),
        (Timestamp(100), Some(7), "job 7 was submitted")
    );
    assert!(store.take_turn(&schedule.project, "nightly", Timestamp(100), Timestamp(200)).await.unwrap());
}

pub async fn allocations_are_remembered_as_they_are_now<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let asked = |number: i64| Allocation {
        name: format!("hpc-{number}"),
        site: "hpc".to_owned(),
        pool: "small".to_owned(),
        token: number,
        job: None,
        state: AllocationState::Asked,
        detail: String::new(),
        asked: Timestamp(number),
        began: None,
        ended: None,
        seat: 1,
        study: None,
        at_once: None,
        cpu: None,
        memory: None,
    };
    let whole = Allocation { study: Some(StudyId(7)), at_once: Some(4), ..asked(1) };
    store.put_allocation(&whole).await.unwrap();
    assert_eq!(store.allocations(0).await.unwrap(), [whole]);
    for number in [2, 1, 3, 4] {
        store.put_allocation(&asked(number)).await.unwrap();
    }
    let running = Allocation {
        job: Some("17_[1]".to_owned()),
        state: AllocationState::Running,
        detail: "on node 3".to_owned(),
        began: Some(Timestamp(9)),
        seat: 2,
        cpu: Some(Micros(7)),
        memory: Some(Bytes(1 << 40)),
        ..asked(2)
    };
    store.put_allocation(&running).await.unwrap();
    for number in [3, 4] {
        let ended = Allocation {
            state: AllocationState::Ended,
            ended: Some(Timestamp(10 * number)),
            ..asked(number)
        };
        store.put_allocation(&ended).await.unwrap();
    }
    let names = |list: &[Allocation]| list.iter().map(|it| it.name.clone()).collect::<Vec<_>>().join(" ");
    let open = store.allocations(0).await.unwrap();
    assert_eq!(names(&open), "hpc-1 hpc-2");
    assert_eq!(open[1], running);
    let seat = store.seat(1).await.unwrap();
    assert!(matches!(store.seat(1).await, Err(Held::By(_))));
    drop((seat, store.seat(2).await.unwrap()));
    assert_eq!(names(&store.allocations(1).await.unwrap()), "hpc-1 hpc-2 hpc-4");
    assert!(store.tidy(Duration::ZERO).await.unwrap() >= 2);
    assert_eq!(store.allocations(9).await.unwrap().len(), 2, "what has not ended stays");
}

pub async fn workers_come_in_by_tokens_and_are_remembered_while_they_have_runs<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    store.create_project(&name("bio"), "Biology").await.unwrap();
    let new = NewWorkerToken {
        name: "slurm-17".to_owned(),
        project: Some(name("bio")),
        by: "ada".to_owned(),
        fresh: fresh(1),
    };
    let made = store.create_worker_token(&new).await.unwrap();
    let found = store.worker_token(&hash(1)).await.unwrap().unwrap();
    assert_eq!((found.id, found.name.as_str(), &found.project), (made.id, "slurm-17", &new.project));
    assert!(store.worker_tokens().await.unwrap()[0].used.is_some(), "it was used just now");
    store.create_worker_token(&NewWorkerToken { fresh: spent(2), ..new.clone() }).await.unwrap();
    assert_eq!(store.worker_token(&hash(2)).await.unwrap(), None, "it has expired");
    assert_eq!(store.token_use(&hash(1)).await.unwrap(), None, "it is good for nothing else");
    store.delete_worker_token(made.id).await.unwrap();
    assert_eq!(store.worker_token(&hash(1)).await.unwrap(), None);
    assert!(matches!(store.delete_worker_token(made.id).await, Err(StoreError::Missing { .. })));
    let nowhere = NewWorkerToken { project: Some(name("mars")), fresh: fresh(3), ..new };
    assert!(matches!(store.create_worker_token(&nowhere).await, Err(StoreError::Missing { .. })));

    store.set_worker("a1", &[StudyId(7), StudyId(12)]).await.unwrap();
    store.set_worker("b2", &[StudyId(7)]).await.unwrap();
    store.set_worker("a1", &[StudyId(12)]).await.unwrap();
    let known = store.known_workers().await.unwrap();
    let known: Vec<_> = known.iter().map(|worker| (worker.key.as_str(), worker.studies.clone())).collect();
    assert_eq!(known, [("a1", vec![StudyId(12)]), ("b2", vec![StudyId(7)])]);
    store.set_worker("b2", &[]).await.unwrap();
    assert_eq!(store.known_workers().await.unwrap().len(), 1);

    let identity = store.identity().await.unwrap();
    assert!(identity.len() == 32 && identity.bytes().all(|byte| byte.is_ascii_hexdigit()), "{identity}");
    assert_eq!(ground.open(OpenMode::Existing).await.unwrap().identity().await.unwrap(), identity);
    let other = G::new().await.open(OpenMode::Create).await.unwrap().identity().await.unwrap();
    assert_ne!(other, identity);
}

pub async fn tokens_are_those_of_their_user<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let ada = store.create_user(&new_user("ada", false), None).await.unwrap();
    let bob = store.create_user(&new_user("bob", false), None).await.unwrap();
    store.create_project(&name("bio"), "Biology").await.unwrap();
    let new = NewToken {
        user: ada.id,
        name: "laptop".into(),
        scopes: vec![Scope::Read, Scope::Write],
        project: None,
        fresh: Fresh { hash: hash(1), lasts: None },
    };
    let token = store.create_token(&new).await.unwrap();
    assert_eq!((token.name.as_str(), token.expires, token.used), ("laptop", None, None));
    let bound = NewToken { project: Some(name("bio")), scopes: Vec::new(), fresh: fresh(2), ..new.clone() };
    let second = store.create_token(&bound).await.unwrap();
    let late = store.create_token(&NewToken { fresh: spent(3), ..new.clone() }).await.unwrap();
    let unknown = NewToken { project: Some(name("chem")), fresh: fresh(4), ..new.clone() };
    assert!(matches!(store.create_token(&unknown).await, Err(StoreError::Missing { .. })));
    assert_eq!(store.tokens(ada.id).await.unwrap(), [token.clone(), second.clone(), late]);
    assert!(store.tokens(bob.id).await.unwrap().is_empty());

    let used = store.token_use(&hash(1)).await.unwrap().unwrap();
    assert_eq!((used.user, used.token), (ada.clone(), token.clone()));
    assert!(store.tokens(ada.id).await.unwrap()[0].used.is_some(), "that it was used is noted");
    assert_eq!(store.token_use(&hash(2)).await.unwrap().unwrap().token.project, Some(name("bio")));
    assert_eq!(store.token_use(&hash(3)).await.unwrap(), None, "it has expired");
    assert_eq!(store.token_use(&hash(9)).await.unwrap(), None);
    let mut lapsed = Vec::new();
    for number in [1, 2, 3, 9] {
        lapsed.push(store.has_lapsed(&hash(number)).await.unwrap());
    }
    assert_eq!(lapsed, [false, false, true, false]);

    let theirs = store.delete_token(bob.id, token.id).await.unwrap_err();
    assert_eq!(theirs.to_string(), format!("there is no token `{}`", token.id));
    store.delete_token(ada.id, token.id).await.unwrap();
    assert_eq!(store.token_use(&hash(1)).await.unwrap(), None);
    store.change_user(ada.id, &disable(true)).await.unwrap();
    assert_eq!(store.token_use(&hash(2)).await.unwrap(), None);
    store.change_user(ada.id, &disable(false)).await.unwrap();
    assert!(store.token_use(&hash(2)).await.unwrap().is_some());
    store.delete_project("bio").await.unwrap();
    assert_eq!(store.token_use(&hash(2)).await.unwrap(), None, "a token goes with its only project");
}

pub async fn a_device_gets_one_token<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let ada = store.create_user(&new_user("ada", false), None).await.unwrap();
    let new = |number, code: &str| NewDevice {
        fresh: fresh(number),
        user_code: code.to_owned(),
        name: "node7".into(),
    };
    let device = store.create_device(&new(1, "ABCD-EFGH")).await.unwrap();
    assert_eq!((device.state, device.name.as_str()), (DeviceState::Waiting, "node7"));
    assert_eq!(store.device("ABCD-EFGH").await.unwrap(), Some(device));
    assert!(matches!(store.create_device(&new(2, "ABCD-EFGH")).await, Err(StoreError::Exists { .. })));
    let take = |number: u8, token: u8| {
        let store = &store;
        async move { store.take_device(&hash(number), &[Scope::Read], &fresh(token)).await.unwrap() }
    };
    assert_eq!(take(1, 50).await, DeviceAnswer::Pending);
    assert_eq!(take(2, 50).await, DeviceAnswer::Over, "it was never begun");
    assert!(store.answer_device("ABCD-EFGH", UserId(99), true).await.is_err());
    store.answer_device("ABCD-EFGH", ada.id, true).await.unwrap();
    let twice = store.answer_device("ABCD-EFGH", ada.id, false).await.unwrap_err();
    assert_eq!(twice.to_string(), "there is no waiting device login `ABCD-EFGH`");

    // Two that ask at once: one gets the token.
    let other = ground.open(OpenMode::Existing).await.unwrap();
    let (key, one, two) = (hash(1), fresh(51), fresh(52));
    let (one, two) = tokio::join!(
        store.take_device(&key, &[Scope::Read, Scope::Write], &one),
        other.take_device(&key, &[Scope::Read, Scope::Write], &two)
    );
    let granted: Vec<TokenUse> = [one.unwrap(), two.unwrap()]
        .into_iter()
        .filter_map(|answer| match answer {
            DeviceAnswer::Granted(granted) => Some(*granted),
            answer => {
                assert_eq!(answer, DeviceAnswer::Over);
                None
            }
        })
        .collect();
    assert_eq!(granted.len(), 1);
    assert_eq!((granted[0].token.name.as_str(), granted[0].user.id), ("node7", ada.id));
    assert_eq!(store.tokens(ada.id).await.unwrap().len(), 1);
    assert_eq!(take(1, 53).await, DeviceAnswer::Over);

    // A code that is out of use can be drawn again.
    store.create_device(&new(3, "ABCD-EFGH")).await.unwrap();
    store.answer_device("ABCD-EFGH", ada.id, false).await.unwrap();
    assert_eq!(take(3, 54).await, DeviceAnswer::Over);
    store.create_device(&NewDevice { fresh: spent(4), ..new(4, "WXYZ-WXYZ") }).await.unwrap();
    assert_eq!(store.device("WXYZ-WXYZ").await.unwrap(), None);
    assert!(store.answer_device("WXYZ-WXYZ", ada.id, true).await.is_err());
    assert_eq!(take(4, 55).await, DeviceAnswer::Over);
    store.create_device(&new(5, "WXYZ-WXYZ")).await.unwrap();
    store.answer_device("WXYZ-WXYZ", ada.id, true).await.unwrap();
    store.change_user(ada.id, &disable(true)).await.unwrap();
    assert_eq!(take(5, 56).await, DeviceAnswer::Over, "whoever approved it may not come in any more");
    assert_eq!(store.tokens(ada.id).await.unwrap().len(), 1);
}

pub async fn shares_are_of_one_study<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let (one, two) = (
        store.create("default", &study("one")).await.unwrap().id,
        store.create("default", &study("two")).await.unwrap().id,
    );
    let share = store.create_share(one, "ada", &Fresh { hash: hash(1), lasts: None }).await.unwrap();
    let late = store.create_share(one, "ada", &spent(2)).await.unwrap();
    assert_eq!((share.study, share.by.as_str(), share.expires), (one, "ada", None));
    assert_eq!(store.shares(one).await.unwrap(), [share.clone(), late.clone()]);
    assert!(store.shares(two).await.unwrap().is_empty());
    assert_eq!(store.share(&hash(1)).await.unwrap(), Some(share.clone()));
    assert_eq!(store.share(&hash(2)).await.unwrap(), None, "it has expired");
    assert!(matches!(
        store.create_share(StudyId(99), "ada", &fresh(3)).await,
        Err(StoreError::NoSuchStudy { .. })
    ));
    assert!(matches!(store.delete_share(two, share.id).await, Err(StoreError::Missing { .. })));
    store.delete_share(one, late.id).await.unwrap();
    store.delete(one).await.unwrap();
    assert_eq!(store.share(&hash(1)).await.unwrap(), None, "it goes with its study");
}
