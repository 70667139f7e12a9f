//! OAuth 2.0 (RFC 6749, RFC 7009) and the registration of applications.
//!
//! Agents send the parameters of `/token` in the body or, with an empty body, in the query; a Python agent re-sends its
//! first refresh token for ever, which is why the application lets refresh tokens of devices survive.

use serde::{Deserialize, Serialize};
use warp::Reply as _;
use warp::http::header::{CACHE_CONTROL, PRAGMA};
use warp::http::{HeaderValue, Method, StatusCode};
use warp::reply::Response;

use super::call::{Call, Credentials, Parameters};
use super::errors::Error;
use super::gson;
use super::routes::{Route, public, route};
use crate::app;
use crate::app::oauth::{Grant, GrantError};

/// The name of an application whose request tells none.
const DEFAULT_APPLICATION: &str = "application";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::POST, "/api-application-registration/register", register),
        route(Method::POST, "/api-application-registration/register/tenants", register),
        route(Method::DELETE, "/api-application-registration/unregister", unregister),
        public(Method::POST, "/token", token),
        public(Method::POST, "/revoke", revoke),
    ]
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Registration {
    application_name: Option<String>,
    /// As RFC 7591 and newer clients name it.
    #[serde(rename = "client_name")]
    client_name: Option<String>,
}

#[derive(Serialize)]
struct Client {
    client_id: String,
    client_secret: String,
}

/// 201 exactly: the Android agent takes nothing else for a success.
async fn register(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let registration: Registration = if call.has_body() { call.json()? } else { Registration::default() };
    let query = call.query();
    let name = registration.application_name.or(registration.client_name);
    let name = name.as_deref().or(query.get("applicationName")).unwrap_or(DEFAULT_APPLICATION);
    let client = call.app.register_client(&actor, name).await?;
    let body = Client { client_id: client.client_id, client_secret: client.client_secret };
    Ok(unstored(gson::reply(StatusCode::CREATED, &body)))
}

/// An application that is gone already is gone, and so is that of a device that was removed with its tokens.
async fn unregister(call: Call) -> Result<Response, Error> {
    let query = call.query();
    let actor = match call.actor().await {
        Err(error) if error.status() == StatusCode::UNAUTHORIZED && call.gone_device().await?.is_some() => {
            return Ok(StatusCode::OK.into_response());
        }
        other => other?,
    };
    match call.app.unregister_client(&actor, query.need("applicationName")?).await {
        Ok(()) | Err(app::Error::NotFound { .. }) => Ok(StatusCode::OK.into_response()),
        Err(error) => Err(error.into()),
    }
}

#[derive(Serialize)]
struct Granted {
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    scope: String,
    token_type: &'static str,
    expires_in: u64,
}

async fn token(call: Call) -> Result<Response, Error> {
    Ok(match grant(&call).await {
        Ok(token) => unstored(gson::reply(StatusCode::OK, &token)),
        Err(refusal) => refusal.respond(),
    })
}

async fn grant(call: &Call) -> Result<Granted, Refusal> {
    let form = call.form();
    let client = client(call, &form)?;
    let need = |name: &'static str| {
        form.get(name).map(str::to_owned).ok_or_else(|| Refusal::invalid(format!("the parameter {name:?} is missing")))
    };
    let grant = match need("grant_type")?.as_str() {
        "password" => Grant::Password { user: need("username")?, password: need("password")? },
        "refresh_token" => Grant::Refresh { token: need("refresh_token")? },
        "client_credentials" => Grant::ClientCredentials,
        "access_token" => Grant::AccessToken { admin_access_token: need("admin_access_token")? },
        _ => return Err(GrantError::UnsupportedGrant.into()),
    };
    let pair = client.as_ref().map(|(id, secret)| (id.as_str(), secret.as_str()));
    let token = call.app.token(pair, grant, form.get("scope").unwrap_or_default(), &call.origin()).await?;
    Ok(Granted {
        access_token: token.access_token,
        refresh_token: token.refresh_token,
        scope: token.scope,
        token_type: "Bearer",
        expires_in: token.expires_in.as_secs(),
    })
}

async fn revoke(call: Call) -> Result<Response, Error> {
    let form = call.form();
    let revoked = async {
        let client = client(&call, &form)?;
        let token = form.get("token").ok_or_else(|| Refusal::invalid("the parameter \"token\" is missing"))?;
        let pair = client.as_ref().map(|(id, secret)| (id.as_str(), secret.as_str()));
        call.app.revoke(pair, token, &call.origin()).await.map_err(Refusal::from)
    };
    Ok(match revoked.await {
        Ok(()) => unstored(StatusCode::OK.into_response()),
        Err(refusal) => refusal.respond(),
    })
}

/// The application's credentials: from the header, else from the form (RFC 6749, section 2.3.1).
fn client(call: &Call, form: &Parameters) -> Result<Option<(String, String)>, Refusal> {
    match call.credentials() {
        Ok(Some(Credentials::Basic { name, secret })) => Ok(Some((name, secret))),
        Ok(Some(Credentials::Bearer(_))) | Err(_) => Err(GrantError::InvalidClient.into()),
        Ok(None) => {
            let pair = form.get("client_id").zip(form.get("client_secret"));
            Ok(pair.map(|(id, secret)| (id.to_owned(), secret.to_owned())))
        }
    }
}

/// An error answer of RFC 6749, section 5.2.
struct Refusal {
    code: &'static str,
    cause: Error,
}

#[derive(Serialize)]
struct RefusalBody<'a> {
    error: &'a str,
    error_description: &'a str,
}

impl Refusal {
    fn invalid(description: impl Into<String>) -> Self {
        GrantError::InvalidRequest(description.into()).into()
    }

    fn respond(self) -> Response {
        let body = RefusalBody { error: self.code, error_description: self.cause.detail() };
        unstored(self.cause.with_headers(gson::reply(self.cause.status(), &body)))
    }
}

impl From<GrantError> for Refusal {
    fn from(error: GrantError) -> Self {
        let (code, description) = (error.code(), error.to_string());
        let cause = match error {
            GrantError::InvalidClient => Error::unauthorized(description.as_str()),
            GrantError::InvalidGrant(_)
            | GrantError::InvalidRequest(_)
            | GrantError::UnauthorizedClient
            | GrantError::UnsupportedGrant => Error::bad(description.as_str()),
            GrantError::TooMany { retry_after } => app::Error::TooMany { retry_after }.into(),
            GrantError::App(error) => error.into(),
        };
        Self { code, cause }
    }
}

/// Tokens are not for caches (RFC 6749, section 5.1).
pub(super) fn unstored(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
