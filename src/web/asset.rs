//! The style sheet, the script and the icon: compressed when Pym was built, and never changed under their names.

use warp::Reply as _;
use warp::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use warp::http::{HeaderMap, HeaderValue, StatusCode};
use warp::reply::Response;

/// A file of the dashboard.
#[derive(Debug)]
pub(super) struct Asset {
    /// With the hash of its content.
    pub(super) path: &'static str,
    kind: &'static str,
    etag: &'static str,
    plain: &'static [u8],
    gzip: &'static [u8],
    brotli: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Every path of a file begins so.
pub(super) const SPACE: &str = "/assets/";

/// The file of that path.
pub(super) fn find(path: &str) -> Option<Asset> {
    [APP_CSS, APP_JS, ICON_SVG].into_iter().find(|asset| asset.path == path)
}

impl Asset {
    /// The answer to a request for the file, in the best encoding that the client takes.
    pub(super) fn reply(&self, headers: &HeaderMap) -> Response {
        let given = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
        let (accepted, known) = (given(ACCEPT_ENCODING), given(IF_NONE_MATCH));
        let mut response = if known.split(',').any(|etag| etag.trim() == self.etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let (bytes, encoding) = if takes(accepted, "br") {
                (self.brotli, Some("br"))
            } else if takes(accepted, "gzip") {
                (self.gzip, Some("gzip"))
            } else {
                (self.plain, None)
            };
            let mut response = bytes.into_response();
            let encoding = encoding.map(|encoding| (CONTENT_ENCODING, HeaderValue::from_static(encoding)));
            response.headers_mut().extend(encoding);
            response
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        headers.insert(ETAG, HeaderValue::from_static(self.etag));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        response
    }
}

/// Whether `Accept-Encoding` names a coding, and not with a quality of zero (RFC 9110, section 12.5.3).
fn takes(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|part| {
        let (name, quality) = part.split_once(';').unwrap_or((part, ""));
        let refused = quality.trim().strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0));
        name.trim().eq_ignore_ascii_case(coding) && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_the_encoding_it_takes() {
        let asset = find(APP_JS.path).unwrap();
        let encoding = |accepted: &'static str| {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
            let response = asset.reply(&headers);
            response.headers().get(CONTENT_ENCODING).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(encoding("gzip, deflate, br").as_deref(), Some("br"));
        assert_eq!(encoding("gzip;q=1, br;q=0").as_deref(), Some("gzip"));
        assert_eq!(encoding("identity"), None);
        let known = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(asset.etag))]);
        assert_eq!(asset.reply(&known).status(), StatusCode::NOT_MODIFIED);
        assert!(asset.brotli.len() < asset.gzip.len() && asset.gzip.len() < asset.plain.len());
        assert!(find("/assets/app.js").is_none());
    }
}
