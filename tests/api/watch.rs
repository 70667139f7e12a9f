//! The event stream.

use serde_json::{Value, json};
use warp::reply::Response;

use super::site::{Caller, Site, anonymous, bearer, length, local, next_piece};

struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(site: &Site) -> Self {
        Self::open_as(site, &local()).await
    }

    async fn open_as(site: &Site, caller: &Caller) -> Self {
        let response = site.open(caller, "GET", "/api/v1/watch", "").await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event, held against the OpenAPI document; `None` at the end.
    async fn next(&mut self, site: &Site) -> Option<(String, Value)> {
        while !self.text.contains("\n\n") {
            self.text.push_str(std::str::from_utf8(&next_piece(&mut self.response).await?).unwrap());
        }
        let (event, rest) = self.text.split_once("\n\n").unwrap();
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        let (name, data) = (field("event:"), serde_json::from_str(&field("data:")).unwrap());
        self.text = String::from(rest);
        site.document.check_schema(if name == "snapshot" { "Snapshot" } else { "Delta" }, &data);
        Some((name, data))
    }

    /// The next change of that kind.
    async fn change(&mut self, site: &Site, kind: &str) -> Value {
        loop {
            let (name, delta) = self.next(site).await.unwrap();
            assert_eq!(name, "delta");
            let found = delta["changes"].as_array().unwrap().iter().find(|change| change["kind"] == kind);
            if let Some(found) = found {
                return found.clone();
            }
        }
    }
}

#[tokio::test]
async fn a_snapshot_comes_first_and_then_what_changes() {
    let site = Site::start().await;
    let enrolled = site.pi("one").await;
    let id = &enrolled["device"]["id"];
    let mut stream = Stream::open(&site).await;
    let (name, snapshot) = stream.next(&site).await.unwrap();
    assert_eq!(name, "snapshot");
    assert_eq!(snapshot["devices"][0]["id"], *id);
    assert!(snapshot["notices"][0]["text"].as_str().unwrap().contains("enrolled"));
    assert_eq!(snapshot["status"]["counts"]["devices"]["ACTIVE"], 1);
    stream.change(&site, "host").await;
    stream.change(&site, "status").await;

    let event = json!({ "values": { "temperature": 41.5, "bulb": "ON" } });
    site.send(&local(), "POST", "/api/v1/devices/raspberrypi:one/telemetry", event).await.is(201);
    let values = stream.change(&site, "telemetry").await;
    assert_eq!(values["device"], *id);
    assert!(values["values"].as_array().unwrap().contains(&json!(["temperature", 41.5])));

    let new = json!({ "code": "bulb", "payload": "ON", "devices": [id] });
    let sent = site.send(&local(), "POST", "/api/v1/activities", new).await.is(201).json();
    let operation = stream.change(&site, "operation").await;
    assert_eq!(operation["operation"]["id"], sent["operations"][0]["id"]);

    let edit = json!({ "name": "Kitchen" });
    site.send(&local(), "PATCH", "/api/v1/devices/raspberrypi:one", edit).await.is(200);
    loop {
        if stream.change(&site, "device").await["device"]["name"] == "Kitchen" {
            break;
        }
    }
    site.raw(&local(), "DELETE", "/api/v1/devices/raspberrypi:one", "").await.is(204);
    assert_eq!(stream.change(&site, "device_gone").await["id"], *id);
    site.stop.cancel();
    while stream.next(&site).await.is_some() {}
}

#[tokio::test]
async fn a_slow_watcher_is_told_how_much_it_missed() {
    let site = Site::start().await;
    site.pi("one").await;
    let mut stream = Stream::open(&site).await;
    stream.next(&site).await.unwrap();
    for number in 0..3000 {
        site.app.notice(pym::model::change::NoticeKind::Daemon, None, format!("notice {number}"));
    }
    let mut told = 0;
    let (mut dropped, mut last) = (0, String::new());
    while last != "notice 2999" {
        let (_, delta) = stream.next(&site).await.unwrap();
        dropped += delta["dropped"].as_u64().unwrap();
        let changes = delta["changes"].as_array().unwrap();
        assert!(changes.len() <= 102, "{} changes in one batch", changes.len());
        for notice in changes.iter().filter(|change| change["kind"] == "notice") {
            told += 1;
            notice["notice"]["text"].as_str().unwrap().clone_into(&mut last);
        }
    }
    assert_eq!((told + dropped, site.app.metrics().watch_dropped.get()), (3000, dropped));
    assert!(dropped > 0);
}

#[tokio::test]
async fn streams_are_bounded_and_end_with_their_credentials() {
    let site = Site::start().await;
    assert_eq!(site.open(&anonymous(), "GET", "/api/v1/watch", "").await.status(), 401);
    let head = site.open(&local(), "HEAD", "/api/v1/watch", "").await;
    assert_eq!((head.status().as_u16(), length(&head)), (200, Some(0)));
    let mut open = Vec::new();
    loop {
        let response = site.open(&local(), "GET", "/api/v1/watch", "").await;
        if response.status() == 503 {
            assert!(response.headers().contains_key("retry-after"));
            break;
        }
        open.push(response);
        assert!(open.len() < 1000, "there is no bound");
    }
    open.clear();
    let made = json!({ "name": "watcher", "scopes": ["read"] });
    let made = site.send(&local(), "POST", "/api/v1/tokens", made).await.is(201);
    let watcher = bearer(made.json()["secret"].as_str().unwrap());
    let response = site.open(&watcher, "GET", "/api/v1/watch", "").await;
    assert_eq!(response.status(), 200);
    let mut stream = Stream { response, text: String::new() };
    stream.next(&site).await.unwrap();
    site.raw(&local(), "DELETE", made.header("location"), "").await.is(204);
    while stream.next(&site).await.is_some() {}
}

#[tokio::test]
async fn a_device_owner_is_told_of_their_own_and_shared_devices_alone() {
    let site = Site::start().await;
    let owner = bearer(&site.person("device-owner").await);
    let other = site.pi("other").await["device"]["id"].clone();
    let new = json!({ "type": "raspberrypi", "identifier": "mine", "name": "mine" });
    let mine = site.send(&owner, "POST", "/api/v1/devices", new).await.is(201).json()["device"]["id"].clone();
    let snapshot_of = async |stream: &mut Stream| {
        let (name, snapshot) = stream.next(&site).await.unwrap();
        assert_eq!(name, "snapshot");
        let mut seen: Vec<_> =
            snapshot["devices"].as_array().unwrap().iter().map(|device| device["id"].clone()).collect();
        seen.sort_by_key(Value::to_string);
        (seen, snapshot)
    };
    let happens_to = async |name: &str, id: &Value, celsius: f64| {
        let event = json!({ "values": { "temperature": celsius } });
        site.send(&local(), "POST", &format!("/api/v1/devices/raspberrypi:{name}/telemetry"), event).await.is(201);
        let new = json!({ "code": "bulb", "payload": "ON", "devices": [id] });
        site.send(&local(), "POST", "/api/v1/activities", new).await.is(201);
        let edit = json!({ "description": name });
        site.send(&local(), "PATCH", &format!("/api/v1/devices/raspberrypi:{name}"), edit).await.is(200);
    };
    // The devices that a stream tells of until it tells that `last` has that description.
    let told_until = async |stream: &mut Stream, last: &Value, description: &str| {
        let mut told = Vec::new();
        loop {
            let (_, delta) = stream.next(&site).await.unwrap();
            for change in delta["changes"].as_array().unwrap() {
                let id = match change["kind"].as_str().unwrap() {
                    "device" => &change["device"]["id"],
                    "operation" => &change["operation"]["device"],
                    "notice" => &change["notice"]["device"],
                    "telemetry" => &change["device"],
                    "status" => continue,
                    kind => panic!("a device-owner is told of a {kind}"),
                };
                told.push(id.clone());
                if id == last && change["device"]["description"] == description {
                    return told;
                }
            }
        }
    };

    let mut stream = Stream::open_as(&site, &owner).await;
    let (seen, snapshot) = snapshot_of(&mut stream).await;
    assert_eq!(seen, std::slice::from_ref(&mine));
    assert_eq!(snapshot["status"]["counts"]["devices"], json!({ "ACTIVE": 1 }));
    assert!(snapshot["notices"].as_array().unwrap().iter().all(|notice| notice["device"] == mine), "{snapshot}");
    happens_to("other", &other, 21.5).await;
    happens_to("mine", &mine, 22.5).await;
    let told = told_until(&mut stream, &mine, "mine").await;
    assert!(told.len() >= 3 && told.iter().all(|id| *id == mine), "{told:?}");

    let group = json!({ "name": "shared" });
    let group = site.send(&local(), "POST", "/api/v1/groups", group).await.is(201).json();
    let group = format!("/api/v1/groups/{}", group["id"].as_str().unwrap());
    site.send(&local(), "POST", &format!("{group}/devices"), json!({ "devices": [other] })).await.is(204);
    site.send(&local(), "PUT", &format!("{group}/roles"), json!({ "roles": ["device-owner"] })).await.is(200);
    let mut stream = Stream::open_as(&site, &owner).await;
    let (seen, snapshot) = snapshot_of(&mut stream).await;
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(snapshot["operations"].as_array().unwrap().iter().any(|operation| operation["device"] == other));
    happens_to("other", &other, 23.5).await;
    site.send(&local(), "PATCH", "/api/v1/devices/raspberrypi:other", json!({ "description": "again" })).await.is(200);
    let told = told_until(&mut stream, &other, "again").await;
    assert!(told.contains(&other), "{told:?}");

    // An open stream finds out, too.
    site.send(&local(), "PUT", &format!("{group}/roles"), json!({ "roles": [] })).await.is(200);
    assert_eq!(stream.change(&site, "device_gone").await["id"], other);
}
