//! Setup, login, sessions, people, roles, tokens, the audit trail and backups.

use serde::{Deserialize, Serialize};

use crate::model::actor::Scope;
pub use crate::model::audit::AuditEntry;
use crate::model::id::{SessionId, TokenId};
use crate::model::timestamp::Timestamp;

/// `POST /setup`: makes the first administrator. Works once.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    pub code: String,
    pub name: String,
    pub password: String,
}

/// `POST /login`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    pub name: String,
    pub password: String,
    /// A one-time code or a recovery code, for who has a second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// A session that was opened: the cookie `__Host-pym_session` carries the same token.
#[derive(Clone, Serialize, Deserialize)]
pub struct Session {
    pub token: String,
    pub user: String,
    pub expires_at: Timestamp,
}

/// An open session, without its token: `GET /sessions`, `GET /users/{name}/sessions`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenSession {
    pub id: SessionId,
    /// The address it was opened from.
    pub origin: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_used_at: Timestamp,
}

/// Who the caller is: `GET /whoami`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Whoami {
    pub principal: String,
    pub scopes: Vec<Scope>,
}

/// A person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    pub name: String,
    pub roles: Vec<String>,
    /// What the roles allow together.
    pub scopes: Vec<Scope>,
    #[serde(default)]
    pub first_name: String,
    #[serde(default)]
    pub last_name: String,
    #[serde(default)]
    pub email: String,
    pub created_at: Timestamp,
    /// Whether their password opens no door without a code.
    #[serde(default)]
    pub second_factor: bool,
}

/// `POST /users`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    pub name: String,
    pub password: String,
    /// At least one.
    pub roles: Vec<String>,
    #[serde(default)]
    pub first_name: String,
    #[serde(default)]
    pub last_name: String,
    #[serde(default)]
    pub email: String,
}

/// `PATCH /users/{name}`: the members that are present are changed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserEdit {
    /// At least one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// A role: what people may do who have it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    pub name: String,
    pub description: String,
    pub scopes: Vec<Scope>,
    /// The permission paths a client of the Entgra API gave it; they allow nothing by themselves.
    pub permissions: Vec<String>,
    /// Came with Pym, and cannot be changed or deleted.
    pub built_in: bool,
    /// How many people have it.
    pub users: u64,
}

/// `POST /roles`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    pub name: String,
    #[serde(default)]
    pub description: String,
    pub scopes: Vec<Scope>,
}

/// `PATCH /roles/{name}`: the members that are present are changed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleEdit {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<Scope>>,
}

/// `PUT /roles/{name}/users`: everyone who has the role from now on, by name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleUsers {
    pub users: Vec<String>,
}

/// `PUT /users/{name}/password`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    pub password: String,
    /// The password so far; needed by who changes their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_password: Option<String>,
}

/// `POST /tokens`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    pub name: String,
    pub scopes: Vec<Scope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// An API token; `secret` is present once, in the answer that made it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Token {
    pub id: TokenId,
    pub name: String,
    pub owner: String,
    pub scopes: Vec<Scope>,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

macro_rules! hide_secrets {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

hide_secrets!(Setup, Login, NewUser, NewPassword, Session, Token);
