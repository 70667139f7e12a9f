use std::time::Duration;

use super::*;
use crate::app::oauth::{Grant, GrantError};
use crate::app::session::{Login, PENDING_LIFE, SessionGrant};
use crate::app::testing::{Site, operator, site, user};
use crate::auth::totp::{KEY_BYTES, step};
use crate::model::audit::AuditFilter;

const PASSWORD: &str = "correct horse";
const ORIGIN: &str = "192.0.2.7";
const STEP: Duration = Duration::from_secs(30);

/// The phone: what the key in the store makes of the time.
async fn phone(site: &Site, name: &str) -> String {
    let name = name.to_owned();
    let key = site.app.inner.store.read(move |rx| {
        let id = rx.user(&name)?.unwrap().user.id;
        Ok::<_, StoreError>(rx.second_factor(id)?.unwrap().key)
    });
    Key::from_bytes(key.await.unwrap()).code(step(site.clock.now())).expose().to_owned()
}

async fn ada(site: &Site) -> Actor {
    let token = site.app.login("ada", PASSWORD, None, ORIGIN).await.unwrap().token;
    site.app.bearer(&token, ORIGIN).await.unwrap()
}

/// A site where ada has a second factor; the code that confirmed it is of the step before.
async fn with_ada() -> (Site, Actor, Vec<String>) {
    let site = site().await;
    site.app.create_user(&operator(), user("ada", "operator"), PASSWORD).await.unwrap();
    let ada = ada(&site).await;
    site.app.begin_second_factor(&ada, PASSWORD).await.unwrap();
    let codes = site.app.confirm_second_factor(&ada, &phone(&site, "ada").await, None).await.unwrap();
    site.clock.advance(STEP);
    (site, ada, codes)
}

async fn trail(site: &Site, action: &str) -> Vec<(Outcome, String)> {
    site.app.inner.store.write(Flush::Now, |_| Ok::<_, StoreError>(())).await.unwrap();
    let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
    let lines = site.app.audit(&operator(), filter, 100).await.unwrap().items;
    lines.into_iter().map(|line| (line.outcome, line.detail)).collect()
}

#[track_caller]
fn needs_code(refused: Result<SessionGrant, Error>, word: &str) {
    let error = refused.unwrap_err();
    assert!(matches!(&error, Error::SecondFactor(why) if why.contains(word)), "{error:?}");
}

#[tokio::test]
async fn it_is_made_confirmed_and_in_force() {
    let site = site().await;
    site.app.create_user(&operator(), user("ada", "operator"), PASSWORD).await.unwrap();
    let (kept, other) = (
        site.app.login("ada", PASSWORD, None, ORIGIN).await.unwrap().token,
        site.app.login("ada", PASSWORD, None, ORIGIN).await.unwrap().token,
    );
    let ada = site.app.bearer(&kept, ORIGIN).await.unwrap();
    assert_eq!(site.app.second_factor(&ada).await.unwrap(), SecondFactor::default());
    for wrong in ["", "wrong horse"] {
        let refused = site.app.begin_second_factor(&ada, wrong).await.unwrap_err();
        assert!(matches!(refused, Error::Invalid { field: "password", .. }), "{refused:?}");
    }
    let early = site.app.confirm_second_factor(&ada, "123456", None).await.unwrap_err();
    assert!(matches!(early, Error::Conflict(_)), "{early:?}");
    let first = site.app.begin_second_factor(&ada, PASSWORD).await.unwrap();
    let second = site.app.begin_second_factor(&ada, PASSWORD).await.unwrap();
    assert_ne!(first.secret, second.secret, "whoever begins anew gets another");
    assert!(second.uri.starts_with("otpauth://totp/Pym:ada?secret=") && second.uri.contains(&second.secret));
    assert!(!format!("{second:?}").contains(&second.secret));
    // It is not in force before a code has shown that the phone has it.
    site.app.basic("ada", PASSWORD, ORIGIN).await.unwrap();
    assert!(site.app.second_factor(&ada).await.unwrap().is_begun);
    for wrong in ["", "abc", "000000000000", "not a code at all"] {
        let refused = site.app.confirm_second_factor(&ada, wrong, None).await.unwrap_err();
        assert!(matches!(refused, Error::Invalid { field: "code", .. }), "{refused:?}");
    }
    let code = phone(&site, "ada").await;
    let codes = site.app.confirm_second_factor(&ada, &code, Some(&kept)).await.unwrap();
    assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), RECOVERY_CODES);
    site.app.bearer(&kept, ORIGIN).await.unwrap();
    assert!(site.app.bearer(&other, ORIGIN).await.is_err(), "opened by the password alone");
    let found = site.app.second_factor(&ada).await.unwrap();
    assert_eq!((found.since.is_some(), found.is_begun, found.recovery_codes), (true, false, 10));
    assert!(site.app.user(&ada, "ada").await.unwrap().second_factor);
    assert!(matches!(site.app.begin_second_factor(&ada, PASSWORD).await, Err(Error::Conflict(_))));
    assert!(matches!(site.app.confirm_second_factor(&ada, &code, None).await, Err(Error::Conflict(_))));
    needs_code(site.app.login("ada", PASSWORD, Some(&code), ORIGIN).await, "used before");
    let told = trail(&site, "user.second-factor").await;
    assert!(told.contains(&(Outcome::Done, "on".to_owned())), "{told:?}");
}

#[tokio::test]
async fn the_password_alone_opens_no_door() {
    let (site, ada, _) = with_ada().await;
    let app = &site.app;
    let client = app.register_client(&ada, "phone").await.unwrap();
    let pair = Some((&*client.client_id, &*client.client_secret));
    let grant = |password: String| Grant::Password { user: "ada".to_owned(), password };
    needs_code(app.login("ada", PASSWORD, None, ORIGIN).await, "needed");
    needs_code(app.login("ada", PASSWORD, Some(" "), ORIGIN).await, "needed");
    let bare = app.basic("ada", PASSWORD, ORIGIN).await.unwrap_err();
    assert!(matches!(&bare, Error::SecondFactor(why) if why.contains("append")), "{bare:?}");
    let bare = app.token(pair, grant(PASSWORD.to_owned()), "", ORIGIN).await.unwrap_err();
    assert!(matches!(&bare, GrantError::InvalidGrant(why) if why.contains("append")), "{bare:?}");
    // A right code, and a wrong password: the same words as ever.
    let code = phone(&site, "ada").await;
    for refused in [
        app.login("ada", "wrong horse", Some(&code), ORIGIN).await.map(drop),
        app.basic("ada", &format!("wrong horse{code}"), ORIGIN).await.map(drop),
        app.basic("ada", &code, ORIGIN).await.map(drop),
    ] {
        assert!(matches!(refused, Err(Error::Unauthorized(_))), "{refused:?}");
    }
    app.login("ada", PASSWORD, Some(&code), ORIGIN).await.unwrap();
    needs_code(app.login("ada", PASSWORD, Some(&code), ORIGIN).await, "used before");
    site.clock.advance(STEP);
    let code = phone(&site, "ada").await;
    app.basic("ada", &format!("{PASSWORD}{code}"), ORIGIN).await.unwrap();
    assert!(app.basic("ada", &format!("{PASSWORD}{code}"), ORIGIN).await.is_err(), "whichever door it was used at");
    site.clock.advance(STEP);
    let appended = format!("{PASSWORD}{}", phone(&site, "ada").await);
    app.token(pair, grant(appended), "", ORIGIN).await.unwrap();
    let told = trail(&site, "user.login").await;
    assert!(told.contains(&(Outcome::Done, "password grant, with a code".to_owned())), "{told:?}");
    assert!(told.contains(&(Outcome::Refused, "basic, wrong code".to_owned())), "{told:?}");
    // Others log in as before, digits at the end of their password included.
    app.create_user(&operator(), user("eve", "viewer"), "horse 123456").await.unwrap();
    app.basic("eve", "horse 123456", ORIGIN).await.unwrap();
    app.login("eve", "horse 123456", Some("999999"), ORIGIN).await.unwrap();
}

#[tokio::test]
async fn a_recovery_code_works_once_and_a_new_set_ends_the_old() {
    let (site, ada, codes) = with_ada().await;
    let typed = codes[0].to_lowercase().replace('-', "");
    site.app.login("ada", PASSWORD, Some(&typed), ORIGIN).await.unwrap();
    needs_code(site.app.login("ada", PASSWORD, Some(&codes[0]), ORIGIN).await, "used before");
    assert_eq!(site.app.second_factor(&ada).await.unwrap().recovery_codes, 9);
    let told = trail(&site, "user.login").await;
    assert!(told.contains(&(Outcome::Done, "session, with a recovery code, 9 left".to_owned())), "{told:?}");
    assert!(told.iter().all(|(_, detail)| !detail.contains(&codes[0])));
    let wrong = site.app.renew_recovery_codes(&ada, Proof::Code("AAAA-AAAA-AAAA-AAAA")).await.unwrap_err();
    assert!(matches!(wrong, Error::Invalid { field: "code", .. }), "{wrong:?}");
    let wrong = site.app.renew_recovery_codes(&ada, Proof::Password("wrong")).await.unwrap_err();
    assert!(matches!(wrong, Error::Invalid { field: "password", .. }), "{wrong:?}");
    let fresh = site.app.renew_recovery_codes(&ada, Proof::Code(&codes[1])).await.unwrap();
    assert_eq!((fresh.len(), site.app.second_factor(&ada).await.unwrap().recovery_codes), (10, 10));
    needs_code(site.app.login("ada", PASSWORD, Some(&codes[2]), ORIGIN).await, "wrong");
    site.app.login("ada", PASSWORD, Some(&fresh[9]), ORIGIN).await.unwrap();
    needs_code(site.app.login("ada", PASSWORD, Some(&"x".repeat(100_000)), ORIGIN).await, "wrong");
}

#[tokio::test]
async fn the_store_keeps_no_recovery_code() {
    let (site, _, codes) = with_ada().await;
    let path = site.app.settings().data_dir.join("pym.db");
    let held = [path.clone(), path.with_extension("db-wal")].map(|path| std::fs::read(path).unwrap_or_default());
    for code in codes.iter().flat_map(|code| [code.clone(), code.replace('-', "")]) {
        assert!(!held.iter().any(|bytes| bytes.windows(code.len()).any(|window| window == code.as_bytes())));
    }
}

#[tokio::test]
async fn it_is_turned_off_by_its_owner_and_reset_by_an_administrator() {
    let (site, ada, codes) = with_ada().await;
    let app = &site.app;
    app.create_user(&operator(), user("root", "admin"), PASSWORD).await.unwrap();
    let root = app.basic("root", PASSWORD, ORIGIN).await.unwrap();
    assert!(matches!(app.end_second_factor(&ada, Proof::Password("")).await, Err(Error::Invalid { .. })));
    assert!(matches!(app.end_second_factor(&root, Proof::Password(PASSWORD)).await, Err(Error::Conflict(_))), "none");
    app.end_second_factor(&ada, Proof::Code(&phone(&site, "ada").await)).await.unwrap();
    app.login("ada", PASSWORD, None, ORIGIN).await.unwrap();
    assert_eq!(app.second_factor(&ada).await.unwrap(), SecondFactor::default(), "its recovery codes went too");
    app.begin_second_factor(&ada, PASSWORD).await.unwrap();
    let again = app.confirm_second_factor(&ada, &phone(&site, "ada").await, None).await.unwrap();
    needs_code(app.login("ada", PASSWORD, Some(&codes[3]), ORIGIN).await, "wrong");
    app.end_second_factor(&ada, Proof::Password(PASSWORD)).await.unwrap();
    app.login("ada", PASSWORD, None, ORIGIN).await.unwrap();
    app.begin_second_factor(&ada, PASSWORD).await.unwrap();
    app.confirm_second_factor(&ada, &phone(&site, "ada").await, None).await.unwrap();
    assert!(matches!(app.reset_second_factor(&ada, "root").await, Err(Error::Forbidden { .. })));
    assert!(matches!(app.reset_second_factor(&root, "root").await, Err(Error::Conflict(_))), "one's own");
    assert!(matches!(app.reset_second_factor(&root, "nobody").await, Err(Error::NotFound { .. })));
    for _ in 0..2 {
        app.reset_second_factor(&root, "Ada").await.unwrap();
    }
    app.login("ada", PASSWORD, None, ORIGIN).await.unwrap();
    assert!(app.login("ada", "wrong", Some(&again[0]), ORIGIN).await.is_err());
    let told: Vec<_> = trail(&site, "user.second-factor").await.into_iter().map(|(_, detail)| detail).collect();
    assert_eq!(told.iter().filter(|detail| *detail == "reset").count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|detail| *detail == "off").count(), 2, "{told:?}");
}

#[tokio::test]
async fn only_a_person_has_one() {
    let site = site().await;
    let pi = crate::app::testing::itself(&site.pi("pi").await);
    assert!(matches!(site.app.second_factor(&pi).await, Err(Error::Forbidden { .. })));
    assert!(matches!(site.app.second_factor(&operator()).await, Err(Error::Conflict(_))));
    assert!(matches!(site.app.begin_second_factor(&operator(), PASSWORD).await, Err(Error::Conflict(_))));
    let nobody = crate::app::user::anonymous(ORIGIN);
    assert!(matches!(site.app.second_factor(&nobody).await, Err(Error::Unauthorized(_))));
}

#[tokio::test]
async fn codes_cannot_be_tried_for_ever_and_a_recovery_code_still_gets_in() {
    let (site, _, codes) = with_ada().await;
    let mut tried = 0;
    let wait = loop {
        // From an address each, with the right password, as somebody who has stolen it.
        match site.app.login("ada", PASSWORD, Some("000000"), &format!("192.0.2.{tried}")).await.unwrap_err() {
            Error::SecondFactor(_) => tried += 1,
            Error::TooMany { retry_after } => break retry_after,
            other => panic!("{other}"),
        }
        assert!(tried < 20, "codes can be tried for ever");
    };
    assert!(wait > Duration::from_mins(1), "{wait:?}");
    let code = phone(&site, "ada").await;
    assert!(matches!(site.app.login("ada", PASSWORD, Some(&code), ORIGIN).await, Err(Error::TooMany { .. })));
    site.app.login("ada", PASSWORD, Some(&codes[0]), ORIGIN).await.unwrap();
}

#[tokio::test]
async fn a_login_in_two_steps_waits_without_trust() {
    let (site, ..) = with_ada().await;
    let app = &site.app;
    app.create_user(&operator(), user("eve", "viewer"), PASSWORD).await.unwrap();
    assert!(matches!(app.begin_login("eve", PASSWORD, ORIGIN).await, Ok(Login::Open(_))));
    assert!(matches!(app.begin_login("ada", "wrong", ORIGIN).await, Err(Error::Unauthorized(_))));
    let begin = || async {
        let Login::CodeNeeded(token) = app.begin_login("ada", PASSWORD, ORIGIN).await.unwrap() else { panic!() };
        token.expose().to_owned()
    };
    let token = begin().await;
    assert!(app.bearer(&token, ORIGIN).await.is_err(), "it is worth nothing by itself");
    assert!(app.awaits_code(&token) && !app.awaits_code("pym_p_guess"));
    needs_code(app.finish_login(&token, "abc", ORIGIN).await, "wrong");
    let code = phone(&site, "ada").await;
    let open = app.finish_login(&token, &code, ORIGIN).await.unwrap();
    app.bearer(&open.token, ORIGIN).await.unwrap();
    assert!(matches!(app.finish_login(&token, &code, ORIGIN).await, Err(Error::Unauthorized(_))), "it ends with it");
    // A few wrong codes, and it is over.
    site.clock.advance(STEP);
    let token = begin().await;
    for _ in 0..5 {
        needs_code(app.finish_login(&token, "abc", ORIGIN).await, "wrong");
    }
    let late = app.finish_login(&token, &phone(&site, "ada").await, ORIGIN).await;
    assert!(matches!(late, Err(Error::Unauthorized(_))), "{late:?}");
    // So it is after a while, and with another password.
    let token = begin().await;
    site.clock.advance(PENDING_LIFE);
    assert!(matches!(app.finish_login(&token, &phone(&site, "ada").await, ORIGIN).await, Err(Error::Unauthorized(_))));
    let token = begin().await;
    app.set_password(&operator(), "ada", "another horse", None, None).await.unwrap();
    assert!(matches!(app.finish_login(&token, &phone(&site, "ada").await, ORIGIN).await, Err(Error::Unauthorized(_))));
}

#[tokio::test]
async fn a_code_used_by_two_at_once_lets_one_in() {
    let (site, ..) = with_ada().await;
    let code = phone(&site, "ada").await;
    let logins: Vec<_> = (0..4)
        .map(|_| {
            let (app, code) = (site.app.clone(), code.clone());
            tokio::spawn(async move { app.login("ada", PASSWORD, Some(&code), ORIGIN).await.is_ok() })
        })
        .collect();
    let mut let_in = 0;
    for login in logins {
        let_in += u32::from(login.await.unwrap());
    }
    assert_eq!(let_in, 1);
}

#[test]
fn the_store_keeps_keys_of_that_size() {
    assert_eq!(KEY_BYTES, 20);
}
