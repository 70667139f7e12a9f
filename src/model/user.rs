//! A person who operates Pym, and what their roles allow.

use super::actor::Scopes;
use super::id::{TokenId, UserId};
use super::timestamp::Timestamp;

/// A person.
#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    /// Unique, in lower case; see [`super::text::check_word`], `@` also allowed.
    pub name: String,
    /// The names of their roles, in order.
    pub roles: Vec<String>,
    /// What the roles allow together.
    pub scopes: Scopes,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub created_at: Timestamp,
}

/// What is said of a person when they are made.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    pub name: String,
    /// At least one, of roles that exist.
    pub roles: Vec<String>,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
}

/// The role that includes everything; somebody always has it.
pub const ADMIN_ROLE: &str = "admin";

/// What people may do: a person has the scopes of all their roles together.
#[derive(Clone, Debug)]
pub struct Role {
    /// Unique in any letter case; see [`super::text::check_word`].
    pub name: String,
    pub description: String,
    pub scopes: Scopes,
    /// The permission paths that a client of the Entgra API gave the role, kept for it as they are; they allow nothing.
    pub permissions: Vec<String>,
    /// Came with Pym, and cannot be changed or deleted.
    pub built_in: bool,
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
