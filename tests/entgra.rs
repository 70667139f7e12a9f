//! Devices and tools made for the Entgra IoT Server, against the routes that speak to them, over a real store. What
//! needs the daemon as a whole (MQTT, real sockets, the agent of the download) is in `agent/`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pym::agents::entgra;
use pym::app::{App, Clock, PolicySettings, Settings};
use pym::metrics::Metrics;
use pym::model::device_type::DeviceType;
use pym::model::text::check_word;
use pym::net::Peer;
use pym::store::Store;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use warp::Reply;
use warp::filters::BoxedFilter;
use warp::http::{Response, StatusCode};
use warp::hyper::body::Bytes;

const PASSWORD: &str = "correct horse";
/// In place of the certificate of the site's authority.
const AUTHORITY: &str = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";

/// A site with an administrator, and its routes.
struct Site<F> {
    routes: F,
    /// The administrator's access token: to check a password takes time, on purpose.
    admin: String,
    _directory: TempDir,
}

async fn site() -> Site<BoxedFilter<(impl Reply,)>> {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings {
        data_dir: directory.path().to_owned(),
        public_host: None,
        unreachable_after: Duration::from_mins(10),
        inactive_after: Duration::from_mins(15),
        access_token_ttl: Duration::from_hours(1),
        policy: PolicySettings::default(),
    };
    let store = Store::open(&directory.path().join("pym.db")).unwrap();
    let (app, mut orders) = App::open(store, Clock::default(), Arc::new(Metrics::default()), settings).await.unwrap();
    tokio::spawn(async move { while orders.recv().await.is_some() {} });
    app.ensure_admin(PASSWORD).await.unwrap();
    app.update_standing(|standing| {
        AUTHORITY.clone_into(&mut standing.ca_pem);
        standing.endpoints.http = vec!["0.0.0.0:8280".to_owned()];
        standing.endpoints.https = vec!["0.0.0.0:9443".to_owned(), "[::]:9443".to_owned()];
        standing.endpoints.mqtt = vec!["[::]:1883".to_owned()];
    });
    let mut site = Site { routes: entgra::routes(app), admin: String::new(), _directory: directory };
    let line = "POST /api-application-registration/register";
    let client = site.json(201, line, &PERSON, r#"{"applicationName":"test"}"#).await;
    let basic = Basic(client["client_id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());
    let token = site.json(200, "POST /token", &basic, "grant_type=client_credentials").await;
    token["access_token"].as_str().unwrap().clone_into(&mut site.admin);
    site
}

/// What a request shows for credentials.
enum Show<'a> {
    Nothing,
    Basic(&'a str, &'a str),
    Bearer(&'a str),
    Raw(&'a str),
}
use Show::{Basic, Bearer, Nothing, Raw};

const PERSON: Show<'_> = Basic("admin@carbon.super", PASSWORD);

impl<R: Reply + Send, F: warp::Filter<Extract = (R,), Error = warp::Rejection> + Clone + Send + Sync + 'static>
    Site<F>
{
    fn admin(&self) -> Show<'_> {
        Bearer(&self.admin)
    }

    async fn call(&self, line: &str, show: &Show<'_>, body: impl AsRef<[u8]>) -> Response<Bytes> {
        let (method, path) = line.split_once(' ').unwrap();
        let peer = Peer::Remote {
            address: "192.0.2.7:4711".parse().unwrap(),
            local: "192.168.1.2:8280".parse().unwrap(),
            tls: false,
            certificate: None,
        };
        let mut request =
            warp::test::request().method(method).path(path).extension(peer).header("host", "pi.local:8280");
        request = match show {
            Nothing => request,
            Basic(name, secret) => {
                request.header("authorization", format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{secret}"))))
            }
            Bearer(token) => request.header("authorization", format!("Bearer {token}")),
            Raw(header) => request.header("authorization", *header),
        };
        request.body(body).reply(&self.routes).await
    }

    /// The JSON of a call that must succeed with that status.
    async fn json(&self, status: u16, line: &str, show: &Show<'_>, body: impl AsRef<[u8]>) -> Json {
        let answer = self.call(line, show, body).await;
        assert_eq!(answer.status(), status, "{line}: {:?}", answer.body());
        assert_eq!(answer.headers()["content-type"], "application/json", "{line}");
        serde_json::from_slice(answer.body()).unwrap()
    }

    /// The files of a download, by name.
    async fn download(&self, path: &str) -> Vec<(String, String)> {
        let answer = self.call(&format!("GET {path}"), &self.admin(), "").await;
        assert_eq!(answer.status(), 200, "{:?}", answer.body());
        assert_eq!(answer.headers()["content-type"], "application/zip");
        let mut zip = zip::ZipArchive::new(Cursor::new(answer.body())).unwrap();
        let mut files = Vec::new();
        for index in 0..zip.len() {
            let mut file = zip.by_index(index).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            files.push((file.name().unwrap().into_owned(), text));
        }
        files
    }

    /// A new device of a sample type: its identifier and its access token.
    async fn device(&self, device_type: &str) -> (String, String) {
        let files = self.download(&format!("/{device_type}/device/download?deviceName=d")).await;
        let keys = &files[1].1;
        if device_type == "arduino" {
            let value =
                |name: &str| keys.split_once(&format!("#define {name} \"")).unwrap().1.split_once('"').unwrap().0;
            (value("DEVICE_ID").to_owned(), value("DEVICE_TOKEN").to_owned())
        } else {
            (property(keys, "deviceId").to_owned(), property(keys, "auth-token").to_owned())
        }
    }
}

fn property<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap()
}

#[test]
fn the_built_in_device_types_are_well_formed() {
    let mut names = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/device-types")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let device_type: DeviceType =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(path.file_stem().unwrap().to_str(), Some(device_type.name.as_str()));
        check_word("a device type", &device_type.name).unwrap();
        let mut codes = Vec::new();
        for feature in &device_type.features {
            check_word("a code", &feature.code).unwrap();
            assert!(
                !feature.name.is_empty() && !codes.contains(&feature.code.to_ascii_lowercase()),
                "{}",
                feature.code
            );
            codes.push(feature.code.to_ascii_lowercase());
        }
        for code in &device_type.initial_operations {
            assert!(device_type.feature(code).is_some(), "{code} is no feature of {}", device_type.name);
        }
        for route in device_type.push.iter().chain(device_type.features.iter().flat_map(|feature| &feature.push)) {
            assert!(route.topic.starts_with("{tenant}/{type}/{id}"), "{}", route.topic);
        }
        names.push(device_type.name);
    }
    names.sort();
    assert_eq!(names, ["android", "arduino", "raspberrypi", "virtual_firealarm"]);
}

#[tokio::test]
async fn an_application_registers_and_gets_tokens() {
    let site = site().await;
    let registration = json!({"applicationName": "cdmf_android_1", "tags": ["android"], "isAllowedToAllDomains": false,
        "isMappingAnExistingOAuthApp": false, "consumerKey": null, "unknown": {"a": []}});
    let line = "POST /api-application-registration/register";
    let client = site.json(201, line, &site.admin(), registration.to_string()).await;
    let basic = Basic(client["client_id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());

    let form = format!(
        "grant_type=password&username=admin%40carbon.super&password={}&scope=device_1+default+appm%3Aread",
        PASSWORD.replace(' ', "+")
    );
    let token = site.json(200, "POST /token", &basic, form).await;
    assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(3600)));
    let first = token["refresh_token"].as_str().unwrap();

    // The Python agent: parameters in the query, an empty body, and for ever the first refresh token.
    let line = format!("POST /token?scope=Enroll+device&grant_type=refresh_token&refresh_token={first}");
    let mut access = Vec::new();
    for _ in 0..2 {
        let token = site.json(200, &line, &basic, "").await;
        assert!(token["refresh_token"].is_string());
        access.push(token["access_token"].as_str().unwrap().to_owned());
    }
    for token in &access {
        site.json(200, "GET /api/device-mgt/v1.0/admin/device-types/", &Bearer(token), "").await;
    }

    let revoked = site.call("POST /revoke", &basic, format!("token={}", access[1])).await;
    assert_eq!(revoked.status(), 200);
    let answer = site.call("GET /api/device-mgt/v1.0/admin/device-types", &Bearer(&access[1]), "").await;
    assert_eq!(answer.status(), 401);
    assert!(answer.headers().contains_key("www-authenticate"));

    site.json(200, "POST /token/", &basic, "grant_type=client_credentials").await;
    for _ in 0..2 {
        let line = "DELETE /api-application-registration/unregister?applicationName=cdmf_android_1";
        assert_eq!(site.call(line, &site.admin(), "").await.status(), 200, "to unregister twice is no error");
    }
    let gone = site.json(401, "POST /token", &basic, "grant_type=client_credentials").await;
    assert_eq!(gone["error"], "invalid_client");
}

#[tokio::test]
async fn wrong_grants_are_refused_by_name() {
    let site = site().await;
    let line = "POST /api-application-registration/register/tenants?tenantDomain=carbon.super&applicationName=a";
    let client = site.json(201, line, &site.admin(), "").await;
    let basic = Basic(client["client_id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());
    for (form, status, error) in [
        ("grant_type=password&username=admin&password=wrong", 400, "invalid_grant"),
        ("grant_type=password&username=nobody&password=wrong", 400, "invalid_grant"),
        ("grant_type=password&username=admin", 400, "invalid_request"),
        ("grant_type=refresh_token&refresh_token=nonsense", 400, "invalid_grant"),
        ("grant_type=refresh_token", 400, "invalid_request"),
        ("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer", 400, "unsupported_grant_type"),
        ("grant_type=", 400, "invalid_request"),
        ("\u{0}%ff%fe&&&===", 400, "invalid_request"),
        ("{\"grant_type\":\"password\"}", 400, "invalid_request"),
        ("", 400, "invalid_request"),
    ] {
        let answer = site.json(status, "POST /token", &basic, form).await;
        assert_eq!(answer["error"], error, "{form}");
        assert!(answer["error_description"].as_str().is_some_and(|text| !text.is_empty()), "{form}");
    }
    for show in [Nothing, Basic("x", "y"), Bearer("x"), Raw("Basic ????"), Raw("Negotiate x"), Raw("Basic")] {
        let answer = site.json(401, "POST /token", &show, "grant_type=client_credentials").await;
        assert_eq!(answer["error"], "invalid_client");
    }
}

#[tokio::test]
async fn a_download_is_an_agent_with_its_keys() {
    let site = site().await;
    let files = site.download("/raspberrypi/device/download/?deviceName=my%20pi&sketchType=raspberrypi").await;
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["agent.py", "deviceConfig.properties", "ca.pem", "pym-agent.service", "README.md"]);
    let keys = &files[1].1;
    assert_eq!(files[2].1, AUTHORITY);
    let order: Vec<_> = keys.lines().map(|line| line.split('=').next().unwrap()).collect();
    assert_eq!(
        order,
        [
            "[Device-Configurations]",
            "server-name",
            "owner",
            "deviceId",
            "device-name",
            "controller-context",
            "https-ep",
            "http-ep",
            "apim-ep",
            "mqtt-ep",
            "auth-method",
            "application-key",
            "auth-token",
            "refresh-token",
            "push-interval"
        ]
    );
    for (name, value) in [
        ("server-name", "carbon.super"),
        ("owner", "admin@carbon.super"),
        ("device-name", "my pi"),
        ("https-ep", "https://pi.local:9443"),
        ("http-ep", "http://pi.local:8280"),
        ("mqtt-ep", "tcp://pi.local:1883"),
        ("auth-method", "token"),
    ] {
        assert_eq!(property(keys, name), value);
    }
    let application_key = format!("Basic {}", property(keys, "application-key"));
    let line = format!("POST /token?grant_type=refresh_token&refresh_token={}", property(keys, "refresh-token"));
    for _ in 0..2 {
        let token = site.json(200, &line, &Raw(&application_key), "").await;
        assert!(token["access_token"].is_string() && token["refresh_token"].is_string());
    }

    let alarm =
        site.download("/virtual_firealarm/1.0.0/device/download?deviceName=a&sketchType=virtual_firealarm").await;
    assert!(!alarm[1].1.contains('['), "the fire alarm reads plain properties");
    assert_eq!(property(&alarm[1].1, "tenantDomain"), "carbon.super");

    let sketch = site.download("/arduino/device/download?deviceName=a").await;
    assert!(sketch[1].1.contains("#define SERVER_EP_IP 192,168,1,2\n"), "{}", sketch[1].1);
    assert!(sketch[1].1.contains("#define SERVER_EP_PORT 8280\n"), "{}", sketch[1].1);

    let line = "GET /raspberrypi/device/download?deviceName=..%2F..%2Fetc%22%0d%0aX:%20y";
    let answer = site.call(line, &site.admin(), "").await;
    if answer.status() == 200 {
        let disposition = answer.headers()["content-disposition"].to_str().unwrap();
        assert!(!disposition.contains('/') && disposition.matches('"').count() == 2, "{disposition}");
    } else {
        assert_eq!(answer.status(), 400);
    }
    assert_eq!(site.call("GET /raspberrypi/device/download", &Nothing, "").await.status(), 401);
}

#[tokio::test]
async fn an_arduino_polls_and_reports() {
    let site = site().await;
    let (id, token) = site.device("arduino").await;
    let own = Bearer(&token);
    let controls = format!("GET /arduino/device/{id}/controls");
    let none = site.call(&controls, &own, "").await;
    assert_eq!(none.status(), 409);
    assert!(none.body().starts_with(b"No controls have been set") && !none.body().contains(&b':'));

    let bulb = |state: &str| format!("POST /arduino/device/{id}/bulb?state={state}");
    assert_eq!(site.call(&bulb("ON"), &site.admin(), "").await.status(), 200);
    let peeked = site.call(&controls, &site.admin(), "").await;
    assert_eq!((peeked.status(), &peeked.body()[..]), (StatusCode::ACCEPTED, &b"BULB:ON"[..]), "an operator sees it");
    let order = site.call(&controls, &own, "").await;
    assert_eq!((order.status(), &order.body()[..]), (StatusCode::ACCEPTED, &b"BULB:ON"[..]), "the device takes it");
    assert_eq!(site.call(&controls, &own, "").await.status(), 409, "and it is done");
    assert_eq!(site.call(&bulb("DIM"), &site.admin(), "").await.status(), 400);
    assert_eq!(site.call(&bulb(""), &site.admin(), "").await.status(), 400);

    let event =
        json!({"event": {"metaData": {"owner": "admin", "deviceId": id}, "payloadData": {"temperature": 21.5}}});
    for path in [
        format!("POST /endpoints/arduino_receiver?deviceId={id}"),
        format!("POST /endpoints/t/carbon.super/arduino_receiver?deviceId={id}"),
        "POST /endpoints/arduino_receiver".to_owned(),
    ] {
        assert_eq!(site.call(&path, &own, event.to_string()).await.status(), 200, "{path}");
    }
    let stats = site.json(200, &format!("GET /arduino/device/stats/{id}?from=0"), &site.admin(), "").await;
    assert_eq!(stats.as_array().unwrap().len(), 3);
    assert_eq!(stats[0]["values"]["temperature"], 21.5);
    let none = site.json(200, &format!("GET /arduino/device/stats/{id}?from=0&to=1"), &site.admin(), "").await;
    assert_eq!(none, json!([]));
}

#[tokio::test]
async fn any_device_speaks_the_generic_api() {
    const AGENT: &str = "/api/device-mgt/v1.0/device/agent";
    let site = site().await;
    let described = json!({"name": "Kiln", "type": "kiln", "deviceIdentifier": "k-1", "description": "it's hot",
        "enrolmentInfo": {"ownership": "COPE", "status": "ACTIVE", "dateOfEnrolment": 0},
        "properties": [{"name": "MODEL", "value": "x"}, {"name": "NONE", "value": null}], "deviceInfo": {"a": 1}});
    let enroll = format!("POST {AGENT}/enroll");
    let unknown_type = site.call(&enroll, &site.admin(), described.to_string()).await;
    assert_eq!(unknown_type.status(), 404, "{:?}", unknown_type.body());

    let kiln = json!({"name": "kiln", "deviceTypeMetaDefinition": {"properties": ["MODEL"], "claimable": false,
        "features": [{"code": "heat", "name": "Heat", "description": "Heat up", "operation": {"context": "/x"}}],
        "pushNotificationConfig": {"type": "MQTT", "properties": {}}, "license": {}, "description": "A kiln"}});
    let types = "/api/device-mgt/v1.0/admin/device-types";
    assert_eq!(site.call(&format!("POST {types}"), &site.admin(), kiln.to_string()).await.status(), 200);
    assert_eq!(site.call(&format!("POST {types}"), &site.admin(), kiln.to_string()).await.status(), 409);
    assert_eq!(site.call(&format!("PUT {types}/kiln"), &site.admin(), kiln.to_string()).await.status(), 200);
    assert_eq!(site.call(&format!("PUT {types}/android"), &site.admin(), kiln.to_string()).await.status(), 409);
    let listed = site.json(200, &format!("GET {types}"), &site.admin(), "").await;
    let listed = listed.as_array().unwrap().iter().find(|each| each["name"] == "kiln").unwrap();
    assert_eq!(listed["deviceTypeMetaDefinition"]["features"][0]["code"], "heat");

    assert_eq!(site.json(200, &enroll, &site.admin(), described.to_string()).await, json!(true));
    let again = site.json(400, &enroll, &site.admin(), described.to_string()).await;
    assert_eq!(again["description"], "An active enrolment exists");
    assert_eq!(site.call(&enroll, &site.admin(), "{}").await.status(), 400);

    let config = site.json(200, &format!("GET {AGENT}/enroll/kiln/k-1/config"), &site.admin(), "").await;
    assert_eq!(config["mqttGateway"], "tcp://pi.local:1883");
    let token = config["accessToken"].as_str().unwrap();
    let own = Bearer(token);

    let pending = format!("GET {AGENT}/pending/operations/kiln/k-1");
    assert_eq!(site.json(200, &pending, &own, "").await, json!({"operations": [], "count": 0}));
    let next = format!("GET {AGENT}/next-pending/operation/kiln/k-1");
    assert_eq!(site.call(&next, &own, "").await.status(), 204);

    let properties = format!("PUT {AGENT}/properties/kiln/k-1");
    assert_eq!(site.call(&properties, &own, r#"[{"name":"MODEL","value":"y"}]"#).await.status(), 202);
    assert_eq!(site.call(&properties, &own, r#"{"name":"MODEL"}"#).await.status(), 400);
    let update = format!("PUT {AGENT}/enroll/kiln/k-1");
    assert_eq!(site.call(&update, &site.admin(), r#"{"name":"Big kiln","enrolmentInfo":{}}"#).await.status(), 202);

    let report = format!("PUT {AGENT}/operations/kiln/k-1");
    let unknown = r#"{"id":99,"code":"heat","status":"COMPLETED"}"#;
    assert_eq!(site.call(&report, &own, unknown).await.status(), 200, "what is not known is left aside");
    assert_eq!(site.call(&report, &own, r#"{"code":"heat"}"#).await.status(), 400);
    let by_status = format!("GET {AGENT}/status/operations/kiln/k-1");
    assert_eq!(site.json(200, &format!("{by_status}?status=PENDING"), &own, "").await["count"], 0);
    assert_eq!(site.call(&by_status, &own, "").await.status(), 400);
    assert_eq!(site.call(&format!("{by_status}?status=LATER"), &own, "").await.status(), 400);

    let leave = format!("DELETE {AGENT}/enroll/kiln/k-1");
    assert_eq!(site.call(&leave, &own, "").await.status(), 200);
    assert_eq!(site.call(&pending, &own, "").await.status(), 401, "its token went with it");
    assert_eq!(site.call(&pending, &site.admin(), "").await.status(), 404);
    assert_eq!(site.call(&leave, &site.admin(), "").await.status(), 204);
    assert_eq!(
        site.json(200, &enroll, &site.admin(), described.to_string()).await,
        json!(true),
        "and it may come back"
    );
}

#[tokio::test]
async fn operations_reach_a_device_that_asks() {
    const AGENT: &str = "/api/device-mgt/v1.0/device/agent";
    let site = site().await;
    let (id, token) = site.device("raspberrypi").await;
    let own = Bearer(&token);
    let bulb = format!("POST /raspberrypi/1.0.0/device/{id}/bulb/");
    assert_eq!(site.call(&bulb, &site.admin(), "state=off").await.status(), 200);
    let pending = site.json(200, &format!("GET {AGENT}/pending/operations/raspberrypi/{id}"), &own, "").await;
    let operation = &pending["operations"][0];
    assert_eq!((&operation["code"], &operation["payLoad"]), (&json!("bulb"), &json!("OFF")));
    assert_eq!((&operation["type"], &operation["status"]), (&json!("COMMAND"), &json!("PENDING")));
    assert_eq!((&operation["enabled"], &operation["isEnabled"]), (&json!(true), &json!(true)));
    let next = site.json(200, &format!("GET {AGENT}/next-pending/operation/raspberrypi/{id}"), &own, "").await;
    assert_eq!((&next["id"], &next["status"]), (&operation["id"], &json!("IN_PROGRESS")));
    let done = json!({"id": next["id"], "code": "bulb", "status": "COMPLETED", "operationResponse": "it's dark"});
    let report = format!("PUT {AGENT}/operations/raspberrypi/{id}");
    assert_eq!(site.call(&report, &own, done.to_string()).await.status(), 200);
    assert_eq!(site.call(&report, &own, done.to_string()).await.status(), 200, "devices repeat their reports");
    let line = format!("GET {AGENT}/status/operations/raspberrypi/{id}?status=COMPLETED");
    let answer = site.call(&line, &own, "").await;
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    assert!(text.contains(r"it\u0027s dark"), "{text}");
}

#[tokio::test]
async fn attributes_are_declared_and_kept_to() {
    let site = site().await;
    let types = "/api/device-mgt/v1.0/admin/device-types";
    let firealarm = json!({"name": "firealarm2", "deviceTypeMetaDefinition": {"features": [], "properties": []}});
    assert_eq!(site.call(&format!("POST {types}"), &site.admin(), firealarm.to_string()).await.status(), 200);
    for base in ["/api/device-mgt/v1.0/events", "/api/device-mgt/v1.0/device-types/events"] {
        let of_type = format!("{base}/firealarm2");
        assert_eq!(site.call(&format!("GET {of_type}"), &site.admin(), "").await.status(), 204);
        let attributes = json!([{"name": "temperature", "type": "DOUBLE"}, {"name": "alarm", "type": "BOOL"}]);
        let event = json!({"eventAttributes": {"attributes": attributes}, "transport": "MQTT"});
        assert_eq!(site.call(&format!("POST {of_type}"), &site.admin(), event.to_string()).await.status(), 200);
        let shown = site.json(200, &format!("GET {of_type}"), &site.admin(), "").await;
        assert_eq!(shown, json!({"attributes": attributes}));
        assert_eq!(site.call(&format!("DELETE {of_type}"), &site.admin(), "").await.status(), 200);
        assert_eq!(
            site.call(&format!("POST {of_type}"), &site.admin(), json!([event]).to_string()).await.status(),
            201
        );
        if base.ends_with("v1.0/events") {
            assert_eq!(site.call(&format!("DELETE {of_type}"), &site.admin(), "").await.status(), 200);
        }
    }
    let agent = "/api/device-mgt/v1.0/device/agent";
    let described = json!({"type": "firealarm2", "deviceIdentifier": "f", "enrolmentInfo": {}});
    site.json(200, &format!("POST {agent}/enroll"), &site.admin(), described.to_string()).await;
    let publish = format!("POST {agent}/events/publish/firealarm2/f");
    for (body, status) in [
        (r#"{"temperature": 20, "alarm": false}"#, 200),
        (r#"{"temperature": 20}"#, 400),
        (r#"{"temperature": 20, "alarm": false, "more": 1}"#, 400),
        (r#"{"temperature": "hot", "alarm": false}"#, 400),
        ("[]", 400),
    ] {
        assert_eq!(site.call(&publish, &site.admin(), body).await.status(), status, "{body}");
    }
    let publish = format!("POST {agent}/events/publish/data/firealarm2/f");
    for (body, status) in [("[21.5, true]", 200), ("[21.5]", 400), ("[true, 21.5]", 400), ("{}", 400)] {
        assert_eq!(site.call(&publish, &site.admin(), body).await.status(), status, "{body}");
    }
    let events = "/api/device-mgt/v1.0/events";
    let last = site.json(200, &format!("GET {events}/last-known/firealarm2/f"), &site.admin(), "").await;
    assert_eq!(last["count"], 1);
    assert_eq!(last["records"][0]["values"]["temperature"], 21.5);
    assert_eq!(last["records"][0]["values"]["meta_deviceId"], "f");
    let all = site.json(200, &format!("GET {events}/firealarm2/f?from=0&limit=0&offset=0"), &site.admin(), "").await;
    assert_eq!((&all["count"], &all["records"][0]["values"]["alarm"]), (&json!(2), &json!(false)));
    let second = site.json(200, &format!("GET {events}/firealarm2/f?from=0&limit=1&offset=1"), &site.admin(), "").await;
    assert_eq!(second["records"][0]["values"]["alarm"], json!(true));
}

#[tokio::test]
async fn a_device_acts_for_itself_alone() {
    const AGENT: &str = "/api/device-mgt/v1.0/device/agent";
    let site = site().await;
    let (_, token) = site.device("raspberrypi").await;
    let (other, _) = site.device("raspberrypi").await;
    let own = Bearer(&token);
    for (line, body) in [
        (format!("GET {AGENT}/pending/operations/raspberrypi/{other}"), ""),
        (format!("PUT {AGENT}/properties/raspberrypi/{other}"), "[]"),
        (format!("POST {AGENT}/events/publish/raspberrypi/{other}"), "{\"temperature\":1}"),
        (format!("DELETE {AGENT}/enroll/raspberrypi/{other}"), ""),
        (format!("GET {AGENT}/enroll/raspberrypi/{other}/config"), ""),
        (format!("GET /raspberrypi/device/stats/{other}"), ""),
        (format!("POST /raspberrypi/device/{other}/bulb?state=ON"), ""),
        ("GET /raspberrypi/device/download?deviceName=x".to_owned(), ""),
        ("POST /api-application-registration/register".to_owned(), "{}"),
        ("POST /api/device-mgt/v1.0/admin/device-types".to_owned(), "{\"name\":\"x\",\"deviceTypeMetaDefinition\":{}}"),
        ("DELETE /api/device-mgt/v1.0/events/raspberrypi".to_owned(), ""),
    ] {
        let answer = site.call(&line, &own, body).await;
        assert_eq!(answer.status(), 403, "{line}: {:?}", answer.body());
        assert_eq!(site.call(&line, &Nothing, body).await.status(), 401, "{line}");
    }
}

#[tokio::test]
async fn bad_input_is_answered_clearly() {
    const AGENT: &str = "/api/device-mgt/v1.0/device/agent";
    let site = site().await;
    let deep = "[".repeat(100_000);
    let deep_object = r#"{"a":"#.repeat(50_000);
    let hostile =
        ["..%2F..%2Fetc%2Fpasswd", "%1b%5b2J", "a%22b", "a'b", "%00", "x%0d%0aX:y", "%ff%fe", "%", "+", "%23"];
    for id in hostile {
        for (line, body) in [
            (format!("GET {AGENT}/pending/operations/raspberrypi/{id}"), String::new()),
            (format!("POST {AGENT}/events/publish/raspberrypi/{id}"), "{\"a\":1}".to_owned()),
            (format!("GET /raspberrypi/device/stats/{id}"), String::new()),
            (format!("POST /arduino/device/{id}/bulb?state=ON"), String::new()),
            (format!("GET /arduino/device/{id}/controls"), String::new()),
            (format!("GET /api/device-mgt/v1.0/events/last-known/raspberrypi/{id}"), String::new()),
        ] {
            let answer = site.call(&line, &site.admin(), body).await;
            assert_eq!(answer.status(), 404, "{line}: {:?}", answer.body());
            assert!(!answer.body().iter().any(|byte| *byte < 0x20), "{line}: {:?}", answer.body());
            let error: Json = serde_json::from_slice(answer.body()).unwrap();
            assert_eq!(error["code"], 404);
            assert!(error["message"].is_string() && error["errorItems"].is_array());
        }
    }
    let identifier =
        |text: &str| json!({"type": "raspberrypi", "deviceIdentifier": text, "enrolmentInfo": {}}).to_string();
    for body in [
        "",
        "{",
        "null",
        "7",
        "[]",
        "\u{feff}{}",
        "{\"type\":7}",
        &deep,
        &deep_object,
        &identifier("../x"),
        &identifier("a\u{1b}[2J"),
        &identifier("a\"b"),
        &identifier(""),
        &identifier(&"x".repeat(301)),
    ] {
        let answer = site.call(&format!("POST {AGENT}/enroll"), &site.admin(), body).await;
        assert_eq!(answer.status(), 400, "{:?}: {:?}", &body[..body.len().min(40)], answer.body());
        assert!(answer.body().len() < 1000);
    }
    for line in [
        "GET /raspberrypi/device/stats/x?from=yesterday",
        "POST /endpoints/arduino_receiver",
        "POST /api/device-mgt/v1.0/events/raspberrypi",
        "POST /api/device-mgt/v1.0/admin/device-types",
        "POST /api-application-registration/register",
        "DELETE /api-application-registration/unregister",
    ] {
        let answer = site.call(line, &site.admin(), &deep).await;
        let wanted: &[u16] = if line.starts_with("GET") { &[400, 404] } else { &[400] };
        assert!(wanted.contains(&answer.status().as_u16()), "{line}: {:?}", answer.body());
    }
    for show in [Raw("Bearer"), Raw("Bearer  "), Raw("Basic OjpA"), Raw("\u{e9}"), Bearer("x"), Basic("admin", "wrong")]
    {
        let answer = site.call(&format!("GET {AGENT}/pending/operations/raspberrypi/x"), &show, "").await;
        assert_eq!(answer.status(), 401, "{:?}", answer.body());
        assert!(answer.headers().contains_key("www-authenticate"));
    }
}
