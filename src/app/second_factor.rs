//! A person's second factor: one-time codes from a phone, and recovery codes on paper. With it the password alone opens
//! no door.

use std::fmt;

use super::session::Proof;
use super::user::{find, login_name};
use super::{App, Error, require};
use crate::auth::code;
use crate::auth::secret::Secret;
use crate::auth::totp::{Key, digits};
use crate::model::actor::{Actor, Principal, Scope};
use crate::model::audit::Outcome;
use crate::model::id::UserId;
use crate::model::second_factor::{RECOVERY_CODES, SecondFactor};
use crate::model::setting::GENERAL;
use crate::model::user::User;
use crate::store::{Flush, StoreError, Tx};

/// Groups of four characters in a recovery code: 78 bits, beyond guessing, so that a plain hash protects it at rest.
const RECOVERY_GROUPS: usize = 4;
/// The most bytes of what is taken for a code at all.
const MAX_CODE: usize = 64;

/// A key on its way into a phone; shown this once.
pub struct NewKey {
    /// As a person types it: base32.
    pub secret: String,
    /// As a QR code holds it: an `otpauth` URI.
    pub uri: String,
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey").finish_non_exhaustive()
    }
}

/// What a person showed beyond the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// A one-time code from the phone.
    Code,
    /// A recovery code, and how many are left.
    Recovery { left: u32 },
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code => f.write_str("with a code"),
            Self::Recovery { left } => write!(f, "with a recovery code, {left} left"),
        }
    }
}

impl App {
    /// Whether the caller has a second factor.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] and [`Error::Forbidden`] for a caller who is no person, [`Error::Conflict`] for an
    /// operator who is none.
    pub async fn second_factor(&self, actor: &Actor) -> Result<SecondFactor, Error> {
        let (id, _) = oneself(actor)?;
        let read = move |tx: &crate::store::Rx<'_>| {
            let row = tx.second_factor(id)?;
            let since = row.as_ref().and_then(|row| row.confirmed_at);
            let is_begun = row.is_some() && since.is_none();
            Ok::<_, StoreError>(SecondFactor { since, is_begun, recovery_codes: tx.count_recovery_codes(id)? })
        };
        Ok(self.inner.store.read(read).await?)
    }

    /// Makes the caller a new key, which is in force when a code has [confirmed](App::confirm_second_factor) it. Shown
    /// is the password, so that nobody who finds an open session locks its owner out.
    ///
    /// # Errors
    /// As [`App::second_factor`]; [`Error::Conflict`] when there is a second factor already, [`Error::Invalid`] for a
    /// wrong password, [`Error::TooMany`] after several.
    pub async fn begin_second_factor(&self, actor: &Actor, password: &str) -> Result<NewKey, Error> {
        let (id, name) = oneself(actor)?;
        if self.second_factor(actor).await?.since.is_some() {
            return Err(is_on());
        }
        self.prove_password(actor, &name, password).await?;
        let (key, now, by, target) = (Key::random()?, self.inner.clock.now(), actor.clone(), name.clone());
        let bytes = key.clone();
        let site = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                if tx.second_factor(id)?.is_some_and(|row| row.confirmed_at.is_some()) {
                    return Err(is_on());
                }
                tx.put_second_factor(id, bytes.expose(), now)?;
                tx.audit(now, &by, "user.second-factor", &target, Outcome::Done, "key made")?;
                Ok(tx.settings(GENERAL)?)
            })
            .await?;
        let (secret, uri) = (key.base32(), key.uri(site.site_name(), &name));
        Ok(NewKey { secret: secret.expose().to_owned(), uri: uri.expose().to_owned() })
    }

    /// Puts the caller's new key in force, with a code of it, and ends their other sessions: all but the one of that
    /// token. API tokens and OAuth tokens stay. Returns the recovery codes, shown this once.
    ///
    /// # Errors
    /// As [`App::second_factor`]; [`Error::Conflict`] without a new key, [`Error::Invalid`] for a wrong code,
    /// [`Error::TooMany`] after several.
    pub async fn confirm_second_factor(
        &self,
        actor: &Actor,
        typed: &str,
        session: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        let (id, name) = oneself(actor)?;
        if !self.second_factor(actor).await?.is_begun {
            return Err(Error::Conflict("there is no new key to confirm; begin with one".to_owned()));
        }
        let (codes, hashes) = recovery_codes()?;
        let (now, by, target, typed) = (self.inner.clock.now(), actor.clone(), name.clone(), Secret::from(typed));
        let keep = session.map(crate::auth::secret::hash);
        self.take_code_turn(&name)?;
        let ended = self.inner.store.write(Flush::Now, move |tx| {
            let row = tx.second_factor(id)?.filter(|row| row.confirmed_at.is_none());
            let row =
                row.ok_or_else(|| Error::Conflict("there is no new key to confirm; begin with one".to_owned()))?;
            let Some(step) = Key::from_bytes(row.key).accepts(typed.expose(), now, row.last_step) else {
                return Ok(None);
            };
            tx.use_step(id, step)?;
            tx.confirm_second_factor(id, now)?;
            tx.set_recovery_codes(id, &hashes)?;
            tx.audit(now, &by, "user.second-factor", &target, Outcome::Done, "on")?;
            Ok::<_, Error>(Some(match keep {
                Some(keep) => tx.delete_other_sessions(id, &keep)?,
                None => tx.delete_sessions(id)?,
            }))
        });
        match ended.await {
            Ok(Some(ended)) => {
                self.inner.auth.give_back_code(&name);
                self.close_tokens(ended).await;
                Ok(codes)
            }
            Ok(None) => {
                self.refused("user.second-factor", &name, &actor.origin, "wrong code").await?;
                Err(wrong_code("code"))
            }
            Err(failure) => {
                self.inner.auth.give_back_code(&name);
                Err(failure)
            }
        }
    }

    /// Makes the caller a new set of recovery codes in the place of the old, shown this once.
    ///
    /// # Errors
    /// As [`App::second_factor`]; [`Error::Conflict`] without a second factor, [`Error::Invalid`] for a wrong password
    /// or code, [`Error::TooMany`] after several.
    pub async fn renew_recovery_codes(&self, actor: &Actor, proof: Proof<'_>) -> Result<Vec<String>, Error> {
        let (id, name) = self.prove(actor, proof).await?;
        let (codes, hashes) = recovery_codes()?;
        let (now, by) = (self.inner.clock.now(), actor.clone());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                if tx.second_factor(id)?.is_none_or(|row| row.confirmed_at.is_none()) {
                    return Err(is_off());
                }
                tx.set_recovery_codes(id, &hashes)?;
                Ok(tx.audit(now, &by, "user.second-factor", &name, Outcome::Done, "new recovery codes")?)
            })
            .await?;
        Ok(codes)
    }

    /// Turns the caller's second factor off.
    ///
    /// # Errors
    /// As [`App::renew_recovery_codes`].
    pub async fn end_second_factor(&self, actor: &Actor, proof: Proof<'_>) -> Result<(), Error> {
        let (id, name) = self.prove(actor, proof).await?;
        self.forget_second_factor(actor, id, name, "off").await
    }

    /// Turns another person's second factor off, and forgets a key that was not confirmed. To do it twice is no error.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `admin`, [`Error::NotFound`], [`Error::Conflict`] for one's own, which
    /// takes a [proof](App::end_second_factor).
    pub async fn reset_second_factor(&self, actor: &Actor, name: &str) -> Result<(), Error> {
        require(actor, Scope::Admin)?;
        let name = login_name(name);
        let user = self.inner.store.read(move |rx| find(rx, &name)).await?;
        if matches!(&actor.principal, Principal::User { id, .. } if *id == user.id) {
            let how = "your own second factor is turned off with your password or a code, under your account";
            return Err(Error::Conflict(how.to_owned()));
        }
        self.forget_second_factor(actor, user.id, user.name, "reset").await
    }

    async fn forget_second_factor(
        &self,
        actor: &Actor,
        id: UserId,
        name: String,
        how: &'static str,
    ) -> Result<(), Error> {
        let (now, by) = (self.inner.clock.now(), actor.clone());
        let forget = self.inner.store.write(Flush::Now, move |tx| {
            if tx.delete_second_factor(id)? {
                tx.audit(now, &by, "user.second-factor", &name, Outcome::Done, how)?;
            }
            Ok::<_, StoreError>(())
        });
        Ok(forget.await?)
    }

    /// The caller, who has a second factor and shows their password or a code.
    async fn prove(&self, actor: &Actor, proof: Proof<'_>) -> Result<(UserId, String), Error> {
        let (id, name) = oneself(actor)?;
        if self.second_factor(actor).await?.since.is_none() {
            return Err(is_off());
        }
        match proof {
            Proof::Password(password) => self.prove_password(actor, &name, password).await?,
            Proof::Code(typed) => {
                let attempt = self.attempt(&actor.origin, &name)?;
                let user = self.user(actor, &name).await?;
                match self.check_code(&user, typed, &actor.origin, "second factor").await {
                    Ok(_) => attempt.give_back(),
                    Err(Error::SecondFactor(_)) => return Err(wrong_code("code")),
                    Err(other) => return Err(other),
                }
            }
        }
        Ok((id, name))
    }

    /// Checks the caller's own password; a wrong one counts as an attempt to log in.
    async fn prove_password(&self, actor: &Actor, name: &str, password: &str) -> Result<(), Error> {
        if password.is_empty() {
            return Err(Error::invalid("password", "your password is needed"));
        }
        match self.check_own_password(name, password, &actor.origin, "second factor").await {
            Err(Error::Unauthorized(_)) => Err(Error::invalid("password", "the password is wrong")),
            other => other,
        }
    }

    /// Takes a code of a person whose second factor is on: one-time codes count against a strict limit of their own,
    /// and so does not a recovery code, which is beyond guessing and what is left to an owner whom others lock out.
    ///
    /// # Errors
    /// [`Error::SecondFactor`] for a wrong or used one, [`Error::TooMany`] after several.
    pub(super) async fn check_code(&self, user: &User, typed: &str, origin: &str, how: &str) -> Result<Shown, Error> {
        let is_timed = digits(typed).is_some();
        if is_timed {
            self.take_code_turn(&user.name)?;
        }
        let (id, now, code) = (user.id, self.inner.clock.now(), Secret::from(typed));
        let shown = self.inner.store.write(Flush::Now, move |tx| take_code(tx, id, &code, now)).await;
        if is_timed && !matches!(shown, Ok(None)) {
            self.inner.auth.give_back_code(&user.name);
        }
        if let Some(shown) = shown? {
            return Ok(shown);
        }
        self.refused("user.login", &user.name, origin, &format!("{how}, wrong code")).await?;
        Err(Error::SecondFactor("the code is wrong, or was used before".to_owned()))
    }

    fn take_code_turn(&self, name: &str) -> Result<(), Error> {
        self.inner.auth.attempt_code(name).map_err(|retry_after| Error::TooMany { retry_after })
    }
}

/// Uses up a one-time code or a recovery code; `None` for one that is wrong.
fn take_code(
    tx: &Tx<'_>,
    user: UserId,
    typed: &Secret,
    now: crate::model::timestamp::Timestamp,
) -> Result<Option<Shown>, StoreError> {
    let Some(row) = tx.second_factor(user)?.filter(|row| row.confirmed_at.is_some()) else { return Ok(None) };
    if digits(typed.expose()).is_some() {
        let Some(step) = Key::from_bytes(row.key).accepts(typed.expose(), now, row.last_step) else {
            return Ok(None);
        };
        tx.use_step(user, step)?;
        return Ok(Some(Shown::Code));
    }
    if typed.expose().len() > MAX_CODE || !tx.use_recovery_code(user, &code::bare(typed.expose()).hash())? {
        return Ok(None);
    }
    Ok(Some(Shown::Recovery { left: tx.count_recovery_codes(user)? }))
}

/// A new set of recovery codes, and what the store keeps of them.
fn recovery_codes() -> Result<(Vec<String>, Vec<[u8; 32]>), Error> {
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    let mut hashes = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let code = code::random(RECOVERY_GROUPS)?;
        hashes.push(code::bare(code.expose()).hash());
        codes.push(code.expose().to_owned());
    }
    Ok((codes, hashes))
}

/// The person who calls.
fn oneself(actor: &Actor) -> Result<(UserId, String), Error> {
    if let Principal::User { id, name } = &actor.principal {
        return Ok((*id, name.clone()));
    }
    require(actor, Scope::Admin)?;
    Err(Error::Conflict("only a person has a second factor; log in as one".to_owned()))
}

fn is_on() -> Error {
    Error::Conflict("there is a second factor already; turn it off first".to_owned())
}

fn is_off() -> Error {
    Error::Conflict("there is no second factor".to_owned())
}

fn wrong_code(field: &'static str) -> Error {
    Error::invalid(field, "the code is wrong, or was used before; look whether your phone's clock is right")
}

#[cfg(test)]
mod tests;
