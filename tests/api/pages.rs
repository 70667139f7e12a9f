//! The site's own pages of the dashboard, as a browser without a script asks for them.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use pym::model::host::{Balena, Host, Space};
use serde_json::json;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::site::{Answer, Site, anonymous, local};

/// A request for a certificate, as an agent would make it.
const REQUEST: &str = "MIHLMHMCAQAwETEPMA0GA1UEAwwGdGFibGV0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEoUM5zsM+paDi/kQlopnkzzj8AcpcRiZxb6+MIdwGMT3cmpcYuDjqht2aAHvVAp6jQi3L3QDO2dy4YBr2s+ccXaAAMAoGCCqGSM49BAMCA0gAMEUCIQDoI6SuojB9k3kGmZuN82mmu2+BzeUIH/Q59rjKb+TelwIgepSRNKy9YUODepnehlfJwLeaioKgYcg0uNqOVBvvR30=";

/// A person at a browser.
struct Browser {
    web: BoxedFilter<(Response,)>,
    session: String,
    language: &'static str,
}

impl Browser {
    async fn of(site: &Site, role: &str) -> Self {
        let web = pym::web::routes(site.app.clone(), site.stop.clone());
        Self { web, session: site.person(role).await, language: "en" }
    }

    async fn ask(&self, method: &str, target: &str, body: String) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .extension(anonymous().peer)
            .header("cookie", format!("__Host-pym_session={}", self.session))
            .header("accept", "text/html")
            .header("accept-language", self.language)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        let service = TowerToHyperService::new(warp::service(self.web.clone()));
        let answer = service.call(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    async fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, String::new()).await
    }

    /// Sends a form with the token that the page `from` has.
    async fn send(&self, from: &str, to: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get(from).await.is(200);
        let token = page.text().split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", token).extend_pairs(fields);
        self.ask("POST", to, form.finish()).await
    }
}

/// Enrolls two boards with hostile names, and sends them something.
async fn busy(site: &Site) -> (String, String) {
    let new = json!({ "type": "raspberrypi", "identifier": "tablet", "name": "<script>alert(1)</script>" });
    let one = site.send(&local(), "POST", "/api/v1/devices", new).await.is(201).json()["device"]["id"].clone();
    let two = site.pi("two").await["device"]["id"].clone();
    let new = json!({ "code": "bulb", "payload": "on", "devices": [one, two] });
    let sent = site.send(&local(), "POST", "/api/v1/activities", new).await.is(201).json();
    (one.as_str().unwrap().to_owned(), sent["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn every_page_is_shown_in_both_languages_and_markup_stays_text() {
    let site = Site::start().await;
    let (device, activity) = busy(&site).await;
    let signed = site
        .send(&local(), "POST", &format!("/api/v1/devices/{device}/certificates"), json!({ "csr": REQUEST }))
        .await
        .is(201)
        .json();
    let serial = signed["certificate"]["serial"].as_str().unwrap();
    let balena = Balena { fleet: "fog".to_owned(), ..Balena::default() };
    site.app.set_host(Host { disk: Space { used: 1, total: 4 }, balena: Some(balena), ..Host::default() });
    let pages = [
        ("/activities", "Activities", "操作记录", "bulb"),
        (&format!("/activities/{activity}"), "Activity 1: bulb", "操作记录 1：bulb", "&lt;script&gt;alert(1)"),
        ("/operations", "Operations", "操作", "&lt;script&gt;alert(1)"),
        ("/operations?status=failed", "No operations of this status", "没有此状态的操作", "status=all"),
        ("/notifications", "Nothing waits to be seen", "没有待确认的通知", "/notifications?all=1"),
        (&format!("/notifications?device={device}&all=1"), "Every device", "所有设备", "&lt;script&gt;alert(1)"),
        ("/certificates", "The site's authority", "站点证书颁发机构", serial.get(..16).unwrap()),
        (&format!("/certificates/{serial}"), "Revoke this certificate", "吊销此证书", "BEGIN CERTIFICATE"),
        ("/settings", "Decided by the configuration", "由配置决定", "silence.unreachable_after"),
        ("/settings", "Fleet", "设备群", "fog"),
        ("/settings/general", "The site's name", "站点名称", "site.name"),
        ("/settings/android", "Licence that owners", "Android 设备所有者", "androidEula"),
        ("/device-types", "Device types", "设备类型", "virtual_firealarm"),
        ("/device-types/android", "Features", "功能", "DEVICE_RING"),
        ("/device-types/new", "New device type", "新建设备类型", "greenhouse"),
        ("/about", "Made of", "组成", "Apache-2.0"),
        ("/reference", "API reference", "API 参考", "/api/v1/host/history"),
        ("/reference/device-types", "With curl", "使用 curl", "createDeviceType"),
        ("/reference/types", "The shapes of requests", "请求与响应的数据结构", "id=\"NewDevice\""),
    ];
    let mut browser = Browser::of(&site, "admin").await;
    for language in ["en", "zh-CN"] {
        browser.language = language;
        for (target, english, chinese, always) in &pages {
            let page = browser.get(target).await.is(200);
            let title = if language == "en" { english } else { chinese };
            for wanted in [title, always] {
                assert!(page.text().contains(wanted), "{wanted:?} is missing on {target} in {language}");
            }
            assert!(!page.text().contains("<script>alert"), "{target}");
        }
    }
    browser.get("/settings/toaster").await.is(404);
    browser.get("/reference/toaster").await.is(404);
    browser.get("/activities/99").await.is(404);
    browser.get("/activities?kind=WISH").await.is(400);
    browser.get("/activities?from=soon").await.is(400);
}

#[tokio::test]
async fn what_was_sent_is_found_and_taken_back() {
    let site = Site::start().await;
    let (_, activity) = busy(&site).await;
    let browser = Browser::of(&site, "operator").await;
    let today = pym::model::timestamp::Timestamp::to_utc(site.app.clock().now()).unwrap().date().to_string();
    for (query, found) in [
        ("code=bulb", true),
        ("code=stats", false),
        ("kind=COMMAND&status=PENDING", true),
        ("status=ERROR", false),
        ("by=uid:1000", true),
        ("by=nobody", false),
        (&format!("from={today}&until={today}"), true),
        ("until=2001-01-01", false),
    ] {
        let page = browser.get(&format!("/activities?{query}")).await.is(200);
        assert_eq!(page.text().contains(&format!("/activities/{activity}")), found, "{query}");
    }
    let here = format!("/activities/{activity}");
    let viewer = Browser::of(&site, "viewer").await;
    assert!(!viewer.get(&here).await.is(200).text().contains(&format!("{here}/cancel\"")), "a viewer has no button");
    viewer.send(&here, &format!("{here}/cancel"), &[]).await.is(403);
    browser.ask("POST", &format!("{here}/cancel"), String::new()).await.is(403);
    let done = browser.send(&here, &format!("{here}/cancel"), &[]).await.is(303);
    assert_eq!(done.header("location"), here);
    let page = browser.get(&here).await.is(200);
    assert!(page.text().contains("2 of 2 ended") && !page.text().contains(&format!("{here}/cancel\"")));
    let told = browser.get("/operations?status=CANCELLED").await.is(200);
    assert_eq!(told.text().matches("/retry\"").count(), 2, "what was taken back can be sent again: {told:?}");
    assert!(
        told.text().contains("cancelled by operator") || told.text().contains("cancelled by user:operator"),
        "{told:?}"
    );
}

#[tokio::test]
async fn certificates_are_signed_verified_and_revoked() {
    let site = Site::start().await;
    busy(&site).await;
    let browser = Browser::of(&site, "admin").await;
    let list = "/certificates";
    browser.send(list, "/certificates/sign", &[("device", "raspberrypi:tablet"), ("csr", "nonsense")]).await.is(400);
    browser.send(list, "/certificates/sign", &[("device", "tablet"), ("csr", REQUEST)]).await.is(404);
    let fields = [("device", "raspberrypi:tablet"), ("csr", REQUEST)];
    let signed = browser.send(list, "/certificates/sign", &fields).await.is(303);
    let page = signed.header("location").to_owned();
    let serial = page.rsplit('/').next().unwrap();
    let known = site.get(&local(), &format!("/api/v1/certificates/{serial}")).await.is(200).json();
    let pem = known["pem"].as_str().unwrap();
    let verdict = browser.send(list, "/certificates/verify", &[("pem", pem)]).await.is(200);
    assert!(verdict.text().contains("lets its device in"));
    browser.send(&page, &format!("{page}/revoke"), &[]).await.is(400);
    browser.send(&page, &format!("{page}/revoke"), &[("confirm", "1")]).await.is(400);
    browser.send(&page, &format!("{page}/revoke"), &[("confirm", serial)]).await.is(303);
    assert!(!browser.get(&page).await.is(200).text().contains("/revoke\""), "nothing is left to revoke");
    let verdict = browser.send(list, "/certificates/verify", &[("pem", pem)]).await.is(200);
    assert!(verdict.text().contains("the certificate is revoked"));
}

#[tokio::test]
async fn settings_are_saved_whole_and_backups_are_confirmed() {
    let site = Site::start().await;
    let browser = Browser::of(&site, "admin").await;
    let here = "/settings/raspberrypi";
    browser.send(here, here, &[("notifierFrequency", "5")]).await.is(400);
    let fields = [("notifierFrequency", "5000"), ("notifierType", "2"), ("name-new", "colour"), ("value-new", "green")];
    browser.send(here, here, &fields).await.is(303);
    let set = site.get(&local(), "/api/v1/settings/raspberrypi").await.is(200).json();
    assert_eq!(
        set["settings"],
        json!([
            { "name": "colour", "value": "green", "content_type": "text" },
            { "name": "notifierFrequency", "value": "5000", "content_type": "text" },
            { "name": "notifierType", "value": "2", "content_type": "text" }
        ])
    );
    assert!(browser.get(here).await.is(200).text().contains("value=\"5000\""));

    browser.send("/settings", "/settings/backup", &[]).await.is(400);
    let backup = browser.send("/settings", "/settings/backup", &[("confirm", "pym.db")]).await.is(200);
    assert!(backup.body.starts_with(b"SQLite format 3\0"));
    assert_eq!(backup.header("content-disposition"), "attachment; filename=\"pym.db\"");
    assert_eq!(backup.header("content-length"), backup.body.len().to_string());
    let left = std::fs::read_dir(site.dir.path()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!left.iter().any(|name| name.starts_with("backup")), "{left:?}");

    let viewer = Browser::of(&site, "viewer").await;
    assert!(!viewer.get("/settings").await.is(200).text().contains("/settings/backup"));
    viewer.send("/settings", "/settings/backup", &[("confirm", "pym.db")]).await.is(403);
    viewer.send(here, here, &fields).await.is(403);
    let trail = site.get(&local(), "/api/v1/audit?limit=100").await.is(200);
    assert_eq!(trail.text().matches("site.backup").count(), 1);
}

#[tokio::test]
async fn device_types_are_made_and_mistakes_have_a_place() {
    let site = Site::start().await;
    let browser = Browser::of(&site, "admin").await;
    let wrong = [("definition", "{\n  \"name\": 7 }")];
    let refused = browser.send("/device-types/new", "/device-types", &wrong).await.is(400);
    assert!(refused.text().contains("line 2, column 11, at name: invalid type: integer `7`"), "{refused:?}");
    let impossible = [("definition", r#"{"name":"oven","title":"Oven","initial_operations":["bake"]}"#)];
    let refused = browser.send("/device-types/new", "/device-types", &impossible).await.is(400);
    assert!(refused.text().contains("initial_operations: there is no feature"), "{refused:?}");
    let good = [("definition", r#"{"name":"oven","title":"Oven"}"#)];
    let made = browser.send("/device-types/new", "/device-types", &good).await.is(303);
    assert_eq!(made.header("location"), "/device-types/oven");
    let better = [("definition", r#"{"name":"oven","title":"Big oven"}"#)];
    browser.send("/device-types/oven", "/device-types/oven", &better).await.is(303);
    assert!(browser.get("/device-types/oven").await.is(200).text().contains("Big oven"));
    let delete = "/device-types/oven/delete";
    browser.send("/device-types/oven", delete, &[("confirm", "Big oven")]).await.is(400);
    browser.send("/device-types/oven", delete, &[("confirm", "oven")]).await.is(303);
    browser.get("/device-types/oven").await.is(404);
    browser.send("/device-types/new", "/device-types/android", &good).await.is(409);
    let viewer = Browser::of(&site, "viewer").await;
    viewer.get("/device-types/new").await.is(403);
    assert!(!viewer.get("/device-types/android").await.is(200).text().contains("new?like"));
}

#[tokio::test]
async fn notifications_are_ticked_off_one_and_all() {
    use pym::model::device::DeviceStatus;
    let site = Site::start().await;
    let device = site.pi("noisy").await;
    let token = device["credentials"]["access_token"].as_str().unwrap().to_owned();
    let id = device["device"]["id"].as_str().unwrap().to_owned();
    assert_eq!(device["device"]["status"], DeviceStatus::Active.name());
    for level in ["1", "2", "3"] {
        let new = json!({ "code": "bulb", "kind": "CONFIG", "payload": if level == "2" { "off" } else { "on" }, "devices": [id] });
        let sent = site.send(&local(), "POST", "/api/v1/activities", new).await.is(201).json();
        let report =
            json!([{ "id": sent["number"], "code": "bulb", "status": "ERROR", "operationResponse": "<b>no</b>" }]);
        let caller = super::site::bearer(&token).with("content-type", "application/json");
        let target = "/api/device-mgt/v1.0/device/agent/operations/raspberrypi/noisy";
        let service = site.open(&caller, "PUT", target, report.to_string()).await;
        assert!(service.status().is_success(), "{}", super::site::text(service).await);
    }
    let open = site.get(&local(), "/api/v1/notifications?checked=false&kind=operation").await.is(200).json();
    assert_eq!(open["total"], 3);
    let first = open["items"][0]["id"].as_str().unwrap();
    let browser = Browser::of(&site, "operator").await;
    let list = "/notifications";
    assert!(browser.get("/notifications?kind=geofence").await.is(200).text().contains("No notifications fit"));
    let fields = [("back", "/notifications?kind=operation")];
    let ticked = browser.send(list, &format!("/notifications/{first}/check"), &fields).await.is(303);
    assert_eq!(ticked.header("location"), "/notifications?kind=operation");
    assert!(browser.get(list).await.is(200).text().contains("2 notifications"));
    assert!(browser.get("/notifications?all=1").await.is(200).text().contains("ticked off by"));
    browser.send(list, "/notifications/check", &[]).await.is(303);
    assert!(browser.get(list).await.is(200).text().contains("Nothing waits to be seen"));
    let away =
        browser.send("/activities", &format!("/notifications/{first}/check"), &[("back", "//evil.example")]).await;
    assert_eq!(away.is(303).header("location"), "/");
}
