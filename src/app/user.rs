//! People: the first administrator, and those who follow.

use std::collections::BTreeSet;

use super::role::curtailed;
use super::{App, Error, check_limit, require};
use crate::auth::AuthError;
use crate::auth::secret::{self, Kind, Secret};
use crate::model::actor::{Actor, Principal, Scope, Scopes};
use crate::model::audit::Outcome;
use crate::model::device::PageStart;
use crate::model::id::UserId;
use crate::model::page::{MAX_PAGE, Page};
use crate::model::text::{self, MAX_NAME, check_label};
use crate::model::user::{ADMIN_ROLE, NewUser, User, UserEdit, UserFilter, bare_name};
use crate::store::{Flush, Rx, StoreError, Tx, UserRow};

use super::downlink::Downlink;

pub use crate::auth::password::{MAX_PASSWORD, MIN_PASSWORD};

/// The most people a site has.
pub const MAX_USERS: u64 = 1000;
/// The name of the administrator whom the configuration makes.
pub const ADMIN: &str = "admin";
/// The account that attempts on the setup code are counted for; no user can be called so.
const SETUP_ACCOUNT: &str = "\0setup";

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Busy => Self::Busy(error.to_string()),
            other => Self::Failed { what: "check credentials".to_owned(), source: Box::new(other) },
        }
    }
}

impl App {
    /// Whether the first administrator is still to be made. When so, there is a [setup code](App::setup_code) from now
    /// on.
    ///
    /// # Errors
    /// When the store or the system's randomness fails.
    pub async fn setup_needed(&self) -> Result<bool, Error> {
        let needed = self.inner.store.read(|rx| Ok::<_, StoreError>(rx.count_users()? == 0)).await?;
        if needed {
            self.inner.auth.setup.begin()?;
        } else {
            self.inner.auth.setup.end();
        }
        Ok(needed)
    }

    /// The one-time code for the first administrator: for the log and for those on the board itself, nobody else.
    #[must_use]
    pub fn setup_code(&self) -> Option<String> {
        self.inner.auth.setup.code()
    }

    /// Makes the first administrator.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] for a wrong code, [`Error::TooMany`] after several, [`Error::Conflict`] when there is a
    /// user already, [`Error::Invalid`] for an unfit name or password.
    pub async fn setup(&self, code: &str, name: &str, password: &str, origin: &str) -> Result<User, Error> {
        if !self.setup_needed().await? {
            return Err(Error::Conflict("this site has its first user already; log in".to_owned()));
        }
        let attempt =
            self.inner.auth.attempt(origin, SETUP_ACCOUNT).map_err(|retry_after| Error::TooMany { retry_after })?;
        if !self.inner.auth.setup.accepts(code) {
            self.refused("user.setup", "", origin, "wrong setup code").await?;
            return Err(Error::Unauthorized("the setup code is wrong".to_owned()));
        }
        attempt.give_back();
        let name = new_name(name)?;
        check_new_password(&name, password)?;
        let actor = anonymous(origin);
        self.insert_first(actor, name, password, "user.setup").await
    }

    /// Makes the administrator `admin` with that password when there is no user yet. Any password but an empty one is
    /// taken; a warning is returned for a weak one.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an empty or overlong password.
    pub async fn ensure_admin(&self, password: &str) -> Result<Option<String>, Error> {
        if password.is_empty() || password.len() > MAX_PASSWORD {
            return Err(Error::invalid("password", format!("a password has 1 to {MAX_PASSWORD} bytes")));
        }
        if !self.setup_needed().await? {
            return Ok(None);
        }
        self.insert_first(Actor::system(), ADMIN.to_owned(), password, "user.create").await?;
        Ok(weakness(ADMIN, password).map(|why| format!("the administrator's password {why}; choose a better one")))
    }

    async fn insert_first(
        &self,
        actor: Actor,
        name: String,
        password: &str,
        action: &'static str,
    ) -> Result<User, Error> {
        let new = NewUser { name, roles: vec![ADMIN_ROLE.to_owned()], ..NewUser::default() };
        let row = self.new_row(new, password).await?;
        let user = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                if tx.count_users()? > 0 {
                    return Err(Error::Conflict("this site has its first user already; log in".to_owned()));
                }
                insert(tx, row, &actor, action)
            })
            .await?;
        self.inner.auth.setup.end();
        Ok(user)
    }

    /// One page of the people who fit a filter, by name.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a limit that cannot be, [`Error::Forbidden`] without the scope `admin`.
    pub async fn users(
        &self,
        actor: &Actor,
        filter: UserFilter,
        start: PageStart,
        limit: u32,
    ) -> Result<Page<User>, Error> {
        require(actor, Scope::Admin)?;
        check_limit(limit, MAX_PAGE)?;
        self.inner.store.read(move |rx| rx.users(&filter, &start, limit).map_err(Error::from)).await
    }

    /// The person of that name; people may see themselves.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for another without the scope `admin`, [`Error::NotFound`].
    pub async fn user(&self, actor: &Actor, name: &str) -> Result<User, Error> {
        let name = login_name(name);
        require_self_or_admin(actor, &name)?;
        self.inner.store.read(move |rx| find(rx, &name)).await
    }

    /// Makes a person with a password.
    ///
    /// # Errors
    /// As [`App::add_user`].
    pub async fn create_user(&self, actor: &Actor, new: NewUser, password: &str) -> Result<User, Error> {
        self.add_user(actor, new, Some(password)).await
    }

    /// Makes a person; without a password they cannot log in until an administrator gives them one.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `admin`, [`Error::Invalid`] for an unfit name or password or an unknown
    /// role, [`Error::Conflict`] when the name is taken.
    pub async fn add_user(&self, actor: &Actor, new: NewUser, password: Option<&str>) -> Result<User, Error> {
        require(actor, Scope::Admin)?;
        let new = NewUser { name: new_name(&new.name)?, ..new };
        check_person(&new.first_name, &new.last_name, &new.email)?;
        let row = if let Some(password) = password {
            check_new_password(&new.name, password)?;
            self.new_row(new, password).await?
        } else {
            self.new_row(new, Secret::random(Kind::Session)?.expose()).await?
        };
        let actor = actor.clone();
        let user = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                if tx.user(&row.user.name)?.is_some() {
                    return Err(Error::Conflict(format!("there is a user {:?} already", row.user.name)));
                }
                if tx.count_users()? >= MAX_USERS {
                    return Err(Error::Conflict(format!("there are {MAX_USERS} users, the most there can be")));
                }
                insert(tx, row, &actor, "user.create")
            })
            .await?;
        self.inner.auth.setup.end();
        Ok(user)
    }

    /// Changes a person. People may change their own names and address; roles are an administrator's business. Whoever
    /// has less by it loses their open connections.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `admin`, [`Error::NotFound`], [`Error::Invalid`] for unfit members or an
    /// unknown role, [`Error::Conflict`] when no administrator would be left.
    pub async fn edit_user(&self, actor: &Actor, name: &str, edit: UserEdit) -> Result<User, Error> {
        let name = login_name(name);
        require_self_or_admin(actor, &name)?;
        if edit.roles.is_some() {
            require(actor, Scope::Admin)?;
        }
        let label = |text: &Option<String>| text.clone().unwrap_or_default();
        check_person(&label(&edit.first_name), &label(&edit.last_name), &label(&edit.email))?;
        let (by, at) = (actor.clone(), self.inner.clock.now());
        let (user, ended) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let before = find(tx, &name)?;
                let mut user = before.clone();
                user.first_name = edit.first_name.unwrap_or(user.first_name);
                user.last_name = edit.last_name.unwrap_or(user.last_name);
                user.email = edit.email.unwrap_or(user.email);
                tx.update_user(&user)?;
                if let Some(roles) = edit.roles {
                    tx.set_roles(user.id, &checked_roles(tx, &roles)?)?;
                }
                let before = [before];
                check_roles_left(tx, &before)?;
                let user = find(tx, &name)?;
                tx.audit(at, &by, "user.edit", &name, Outcome::Done, &user.roles.join(", "))?;
                Ok::<_, Error>((user, curtailed(tx, &before)?))
            })
            .await?;
        self.close_tokens(ended).await;
        Ok(user)
    }

    /// Deletes a person with their sessions, API tokens, OAuth clients and tokens, and ends the connections these
    /// opened. The devices they own stay enrolled.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `admin`, [`Error::NotFound`], [`Error::Conflict`] for the last
    /// administrator.
    pub async fn delete_user(&self, actor: &Actor, name: &str) -> Result<(), Error> {
        require(actor, Scope::Admin)?;
        let (name, by, at) = (login_name(name), actor.clone(), self.inner.clock.now());
        let ended = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let user = find(tx, &name)?;
                let mut ended = tx.delete_sessions(user.id)?;
                ended.extend(tx.delete_api_tokens(&name)?);
                ended.extend(tx.revoke_user(&name)?.tokens);
                tx.delete_enrollment_tokens(&name)?;
                tx.delete_user(user.id)?;
                check_roles_left(tx, &[user])?;
                tx.audit(at, &by, "user.delete", &name, Outcome::Done, "")?;
                Ok::<_, Error>(ended)
            })
            .await?;
        self.close_tokens(ended).await;
        Ok(())
    }

    /// Replaces a person's password and ends their sessions, but the one of the token `keep`. Their API tokens and OAuth tokens stay: the agents of
    /// their devices go on. Who changes their own shows the old one, which counts as an attempt to log in.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for another's password without the scope `admin`, [`Error::NotFound`],
    /// [`Error::Invalid`] for an unfit password or a wrong old one, [`Error::TooMany`] after several.
    pub async fn set_password(
        &self,
        actor: &Actor,
        name: &str,
        password: &str,
        old: Option<&str>,
        keep: Option<&str>,
    ) -> Result<(), Error> {
        let name = login_name(name);
        require_self_or_admin(actor, &name)?;
        if is_self(actor, &name) {
            let wrong = |why: &str| Error::invalid("old_password", why);
            let old = old.ok_or_else(|| wrong("to change your own password, send the old one too"))?;
            match self.check_own_password(&name, old, &actor.origin, "change of password").await {
                Ok(()) => {}
                Err(Error::Unauthorized(_)) => return Err(wrong("the old password is wrong")),
                Err(other) => return Err(other),
            }
        }
        check_new_password(&name, password)?;
        let hash = self.inner.auth.passwords.hash(password.into()).await?;
        let (by, at, keep) = (actor.clone(), self.inner.clock.now(), keep.map(secret::hash));
        let ended = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let user = find(tx, &name)?;
                tx.set_password(user.id, &hash)?;
                tx.audit(at, &by, "user.password", &name, Outcome::Done, "")?;
                Ok::<_, Error>(match keep {
                    Some(keep) => tx.delete_other_sessions(user.id, &keep)?,
                    None => tx.delete_sessions(user.id)?,
                })
            })
            .await?;
        self.close_tokens(ended).await;
        Ok(())
    }

    /// Ends the connections that were opened with tokens of these hashes.
    pub(super) async fn close_tokens(&self, hashes: Vec<[u8; 32]>) {
        for hash in hashes {
            self.order(Downlink::CloseToken { hash }).await;
        }
    }

    async fn new_row(&self, new: NewUser, password: &str) -> Result<UserRow, Error> {
        let password = self.inner.auth.passwords.hash(password.into()).await?;
        let at = self.inner.clock.now();
        let NewUser { name, roles, first_name, last_name, email } = new;
        let user = User {
            id: UserId::fresh(at),
            name,
            roles,
            scopes: Scopes::NONE,
            first_name,
            last_name,
            email,
            created_at: at,
            second_factor: false,
        };
        Ok(UserRow { user, password })
    }
}

fn insert(tx: &Tx<'_>, mut row: UserRow, actor: &Actor, action: &str) -> Result<User, Error> {
    row.user.roles = checked_roles(tx, &row.user.roles)?;
    tx.insert_user(&row)?;
    let user = find(tx, &row.user.name)?;
    tx.audit(user.created_at, actor, action, &user.name, Outcome::Done, &user.roles.join(", "))?;
    Ok(user)
}

/// Refuses what took the role that includes everything from the last who had it, and what left somebody without any
/// role: `before` are the people a role was taken from, as they were.
pub(super) fn check_roles_left(tx: &Tx<'_>, before: &[User]) -> Result<(), Error> {
    for user in before {
        if tx.user(&user.name)?.is_some_and(|row| row.user.roles.is_empty()) {
            let why = format!("the user {:?} would be left without a role; give them another first", user.name);
            return Err(Error::Conflict(why));
        }
    }
    let had = before.iter().any(|user| user.roles.iter().any(|role| role == ADMIN_ROLE));
    if had && tx.count_role(ADMIN_ROLE)? == 0 {
        return Err(Error::Conflict("the site would have no administrator left".to_owned()));
    }
    Ok(())
}

/// Roles as they are written, each once. A person has at least one, and each is there.
fn checked_roles(rx: &Rx<'_>, roles: &[String]) -> Result<Vec<String>, Error> {
    if roles.is_empty() {
        return Err(Error::invalid("roles", "a user has at least one role"));
    }
    let unknown = |role: &str| Error::invalid("roles", format!("there is no role {role:?}"));
    let known = |role: &String| rx.role(role)?.map(|role| role.name).ok_or_else(|| unknown(role));
    Ok(roles.iter().map(known).collect::<Result<BTreeSet<_>, Error>>()?.into_iter().collect())
}

fn is_self(actor: &Actor, name: &str) -> bool {
    matches!(&actor.principal, Principal::User { name: own, .. } if own == name)
}

fn require_self_or_admin(actor: &Actor, name: &str) -> Result<(), Error> {
    if is_self(actor, name) { Ok(()) } else { require(actor, Scope::Admin) }
}

fn check_person(first_name: &str, last_name: &str, email: &str) -> Result<(), Error> {
    check_label("a first name", first_name, MAX_NAME).map_err(|why| Error::invalid("first_name", why))?;
    check_label("a last name", last_name, MAX_NAME).map_err(|why| Error::invalid("last_name", why))?;
    check_label("an e-mail address", email, MAX_NAME).map_err(|why| Error::invalid("email", why))
}

pub(super) fn find(rx: &Rx<'_>, name: &str) -> Result<User, Error> {
    let row = rx.user(name)?.ok_or_else(|| Error::missing(format!("the user {name:?}")))?;
    Ok(row.user)
}

/// Somebody who has not shown who they are.
pub(super) fn anonymous(origin: &str) -> Actor {
    Actor { principal: Principal::Anonymous, scopes: Scopes::NONE, origin: origin.to_owned() }
}

/// A person at work.
pub(super) fn person(user: User, origin: &str) -> Actor {
    Actor {
        principal: Principal::User { id: user.id, name: user.name },
        scopes: user.scopes,
        origin: origin.to_owned(),
    }
}

/// The name that is looked up: without the tenant, in lower case, and no longer than a name can be.
pub(super) fn login_name(name: &str) -> String {
    text::cut(bare_name(name.trim()), 64).to_lowercase()
}

fn new_name(name: &str) -> Result<String, Error> {
    let name = bare_name(name).to_lowercase();
    text::check_word("a user name", &name.replace('@', "-")).map_err(|why| Error::invalid("name", why))?;
    Ok(name)
}

fn check_new_password(name: &str, password: &str) -> Result<(), Error> {
    if !(MIN_PASSWORD..=MAX_PASSWORD).contains(&password.len()) {
        let detail = format!("a password has {MIN_PASSWORD} to {MAX_PASSWORD} bytes");
        return Err(Error::invalid("password", detail));
    }
    if password.eq_ignore_ascii_case(name) {
        return Err(Error::invalid("password", "a password is not the user's name"));
    }
    Ok(())
}

/// What is weak about a password that is taken all the same.
fn weakness(name: &str, password: &str) -> Option<&'static str> {
    if password.eq_ignore_ascii_case(name) {
        Some("is the user's name")
    } else if password.len() < 10 {
        Some("is shorter than 10 bytes")
    } else if password.chars().all(|c| password.starts_with(c)) {
        Some("is one character over and over")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
