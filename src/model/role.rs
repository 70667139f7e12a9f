//! Roles: what people may do, by Pym's scopes, and what the permission paths of the Entgra API come to in them.

use super::actor::{Scope, Scopes};
use super::text::{MAX_DESCRIPTION, check_label, check_word};

/// The most permission paths of a role.
pub const MAX_PERMISSIONS: usize = 500;
/// The most bytes of a permission path.
const MAX_PERMISSION: usize = 300;

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
    /// How many people have it.
    pub users: u64,
}

/// What is said of a role when it is made.
#[derive(Clone, Debug, Default)]
pub struct NewRole {
    pub name: String,
    pub description: String,
    pub scopes: Scopes,
    pub permissions: Vec<String>,
}

/// What is changed of a role: the members that are present. The name stays, for policies and groups refer to it.
#[derive(Clone, Debug, Default)]
pub struct RoleEdit {
    pub description: Option<String>,
    pub scopes: Option<Scopes>,
    pub permissions: Option<Vec<String>>,
    /// The people who have it from now on, by name.
    pub users: Option<Vec<String>>,
}

/// Checks a role's name: 1 to 64 letters, digits, `_`, `-` or `.`.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_name(name: &str) -> Result<(), String> {
    check_word("a role's name", name)
}

/// Checks a role's description.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_description(description: &str) -> Result<(), String> {
    check_label("a description", description, MAX_DESCRIPTION)
}

/// Checks the permission paths of a role: at most 500 of at most 300 bytes, without control characters.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_permissions(permissions: &[String]) -> Result<(), String> {
    if permissions.len() > MAX_PERMISSIONS {
        return Err(format!("a role has at most {MAX_PERMISSIONS} permissions"));
    }
    permissions.iter().try_for_each(|path| check_label("a permission", path, MAX_PERMISSION))
}

/// Permission paths that stand for everything, when they are given themselves.
const EVERYTHING: [&str; 3] = ["/permission", "/permission/admin", "/permission/admin/device-mgt"];

/// What the permission paths of the Entgra API come to: a path, what it and the paths below it allow when they end in
/// a word of seeing ([`SEEING`]), and what they allow otherwise. Of several entries the longest counts; a path that
/// fits none allows nothing.
#[rustfmt::skip]
const BELOW: &[(&str, &[Scope], &[Scope])] = &[
    ("/permission/admin/device-mgt/devices",                     &[Scope::Read],  &[Scope::Read, Scope::Operate]),
    ("/permission/admin/device-mgt/devices/any-device",          &[Scope::Read],  &[Scope::Read, Scope::Operate]),
    ("/permission/admin/device-mgt/devices/owning-device",       &[Scope::Own],   &[Scope::Own]),
    ("/permission/admin/device-mgt/devices/owning-device/add",   &[Scope::Enroll, Scope::Own], &[Scope::Enroll, Scope::Own]),
    ("/permission/admin/device-mgt/devices/enroll",              &[Scope::Enroll, Scope::Own], &[Scope::Enroll, Scope::Own]),
    ("/permission/admin/device-mgt/devices/disenroll",           &[Scope::Own],   &[Scope::Own]),
    ("/permission/admin/device-mgt/operations",                  &[Scope::Read],  &[Scope::Read, Scope::Operate]),
    ("/permission/admin/device-mgt/activities",                  &[Scope::Read],  &[Scope::Read]),
    ("/permission/admin/device-mgt/groups",                      &[Scope::Read],  &[Scope::Read, Scope::Operate]),
    ("/permission/admin/device-mgt/notifications",               &[Scope::Own],   &[Scope::Own]),
    ("/permission/admin/device-mgt/search",                      &[Scope::Read],  &[Scope::Read]),
    ("/permission/admin/device-mgt/statistics",                  &[Scope::Read],  &[Scope::Read]),
    ("/permission/admin/device-mgt/analytics",                   &[Scope::Read],  &[Scope::Read]),
    ("/permission/admin/device-mgt/events",                      &[Scope::Read],  &[Scope::Read]),
    ("/permission/admin/device-mgt/geo-service",                 &[Scope::Read],  &[Scope::Read, Scope::Policy]),
    ("/permission/admin/device-mgt/policies",                    &[Scope::Read],  &[Scope::Read, Scope::Policy]),
    ("/permission/admin/device-mgt/applications",                &[Scope::Read],  &[Scope::Read, Scope::Policy]),
    ("/permission/admin/device-mgt/device-type",                 &[Scope::Read],  &[Scope::Admin]),
    ("/permission/admin/device-mgt/platform-configurations",     &[Scope::Read],  &[Scope::Admin]),
    ("/permission/admin/device-mgt/certificates",                &[Scope::Read],  &[Scope::Admin]),
    ("/permission/admin/device-mgt/users",                       &[Scope::Read],  &[Scope::Admin]),
    ("/permission/admin/device-mgt/roles",                       &[Scope::Read],  &[Scope::Admin]),
    ("/permission/admin/app-mgt",                                &[Scope::Read],  &[Scope::Read, Scope::Policy]),
];

/// The last words of paths that allow to see and no more.
const SEEING: [&str; 5] = ["view", "list", "read", "search", "details"];

/// What permission paths of the Entgra API come to in scopes.
#[must_use]
pub fn scopes_of(permissions: &[String]) -> Scopes {
    permissions.iter().flat_map(|path| scopes_of_one(path)).copied().collect()
}

fn scopes_of_one(path: &str) -> &'static [Scope] {
    let path = path.trim().trim_end_matches('/');
    if EVERYTHING.contains(&path) {
        return &[Scope::Admin];
    }
    let fits = |entry: &str| path.strip_prefix(entry).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let best = BELOW.iter().filter(|(entry, ..)| fits(entry)).max_by_key(|(entry, ..)| entry.len());
    let sees = path.rsplit('/').next().is_some_and(|word| SEEING.contains(&word));
    best.map_or(&[], |(_, seeing, doing)| if sees { *seeing } else { *doing })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(paths: &[&str]) -> String {
        scopes_of(&paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>()).to_string()
    }

    #[test]
    fn permission_paths_come_to_scopes() {
        let base = "/permission/admin/device-mgt";
        for (path, expected) in [
            ("", "admin"),
            ("/", "admin"),
            ("/devices/any-device/view", "read"),
            ("/devices/any-device/operations", "read operate"),
            ("/devices/owning-device/view", "own"),
            ("/devices/owning-device/operations/android/ring", "own"),
            ("/devices/owning-device/add", "enroll own"),
            ("/devices/enroll/android", "enroll own"),
            ("/policies/view", "read"),
            ("/policies/manage", "read policy"),
            ("/users/view", "read"),
            // What is not known allows nothing, be it named like something else.
            ("/something-new", ""),
            ("/devicesque/view", ""),
            ("-x", ""),
        ] {
            assert_eq!(scopes(&[&format!("{base}{path}")]), expected, "{path}");
        }
        assert_eq!(scopes(&["/permission/admin/login"]), "");
        assert_eq!(scopes(&["/permission/admin"]), "admin");
        assert_eq!(scopes(&[]), "");
        assert_eq!(
            scopes(&[&format!("{base}/policies/manage"), &format!("{base}/devices/enroll")]),
            "read enroll own policy"
        );
    }
}
