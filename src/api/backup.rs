//! `GET /backup`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bytes::Bytes;
use futures_util::stream;
use warp::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use warp::http::{HeaderValue, Method};
use warp::{Reply, reply};

use super::call::Call;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::app::Error;
use crate::net::shared::Shared;

/// Bytes of the copy that are in memory at a time.
const PIECE: usize = 64 * 1024;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/api/v1/backup", download)]
}

async fn download(call: Call) -> Result<impl Reply, Problem> {
    let path = call.app().backup(call.actor()).await?;
    let (copy, length) = blocking(move || open_unnamed(&path)).await.map_err(|source| {
        let what = "open the copy of the database".to_owned();
        Error::Failed { what, source: source.into() }
    })?;
    let pieces = stream::try_unfold(copy, |copy| blocking(move || read_piece(copy)));
    let mut response = reply::stream(Shared::new(pieces)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_LENGTH, length.into());
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"pym.db\""));
    Ok(response)
}

/// Opens the copy and takes its name away, so that it is gone as soon as the answer ends, however it ends.
fn open_unnamed(path: &Path) -> io::Result<(File, u64)> {
    let opened = File::open(path).and_then(|copy| Ok((copy.metadata()?.len(), copy)));
    std::fs::remove_file(path)?;
    opened.map(|(length, copy)| (copy, length))
}

fn read_piece(mut copy: File) -> io::Result<Option<(Bytes, File)>> {
    let mut piece = Vec::with_capacity(PIECE);
    io::Read::by_ref(&mut copy).take(PIECE as u64).read_to_end(&mut piece)?;
    Ok((!piece.is_empty()).then(|| (piece.into(), copy)))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
}
