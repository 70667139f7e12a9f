//! Files as answers, sent piece by piece, whole or in part.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::stream;
use hyper::StatusCode;
use hyper::header::{ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderValue};
use warp::Reply as _;
use warp::reply::Response;

use super::shared::Shared;
use crate::model::package::{Part, part};

/// Bytes of a file that are in memory at a time.
const PIECE: u64 = 64 * 1024;

/// An answer with the `length` bytes of a file, or with the part that a header `Range` asks for (RFC 9110, section 14).
pub fn reply(file: File, length: u64, range: Option<&str>) -> Response {
    let wanted = range.map_or(Part::Whole, |range| part(range, length));
    let (first, count) = match wanted {
        Part::Whole => (0, length),
        Part::Bytes(first, last) => (first, last - first + 1),
        Part::Beyond => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            put(&mut response, CONTENT_RANGE, &format!("bytes */{length}"));
            return response;
        }
    };
    let pieces = stream::try_unfold((file, first, count), |(file, first, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let piece = blocking(move || read(file, first, left.min(PIECE))).await?;
        let (file, bytes) = piece;
        let got = bytes.len() as u64;
        Ok::<_, io::Error>(Some((bytes, (file, first + got, left - got))))
    });
    let mut response = warp::reply::stream(Shared::new(pieces)).into_response();
    response.headers_mut().insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    response.headers_mut().insert(CONTENT_LENGTH, count.into());
    if let Part::Bytes(first, last) = wanted {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        put(&mut response, CONTENT_RANGE, &format!("bytes {first}-{last}/{length}"));
    }
    response
}

/// An answer with the whole of a file that nobody else needs, to be kept under `name`: the file is gone as soon as the
/// answer ends, however it ends.
///
/// # Errors
/// When the file cannot be opened or its name not taken away.
pub async fn attachment(path: PathBuf, name: &str) -> io::Result<Response> {
    let (file, length) = blocking(move || open_unnamed(&path)).await?;
    let mut response = reply(file, length, None);
    put(&mut response, CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    // Asked for again it would be another file.
    headers.remove(ACCEPT_RANGES);
    Ok(response)
}

/// Opens a file and takes its name away.
fn open_unnamed(path: &Path) -> io::Result<(File, u64)> {
    let opened = File::open(path).and_then(|copy| Ok((copy.metadata()?.len(), copy)));
    std::fs::remove_file(path)?;
    opened.map(|(length, copy)| (copy, length))
}

fn put(response: &mut Response, name: hyper::header::HeaderName, value: &str) {
    response.headers_mut().extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
}

/// Exactly `count` bytes from `first` on: a file that ends sooner breaks the answer off.
fn read(mut file: File, first: u64, count: u64) -> io::Result<(File, Bytes)> {
    file.seek(SeekFrom::Start(first))?;
    let mut bytes = Vec::with_capacity(usize::try_from(count).unwrap_or_default());
    Read::by_ref(&mut file).take(count).read_to_end(&mut bytes)?;
    if bytes.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok((file, bytes.into())) }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
}
