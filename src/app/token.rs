//! API tokens: what scripts log in with.

use super::{App, Error};
use crate::auth::secret::{Kind, Secret};
use crate::model::actor::{Actor, Principal, Scope, Scopes};
use crate::model::audit::Outcome;
use crate::model::id::TokenId;
use crate::model::text::{MAX_NAME, check_label};
use crate::model::timestamp::Timestamp;
use crate::model::user::ApiToken;
use crate::store::Flush;

/// The most API tokens of one owner.
pub const MAX_TOKENS: usize = 100;

impl App {
    /// The caller's API tokens; an administrator's list holds everybody's.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a caller who is neither.
    pub async fn tokens(&self, actor: &Actor) -> Result<Vec<ApiToken>, Error> {
        let owner = if actor.scopes.allow(Scope::Admin) { None } else { Some(own_name(actor)?) };
        Ok(self.inner.store.read(move |rx| rx.api_tokens(owner.as_deref())).await?)
    }

    /// Makes an API token that may do no more than the caller. The secret is returned this once.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a scope the caller lacks, [`Error::Invalid`] for an unfit name, no scopes, or an end in
    /// the past, [`Error::Conflict`] when the caller has too many.
    pub async fn create_token(
        &self,
        actor: &Actor,
        name: &str,
        scopes: Scopes,
        expires_at: Option<Timestamp>,
    ) -> Result<(ApiToken, String), Error> {
        if !actor.scopes.allow(Scope::Admin) {
            own_name(actor)?;
        }
        let now = self.inner.clock.now();
        check_label("a token's name", name, MAX_NAME).map_err(|why| Error::invalid("name", why))?;
        if name.trim().is_empty() {
            return Err(Error::invalid("name", "a token needs a name"));
        }
        if scopes.is_empty() {
            return Err(Error::invalid("scopes", "a token needs at least one scope"));
        }
        if expires_at.is_some_and(|at| at <= now) {
            return Err(Error::invalid("expires_at", "a token's end lies in the future"));
        }
        if let Some(needs) = scopes.iter().find(|scope| !actor.scopes.allow(*scope)) {
            return Err(Error::Forbidden { needs });
        }
        let secret = Secret::random(Kind::Api)?;
        let (hash, by) = (secret.hash(), actor.clone());
        let token = ApiToken {
            id: TokenId::fresh(now),
            name: name.to_owned(),
            owner: actor.owner(),
            scopes,
            created_at: now,
            expires_at,
            last_used_at: None,
        };
        let token = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                if tx.api_tokens(Some(&token.owner))?.len() >= MAX_TOKENS {
                    return Err(Error::Conflict(format!("{} has {MAX_TOKENS} tokens; revoke one", token.owner)));
                }
                tx.insert_api_token(&hash, &token)?;
                tx.audit(now, &by, "token.create", &token.name, Outcome::Done, &token.scopes.to_string())?;
                Ok(token)
            })
            .await?;
        Ok((token, secret.expose().to_owned()))
    }

    /// Revokes an API token and ends the connections it opened.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it does not exist or is another's and the caller is no administrator.
    pub async fn revoke_token(&self, actor: &Actor, id: TokenId) -> Result<(), Error> {
        let owner = if actor.scopes.allow(Scope::Admin) { None } else { Some(own_name(actor)?) };
        let (by, now) = (actor.clone(), self.inner.clock.now());
        let hash = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let missing = || Error::missing(format!("the token {id}"));
                let token = tx.api_token_by_id(id)?.ok_or_else(missing)?;
                if owner.is_some_and(|owner| owner != token.owner) {
                    return Err(missing());
                }
                tx.audit(now, &by, "token.revoke", &token.name, Outcome::Done, "")?;
                tx.delete_api_token(id)?.ok_or_else(missing)
            })
            .await?;
        self.close_tokens(vec![hash]).await;
        Ok(())
    }
}

/// The name of a caller who is a person; API tokens look after API tokens only with the scope `admin`.
fn own_name(actor: &Actor) -> Result<String, Error> {
    match &actor.principal {
        Principal::User { name, .. } => Ok(name.clone()),
        Principal::Anonymous => Err(Error::Unauthorized("credentials are needed".to_owned())),
        _ => Err(Error::Forbidden { needs: Scope::Admin }),
    }
}

#[cfg(test)]
mod tests;
