//! `/second-factor`, and that of other people.

use warp::http::{Method, StatusCode};
use warp::{Reply, reply};

use super::call::Call;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::app::session;
use crate::wire::second_factor::{Begin, Confirm, NewKey, Proof, RecoveryCodes, SecondFactor};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/v1/second-factor", get),
        route(Method::POST, "/api/v1/second-factor", begin),
        route(Method::POST, "/api/v1/second-factor/confirm", confirm),
        route(Method::POST, "/api/v1/second-factor/recovery-codes", renew),
        route(Method::POST, "/api/v1/second-factor/disable", disable),
        route(Method::DELETE, "/api/v1/users/{name}/second-factor", reset),
    ]
}

async fn get(call: Call) -> Result<impl Reply, Problem> {
    call.query()?.end()?;
    let found = call.app().second_factor(call.actor()).await?;
    let (enabled, since, recovery_codes) = (found.since.is_some(), found.since, found.recovery_codes);
    Ok(reply::json(&SecondFactor { enabled, since, recovery_codes }))
}

async fn begin(mut call: Call) -> Result<impl Reply, Problem> {
    let Begin { password } = call.json().await?;
    let key = call.app().begin_second_factor(call.actor(), &password).await?;
    Ok(reply::json(&NewKey { secret: key.secret, uri: key.uri }))
}

async fn confirm(mut call: Call) -> Result<impl Reply, Problem> {
    let Confirm { code } = call.json().await?;
    let session = call.caller.token.as_deref();
    let recovery_codes = call.app().confirm_second_factor(call.actor(), &code, session).await?;
    Ok(reply::json(&RecoveryCodes { recovery_codes }))
}

async fn renew(mut call: Call) -> Result<impl Reply, Problem> {
    let proof: Proof = call.json().await?;
    let recovery_codes = call.app().renew_recovery_codes(call.actor(), shown(&proof)).await?;
    Ok(reply::json(&RecoveryCodes { recovery_codes }))
}

async fn disable(mut call: Call) -> Result<impl Reply, Problem> {
    let proof: Proof = call.json().await?;
    call.app().end_second_factor(call.actor(), shown(&proof)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn reset(call: Call) -> Result<impl Reply, Problem> {
    call.app().reset_second_factor(call.actor(), call.param(0)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The code where there is one, else the password, which the application misses when there is none.
fn shown(proof: &Proof) -> session::Proof<'_> {
    match (&proof.code, &proof.password) {
        (Some(code), _) => session::Proof::Code(code),
        (None, password) => session::Proof::Password(password.as_deref().unwrap_or_default()),
    }
}
