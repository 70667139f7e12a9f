//! One page: its title, what is on it, and the requests of the API that do the same.

use maud::{Markup, html};
use warp::Reply;
use warp::http::header::SET_COOKIE;
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use super::{NOTICE_COOKIE, Ui, layout};
use crate::net::browser::set_cookie;

/// A page on its way to the browser.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(super) ui: Ui,
    pub(super) title: String,
    pub(super) body: Markup,
    /// Command lines.
    pub(super) curl: Vec<String>,
    /// A page before the login, or the login itself: without the navigation.
    pub(super) bare: bool,
    status: StatusCode,
}

impl Page {
    pub(super) fn new(ui: Ui, title: String) -> Self {
        Self { ui, title, body: html! {}, curl: Vec::new(), bare: false, status: StatusCode::OK }
    }

    /// What is on the page.
    #[must_use]
    pub(in crate::web) fn body(self, body: Markup) -> Self {
        Self { body, ..self }
    }

    /// Without the navigation.
    #[must_use]
    pub(in crate::web) fn bare(self) -> Self {
        Self { bare: true, ..self }
    }

    #[must_use]
    pub(in crate::web) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// A request of the API that does the same as the page, shown as a `curl` line.
    #[must_use]
    pub(in crate::web) fn curl(self, method: &str, path: &str) -> Self {
        self.curl_with(method, path, None)
    }

    /// As [`Page::curl`], with a body.
    #[must_use]
    pub(in crate::web) fn curl_json(self, method: &str, path: &str, body: &str) -> Self {
        self.curl_with(method, path, Some(body))
    }

    /// A command line as it is, for what the others do not cover.
    #[must_use]
    pub(in crate::web) fn curl_line(mut self, line: &str) -> Self {
        self.curl.push(line.to_owned());
        self
    }

    fn curl_with(mut self, method: &str, path: &str, body: Option<&str>) -> Self {
        self.curl.push(curl(self.ui.host(), method, path, body));
        self
    }
}

impl Reply for Page {
    fn into_response(self) -> Response {
        let html = printable(layout::page(&self).into_string());
        let mut response = warp::reply::html(html).into_response();
        *response.status_mut() = self.status;
        // What was said is said once.
        let said = self.ui.0.said.is_some() && !self.ui.scripted();
        let forget = said.then(|| HeaderValue::from_str(&set_cookie(NOTICE_COOKIE, "", 0)).ok()).flatten();
        response.headers_mut().extend(forget.map(|cookie| (SET_COOKIE, cookie)));
        response
    }
}

/// The document with a replacement character for each control character: devices send them, and HTML has none but the
/// line feed and the tabulator (HTML, 13.2.3.5).
fn printable(html: String) -> String {
    let bad = |c: char| c.is_control() && c != '\n' && c != '\t';
    if html.contains(bad) { html.replace(bad, "\u{fffd}") } else { html }
}

/// The command line for a request; `ca.pem` is the certificate of the site's authority, `PYM_TOKEN` an API token.
pub(in crate::web) fn curl(host: &str, method: &str, path: &str, body: Option<&str>) -> String {
    let method = if method == "GET" { String::new() } else { format!(" -X {method}") };
    let body = body.map(|body| format!(" -H 'Content-Type: application/json' -d {}", quoted(body)));
    let address = quoted(&format!("https://{host}{path}"));
    format!(
        "curl --cacert ca.pem -H \"Authorization: Bearer $PYM_TOKEN\"{method}{} {address}",
        body.unwrap_or_default()
    )
}

/// A word of a shell command, whatever it holds (POSIX shell, section 2.2.2).
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_not_sent() {
        assert_eq!(printable("a\u{7}b\u{1b}[31m\u{85}\n\tü".to_owned()), "a\u{fffd}b\u{fffd}[31m\u{fffd}\n\tü");
    }

    #[test]
    fn a_command_line_holds_what_it_is_given() {
        assert_eq!(
            curl("pi:9443", "GET", "/api/v1/devices?text=a'b", None),
            r#"curl --cacert ca.pem -H "Authorization: Bearer $PYM_TOKEN" 'https://pi:9443/api/v1/devices?text=a'\''b'"#
        );
        assert!(curl("pi", "POST", "/x", Some("{}")).contains(" -X POST -H 'Content-Type: application/json' -d '{}' "));
    }
}
