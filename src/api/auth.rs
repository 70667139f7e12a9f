//! Who calls: the process at the other end of the control socket, or whoever owns the token, session or certificate
//! shown.

use warp::http::header::{AUTHORIZATION, COOKIE, HOST, HeaderValue, ORIGIN};
use warp::http::{HeaderMap, Method, StatusCode};

use super::Api;
use super::problem::Problem;
use crate::model::actor::{Actor, Principal, Scopes};
use crate::net::Peer;

/// The cookie that carries a session's token.
const SESSION_COOKIE: &str = "pym_session";

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
    } else if let Some(token) = session(headers) {
        if !method.is_safe() && !same_origin(headers) {
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

/// The session among the cookies; over HTTP/2 these may come in several headers.
fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(name, value)| (name == SESSION_COOKIE).then_some(value))
}

/// Whether a page of this very site made the browser send the request: browsers tell by `Sec-Fetch-Site` (W3C Fetch
/// Metadata), older ones by `Origin` alone.
fn same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let text = |value: Option<&HeaderValue>| value.and_then(|value| value.to_str().ok()).map(str::to_ascii_lowercase);
    let (origin, host) = (text(headers.get(ORIGIN)), text(headers.get(HOST)));
    let origin = origin.as_deref().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    origin.is_some() && origin == host.as_deref()
}

/// The `Set-Cookie` header for a session that lasts `seconds`; zero ends it.
pub(super) fn session_cookie(token: &str, seconds: u64) -> String {
    format!("{SESSION_COOKIE}={token}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn a_session_is_found_among_other_cookies() {
        let headers = headers(&[("cookie", "a=b; pym_session=t1; c=d")]);
        assert_eq!(session(&headers), Some("t1"));
    }

    #[test]
    fn only_the_own_site_sends_a_session() {
        let fits = [
            &[("sec-fetch-site", "same-origin"), ("host", "pi:9443")][..],
            &[("origin", "https://pi:9443"), ("host", "PI:9443")],
        ];
        assert!(fits.iter().all(|list| same_origin(&headers(list))));
        let strange = [
            &[("host", "pi:9443")][..],
            &[("sec-fetch-site", "same-site"), ("origin", "https://pi:9443"), ("host", "pi:9443")],
            &[("origin", "https://evil.example"), ("host", "pi:9443")],
            &[("origin", "null"), ("host", "pi:9443")],
            &[],
        ];
        assert!(!strange.iter().any(|list| same_origin(&headers(list))));
    }

    #[test]
    fn a_bearer_token_is_taken_from_its_scheme() {
        let value = |text: &str| HeaderValue::from_str(text).unwrap();
        assert_eq!(bearer(&value("bearer  abc")), Some("abc"));
        assert_eq!(bearer(&value("Basic abc")), None);
        assert_eq!(bearer(&value("abc")), None);
    }
}
