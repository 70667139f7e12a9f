use std::time::Duration;

use super::*;
use crate::app::oauth::DeviceCredentials;
use crate::app::testing::{Site, operator, site, user, with};
use crate::auth::secret;
use crate::model::actor::Principal;
use crate::model::audit::AuditFilter;
use crate::model::group::NewGroup;
use crate::model::user::UserEdit;

const ORIGIN: &str = "192.0.2.7";
const PASSWORD: &str = "correct horse";

fn one() -> NewEnrollmentToken {
    NewEnrollmentToken { max_uses: 1, ..NewEnrollmentToken::default() }
}

fn pi(identifier: &str) -> NewDevice {
    NewDevice { device_type: "raspberrypi".to_owned(), identifier: identifier.to_owned(), ..NewDevice::default() }
}

/// The caller who shows a new token.
async fn bearer(site: &Site, new: NewEnrollmentToken) -> (EnrollmentToken, Actor) {
    let (token, secret) = site.app.create_enrollment_token(&operator(), new).await.unwrap();
    (token, site.app.bearer(&secret, ORIGIN).await.unwrap())
}

async fn uses(site: &Site, id: EnrollmentTokenId) -> u32 {
    site.app.enrollment_token(&operator(), id).await.unwrap().0.uses
}

async fn speak(site: &Site, credentials: &DeviceCredentials) -> DeviceId {
    let device = site.app.bearer(&credentials.access_token, ORIGIN).await.unwrap();
    let Principal::Device { id, .. } = device.principal else { panic!("{device:?}") };
    site.app.heard(id).await.unwrap();
    id
}

#[tokio::test]
async fn a_token_enrolls_devices_that_get_what_it_says_and_keys_of_their_own() {
    let site = site().await;
    let app = &site.app;
    app.create_user(&operator(), user("grace", "device-owner"), PASSWORD).await.unwrap();
    let lobby = NewGroup { name: "Lobby".to_owned(), ..NewGroup::default() };
    let lobby = app.create_group(&operator(), lobby).await.unwrap();
    let new = NewEnrollmentToken {
        note: "the lobby".to_owned(),
        owner: Some("Grace".to_owned()),
        groups: vec![lobby.id, lobby.id],
        tags: vec!["floor:0".to_owned(), "new".to_owned()],
        max_uses: 2,
        ..one()
    };
    let (token, by) = bearer(&site, new).await;
    assert_eq!((token.owner.as_str(), token.groups.as_slice()), ("grace", &[lobby.id][..]));
    let (enrolled, credentials) = app.admit(&by, pi("a")).await.unwrap();
    assert!(enrolled.created && enrolled.device.owner == "grace");
    assert_eq!(speak(&site, &credentials).await, enrolled.device.id);
    let id = enrolled.device.id;
    assert_eq!(app.tags_of(&operator(), id).await.unwrap(), ["floor:0", "new"]);
    assert_eq!(app.groups_of(&operator(), id).await.unwrap()[0].id, lobby.id);
    let (token, devices) = app.enrollment_token(&operator(), token.id).await.unwrap();
    assert_eq!((token.uses, devices.as_slice()), (1, &[id][..]));
    assert!(token.last_used_at.is_some() && token.is_open(site.clock.now()));
    let trail = app.audit(&operator(), AuditFilter::default(), 10).await.unwrap().items;
    let by = format!("enrollment:{}", token.id);
    let line = trail.iter().find(|entry| entry.action == "device.enroll").unwrap();
    assert_eq!((line.actor.as_str(), line.target.as_str()), (by.as_str(), "raspberrypi:a"));
    assert!(trail.iter().any(|entry| entry.action == "enrollment_token.create" && entry.detail.contains("the lobby")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_only_as_many_come_in_as_it_says() {
    let site = site().await;
    let (token, by) = bearer(&site, NewEnrollmentToken { max_uses: 3, ..one() }).await;
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(16));
    let tasks: Vec<_> = (0..16)
        .map(|n| {
            let (app, by, barrier) = (site.app.clone(), by.clone(), barrier.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                app.admit(&by, pi(&format!("d{n}"))).await
            })
        })
        .collect();
    let mut let_in = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok((enrolled, _)) => let_in += u32::from(enrolled.created),
            Err(error) => assert!(matches!(&error, Error::Conflict(why) if why.contains("all of the 3")), "{error}"),
        }
    }
    let (token, devices) = site.app.enrollment_token(&operator(), token.id).await.unwrap();
    assert_eq!((let_in, token.uses, devices.len()), (3, 3, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_device_that_asks_many_times_at_once_takes_one_use() {
    let site = site().await;
    let (token, by) = bearer(&site, one()).await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (app, by) = (site.app.clone(), by.clone());
            tokio::spawn(async move { app.admit(&by, pi("same")).await.unwrap().0.created })
        })
        .collect();
    let mut created = 0;
    for task in tasks {
        created += u32::from(task.await.unwrap());
    }
    assert_eq!((created, uses(&site, token.id).await), (1, 1));
}

#[tokio::test]
async fn a_repeat_costs_nothing_until_the_device_has_spoken() {
    let site = site().await;
    let (token, by) = bearer(&site, one()).await;
    let (first, lost) = site.app.admit(&by, pi("a")).await.unwrap();
    site.clock.advance(Duration::from_secs(5));
    let (again, credentials) = site.app.admit(&by, pi("a")).await.unwrap();
    assert!(!again.created && again.device.id == first.device.id);
    assert_ne!(lost.access_token, credentials.access_token);
    assert_eq!(uses(&site, token.id).await, 1);
    speak(&site, &credentials).await;
    // Whoever shares the token is not the device.
    let thief = site.app.admit(&by, pi("a")).await.unwrap_err();
    assert!(matches!(&thief, Error::Conflict(why) if why.contains("used its credentials")), "{thief}");
    // What was removed is new again, and takes a use, of which there is none.
    site.app.remove_device(&operator(), first.device.id).await.unwrap();
    let spent = site.app.admit(&by, pi("a")).await.unwrap_err();
    assert!(matches!(&spent, Error::Conflict(why) if why.contains("all of the 1")), "{spent}");
}

#[tokio::test]
async fn a_device_that_came_in_otherwise_is_not_taken_over() {
    let site = site().await;
    let mine = site.pi("mine").await;
    let (token, by) = bearer(&site, NewEnrollmentToken { max_uses: 9, ..one() }).await;
    assert_eq!(token.owner, mine.owner);
    let refused = site.app.admit(&by, pi("mine")).await.unwrap_err();
    assert!(matches!(&refused, Error::Conflict(why) if why.contains("not by this token")), "{refused}");
    let (_, other) = bearer(&site, NewEnrollmentToken { max_uses: 9, ..one() }).await;
    site.app.admit(&by, pi("first")).await.unwrap();
    assert!(site.app.admit(&other, pi("first")).await.is_err());
    assert_eq!(uses(&site, token.id).await, 1);
}

#[tokio::test]
async fn an_expired_a_revoked_and_an_unfit_token_let_nobody_in() {
    let site = site().await;
    let app = &site.app;
    let end = site.clock.now().plus(Duration::from_mins(5));
    let new =
        NewEnrollmentToken { device_type: Some("arduino".to_owned()), expires_at: Some(end), max_uses: 2, ..one() };
    let (token, secret) = app.create_enrollment_token(&operator(), new).await.unwrap();
    let by = app.bearer(&secret, ORIGIN).await.unwrap();
    let unfit = app.admit(&by, pi("a")).await.unwrap_err();
    assert!(matches!(&unfit, Error::Invalid { field: "type", detail } if detail.contains("arduino")), "{unfit}");
    let arduino = || NewDevice { device_type: "arduino".to_owned(), ..pi("a") };
    let greedy = NewDevice { owner: Some("grace".to_owned()), ..arduino() };
    assert!(matches!(app.admit(&by, greedy).await, Err(Error::Invalid { field: "owner", .. })));
    let hostile = NewDevice { identifier: "../etc".to_owned(), ..arduino() };
    assert!(matches!(app.admit(&by, hostile).await, Err(Error::Invalid { field: "identifier", .. })));
    assert_eq!(uses(&site, token.id).await, 0);
    site.clock.advance(Duration::from_mins(5));
    // At the look-up, and for a request that had its answer there a moment before.
    assert!(matches!(app.bearer(&secret, ORIGIN).await, Err(Error::Unauthorized(why)) if why.contains("expired")));
    assert!(matches!(app.admit(&by, arduino()).await, Err(Error::Unauthorized(why)) if why.contains("expired")));

    let (token, secret) = app.create_enrollment_token(&operator(), one()).await.unwrap();
    let by = app.bearer(&secret, ORIGIN).await.unwrap();
    let (enrolled, credentials) = app.admit(&by, pi("stays")).await.unwrap();
    app.revoke_enrollment_token(&operator(), token.id).await.unwrap();
    assert!(matches!(app.bearer(&secret, ORIGIN).await, Err(Error::Unauthorized(_))));
    assert!(matches!(app.admit(&by, pi("b")).await, Err(Error::Unauthorized(_))));
    assert_eq!(speak(&site, &credentials).await, enrolled.device.id);
    assert!(matches!(app.revoke_enrollment_token(&operator(), token.id).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn a_token_is_good_for_enrolling_alone() {
    let site = site().await;
    let app = &site.app;
    let (_, secret) = app.create_enrollment_token(&operator(), one()).await.unwrap();
    let by = app.bearer(&secret, ORIGIN).await.unwrap();
    let mine = site.pi("mine").await;
    assert!(by.scopes.is_empty());
    assert!(app.enroll(&by, pi("x")).await.is_err());
    assert!(app.device(&by, mine.id).await.is_err());
    assert!(app.issue_device_credentials(&by, mine.id).await.is_err());
    assert!(app.agent_of(&by, "raspberrypi", "mine").await.is_err());
    assert!(app.register_client(&by, "x").await.is_err());
    assert!(app.create_enrollment_token(&by, one()).await.is_err());
    assert!(app.enrollment_tokens(&by).await.is_err());
    assert!(app.remove_device(&by, mine.id).await.is_err());
    assert!(matches!(app.mqtt_login(&secret, ORIGIN).await, Err(Error::Unauthorized(_))));
    // Neither the store nor anything printed knows the secret.
    assert!(!format!("{:?}", app.enrollment_tokens(&operator()).await.unwrap()).contains(&secret));
    let hash = secret::hash(&secret);
    assert!(app.inner.store.read(move |rx| rx.enrollment_token(&hash)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_token_can_do_no_more_than_its_maker_now() {
    let site = site().await;
    let app = &site.app;
    for (name, role) in [("ada", "operator"), ("grace", "device-owner"), ("vera", "viewer")] {
        app.create_user(&operator(), user(name, role), PASSWORD).await.unwrap();
    }
    let ada = app.basic("ada", PASSWORD, ORIGIN).await.unwrap();
    let grace = app.basic("grace", PASSWORD, ORIGIN).await.unwrap();
    let vera = app.basic("vera", PASSWORD, ORIGIN).await.unwrap();
    assert!(matches!(app.create_enrollment_token(&vera, one()).await, Err(Error::Forbidden { needs: Scope::Enroll })));
    for binding in [
        NewEnrollmentToken { owner: Some("ada".to_owned()), ..one() },
        NewEnrollmentToken { tags: vec!["x".to_owned()], ..one() },
    ] {
        let refused = app.create_enrollment_token(&grace, binding).await.unwrap_err();
        assert!(matches!(refused, Error::Forbidden { needs: Scope::Operate }), "{refused}");
    }
    let (own, secret) = app.create_enrollment_token(&grace, NewEnrollmentToken { max_uses: 5, ..one() }).await.unwrap();
    let by = app.bearer(&secret, ORIGIN).await.unwrap();
    assert_eq!(app.admit(&by, pi("g")).await.unwrap().0.device.owner, "grace");
    // An operator sees everybody's, others their own.
    let (adas, _) = app.create_enrollment_token(&ada, one()).await.unwrap();
    assert_eq!(app.enrollment_tokens(&ada).await.unwrap().len(), 2);
    assert_eq!(app.enrollment_tokens(&grace).await.unwrap()[0].id, own.id);
    assert!(matches!(app.enrollment_token(&grace, adas.id).await, Err(Error::NotFound { .. })));
    assert!(matches!(app.revoke_enrollment_token(&grace, adas.id).await, Err(Error::NotFound { .. })));

    let binding = NewEnrollmentToken { owner: Some("grace".to_owned()), max_uses: 5, ..one() };
    let (_, secret) = app.create_enrollment_token(&ada, binding).await.unwrap();
    let by_ada = app.bearer(&secret, ORIGIN).await.unwrap();
    app.admit(&by_ada, pi("h")).await.unwrap();
    let lower = |role: &str| UserEdit { roles: Some(vec![role.to_owned()]), ..UserEdit::default() };
    app.edit_user(&operator(), "ada", lower("device-owner")).await.unwrap();
    assert!(matches!(app.admit(&by_ada, pi("i")).await, Err(Error::Unauthorized(_))));
    app.edit_user(&operator(), "grace", lower("viewer")).await.unwrap();
    assert!(matches!(app.admit(&by, pi("j")).await, Err(Error::Unauthorized(_))));
    app.delete_user(&operator(), "grace").await.unwrap();
    let left = app.enrollment_tokens(&operator()).await.unwrap();
    assert_eq!(left.iter().map(|token| token.id).collect::<Vec<_>>(), [adas.id]);
}

#[tokio::test]
async fn what_cannot_be_is_refused_by_its_member() {
    let site = site().await;
    let app = &site.app;
    let full = NewGroup { name: "q".to_owned(), query: Some("tag:x".to_owned()), ..NewGroup::default() };
    let by_query = app.create_group(&operator(), full).await.unwrap().id;
    let gone = crate::model::id::GroupId::fresh(site.clock.now());
    for (field, new) in [
        ("type", NewEnrollmentToken { device_type: Some("toaster".to_owned()), ..one() }),
        ("owner", NewEnrollmentToken { owner: Some("nobody".to_owned()), ..one() }),
        ("groups", NewEnrollmentToken { groups: vec![gone], ..one() }),
        ("groups", NewEnrollmentToken { groups: vec![by_query], ..one() }),
        ("max_uses", NewEnrollmentToken::default()),
    ] {
        let refused = app.create_enrollment_token(&operator(), new).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid { field: of, .. } if *of == field), "{field}: {refused}");
    }
    assert!(app.create_enrollment_token(&with(&[Scope::Read]), one()).await.is_err());
    for _ in 0..MAX_TOKENS {
        app.create_enrollment_token(&operator(), one()).await.unwrap();
    }
    assert!(matches!(app.create_enrollment_token(&operator(), one()).await, Err(Error::Conflict(_))));
    // A week after their end they are forgotten, and there is room again.
    site.clock.advance(DEFAULT_LIFE + Duration::from_hours(8 * 24));
    assert_eq!(app.purge_expired().await.unwrap(), MAX_TOKENS);
    app.create_enrollment_token(&operator(), one()).await.unwrap();
}

#[tokio::test]
async fn a_flood_of_one_token_has_to_wait() {
    let site = site().await;
    let (_, by) = bearer(&site, one()).await;
    site.app.admit(&by, pi("a")).await.unwrap();
    let mut waited = false;
    for n in 0..200 {
        waited |= matches!(site.app.admit(&by, pi(&format!("n{n}"))).await, Err(Error::TooMany { .. }));
    }
    assert!(waited);
    let (_, other) = bearer(&site, one()).await;
    site.app.admit(&other, pi("b")).await.unwrap();
}
