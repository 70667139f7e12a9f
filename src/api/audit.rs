//! `/audit` and `/audit/export`.

use futures_util::stream;
use warp::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use warp::http::{HeaderValue, Method};
use warp::reply::Response;
use warp::{Reply, reply};

use super::call::Call;
use super::problem::Problem;
use super::query::Query;
use super::routes::{Route, route};
use crate::app::{App, Error};
use crate::model::actor::Actor;
use crate::model::audit::{AuditEntry, AuditFilter, Outcome};
use crate::net::shared::Shared;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/api/v1/audit", list), route(Method::GET, "/api/v1/audit/export", export)]
}

/// How an export is written.
#[derive(Clone, Copy)]
enum Format {
    Csv,
    JsonLines,
}

fn filter(query: &mut Query) -> Result<AuditFilter, Problem> {
    Ok(AuditFilter {
        actor: query.text("actor")?,
        action: query.text("action")?,
        target: query.text("target")?,
        outcome: query.one("outcome", Outcome::parse)?,
        since: query.time("since")?,
        until: query.time("until")?,
        before: query.one("before", |word| word.parse().ok())?,
    })
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    let mut query = call.query()?;
    let (filter, limit) = (filter(&mut query)?, query.limit()?);
    query.end()?;
    Ok(reply::json(&call.app().audit(call.actor(), filter, limit).await?))
}

async fn export(call: Call) -> Result<Response, Problem> {
    let mut query = call.query()?;
    let filter = filter(&mut query)?;
    let read = |word: &str| match word {
        "csv" => Some(Format::Csv),
        "jsonl" => Some(Format::JsonLines),
        _ => None,
    };
    let format = query.one("format", read)?.unwrap_or(Format::Csv);
    query.end()?;
    let (how, kind, name) = match format {
        Format::Csv => ("csv", "text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
        Format::JsonLines => ("jsonl", "application/x-ndjson", "attachment; filename=\"audit.jsonl\""),
    };
    call.app().begin_audit_export(call.actor(), how).await?;
    let header = match format {
        Format::Csv => AuditEntry::CSV_HEADER.to_owned(),
        Format::JsonLines => String::new(),
    };
    let start = (call.app().clone(), call.actor().clone(), filter, Some(header));
    let pieces = stream::try_unfold(start, move |(app, actor, mut filter, header)| async move {
        let piece = piece(&app, &actor, &mut filter, format, header).await?;
        Ok::<_, Error>(piece.map(|piece| (piece, (app, actor, filter, None))))
    });
    let mut response = reply::stream(Shared::new(pieces)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(name));
    Ok(response)
}

/// The next piece of an export, the first with its header; `None` at the end.
async fn piece(
    app: &App,
    actor: &Actor,
    filter: &mut AuditFilter,
    format: Format,
    header: Option<String>,
) -> Result<Option<String>, Error> {
    let lines = app.audit_piece(actor, filter).await?;
    if lines.is_empty() && header.as_ref().is_none_or(String::is_empty) {
        return Ok(None);
    }
    let mut text = header.unwrap_or_default();
    for line in lines {
        match format {
            Format::Csv => text.push_str(&line.csv()),
            Format::JsonLines => {
                let json = serde_json::to_string(&line)
                    .map_err(|source| Error::Failed { what: "encode a line".to_owned(), source: source.into() })?;
                text.push_str(&json);
                text.push('\n');
            }
        }
    }
    Ok(Some(text))
}
