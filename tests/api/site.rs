//! A site under test: the application over a real store in a temporary directory, and the routes of both doors before it.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Body as _;
use hyper::service::Service as _;
use hyper::{HeaderMap, Request};
use hyper_util::service::TowerToHyperService;
use pym::app::App;
use pym::net::Peer;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use warp::Filter as _;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::common::application;
use super::conform::Document;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct Site {
    pub(crate) app: App,
    pub(crate) stop: CancellationToken,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) document: Document,
    routes: BoxedFilter<(Response,)>,
    _downlink: tokio::sync::mpsc::Receiver<pym::app::downlink::Downlink>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// This answer, which must have that status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

/// Somebody who asks.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) peer: Peer,
    pub(crate) headers: Vec<(&'static str, String)>,
}

pub(crate) fn local() -> Caller {
    Caller { peer: Peer::Local { uid: 1000 }, headers: Vec::new() }
}

pub(crate) fn anonymous() -> Caller {
    let (address, local) = ("192.0.2.7:40000".parse().unwrap(), "192.0.2.1:9443".parse().unwrap());
    Caller { peer: Peer::Remote { address, local, tls: true, certificate: None }, headers: Vec::new() }
}

pub(crate) fn bearer(token: &str) -> Caller {
    anonymous().with("authorization", &format!("Bearer {token}"))
}

impl Caller {
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Site {
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (app, downlink) = application(dir.path()).await;
        app.update_standing(|standing| standing.ready = true);
        let stop = CancellationToken::new();
        let own = pym::api::routes(app.clone(), "-----BEGIN CERTIFICATE-----\n".to_owned(), stop.clone());
        let routes = own.or(pym::agents::entgra::routes(app.clone())).unify().boxed();
        Self { app, stop, dir, document: Document::load(), routes, _downlink: downlink }
    }

    /// Sends a request and gives its answer back unread.
    pub(crate) async fn open(&self, caller: &Caller, method: &str, target: &str, body: impl Into<Bytes>) -> Response {
        let mut request = Request::builder().method(method).uri(target).extension(caller.peer);
        for (name, value) in &caller.headers {
            request = request.header(*name, value);
        }
        let service = TowerToHyperService::new(warp::service(self.routes.clone()));
        service.call(request.body(Full::new(body.into())).unwrap()).await.unwrap()
    }

    /// Sends a request, reads its answer, and holds it against the OpenAPI document.
    pub(crate) async fn raw(&self, caller: &Caller, method: &str, target: &str, body: impl Into<Bytes>) -> Answer {
        let (head, body) = self.open(caller, method, target, body).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let answer = Answer { status: head.status.as_u16(), headers: head.headers, body };
        let kind = answer.header("content-type");
        let read = if body_is_json(kind) && method != "HEAD" {
            answer.json()
        } else if answer.body.is_empty() {
            Value::Null
        } else {
            Value::Bool(true)
        };
        self.document.check(method, target, answer.status, kind, &read);
        answer
    }

    pub(crate) async fn get(&self, caller: &Caller, target: &str) -> Answer {
        self.raw(caller, "GET", target, "").await
    }

    pub(crate) async fn send(&self, caller: &Caller, method: &str, target: &str, body: Value) -> Answer {
        let caller = caller.clone().with("content-type", "application/json");
        self.raw(&caller, method, target, body.to_string()).await
    }

    /// Enrolls a Raspberry Pi; the answer holds the device and its credentials.
    pub(crate) async fn pi(&self, identifier: &str) -> Value {
        let new = json!({ "type": "raspberrypi", "identifier": identifier, "name": identifier });
        self.send(&local(), "POST", "/api/v1/devices", new).await.is(201).json()
    }

    /// Makes a person of that role and name, and logs them in.
    pub(crate) async fn person(&self, role: &str) -> String {
        let new = json!({ "name": role, "roles": [role], "password": PASSWORD });
        self.send(&local(), "POST", "/api/v1/users", new).await.is(201);
        let login = json!({ "name": role, "password": PASSWORD });
        let session = self.send(&anonymous(), "POST", "/api/v1/login", login).await.is(200).json();
        session["token"].as_str().unwrap().to_owned()
    }

    /// Makes an API token with these scopes.
    pub(crate) async fn token(&self, scopes: &[&str]) -> String {
        let new = json!({ "name": scopes.join("+"), "scopes": scopes });
        let token = self.send(&local(), "POST", "/api/v1/tokens", new).await.is(201).json();
        token["secret"].as_str().unwrap().to_owned()
    }
}

fn body_is_json(kind: &str) -> bool {
    kind.starts_with("application/json") || kind.starts_with("application/problem+json")
}

/// The whole of a body.
pub(crate) async fn text(response: Response) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8_lossy(&body).into_owned()
}

/// The next piece of a body that is being made.
pub(crate) async fn next_piece(response: &mut Response) -> Option<Bytes> {
    let deadline = Duration::from_secs(30);
    let frame = tokio::time::timeout(deadline, response.body_mut().frame()).await.unwrap();
    frame.map(|frame| frame.unwrap().into_data().unwrap())
}

/// Whether the answer has a length of its own.
pub(crate) fn length(response: &Response) -> Option<u64> {
    response.body().size_hint().exact()
}
