//! Every page of the dashboard, as the table of its routes lists them: who gets in, which forms are taken, and what goes
//! along with each answer. What the pages do is tried in a browser (`tests/web.sh`).

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod common;

use http_body_util::{BodyExt as _, Full};
use hyper::service::Service as _;
use hyper::{HeaderMap, Method, Request};
use hyper_util::service::TowerToHyperService;
use pym::app::App;
use pym::app::device::DeviceEdit;
use pym::model::actor::Actor;
use pym::model::device::{DeviceStatus, NewDevice, Property};
use pym::model::enrollment_token::NewEnrollmentToken;
use pym::model::geofence::{NewGeofence, Notify, Point, Shape};
use pym::model::group::NewGroup;
use pym::model::id::DeviceId;
use pym::model::operation::{NewActivity, OperationFilter};
use pym::model::package::{MAGIC, NewPackage};
use pym::model::policy::{Mode, NewPolicy, PolicyFeature, Targets};
use pym::model::role::NewRole;
use pym::model::telemetry::{NewEvent, Sample, Value};
use pym::model::user::NewUser;
use pym::net::Peer;
use pym::store::Flush;
use pym::web::{self, routes};
use rcgen::{CertificateParams, KeyPair};
use tokio_util::sync::CancellationToken;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use common::application;
const PASSWORD: &str = "correct horse battery";
/// What would be an element and end an attribute, were it not escaped.
const MARKUP: &str = "<blink>\"'&amp;";
const NOBODY: &str = "01890000-0000-7000-8000-000000000000";
const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");

struct Site {
    app: App,
    routes: BoxedFilter<(Response,)>,
    _dir: tempfile::TempDir,
    _downlink: tokio::sync::mpsc::Receiver<pym::app::downlink::Downlink>,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    /// Bytes of the body, as they were sent.
    length: usize,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Site {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (app, downlink) = application(dir.path()).await;
        app.update_standing(|standing| standing.endpoints.https = vec!["0.0.0.0:9443".to_owned()]);
        let routes = web::routes(app.clone(), CancellationToken::new());
        Self { app, routes, _dir: dir, _downlink: downlink }
    }

    /// A site with an administrator.
    async fn ready() -> Self {
        let site = Self::start().await;
        site.app.ensure_admin(PASSWORD).await.unwrap();
        site
    }

    async fn ask(&self, method: &Method, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let address = "192.0.2.7:40000".parse().unwrap();
        let peer = Peer::Remote { address, local: "192.0.2.1:9443".parse().unwrap(), tls: true, certificate: None };
        self.ask_as(peer, method, target, headers, body).await
    }

    async fn ask_as(&self, peer: Peer, method: &Method, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(target).extension(peer);
        request = request.header("host", "pi.local:9443");
        if !headers.iter().any(|(name, _)| *name == "accept") {
            request = request.header("accept", "text/html");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let service = TowerToHyperService::new(warp::service(self.routes.clone()));
        let answer = service.call(request.body(Full::new(bytes::Bytes::from(body.to_owned()))).unwrap()).await.unwrap();
        let (head, mut body) = answer.into_parts();
        let mut bytes = Vec::new();
        // A stream of changes has no end.
        let endless = head.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        while let Some(frame) = if endless { None } else { body.frame().await } {
            bytes.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
        Answer {
            length: bytes.len(),
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// What a form of that session's gets, sent with these fields.
    async fn post(&self, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.ask(&Method::GET, "/", &[("cookie", cookie)], "").await.body;
        let token = value_of(&page, "csrf");
        let fields = fields.iter().copied().chain([("csrf", token.as_str())]);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.ask(&Method::POST, path, &[("cookie", cookie), OWN], &body).await
    }

    async fn device(&self, device_type: &str, identifier: &str) -> DeviceId {
        let new = NewDevice {
            device_type: device_type.to_owned(),
            identifier: identifier.to_owned(),
            ..NewDevice::default()
        };
        self.app.enroll(&Actor::system(), new).await.unwrap().device.id
    }

    /// How many operations of that code there are.
    async fn sent(&self, code: &str) -> usize {
        let filter = OperationFilter { code: Some(code.to_owned()), ..OperationFilter::default() };
        self.app.operations(&Actor::system(), filter, 10, None).await.unwrap().items.len()
    }

    /// The cookie of a new session.
    async fn session(&self, name: &str) -> String {
        let grant = self.app.login(name, PASSWORD, None, "192.0.2.7").await.unwrap();
        format!("__Host-pym_session={}", grant.token)
    }
}

/// The value of the first hidden field of that name.
fn value_of(page: &str, name: &str) -> String {
    let (_, value) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    value.split('"').next().unwrap().to_owned()
}

/// What there is to look at: the segment of a path before a parameter, and what fills the parameter.
type Things = Vec<(&'static str, String)>;

/// The paths of a table, with something in the place of their parameters.
fn filled(path: &str, things: &Things) -> String {
    let mut filled: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        let before = filled.last().copied().unwrap_or_default();
        let thing = things.iter().find(|(kind, _)| *kind == before).map(|(_, thing)| thing.as_str());
        filled.push(match segment {
            "{area}" => "general",
            segment if segment.starts_with('{') => thing.unwrap_or(NOBODY),
            segment => segment,
        });
    }
    filled.join("/")
}

/// Every line of the table: its method, its path with the parameters filled, and whether it is everyone's.
fn lines(things: &Things) -> Vec<(Method, String, bool)> {
    routes::table().iter().map(|route| (route.method.clone(), filled(&route.path, things), route.public)).collect()
}

/// One of everything that has a page, named so that a page which does not escape it is found out.
async fn furnish(app: &App) -> Things {
    let admin = Actor::system();
    let word = || MARKUP.to_owned();
    let new = NewDevice {
        device_type: "android".to_owned(),
        identifier: "phone-1".to_owned(),
        name: word(),
        description: word(),
        properties: vec![Property { name: "MODEL".to_owned(), value: word() }],
        ..NewDevice::default()
    };
    let device = app.enroll(&admin, new).await.unwrap().device.id;
    let edit = DeviceEdit { note: Some(word()), ..DeviceEdit::default() };
    app.edit_device(&admin, device, edit).await.unwrap();
    let samples = [("temperature", Value::Number(21.5)), ("state", Value::Text(word()))];
    let samples = samples.map(|(metric, value)| Sample { metric: metric.to_owned(), value }).to_vec();
    app.ingest(&admin, device, vec![NewEvent { device_time: None, samples }], Flush::Now).await.unwrap();
    let new = NewActivity {
        code: "DEVICE_RING".to_owned(),
        kind: None,
        payload: None,
        devices: vec![device],
        expires_at: None,
    };
    let activity = app.send(&admin, new).await.unwrap().id;
    let new = NewGroup { name: word(), description: word(), query: None };
    let group = app.create_group(&admin, new).await.unwrap().id;
    app.add_to_group(&admin, group, vec![device]).await.unwrap();
    let camera = PolicyFeature { code: "CAMERA".to_owned(), content: serde_json::json!({ "enabled": false }) };
    let new = NewPolicy {
        name: word(),
        device_type: "android".to_owned(),
        description: word(),
        mode: Mode::Enforce,
        targets: Targets::default(),
        features: vec![camera],
        active: Some(true),
        note: word(),
    };
    let policy = app.create_policy(&admin, new).await.unwrap().id;
    app.apply_policies(&admin).await.unwrap();
    let shape = Shape::Circle { centre: Point { latitude: 6.9271, longitude: 79.8612 }, radius: 1000.0 };
    let new = NewGeofence { name: word(), description: word(), group: Some(group), shape, notify: Notify::Both };
    let geofence = app.create_geofence(&admin, new).await.unwrap().id;
    let new = NewPackage { name: word(), identifier: "com.example.app".to_owned(), version: "1.0".to_owned() };
    let apk = bytes::Bytes::from_static(b"PK\x03\x04 an application");
    let apk = futures_util::stream::iter([Ok::<_, std::io::Error>(apk)]);
    let package = app.add_package(&admin, new, apk).await.unwrap().id;
    let new = NewEnrollmentToken { note: word(), max_uses: 1, ..NewEnrollmentToken::default() };
    let (token, _) = app.create_enrollment_token(&admin, new).await.unwrap();
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let request = CertificateParams::default().serialize_request(&key).unwrap();
    let serial = app.sign_certificate(&admin, device, request.der()).await.unwrap().certificate.serial;
    let new = NewRole { name: "technician".to_owned(), description: word(), ..NewRole::default() };
    app.create_role(&admin, new, &[]).await.unwrap();
    let roles = vec!["technician".to_owned()];
    let new = NewUser { name: "grace".to_owned(), roles, first_name: word(), ..NewUser::default() };
    app.create_user(&admin, new, PASSWORD).await.unwrap();
    vec![
        ("devices", device.to_string()),
        ("activities", activity.to_string()),
        ("groups", group.to_string()),
        ("policies", policy.to_string()),
        ("geofences", geofence.to_string()),
        ("packages", package.to_string()),
        ("tokens", token.id.to_string()),
        ("certificates", serial),
        ("roles", "technician".to_owned()),
        ("users", "grace".to_owned()),
        ("device-types", "android".to_owned()),
        ("device", "android".to_owned()),
        ("reference", "devices".to_owned()),
    ]
}

#[tokio::test]
async fn nobody_sees_a_page_before_the_login() {
    for (site, to) in [(Site::start().await, "/setup"), (Site::ready().await, "/login")] {
        for (method, path, public) in lines(&Things::new()) {
            if public {
                continue;
            }
            let answer = site.ask(&method, &path, &[OWN], "").await;
            if path == "/live" {
                assert_eq!(answer.status, 401, "{method} {path}");
                continue;
            }
            assert_eq!(answer.status, 303, "{method} {path}: {answer:?}");
            assert!(answer.header("location").starts_with(to), "{method} {path}: {}", answer.header("location"));
        }
    }
}

#[tokio::test]
async fn a_form_is_taken_from_its_own_page_alone() {
    let site = Site::ready().await;
    let (cookie, other) = (site.session("admin").await, site.session("admin").await);
    let page = site.ask(&Method::GET, "/", &[("cookie", &other)], "").await.body;
    let (_, token) = page.split_once("name=\"csrf\" value=\"").unwrap();
    let others = format!("csrf={}", token.split('"').next().unwrap());
    for (method, path, _) in lines(&Things::new()) {
        if method == Method::GET {
            continue;
        }
        let cookie = ("cookie", cookie.as_str());
        for (headers, body) in [
            (&[cookie][..], ""),
            (&[cookie, ("sec-fetch-site", "cross-site")], ""),
            (&[cookie, ("sec-fetch-site", "same-site")], &others),
            (&[cookie, ("origin", "https://evil.example")], ""),
            (&[cookie, ("origin", "null")], ""),
            (&[cookie, OWN], ""),
            (&[cookie, OWN], "csrf="),
            (&[cookie, OWN], &others),
        ] {
            let answer = site.ask(&method, &path, headers, body).await;
            assert_eq!(answer.status, 403, "{method} {path} with {headers:?}: {answer:?}");
        }
    }
}

/// What the content security policy forbids is not even there, and nothing fails, whoever looks.
#[tokio::test]
async fn every_page_can_be_looked_at_by_everyone() {
    let site = Site::ready().await;
    for role in ["viewer", "operator", "device-owner"] {
        let new = NewUser { name: role.to_owned(), roles: vec![role.to_owned()], ..NewUser::default() };
        site.app.create_user(&Actor::system(), new, PASSWORD).await.unwrap();
    }
    let things = furnish(&site.app).await;
    let detailed: Vec<String> = routes::table()
        .iter()
        .filter(|route| route.method == Method::GET && route.path.contains('{'))
        .map(|route| filled(&route.path, &things))
        .collect();
    assert!(detailed.len() > 20 && !detailed.iter().any(|path| path.contains(NOBODY)), "{detailed:?}");
    for person in ["admin", "operator", "viewer", "device-owner"] {
        let cookie = site.session(person).await;
        for language in ["en", "zh-CN"] {
            for (method, path, public) in lines(&things) {
                if method != Method::GET || path == "/live" {
                    continue;
                }
                let headers = [("cookie", cookie.as_str()), ("accept-language", language)];
                // What is done to devices has to be told which.
                let target = if path.ends_with("/apply") { format!("{path}?query=type:android") } else { path.clone() };
                let mut answer = site.ask(&method, &target, &headers, "").await;
                let onward = answer.header("location").to_owned();
                if onward.starts_with(&format!("{path}?")) {
                    // The page waits for a device that comes from now on, and keeps that in its address.
                    answer = site.ask(&method, &onward, &headers, "").await;
                }
                let who = format!("{path} as {person} in {language}");
                let fits: &[u16] = if person == "admin" { &[200, 303, 404, 409] } else { &[200, 303, 403, 404, 409] };
                assert!(fits.contains(&answer.status), "{who}: {answer:?}");
                assert!(person != "admin" || answer.status == 200 || !detailed.contains(&path), "{who}: {answer:?}");
                assert!(!public || answer.status != 403, "{who}");
                assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{who}");
                assert_eq!(answer.header("x-content-type-options"), "nosniff", "{who}");
                assert_eq!(answer.header("cache-control"), "no-store", "{who}");
                if answer.header("content-type").starts_with("text/html") {
                    check_markup(&answer.body, &who);
                    assert!(!answer.body.contains("<blink"), "{who}: not escaped");
                    let tag = if language == "en" { "<html lang=\"en\"" } else { "<html lang=\"zh-Hans\"" };
                    assert!(answer.body.contains(tag), "{who}");
                }
            }
        }
    }
}

fn check_markup(html: &str, who: &str) {
    for element in html.split('<').skip(1) {
        let element = element.split('>').next().unwrap_or_default();
        assert!(!element.contains(" style="), "{who}: <{element}>");
        assert!(!element.contains("javascript:"), "{who}: <{element}>");
        for handler in [" onclick=", " onload=", " onerror=", " onsubmit=", " onchange=", " oninput="] {
            assert!(!element.contains(handler), "{who}: <{element}>");
        }
        let name = element.split(' ').next().unwrap_or_default();
        assert!(name != "style", "{who}: an inline style");
        assert!(name != "script" || element.contains("src=\"/assets/"), "{who}: an inline script");
    }
}

#[tokio::test]
async fn files_are_immutable_and_compressed() {
    let site = Site::ready().await;
    let page = site.ask(&Method::GET, "/login", &[], "").await.body;
    for (before, kind) in [("href=\"/assets/app-", "text/css"), ("src=\"/assets/app-", "text/javascript")] {
        let (_, rest) = page.split_once(before).unwrap();
        let path = format!("/assets/app-{}", rest.split('"').next().unwrap());
        let answer = site.ask(&Method::GET, &path, &[("accept-encoding", "gzip, br")], "").await;
        assert_eq!((answer.status, answer.header("content-encoding")), (200, "br"));
        assert!(answer.header("content-type").starts_with(kind));
        assert!(answer.header("cache-control").contains("immutable"));
        let known = answer.header("etag").to_owned();
        assert_eq!(site.ask(&Method::GET, &path, &[("if-none-match", &known)], "").await.status, 304);
    }
    assert_eq!(site.ask(&Method::GET, "/assets/app-0.css", &[], "").await.status, 404);
}

/// What a browser takes that comes for the first time: at most 100 KB, the page as it is and the files as brotli.
#[tokio::test]
async fn a_first_load_is_light() {
    let site = Site::ready().await;
    let cookie = site.session("admin").await;
    for path in ["/login", "/", "/devices"] {
        let cookie = if path == "/login" { "" } else { cookie.as_str() };
        let page = site.ask(&Method::GET, path, &[("cookie", cookie)], "").await;
        assert_eq!(page.status, 200, "{path}");
        let mut bytes = page.length;
        let files: std::collections::BTreeSet<_> =
            page.body.split('"').filter(|word| word.starts_with("/assets/")).collect();
        assert_eq!(files.len(), 3, "{path}: {files:?}");
        for file in files {
            let answer = site.ask(&Method::GET, file, &[("accept-encoding", "br")], "").await;
            assert_eq!((answer.status, answer.header("content-encoding")), (200, "br"), "{file}");
            bytes += answer.length;
        }
        assert!(bytes <= 100_000, "{path}: {bytes} bytes");
    }
}

#[tokio::test]
async fn without_tls_the_way_leads_to_tls() {
    let site = Site::ready().await;
    let address = "192.0.2.7:40000".parse().unwrap();
    let peer = Peer::Remote { address, local: "192.0.2.1:8280".parse().unwrap(), tls: false, certificate: None };
    let answer = site.ask_as(peer, &Method::GET, "/", &[], "").await;
    assert_eq!((answer.status, answer.header("location")), (307, "https://pi.local:9443/"));
    // Nothing else of the dashboard is there, and a script asking for `/` is not this door's.
    for (path, accept) in [("/login", "text/html"), ("/devices", "text/html"), ("/", "*/*")] {
        let service = TowerToHyperService::new(warp::service(site.routes.clone()));
        let request = Request::get(path).header("accept", accept).extension(peer).body(Full::default()).unwrap();
        let request: Request<Full<bytes::Bytes>> = request;
        assert_eq!(service.call(request).await.unwrap().status(), 404, "{path}");
    }
}

#[tokio::test]
async fn preferences_lead_back_and_nowhere_else() {
    let site = Site::ready().await;
    for (back, to) in [
        ("/login", "/login"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("https://evil.example", "/"),
        ("", "/"),
    ] {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("language", "zh-Hans")
            .append_pair("back", back)
            .finish();
        let answer = site.ask(&Method::POST, "/preferences", &[OWN], &body).await;
        assert_eq!((answer.status, answer.header("location")), (303, to), "{back}");
        assert!(
            answer.header("set-cookie").starts_with("__Host-pym_language=zh-Hans; Path=/; Max-Age=31536000; Secure")
        );
    }
    let page = site.ask(&Method::GET, "/login", &[("cookie", "__Host-pym_language=zh-Hans")], "").await;
    assert!(page.body.contains("<html lang=\"zh-Hans\""));
}

#[tokio::test]
async fn what_interrupts_many_devices_takes_their_number_typed() {
    let site = Site::ready().await;
    let cookie = site.session("admin").await;
    let one = site.device("raspberrypi", "one").await;
    site.device("raspberrypi", "two").await;
    let offered = site.post(&cookie, "/devices/bulk", &[("all", "1"), ("action", "send")]).await.body;
    assert!(offered.contains("value=\"reboot\"") && !offered.contains("POLICY_"), "{offered}");
    for (action, code) in [("send", "reboot"), ("suspend", ""), ("remove", "")] {
        let asked = [("all", "1"), ("action", action), ("code", code)];
        let page = site.post(&cookie, "/devices/bulk", &asked).await;
        assert!(page.status == 200 && page.body.contains("name=\"confirm\""), "{action}: {page:?}");
        let mark = value_of(&page.body, "mark");
        let with = |mark, typed| [asked.as_slice(), &[("mark", mark), ("confirm", typed)]].concat();
        for typed in ["", "1", "3", "two"] {
            let refused = site.post(&cookie, "/devices/bulk/do", &with(&mark, typed)).await;
            assert_eq!(refused.status, 400, "{action} {typed:?}: {refused:?}");
        }
        // A mark with another number is not theirs.
        let forged = mark.replacen("2-", "1-", 1);
        assert_eq!(site.post(&cookie, "/devices/bulk/do", &with(&forged, "1")).await.status, 200);
        let before = site.app.device(&Actor::system(), one).await.unwrap().status;
        assert!(!matches!(before, DeviceStatus::Removed) && (action != "send" || site.sent("reboot").await == 0));
        assert_eq!(site.post(&cookie, "/devices/bulk/do", &with(&mark, "2")).await.status, 303, "{action}");
    }
    assert_eq!(site.sent("reboot").await, 2);
    assert_eq!(site.app.device(&Actor::system(), one).await.unwrap().status, DeviceStatus::Removed);
}

#[tokio::test]
async fn a_token_that_lasts_for_ever_is_asked_for_as_such() {
    let site = Site::ready().await;
    let cookie = site.session("admin").await;
    let fields = |life| [("name", "backup"), ("scope[]", "read"), ("life", life)];
    for life in ["0", "31", "9999", "-1", "never"] {
        let refused = site.post(&cookie, "/tokens", &fields(life)).await;
        assert_eq!(refused.status, 400, "{life}: {refused:?}");
    }
    assert!(site.app.tokens(&Actor::system()).await.unwrap().is_empty());
    for life in ["30", ""] {
        assert_eq!(site.post(&cookie, "/tokens", &fields(life)).await.status, 200, "{life}");
    }
    let tokens = site.app.tokens(&Actor::system()).await.unwrap();
    assert_eq!(tokens.iter().filter(|token| token.expires_at.is_none()).count(), 1);
    assert_eq!(tokens.len(), 2);
}

#[tokio::test]
async fn a_form_of_settings_leaves_what_came_in_the_meantime() {
    let site = Site::ready().await;
    let cookie = site.session("admin").await;
    let named = |name: &str, value: &str| vec![(name.to_owned(), Some(value.to_owned()))];
    site.app.set_settings(&Actor::system(), "general", named("old", "1")).await.unwrap();
    let page = site.ask(&Method::GET, "/settings/general", &[("cookie", &cookie)], "").await.body;
    let was = value_of(&page, "was-0");
    site.app.set_settings(&Actor::system(), "general", named("meantime", "2")).await.unwrap();
    let fields = [("site.name", "Mill"), ("was-0", was.as_str()), ("name-0", "new"), ("value-0", "3")];
    assert_eq!(site.post(&cookie, "/settings/general", &fields).await.status, 303);
    let settings = site.app.area_settings(&Actor::system(), "general").await.unwrap();
    let values = ["site.name", "old", "meantime", "new"].map(|name| settings.value(name));
    assert_eq!(values, [Some("Mill"), None, Some("2"), Some("3")]);
}

#[tokio::test]
async fn a_package_goes_to_the_devices_that_were_shown() {
    let site = Site::ready().await;
    let cookie = site.session("admin").await;
    site.device("android", "phone-1").await;
    let new = NewPackage { name: "App".to_owned(), identifier: "com.example.app".to_owned(), version: "1".to_owned() };
    let content = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from_static(&MAGIC))]);
    let package = site.app.add_package(&Actor::system(), new, content).await.unwrap();
    let path = format!("/packages/{}/apply", package.id);
    let address = format!("{path}?change=uninstall&query=phone");
    let page = site.ask(&Method::GET, &address, &[("cookie", &cookie)], "").await.body;
    let mark = value_of(&page, "mark");
    let fields = |mark| [("change", "uninstall"), ("query", "phone"), ("mark", mark)];
    site.device("android", "phone-2").await;
    let changed = site.post(&cookie, &path, &fields(&mark)).await;
    assert!(changed.status == 200 && changed.body.contains("role=\"alert\""), "{changed:?}");
    assert_eq!(site.sent("UNINSTALL_APPLICATION").await, 0);
    assert_eq!(site.post(&cookie, &path, &[("change", "uninstall"), ("query", "phone")]).await.status, 400);
    assert_eq!(site.post(&cookie, &path, &fields(&value_of(&changed.body, "mark"))).await.status, 303);
    assert_eq!(site.sent("UNINSTALL_APPLICATION").await, 2);
}
