//! Who calls: the process at the other end of the control socket, or whoever owns the token, session or certificate
//! shown.

use warp::http::header::{AUTHORIZATION, HeaderValue};
use warp::http::{HeaderMap, Method, StatusCode};

use super::Api;
use super::problem::Problem;
use crate::model::actor::{Actor, Principal, Scopes};
use crate::net::Peer;
use crate::net::browser::{self, SESSION_COOKIE};

/// The caller of a request.
pub(super) struct Caller {
    pub(super) peer: Peer,
    pub(super) actor: Actor,
    /// The token or session the caller showed.
    pub(super) token: Option<String>,
}

/// The caller of a public route: nobody, but from somewhere.
pub(super) fn stranger(peer: &Peer) -> Caller {
    let actor = Actor { principal: Principal::Anonymous, scopes: Scopes::NONE, origin: peer.to_string() };
    Caller { peer: *peer, actor, token: None }
}

/// Finds out who calls.
///
/// # Errors
/// 401 for credentials that are worth nothing; without any the caller is the device of the connection's certificate, or
/// anonymous. 403 for a session's cookie that
/// another site makes the browser send.
pub(super) async fn caller(api: &Api, peer: &Peer, method: &Method, headers: &HeaderMap) -> Result<Caller, Problem> {
    let origin = peer.to_string();
    if let Peer::Local { uid } = peer {
        let actor = Actor { principal: Principal::Local { uid: *uid }, scopes: Scopes::ALL, origin };
        return Ok(Caller { peer: *peer, actor, token: None });
    }
    let token = if let Some(authorization) = headers.get(AUTHORIZATION) {
        bearer(authorization).ok_or_else(|| Problem::unauthorized("send the header Authorization: Bearer TOKEN"))?
    } else if let Some(token) = browser::cookie(headers, SESSION_COOKIE) {
        if !browser::may_use_session(method, headers) {
            let detail = "a request by session cookie must come from Pym's own pages; use a token elsewhere";
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
        token
    } else if let Some(certificate) = peer.certificate() {
        let actor = api.app.certificate_actor(certificate, &origin).await?;
        return Ok(Caller { peer: *peer, actor, token: None });
    } else {
        return Ok(stranger(peer));
    };
    let actor = api.app.bearer(token, &origin).await?;
    Ok(Caller { peer: *peer, actor, token: Some(token.to_owned()) })
}

/// The token of an `Authorization` header (RFC 6750, section 2.1; the scheme in any letter case).
fn bearer(authorization: &HeaderValue) -> Option<&str> {
    let (scheme, token) = authorization.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_taken_from_its_scheme() {
        let value = |text: &str| HeaderValue::from_str(text).unwrap();
        assert_eq!(bearer(&value("bearer  abc")), Some("abc"));
        assert_eq!(bearer(&value("Basic abc")), None);
        assert_eq!(bearer(&value("abc")), None);
    }
}
