//! Setup, login, tokens, users, the audit trail and backups.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Method;
use hyper::body::Incoming;
use tokio::time::timeout;

use super::request::{Call, paging, segment, with_query};
use super::{Client, Error};
use crate::model::audit::Outcome;
use crate::model::id::{SessionId, TokenId};
use crate::model::page::MAX_PAGE;
use crate::model::timestamp::Timestamp;
use crate::wire::Page;
use crate::wire::admin::{
    AuditEntry, Login, NewPassword, NewRole, NewToken, NewUser, OpenSession, Role, RoleEdit, Session, Setup, Token,
    User, UserEdit,
};

/// How long a backup may pause between two pieces.
const BACKUP_SILENCE: Duration = Duration::from_mins(1);

/// Which lines of the audit trail to list, newest first. Everything that is `None` is left to the daemon.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    pub actor: Option<String>,
    /// A whole action or its resource: `device` finds `device.enroll`.
    pub action: Option<String>,
    pub target: Option<String>,
    pub outcome: Option<Outcome>,
    pub since: Option<Timestamp>,
    /// Only lines before this time.
    pub until: Option<Timestamp>,
    /// Only lines with a smaller number: the way to the next page.
    pub before: Option<i64>,
    pub limit: Option<u32>,
}

impl AuditQuery {
    fn words(&self) -> impl Iterator<Item = (&'static str, String)> {
        let words = [
            ("actor", self.actor.clone()),
            ("action", self.action.clone()),
            ("target", self.target.clone()),
            ("outcome", self.outcome.map(|outcome| outcome.name().to_owned())),
            ("since", self.since.map(|since| since.to_string())),
            ("until", self.until.map(|until| until.to_string())),
            ("before", self.before.map(|before| before.to_string())),
        ];
        words.into_iter().filter_map(|(name, word)| Some((name, word?)))
    }
}

/// A file on its way, such as a backup: the site's database as one consistent file.
#[derive(Debug)]
pub struct Backup {
    path: &'static str,
    body: Incoming,
}

impl Backup {
    /// The next piece; `None` after the last. Only then is the file whole.
    ///
    /// # Errors
    /// The connection broke, or nothing came for a minute.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let call = || Call::get(self.path).to_string();
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

    /// One page of the people whose name holds `text`, by name.
    pub async fn users_page(
        &self,
        text: Option<&str>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<User>, Error> {
        let text = text.map(|text| ("text", text.to_owned()));
        self.fetch(Call::get(with_query("/api/v1/users", text.into_iter().chain(paging(limit, cursor))))).await
    }

    /// Everyone whose name holds `text`; without it, everyone.
    pub async fn users(&self, text: Option<&str>) -> Result<Page<User>, Error> {
        let mut all = self.users_page(text, Some(MAX_PAGE), None).await?;
        while let Some(cursor) = all.next.take() {
            let page = self.users_page(text, Some(MAX_PAGE), Some(&cursor)).await?;
            all.items.extend(page.items);
            all.next = page.next;
        }
        Ok(all)
    }

    /// Changes a person.
    pub async fn edit_user(&self, name: &str, edit: &UserEdit) -> Result<User, Error> {
        let path = format!("/api/v1/users/{}", segment(name));
        self.fetch(Call::new(Method::PATCH, path).json(edit)?).await
    }

    /// The open sessions of a person; without a name, the caller's own.
    pub async fn sessions(&self, of: Option<&str>) -> Result<Page<OpenSession>, Error> {
        self.fetch(Call::get(sessions_path(of))).await
    }

    /// Ends one session of a person; without a name, of the caller.
    pub async fn close_session(&self, of: Option<&str>, id: SessionId) -> Result<(), Error> {
        self.perform(Call::delete(format!("{}/{id}", sessions_path(of)))).await
    }

    /// Every role.
    pub async fn roles(&self) -> Result<Page<Role>, Error> {
        self.fetch(Call::get("/api/v1/roles")).await
    }

    /// Makes a role.
    pub async fn create_role(&self, role: &NewRole) -> Result<Role, Error> {
        self.fetch(Call::post("/api/v1/roles").json(role)?).await
    }

    /// Changes a role.
    pub async fn edit_role(&self, name: &str, edit: &RoleEdit) -> Result<Role, Error> {
        self.fetch(Call::new(Method::PATCH, format!("/api/v1/roles/{}", segment(name))).json(edit)?).await
    }

    /// Deletes a role.
    pub async fn remove_role(&self, name: &str) -> Result<(), Error> {
        self.perform(Call::delete(format!("/api/v1/roles/{}", segment(name)))).await
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

    /// Turns a person's second factor off.
    pub async fn reset_second_factor(&self, name: &str) -> Result<(), Error> {
        self.perform(Call::delete(format!("/api/v1/users/{}/second-factor", segment(name)))).await
    }

    /// One page of the audit trail, newest first.
    pub async fn audit(&self, query: &AuditQuery) -> Result<Page<AuditEntry>, Error> {
        self.fetch(Call::get(with_query("/api/v1/audit", query.words().chain(paging(query.limit, None))))).await
    }

    /// Starts an export of the audit trail as `csv` or `jsonl`, to be read piece by piece.
    pub async fn export_audit(&self, query: &AuditQuery, format: &str) -> Result<Backup, Error> {
        const PATH: &str = "/api/v1/audit/export";
        let call = Call::get(with_query(PATH, query.words().chain([("format", format.to_owned())])));
        Ok(Backup { path: PATH, body: self.stream(&call).await?.body })
    }

    /// Starts a backup, to be read piece by piece.
    pub async fn backup(&self) -> Result<Backup, Error> {
        const PATH: &str = "/api/v1/backup";
        Ok(Backup { path: PATH, body: self.stream(&Call::get(PATH)).await?.body })
    }
}

fn sessions_path(of: Option<&str>) -> String {
    of.map_or_else(|| "/api/v1/sessions".to_owned(), |name| format!("/api/v1/users/{}/sessions", segment(name)))
}
