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
    /// Whether their password opens no door without a code.
    pub second_factor: bool,
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

/// What is changed of a person: the members that are present.
#[derive(Clone, Debug, Default)]
pub struct UserEdit {
    pub roles: Option<Vec<String>>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
}

/// Which people a list holds.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Part of the user name, the first or the last name, in any letter case.
    pub text: Option<String>,
    /// Those who have this role.
    pub role: Option<String>,
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
