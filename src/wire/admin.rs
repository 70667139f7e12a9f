//! Setup, login, sessions, tokens, the audit trail and backups.

use serde::{Deserialize, Serialize};

use crate::model::actor::Scope;
pub use crate::model::audit::AuditEntry;
use crate::model::id::TokenId;
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
}

/// A session that was opened: the cookie `pym_session` carries the same token.
#[derive(Clone, Serialize, Deserialize)]
pub struct Session {
    pub token: String,
    pub user: String,
    pub expires_at: Timestamp,
}

/// One of the caller's open sessions, without its token: `GET /sessions`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenSession {
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

/// `PUT /users/{name}/password`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    pub password: String,
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
