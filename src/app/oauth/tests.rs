#![expect(clippy::unnecessary_wraps, reason = "credentials are given as the application takes them")]

use super::*;
use crate::app::downlink::Downlink;
use crate::app::testing::{Site, itself, operator, operators, site, user, with};
use crate::model::device::{Device, DeviceStatus, NewDevice};

const PASSWORD: &str = "correct horse";
const ORIGIN: &str = "192.0.2.7";
const ANDROID_SCOPE: &str = "device_d24f870f390352a4 default appm:read perm:android:enroll";

type Pair<'c> = Option<(&'c str, &'c str)>;

fn pair(client: &ClientCredentials) -> Pair<'_> {
    Some((&client.client_id, &client.client_secret))
}

fn device_pair(credentials: &DeviceCredentials) -> Pair<'_> {
    Some((&credentials.client_id, &credentials.client_secret))
}

fn password(user: &str) -> Grant {
    Grant::Password { user: user.to_owned(), password: PASSWORD.to_owned() }
}

fn refresh_with(token: &str) -> Grant {
    Grant::Refresh { token: token.to_owned() }
}

async fn with_ada() -> (Site, Actor) {
    let site = site().await;
    site.app.create_user(&operator(), user("ada", "operator"), PASSWORD).await.unwrap();
    let ada = site.app.basic("ada@carbon.super", PASSWORD, ORIGIN).await.unwrap();
    (site, ada)
}

async fn with_pi() -> (Site, Device, DeviceCredentials) {
    let site = site().await;
    let pi = site.pi("kitchen").await;
    let credentials = site.app.issue_device_credentials(&operator(), pi.id).await.unwrap();
    (site, pi, credentials)
}

fn closed(site: &mut Site) -> Vec<Downlink> {
    std::iter::from_fn(|| site.downlink.try_recv().ok()).collect()
}

#[tokio::test]
async fn a_phone_registers_twice_logs_in_refreshes_and_leaves() {
    let (mut site, ada) = with_ada().await;
    let app = site.app.clone();
    let first = app.register_client(&ada, "cdmf_android_1").await.unwrap();
    let second = app.register_client(&ada, "cdmf_android_1").await.unwrap();
    assert_ne!(first.client_id, second.client_id);
    let mut grants = Vec::new();
    for client in [&first, &second] {
        let grant = app.token(pair(client), password("ada@carbon.super"), ANDROID_SCOPE, ORIGIN).await.unwrap();
        assert_eq!((&*grant.scope, grant.expires_in), (ANDROID_SCOPE, Duration::from_hours(1)));
        grants.push(grant);
    }
    let actor = app.bearer(&grants[0].access_token, ORIGIN).await.unwrap();
    assert_eq!((&actor.principal, actor.scopes), (&ada.principal, operators()));

    let original = grants[0].refresh_token.clone().unwrap();
    let rotated = app.token(pair(&first), refresh_with(&original), "", ORIGIN).await.unwrap();
    assert_eq!(rotated.scope, ANDROID_SCOPE);
    let newer = rotated.refresh_token.unwrap();
    assert_ne!(newer, original);
    for token in [&original, &newer, &original] {
        app.token(pair(&first), refresh_with(token), "Enroll device", ORIGIN).await.unwrap();
    }
    let foreign = app.token(pair(&second), refresh_with(&original), "", ORIGIN).await.unwrap_err();
    assert_eq!(foreign.code(), "invalid_grant");

    app.unregister_client(&ada, "cdmf_android_1").await.unwrap();
    app.unregister_client(&ada, "cdmf_android_1").await.unwrap();
    assert!(app.bearer(&grants[0].access_token, ORIGIN).await.is_err());
    assert_eq!(closed(&mut site).len(), 6, "every access token's connection");
    let gone = app.token(pair(&first), refresh_with(&original), "", ORIGIN).await.unwrap_err();
    assert_eq!(gone.code(), "invalid_client");
}

#[tokio::test]
async fn an_agent_sends_its_first_refresh_token_for_ever() {
    let (Site { app, clock, .. }, pi, credentials) = with_pi().await;
    for _ in 0..3 * MAX_TOKENS_PER_CLIENT {
        clock.advance(Duration::from_hours(30 * 24));
        let expired = app.bearer(&credentials.access_token, ORIGIN).await.unwrap_err();
        assert!(matches!(expired, Error::Unauthorized(_)), "{expired}");
        let grant =
            app.token(device_pair(&credentials), refresh_with(&credentials.refresh_token), "Enroll device", ORIGIN);
        let grant = grant.await.unwrap();
        assert_eq!(grant.refresh_token.as_ref(), Some(&credentials.refresh_token));
        assert_eq!(grant.scope, "Enroll device");
        assert!(app.bearer(&grant.access_token, ORIGIN).await.unwrap().is_device(pi.id));
        app.purge_expired().await.unwrap();
    }
}

#[tokio::test]
async fn a_persons_refresh_token_dies_of_disuse_alone() {
    let (Site { app, clock, .. }, ada) = with_ada().await;
    let client = app.register_client(&ada, "phone").await.unwrap();
    let grant = app.token(pair(&client), password("ada"), "", ORIGIN).await.unwrap();
    let original = grant.refresh_token.unwrap();
    for _ in 0..2 * MAX_TOKENS_PER_CLIENT {
        clock.advance(Duration::from_hours(300 * 24));
        app.token(pair(&client), refresh_with(&original), "", ORIGIN).await.unwrap();
    }
    clock.advance(REFRESH_IDLE);
    let error = app.token(pair(&client), refresh_with(&original), "", ORIGIN).await.unwrap_err();
    assert!(matches!(&error, GrantError::InvalidGrant(why) if why.contains("expired")), "{error}");
    assert!(app.purge_expired().await.unwrap() > 0);
}

#[tokio::test]
async fn grants_are_refused_in_the_words_of_the_standard() {
    let (site, ada) = with_ada().await;
    let app = &site.app;
    let client = app.register_client(&ada, "phone").await.unwrap();
    let refusal = async |client: Pair<'_>, grant, scope: &str| {
        app.token(client, grant, scope, ORIGIN).await.map(|grant| grant.scope).unwrap_err().code()
    };
    let wrong = Grant::Password { user: "ada".to_owned(), password: "wrong horse".to_owned() };
    assert_eq!(refusal(pair(&client), wrong, "").await, "invalid_grant");
    assert_eq!(refusal(pair(&client), password("nobody"), "").await, "invalid_grant");
    assert_eq!(refusal(None, password("ada"), "").await, "invalid_client");
    assert_eq!(refusal(Some((&client.client_id, "guess")), password("ada"), "").await, "invalid_client");
    assert_eq!(refusal(Some(("nobody", "guess")), password("ada"), "").await, "invalid_client");
    assert_eq!(refusal(pair(&client), refresh_with("pym_r_unknown"), "").await, "invalid_grant");
    assert_eq!(refusal(pair(&client), Grant::ClientCredentials, "\u{1b}[2J").await, "invalid_request");
    assert_eq!(refusal(pair(&client), Grant::ClientCredentials, &"x ".repeat(5000)).await, "invalid_request");
    assert_eq!(app.metrics().login_failures.get(), 4);

    let pi = site.pi("kitchen").await;
    let own = app.issue_device_credentials(&operator(), pi.id).await.unwrap();
    assert_eq!(refusal(device_pair(&own), password("ada"), "").await, "unauthorized_client");
    let limited = loop {
        let long = Grant::Password { user: "ada".to_owned(), password: "x".repeat(2000) };
        match app.token(pair(&client), long, "", ORIGIN).await.unwrap_err() {
            GrantError::InvalidGrant(_) => {}
            other => break other,
        }
    };
    assert!(matches!(limited, GrantError::TooMany { .. }), "{limited}");
}

#[tokio::test]
async fn a_client_alone_has_its_owners_or_its_devices_token() {
    let (site, ada) = with_ada().await;
    let client = site.app.register_client(&ada, "script").await.unwrap();
    let grant = site.app.token(pair(&client), Grant::ClientCredentials, "a b a", ORIGIN).await.unwrap();
    assert_eq!((grant.refresh_token.is_none(), &*grant.scope), (true, "a b"));
    assert_eq!(site.app.bearer(&grant.access_token, ORIGIN).await.unwrap().principal, ada.principal);

    let pi = site.pi("kitchen").await;
    let own = site.app.issue_device_credentials(&operator(), pi.id).await.unwrap();
    let grant = site.app.token(device_pair(&own), Grant::ClientCredentials, "", ORIGIN).await.unwrap();
    assert!(site.app.bearer(&grant.access_token, ORIGIN).await.unwrap().is_device(pi.id));

    // The operator on the board has no account, so that a client of theirs has nobody to be.
    let nobodys = site.app.register_client(&operator(), "script").await.unwrap();
    let refusal = site.app.token(pair(&nobodys), Grant::ClientCredentials, "", ORIGIN).await.unwrap_err();
    assert_eq!(refusal.code(), "invalid_grant");
}

#[tokio::test]
async fn a_corporate_phone_begins_with_an_operators_token() {
    let (site, ada) = with_ada().await;
    site.app.create_user(&operator(), user("grace", "viewer"), PASSWORD).await.unwrap();
    let client = site.app.register_client(&ada, "kiosk").await.unwrap();
    let theirs = |token: &str| Grant::AccessToken { admin_access_token: token.to_owned() };
    let of_ada = site.app.token(pair(&client), password("ada"), "", ORIGIN).await.unwrap().access_token;
    let of_grace = site.app.token(pair(&client), password("grace"), "", ORIGIN).await.unwrap().access_token;
    let (_, narrow) = site.app.create_token(&ada, "t", [Scope::Enroll].into_iter().collect(), None).await.unwrap();
    let grant = site.app.token(pair(&client), theirs(&of_ada), "", ORIGIN).await.unwrap();
    assert!(grant.refresh_token.is_some());
    assert_eq!(site.app.bearer(&grant.access_token, ORIGIN).await.unwrap().principal, ada.principal);
    for token in [&*of_grace, &narrow, "unknown"] {
        let refusal = site.app.token(pair(&client), theirs(token), "", ORIGIN).await.unwrap_err();
        assert_eq!(refusal.code(), "invalid_grant", "{refusal}");
    }
}

#[tokio::test]
async fn a_device_that_is_shut_out_gets_no_token() {
    let (site, pi, credentials) = with_pi().await;
    let edit = |status| crate::app::device::DeviceEdit { status: Some(status), ..Default::default() };
    let again = || site.app.token(device_pair(&credentials), refresh_with(&credentials.refresh_token), "", ORIGIN);
    site.app.edit_device(&operator(), pi.id, edit(DeviceStatus::Blocked)).await.unwrap();
    let refusal = again().await.unwrap_err();
    assert!(matches!(&refusal, GrantError::InvalidGrant(why) if why.contains("BLOCKED")), "{refusal}");
    assert!(matches!(site.app.issue_device_credentials(&operator(), pi.id).await, Err(Error::Conflict(_))));
    site.app.edit_device(&operator(), pi.id, edit(DeviceStatus::Active)).await.unwrap();
    again().await.unwrap();
    site.app.remove_device(&operator(), pi.id).await.unwrap();
    assert_eq!(again().await.unwrap_err().code(), "invalid_client");
}

#[tokio::test]
async fn a_board_that_cannot_refresh_keeps_its_token() {
    let site = site().await;
    let new = |device_type: &str| NewDevice {
        device_type: device_type.to_owned(),
        identifier: "b".to_owned(),
        ..NewDevice::default()
    };
    let mut tokens = Vec::new();
    for device_type in ["arduino", "raspberrypi"] {
        let device = site.app.enroll(&operator(), new(device_type)).await.unwrap().device;
        tokens.push(site.app.issue_device_credentials(&operator(), device.id).await.unwrap().access_token);
    }
    site.clock.advance(Duration::from_hours(24 * 365));
    assert!(site.app.bearer(&tokens[0], ORIGIN).await.is_ok());
    assert!(site.app.bearer(&tokens[1], ORIGIN).await.is_err());
}

#[tokio::test]
async fn device_credentials_are_for_those_who_enroll_and_the_owner() {
    let (site, ada) = with_ada().await;
    let pi = site.pi("kitchen").await;
    site.app.issue_device_credentials(&ada, pi.id).await.unwrap();
    for other in [with(&[Scope::Read]), itself(&pi)] {
        let refusal = site.app.issue_device_credentials(&other, pi.id).await.unwrap_err();
        assert!(matches!(refusal, Error::Forbidden { needs: Scope::Enroll }), "{refusal}");
    }
    site.app.create_user(&operator(), user("grace", "viewer"), PASSWORD).await.unwrap();
    let grace = site.app.basic("grace", PASSWORD, ORIGIN).await.unwrap();
    assert!(site.app.issue_device_credentials(&grace, pi.id).await.is_err());
    let edit = crate::app::device::DeviceEdit { owner: Some("grace".to_owned()), ..Default::default() };
    site.app.edit_device(&operator(), pi.id, edit).await.unwrap();
    site.app.issue_device_credentials(&grace, pi.id).await.unwrap();
    let missing = crate::model::id::DeviceId::fresh(site.clock.now());
    assert!(matches!(site.app.issue_device_credentials(&ada, missing).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn a_device_unregisters_its_own_application_and_nobody_elses() {
    let (site, ada) = with_ada().await;
    let pi = site.pi("kitchen").await;
    let own = site.app.issue_device_credentials(&operator(), pi.id).await.unwrap();
    let person = site.app.register_client(&ada, "raspberrypi_kitchen").await.unwrap();
    assert!(site.app.unregister_client(&with(&[Scope::Read]), "raspberrypi_kitchen").await.is_err());
    for _ in 0..2 {
        site.app.unregister_client(&itself(&pi), "raspberrypi_kitchen").await.unwrap();
    }
    assert!(site.app.bearer(&own.access_token, ORIGIN).await.is_err());
    let grant = Grant::Password { user: "ada".to_owned(), password: PASSWORD.to_owned() };
    site.app.token(Some((&person.client_id, &person.client_secret)), grant, "", ORIGIN).await.unwrap();
}

#[tokio::test]
async fn the_oldest_gives_way() {
    let (mut site, pi, first) = with_pi().await;
    for _ in 1..device::MAX_CLIENTS_PER_DEVICE {
        site.clock.advance(Duration::from_secs(1));
        site.app.issue_device_credentials(&operator(), pi.id).await.unwrap();
    }
    site.app.bearer(&first.access_token, ORIGIN).await.unwrap();
    assert!(closed(&mut site).is_empty());
    site.clock.advance(Duration::from_secs(1));
    let last = site.app.issue_device_credentials(&operator(), pi.id).await.unwrap();
    assert!(site.app.bearer(&first.access_token, ORIGIN).await.is_err());
    assert!(matches!(closed(&mut site)[..], [Downlink::Close { device, forget: false }] if device == pi.id));

    for _ in 0..MAX_TOKENS_PER_CLIENT {
        site.app.bearer(&last.access_token, ORIGIN).await.unwrap();
        site.clock.advance(Duration::from_secs(1));
        site.app.token(device_pair(&last), Grant::ClientCredentials, "", ORIGIN).await.unwrap();
    }
    assert!(site.app.bearer(&last.access_token, ORIGIN).await.is_err());

    let mut clients = Vec::new();
    for _ in 0..=MAX_CLIENTS_PER_NAME {
        site.clock.advance(Duration::from_secs(1));
        clients.push(site.app.register_client(&operator(), "raspberrypi_kitchen").await.unwrap());
    }
    for (number, client) in clients.iter().enumerate() {
        let code = site.app.token(pair(client), refresh_with("x"), "", ORIGIN).await.unwrap_err().code();
        assert_eq!(code, if number == 0 { "invalid_client" } else { "invalid_grant" });
    }
    site.app.token(device_pair(&last), Grant::ClientCredentials, "", ORIGIN).await.unwrap();
}

#[tokio::test]
async fn what_is_revoked_is_out_at_once() {
    let (mut site, pi, credentials) = with_pi().await;
    let client = device_pair(&credentials);
    let other = site.app.register_client(&operator(), "other").await.unwrap();
    site.app.revoke(client, "unknown", ORIGIN).await.unwrap();
    let foreign = site.app.revoke(pair(&other), &credentials.access_token, ORIGIN).await.unwrap_err();
    assert_eq!(foreign.code(), "invalid_grant");
    assert_eq!(site.app.revoke(None, &credentials.access_token, ORIGIN).await.unwrap_err().code(), "invalid_client");
    assert!(closed(&mut site).is_empty());

    site.app.revoke(client, &credentials.access_token, ORIGIN).await.unwrap();
    assert!(site.app.bearer(&credentials.access_token, ORIGIN).await.is_err());
    assert!(matches!(closed(&mut site)[..], [Downlink::Close { device, .. }] if device == pi.id));
    let grant = site.app.token(client, refresh_with(&credentials.refresh_token), "", ORIGIN).await.unwrap();
    site.app.revoke(client, &credentials.refresh_token, ORIGIN).await.unwrap();
    assert!(site.app.bearer(&grant.access_token, ORIGIN).await.is_err());
    let spent = site.app.token(client, refresh_with(&credentials.refresh_token), "", ORIGIN).await.unwrap_err();
    assert_eq!(spent.code(), "invalid_grant");
}

#[tokio::test]
async fn nothing_that_is_printed_holds_a_secret() {
    let (site, ada) = with_ada().await;
    let pi = site.pi("kitchen").await;
    let session = site.app.login("ada", PASSWORD, None, ORIGIN).await.unwrap();
    let client = site.app.register_client(&ada, "phone").await.unwrap();
    let grant = site.app.token(pair(&client), password("ada"), "", ORIGIN).await.unwrap();
    let device = site.app.issue_device_credentials(&ada, pi.id).await.unwrap();
    let rows = site.app.inner.store.read({
        let id = client.client_id.clone();
        move |rx| Ok::<_, StoreError>(format!("{:?} {:?}", rx.client(&id)?, rx.user("ada")?))
    });
    let printed = format!(
        "{session:?} {client:?} {grant:?} {device:?} {:?} {:?} {} {:?}",
        password("ada"),
        refresh_with(&device.refresh_token),
        rows.await.unwrap(),
        site.app.inner.auth,
    );
    for secret in ["horse", "pym_", "argon2", &*session.token, &client.client_secret] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}

#[tokio::test]
async fn who_may_only_enroll_takes_no_device_in_use_from_its_owner() {
    let (site, ada) = with_ada().await;
    let pi = site.pi("kitchen").await;
    let (_, narrow) = site.app.create_token(&ada, "t", [Scope::Enroll].into_iter().collect(), None).await.unwrap();
    let narrow = site.app.bearer(&narrow, ORIGIN).await.unwrap();
    let again = || NewDevice {
        device_type: "raspberrypi".to_owned(),
        identifier: "kitchen".to_owned(),
        ..NewDevice::default()
    };
    // Whoever has a device's credentials is the device, whether it was ever heard or not.
    let taken = site.app.issue_device_credentials(&narrow, pi.id).await;
    assert!(matches!(taken, Err(Error::Forbidden { needs: Scope::Operate })), "{taken:?}");
    site.app.heard(pi.id).await.unwrap();
    let taken = site.app.enroll(&narrow, again()).await.map(|enrolled| enrolled.device.owner);
    assert!(matches!(taken, Err(Error::Forbidden { needs: Scope::Operate })), "{taken:?}");
    let taken = site.app.issue_device_credentials(&narrow, pi.id).await;
    assert!(matches!(taken, Err(Error::Forbidden { needs: Scope::Operate })), "{taken:?}");
    assert_eq!(site.app.device(&operator(), pi.id).await.unwrap().owner, pi.owner);
    // Its owner's, or an operator's, it may be.
    assert_eq!(site.app.enroll(&ada, again()).await.unwrap().device.owner, "ada");
    site.app.issue_device_credentials(&narrow, pi.id).await.unwrap();
}
