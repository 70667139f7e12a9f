//! `GET /backup`.

use warp::Reply;
use warp::http::Method;

use super::call::Call;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::app::Error;
use crate::net::download;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/api/v1/backup", backup)]
}

async fn backup(call: Call) -> Result<impl Reply, Problem> {
    let path = call.app().backup(call.actor()).await?;
    let sent = download::attachment(path, "pym.db").await.map_err(|source| {
        let what = "open the copy of the database".to_owned();
        Error::Failed { what, source: source.into() }
    })?;
    Ok(sent)
}
