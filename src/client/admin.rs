//! Setup, login, tokens, users, the audit trail and backups.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::timeout;

use super::request::{Call, paging, segment, with_query};
use super::{Client, Error};
use crate::model::id::TokenId;
use crate::model::timestamp::Timestamp;
use crate::wire::Page;
use crate::wire::admin::{AuditEntry, Login, NewPassword, NewToken, NewUser, Session, Setup, Token, User};

/// How long a backup may pause between two pieces.
const BACKUP_SILENCE: Duration = Duration::from_mins(1);

/// Which lines of the audit trail to list, newest first. Everything that is `None` is left to the daemon.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    pub actor: Option<String>,
    /// A whole action or its resource: `device` finds `device.enroll`.
    pub action: Option<String>,
    pub target: Option<String>,
    pub since: Option<Timestamp>,
    /// Only lines with a smaller number: the way to the next page.
    pub before: Option<i64>,
    pub limit: Option<u32>,
}

/// A backup on its way: the site's database as one consistent file.
#[derive(Debug)]
pub struct Backup {
    body: Incoming,
}

impl Backup {
    /// The next piece; `None` after the last. Only then is the backup whole.
    ///
    /// # Errors
    /// The connection broke, or nothing came for a minute.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let call = || Call::get("/api/v1/backup").to_string();
        loop {
            let frame = timeout(BACKUP_SILENCE, self.body.frame())
                .await
                .map_err(|_| Error::Silent { call: call(), after: BACKUP_SILENCE })?;
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|source| Error::Broken { call: call(), source })?;
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
    }
}

impl Client {
    /// Makes the first administrator. Works once.
    pub async fn setup(&self, setup: &Setup) -> Result<User, Error> {
        self.fetch(Call::post("/api/v1/setup").json(setup)?).await
    }

    /// Opens a session for a person; its token serves [`Client::remote`].
    pub async fn login(&self, login: &Login) -> Result<Session, Error> {
        self.fetch(Call::post("/api/v1/login").json(login)?).await
    }

    /// Ends the session whose token the client carries.
    pub async fn logout(&self) -> Result<(), Error> {
        self.perform(Call::post("/api/v1/logout")).await
    }

    /// Every API token, without its secret.
    pub async fn tokens(&self) -> Result<Page<Token>, Error> {
        self.fetch(Call::get("/api/v1/tokens")).await
    }

    /// Makes an API token; its secret is told this once.
    pub async fn create_token(&self, token: &NewToken) -> Result<Token, Error> {
        self.fetch(Call::post("/api/v1/tokens").json(token)?).await
    }

    /// Revokes an API token.
    pub async fn revoke_token(&self, id: TokenId) -> Result<(), Error> {
        self.perform(Call::delete(format!("/api/v1/tokens/{id}"))).await
    }

    /// Every person.
    pub async fn users(&self) -> Result<Page<User>, Error> {
        self.fetch(Call::get("/api/v1/users")).await
    }

    /// Adds a person.
    pub async fn create_user(&self, user: &NewUser) -> Result<User, Error> {
        self.fetch(Call::post("/api/v1/users").json(user)?).await
    }

    /// Removes a person.
    pub async fn remove_user(&self, name: &str) -> Result<(), Error> {
        self.perform(Call::delete(format!("/api/v1/users/{}", segment(name)))).await
    }

    /// Gives a person a new password.
    pub async fn set_password(&self, name: &str, password: &NewPassword) -> Result<(), Error> {
        self.perform(Call::put(format!("/api/v1/users/{}/password", segment(name))).json(password)?).await
    }

    /// One page of the audit trail, newest first.
    pub async fn audit(&self, query: &AuditQuery) -> Result<Page<AuditEntry>, Error> {
        let words = [
            ("actor", query.actor.clone()),
            ("action", query.action.clone()),
            ("target", query.target.clone()),
            ("since", query.since.map(|since| since.to_string())),
            ("before", query.before.map(|before| before.to_string())),
        ];
        let words = words.into_iter().filter_map(|(name, word)| Some((name, word?)));
        self.fetch(Call::get(with_query("/api/v1/audit", words.chain(paging(query.limit, None))))).await
    }

    /// Starts a backup, to be read piece by piece.
    pub async fn backup(&self) -> Result<Backup, Error> {
        Ok(Backup { body: self.stream(&Call::get("/api/v1/backup")).await?.body })
    }
}
