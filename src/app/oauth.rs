//! OAuth 2.0 as agents made for the Entgra IoT Server use it: dynamic clients, four grants, and refresh tokens that
//! survive being used (RFC 6749, RFC 7009).

mod device;
mod grant;

use std::time::Duration;

pub use device::DeviceCredentials;
pub(super) use device::{MAX_CLIENTS_PER_DEVICE, issue as issue_credentials};
pub use grant::{ClientCredentials, Grant, GrantError, TokenGrant};

use super::downlink::Downlink;
use super::user::{anonymous, person};
use super::{App, Error, require};
use crate::auth::AuthError;
use crate::auth::secret::{self, Kind, Secret, same};
use crate::model::actor::{Actor, Principal, Scope};
use crate::model::audit::Outcome;
use crate::model::text::{MAX_NAME, check_label};
use crate::model::timestamp::Timestamp;
use crate::store::{ClientRow, Flush, Holder, Revoked, StoreError, TokenKind, TokenRow, Tx};

/// The most clients of one owner under one name; agents retry registrations, and the earlier answer may be the one
/// they kept. A further one replaces the oldest.
pub const MAX_CLIENTS_PER_NAME: u32 = 5;
/// The most clients of a site.
pub const MAX_CLIENTS: u64 = 100_000;
/// The most tokens of each kind of one client; a further one replaces the one used least lately.
pub const MAX_TOKENS_PER_CLIENT: u32 = 20;
/// How long a person's refresh token lives without being used; a device's lives for ever.
pub const REFRESH_IDLE: Duration = Duration::from_hours(365 * 24);
/// How long expired tokens and sessions are remembered, so that their users hear "expired" rather than "unknown".
const REMEMBERED: Duration = Duration::from_hours(7 * 24);
/// The most expired records of each kind deleted in one transaction.
const PURGE_BATCH: u32 = 1000;

impl App {
    /// Registers a client for the caller. Each call makes a new one and leaves the earlier ones of that name valid.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `enroll`, or with less than the owner may do (a client can have tokens
    /// with all of it); [`Error::Invalid`] for an unfit name.
    pub async fn register_client(&self, actor: &Actor, name: &str) -> Result<ClientCredentials, Error> {
        require(actor, Scope::Enroll)?;
        check_label("a client's name", name, MAX_NAME).map_err(|why| Error::invalid("name", why))?;
        if name.trim().is_empty() {
            return Err(Error::invalid("name", "a client needs a name"));
        }
        let (client, credentials) = new_client(name.to_owned(), actor.owner(), None, self.inner.clock.now())?;
        let by = actor.clone();
        let replaced = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                if let Some(row) = tx.user(&client.owner)?
                    && let Some(needs) = row.user.scopes.iter().find(|scope| !by.scopes.allow(*scope))
                {
                    return Err(Error::Forbidden { needs });
                }
                let replaced = tx.trim_clients(&client.owner, &client.name, MAX_CLIENTS_PER_NAME)?;
                if tx.count_clients()? >= MAX_CLIENTS {
                    return Err(Error::Conflict(format!("there are {MAX_CLIENTS} clients; unregister some")));
                }
                tx.insert_client(&client)?;
                tx.audit(client.created_at, &by, "client.register", &client.name, Outcome::Done, "")?;
                Ok(replaced)
            })
            .await?;
        self.close_revoked(replaced).await;
        Ok(credentials)
    }

    /// Deletes the caller's clients of that name with their tokens, and ends the connections these opened. To do it
    /// twice is no error.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a person without the scope `enroll`.
    pub async fn unregister_client(&self, actor: &Actor, name: &str) -> Result<(), Error> {
        let own = match actor.principal {
            Principal::Device { id, .. } => Some(id),
            _ => None,
        };
        if own.is_none() {
            require(actor, Scope::Enroll)?;
        }
        let (by, name, now) = (actor.clone(), name.to_owned(), self.inner.clock.now());
        let revoked = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let (deleted, revoked) = match own {
                    Some(device) => tx.delete_device_clients(device, &name)?,
                    None => tx.delete_named_clients(&by.owner(), &name)?,
                };
                if deleted > 0 {
                    tx.audit(now, &by, "client.unregister", &name, Outcome::Done, "")?;
                }
                Ok::<_, StoreError>(revoked)
            })
            .await?;
        self.close_revoked(revoked).await;
        Ok(())
    }

    /// Issues tokens for a grant (RFC 6749, sections 4.3, 4.4 and 6, and the `access_token` grant of agents on
    /// corporate devices). The client's id and secret come from HTTP Basic or from the form (section 2.3.1). Words of
    /// `scope` carry no authority and are granted as asked for: a person's token may do what their role may, a
    /// device's may be that device.
    ///
    /// # Errors
    /// [`GrantError`].
    pub async fn token(
        &self,
        client: Option<(&str, &str)>,
        grant: Grant,
        scope: &str,
        origin: &str,
    ) -> Result<TokenGrant, GrantError> {
        let client = self.authenticate(client).await?;
        let scope = grant::granted(scope)?;
        match grant {
            Grant::Password { user, password } => {
                if client.device.is_some() {
                    return Err(GrantError::UnauthorizedClient);
                }
                let (user, how) = self.check_credentials(&user, &password, origin, "password grant").await?;
                let by = person(user.clone(), origin);
                self.issue(client, move |tx, now, client| {
                    tx.audit(now, &by, "user.login", &user.name, Outcome::Done, &how)?;
                    Ok(Issue::with_refresh(client, user.name, scope))
                })
                .await
            }
            Grant::Refresh { token } => {
                self.issue(client, move |tx, now, client| refresh(tx, now, client, &token, scope)).await
            }
            Grant::ClientCredentials => {
                self.issue(client, move |tx, _, client| {
                    check_holder(tx.holder(client.device, &client.owner)?.as_ref())?;
                    Ok(Issue { refresh: Refresh::None, ..Issue::with_refresh(client, client.owner.clone(), scope) })
                })
                .await
            }
            Grant::AccessToken { admin_access_token } => {
                if client.device.is_some() {
                    return Err(GrantError::UnauthorizedClient);
                }
                // A session ends with its logout; a token made of it would not.
                if Kind::of(&admin_access_token) == Some(Kind::Session) {
                    return Err(GrantError::InvalidGrant(
                        "admin_access_token is a session, not an access token".to_owned(),
                    ));
                }
                let by = self.bearer(&admin_access_token, origin).await?;
                // An API token may do less than its owner and must not become a token that may do it all.
                let Principal::User { name, .. } = by.principal.clone() else {
                    return Err(GrantError::InvalidGrant("admin_access_token is not a person's".to_owned()));
                };
                if !by.scopes.allow(Scope::Enroll) {
                    return Err(GrantError::InvalidGrant("admin_access_token may not enroll devices".to_owned()));
                }
                self.issue(client, move |tx, now, client| {
                    tx.audit(now, &by, "user.login", &name, Outcome::Done, "access_token grant")?;
                    Ok(Issue::with_refresh(client, name, scope))
                })
                .await
            }
        }
    }

    /// Revokes a token of the client (RFC 7009): an access token by itself, a refresh token with everything issued to
    /// the same holder through the client. Connections they opened are ended. An unknown token is no error.
    ///
    /// # Errors
    /// [`GrantError::InvalidClient`]; [`GrantError::InvalidGrant`] for a token that was issued to another client.
    pub async fn revoke(&self, client: Option<(&str, &str)>, token: &str, origin: &str) -> Result<(), GrantError> {
        let client = self.authenticate(client).await?;
        let (hash, now, origin) = (secret::hash(token), self.inner.clock.now(), origin.to_owned());
        let revoked = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let access = tx.oauth_token(TokenKind::Access, &hash)?;
                let Some(token) = access.or(tx.oauth_token(TokenKind::Refresh, &hash)?) else {
                    return Ok(Revoked::default());
                };
                if token.client != client.id {
                    return Err(GrantError::InvalidGrant("the token was issued to another client".to_owned()));
                }
                let by = tx.user(&client.owner)?.map_or_else(|| anonymous(&origin), |row| person(row.user, &origin));
                tx.audit(now, &by, "client.revoke", &client.name, Outcome::Done, &token.user)?;
                Ok(match token.kind {
                    TokenKind::Access => tx.revoke_access(&hash)?,
                    TokenKind::Refresh => tx.revoke_grant(&token)?,
                })
            })
            .await?;
        self.close_revoked(revoked).await;
        Ok(())
    }

    /// Forgets sessions and tokens that expired a week ago. Returns how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn purge_expired(&self) -> Result<usize, Error> {
        let before = self.inner.clock.now().minus(REMEMBERED);
        let purged = self.inner.store.write(Flush::Lazy, move |tx| {
            let sessions = tx.purge_sessions(before, PURGE_BATCH)?;
            let api_tokens = tx.purge_api_tokens(before, PURGE_BATCH)?;
            let enrollment = tx.purge_enrollment_tokens(before, PURGE_BATCH)?;
            let gone = tx.purge_gone_tokens(before, PURGE_BATCH)?;
            let oauth = tx.purge_oauth_tokens(before, PURGE_BATCH)?;
            Ok::<_, StoreError>(sessions + api_tokens + enrollment + gone + oauth)
        });
        Ok(purged.await?)
    }

    /// Ends the connections that were opened with what was revoked.
    pub(super) async fn close_revoked(&self, revoked: Revoked) {
        self.close_tokens(revoked.tokens).await;
        for device in revoked.devices {
            self.order(Downlink::Close { device, forget: false }).await;
        }
    }

    /// The client of that id and secret.
    async fn authenticate(&self, client: Option<(&str, &str)>) -> Result<ClientRow, GrantError> {
        let (id, secret) = client.ok_or(GrantError::InvalidClient)?;
        let id = id.to_owned();
        let hash = secret::hash(secret);
        let found = self.inner.store.read(move |rx| rx.client(&id)).await?;
        match found {
            Some(client) if same(&client.secret, &hash) => Ok(client),
            _ => {
                self.inner.metrics.login_failures.inc();
                Err(GrantError::InvalidClient)
            }
        }
    }

    /// Issues what `decide` grants, in the transaction in which it decides.
    async fn issue(
        &self,
        client: ClientRow,
        decide: impl FnOnce(&Tx<'_>, Timestamp, &ClientRow) -> Result<Issue, GrantError> + Send + 'static,
    ) -> Result<TokenGrant, GrantError> {
        let (now, ttl) = (self.inner.clock.now(), self.inner.settings.access_token_ttl);
        let secrets = Secrets::random()?;
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                // It may have been unregistered since it showed its secret.
                let client = tx.client(&client.id)?.ok_or(GrantError::InvalidClient)?;
                let issue = decide(tx, now, &client)?;
                Ok(issue.write(tx, now, ttl, client.id, &secrets)?)
            })
            .await
    }
}

/// The secrets of new tokens, drawn before the transaction.
pub(super) struct Secrets {
    access: Secret,
    refresh: Secret,
}

impl Secrets {
    pub(super) fn random() -> Result<Self, AuthError> {
        Ok(Self { access: Secret::random(Kind::Access)?, refresh: Secret::random(Kind::Refresh)? })
    }
}

/// What a grant comes to.
struct Issue {
    user: String,
    /// The row number of the device that the token is to be of.
    device: Option<i64>,
    scope: String,
    refresh: Refresh,
}

enum Refresh {
    None,
    New,
    Same(Secret),
}

impl Issue {
    fn with_refresh(client: &ClientRow, user: String, scope: String) -> Self {
        Self { user, device: client.device, scope, refresh: Refresh::New }
    }

    fn write(
        self,
        tx: &Tx<'_>,
        now: Timestamp,
        ttl: Duration,
        client: String,
        secrets: &Secrets,
    ) -> Result<TokenGrant, StoreError> {
        let mut row = TokenRow {
            kind: TokenKind::Access,
            client,
            user: self.user,
            device: self.device,
            scopes: self.scope.clone(),
            created_at: now,
            expires_at: Some(now.plus(ttl)),
        };
        tx.insert_oauth_token(&secrets.access.hash(), &row, MAX_TOKENS_PER_CLIENT)?;
        let refresh = match self.refresh {
            Refresh::None => None,
            Refresh::Same(token) => Some(token),
            Refresh::New => {
                row.kind = TokenKind::Refresh;
                row.expires_at = self.device.is_none().then(|| now.plus(REFRESH_IDLE));
                tx.insert_oauth_token(&secrets.refresh.hash(), &row, MAX_TOKENS_PER_CLIENT)?;
                Some(secrets.refresh.clone())
            }
        };
        Ok(TokenGrant {
            access_token: secrets.access.expose().to_owned(),
            refresh_token: refresh.map(|token| token.expose().to_owned()),
            expires_in: ttl,
            scope: self.scope,
        })
    }
}

/// The refresh grant. A device gets the same refresh token back: agents keep the one they were given first and send it
/// for ever. A person's client gets a new one, and the old one stays good.
fn refresh(tx: &Tx<'_>, now: Timestamp, client: &ClientRow, token: &str, scope: String) -> Result<Issue, GrantError> {
    let hash = secret::hash(token);
    let found = tx.oauth_token(TokenKind::Refresh, &hash)?.filter(|found| found.client == client.id);
    let Some(found) = found else {
        return Err(GrantError::InvalidGrant("the refresh token is not known here".to_owned()));
    };
    if found.expires_at.is_some_and(|at| at <= now) {
        return Err(GrantError::InvalidGrant("the refresh token has expired".to_owned()));
    }
    check_holder(tx.holder(found.device, &found.user)?.as_ref())?;
    // Used, it is the last to make room for others.
    tx.renew_oauth_token(&hash, now, found.expires_at.map(|_| now.plus(REFRESH_IDLE)))?;
    let refresh = if found.device.is_some() { Refresh::Same(token.into()) } else { Refresh::New };
    let scope = if scope == grant::DEFAULT_SCOPE { found.scopes } else { scope };
    Ok(Issue { user: found.user, device: found.device, scope, refresh })
}

/// Whether the holder of a grant may still have tokens.
fn check_holder(holder: Option<&Holder>) -> Result<(), GrantError> {
    match holder {
        None => Err(GrantError::InvalidGrant("the user does not exist any more".to_owned())),
        Some(Holder::Device { status, .. }) if !status.may_speak() => {
            Err(GrantError::InvalidGrant(format!("the device is {}", status.name())))
        }
        Some(_) => Ok(()),
    }
}

/// A client and its secret.
fn new_client(
    name: String,
    owner: String,
    device: Option<i64>,
    now: Timestamp,
) -> Result<(ClientRow, ClientCredentials), AuthError> {
    let (id, secret) = (secret::random_id()?, Secret::random(Kind::Client)?);
    let client = ClientRow { id: id.clone(), secret: secret.hash(), name, owner, device, created_at: now };
    Ok((client, ClientCredentials { client_id: id, client_secret: secret.expose().to_owned() }))
}

#[cfg(test)]
mod tests;
