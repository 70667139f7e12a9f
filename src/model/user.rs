//! A person who operates Pym, and what their role allows.

use serde::{Deserialize, Serialize};

use super::actor::{Scope, Scopes};
use super::id::{TokenId, UserId};
use super::timestamp::Timestamp;

/// A person.
#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    /// Unique, in lower case; see [`super::text::check_word`], `@` also allowed.
    pub name: String,
    pub role: Role,
    pub created_at: Timestamp,
}

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Admin,
    Operator,
    Viewer,
}

impl Role {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Admin, Self::Operator, Self::Viewer].into_iter().find(|role| role.name() == text)
    }

    /// What the role allows.
    #[must_use]
    pub fn scopes(self) -> Scopes {
        match self {
            Self::Admin => Scopes::ALL,
            Self::Operator => [Scope::Read, Scope::Operate, Scope::Enroll].into_iter().collect(),
            Self::Viewer => [Scope::Read].into_iter().collect(),
        }
    }
}

/// An API token of Pym's own API; its secret is shown once and never kept.
#[derive(Clone, Debug)]
pub struct ApiToken {
    pub id: TokenId,
    pub name: String,
    pub owner: String,
    pub scopes: Scopes,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

/// The user name without the tenant that clients of the Entgra API append: `admin@carbon.super` is `admin`.
#[must_use]
pub fn bare_name(name: &str) -> &str {
    name.strip_suffix(super::TENANT).and_then(|name| name.strip_suffix('@')).unwrap_or(name)
}
