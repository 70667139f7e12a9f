//! Roles: what people may do. Whoever has less than before loses open connections at once.

use std::collections::BTreeSet;

use super::user::{check_roles_left, find, login_name};
use super::{App, Error, require};
use crate::model::actor::{Actor, Scope, Scopes};
use crate::model::audit::Outcome;
use crate::model::id::UserId;
use crate::model::role::{NewRole, Role, RoleEdit, check_description, check_name, check_permissions};
use crate::model::timestamp::Timestamp;
use crate::model::user::User;
use crate::store::{Flush, Rx, Tx};

/// The most roles of a site, built-in ones included.
pub const MAX_ROLES: usize = 200;
/// The most people a line of the trail names.
const MAX_TOLD: usize = 20;

impl App {
    /// Every role, by name.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `admin`.
    pub async fn roles(&self, actor: &Actor) -> Result<Vec<Role>, Error> {
        require(actor, Scope::Admin)?;
        self.inner.store.read(|rx| rx.roles().map_err(Error::from)).await
    }

    /// The names of the roles, for whoever shares groups with them.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `operate`.
    pub async fn role_names(&self, actor: &Actor) -> Result<Vec<String>, Error> {
        require(actor, Scope::Operate)?;
        let roles = self.inner.store.read(|rx| rx.roles().map_err(Error::from)).await?;
        Ok(roles.into_iter().map(|role| role.name).collect())
    }

    /// The role of that name, and the people who have it, by name.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `admin`, [`Error::NotFound`].
    pub async fn role(&self, actor: &Actor, name: &str) -> Result<(Role, Vec<User>), Error> {
        require(actor, Scope::Admin)?;
        let name = name.to_owned();
        self.inner
            .store
            .read(move |rx| {
                let role = known(rx, &name)?;
                let users = rx.users_of_role(&role.name)?;
                Ok((role, users))
            })
            .await
    }

    /// Makes a role and gives it to these people, all or nothing.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `admin`, [`Error::Invalid`] for unfit members or an unknown person,
    /// [`Error::Conflict`] when the name is taken or there are too many.
    pub async fn create_role(&self, actor: &Actor, new: NewRole, users: &[String]) -> Result<Role, Error> {
        require(actor, Scope::Admin)?;
        check_name(&new.name).map_err(|why| Error::invalid("name", why))?;
        check(Some(&new.description), Some(&new.permissions))?;
        let (by, now, users) = (actor.clone(), self.inner.clock.now(), users.to_vec());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                if tx.role(&new.name)?.is_some() {
                    return Err(Error::Conflict(format!("there is a role {:?} already", new.name)));
                }
                if tx.roles()?.len() >= MAX_ROLES {
                    return Err(Error::Conflict(format!("there are {MAX_ROLES} roles, the most there can be")));
                }
                let NewRole { name, description, scopes, permissions } = new;
                let role = Role { name, description, scopes, permissions, built_in: false, users: 0 };
                tx.put_role(&role, now)?;
                tx.audit(now, &by, "role.create", &role.name, Outcome::Done, &role.scopes.to_string())?;
                if !users.is_empty() {
                    give(tx, &by, &role, &[], &users, now)?;
                }
                known(tx, &role.name)
            })
            .await
    }

    /// Changes a role of the site's own, all or nothing. Those who have less by it lose their open connections.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `admin`, [`Error::NotFound`], [`Error::Conflict`] for a built-in role and
    /// when somebody would be left without a role, [`Error::Invalid`] for unfit members or an unknown person.
    pub async fn edit_role(&self, actor: &Actor, name: &str, edit: RoleEdit) -> Result<Role, Error> {
        require(actor, Scope::Admin)?;
        check(edit.description.as_deref(), edit.permissions.as_deref())?;
        let (by, now, name) = (actor.clone(), self.inner.clock.now(), name.to_owned());
        let (role, ended) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let mut role = changeable(tx, &name)?;
                let before = tx.users_of_role(&role.name)?;
                role.description = edit.description.unwrap_or(role.description);
                role.scopes = edit.scopes.unwrap_or(role.scopes);
                role.permissions = edit.permissions.unwrap_or(role.permissions);
                tx.put_role(&role, now)?;
                tx.audit(now, &by, "role.edit", &role.name, Outcome::Done, &role.scopes.to_string())?;
                if let Some(users) = edit.users {
                    give(tx, &by, &role, &before, &users, now)?;
                }
                Ok::<_, Error>((known(tx, &role.name)?, curtailed(tx, &before)?))
            })
            .await?;
        self.close_tokens(ended).await;
        Ok(role)
    }

    /// Deletes a role of the site's own; people and groups lose it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `admin`, [`Error::NotFound`], [`Error::Conflict`] for a built-in role,
    /// and when somebody would be left without a role.
    pub async fn delete_role(&self, actor: &Actor, name: &str) -> Result<(), Error> {
        require(actor, Scope::Admin)?;
        let (by, now, name) = (actor.clone(), self.inner.clock.now(), name.to_owned());
        let ended = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let role = changeable(tx, &name)?;
                let before = tx.users_of_role(&role.name)?;
                tx.delete_role(&role.name)?;
                check_roles_left(tx, &before)?;
                let detail = format!("had by {}", names(before.iter().map(|user| &*user.name)));
                tx.audit(now, &by, "role.delete", &role.name, Outcome::Done, &detail)?;
                curtailed(tx, &before)
            })
            .await?;
        self.close_tokens(ended).await;
        Ok(())
    }

    /// Gives a role to these people, and takes it from all others.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `admin`, [`Error::NotFound`], [`Error::Invalid`] for an unknown person,
    /// [`Error::Conflict`] when no administrator, or somebody without a role, would be left.
    pub async fn set_role_users(&self, actor: &Actor, name: &str, users: &[String]) -> Result<Role, Error> {
        require(actor, Scope::Admin)?;
        let (by, now, name, users) = (actor.clone(), self.inner.clock.now(), name.to_owned(), users.to_vec());
        let (role, ended) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let role = known(tx, &name)?;
                let before = tx.users_of_role(&role.name)?;
                give(tx, &by, &role, &before, &users, now)?;
                Ok::<_, Error>((known(tx, &role.name)?, curtailed(tx, &before)?))
            })
            .await?;
        self.close_tokens(ended).await;
        Ok(role)
    }
}

/// Gives a role to these people, and takes it from those who had it before and are not among them.
fn give(tx: &Tx<'_>, by: &Actor, role: &Role, before: &[User], users: &[String], now: Timestamp) -> Result<(), Error> {
    tx.set_role_users(&role.name, &ids(tx, users)?)?;
    check_roles_left(tx, before)?;
    let after = tx.users_of_role(&role.name)?;
    let detail = format!("had by {}", names(after.iter().map(|user| &*user.name)));
    Ok(tx.audit(now, by, "role.users", &role.name, Outcome::Done, &detail)?)
}

/// The first of these names, and how many they are.
fn names<'a>(users: impl ExactSizeIterator<Item = &'a str>) -> String {
    match users.len() {
        0 => "nobody".to_owned(),
        count if count > MAX_TOLD => {
            format!("{} and {} more", users.take(MAX_TOLD).collect::<Vec<_>>().join(", "), count - MAX_TOLD)
        }
        _ => users.collect::<Vec<_>>().join(", "),
    }
}

/// The hashes of what those can open connections with who may do less now than they did before.
pub(super) fn curtailed(tx: &Tx<'_>, before: &[User]) -> Result<Vec<[u8; 32]>, Error> {
    let mut hashes = Vec::new();
    for user in before {
        let now = tx.user(&user.name)?.map_or(Scopes::NONE, |row| row.user.scopes);
        if !now.cover(user.scopes) {
            hashes.extend(tx.token_hashes(user.id, &user.name)?);
        }
    }
    Ok(hashes)
}

fn check(description: Option<&str>, permissions: Option<&[String]>) -> Result<(), Error> {
    check_description(description.unwrap_or_default()).map_err(|why| Error::invalid("description", why))?;
    check_permissions(permissions.unwrap_or_default()).map_err(|why| Error::invalid("permissions", why))
}

fn known(rx: &Rx<'_>, name: &str) -> Result<Role, Error> {
    rx.role(name)?.ok_or_else(|| Error::missing(format!("the role {name:?}")))
}

fn changeable(rx: &Rx<'_>, name: &str) -> Result<Role, Error> {
    let role = known(rx, name)?;
    if role.built_in {
        return Err(Error::Conflict(format!("the role {:?} came with Pym and cannot be changed", role.name)));
    }
    Ok(role)
}

fn ids(tx: &Tx<'_>, users: &[String]) -> Result<BTreeSet<UserId>, Error> {
    let unknown = |error| match error {
        Error::NotFound { what } => Error::invalid("users", format!("{what} does not exist")),
        other => other,
    };
    users.iter().map(|name| find(tx, &login_name(name)).map(|user| user.id).map_err(unknown)).collect()
}

#[cfg(test)]
mod tests;
