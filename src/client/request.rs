//! One request and its answer: written, sent, awaited with a time-out, read up to a bound, decoded.

use std::fmt;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::connection::Sender;
use super::{Client, Error};

/// How long a request may take with its whole answer (streams: until their first byte).
pub(super) const REQUEST_TIME: Duration = Duration::from_secs(30);
/// The most bytes of an answer that is held in memory.
pub(super) const MAX_ANSWER: usize = 32 * 1024 * 1024;
/// The most bytes that are read of a refusal.
const MAX_PROBLEM: usize = 64 * 1024;

/// A request that can be sent, and sent again.
pub(super) struct Call {
    method: Method,
    path: String,
    body: Option<Bytes>,
    kind: &'static str,
    time: Duration,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path.split('?').next().unwrap_or_default())
    }
}

impl Call {
    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), body: None, kind: "application/json", time: REQUEST_TIME }
    }

    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    pub(super) fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path)
    }

    pub(super) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// With `body` as JSON.
    pub(super) fn json(mut self, body: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        let bytes = serde_json::to_vec(body).map_err(|source| Error::Encode { call: self.to_string(), source })?;
        self.body = Some(bytes.into());
        Ok(self)
    }

    /// With `body` as it is.
    pub(super) fn body(mut self, kind: &'static str, body: Bytes) -> Self {
        (self.kind, self.body) = (kind, Some(body));
        self
    }

    /// With another time-out than [`REQUEST_TIME`].
    pub(super) const fn within(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    fn request(&self, client: &Client) -> Result<Request<Full<Bytes>>, Error> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(&self.path)
            .header(HOST, client.shared.target.authority())
            .header(ACCEPT, "application/json, text/event-stream, */*");
        if let Some(token) = &client.shared.token {
            request = request.header(AUTHORIZATION, token.clone());
        }
        if self.body.is_some() {
            request = request.header(CONTENT_TYPE, self.kind);
        }
        request
            .body(Full::new(self.body.clone().unwrap_or_default()))
            .map_err(|source| Error::Request { call: self.to_string(), source })
    }
}

/// An answer whose body has not been read, and the connection it comes over.
pub(super) struct Answer {
    pub(super) body: Incoming,
    sender: Sender,
}

impl Client {
    /// Sends `call` and decodes the JSON it is answered with.
    pub(super) async fn fetch<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        let body = self.bytes(&call).await?;
        serde_json::from_slice(&body).map_err(|source| Error::Decode { call: call.to_string(), source })
    }

    /// Sends `call` for what it does; whatever it is answered with is read and dropped.
    pub(super) async fn perform(&self, call: Call) -> Result<(), Error> {
        self.bytes(&call).await.map(drop)
    }

    /// Sends `call` and reads its whole answer, at most [`MAX_ANSWER`] bytes.
    pub(super) async fn bytes(&self, call: &Call) -> Result<Bytes, Error> {
        let whole = async {
            let Answer { body, sender } = self.send(call).await?;
            let bytes = read(body, MAX_ANSWER, call).await?;
            *self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
            Ok(bytes)
        };
        timeout(call.time, whole)
            .await
            .map_err(|_| Error::Silent { call: call.to_string(), after: call.time })
            .flatten()
    }

    /// Sends `call` and gives its body back as it comes.
    pub(super) async fn stream(&self, call: &Call) -> Result<Answer, Error> {
        timeout(REQUEST_TIME, self.send(call))
            .await
            .map_err(|_| Error::Silent { call: call.to_string(), after: REQUEST_TIME })
            .flatten()
    }

    async fn send(&self, call: &Call) -> Result<Answer, Error> {
        let (response, sender) = match self.send_over_kept(call).await? {
            Some(answered) => answered,
            None => self.send_over_new(call).await?,
        };
        let status = response.status();
        if status.is_success() {
            return Ok(Answer { body: response.into_body(), sender });
        }
        let refused = refusal(call, status, response.into_body()).await;
        *self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        Err(refused)
    }

    /// Over the connection that was kept; `None` when there is none, or it proved to be closed before the daemon
    /// could have acted.
    async fn send_over_kept(&self, call: &Call) -> Result<Option<(Response<Incoming>, Sender)>, Error> {
        let kept = self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut sender) = kept else { return Ok(None) };
        if sender.ready().await.is_err() {
            return Ok(None);
        }
        match sender.try_send_request(call.request(self)?).await {
            Ok(response) => Ok(Some((response, sender))),
            Err(mut failure) => {
                let unsent = failure.take_message().is_some();
                // A server closes a connection that was idle for long: what only reads may be asked again.
                if unsent || call.method == Method::GET {
                    return Ok(None);
                }
                Err(Error::Broken { call: call.to_string(), source: failure.into_error() })
            }
        }
    }

    async fn send_over_new(&self, call: &Call) -> Result<(Response<Incoming>, Sender), Error> {
        let mut sender = self.shared.target.connect().await?;
        let response = sender
            .send_request(call.request(self)?)
            .await
            .map_err(|source| Error::Broken { call: call.to_string(), source })?;
        Ok((response, sender))
    }
}

async fn refusal(call: &Call, status: StatusCode, body: Incoming) -> Error {
    let body = read(body, MAX_PROBLEM, call).await.unwrap_or_default();
    let problem = serde_json::from_slice(&body).ok().map(Box::new);
    Error::Refused { call: call.to_string(), status: status.as_u16(), problem }
}

async fn read(mut body: Incoming, limit: usize, call: &Call) -> Result<Bytes, Error> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|source| Error::Broken { call: call.to_string(), source })?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            return Err(Error::TooLarge { call: call.to_string(), limit });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// What stands as it is in a segment of a path: the unreserved characters (RFC 3986, section 2.3) and `:`.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

/// `text` as one segment of a path.
pub(super) fn segment(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, PLAIN)
}

/// `path` with the parameters that have a value.
pub(super) fn with_query<'a>(path: &str, parameters: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        query.append_pair(name, &value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The limit and the cursor of a page, as parameters.
pub(super) fn paging(limit: Option<u32>, cursor: Option<&str>) -> impl Iterator<Item = (&'static str, String)> {
    let limit = limit.map(|limit| ("limit", limit.to_string()));
    limit.into_iter().chain(cursor.map(|cursor| ("cursor", cursor.to_owned())))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[test]
    fn a_path_segment_stays_one_segment() {
        assert_eq!(segment("raspberrypi:pi-1").to_string(), "raspberrypi:pi-1");
        assert_eq!(segment("../a b?c#d%").to_string(), "..%2Fa%20b%3Fc%23d%25");
        assert_eq!(segment("Küche").to_string(), "K%C3%BCche");
    }

    #[test]
    fn a_query_holds_what_has_a_value() {
        assert_eq!(with_query("/x", []), "/x");
        assert_eq!(with_query("/x", [("text", "a&b c".to_owned())]), "/x?text=a%26b+c");
        assert_eq!(with_query("/x", paging(Some(5), Some("c/1"))), "/x?limit=5&cursor=c%2F1");
    }

    #[test]
    fn a_call_is_named_without_its_query() {
        assert_eq!(Call::get("/api/v1/devices?text=secret").to_string(), "GET /api/v1/devices");
    }

    /// Answers the connections to a socket one after another, each with one answer for each request, until the
    /// answers of the connection are used up; then closes it.
    fn serve(path: &Path, connections: Vec<Vec<String>>) -> tokio::task::JoinHandle<Vec<String>> {
        let listener = tokio::net::UnixListener::bind(path).unwrap();
        tokio::spawn(async move {
            let mut requests = Vec::new();
            for answers in connections {
                let (mut stream, _) = listener.accept().await.unwrap();
                for answer in answers {
                    let mut request = Vec::new();
                    while !request.ends_with(b"\r\n\r\n") {
                        request.push(stream.read_u8().await.unwrap());
                    }
                    let request = String::from_utf8(request).unwrap();
                    requests.push(request.lines().next().unwrap().to_owned());
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
            requests
        })
    }

    fn answer(status: &str, body: &str) -> String {
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn the_connection_is_kept_and_replaced_when_it_was_closed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pym.sock");
        let whoami = answer("200 OK", r#"{"principal":"uid:0","scopes":["read"]}"#);
        let missing = answer("404 Not Found", r#"{"title":"Not Found","status":404,"detail":"there is none"}"#);
        let server = serve(&path, vec![vec![whoami.clone(), missing], vec![whoami]]);
        let client = Client::local(Some(path));
        assert_eq!(client.whoami().await.unwrap().principal, "uid:0");
        let refused = client.device_type("a/b").await.unwrap_err();
        assert_eq!((refused.status(), refused.to_string().as_str()), (Some(404), "there is none"));
        assert_eq!(client.whoami().await.unwrap().principal, "uid:0");
        let asked = server.await.unwrap();
        assert_eq!(asked[1], "GET /api/v1/device-types/a%2Fb HTTP/1.1");
        assert_eq!(asked.len(), 3);
    }

    #[tokio::test]
    async fn an_answer_without_an_end_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pym.sock");
        let large = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(MAX_ANSWER + 1));
        let server = serve(&path, vec![vec![large]]);
        let refused = Client::local(Some(path)).whoami().await.unwrap_err();
        assert!(matches!(refused, Error::TooLarge { limit: MAX_ANSWER, .. }), "{refused:?}");
        server.abort();
    }

    #[tokio::test]
    async fn a_socket_without_a_listener_is_told_from_a_missing_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pym.sock");
        let missing = Client::local(Some(path.clone())).whoami().await.unwrap_err();
        assert!(missing.to_string().ends_with("pym.sock: no socket there"), "{missing}");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let dead = Client::local(Some(path)).whoami().await.unwrap_err();
        assert!(dead.to_string().ends_with("nobody listens (the daemon has ended)"), "{dead}");
        assert!(dead.is_unreachable());
    }
}
