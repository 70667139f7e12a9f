//! What tells a browser's requests: cookies, and which page made it send them.

use warp::http::header::{COOKIE, HOST, HeaderValue, ORIGIN};
use warp::http::{HeaderMap, Method};

/// The cookie that carries a session's token. By the prefix a browser takes it over TLS alone, for this host and no
/// other (draft-ietf-httpbis-rfc6265bis, section 4.1.3.2).
pub const SESSION_COOKIE: &str = "__Host-pym_session";

/// The value of a cookie; over HTTP/2 these may come in several headers.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(given, value)| (given == name).then_some(value))
}

/// A `Set-Cookie` header for a cookie that lasts `seconds`; zero ends it. The name begins with `__Host-`.
#[must_use]
pub fn set_cookie(name: &str, value: &str, seconds: u64) -> String {
    format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict")
}

/// Whether a request may act by the session in its cookie: it changes nothing, or a page of this very site made the
/// browser send it.
#[must_use]
pub fn may_use_session(method: &Method, headers: &HeaderMap) -> bool {
    method.is_safe() || same_origin(headers)
}

/// Whether a page of this very site made the browser send the request: browsers tell by `Sec-Fetch-Site` (W3C Fetch
/// Metadata), older ones by `Origin` alone.
#[must_use]
pub fn same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let text = |value: Option<&HeaderValue>| value.and_then(|value| value.to_str().ok()).map(str::to_ascii_lowercase);
    let (origin, host) = (text(headers.get(ORIGIN)), text(headers.get(HOST)));
    // Sessions are for TLS alone.
    let origin = origin.as_deref().and_then(|origin| origin.strip_prefix("https://"));
    origin.is_some() && origin == host.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let headers = headers(&[("cookie", "a=b; __Host-pym_session=t1; c=d")]);
        assert_eq!((cookie(&headers, SESSION_COOKIE), cookie(&headers, "c")), (Some("t1"), Some("d")));
        assert_eq!(cookie(&headers, "pym_session"), None);
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
            &[("origin", "http://pi:9443"), ("host", "pi:9443")],
            &[],
        ];
        assert!(!strange.iter().any(|list| same_origin(&headers(list))));
        assert!(may_use_session(&Method::GET, &headers(&[])) && !may_use_session(&Method::POST, &headers(&[])));
    }
}
