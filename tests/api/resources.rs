//! What the resources do, each from making to deleting.

use std::time::Duration;

use serde_json::{Value, json};

use super::site::{Site, anonymous, bearer, local, next_piece};

#[tokio::test]
async fn a_device_is_enrolled_found_changed_and_removed() {
    let site = Site::start().await;
    let enrolled = site.pi("kitchen").await;
    let id = enrolled["device"]["id"].as_str().unwrap();
    assert_eq!(enrolled["credentials"]["topic_prefix"], "carbon.super/raspberrypi/kitchen");
    let again = json!({ "type": "raspberrypi", "identifier": "kitchen" });
    let again = site.send(&local(), "POST", "/api/v1/devices", again).await.is(200);
    assert_eq!(again.header("location"), format!("/api/v1/devices/{id}"));
    let by_id = site.get(&local(), &format!("/api/v1/devices/{id}/")).await.is(200).json();
    let by_name = site.get(&local(), "/api/v1/devices/raspberrypi:kitchen").await.is(200).json();
    assert_eq!(by_id, by_name);
    let edit = json!({ "name": "Küche", "status": "SUSPENDED" });
    let edited = site.send(&local(), "PATCH", "/api/v1/devices/raspberrypi:kitchen", edit).await.is(200).json();
    assert_eq!((&edited["name"], &edited["status"]), (&json!("Küche"), &json!("SUSPENDED")));
    let properties = json!([{ "name": "room", "value": "2" }]);
    site.send(&local(), "PUT", &format!("/api/v1/devices/{id}/properties"), properties).await.is(204);
    let detail = site.get(&local(), &format!("/api/v1/devices/{id}")).await.is(200).json();
    assert!(detail["properties"].as_array().unwrap().contains(&json!({ "name": "room", "value": "2" })));
    assert_eq!(detail["status_history"][0]["to"], "SUSPENDED");
    let renewed = site.raw(&local(), "POST", &format!("/api/v1/devices/{id}/tokens"), "").await.is(201).json();
    assert_ne!(renewed["access_token"], enrolled["credentials"]["access_token"]);
    site.raw(&local(), "DELETE", &format!("/api/v1/devices/{id}"), "").await.is(204);
    site.raw(&local(), "DELETE", &format!("/api/v1/devices/{id}"), "").await.is(204);
    assert_eq!(site.get(&local(), &format!("/api/v1/devices/{id}")).await.json()["status"], "REMOVED");
    assert_eq!(site.get(&local(), "/api/v1/devices").await.is(200).json()["total"], 0);
    let token = renewed["access_token"].as_str().unwrap();
    site.get(&bearer(token), &format!("/api/v1/devices/{id}")).await.is(401);
    let made = site.send(&local(), "POST", "/api/v1/devices", json!({ "type": "arduino" })).await.is(201).json();
    assert_eq!(made["device"]["identifier"].as_str().unwrap().len(), 36, "Pym makes the identifier");
}

#[tokio::test]
async fn a_geofence_is_made_changed_and_deleted() {
    let site = Site::start().await;
    let pi = site.pi("van").await;
    let group = site.send(&local(), "POST", "/api/v1/groups", json!({ "name": "vans" })).await.is(201).json();
    let corner = |latitude: f64, longitude: f64| json!({ "latitude": latitude, "longitude": longitude });
    let corners = [corner(-20.0, 177.0), corner(-20.0, -178.0), corner(-15.0, -178.0), corner(-15.0, 177.0)];
    let shape = json!({ "kind": "polygon", "corners": corners });
    let new = json!({ "name": "fiji", "group": group["id"], "shape": shape, "notify": "enter" });
    let made = site.send(&local(), "POST", "/api/v1/geofences", new.clone()).await.is(201);
    let path = made.header("location").to_owned();
    assert_eq!((&made.json()["shape"], &made.json()["group"]), (&shape, &group["id"]));
    site.send(&local(), "POST", "/api/v1/geofences", new).await.is(409);
    let detail = site.get(&local(), &path).await.is(200).json();
    assert_eq!((&detail["devices"], &detail["inside"]), (&json!([]), &json!(0)));
    let circle = json!({ "kind": "circle", "centre": corner(1.5, 2.5), "radius": 250.0 });
    let changed = json!({ "name": "isle", "shape": circle });
    let changed = site.send(&local(), "PUT", &path, changed).await.is(200).json();
    assert_eq!((&changed["shape"], &changed["notify"], changed.get("group")), (&circle, &json!("both"), None));
    let wrong = [
        json!({ "name": "x", "shape": { "kind": "circle", "centre": corner(91.0, 0.0), "radius": 250 } }),
        json!({ "name": "x", "shape": { "kind": "polygon", "corners": [corner(0.0, 0.0)] } }),
        json!({ "name": "x", "shape": { "kind": "square" } }),
        json!({ "name": "x", "shape": circle, "colour": "red" }),
    ];
    for wrong in wrong {
        let refused = site.send(&local(), "POST", "/api/v1/geofences", wrong).await.is(400).json();
        assert!(refused["detail"].as_str().unwrap().len() > 10, "{refused}");
    }
    let device = pi["device"]["id"].as_str().unwrap();
    assert_eq!(site.get(&local(), &format!("/api/v1/devices/{device}/geofences")).await.is(200).json()["total"], 0);
    assert_eq!(site.get(&local(), "/api/v1/geofences").await.is(200).json()["total"], 1);
    site.raw(&local(), "DELETE", &path, "").await.is(204);
    site.get(&local(), &path).await.is(404);
    site.raw(&local(), "DELETE", &path, "").await.is(404);
}

#[tokio::test]
async fn an_agent_is_taken_away_with_its_keys() {
    let site = Site::start().await;
    let nowhere = site.raw(&local(), "POST", "/api/v1/devices/agent?type=raspberrypi&name=porch", "").await;
    nowhere.is(409);
    site.app.update_standing(|standing| {
        standing.endpoints.http = vec!["0.0.0.0:8280".to_owned()];
        standing.endpoints.mqtt = vec!["0.0.0.0:1883".to_owned()];
    });
    let agent = site.raw(&local(), "POST", "/api/v1/devices/agent?type=raspberrypi&name=porch", "").await.is(201);
    assert!(agent.body.starts_with(b"PK\x03\x04"));
    assert!(agent.header("content-disposition").contains("porch"), "{agent:?}");
    let detail = site.get(&local(), agent.header("location")).await.is(200).json();
    assert_eq!(detail["name"], "porch");
    let again = format!("{}/agent", agent.header("location"));
    assert!(site.raw(&local(), "POST", &again, "").await.is(200).body.starts_with(b"PK"));
    site.raw(&local(), "POST", "/api/v1/devices/agent?type=android", "").await.is(400);
    site.raw(&local(), "POST", "/api/v1/devices/agent", "").await.is(400);
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let site = Site::start().await;
    for number in 0..7 {
        site.pi(&format!("pi-{number}")).await;
    }
    site.send(&local(), "POST", "/api/v1/devices", json!({ "type": "arduino", "identifier": "uno" })).await.is(201);
    let names = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|item| item["identifier"].as_str().unwrap().to_owned()).collect()
    };
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let target = format!("/api/v1/devices?type=raspberrypi&sort=identifier&desc=true&limit=3{cursor}");
        let page = site.get(&local(), &target).await.is(200).json();
        assert_eq!(page["total"], 7);
        found.extend(names(&page));
        let Some(next) = page["next"].as_str() else { break };
        let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, ["pi-6", "pi-5", "pi-4", "pi-3", "pi-2", "pi-1", "pi-0"]);
    let page = site.get(&local(), "/api/v1/devices?status=ACTIVE,CREATED&status=BLOCKED&text=UNO").await.is(200);
    assert_eq!(names(&page.json()), ["uno"]);
    let edit = json!({ "status": "BLOCKED" });
    site.send(&local(), "PATCH", "/api/v1/devices/arduino:uno", edit).await.is(200);
    assert_eq!(names(&site.get(&local(), "/api/v1/devices?status=blocked").await.is(200).json()), ["uno"]);
}

#[tokio::test]
async fn a_group_holds_devices() {
    let site = Site::start().await;
    let device = site.pi("one").await["device"]["id"].clone();
    let made = site.send(&local(), "POST", "/api/v1/groups", json!({ "name": "Garden" })).await.is(201);
    let group = made.header("location").to_owned();
    site.send(&local(), "POST", "/api/v1/groups", json!({ "name": "garden" })).await.is(409);
    let members = json!({ "devices": [device] });
    site.send(&local(), "POST", &format!("{group}/devices"), members.clone()).await.is(204);
    let renamed = json!({ "name": "Yard", "description": "outside" });
    assert_eq!(site.send(&local(), "PUT", &group, renamed).await.is(200).json()["devices"], 1);
    let page = site.get(&local(), &format!("{group}/devices?limit=5")).await.is(200).json();
    assert_eq!(page["items"][0]["id"], device);
    let detail = site.get(&local(), "/api/v1/devices/raspberrypi:one").await.json();
    assert_eq!(detail["groups"], json!(["Yard"]));
    let nobody = json!({ "devices": ["01890000-0000-7000-8000-000000000000"] });
    site.send(&local(), "POST", &format!("{group}/devices"), nobody).await.is(404);
    site.send(&local(), "DELETE", &format!("{group}/devices"), members).await.is(204);
    assert_eq!(site.get(&local(), "/api/v1/groups").await.is(200).json()["items"][0]["devices"], 0);
    site.raw(&local(), "DELETE", &group, "").await.is(204);
    site.get(&local(), &group).await.is(404);
}

#[tokio::test]
async fn an_operation_goes_to_many_devices_and_can_be_taken_back() {
    let site = Site::start().await;
    let mut devices = Vec::new();
    for name in ["one", "two"] {
        devices.push(site.pi(name).await["device"]["id"].clone());
    }
    let new = json!({ "code": "bulb", "payload": "on", "devices": devices });
    let sent = site.send(&local(), "POST", "/api/v1/activities", new).await.is(201);
    let activity = sent.json();
    assert_eq!(activity["payload"], "ON", "as the type writes it");
    assert_eq!(activity["operations"].as_array().unwrap().len(), 2);
    let by_number = format!("/api/v1/activities/{}", activity["number"]);
    assert_eq!(site.get(&local(), &by_number).await.is(200).json(), activity);
    assert_eq!(site.get(&local(), sent.header("location")).await.is(200).json(), activity);
    let page = site.get(&local(), "/api/v1/operations?device=raspberrypi:one&status=PENDING&code=bulb").await.is(200);
    let operation = page.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let of_device = site.get(&local(), "/api/v1/devices/raspberrypi:one/operations?code=bulb").await.is(200).json();
    assert_eq!(of_device["items"][0]["id"], operation.as_str());
    let cancelled = site.raw(&local(), "POST", &format!("/api/v1/operations/{operation}/cancel"), "").await.is(200);
    assert_eq!(cancelled.json()["status"], "CANCELLED");
    site.raw(&local(), "POST", &format!("/api/v1/operations/{operation}/cancel"), "").await.is(409);
    assert_eq!(site.get(&local(), &format!("/api/v1/operations/{operation}")).await.json()["status"], "CANCELLED");
    let json_payload = json!({ "code": "stats", "payload": null, "devices": [devices[0]] });
    site.send(&local(), "POST", "/api/v1/activities", json_payload).await.is(201);
    let mut seen = Vec::new();
    let mut target = "/api/v1/activities?limit=1".to_owned();
    loop {
        let page = site.get(&local(), &target).await.is(200).json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["number"].as_i64().unwrap()));
        assert_eq!(page["total"], 2);
        let Some(next) = page["next"].as_str() else { break };
        target = format!("/api/v1/activities?limit=1&cursor={next}");
    }
    assert!(seen.len() >= 2 && seen.is_sorted_by(|a, b| a > b), "{seen:?}");
    assert_eq!(seen.last(), Some(&1));
    let unknown = json!({ "code": "fly", "devices": devices });
    let problem = site.send(&local(), "POST", "/api/v1/activities", unknown).await.is(400).json();
    assert_eq!(problem["field"], "code");
}

#[tokio::test]
async fn telemetry_is_kept_and_read_back_with_its_units() {
    let site = Site::start().await;
    let enrolled = site.pi("one").await;
    let device = bearer(enrolled["credentials"]["access_token"].as_str().unwrap());
    let telemetry = format!("/api/v1/devices/{}/telemetry", enrolled["device"]["id"].as_str().unwrap());
    for minute in 0..5 {
        let event = json!({
            "device_time": format!("2026-11-01T10:0{minute}:00Z"),
            "values": { "cpu_temperature": 40.5 + f64::from(minute), "note": "a\u{1b}[2J" },
        });
        site.send(&device, "POST", &telemetry, event).await.is(201);
    }
    let last = site.get(&device, &telemetry).await.is(200).json();
    let metric =
        |name: &str| last["items"].as_array().unwrap().iter().find(|value| value["metric"] == name).unwrap().clone();
    assert_eq!(metric("cpu_temperature")["value"], 44.5);
    assert_eq!(metric("note")["value"], "a\u{1b}[2J", "what a device says is kept");
    let span = "?from=2026-11-01T10:01:00Z&to=2026-11-01T10:04:00Z";
    let series = site.get(&local(), &format!("{telemetry}/cpu_temperature{span}")).await.is(200).json();
    let points = |series: &Value| -> Vec<f64> {
        series["points"].as_array().unwrap().iter().map(|point| point["value"].as_f64().unwrap()).collect()
    };
    assert_eq!(points(&series), [41.5, 42.5, 43.5]);
    let newest = site.get(&local(), &format!("{telemetry}/cpu_temperature{span}&limit=2")).await.is(200).json();
    assert_eq!((points(&newest), &newest["truncated"]), (vec![42.5, 43.5], &json!(true)));
    assert_eq!(points(&site.get(&local(), &format!("{telemetry}/no%20such")).await.is(200).json()), [0.0; 0]);
    let known = site.get(&local(), "/api/v1/device-types/raspberrypi").await.is(200).json();
    let described = known["metrics"][0].clone();
    let event = json!({ "values": { described["name"].as_str().unwrap(): 7 } });
    site.send(&device, "POST", &telemetry, event).await.is(201);
    let detail = site.get(&local(), "/api/v1/devices/raspberrypi:one").await.is(200).json();
    let shown = detail["metrics"].as_array().unwrap().iter().find(|value| value["metric"] == described["name"]);
    assert_eq!(shown.unwrap()["unit"], described["unit"]);
    assert!(detail["last_seen_at"].is_string());
}

#[tokio::test]
async fn a_device_type_is_data() {
    let site = Site::start().await;
    let all = site.get(&local(), "/api/v1/device-types").await.is(200).json();
    assert_eq!(all["total"], 4);
    let lamp = json!({
        "name": "lamp", "title": "Lamp", "metrics": [{ "name": "lux", "unit": "lx", "kind": "INT" }],
        "features": [{ "code": "on", "name": "Switch on", "kind": "COMMAND", "payload": { "form": "none" } }],
    });
    let made = site.send(&local(), "POST", "/api/v1/device-types", lamp.clone()).await.is(201);
    assert_eq!(made.json()["custom"], true);
    site.send(&local(), "POST", "/api/v1/device-types", lamp.clone()).await.is(409);
    let mut better = lamp.clone();
    better["title"] = json!("Better lamp");
    let replaced = site.send(&local(), "PUT", made.header("location"), better).await.is(200).json();
    assert_eq!(replaced["title"], "Better lamp");
    site.send(&local(), "PUT", "/api/v1/device-types/raspberrypi", lamp).await;
    assert_eq!(site.get(&local(), "/api/v1/device-types/raspberrypi").await.json()["custom"], false);
    site.raw(&local(), "DELETE", "/api/v1/device-types/lamp", "").await.is(204);
    site.get(&local(), "/api/v1/device-types/lamp").await.is(404);
}

#[tokio::test]
async fn the_trail_tells_who_did_what() {
    let site = Site::start().await;
    site.pi("one").await;
    site.pi("two").await;
    let first = site.get(&local(), "/api/v1/audit?action=device&limit=1").await.is(200).json();
    assert_eq!((&first["items"][0]["actor"], &first["items"][0]["origin"]), (&json!("uid:1000"), &json!("unix")));
    let before = first["next"].as_str().unwrap();
    let second = site.get(&local(), &format!("/api/v1/audit?action=device&limit=1&before={before}")).await.is(200);
    assert!(second.json()["items"][0]["number"].as_i64() < first["items"][0]["number"].as_i64());
}

#[tokio::test]
async fn a_backup_is_a_database_and_leaves_no_file() {
    let site = Site::start().await;
    site.pi("one").await;
    let copies = || {
        let files = std::fs::read_dir(site.dir.path()).unwrap().map(|file| file.unwrap().file_name());
        files.filter(|name| name.to_string_lossy().starts_with("backup-")).count()
    };
    let backup = site.get(&local(), "/api/v1/backup").await.is(200);
    assert!(backup.body.starts_with(b"SQLite format 3\0"));
    assert_eq!(backup.header("content-length"), backup.body.len().to_string());
    let path = site.dir.path().join("copy.db");
    std::fs::write(&path, &backup.body).unwrap();
    drop(pym::store::Store::open(&path).unwrap());
    let unread = site.open(&local(), "GET", "/api/v1/backup", "").await;
    assert_eq!(copies(), 0, "the copy has no name while it is sent");
    drop(unread);
}

#[tokio::test]
async fn the_signs_of_life() {
    let site = Site::start().await;
    for target in ["/", "/livez", "/readyz", "/readyz/", "/ca.pem", "/api/v1/openapi.json"] {
        let answer = site.get(&anonymous(), target).await.is(200);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let served = site.get(&anonymous(), "/api/v1/openapi.json").await;
    assert!(!served.text().contains('\n'));
    site.pi("one").await;
    site.app.set_host(pym::model::host::Host { uptime_secs: 5, ..Default::default() });
    let metrics = site.get(&local(), "/metrics").await.is(200);
    for line in [
        "pym_devices{status=\"ACTIVE\"} 1",
        "# TYPE pym_store_commits_total counter",
        "pym_http_requests_total{door=\"api\",status=\"2xx\"} 7",
    ] {
        assert!(metrics.text().lines().any(|found| found == line), "{line} in\n{}", metrics.text());
    }
    site.app.update_standing(|standing| standing.ready = false);
    site.get(&anonymous(), "/readyz").await.is(503);
    site.get(&anonymous(), "/livez").await.is(200);
    site.app.update_standing(|standing| standing.ready = true);
    site.get(&anonymous(), "/readyz").await.is(200);
    site.stop.cancel();
    site.get(&anonymous(), "/readyz").await.is(503);
    site.app.clock().advance(Duration::from_secs(1));
    let status = site.get(&local(), "/api/v1/status").await.is(200).json();
    assert_eq!(status["counts"]["devices"], json!({ "ACTIVE": 1 }));
    assert_eq!(site.get(&local(), "/api/v1/host").await.is(200).json()["uptime_secs"], 5);
}

#[tokio::test]
async fn what_is_stored_is_measured() {
    use pym::model::host::{Host, Space};
    let site = Site::start().await;
    site.app.set_host(Host { disk: Space { used: 3, total: 9 }, ..Host::default() });
    let told = site.get(&local(), "/api/v1/host/storage").await.is(200).json();
    assert_eq!((&told["disk"]["total"], &told["packages"]), (&json!(9), &json!(0)));
    let before = told["database"].as_u64().unwrap();
    assert!(before > 100_000, "the tables alone take that: {before}");
    site.pi("one").await;
    let after = site.get(&local(), "/api/v1/host/storage").await.is(200).json();
    assert!(after["database"].as_u64().unwrap() > before, "the log grows with every write");
}

#[tokio::test]
async fn an_activity_is_summed_up_and_taken_back() {
    let site = Site::start().await;
    let one = site.pi("one").await["device"]["id"].clone();
    let two = site.pi("two").await["device"]["id"].clone();
    let new = json!({ "code": "bulb", "payload": "on", "devices": [one, two] });
    let sent = site.send(&local(), "POST", "/api/v1/activities", new).await.is(201).json();
    let operation = sent["operations"][0]["id"].as_str().unwrap();
    site.raw(&local(), "POST", &format!("/api/v1/operations/{operation}/cancel"), "").await.is(200);
    let listed = "/api/v1/activities/summaries?status=PENDING&code=bulb";
    let summed = site.get(&local(), listed).await.is(200).json();
    assert_eq!(summed["total"], 1);
    assert_eq!(summed["items"][0]["counts"], json!({ "PENDING": 1, "CANCELLED": 1 }));
    let cancel = format!("/api/v1/activities/{}/cancel", sent["number"]);
    assert_eq!(site.raw(&local(), "POST", &cancel, "").await.is(200).json(), json!({ "cancelled": 1 }));
    assert_eq!(site.raw(&local(), "POST", &cancel, "").await.is(200).json(), json!({ "cancelled": 0 }));
    assert_eq!(site.get(&local(), listed).await.is(200).json()["total"], 0);
    let part = format!("/api/v1/operations?activity={}", sent["number"]);
    assert_eq!(site.get(&local(), &part).await.is(200).json()["total"], 2);
    site.get(&local(), "/api/v1/operations?activity=x").await.is(400);
    site.raw(&local(), "POST", "/api/v1/activities/99/cancel", "").await.is(404);

    // Ticked off by kind: the cancellations are none.
    let kinds = site.get(&local(), "/api/v1/notifications?kind=operation").await.is(200).json();
    assert_eq!(kinds["total"], 0);
    site.get(&local(), "/api/v1/notifications?kind=weather").await.is(400);
}

#[tokio::test]
async fn the_last_hour_of_the_board_is_told() {
    use pym::model::host::{Host, Space};
    let site = Site::start().await;
    let empty = site.get(&local(), "/api/v1/host/history").await.is(200).json();
    assert_eq!(empty, json!({ "items": [] }));
    let now = site.app.clock().now();
    for seconds in (0..=20).step_by(2) {
        let at = now.plus(Duration::from_secs(seconds));
        let memory = Space { used: 1, total: 4 };
        site.app.set_host(Host { at, cpu: vec![20.0, 40.0], memory, temperature: Some(51.5), ..Host::default() });
    }
    let told = site.get(&local(), "/api/v1/host/history").await.is(200).json();
    let point = |seconds| {
        json!({
            "at": now.plus(Duration::from_secs(seconds)), "cpu": 30.0, "memory": 25.0, "disk": 0.0, "temperature": 51.5,
            "hampered": null, "mqtt_in": 0.0, "mqtt_out": 0.0, "http": 0.0, "telemetry": 0.0
        })
    };
    assert_eq!(told, json!({ "items": [point(10), point(20)] }));
}

#[tokio::test]
async fn anyone_is_told_how_to_enroll_a_device() {
    let site = Site::start().await;
    for target in ["/enroll", "/api/v1/enrollment", "/api/v1/enrollment/qr.svg"] {
        let shut = site.get(&anonymous(), target).await.is(409).json();
        assert_eq!(shut["detail"], "no HTTP port is open for devices", "{target}");
    }
    site.app.update_standing(|standing| {
        standing.endpoints.http = vec!["0.0.0.0:8280".to_owned()];
        standing.endpoints.https = vec!["0.0.0.0:9443".to_owned()];
    });
    let asked = anonymous().with("host", "gateway.local:9443");
    let told = site.get(&asked, "/api/v1/enrollment").await.is(200).json();
    assert_eq!(told, json!({ "address": "http://gateway.local:8280", "https": "https://gateway.local:9443" }));
    let code = site.get(&asked, "/api/v1/enrollment/qr.svg").await.is(200);
    assert_eq!(code.header("content-type"), "image/svg+xml");
    assert!(code.text().starts_with("<svg ") && code.text().contains("<path d=\"M"), "{code:?}");

    let page = site.get(&asked, "/enroll").await.is(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text().contains("<code>http://gateway.local:8280</code>"), "{page:?}");
    assert!(page.text().contains(code.text()), "the same code stands in the page");
    assert!(!page.text().contains("<script") && !page.text().contains("style=\"") && !page.text().contains("src="));
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    // By the address that the request came to, where its Host says nothing.
    let plain = site.get(&anonymous(), "/api/v1/enrollment").await.is(200).json();
    assert_eq!(plain["address"], "http://192.0.2.1:8280");
    let hostile = anonymous().with("host", "a'&amp;b");
    assert!(!site.get(&hostile, "/enroll").await.text().contains("<code>http://a'"));
    site.get(&anonymous(), "/enroll?x=1").await.is(400);
}

#[tokio::test]
async fn a_token_lets_devices_in_and_does_nothing_else() {
    let site = Site::start().await;
    let wanted = json!({"note": "<b>lobby</b>", "type": "raspberrypi", "tags": ["new"], "max_uses": 2});
    let made = site.send(&local(), "POST", "/api/v1/enrollment/tokens", wanted).await.is(201);
    let (token, path) = (made.json(), made.header("location").to_owned());
    let secret = token["secret"].as_str().unwrap();
    assert!(secret.starts_with("pym_e_") && token["uses"] == 0 && token["owner"] == "admin", "{token}");
    site.app.update_standing(|standing| {
        standing.endpoints.http = vec!["0.0.0.0:8280".to_owned()];
        standing.endpoints.mqtt = vec!["0.0.0.0:1883".to_owned()];
    });
    let device = bearer(secret);
    let whoami = site.get(&device, "/api/v1/whoami").await.is(200).json();
    assert_eq!(whoami["scopes"], json!([]));
    for refused in ["/api/v1/devices", "/api/v1/status", "/api/v1/enrollment/tokens", "/api/v1/tokens", &path] {
        site.get(&device, refused).await.is(403);
    }
    site.send(&device, "POST", "/api/v1/devices", json!({"type": "arduino", "identifier": "a"})).await.is(400);
    let pi = json!({"type": "raspberrypi", "identifier": "a"});
    let enrolled = site.send(&device, "POST", "/api/v1/devices", pi.clone()).await.is(201).json();
    let again = site.send(&device, "POST", "/api/v1/devices", pi.clone()).await.is(200).json();
    assert_eq!(again["device"]["id"], enrolled["device"]["id"]);
    // It speaks with its own token; from now on the shared one is no way to become it.
    let itself = bearer(again["credentials"]["access_token"].as_str().unwrap());
    let id = enrolled["device"]["id"].as_str().unwrap();
    site.send(&itself, "POST", &format!("/api/v1/devices/{id}/telemetry"), json!({"values": {"a": 1}})).await.is(201);
    site.send(&device, "POST", "/api/v1/devices", pi).await.is(409);
    // The second use is an agent, keys included.
    let agent = site.raw(&device, "POST", "/api/v1/devices/agent?type=raspberrypi&name=b", "").await;
    assert!(agent.is(201).body.starts_with(b"PK"));
    let tagged = site.get(&local(), &format!("/api/v1/devices/{id}")).await.is(200).json();
    assert_eq!(tagged["tags"], json!(["new"]));
    let known = site.get(&local(), &path).await.is(200).json();
    assert!(known.get("secret").is_none() && known["devices"].as_array().unwrap().contains(&json!(id)), "{known}");
    site.raw(&local(), "DELETE", &path, "").await.is(204);
    site.get(&device, "/api/v1/whoami").await.is(401);
    site.get(&local(), &path).await.is(404);
}

#[tokio::test]
async fn secrets_are_for_those_who_may_command_the_device() {
    let site = Site::start().await;
    let new = json!({ "type": "android", "identifier": "phone" });
    let enrolled = site.send(&local(), "POST", "/api/v1/devices", new).await.is(201).json();
    let id = enrolled["device"]["id"].clone();
    let wifi = r#"{"ssid":"site","password":"hunter2hunter2"}"#;
    let order = json!({ "code": "WIFI", "payload": wifi, "devices": [id] });
    let reader = bearer(&site.token(&["read"]).await);
    let mut stream = site.open(&reader, "GET", "/api/v1/watch", "").await;
    let mut streamed = String::new();
    streamed.push_str(std::str::from_utf8(&next_piece(&mut stream).await.unwrap()).unwrap());
    let sent = site.send(&local(), "POST", "/api/v1/activities", order).await.is(201).json();
    assert_eq!(sent["payload"], wifi, "whoever sent it sees it");
    while !streamed.contains("WIFI") {
        streamed.push_str(std::str::from_utf8(&next_piece(&mut stream).await.unwrap()).unwrap());
    }
    assert!(streamed.contains("***") && !streamed.contains("hunter2"), "{streamed}");

    let policy = json!({
        "name": "Network", "device_type": "android", "active": true,
        "features": [{ "code": "WIFI", "content": { "ssid": "site", "password": "hunter2hunter2" } }],
    });
    site.send(&local(), "POST", "/api/v1/policies", policy).await.is(201);
    site.raw(&local(), "POST", "/api/v1/policies/apply", "").await;

    let targets = [
        format!("/api/v1/operations/{}", sent["operations"][0]["id"].as_str().unwrap()),
        "/api/v1/operations?code=WIFI".to_owned(),
        "/api/v1/operations?code=POLICY_BUNDLE".to_owned(),
        "/api/v1/devices/android:phone/operations".to_owned(),
        format!("/api/v1/activities/{}", sent["number"]),
        "/api/v1/activities".to_owned(),
        "/api/v1/policies".to_owned(),
        "/api/v1/devices/android:phone/policy".to_owned(),
    ];
    let viewer = bearer(&site.person("viewer").await);
    let operator = bearer(&site.token(&["read", "operate"]).await);
    let device = bearer(enrolled["credentials"]["access_token"].as_str().unwrap());
    for target in &targets {
        for caller in [&reader, &viewer] {
            let told = site.get(caller, target).await.is(200);
            assert!(told.text().contains("***") && !told.text().contains("hunter2"), "{target}: {told:?}");
            assert!(told.text().contains("site"), "the rest is told: {target}");
        }
        for caller in [&local(), &operator] {
            let told = site.get(caller, target).await.is(200);
            assert!(told.text().contains("hunter2hunter2") && !told.text().contains("***"), "{target}: {told:?}");
        }
    }
    let own = site.get(&device, "/api/v1/devices/android:phone/operations").await.is(200);
    assert!(own.text().contains("hunter2hunter2") && !own.text().contains("***"), "a device gets what was sent");
}

#[tokio::test]
async fn a_metric_is_drawn_a_note_kept_and_a_failure_sent_again() {
    let site = Site::start().await;
    let pi = site.pi("kitchen").await;
    let device = format!("/api/v1/devices/{}", pi["device"]["id"].as_str().unwrap());
    for degrees in [20.5, 21.5] {
        let event = json!({ "values": { "temperature": degrees } });
        site.send(&local(), "POST", &format!("{device}/telemetry"), event).await.is(201);
    }
    let chart = site.get(&local(), &format!("{device}/telemetry/temperature/chart?buckets=1")).await.is(200).json();
    assert_eq!((&chart["unit"], &chart["samples"]), (&json!("°C"), &json!(2)));
    let samples: u64 =
        chart["buckets"].as_array().unwrap().iter().map(|bucket| bucket["samples"].as_u64().unwrap()).sum();
    assert_eq!(samples, 2);
    for wrong in ["buckets=501", "buckets=x", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"] {
        site.get(&local(), &format!("{device}/telemetry/temperature/chart?{wrong}")).await.is(400);
    }
    site.send(&local(), "PATCH", &device, json!({ "note": "on the shelf" })).await.is(200);
    let token = pi["credentials"]["access_token"].as_str().unwrap();
    let detail = site.get(&local(), &device).await.is(200).json();
    assert_eq!((&detail["note"]["text"], &detail["note"]["by"]), (&json!("on the shelf"), &json!("uid:1000")));
    assert_eq!(site.get(&bearer(token), &device).await.is(200).json().get("note"), None);
    let order = json!({ "code": "stats", "devices": [pi["device"]["id"]] });
    let sent = site.send(&local(), "POST", "/api/v1/activities", order).await.is(201).json();
    let operation = format!("/api/v1/operations/{}", sent["operations"][0]["id"].as_str().unwrap());
    site.raw(&local(), "POST", &format!("{operation}/retry"), "").await.is(409);
    site.raw(&local(), "POST", &format!("{operation}/cancel"), "").await.is(200);
    let again = site.raw(&local(), "POST", &format!("{operation}/retry"), "").await.is(201);
    assert_ne!(again.json()["id"], sent["id"]);
    assert!(again.header("location").ends_with(again.json()["id"].as_str().unwrap()));
}

#[tokio::test]
async fn devices_are_counted_taken_out_and_changed_many_at_once() {
    let site = Site::start().await;
    for number in 0..3 {
        site.pi(&format!("pi-{number}")).await;
    }
    let hostile = json!({ "type": "arduino", "identifier": "uno", "name": "=1+1", "ownership": "COPE" });
    site.send(&local(), "POST", "/api/v1/devices", hostile).await.is(201);
    let counts = site.get(&local(), "/api/v1/devices/facets?type=arduino").await.is(200).json();
    assert_eq!((&counts["total"], &counts["known"]), (&json!(1), &json!(4)));
    let types = json!([{ "value": "arduino", "devices": 1 }, { "value": "raspberrypi", "devices": 3 }]);
    assert_eq!(counts["type"], types);
    assert_eq!(counts["ownership"], json!([{ "value": "COPE", "devices": 1 }]));
    site.get(&local(), "/api/v1/devices/facets?q=os%3Cx").await.is(400);
    site.get(&local(), "/api/v1/devices?compliance=perhaps").await.is(400);
    assert_eq!(site.get(&local(), "/api/v1/devices?compliance=unknown").await.is(200).json()["total"], 4);
    assert_eq!(site.get(&local(), "/api/v1/devices?compliance=no&sort=owner").await.is(200).json()["total"], 0);

    let csv = site.get(&local(), "/api/v1/devices/export?columns=name,type&ownership=COPE").await.is(200);
    assert_eq!(csv.text(), "name,type\r\n\"'=1+1\",\"arduino\"\r\n");
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"devices.csv\"");
    let target = "/api/v1/devices/export?format=json&q=type:raspberrypi&sort=identifier&desc=true";
    let file = site.get(&local(), target).await.is(200).json();
    assert_eq!(file.as_array().unwrap().len(), 3);
    assert_eq!(file[0]["identifier"], "pi-2");
    site.get(&local(), "/api/v1/devices/export?columns=password").await.is(400);

    let send = json!({ "filter": {}, "action": { "do": "send", "code": "stats" } });
    let preview = site.send(&local(), "POST", "/api/v1/devices/bulk/preview", send.clone()).await.is(200).json();
    assert_eq!((&preview["devices"], &preview["able"]), (&json!(4), &json!(3)));
    let reason = json!([{ "why": "the type arduino has no such operation", "devices": 1, "examples": ["=1+1"] }]);
    assert_eq!(preview["left_out"], reason);
    let mut confirmed = send.clone();
    confirmed["mark"] = preview["mark"].clone();
    site.pi("pi-3").await;
    let changed = site.send(&local(), "POST", "/api/v1/devices/bulk", confirmed.clone()).await.is(409).json();
    assert!(changed["detail"].as_str().unwrap().contains("4 by now"), "{changed}");
    let done = site.send(&local(), "POST", "/api/v1/devices/bulk", send).await.is(200).json();
    assert_eq!((&done["devices"], &done["left_out"]), (&json!(4), &json!(1)));
    let activity = format!("/api/v1/activities/{}", done["activity"]["number"]);
    assert_eq!(site.get(&local(), &activity).await.is(200).json()["operations"].as_array().unwrap().len(), 4);
    let tag = json!({ "filter": { "q": "pi-1" }, "action": { "do": "tag", "add": ["one"] } });
    assert_eq!(site.send(&local(), "POST", "/api/v1/devices/bulk", tag).await.is(200).json()["changed"], 1);
    let remove = json!({ "filter": { "type": "raspberrypi", "status": ["ACTIVE"] }, "action": { "do": "remove" } });
    assert_eq!(site.send(&local(), "POST", "/api/v1/devices/bulk", remove.clone()).await.is(200).json()["changed"], 4);
    site.send(&local(), "POST", "/api/v1/devices/bulk", remove).await.is(409);
    for wrong in [
        json!({ "action": { "do": "suspend" } }),
        json!({ "filter": {}, "action": { "do": "explode" } }),
        json!({ "filter": { "compliance": "perhaps" }, "action": { "do": "suspend" } }),
        json!({ "filter": { "q": "os<x" }, "action": { "do": "suspend" } }),
        json!({ "filter": {}, "action": { "do": "tag", "add": ["a,b"] } }),
        json!({ "filter": {}, "action": { "do": "suspend", "force": true } }),
        json!({ "filter": {}, "devices": ["01890000-0000-7000-8000-000000000000"], "action": { "do": "suspend" } }),
    ] {
        site.send(&local(), "POST", "/api/v1/devices/bulk", wrong).await.is(400);
    }
}
