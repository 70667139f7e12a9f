//! Who may call, by which paths, and what is answered to those who may not or make no sense.

use serde_json::{Value as Json, json};

use crate::agent::{Agent, BASE};
use crate::site::{PASSWORD, Site};

/// An agent that uses an administrator's token of tools, as a script does.
fn script(site: &Site, identifier: &str) -> Agent {
    let mut script = site.agent("tools");
    script.register("admin", PASSWORD);
    script.log_in("admin", PASSWORD);
    identifier.clone_into(&mut script.identifier);
    script
}

#[test]
fn a_bound_token_is_good_for_its_device_alone() {
    let site = Site::start();
    let mut agent = site.agent("d1");
    agent.register("admin", PASSWORD);
    agent.log_in("admin", PASSWORD);
    let people = "GET /api/v1/users";
    assert_eq!(agent.call(people, None).status, 200, "before, it is the person's");
    agent.enroll();
    assert_eq!(agent.call(people, None).status, 403);
    assert_eq!(agent.call("GET /api/v1/whoami", None).json()["principal"], "device:android/d1");
    agent.refresh();
    assert_eq!(agent.call(people, None).status, 403);
    let mut other = site.agent("d2");
    other.join("admin", PASSWORD);
    for (line, body) in [
        (format!("PUT {BASE}/devices/d2/pending-operations"), Some("")),
        (format!("GET {BASE}/devices/d2/status"), None),
        (format!("DELETE {BASE}/devices/d2"), None),
        (format!("PUT {BASE}/devices/d2"), Some("{}")),
        (format!("PUT {BASE}/devices/d2/applications"), Some("[]")),
    ] {
        assert_eq!(agent.call(&line, body).status, 403, "{line}");
    }
    // Another device cannot be enrolled with it either.
    let body = json!({ "deviceIdentifier": "d3", "enrolmentInfo": {} }).to_string();
    assert_eq!(agent.call(&format!("POST {BASE}/devices/"), Some(&body)).status, 403);
    assert_eq!(site.device(&other)["status"], "ACTIVE");
}

#[test]
fn a_script_enrolls_many_devices_with_one_token_and_speaks_for_them() {
    let site = Site::start();
    let mut script = script(&site, "s1");
    for identifier in ["s1", "s2", "s3"] {
        identifier.clone_into(&mut script.identifier);
        script.enroll();
        assert_eq!(script.status(), 200);
        script.work();
        assert_eq!(site.device(&script)["status"], "ACTIVE");
        assert!(site.operations(&script).iter().all(|operation| operation["status"] == "COMPLETED"));
    }
    assert_eq!(script.call("GET /api/v1/users", None).status, 200, "it is the person's still");
    for _ in 0..2 {
        assert_eq!(script.call(&format!("DELETE {BASE}/devices/s1/"), None).status, 200);
    }
    assert_eq!(script.call(&format!("DELETE {BASE}/devices/unheard-of"), None).status, 404);
    let audit = site.get("/audit")["items"].clone();
    let removed = audit.as_array().unwrap().iter().find(|line| line["action"] == "device.remove").unwrap().clone();
    assert_eq!(removed["actor"], "admin", "{removed}");
}

#[test]
fn a_corporate_device_joins_with_an_administrators_token() {
    let site = Site::start();
    let admin = script(&site, "x").access_token;
    let mut agent = site.agent("c05c");
    agent.register_as(&format!("Bearer {admin}"));
    agent.log_in_with(&admin);
    agent.enroll();
    assert_eq!(agent.call("GET /api/v1/whoami", None).json()["principal"], "device:android/c05c");
    agent.work();
}

#[test]
fn the_paths_of_mutual_tls_are_the_same_door() {
    let site = Site::start();
    let base = "/api/device-mgt/android/mssl/v1.0";
    let mut agent = site.agent("m1");
    agent.register("admin", PASSWORD);
    agent.log_in("admin", PASSWORD);
    let body = agent.device().to_string();
    for (status, line, body) in [
        (200, format!("GET {base}/configuration/license"), None),
        (200, format!("GET {base}/configuration/"), None),
        (201, format!("POST {base}/devices"), Some(body.as_str())),
        (202, format!("PUT {base}/devices/m1"), Some(body.as_str())),
        (200, format!("GET {base}/devices/m1/status/"), None),
        (201, format!("PUT {base}/devices/m1/pending-operations/"), Some("")),
        (201, format!("PUT {base}/devices/m1/pending-operations"), None),
        (202, format!("PUT {base}/devices/m1/applications"), Some("[]")),
        (200, format!("DELETE {base}/devices/m1"), None),
    ] {
        assert_eq!(agent.call(&line, body).status, status, "{line}");
    }
}

#[test]
fn events_are_kept_and_read_back() {
    let site = Site::start();
    let mut agent = site.agent("e1");
    agent.join("admin", PASSWORD);
    let line = format!("POST {BASE}/events/publish");
    let place = json!({ "latitude": 1.5, "longitude": -2.25, "timeStamp": 1_790_000_000_000_i64 });
    let body = json!({ "deviceIdentifier": "e1", "type": "location", "payload": place.to_string() }).to_string();
    agent.stutters = true;
    assert_eq!(agent.call(&line, Some(&body)).status, 201);
    let state = json!({ "deviceIdentifier": "e1", "type": "APPLICATION_STATE", "payload": "{\"package\":\"a\"}" });
    assert_eq!(agent.call(&line, Some(&state.to_string())).status, 201);
    agent.stutters = false;
    let at_that_time = "/devices/android:e1/locations?to=2026-09-22T00:00:00Z";
    let places = site.get(at_that_time);
    assert_eq!((&places["total"], &places["items"][0]["latitude"]), (&json!(1), &json!(1.5)), "{places}");
    let read = |agent: &mut Agent, rest: &str| agent.call(&format!("GET {BASE}/events?id=e1{rest}"), None).json();
    let places = read(&mut agent, "&from=1789999999&to=1790000001&type=location");
    assert_eq!((places.as_array().unwrap().len(), &places[0]["values"]["longitude"]), (1, &json!(-2.25)), "{places}");
    assert_eq!(places[0]["timestamp"], 1_790_000_000_000_i64);
    let states = read(&mut agent, "&type=APPLICATION_STATE");
    assert_eq!(states[0]["values"]["application_state"], "{\"package\":\"a\"}", "{states}");
    assert_eq!(read(&mut agent, "&to=1000&type=location"), json!([]));
    for bad in [
        json!({ "deviceIdentifier": "e1", "type": "location", "payload": "off" }),
        json!({ "deviceIdentifier": "e1", "type": "location" }),
        json!({ "type": "location" }),
    ] {
        assert_eq!(agent.call(&line, Some(&bad.to_string())).status, 400, "{bad}");
    }
    let foreign = json!({ "deviceIdentifier": "none", "type": "location", "payload": "{}" }).to_string();
    assert_eq!(agent.call(&line, Some(&foreign)).status, 403);
}

#[test]
fn what_makes_no_sense_is_refused_by_name_and_harms_nothing() {
    let site = Site::start();
    let mut agent = site.agent("n1");
    agent.access_token = "pym_a_nonsense".to_owned();
    let device = json!({ "deviceIdentifier": "n1" }).to_string();
    for (line, body) in [
        (format!("GET {BASE}/configuration/license"), None),
        (format!("GET {BASE}/configuration/"), None),
        (format!("POST {BASE}/devices/"), Some(device.as_str())),
        (format!("PUT {BASE}/devices/n1/pending-operations"), Some("")),
        (format!("GET {BASE}/devices/n1/status"), None),
        (format!("DELETE {BASE}/devices/n1"), None),
    ] {
        assert_eq!(agent.call(&line, body).status, 401, "{line}");
    }
    agent.join("admin", PASSWORD);
    agent.work();
    let enroll = format!("POST {BASE}/devices/");
    for (body, word) in [("{", "JSON"), ("{}", "deviceIdentifier"), ("{\"deviceIdentifier\":\"a/b\"}", "identifier")] {
        let mut stranger = script(&site, "x");
        let answer = stranger.call(&enroll, Some(body));
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert!(answer.json()["description"].as_str().unwrap().contains(word), "{answer:?}");
    }
    for (status, body) in [
        (400, "nonsense"),
        (201, "null"),
        (201, "[]"),
        (201, " "),
        (201, "{}"),
        (201, "[null,1,\"x\",{}]"),
        (201, "[{\"id\":999999,\"status\":\"COMPLETED\",\"code\":\"DEVICE_RING\"}]"),
        (201, "[{\"id\":\"x\",\"status\":null}]"),
    ] {
        assert_eq!(agent.poll_with(body).status, status, "{body}");
    }
    // What a description may hold and must not break: everything but its identifier is taken as far as it goes.
    let odd = json!({
        "deviceIdentifier": "n1", "name": "a\u{1b}[2J", "description": null, "unknown": {}, "features": [1],
        "enrolmentInfo": { "ownership": "", "status": 7 },
        "properties": [null, { "name": "\u{202e}", "value": 1 }, { "name": "X", "value": "y".repeat(10_000) }],
        "deviceInfo": { "batteryLevel": "200", "location": { "latitude": "north" } }, "applications": null,
    });
    assert_eq!(agent.call(&enroll, Some(&odd.to_string())).status, 201);
    let device = site.device(&agent);
    assert_eq!(device["name"], "a[2J", "{device}");
    assert_eq!(site.property(&agent, "X").as_str().map(str::len), Some(4096));
    assert_eq!(device["location"]["latitude"], 6.9271, "the last known stays");
}

#[test]
fn a_viewer_enrolls_nothing() {
    let site = Site::start();
    let viewer = json!({ "name": "eve", "roles": ["viewer"], "password": PASSWORD });
    site.ask(201, "POST", "/users", &viewer);
    let mut agent = site.agent("v1");
    agent.register("admin", PASSWORD);
    agent.log_in("eve", PASSWORD);
    let body = agent.device().to_string();
    assert_eq!(agent.call(&format!("POST {BASE}/devices/"), Some(&body)).status, 403);
    assert_eq!(site.get("/devices")["total"], 0);
}

#[test]
fn an_owner_enrolls_and_speaks_for_their_own_devices_alone() {
    let site = Site::start();
    for name in ["ann", "bob"] {
        let owner = json!({ "name": name, "roles": ["device-owner"], "password": PASSWORD });
        site.ask(201, "POST", "/users", &owner);
    }
    let mut ann = site.agent("ann-phone");
    ann.join("ann", PASSWORD);
    assert_eq!(site.device(&ann)["owner"], "ann");
    let mut bob = site.agent("bobs-tools");
    bob.register("bob", PASSWORD);
    bob.log_in("bob", PASSWORD);
    "ann-phone".clone_into(&mut bob.identifier);
    assert_eq!(bob.poll_with("").status, 404);
    assert_eq!(bob.status(), 404);
    assert_eq!(bob.call(&format!("DELETE {BASE}/devices/ann-phone"), None).status, 404);
    let body = bob.device().to_string();
    assert_eq!(bob.call(&format!("POST {BASE}/devices/"), Some(&body)).status, 403, "nor can it be taken over");
    assert_eq!(site.device(&ann)["owner"], "ann");
    ann.work();
    let (_, answer) = site.daemon.request("DELETE", "/api/v1/users/ann", "");
    assert_eq!(answer, "", "the device outlives its owner's account");
    ann.refresh();
    assert_eq!(ann.poll(), Vec::<Json>::new());
}
