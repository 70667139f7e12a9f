//! A device's whole life, in order.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::agent::{Agent, check_order};
use crate::common::eventually;
use crate::site::{PASSWORD, Site};

#[test]
fn an_agent_enrolls_works_and_leaves() {
    let site = Site::start();
    let mut agent = site.agent("d24f870f390352a4");
    agent.stutters = true;
    agent.register("admin", PASSWORD);
    agent.log_in("admin@carbon.super", PASSWORD);
    assert_eq!(agent.configure(), 60_000);
    let often = json!({ "settings": [{ "name": "notifierFrequency", "value": "30000" }] });
    site.ask(200, "PUT", "/settings/android", &often);
    assert_eq!(agent.configure(), 30_000);
    agent.enroll();
    assert_eq!(agent.status(), 200);

    let device = site.device(&agent);
    assert_eq!((&device["status"], &device["owner"]), (&json!("ACTIVE"), &json!("admin")), "{device}");
    assert_eq!((&device["name"], &device["ownership"]), (&json!("walleye"), &json!("BYOD")));
    assert!(device["last_seen_at"].is_string());
    let place = &device["location"];
    assert_eq!((place["latitude"].as_f64(), place["longitude"].as_f64()), (Some(6.9016), Some(79.8612)));
    for (name, value) in [
        ("DEVICE_MODEL", json!("Pixel 2")),
        ("WIFI_SSID", json!("lobby")),
        ("INTERNAL_TOTAL_MEMORY", json!("52.1")),
        ("BATTERY_LEVEL", json!("42")),
        ("CPU_USER", json!("14")),
        ("IMSI", Json::Null),
        ("MAC", Json::Null),
        ("NETWORK_INFO", Json::Null),
    ] {
        assert_eq!(site.property(&agent, name), value, "{name}");
    }
    let battery = device["metrics"].as_array().unwrap().iter().find(|metric| metric["metric"] == "battery_level");
    assert_eq!(battery.unwrap()["value"], 42.0);
    assert_eq!(device["enrollments"].as_array().unwrap().len(), 1, "sent twice is enrolled once: {device}");

    // The first three come with the enrollment, in the order of their ids, and stay until they are answered.
    let first = agent.poll();
    let mut codes: Vec<_> = first.iter().map(|operation| operation["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["APPLICATION_LIST", "DEVICE_INFO", "DEVICE_LOCATION"]);
    check_order(&first);
    assert_eq!(agent.poll(), first);
    agent.work();
    assert!(agent.poll().is_empty());

    let installed = site.get("/devices/android:d24f870f390352a4/applications")["items"].clone();
    assert_eq!(installed[1]["package"], "com.rovio.angrybirds", "{installed}");
    assert_eq!((&installed[1]["name"], &installed[1]["memory"]), (&json!("Angry Birds"), &json!(1024)));
    let places = site.get("/devices/android:d24f870f390352a4/locations")["items"].clone();
    assert!(places.as_array().unwrap().iter().any(|place| place["address"]["city"] == "Colombo"), "{places}");

    // A list takes the place of the one before.
    agent.call(
        &format!("PUT {}/devices/d24f870f390352a4/applications", crate::agent::BASE),
        Some(r#"[{"applicationIdentifier":"org.example","name":"One","version":"2","systemApp":false,"memoryUsage":"7"}]"#),
    );
    let installed = site.get("/devices/android:d24f870f390352a4/applications");
    assert_eq!((&installed["total"], &installed["items"][0]["memory"]), (&json!(1), &json!(7)), "{installed}");

    let farewell = agent.leave();
    assert_eq!(farewell.status, 200, "{farewell:?}");
    assert_eq!(site.device(&agent)["status"], "REMOVED");
    assert_eq!(agent.poll_with("").status, 404);
    assert_eq!(agent.status(), 404);
    agent.leave();
    let token = agent.refresh_token.clone();
    let refused = agent.ask_token(&crate::agent::form(&[("grant_type", "refresh_token"), ("refresh_token", &token)]));
    assert!(refused.status >= 400 && refused.json()["error_description"].is_string(), "{refused:?}");

    // And comes back.
    agent.seen.clear();
    agent.join("admin", PASSWORD);
    agent.work();
    assert_eq!(agent.seen.len(), 3);
    let device = site.device(&agent);
    assert_eq!((&device["status"], device["enrollments"].as_array().unwrap().len()), (&json!("ACTIVE"), 2));
}

/// What an operator gives with an operation, where the type's own description of the payload does not say enough.
fn payload(code: &str) -> Option<Json> {
    Some(match code {
        "DEVICE_LOCK" => json!({ "message": "Lost", "isHardLockEnabled": false }),
        "CHANGE_LOCK_CODE" => json!({ "lockCode": "1357" }),
        "WIPE_DATA" => json!({ "pin": "1234" }),
        "NOTIFICATION" => json!({ "messageTitle": "it's <b>", "messageText": "a = b & \"c\"" }),
        "SHELL_COMMAND" => json!({ "command": "getprop" }),
        "REMOTE_CONNECT" => json!({ "serverUrl": "ws://10.0.0.1:8280", "uuidToValidateDevice": "0a1b" }),
        "UPGRADE_FIRMWARE" => json!({ "schedule": "", "server": "10.0.0.1" }),
        "INSTALL_APPLICATION" | "UPDATE_APPLICATION" => {
            json!({ "type": "enterprise", "url": "http://10.0.0.1:8280/store/api/mobileapp/getfile/a.apk",
                "appIdentifier": "com.example.app", "name": "Example", "schedule": "" })
        }
        "UNINSTALL_APPLICATION" => json!({ "appIdentifier": "com.example.app", "type": "enterprise" }),
        "WEBCLIP" => json!({ "identity": "http://example.org", "title": "Example", "type": "webapp" }),
        "FILE_UPLOAD_TO_THE_DEVICE" | "FILE_DOWNLOAD_FROM_THE_DEVICE" => {
            json!({ "fileURL": "ftp://10.0.0.1/a", "userName": "a", "ftpPassword": "b", "fileLocation": "/sdcard" })
        }
        "NOTIFIER_FREQUENCY" => json!({ "value": 60000 }),
        "WIFI" => json!({ "ssid": "lobby", "password": "correct horse" }),
        "VPN" => {
            json!({ "serverAddress": "10.0.0.1", "serverPort": "1194", "sharedSecret": "s", "dnsServer": "10.0.0.1" })
        }
        "PASSCODE_POLICY" => json!({ "maxFailedAttempts": 4, "minLength": 6, "allowSimple": false }),
        "ENCRYPT_STORAGE" => json!({ "encrypted": true }),
        "APP-RESTRICTION" => {
            json!({ "restriction-type": "black-list", "restricted-applications": [{ "packageName": "com.example" }] })
        }
        "SYSTEM_UPDATE_POLICY" => json!({ "type": "automatic" }),
        _ => return None,
    })
}

#[test]
fn every_operation_of_the_type_is_fetched_answered_and_over() {
    let site = Site::start();
    let mut agent = site.agent("a0a0a0a0a0a0a0a0");
    agent.join("admin", PASSWORD);
    agent.work();
    let known = site.get("/device-types/android");
    let mut sent = 0;
    for feature in known["features"].as_array().unwrap() {
        let code = feature["code"].as_str().unwrap();
        if code.starts_with("POLICY_") {
            continue;
        }
        let form = feature["payload"]["form"].as_str();
        let simple = || json!({ "enabled": true });
        let payload = if form == Some("json") { Some(payload(code).unwrap_or_else(simple)) } else { None };
        let activity = site.send(&[&agent], code, payload.as_ref());
        let operations = agent.poll();
        assert_eq!(operations.len(), 1, "{code}: {operations:?}");
        let operation = &operations[0];
        assert_eq!((&operation["id"], &operation["code"]), (&activity["number"], &feature["code"]));
        assert_eq!(operation["type"], feature["kind"], "{code}");
        assert!(operation["createdTimeStamp"].as_str().unwrap().contains(' '));
        match &payload {
            Some(payload) => {
                let text = operation["payLoad"].as_str().unwrap_or_else(|| panic!("{code}: no text: {operation}"));
                let given: Json = serde_json::from_str(text).unwrap();
                // The type may add what it says of a field that was left out.
                for (name, value) in payload.as_object().unwrap() {
                    assert_eq!(given[name], *value, "{code}: {name}");
                }
            }
            None => assert!(operation.get("payLoad").is_none(), "{code}: {operation}"),
        }
        let result = agent.carry_out(operation);
        agent.results.push(result);
        assert!(agent.poll().is_empty(), "{code}");
        let after = site.operation(&agent, &activity["number"]);
        assert_eq!(after["status"], "COMPLETED", "{after}");
        let text = after["responses"][0]["text"].as_str().unwrap();
        assert!(!text.contains("1357") && !text.contains("correct horse"), "{code}: a secret comes back: {after}");
        sent += 1;
    }
    assert!(sent >= 60, "{sent}");
    let log = site.operations(&agent).into_iter().find(|operation| operation["code"] == "LOGCAT").unwrap();
    assert!(log["responses"][0]["text"].as_str().unwrap().contains("it's <fine>"));
}

#[test]
fn a_policy_bundle_is_a_list_whose_own_payloads_are_text() {
    let site = Site::start();
    let mut agent = site.agent("b0b0b0b0b0b0b0b0");
    agent.join("admin", PASSWORD);
    agent.work();
    let bundle = json!([
        { "code": "CAMERA", "type": "PROFILE", "id": 0, "isEnabled": true, "payLoad": "{\"enabled\":false}" },
        { "code": "WIFI", "type": "PROFILE", "id": 0, "isEnabled": true, "payLoad": { "ssid": "lobby" } },
    ]);
    site.send(&[&agent], "POLICY_BUNDLE", Some(&bundle));
    agent.work();
    assert_eq!(
        agent.policy,
        [("CAMERA".to_owned(), json!({ "enabled": false })), ("WIFI".to_owned(), json!({ "ssid": "lobby" }))]
    );
    site.send(&[&agent], "POLICY_REVOKE", None);
    agent.work();
    assert_eq!(agent.policy, []);
}

#[test]
fn a_notification_is_received_and_then_dismissed() {
    let site = Site::start();
    let mut agent = site.agent("c0c0c0c0c0c0c0c0");
    agent.join("admin", PASSWORD);
    agent.work();
    let number = site.send(&[&agent], "NOTIFICATION", payload("NOTIFICATION").as_ref())["number"].clone();
    let mut result = agent.poll()[0].clone();
    result["status"] = "IN_PROGRESS".into();
    agent.results.push(result.clone());
    assert!(agent.poll().is_empty(), "it has it");
    assert_eq!(site.operation(&agent, &number)["status"], "IN_PROGRESS");
    result["status"] = "COMPLETED".into();
    result["operationResponse"] = json!({ "status": "DISMISSED" }).to_string().into();
    agent.results = vec![result];
    agent.stutters = true;
    agent.poll();
    let done = site.operation(&agent, &number);
    assert_eq!((&done["status"], done["responses"].as_array().unwrap().len()), (&json!("COMPLETED"), 2), "{done}");
}

#[test]
fn an_error_is_told_once_however_often_it_is_sent() {
    let site = Site::start();
    let mut agent = site.agent("e0e0e0e0e0e0e0e0");
    agent.join("admin", PASSWORD);
    agent.work();
    let before = site.device(&agent)["location"].clone();
    let number = site.send(&[&agent], "DEVICE_LOCATION", None)["number"].clone();
    let mut result = agent.poll()[0].clone();
    result["status"] = "ERROR".into();
    result["operationResponse"] = "Location is disabled".into();
    let body = Json::from(vec![result]).to_string();
    for _ in 0..3 {
        assert_eq!(agent.poll_with(&body).status, 201);
    }
    let failed = site.operation(&agent, &number);
    assert_eq!((&failed["status"], failed["responses"].as_array().unwrap().len()), (&json!("ERROR"), 1), "{failed}");
    assert_eq!(site.device(&agent)["location"], before);
}

#[test]
fn a_token_is_renewed_at_nine_tenths_of_its_life_by_any_refresh_token_there_was() {
    let site = Site::start_with(&[("PYM_AUTH_ACCESS_TOKEN_TTL", "2")]);
    let mut agent = site.agent("f0f0f0f0f0f0f0f0");
    agent.join("admin", PASSWORD);
    let (begun, first) = (Instant::now(), agent.refresh_token.clone());
    for _ in 0..2 {
        sleep(Duration::from_millis(agent.expires_in * 900));
        agent.refresh();
        agent.work();
    }
    assert!(begun.elapsed() > Duration::from_secs(agent.expires_in), "the first token has run out");
    // A phone that was off, and one that kept its first answer.
    sleep(Duration::from_millis(agent.expires_in * 1100));
    assert_eq!(agent.poll_with("").status, 401);
    agent.refresh_token = first;
    agent.refresh();
    agent.work();
    assert_eq!(agent.seen.len(), 3, "no operation came twice: {:?}", agent.seen);
}

#[test]
fn silence_is_noticed_and_a_poll_ends_it() {
    let site = Site::start_with(&[("PYM_SILENCE_UNREACHABLE_AFTER", "2"), ("PYM_SILENCE_INACTIVE_AFTER", "3")]);
    let mut agent = site.agent("0123456789abcdef");
    agent.join("admin", PASSWORD);
    agent.work();
    let status = |agent: &Agent| site.device(agent)["status"].clone();
    eventually("the silence to be noticed", || status(&agent) != "ACTIVE");
    agent.poll();
    assert_eq!(status(&agent), "ACTIVE");
}
