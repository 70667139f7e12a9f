use std::time::Duration;

use super::*;
use crate::app::testing::{Site, operator, site, user};
use crate::app::user::anonymous;
use crate::auth::secret;
use crate::store::StoreError;

const PASSWORD: &str = "correct horse";
const ORIGIN: &str = "192.0.2.7";

fn scopes(scopes: &[Scope]) -> Scopes {
    scopes.iter().copied().collect()
}

#[tokio::test]
async fn a_token_may_do_what_it_was_made_for_until_it_expires() {
    let Site { app, clock, .. } = site().await;
    let end = clock.now().plus(Duration::from_hours(1));
    let (token, secret) =
        app.create_token(&operator(), "backup", scopes(&[Scope::Read, Scope::Admin]), Some(end)).await.unwrap();
    let actor = app.bearer(&secret, ORIGIN).await.unwrap();
    assert_eq!(actor.scopes, token.scopes);
    assert!(matches!(actor.principal, Principal::Token { id, .. } if id == token.id));
    app.inner.store.write(Flush::Now, |_| Ok::<_, StoreError>(())).await.unwrap();
    assert!(app.tokens(&operator()).await.unwrap()[0].last_used_at.is_some());
    clock.advance(Duration::from_hours(1));
    let error = app.bearer(&secret, ORIGIN).await.unwrap_err();
    assert!(matches!(&error, Error::Unauthorized(why) if why.contains("expired")), "{error}");
}

#[tokio::test]
async fn a_token_may_do_no_more_than_its_maker() {
    let Site { app, clock, .. } = site().await;
    app.create_user(&operator(), user("grace", "viewer"), PASSWORD).await.unwrap();
    app.create_user(&operator(), user("ada", "operator"), PASSWORD).await.unwrap();
    let grace = app.basic("grace", PASSWORD, ORIGIN).await.unwrap();
    let ada = app.basic("ada", PASSWORD, ORIGIN).await.unwrap();
    let refusal = app.create_token(&grace, "t", scopes(&[Scope::Read, Scope::Broker]), None).await.unwrap_err();
    assert!(matches!(refusal, Error::Forbidden { needs: Scope::Broker }), "{refusal}");
    let past = Some(clock.now());
    for (name, words, end) in [("", &[Scope::Read][..], None), ("t", &[], None), ("t", &[Scope::Read], past)] {
        let unfit = app.create_token(&grace, name, scopes(words), end).await.unwrap_err();
        assert!(matches!(unfit, Error::Invalid { .. }), "{unfit}");
    }
    let (_, secret) = app.create_token(&ada, "t", scopes(&[Scope::Enroll]), None).await.unwrap();
    let narrow = app.bearer(&secret, ORIGIN).await.unwrap();
    assert!(app.create_token(&narrow, "t", scopes(&[Scope::Enroll]), None).await.is_err());
    assert!(app.tokens(&narrow).await.is_err() && app.tokens(&anonymous(ORIGIN)).await.is_err());
    // A client could have tokens with all that its owner may do.
    let wider = app.register_client(&narrow, "app").await.unwrap_err();
    assert!(matches!(wider, Error::Forbidden { needs: Scope::Read }), "{wider}");
    app.register_client(&ada, "app").await.unwrap();
}

#[tokio::test]
async fn a_token_is_its_owners_and_an_administrators_to_revoke() {
    let mut site = site().await;
    for name in ["grace", "eve"] {
        site.app.create_user(&operator(), user(name, "viewer"), PASSWORD).await.unwrap();
    }
    let grace = site.app.basic("grace", PASSWORD, ORIGIN).await.unwrap();
    let eve = site.app.basic("eve", PASSWORD, ORIGIN).await.unwrap();
    let (token, secret) = site.app.create_token(&grace, "t", scopes(&[Scope::Read]), None).await.unwrap();
    assert!(site.app.tokens(&eve).await.unwrap().is_empty());
    assert_eq!(site.app.tokens(&operator()).await.unwrap().len(), 1);
    let hidden = site.app.revoke_token(&eve, token.id).await.unwrap_err();
    assert!(matches!(hidden, Error::NotFound { .. }), "{hidden}");
    site.app.revoke_token(&grace, token.id).await.unwrap();
    assert!(site.app.bearer(&secret, ORIGIN).await.is_err());
    let closed = site.downlink.try_recv().unwrap();
    assert!(matches!(closed, crate::app::downlink::Downlink::CloseToken { hash } if hash == secret::hash(&secret)));
    let gone = site.app.revoke_token(&operator(), token.id).await.unwrap_err();
    assert!(matches!(gone, Error::NotFound { .. }), "{gone}");
}

#[tokio::test]
async fn nobody_has_tokens_without_bound() {
    let Site { app, .. } = site().await;
    for _ in 0..MAX_TOKENS {
        app.create_token(&operator(), "t", scopes(&[Scope::Read]), None).await.unwrap();
    }
    let full = app.create_token(&operator(), "t", scopes(&[Scope::Read]), None).await.unwrap_err();
    assert!(matches!(full, Error::Conflict(_)), "{full}");
}
