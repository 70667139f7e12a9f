use super::*;
use crate::app::testing::{Site, operator, site, user, with};
use crate::model::audit::AuditFilter;

const PASSWORD: &str = "correct horse";
const ORIGIN: &str = "192.0.2.7";

async fn everyone(app: &App, actor: &Actor) -> Result<Page<User>, Error> {
    app.users(actor, UserFilter::default(), PageStart::Cursor(None), 100).await
}

fn drain(site: &mut Site) -> Vec<[u8; 32]> {
    std::iter::from_fn(|| site.downlink.try_recv().ok())
        .filter_map(|order| match order {
            Downlink::CloseToken { hash } => Some(hash),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn the_setup_code_makes_one_administrator() {
    let Site { app, .. } = site().await;
    assert_eq!(app.setup_code(), None, "nobody asked yet");
    assert!(app.setup_needed().await.unwrap());
    let code = app.setup_code().unwrap();
    let wrong = app.setup("AAAA-AAAA-AAAA", "ada", PASSWORD, ORIGIN).await.unwrap_err();
    assert!(matches!(wrong, Error::Unauthorized(_)), "{wrong}");
    for (name, password) in
        [("ada", "short"), ("ada", &*"x".repeat(1025)), ("a b", PASSWORD), ("adalovelace", "AdaLovelace")]
    {
        let unfit = app.setup(&code, name, password, ORIGIN).await.unwrap_err();
        assert!(matches!(unfit, Error::Invalid { .. }), "{unfit}");
    }
    let ada = app.setup(&code.to_lowercase(), "Ada@carbon.super", PASSWORD, ORIGIN).await.unwrap();
    assert_eq!((ada.name.as_str(), &*ada.roles), ("ada", &["admin".to_owned()][..]));
    assert_eq!(app.setup_code(), None);
    assert!(!app.setup_needed().await.unwrap());
    let again = app.setup(&code, "eve", PASSWORD, ORIGIN).await.unwrap_err();
    assert!(matches!(again, Error::Conflict(_)), "{again}");
    app.basic("ADA", PASSWORD, ORIGIN).await.unwrap();

    let filter = AuditFilter { action: Some("user.setup".to_owned()), ..AuditFilter::default() };
    let trail = app.audit(&operator(), filter, 10).await.unwrap();
    let told: Vec<_> = trail.items.iter().map(|entry| (entry.outcome, entry.origin.as_str())).collect();
    assert_eq!(told, [(Outcome::Done, ORIGIN), (Outcome::Refused, ORIGIN)]);
}

#[tokio::test]
async fn the_setup_code_cannot_be_guessed_at_length() {
    let Site { app, .. } = site().await;
    app.setup_needed().await.unwrap();
    let code = app.setup_code().unwrap();
    let refusal = loop {
        match app.setup("guess", "eve", PASSWORD, ORIGIN).await.unwrap_err() {
            Error::Unauthorized(_) => {}
            other => break other,
        }
    };
    assert!(matches!(refusal, Error::TooMany { retry_after } if !retry_after.is_zero()), "{refusal}");
    app.setup(&code, "eve", PASSWORD, ORIGIN).await.unwrap_err();
    app.setup(&code, "ada", PASSWORD, "192.0.2.8").await.unwrap();
}

#[tokio::test]
async fn the_configured_administrator_is_made_once_with_a_word_on_weak_passwords() {
    let Site { app, .. } = site().await;
    assert!(app.ensure_admin("").await.is_err());
    let warning = app.ensure_admin("admin").await.unwrap().unwrap();
    assert!(warning.contains("the user's name") && !warning.contains("admin "), "{warning}");
    assert_eq!(app.ensure_admin("something else").await.unwrap(), None);
    app.basic("admin@carbon.super", "admin", ORIGIN).await.unwrap();
    assert_eq!(weakness("admin", "short"), Some("is shorter than 10 bytes"));
    assert_eq!(weakness("admin", "aaaaaaaaaaaa"), Some("is one character over and over"));
    assert_eq!(weakness("admin", PASSWORD), None);
}

#[tokio::test]
async fn people_are_an_administrators_business() {
    let Site { app, .. } = site().await;
    let admin = operator();
    app.create_user(&admin, user("ada", "admin"), PASSWORD).await.unwrap();
    app.create_user(&admin, user("Grace", "viewer"), PASSWORD).await.unwrap();
    let taken = app.create_user(&admin, user("GRACE", "viewer"), PASSWORD).await.unwrap_err();
    assert!(matches!(taken, Error::Conflict(_)), "{taken}");
    let grace = app.basic("grace", PASSWORD, ORIGIN).await.unwrap();
    for refusal in [
        everyone(&app, &grace).await.map(drop),
        app.create_user(&grace, user("eve", "admin"), PASSWORD).await.map(drop),
        app.delete_user(&grace, "ada").await,
        app.set_password(&grace, "ada", "taken over", Some(PASSWORD), None).await,
        everyone(&app, &anonymous(ORIGIN)).await.map(drop).map_err(|error| match error {
            Error::Unauthorized(_) => Error::Forbidden { needs: Scope::Admin },
            other => other,
        }),
    ] {
        assert!(matches!(refusal, Err(Error::Forbidden { needs: Scope::Admin })), "{refusal:?}");
    }
    let names: Vec<_> = everyone(&app, &admin).await.unwrap().items.into_iter().map(|user| user.name).collect();
    assert_eq!(names, ["ada", "grace"]);
    let last = app.delete_user(&admin, "ada").await.unwrap_err();
    assert!(matches!(last, Error::Conflict(_)), "{last}");
    let unknown = app.delete_user(&admin, "nobody").await.unwrap_err();
    assert!(matches!(unknown, Error::NotFound { .. }), "{unknown}");
}

#[tokio::test]
async fn who_is_deleted_is_out_at_once() {
    let mut site = site().await;
    let admin = operator();
    site.app.create_user(&admin, user("ada", "operator"), PASSWORD).await.unwrap();
    let session = site.app.login("ada", PASSWORD, None, ORIGIN).await.unwrap();
    let ada = site.app.bearer(&session.token, ORIGIN).await.unwrap();
    let (_, api_token) =
        site.app.create_token(&ada, "script", [Scope::Read].into_iter().collect(), None).await.unwrap();
    let client = site.app.register_client(&ada, "phone").await.unwrap();
    let pair = Some((&*client.client_id, &*client.client_secret));
    let grant = super::super::oauth::Grant::Password { user: "ada".to_owned(), password: PASSWORD.to_owned() };
    let oauth = site.app.token(pair, grant, "", ORIGIN).await.unwrap();
    let tokens = [session.token, api_token, oauth.access_token];
    for token in &tokens {
        site.app.bearer(token, ORIGIN).await.unwrap();
    }
    site.app.delete_user(&admin, "ada").await.unwrap();
    let mut expected = Vec::new();
    for token in &tokens {
        assert!(matches!(site.app.bearer(token, ORIGIN).await, Err(Error::Unauthorized(_))));
        expected.push(crate::auth::secret::hash(token));
    }
    assert_eq!(drain(&mut site), expected, "their connections are ended");
    assert!(site.app.token(pair, super::super::oauth::Grant::ClientCredentials, "", ORIGIN).await.is_err());
    assert!(site.app.basic("ada", PASSWORD, ORIGIN).await.is_err());
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_of_the_old() {
    let mut site = site().await;
    site.app.create_user(&operator(), user("ada", "viewer"), PASSWORD).await.unwrap();
    let session = site.app.login("ada", PASSWORD, None, ORIGIN).await.unwrap();
    let ada = site.app.bearer(&session.token, ORIGIN).await.unwrap();
    for old in [None, Some("wrong")] {
        let refused = site.app.set_password(&ada, "ada", "another horse", old, None).await.unwrap_err();
        assert!(matches!(refused, Error::Invalid { field: "old_password", .. }), "{refused}");
    }
    site.app.set_password(&ada, "Ada", "another horse", Some(PASSWORD), None).await.unwrap();
    assert!(site.app.bearer(&session.token, ORIGIN).await.is_err());
    assert_eq!(drain(&mut site), [crate::auth::secret::hash(&session.token)]);
    assert!(site.app.basic("ada", PASSWORD, ORIGIN).await.is_err());
    site.app.basic("ada", "another horse", ORIGIN).await.unwrap();
    let missing = site.app.set_password(&with(&[Scope::Admin]), "nobody", PASSWORD, None, None).await.unwrap_err();
    assert!(matches!(missing, Error::NotFound { .. }), "{missing}");
}

#[tokio::test]
async fn people_are_found_by_part_of_their_name_page_by_page() {
    let Site { app, .. } = site().await;
    let admin = operator();
    for (name, first_name) in [("ada", "Augusta"), ("grace", "Grace"), ("alan", "Alan")] {
        let new = NewUser { first_name: first_name.to_owned(), ..user(name, "viewer") };
        app.create_user(&admin, new, PASSWORD).await.unwrap();
    }
    let names = async |text: &str, start: PageStart, limit: u32| {
        let filter = UserFilter { text: Some(text.to_owned()), role: None };
        let page = app.users(&operator(), filter, start, limit).await.unwrap();
        (page.items.into_iter().map(|user| user.name).collect::<Vec<_>>(), page.next, page.total)
    };
    let cursor = |text: Option<&str>| PageStart::Cursor(text.map(str::to_owned));
    assert_eq!(names("UGUST", cursor(None), 10).await, (vec!["ada".to_owned()], None, 1));
    assert_eq!(names("a", cursor(None), 2).await, (vec!["ada".into(), "alan".into()], Some("alan".into()), 3));
    assert_eq!(names("a", cursor(Some("alan")), 2).await, (vec!["grace".to_owned()], None, 3));
    assert_eq!(names("a", PageStart::Offset(1), 1).await, (vec!["alan".into()], Some("alan".into()), 3));
    assert_eq!(names("%", cursor(None), 2).await, (vec![], None, 0));
}

#[tokio::test]
async fn an_edit_changes_what_it_names_and_keeps_an_administrator() {
    let mut site = site().await;
    let admin = operator();
    site.app.create_user(&admin, user("ada", "admin"), PASSWORD).await.unwrap();
    let session = site.app.login("ada", PASSWORD, None, ORIGIN).await.unwrap();
    let ada = site.app.bearer(&session.token, ORIGIN).await.unwrap();
    let email = UserEdit { email: Some("ada@example.org".to_owned()), ..UserEdit::default() };
    assert_eq!(site.app.edit_user(&ada, "ada", email.clone()).await.unwrap().email, "ada@example.org");
    let roles = |roles: &[&str]| {
        let roles = Some(roles.iter().map(|role| (*role).to_owned()).collect());
        UserEdit { roles, ..UserEdit::default() }
    };
    let last = site.app.edit_user(&admin, "ada", roles(&["viewer"])).await.unwrap_err();
    assert!(matches!(last, Error::Conflict(_)), "{last}");
    for bad in [&[][..], &["nothing"]] {
        let unfit = site.app.edit_user(&admin, "ada", roles(bad)).await.unwrap_err();
        assert!(matches!(unfit, Error::Invalid { field: "roles", .. }), "{unfit}");
    }
    // In any letter case, and each once: this takes nothing away.
    let same = site.app.edit_user(&admin, "ada", roles(&["ADMIN", "Viewer", "viewer"])).await.unwrap();
    assert_eq!(same.roles, ["admin", "viewer"]);
    assert!(drain(&mut site).is_empty());

    site.app.create_user(&admin, user("grace", "admin"), PASSWORD).await.unwrap();
    let (_, api_token) = site.app.create_token(&ada, "t", [Scope::Admin].into_iter().collect(), None).await.unwrap();
    site.app.edit_user(&admin, "ada", roles(&["viewer"])).await.unwrap();
    let ended = [&session.token, &api_token].map(|token| crate::auth::secret::hash(token));
    assert_eq!(drain(&mut site), ended, "connections with more rights are ended");
    let ada = site.app.bearer(&session.token, ORIGIN).await.unwrap();
    assert_eq!(ada.scopes.to_string(), "read");
    let script = site.app.bearer(&api_token, ORIGIN).await.unwrap();
    assert!(!script.scopes.allow(Scope::Admin), "a token does no more than its owner");
    site.app.edit_user(&ada, "ada", email.clone()).await.unwrap();
    for refused in
        [site.app.edit_user(&ada, "ada", roles(&["admin"])).await, site.app.edit_user(&ada, "grace", email).await]
    {
        assert!(matches!(refused, Err(Error::Forbidden { needs: Scope::Admin })), "{refused:?}");
    }
}

#[tokio::test]
async fn who_has_no_password_cannot_log_in_until_one_is_given() {
    let Site { app, .. } = site().await;
    app.add_user(&operator(), user("ada", "viewer"), None).await.unwrap();
    assert!(app.basic("ada", "", ORIGIN).await.is_err());
    app.set_password(&operator(), "ada", PASSWORD, None, None).await.unwrap();
    app.basic("ada", PASSWORD, ORIGIN).await.unwrap();
}
