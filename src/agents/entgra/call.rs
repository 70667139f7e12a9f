//! One request, as the handlers see it: who calls, from where, with what.

use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use warp::http::HeaderMap;
use warp::http::header::{AUTHORIZATION, HeaderName, IF_MODIFIED_SINCE};
use warp::http::uri::Authority;

use super::errors::Error;
use super::gson;
use crate::app::App;
use crate::app::agent::Reach;
use crate::model::actor::{Actor, Principal, Scopes};
use crate::model::device::{Device, DeviceStatus};
use crate::model::text;
use crate::model::timestamp::Timestamp;
use crate::net::Peer;
use crate::net::request::way;

/// The most bytes of credentials in a header.
const MAX_CREDENTIALS: usize = 4096;
/// How many items a list has whose request does not say (the pagination of the Entgra server).
const DEFAULT_PAGE: u32 = 20;
/// The most parameters of one request.
const MAX_PARAMETERS: usize = 64;

/// A request.
pub struct Call {
    pub(super) app: App,
    peer: Peer,
    headers: HeaderMap,
    /// The parameters of the path, decoded, in its order.
    params: Vec<String>,
    query: String,
    body: Bytes,
}

/// The credentials a caller shows.
pub(super) enum Credentials {
    Bearer(String),
    Basic { name: String, secret: String },
}

/// Without what the caller showed.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("peer", &self.peer).field("params", &self.params).finish_non_exhaustive()
    }
}

impl Call {
    /// The request for a route that was found.
    pub(super) const fn new(
        app: App,
        peer: Peer,
        headers: HeaderMap,
        params: Vec<String>,
        query: String,
        body: Bytes,
    ) -> Self {
        Self { app, peer, headers, params, query, body }
    }

    /// The parameter of the path at that place; empty beyond the last.
    pub(super) fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }

    /// Where the call came from, for the audit trail.
    pub(super) fn origin(&self) -> String {
        self.peer.to_string()
    }

    /// Who calls: without credentials the device of the connection's certificate, or nobody; an error with wrong ones.
    pub(super) async fn actor(&self) -> Result<Actor, Error> {
        let origin = self.origin();
        match self.credentials()? {
            Some(Credentials::Bearer(token)) => Ok(self.app.bearer(&token, &origin).await?),
            Some(Credentials::Basic { name, secret }) => Ok(self.app.basic(&name, &secret, &origin).await?),
            None => match self.peer {
                Peer::Local { uid } => Ok(Actor { principal: Principal::Local { uid }, scopes: Scopes::ALL, origin }),
                Peer::Remote { certificate: Some(certificate), .. } => {
                    Ok(self.app.certificate_actor(certificate, &origin).await?)
                }
                Peer::Remote { certificate: None, .. } => {
                    Ok(Actor { principal: Principal::Anonymous, scopes: Scopes::NONE, origin })
                }
            },
        }
    }

    /// What the header `Authorization` says (RFC 7617, RFC 6750).
    pub(super) fn credentials(&self) -> Result<Option<Credentials>, Error> {
        let Some(header) = self.headers.get(AUTHORIZATION) else { return Ok(None) };
        let wrong =
            || Error::unauthorized("the header Authorization holds neither a Bearer token nor Basic credentials");
        let header = header.to_str().ok().filter(|header| header.len() <= MAX_CREDENTIALS).ok_or_else(wrong)?;
        let (scheme, value) = header.split_once(' ').ok_or_else(wrong)?;
        if scheme.eq_ignore_ascii_case("bearer") {
            return Ok(Some(Credentials::Bearer(value.trim().to_owned())));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(wrong());
        }
        let decoded = BASE64_STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let (name, secret) = decoded.as_deref().and_then(|pair| pair.split_once(':')).ok_or_else(wrong)?;
        Ok(Some(Credentials::Basic { name: name.to_owned(), secret: secret.to_owned() }))
    }

    /// The device of that type and identifier, if it is enrolled.
    pub(super) async fn device(&self, actor: &Actor, device_type: &str, identifier: &str) -> Result<Device, Error> {
        let device = self.app.find_device(actor, device_type, identifier).await?;
        if device.status == DeviceStatus::Removed {
            return Err(Error::no_device(identifier));
        }
        Ok(device)
    }

    /// What a list is to have changed since: `since`, else the header `If-Modified-Since`, as an HTTP date (RFC 1123).
    pub(super) fn since(&self) -> Result<Option<Timestamp>, Error> {
        let query = self.query();
        let Some((name, text)) = query
            .get("since")
            .map(|text| ("since", text))
            .or_else(|| Some(("If-Modified-Since", self.modified_since()?)))
        else {
            return Ok(None);
        };
        let wrong = || Error::bad(format!("{name:?} is a date such as \"Sun, 6 Nov 1994 08:49:37 +0000\""));
        gson::read_date(text).map(Some).ok_or_else(wrong)
    }

    /// Whether the caller wants to be told alone that nothing changed.
    pub(super) fn is_conditional(&self) -> bool {
        self.modified_since().is_some() && self.query().get("since").is_none()
    }

    fn modified_since(&self) -> Option<&str> {
        self.headers.get(IF_MODIFIED_SINCE)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The parameters of the query.
    pub(super) fn query(&self) -> Parameters {
        Parameters::read(self.query.as_bytes())
    }

    /// The parameters of a form; of the query when the body is empty, and where the form lacks one.
    pub(super) fn form(&self) -> Parameters {
        let mut parameters = self.query();
        parameters.0.extend(Parameters::read(&self.body).0);
        parameters
    }

    /// The body, decoded from JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::bad(format!("the body is not the JSON expected: {error}")))
    }

    /// The body as it came.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body, decoded from JSON, or `None` where there is none but blanks.
    pub(super) fn json_or_nothing(&self) -> Result<Option<serde_json::Value>, Error> {
        if self.body.trim_ascii().is_empty() { Ok(None) } else { self.json().map(Some) }
    }

    /// Whose token the caller shows, by type and identifier, if it was a device's before that was removed.
    pub(super) async fn gone_device(&self) -> Result<Option<(String, String)>, Error> {
        match self.bearer() {
            Some(token) => Ok(self.app.gone_device(&token).await?),
            None => Ok(None),
        }
    }

    /// The Bearer token the caller shows.
    pub(super) fn bearer(&self) -> Option<String> {
        match self.credentials() {
            Ok(Some(Credentials::Bearer(token))) => Some(token),
            _ => None,
        }
    }

    /// The header of that name, where it is text.
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(super) fn has_body(&self) -> bool {
        !self.body.is_empty()
    }

    /// How agents reach this daemon, judging by the way this request took.
    pub(super) fn reach(&self) -> Reach {
        let (asked, local) = way(&self.peer, &self.headers);
        self.app.reach(asked.as_ref().map(Authority::host), local)
    }
}

/// Decoded parameters: the last of a name counts.
#[derive(Debug, Default)]
pub(super) struct Parameters(HashMap<String, String>);

impl Parameters {
    fn read(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().take(MAX_PARAMETERS).collect())
    }

    /// The parameter of that name, unless it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The parameter of that name, or an error that names it.
    pub(super) fn need(&self, name: &'static str) -> Result<&str, Error> {
        self.get(name).ok_or_else(|| Error::bad(format!("the parameter {name:?} is missing")))
    }

    /// `offset` and `limit` of a list: 20 items where no limit is named, or 0 is, and `most` at most.
    pub(super) fn page(&self, most: u32) -> Result<(u32, u32), Error> {
        let limit = self.number::<u32>("limit")?.filter(|limit| *limit > 0);
        Ok((self.number("offset")?.unwrap_or(0), limit.unwrap_or(DEFAULT_PAGE).min(most)))
    }

    /// The number of that name.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Error> {
        let wrong = |value: &str| Error::bad(format!("the parameter {name:?} is not such a number: {:?}", echo(value)));
        self.get(name).map(|value| value.trim().parse().map_err(|_| wrong(value))).transpose()
    }
}

/// A piece of the request, short and harmless enough to be repeated.
pub(super) fn echo(text: &str) -> String {
    const MAX_ECHO: usize = 200;
    text::for_terminal(text::cut(text, MAX_ECHO)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_wins_over_the_query() {
        let mut parameters = Parameters::read(b"scope=Enroll+device&grant_type=refresh_token&empty=");
        assert_eq!(parameters.get("scope"), Some("Enroll device"));
        assert_eq!(parameters.get("empty"), None);
        parameters.0.extend(Parameters::read(b"grant_type=password").0);
        assert_eq!(parameters.get("grant_type"), Some("password"));
    }
}
