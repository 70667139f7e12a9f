//! Coming in: logins, sessions, and who stands behind a credential.

use std::fmt;
use std::time::Duration;

use super::second_factor::Shown;
use super::user::{anonymous, login_name, person};
use super::{App, Error, require};
use crate::auth::Attempt;
use crate::auth::pending::Pending;
use crate::auth::secret::{self, Kind, MAX_TOKEN, Secret, same};
use crate::auth::totp::appended;
use crate::model::actor::{Actor, Principal, Scope, Scopes};
use crate::model::audit::Outcome;
use crate::model::change::NoticeKind;
use crate::model::enrollment_token::EnrollmentToken;
use crate::model::id::SessionId;
use crate::model::timestamp::Timestamp;
use crate::model::user::{ApiToken, User};
use crate::store::{Flush, Holder, SessionRow, StoreError, TokenKind, UserRow};

pub use crate::auth::pending::PENDING_LIFE;

/// How long a session lives without being used.
pub const SESSION_IDLE: Duration = Duration::from_hours(12);
/// How long a session lives at most.
pub const SESSION_LIFE: Duration = Duration::from_hours(30 * 24);
/// The most sessions of one person; a further login ends the one that was used least lately.
pub const MAX_SESSIONS: u32 = 50;
/// How exactly the time of the last use is kept: a credential in constant use is written once in this time.
const TOUCH_EVERY: Duration = Duration::from_mins(1);

/// A session that was opened.
pub struct SessionGrant {
    pub token: String,
    pub user: User,
    /// The end, unless the session is used before.
    pub expires_at: Timestamp,
}

impl fmt::Debug for SessionGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionGrant")
            .field("user", &self.user)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What a right password comes to.
#[derive(Debug)]
pub enum Login {
    /// There is no second factor.
    Open(SessionGrant),
    /// The token that [`App::finish_login`] takes with a code, within [`PENDING_LIFE`].
    CodeNeeded(Secret),
}

/// What a person shows of themselves once more, before something that matters.
pub enum Proof<'a> {
    Password(&'a str),
    /// A one-time code or a recovery code.
    Code(&'a str),
}

impl fmt::Debug for Proof<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password",
            Self::Code(_) => "Code",
        })
    }
}

/// Where the code of a second factor is, if there is one.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// In a field of its own.
    Apart(Option<&'a str>),
    /// After the password, in the same field.
    Appended,
}

/// A session as its owner sees it.
#[derive(Clone, Debug)]
pub struct SessionInfo {
    pub id: SessionId,
    /// Where the login came from.
    pub origin: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_used_at: Timestamp,
}

/// What a token turned out to be.
enum Credential {
    Session(SessionRow),
    Api(ApiToken),
    Enrollment(EnrollmentToken),
    OAuth { expires_at: Option<Timestamp>, holder: Holder },
}

impl App {
    /// Opens a session: 12 hours from its last use, 30 days at most. `code` is of the second factor, where there is one.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] for a wrong name or password, [`Error::SecondFactor`] without the code or with a wrong
    /// one, [`Error::TooMany`] after several.
    pub async fn login(
        &self,
        name: &str,
        password: &str,
        code: Option<&str>,
        origin: &str,
    ) -> Result<SessionGrant, Error> {
        let (user, shown) = self.check_login(name, password, Place::Apart(code), origin, "session").await?;
        self.open_session(user, shown, origin).await
    }

    /// As [`App::login`], in two steps: the code of a second factor comes with [`App::finish_login`].
    ///
    /// # Errors
    /// [`Error::Unauthorized`] for a wrong name or password, [`Error::TooMany`] after several.
    pub async fn begin_login(&self, name: &str, password: &str, origin: &str) -> Result<Login, Error> {
        let (row, attempt) = self.check_password(name, password, false, origin, "session").await?;
        attempt.give_back();
        if row.user.second_factor {
            let login = Pending { name: row.user.name, password: row.password };
            return Ok(Login::CodeNeeded(self.inner.auth.pending.begin(login, self.inner.clock.now())?));
        }
        Ok(Login::Open(self.open_session(row.user, None, origin).await?))
    }

    /// Whether a login of that token still waits for its code.
    #[must_use]
    pub fn awaits_code(&self, token: &str) -> bool {
        self.inner.auth.pending.knows(token, self.inner.clock.now())
    }

    /// Goes on with a login that has shown its password, and opens its session.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when there is no such login: it is over after five minutes, five wrong codes, and when
    /// the password was changed. [`Error::SecondFactor`] for a wrong code, [`Error::TooMany`] after several.
    pub async fn finish_login(&self, token: &str, code: &str, origin: &str) -> Result<SessionGrant, Error> {
        let pending = &self.inner.auth.pending;
        let over = || Error::Unauthorized("this login is over; begin again with your password".to_owned());
        let login = pending.try_code(token, self.inner.clock.now()).ok_or_else(over)?;
        let attempt = self.attempt(origin, &login.name).inspect_err(|_| pending.give_back(token))?;
        let name = login.name.clone();
        let row = self.inner.store.read(move |rx| rx.user(&name)).await?;
        let same_password = |row: &UserRow| same(row.password.as_bytes(), login.password.as_bytes());
        let Some(row) = row.filter(|row| row.user.second_factor && same_password(row)) else {
            pending.end(token);
            return Err(over());
        };
        match self.check_code(&row.user, code, origin, "session").await {
            Ok(shown) => {
                attempt.give_back();
                pending.end(token);
                self.open_session(row.user, Some(shown), origin).await
            }
            Err(wrong @ Error::SecondFactor(_)) => Err(wrong),
            Err(other) => {
                attempt.give_back();
                pending.give_back(token);
                Err(other)
            }
        }
    }

    async fn open_session(&self, user: User, shown: Option<Shown>, origin: &str) -> Result<SessionGrant, Error> {
        let token = Secret::random(Kind::Session)?;
        let (hash, now) = (token.hash(), self.inner.clock.now());
        let expires_at = now.plus(SESSION_IDLE);
        let id = SessionId::fresh(now);
        let session =
            SessionRow { id, user, origin: origin.to_owned(), created_at: now, expires_at, last_used_at: now };
        let how = entered("session", shown);
        let (user, ended) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let ended = tx.insert_session(&hash, &session, MAX_SESSIONS)?;
                let SessionRow { user, origin, .. } = session;
                tx.audit(now, &person(user.clone(), &origin), "user.login", &user.name, Outcome::Done, &how)?;
                Ok::<_, StoreError>((user, ended))
            })
            .await?;
        self.close_tokens(ended).await;
        Ok(SessionGrant { token: token.expose().to_owned(), user, expires_at })
    }

    /// Ends the session of that token, if it is the caller's.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn logout(&self, actor: &Actor, token: &str) -> Result<(), Error> {
        let Principal::User { id, name } = actor.principal.clone() else { return Ok(()) };
        let (hash, now, by) = (secret::hash(token), self.inner.clock.now(), actor.clone());
        let ended = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let ended = tx.delete_session(id, &hash)?;
                if ended {
                    tx.audit(now, &by, "user.logout", &name, Outcome::Done, "")?;
                }
                Ok::<_, StoreError>(ended)
            })
            .await?;
        if ended {
            self.close_tokens(vec![hash]).await;
        }
        Ok(())
    }

    /// A person's sessions, the last used first: the caller's own without a name; nobody but a person has any.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for another's without the scope `admin`, [`Error::NotFound`] for a person who is not there.
    pub async fn sessions(&self, actor: &Actor, of: Option<&str>) -> Result<Vec<SessionInfo>, Error> {
        let id = match (of, &actor.principal) {
            (Some(name), _) => self.user(actor, name).await?.id,
            (None, Principal::User { id, .. }) => *id,
            (None, _) => return Ok(Vec::new()),
        };
        let now = self.inner.clock.now();
        let rows = self.inner.store.read(move |rx| rx.sessions(id, now)).await?;
        let info = |SessionRow { id, origin, created_at, expires_at, last_used_at, .. }| SessionInfo {
            id,
            origin,
            created_at,
            expires_at,
            last_used_at,
        };
        Ok(rows.into_iter().map(info).collect())
    }

    /// The id of the session of that token, if there is one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn session_id(&self, token: &str) -> Result<Option<SessionId>, Error> {
        let hash = secret::hash(token);
        Ok(self.inner.store.read(move |rx| Ok::<_, StoreError>(rx.session(&hash)?.map(|row| row.id))).await?)
    }

    /// Ends every session of the caller.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn close_sessions(&self, actor: &Actor) -> Result<(), Error> {
        let Principal::User { id, name } = actor.principal.clone() else { return Ok(()) };
        let (now, by) = (self.inner.clock.now(), actor.clone());
        let ended = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                tx.audit(now, &by, "user.logout", &name, Outcome::Done, "every session")?;
                tx.delete_sessions(id)
            })
            .await?;
        self.close_tokens(ended).await;
        Ok(())
    }

    /// Ends one session of a person, the caller without a name, and the connections it opened.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not there or is another's; otherwise as [`App::sessions`].
    pub async fn close_session(&self, actor: &Actor, of: Option<&str>, session: SessionId) -> Result<(), Error> {
        let missing = move || Error::missing(format!("the session {session}"));
        let (id, name) = match (of, &actor.principal) {
            (Some(name), _) => {
                let user = self.user(actor, name).await?;
                (user.id, user.name)
            }
            (None, Principal::User { id, name }) => (*id, name.clone()),
            (None, _) => {
                require(actor, Scope::Admin)?;
                return Err(missing());
            }
        };
        let (now, by) = (self.inner.clock.now(), actor.clone());
        let hash = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let hash = tx.delete_session_by_id(id, session)?.ok_or_else(missing)?;
                tx.audit(now, &by, "user.logout", &name, Outcome::Done, &format!("session {session}"))?;
                Ok::<_, Error>(hash)
            })
            .await?;
        self.close_tokens(vec![hash]).await;
        Ok(())
    }

    /// Ends every session of another person, and the connections they opened.
    ///
    /// # Errors
    /// As [`App::sessions`].
    pub async fn close_sessions_of(&self, actor: &Actor, name: &str) -> Result<(), Error> {
        let user = self.user(actor, name).await?;
        let (now, by) = (self.inner.clock.now(), actor.clone());
        let ended = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                tx.audit(now, &by, "user.logout", &user.name, Outcome::Done, "every session")?;
                tx.delete_sessions(user.id)
            })
            .await?;
        self.close_tokens(ended).await;
        Ok(())
    }

    /// Who stands behind a session token, an API token, an enrollment token or an OAuth access token, from one indexed look-up: what was
    /// revoked a moment ago is refused.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when it is unknown or expired, or its device was removed or blocked.
    pub async fn bearer(&self, token: &str, origin: &str) -> Result<Actor, Error> {
        let kind = Kind::of(token);
        if token.len() > MAX_TOKEN {
            return Err(unknown_token());
        }
        let (hash, now) = (secret::hash(token), self.inner.clock.now());
        let found = self
            .inner
            .store
            .identify(move |rx| {
                Ok::<_, StoreError>(match kind {
                    Some(Kind::Session) => rx.session(&hash)?.map(Credential::Session),
                    Some(Kind::Api) => match rx.api_token(&hash)? {
                        // It never does more than its owner, whose roles may have changed since.
                        Some(token) => {
                            let most = rx.user(&token.owner)?.map_or(Scopes::ALL, |row| row.user.scopes);
                            Some(Credential::Api(ApiToken { scopes: token.scopes.within(most), ..token }))
                        }
                        None => None,
                    },
                    Some(Kind::Refresh | Kind::Client | Kind::Pending) => None,
                    Some(Kind::Enrollment) => rx.enrollment_token(&hash)?.map(Credential::Enrollment),
                    // A token without a prefix came from elsewhere: an import.
                    Some(Kind::Access) | None => match rx.oauth_token(TokenKind::Access, &hash)? {
                        Some(token) => rx
                            .holder(token.device, &token.user)?
                            .map(|holder| Credential::OAuth { expires_at: token.expires_at, holder }),
                        None => None,
                    },
                })
            })
            .await?;
        match found {
            None => Err(unknown_token()),
            Some(Credential::Session(session)) => {
                if session.expires_at <= now {
                    return Err(Error::Unauthorized("the session has expired; log in again".to_owned()));
                }
                self.touch_session(hash, &session, now).await;
                Ok(person(session.user, origin))
            }
            Some(Credential::Api(token)) => {
                check_expiry(token.expires_at, now)?;
                self.touch_api_token(&token, now).await;
                let ApiToken { id, name, owner, scopes, .. } = token;
                Ok(Actor { principal: Principal::Token { id, name, owner }, scopes, origin: origin.to_owned() })
            }
            Some(Credential::Enrollment(EnrollmentToken { id, owner, expires_at, .. })) => {
                check_expiry(Some(expires_at), now)?;
                let principal = Principal::EnrollmentToken { id, owner };
                Ok(Actor { principal, scopes: Scopes::NONE, origin: origin.to_owned() })
            }
            Some(Credential::OAuth { expires_at, holder }) => {
                check_expiry(expires_at, now)?;
                match holder {
                    Holder::User(user) => Ok(person(user, origin)),
                    Holder::Device { status, .. } if !status.may_speak() => {
                        Err(Error::Unauthorized(format!("the device is {}", status.name())))
                    }
                    Holder::Device { id, device_type, identifier, .. } => Ok(Actor {
                        principal: Principal::Device { id, device_type, identifier },
                        scopes: Scopes::NONE,
                        origin: origin.to_owned(),
                    }),
                }
            }
        }
    }

    /// Who stands behind a name and a password, the code of a second factor appended to it.
    ///
    /// # Errors
    /// As [`App::login`].
    pub async fn basic(&self, name: &str, password: &str, origin: &str) -> Result<Actor, Error> {
        Ok(person(self.check_login(name, password, Place::Appended, origin, "basic").await?.0, origin))
    }

    /// The person of that name and password, with the code of their second factor appended to it, and a word on what
    /// they showed. `how` goes to the audit trail.
    pub(super) async fn check_credentials(
        &self,
        name: &str,
        password: &str,
        origin: &str,
        how: &str,
    ) -> Result<(User, String), Error> {
        let (user, shown) = self.check_login(name, password, Place::Appended, origin, how).await?;
        Ok((user, entered(how, shown)))
    }

    /// Checks a password alone, of somebody who is in already.
    pub(super) async fn check_own_password(
        &self,
        name: &str,
        password: &str,
        origin: &str,
        how: &str,
    ) -> Result<(), Error> {
        let (_, attempt) = self.check_password(name, password, false, origin, how).await?;
        attempt.give_back();
        Ok(())
    }

    /// The person of that name and password, and of a code where they have a second factor.
    async fn check_login(
        &self,
        name: &str,
        password: &str,
        place: Place<'_>,
        origin: &str,
        how: &str,
    ) -> Result<(User, Option<Shown>), Error> {
        let is_appended = matches!(place, Place::Appended);
        let (UserRow { user, .. }, attempt) = self.check_password(name, password, is_appended, origin, how).await?;
        if !user.second_factor {
            attempt.give_back();
            return Ok((user, None));
        }
        let code = match place {
            Place::Apart(code) => code.filter(|code| !code.trim().is_empty()),
            Place::Appended => appended(password).map(|(_, code)| code),
        };
        let Some(code) = code else {
            attempt.give_back();
            let where_to = if is_appended { "append it to the password" } else { "send it as code" };
            return Err(Error::SecondFactor(format!("a code of the second factor is needed too; {where_to}")));
        };
        match self.check_code(&user, code, origin, how).await {
            Ok(shown) => {
                attempt.give_back();
                Ok((user, Some(shown)))
            }
            Err(wrong @ Error::SecondFactor(_)) => Err(wrong),
            Err(other) => {
                attempt.give_back();
                Err(other)
            }
        }
    }

    /// The person of that name and password, and the attempt, which counts until it is given back. With `is_appended` a
    /// code may follow the password of one who has a second factor. `how` goes to the audit trail when it is refused.
    async fn check_password(
        &self,
        name: &str,
        password: &str,
        is_appended: bool,
        origin: &str,
        how: &str,
    ) -> Result<(UserRow, Attempt<'_>), Error> {
        let name = login_name(name);
        let attempt = self.attempt(origin, &name)?;
        let row = self
            .inner
            .store
            .read({
                let name = name.clone();
                move |rx| rx.user(&name)
            })
            .await?;
        let has_code = is_appended && row.as_ref().is_some_and(|row| row.user.second_factor);
        let alone = appended(password).filter(|_| has_code).map_or(password, |(alone, _)| alone);
        // Without a user it takes as long.
        let hash = row.as_ref().map(|row| row.password.clone());
        let right = self.inner.auth.passwords.verify(alone.into(), hash).await;
        match (right, row) {
            (Ok(true), Some(row)) => Ok((row, attempt)),
            (Ok(_), _) => {
                self.refused("user.login", &name, origin, how).await?;
                Err(Error::Unauthorized("the name or the password is wrong".to_owned()))
            }
            (Err(failure), _) => {
                attempt.give_back();
                Err(failure.into())
            }
        }
    }

    /// Counts one attempt on an account, before any secret of it is looked at.
    pub(super) fn attempt(&self, origin: &str, account: &str) -> Result<Attempt<'_>, Error> {
        self.inner.auth.attempt(origin, account).map_err(|retry_after| Error::TooMany { retry_after })
    }

    /// Counts, notes and tells that somebody showed a wrong secret.
    pub(super) async fn refused(
        &self,
        action: &'static str,
        target: &str,
        origin: &str,
        how: &str,
    ) -> Result<(), Error> {
        self.inner.metrics.login_failures.inc();
        tracing::warn!(action, user.name = ?target, origin, how, "refused");
        self.notice(NoticeKind::Refused, None, format!("{action} {target} refused, from {origin}"));
        let (at, by) = (self.inner.clock.now(), anonymous(origin));
        let (target, how) = (target.to_owned(), how.to_owned());
        self.inner
            .store
            .submit(Flush::Lazy, move |tx| tx.audit(at, &by, action, &target, Outcome::Refused, &how))
            .await?;
        Ok(())
    }

    async fn touch_session(&self, hash: [u8; 32], session: &SessionRow, now: Timestamp) {
        if now.since(session.last_used_at) < TOUCH_EVERY {
            return;
        }
        let expires_at = now.plus(SESSION_IDLE).min(session.created_at.plus(SESSION_LIFE));
        // Not waited for; a use that is not noted is noted with the next one.
        drop(self.inner.store.submit(Flush::Lazy, move |tx| tx.touch_session(&hash, now, expires_at)).await);
    }

    async fn touch_api_token(&self, token: &ApiToken, now: Timestamp) {
        if token.last_used_at.is_some_and(|at| now.since(at) < TOUCH_EVERY) {
            return;
        }
        let id = token.id;
        drop(self.inner.store.submit(Flush::Lazy, move |tx| tx.touch_api_token(id, now)).await);
    }
}

/// How somebody came in, in the words of the trail.
fn entered(how: &str, shown: Option<Shown>) -> String {
    shown.map_or_else(|| how.to_owned(), |shown| format!("{how}, {shown}"))
}

pub(super) fn unknown_token() -> Error {
    Error::Unauthorized("the token is not known here".to_owned())
}

fn check_expiry(expires_at: Option<Timestamp>, now: Timestamp) -> Result<(), Error> {
    match expires_at {
        Some(at) if at <= now => Err(Error::Unauthorized("the token has expired".to_owned())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
