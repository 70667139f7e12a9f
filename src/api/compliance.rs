//! `/compliance`, `/compliance/export`, and a device's.

use futures_util::stream;
use warp::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use warp::http::{HeaderValue, Method};
use warp::reply::Response;
use warp::{Reply, reply};

use super::call::Call;
use super::device::find;
use super::problem::Problem;
use super::query::Query;
use super::routes::{Route, route};
use super::tag;
use crate::app::Error;
use crate::model::compliance::{ComplianceFilter, ComplianceState, Standing};
use crate::model::device::DeviceFilter;
use crate::net::shared::Shared;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/v1/compliance", report),
        route(Method::GET, "/api/v1/compliance/export", export),
        route(Method::GET, "/api/v1/devices/{id}/compliance", of_device),
    ]
}

fn filter(query: &mut Query) -> Result<ComplianceFilter, Problem> {
    let read = |word: &str| match word {
        "all" => Some(None),
        word => ComplianceState::parse(word).map(Some),
    };
    Ok(ComplianceFilter {
        state: query.one("state", read)?.unwrap_or(Some(ComplianceState::Violating)),
        policy: query.one("policy", |word| word.parse().ok())?,
        feature: query.text("feature")?,
        devices: DeviceFilter {
            device_type: query.text("type")?,
            query: query.text("q")?.map(|text| tag::read("q", &text)).transpose()?,
            ..DeviceFilter::default()
        },
    })
}

async fn report(call: Call) -> Result<impl Reply, Problem> {
    let mut query = call.query()?;
    let (filter, limit, cursor) = (filter(&mut query)?, query.limit()?, query.text("cursor")?);
    query.end()?;
    Ok(reply::json(&call.app().compliance(call.actor(), filter, limit, cursor).await?))
}

async fn export(call: Call) -> Result<Response, Problem> {
    let mut query = call.query()?;
    let filter = filter(&mut query)?;
    query.end()?;
    // The first piece is asked for before the answer begins, so that a refusal is one.
    let first = call.app().compliance_piece(call.actor(), filter.clone(), 0).await?;
    let start = (call.app().clone(), call.actor().clone(), filter, Some(first), Standing::CSV_HEADER);
    let pieces = stream::try_unfold(start, |(app, actor, filter, piece, header)| async move {
        let Some((items, next)) = piece else { return Ok::<_, Error>(None) };
        let mut text = header.to_owned();
        text.extend(items.iter().map(Standing::csv));
        let piece = match next {
            Some(after) => Some(app.compliance_piece(&actor, filter.clone(), after).await?),
            None => None,
        };
        Ok(Some((text, (app, actor, filter, piece, ""))))
    });
    let mut response = reply::stream(Shared::new(pieces)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"compliance.csv\""));
    Ok(response)
}

async fn of_device(call: Call) -> Result<impl Reply, Problem> {
    let device = find(&call, call.param(0)).await?;
    Ok(reply::json(&call.app().device_compliance(call.actor(), device).await?))
}
