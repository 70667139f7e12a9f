//! `/enroll` and `/enrollment`: how a person brings a device in. Public, since a new device has no credentials yet.

use std::borrow::Cow;

use warp::http::Method;
use warp::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use warp::{Reply, reply};

use super::agent::reach;
use super::call::Call;
use super::problem::Problem;
use super::routes::{Route, public};
use crate::app::Error;
use crate::model::qr::QrCode;
use crate::wire::enrollment::Enrollment;

/// The page loads nothing, runs nothing, sends nothing and stands in no frame; its one style is named by its hash.
const POLICY: &str = "default-src 'none'; style-src 'sha256-O1aGRLWNyBrIP/qu4stfX4/BHTFbGCLoUFgJSX5wY8o='; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";
const STYLE: &str = "body{font:1.1rem/1.5 sans-serif;max-width:34rem;margin:auto;padding:1rem}code{font-size:1.2rem;\
                     overflow-wrap:anywhere}svg{max-width:16rem;height:auto}";

pub(super) fn routes() -> Vec<Route> {
    vec![
        public(Method::GET, "/enroll", page),
        public(Method::GET, "/api/v1/enrollment", get),
        public(Method::GET, "/api/v1/enrollment/qr.svg", qr),
    ]
}

fn enrollment(call: &Call) -> Result<Enrollment, Problem> {
    call.query()?.end()?;
    Ok(call.app().enrollment(&reach(call))?)
}

fn svg(address: &str) -> Result<String, Problem> {
    let code =
        QrCode::of(address).ok_or_else(|| Error::Conflict("the address is too long for a QR code".to_owned()))?;
    Ok(code.svg())
}

async fn get(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&enrollment(&call)?))
}

async fn qr(call: Call) -> Result<impl Reply, Problem> {
    let image = svg(&enrollment(&call)?.address)?;
    let typed = reply::with_header(image, CONTENT_TYPE, "image/svg+xml");
    Ok(reply::with_header(typed, CONTENT_SECURITY_POLICY, "default-src 'none'"))
}

async fn page(call: Call) -> Result<impl Reply, Problem> {
    let address = enrollment(&call)?.address;
    let page = render(&address, &svg(&address)?);
    let typed = reply::with_header(page, CONTENT_TYPE, "text/html; charset=utf-8");
    Ok(reply::with_header(typed, CONTENT_SECURITY_POLICY, POLICY))
}

fn render(address: &str, svg: &str) -> String {
    let address = escaped(address);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Enroll a device</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>Enroll a device</h1>\n\
         <p>This is the address of this site for the Android agent:</p>\n<p><code>{address}</code></p>\n\
         <p>{svg}</p>\n<ol>\n\
         <li>Connect the phone or tablet to the network that this page came over.</li>\n\
         <li>Install the agent on it: the Android device-management agent of the Entgra IoT Server.</li>\n\
         <li>Open the agent. Where it asks for the server, type the address above. The QR code holds the same address: \
         the camera shows it, to copy it from there.</li>\n\
         <li>Log in with your name and password on this site.</li>\n\
         <li>Agree to what the agent asks for. The device is enrolled, and yours.</li>\n\
         </ol>\n</body>\n</html>\n"
    )
}

/// Text as the content of an element or an attribute in quotes.
fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_policy_names_the_style() {
        let hash = STANDARD.encode(Sha256::digest(STYLE));
        assert!(POLICY.contains(&format!("'sha256-{hash}'")), "{hash}");
    }

    #[test]
    fn what_a_host_holds_stays_text() {
        let page = render("http://a<script>&\"'b:8280", "<svg/>");
        assert!(page.contains("<code>http://a&lt;script&gt;&amp;&quot;&#39;b:8280</code>"), "{page}");
        assert!(!page.contains("<script"));
    }
}
