use super::*;
use crate::app::oauth::{Grant, GrantError};
use crate::app::testing::{Site, operator, operators, site, user};
use crate::model::audit::AuditFilter;
use crate::model::device::DeviceStatus;

const PASSWORD: &str = "correct horse";
const ORIGIN: &str = "192.0.2.7";

async fn with_ada() -> Site {
    let site = site().await;
    site.app.create_user(&operator(), user("ada", "operator"), PASSWORD).await.unwrap();
    site
}

/// Waits until the writer has done everything submitted so far.
async fn settle(app: &App) {
    app.inner.store.write(Flush::Now, |_| Ok::<_, StoreError>(())).await.unwrap();
}

#[tokio::test]
async fn a_session_lives_as_long_as_it_is_used_and_thirty_days_at_most() {
    let Site { app, clock, .. } = with_ada().await;
    let unused = app.login("ada@carbon.super", PASSWORD, None, ORIGIN).await.unwrap();
    let used = app.login("ada", PASSWORD, None, ORIGIN).await.unwrap();
    assert_eq!(used.user.name, "ada");
    let opened = clock.now();
    clock.advance(Duration::from_mins(12 * 60 - 1));
    let actor = app.bearer(&used.token, "192.0.2.99").await.unwrap();
    assert_eq!((actor.scopes, &*actor.origin), (operators(), "192.0.2.99"));
    settle(&app).await;
    clock.advance(Duration::from_mins(2));
    let error = app.bearer(&unused.token, ORIGIN).await.unwrap_err();
    assert!(matches!(&error, Error::Unauthorized(why) if why.contains("expired")), "{error}");
    let sessions = app.sessions(&actor, None).await.unwrap();
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    assert_eq!(sessions[0].origin, ORIGIN);
    let end = loop {
        clock.advance(Duration::from_hours(11));
        match app.bearer(&used.token, ORIGIN).await {
            Ok(_) => settle(&app).await,
            Err(error) => break error,
        }
    };
    assert!(matches!(&end, Error::Unauthorized(why) if why.contains("expired")), "{end}");
    let lived = clock.now().since(opened);
    assert!(lived >= SESSION_LIFE && lived < SESSION_LIFE + Duration::from_hours(12), "{lived:?}");
}

#[tokio::test]
async fn a_logout_ends_the_callers_own_session() {
    let mut site = with_ada().await;
    site.app.create_user(&operator(), user("eve", "viewer"), PASSWORD).await.unwrap();
    let (first, second) = (
        site.app.login("ada", PASSWORD, None, ORIGIN).await.unwrap(),
        site.app.login("ada", PASSWORD, None, ORIGIN).await.unwrap(),
    );
    let (ada, eve) =
        (site.app.bearer(&first.token, ORIGIN).await.unwrap(), site.app.basic("eve", PASSWORD, ORIGIN).await.unwrap());
    site.app.logout(&eve, &first.token).await.unwrap();
    site.app.bearer(&first.token, ORIGIN).await.unwrap();
    site.app.logout(&ada, &first.token).await.unwrap();
    assert!(site.app.bearer(&first.token, ORIGIN).await.is_err());
    assert!(site.downlink.try_recv().is_ok());
    site.app.close_sessions(&ada).await.unwrap();
    assert!(site.app.bearer(&second.token, ORIGIN).await.is_err());
    assert!(site.app.sessions(&ada, None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_login_too_many_ends_the_session_used_least_lately() {
    let Site { app, clock, .. } = with_ada().await;
    let ada = app.basic("ada", PASSWORD, ORIGIN).await.unwrap();
    let Principal::User { id, name } = ada.principal.clone() else { panic!("{ada:?}") };
    let user = User {
        id,
        name,
        roles: vec!["operator".to_owned()],
        scopes: operators(),
        first_name: String::new(),
        last_name: String::new(),
        email: String::new(),
        created_at: clock.now(),
        second_factor: false,
    };
    // By hand: a hundred password hashes would take their time.
    for number in 0..MAX_SESSIONS {
        clock.advance(Duration::from_secs(1));
        let now = clock.now();
        let session = SessionRow {
            id: SessionId::fresh(now),
            user: user.clone(),
            origin: number.to_string(),
            created_at: now,
            expires_at: now.plus(SESSION_IDLE),
            last_used_at: now,
        };
        let hash = secret::hash(&number.to_string());
        let ended = app.inner.store.write(Flush::Now, move |tx| tx.insert_session(&hash, &session, MAX_SESSIONS)).await;
        assert!(ended.unwrap().is_empty());
    }
    app.login("ada", PASSWORD, None, ORIGIN).await.unwrap();
    let sessions = app.sessions(&ada, None).await.unwrap();
    assert_eq!(sessions.len(), MAX_SESSIONS as usize);
    assert!(sessions.iter().all(|session| session.origin != "0"));
}

#[tokio::test]
async fn a_refused_login_is_counted_told_and_written_down() {
    let Site { app, .. } = with_ada().await;
    let mut changes = app.watch(&operator()).unwrap();
    let wrong = app.login("ada", "wrong horse", None, ORIGIN).await.unwrap_err();
    let nobody = app.login("nobody\u{1b}[2J", PASSWORD, None, ORIGIN).await.unwrap_err();
    assert_eq!(wrong.to_string(), nobody.to_string(), "nothing tells who exists");
    assert_eq!(app.metrics().login_failures.get(), 2);
    changes.try_recv().unwrap();
    settle(&app).await;
    let filter = AuditFilter { action: Some("user.login".to_owned()), ..AuditFilter::default() };
    let trail = app.audit(&operator(), filter, 10).await.unwrap().items;
    assert!(trail.iter().all(|entry| entry.outcome == Outcome::Refused && entry.origin == ORIGIN));
    assert_eq!(trail.iter().map(|entry| &*entry.target).collect::<Vec<_>>(), ["nobody\u{1b}[2j", "ada"]);
    assert!(trail.iter().all(|entry| !format!("{entry:?}").contains("horse")));
}

#[tokio::test]
async fn guessing_is_slowed_down_before_any_hash_is_computed() {
    let Site { app, .. } = site().await;
    let mut refused = 0;
    let retry_after = loop {
        // Longer than a password can be, so that no hash is computed and the test is quick.
        match app.login("ada", &"x".repeat(2000), None, ORIGIN).await.unwrap_err() {
            Error::Unauthorized(_) => refused += 1,
            Error::TooMany { retry_after } => break retry_after,
            other => panic!("{other}"),
        }
    };
    assert!((1..=100).contains(&refused) && !retry_after.is_zero(), "{refused} {retry_after:?}");
    assert!(matches!(app.login("grace", PASSWORD, None, ORIGIN).await, Err(Error::TooMany { .. })), "by address");
}

#[tokio::test]
async fn logins_in_parallel_all_succeed_a_few_at_a_time() {
    let Site { app, .. } = with_ada().await;
    let logins: Vec<_> = (0..8)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move { app.login("ada", PASSWORD, None, ORIGIN).await.map(|grant| grant.token) })
        })
        .collect();
    for login in logins {
        app.bearer(&login.await.unwrap().unwrap(), ORIGIN).await.unwrap();
    }
}

#[tokio::test]
async fn no_token_is_taken_for_another_kind() {
    let Site { app, .. } = with_ada().await;
    for token in ["", "pym_s_", "pym_r_x", "not-a-token", &"x".repeat(MAX_TOKEN + 1)] {
        let error = app.bearer(token, ORIGIN).await.unwrap_err();
        assert!(matches!(error, Error::Unauthorized(_)), "{error}");
    }
    let session = app.login("ada", PASSWORD, None, ORIGIN).await.unwrap();
    let renamed = session.token.replace("pym_s_", "pym_a_");
    assert!(app.bearer(&renamed, ORIGIN).await.is_err());
}

#[tokio::test]
async fn a_device_that_is_shut_out_is_refused_with_its_status() {
    let site = site().await;
    let pi = site.pi("kitchen").await;
    let credentials = site.app.issue_device_credentials(&operator(), pi.id).await.unwrap();
    let actor = site.app.bearer(&credentials.access_token, ORIGIN).await.unwrap();
    assert!(actor.is_device(pi.id) && actor.scopes.is_empty());
    let edit = |status| crate::app::device::DeviceEdit { status: Some(status), ..Default::default() };
    site.app.edit_device(&operator(), pi.id, edit(DeviceStatus::Blocked)).await.unwrap();
    let error = site.app.bearer(&credentials.access_token, ORIGIN).await.unwrap_err();
    assert!(matches!(&error, Error::Unauthorized(why) if why.contains("BLOCKED")), "{error}");
    site.app.edit_device(&operator(), pi.id, edit(DeviceStatus::Active)).await.unwrap();
    site.app.bearer(&credentials.access_token, ORIGIN).await.unwrap();
    site.app.remove_device(&operator(), pi.id).await.unwrap();
    assert!(matches!(site.app.bearer(&credentials.access_token, ORIGIN).await, Err(Error::Unauthorized(_))));
}

#[tokio::test]
async fn one_session_is_ended_by_its_owner_or_an_administrator() {
    let Site { app, .. } = site().await;
    for name in ["ada", "eve"] {
        app.create_user(&operator(), user(name, "viewer"), PASSWORD).await.unwrap();
    }
    let (first, second) =
        (app.login("ada", PASSWORD, None, "a").await.unwrap(), app.login("ada", PASSWORD, None, "b").await.unwrap());
    let ada = app.bearer(&second.token, ORIGIN).await.unwrap();
    let eve = app.basic("eve", PASSWORD, ORIGIN).await.unwrap();
    let sessions = app.sessions(&ada, None).await.unwrap();
    let id = |origin: &str| sessions.iter().find(|session| session.origin == origin).unwrap().id;
    assert!(matches!(app.close_session(&eve, None, id("a")).await, Err(Error::NotFound { .. })));
    assert!(matches!(app.close_session(&eve, Some("ada"), id("a")).await, Err(Error::Forbidden { .. })));
    assert!(matches!(app.sessions(&eve, Some("ada")).await, Err(Error::Forbidden { .. })));
    app.close_session(&ada, None, id("a")).await.unwrap();
    assert!(app.bearer(&first.token, ORIGIN).await.is_err());
    assert_eq!(app.sessions(&operator(), Some("ada")).await.unwrap().len(), 1);
    app.close_session(&operator(), Some("ada"), id("b")).await.unwrap();
    assert!(app.bearer(&second.token, ORIGIN).await.is_err());
    assert!(matches!(app.close_session(&operator(), Some("ada"), id("b")).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn passwords_cannot_be_tried_for_ever_by_any_door() {
    let Site { app, .. } = site().await;
    app.create_user(&operator(), user("ada", "operator"), PASSWORD).await.unwrap();
    let ada = app.basic("ada", PASSWORD, ORIGIN).await.unwrap();
    let client = app.register_client(&ada, "phone").await.unwrap();
    // One count for the account, whichever way it is tried.
    let mut slowed = None;
    for round in 0..60 {
        let refused = match round % 3 {
            0 => app.basic("ada", "wrong", ORIGIN).await.map(drop),
            1 => app.login("ada", "wrong", None, ORIGIN).await.map(drop),
            _ => {
                let grant = Grant::Password { user: "ada".to_owned(), password: "wrong".to_owned() };
                let pair = Some((&*client.client_id, &*client.client_secret));
                match app.token(pair, grant, "", ORIGIN).await {
                    Err(GrantError::InvalidGrant(why)) => Err(Error::Unauthorized(why)),
                    Err(GrantError::TooMany { retry_after }) => Err(Error::TooMany { retry_after }),
                    other => panic!("{other:?}"),
                }
            }
        };
        match refused.unwrap_err() {
            Error::TooMany { .. } => {
                slowed = Some(round);
                break;
            }
            Error::Unauthorized(_) => {}
            other => panic!("{other}"),
        }
    }
    assert!(slowed.is_some_and(|round| round > 2), "{slowed:?}");
    for refused in [
        app.basic("ada", PASSWORD, ORIGIN).await.map(drop),
        app.login("ada", PASSWORD, None, ORIGIN).await.map(drop),
        app.set_password(&ada, "ada", "another horse", Some(PASSWORD), None).await,
    ] {
        assert!(matches!(refused, Err(Error::TooMany { .. })), "the right password too: {refused:?}");
    }
}
