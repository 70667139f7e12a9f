use super::*;
use crate::app::downlink::Downlink;
use crate::app::testing::{Site, operator, site, user, with};
use crate::auth::secret;
use crate::model::audit::AuditFilter;
use crate::model::user::UserEdit;

const PASSWORD: &str = "correct horse";
const ORIGIN: &str = "192.0.2.7";

fn new(name: &str, scopes: &[Scope]) -> NewRole {
    NewRole { name: name.to_owned(), scopes: scopes.iter().copied().collect(), ..NewRole::default() }
}

fn closed(site: &mut Site) -> Vec<[u8; 32]> {
    std::iter::from_fn(|| site.downlink.try_recv().ok())
        .filter_map(|order| if let Downlink::CloseToken { hash } = order { Some(hash) } else { None })
        .collect()
}

#[tokio::test]
async fn a_role_is_made_given_narrowed_and_deleted() {
    let mut site = site().await;
    let admin = operator();
    let made = site.app.create_role(&admin, new("Technician", &[Scope::Read, Scope::Operate]), &[]).await.unwrap();
    assert_eq!((made.scopes.to_string().as_str(), made.built_in, made.users), ("read operate", false, 0));
    let again = site.app.create_role(&admin, new("technician", &[]), &[]).await.unwrap_err();
    assert!(matches!(again, Error::Conflict(_)), "{again}");
    site.app.create_user(&admin, user("ada", "TECHNICIAN"), PASSWORD).await.unwrap();
    let session = site.app.login("ada", PASSWORD, None, ORIGIN).await.unwrap();
    let scopes = async |site: &Site| site.app.bearer(&session.token, ORIGIN).await.unwrap().scopes.to_string();
    assert_eq!(scopes(&site).await, "read operate");

    let edit = |scopes: &[Scope]| RoleEdit { scopes: Some(scopes.iter().copied().collect()), ..RoleEdit::default() };
    site.app.edit_role(&admin, "technician", edit(&[Scope::Read, Scope::Operate, Scope::Policy])).await.unwrap();
    assert_eq!(scopes(&site).await, "read operate policy");
    assert!(closed(&mut site).is_empty(), "who may do more keeps their connections");
    site.app.edit_role(&admin, "technician", edit(&[Scope::Read])).await.unwrap();
    assert_eq!(scopes(&site).await, "read");
    assert_eq!(closed(&mut site), [secret::hash(&session.token)]);
    let (role, users) = site.app.role(&admin, "technician").await.unwrap();
    assert_eq!((role.users, users.len(), &*users[0].name), (1, 1, "ada"));

    let needed = site.app.delete_role(&admin, "technician").await.unwrap_err();
    assert!(matches!(&needed, Error::Conflict(why) if why.contains("\"ada\"")), "{needed}");
    assert_eq!(scopes(&site).await, "read");
    let both = ["technician", "device-owner"].map(str::to_owned).to_vec();
    site.app.edit_user(&admin, "ada", UserEdit { roles: Some(both), ..UserEdit::default() }).await.unwrap();
    assert_eq!(scopes(&site).await, "read enroll own");
    site.app.delete_role(&admin, "technician").await.unwrap();
    assert_eq!(closed(&mut site), [secret::hash(&session.token)]);
    assert_eq!(scopes(&site).await, "enroll own");
    let gone = site.app.delete_role(&admin, "technician").await.unwrap_err();
    assert!(matches!(gone, Error::NotFound { .. }), "{gone}");
}

#[tokio::test]
async fn a_role_is_given_to_people_and_the_last_administrator_stays() {
    let Site { app, .. } = site().await;
    let admin = operator();
    app.create_user(&admin, user("ada", "admin"), PASSWORD).await.unwrap();
    app.create_user(&admin, user("grace", "viewer"), PASSWORD).await.unwrap();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let last = app.set_role_users(&admin, "admin", &[]).await.unwrap_err();
    assert!(matches!(last, Error::Conflict(_)), "{last}");
    let unknown = app.set_role_users(&admin, "viewer", &names(&["nobody"])).await.unwrap_err();
    assert!(matches!(unknown, Error::Invalid { field: "users", .. }), "{unknown}");
    let bare = app.set_role_users(&admin, "admin", &names(&["grace"])).await.unwrap_err();
    assert!(matches!(&bare, Error::Conflict(why) if why.contains("\"ada\"")), "{bare}");
    app.set_role_users(&admin, "operator", &names(&["ada"])).await.unwrap();
    // Handed over, and back to both.
    app.set_role_users(&admin, "ADMIN", &names(&["grace", "GRACE@carbon.super"])).await.unwrap();
    assert_eq!(app.user(&admin, "grace").await.unwrap().roles, ["admin", "viewer"]);
    assert_eq!(app.user(&admin, "ada").await.unwrap().roles, ["operator"]);
    assert!(matches!(app.delete_user(&admin, "grace").await, Err(Error::Conflict(_))));
    assert_eq!(app.set_role_users(&admin, "admin", &names(&["ada", "grace"])).await.unwrap().users, 2);
    let filter = AuditFilter { action: Some("role.users".to_owned()), ..AuditFilter::default() };
    let told: Vec<_> = app.audit(&admin, filter, 10).await.unwrap().items.into_iter().map(|line| line.detail).collect();
    assert_eq!(told, ["had by ada, grace", "had by grace", "had by ada"]);
    app.delete_user(&admin, "grace").await.unwrap();
}

#[tokio::test]
async fn built_in_roles_stay_and_roles_are_an_administrators_business() {
    let Site { app, .. } = site().await;
    let admin = operator();
    for name in ["admin", "operator", "viewer", "device-owner", "ADMIN"] {
        let fixed = app.edit_role(&admin, name, RoleEdit::default()).await.unwrap_err();
        assert!(matches!(fixed, Error::Conflict(_)), "{fixed}");
        let fixed = app.delete_role(&admin, name).await.unwrap_err();
        assert!(matches!(fixed, Error::Conflict(_)), "{fixed}");
    }
    for bad in ["", "a b", "..", "a/b"] {
        let unfit = app.create_role(&admin, new(bad, &[]), &[]).await.unwrap_err();
        assert!(matches!(unfit, Error::Invalid { field: "name", .. }), "{unfit}");
    }
    let other = with(&[Scope::Read, Scope::Operate, Scope::Enroll, Scope::Policy]);
    for refused in [
        app.roles(&other).await.map(drop),
        app.role(&other, "admin").await.map(drop),
        app.create_role(&other, new("x", &[]), &[]).await.map(drop),
        app.edit_role(&other, "viewer", RoleEdit::default()).await.map(drop),
        app.delete_role(&other, "viewer").await,
        app.set_role_users(&other, "viewer", &[]).await.map(drop),
    ] {
        assert!(matches!(refused, Err(Error::Forbidden { needs: Scope::Admin })), "{refused:?}");
    }
    assert_eq!(app.roles(&admin).await.unwrap().len(), 4);
}
