//! What devices reach, sessions, tokens, and what browsers send.

use serde_json::{Value, json};

use super::site::{PASSWORD, Site, anonymous, bearer, local};

const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

#[tokio::test]
async fn a_device_reaches_itself_and_nothing_else() {
    let site = Site::start().await;
    let own = site.pi("own").await;
    let other = site.pi("other").await["device"]["id"].as_str().unwrap().to_owned();
    let device = bearer(own["credentials"]["access_token"].as_str().unwrap());
    let own = own["device"]["id"].as_str().unwrap();
    let event = json!({ "values": { "a": 1 } });
    for (id, allowed) in
        [(own, true), ("raspberrypi:own", true), (&*other, false), ("raspberrypi:other", false), (NOBODY, false)]
    {
        let path = format!("/api/v1/devices/{id}");
        let expect = |status: u16| if allowed { status } else { 403 };
        site.send(&device, "POST", &format!("{path}/telemetry"), event.clone()).await.is(expect(201));
        site.get(&device, &format!("{path}/telemetry")).await.is(expect(200));
        site.get(&device, &format!("{path}/telemetry/a")).await.is(expect(200));
        site.get(&device, &format!("{path}/operations")).await.is(expect(200));
        site.send(&device, "PUT", &format!("{path}/properties"), json!([])).await.is(expect(204));
        site.send(&device, "PATCH", &path, json!({ "name": "x" })).await.is(403);
    }
    assert_eq!(site.get(&device, "/api/v1/whoami").await.is(200).json()["principal"], "device:raspberrypi/own");
}

#[tokio::test]
async fn the_first_administrator_is_set_up_once_with_the_code() {
    let site = Site::start().await;
    site.app.setup_needed().await.unwrap();
    let code = site.app.setup_code().unwrap();
    assert_eq!(site.get(&local(), "/api/v1/status").await.is(200).json()["setup_code"], code.as_str());
    let reader = bearer(&site.token(&["read"]).await);
    assert!(site.get(&reader, "/api/v1/status").await.is(200).json().get("setup_code").is_none());
    let setup = |code: &str| json!({ "code": code, "name": "root", "password": PASSWORD });
    let refused = site.send(&anonymous(), "POST", "/api/v1/setup", setup("000000")).await.is(401);
    assert!(refused.header("www-authenticate").starts_with("Bearer"));
    let made = site.send(&anonymous(), "POST", "/api/v1/setup", setup(&code)).await.is(201).json();
    assert_eq!((&made["name"], &made["roles"]), (&json!("root"), &json!(["admin"])));
    site.send(&anonymous(), "POST", "/api/v1/setup", setup(&code)).await.is(409);
    assert_eq!(site.get(&local(), "/api/v1/status").await.is(200).json()["setup_needed"], false);
}

#[tokio::test]
async fn a_session_lives_from_login_to_logout() {
    let site = Site::start().await;
    site.person("viewer").await;
    let login = json!({ "name": "viewer", "password": PASSWORD });
    let opened = site.send(&anonymous(), "POST", "/api/v1/login", login).await.is(200);
    let cookie = opened.header("set-cookie").to_owned();
    for attribute in ["; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(cookie, format!("__Host-pym_session={}", opened.json()["token"].as_str().unwrap()));
    let browser = anonymous().with("cookie", cookie).with("host", "pi.local:9443");
    assert_eq!(site.get(&browser, "/api/v1/whoami").await.is(200).json()["principal"], "viewer");
    let sessions = site.get(&browser, "/api/v1/sessions").await.is(200).json();
    assert_eq!((&sessions["total"], &sessions["items"][0]["origin"]), (&json!(2), &json!("192.0.2.7")));
    // A page of another site may not use it; Pym's own may.
    site.raw(&browser, "POST", "/api/v1/logout", "").await.is(403);
    site.raw(&browser.clone().with("sec-fetch-site", "cross-site"), "POST", "/api/v1/logout", "").await.is(403);
    site.raw(&browser.clone().with("origin", "https://evil.example"), "POST", "/api/v1/logout", "").await.is(403);
    let own = browser.clone().with("origin", "https://pi.local:9443");
    let ended = site.raw(&own, "POST", "/api/v1/logout", "").await.is(204);
    assert!(ended.header("set-cookie").contains("Max-Age=0"));
    site.get(&browser, "/api/v1/whoami").await.is(401);
    // A stale cookie does not keep its owner from logging in again.
    let again = json!({ "name": "viewer", "password": PASSWORD });
    let again = site.send(&browser, "POST", "/api/v1/login", again).await.is(200).json();
    let viewer = bearer(again["token"].as_str().unwrap());
    site.raw(&viewer, "DELETE", "/api/v1/sessions", "").await.is(204);
    site.get(&viewer, "/api/v1/sessions").await.is(401);
}

#[tokio::test]
async fn wrong_passwords_are_refused_alike_and_then_slowed_down() {
    let site = Site::start().await;
    site.person("viewer").await;
    let wrong = json!({ "name": "viewer", "password": "wrong" });
    let nobody = json!({ "name": "nobody", "password": "wrong" });
    let first = site.send(&anonymous(), "POST", "/api/v1/login", wrong.clone()).await.is(401);
    assert_eq!(first.body, site.send(&anonymous(), "POST", "/api/v1/login", nobody).await.is(401).body);
    for _ in 0..50 {
        let answer = site.send(&anonymous(), "POST", "/api/v1/login", wrong.clone()).await;
        if answer.status == 429 {
            assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
            return;
        }
        answer.is(401);
    }
    panic!("passwords can be tried for ever");
}

#[tokio::test]
async fn credentials_that_are_none_are_refused() {
    let site = Site::start().await;
    let long = "x".repeat(10_000);
    for value in ["Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", "Digest x", &format!("Bearer {long}")] {
        let caller = anonymous().with("authorization", value);
        let answer = site.get(&caller, "/api/v1/whoami").await.is(401);
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        assert!(!answer.text().contains("nonsense"), "a problem repeats no credentials");
    }
    site.get(&anonymous().with("cookie", "__Host-pym_session=nonsense"), "/api/v1/whoami").await.is(401);
    let unread = anonymous().with("cookie", "other=1; __Host-pym_sessions=2");
    assert_eq!(site.get(&unread, "/api/v1/whoami").await.is(200).json()["principal"], "anonymous");
}

#[tokio::test]
async fn a_token_is_made_used_and_revoked() {
    let site = Site::start().await;
    let operator = bearer(&site.person("operator").await);
    let too_much = json!({ "name": "x", "scopes": ["admin"] });
    site.send(&operator, "POST", "/api/v1/tokens", too_much).await.is(403);
    let made = site.send(&operator, "POST", "/api/v1/tokens", json!({ "name": "x", "scopes": ["read"] })).await.is(201);
    let token = bearer(made.json()["secret"].as_str().unwrap());
    site.get(&token, "/api/v1/devices").await.is(200);
    let listed = site.get(&operator, "/api/v1/tokens").await.is(200).json();
    assert_eq!(listed["total"], 1);
    assert!(listed["items"][0].get("secret").is_none(), "a secret is told once");
    site.raw(&operator, "DELETE", made.header("location"), "").await.is(204);
    site.get(&token, "/api/v1/devices").await.is(401);
}

#[tokio::test]
async fn a_person_is_added_renamed_nothing_and_removed() {
    let site = Site::start().await;
    let viewer = bearer(&site.person("viewer").await);
    site.send(&viewer, "PUT", "/api/v1/users/viewer/password", json!({ "password": "another long one" })).await.is(400);
    let new = json!({ "password": "another long one", "old_password": PASSWORD });
    site.send(&viewer, "PUT", "/api/v1/users/viewer/password", new).await.is(204);
    site.get(&viewer, "/api/v1/whoami").await.is(401);
    let login = json!({ "name": "viewer", "password": "another long one" });
    let viewer = site.send(&anonymous(), "POST", "/api/v1/login", login).await.is(200).json();
    let viewer = bearer(viewer["token"].as_str().unwrap());
    site.raw(&local(), "DELETE", "/api/v1/users/viewer", "").await.is(204);
    site.get(&viewer, "/api/v1/whoami").await.is(401);
    site.raw(&local(), "DELETE", "/api/v1/users/viewer", "").await.is(404);
}

#[tokio::test]
async fn roles_and_people_are_changed_over_the_api() {
    let site = Site::start().await;
    let made = json!({ "name": "technician", "scopes": ["read", "operate"] });
    let made = site.send(&local(), "POST", "/api/v1/roles", made).await.is(201);
    assert_eq!(made.header("location"), "/api/v1/roles/technician");
    site.send(&local(), "POST", "/api/v1/roles", json!({ "name": "x", "scopes": [], "y": 1 })).await.is(400);
    let person = bearer(&site.person("technician").await);
    site.get(&person, "/api/v1/devices").await.is(200);
    assert_eq!(site.get(&person, "/api/v1/users/technician").await.is(200).json()["name"], "technician");
    let email = json!({ "email": "t@example.org" });
    let edited = site.send(&person, "PATCH", "/api/v1/users/technician", email).await.is(200).json();
    assert_eq!(edited["email"], "t@example.org");
    site.send(&person, "PATCH", "/api/v1/users/technician", json!({ "roles": ["admin"] })).await.is(403);
    site.send(&local(), "PATCH", "/api/v1/roles/technician", json!({ "scopes": ["metrics"] })).await.is(200);
    site.get(&person, "/api/v1/devices").await.is(403);
    let users = json!({ "users": ["technician"] });
    assert_eq!(site.send(&local(), "PUT", "/api/v1/roles/viewer/users", users).await.is(200).json()["users"], 1);
    site.get(&person, "/api/v1/devices").await.is(200);
    assert_eq!(site.get(&local(), "/api/v1/roles/viewer/users").await.is(200).json()["total"], 1);
    assert_eq!(site.get(&local(), "/api/v1/users?text=TECH&limit=1").await.is(200).json()["total"], 1);
    assert_eq!(site.get(&local(), "/api/v1/roles").await.is(200).json()["total"], 5);
    let sessions = site.get(&person, "/api/v1/sessions").await.is(200).json();
    let id = sessions["items"][0]["id"].as_str().unwrap();
    site.raw(&local(), "DELETE", &format!("/api/v1/users/technician/sessions/{id}"), "").await.is(204);
    site.get(&person, "/api/v1/whoami").await.is(401);
    site.raw(&local(), "DELETE", "/api/v1/roles/technician", "").await.is(204);
    site.raw(&local(), "DELETE", "/api/v1/roles/viewer", "").await.is(409);
    site.get(&local(), "/api/v1/roles/technician").await.is(404);
}

#[tokio::test]
async fn the_trail_is_filtered_and_taken_out_whole() {
    let site = Site::start().await;
    // More than two pieces of an export.
    let new = json!({ "type": "raspberrypi", "identifier": "pi" });
    let id = site.send(&local(), "POST", "/api/v1/devices", new).await.is(201).json();
    let id = id["device"]["id"].as_str().unwrap().parse().unwrap();
    let edits = (0..1100).map(|number| {
        let edit = pym::app::device::DeviceEdit { name: Some(format!("pi {number}")), ..Default::default() };
        let app = site.app.clone();
        async move { app.edit_device(&pym::model::actor::Actor::system(), id, edit).await.map(drop) }
    });
    futures_util::future::try_join_all(edits).await.unwrap();
    let exported = site.get(&local(), "/api/v1/audit/export?action=device.edit").await.is(200);
    assert!(exported.header("content-type").starts_with("text/csv"));
    let lines: Vec<&str> = exported.text().lines().collect();
    assert_eq!((lines.len(), lines[0]), (1101, "number,time,actor,origin,action,target,outcome,detail"));
    let exported = site.get(&local(), "/api/v1/audit/export?format=jsonl&action=device").await.is(200);
    let number = |line: &str| serde_json::from_str::<Value>(line).unwrap()["number"].as_i64().unwrap();
    let numbers: Vec<i64> = exported.text().lines().map(number).collect();
    assert_eq!(numbers.len(), 1102);
    assert!(numbers.is_sorted_by(|a, b| a > b), "newest first, none twice");
    let listed = site.get(&local(), "/api/v1/audit?action=audit&outcome=done").await.is(200).json();
    assert_eq!(listed["total"], 2, "exports are audited");
    for nothing in ["outcome=refused", "until=2000-01-01T00:00:00Z", "target=nothing"] {
        assert_eq!(site.get(&local(), &format!("/api/v1/audit?{nothing}")).await.is(200).json()["total"], 0);
    }
    site.get(&local(), "/api/v1/audit/export?format=xml").await.is(400);
    site.get(&local(), "/api/v1/audit?outcome=odd").await.is(400);
    let viewer = bearer(&site.person("viewer").await);
    site.get(&viewer, "/api/v1/audit/export").await.is(403);
}

/// What a phone that has the key makes of the time, `steps` of 30 s from now (RFC 6238).
fn phone(secret: &str, steps: i64) -> String {
    const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let value =
        |piece: &[u8]| piece.iter().fold(0_u64, |bits, c| bits << 5 | BASE32.find(char::from(*c)).unwrap() as u64);
    let key: Vec<u8> = secret.as_bytes().chunks(8).flat_map(|piece| value(piece).to_be_bytes()[3..].to_vec()).collect();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().cast_signed();
    let key = pym::auth::totp::Key::from_bytes(key.try_into().unwrap());
    key.code(now / 30 + steps).expose().to_owned()
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_goes() {
    let site = Site::start().await;
    let viewer = bearer(&site.person("viewer").await);
    let path = "/api/v1/second-factor";
    assert_eq!(site.get(&viewer, path).await.is(200).json(), json!({ "enabled": false, "recovery_codes": 0 }));
    let wrong = site.send(&viewer, "POST", path, json!({ "password": "wrong horse" })).await.is(400);
    assert_eq!(wrong.json()["field"], "password");
    site.send(&viewer, "POST", &format!("{path}/confirm"), json!({ "code": "123456" })).await.is(409);
    let key = site.send(&viewer, "POST", path, json!({ "password": PASSWORD })).await.is(200).json();
    let secret = key["secret"].as_str().unwrap();
    assert!(key["uri"].as_str().unwrap().contains(secret));
    let wrong = site.send(&viewer, "POST", &format!("{path}/confirm"), json!({ "code": "<b>" })).await.is(400);
    assert_eq!(wrong.json()["field"], "code");
    let confirm = json!({ "code": phone(secret, -1) });
    let codes = site.send(&viewer, "POST", &format!("{path}/confirm"), confirm).await.is(200).json();
    let codes: Vec<_> = codes["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
    assert_eq!(codes.len(), 10);
    assert_eq!(site.get(&viewer, path).await.is(200).json()["enabled"], true, "this session goes on");
    let nobody = anonymous();
    let login = |code: Value| {
        let mut body = json!({ "name": "viewer", "password": PASSWORD });
        if !code.is_null() {
            body["code"] = code;
        }
        site.send(&nobody, "POST", "/api/v1/login", body)
    };
    let asked = login(Value::Null).await.is(401);
    assert_eq!(asked.json()["field"], "code");
    assert_eq!(asked.header("set-cookie"), "", "the password alone opens no door");
    for wrong in ["", "000000x", "' OR 1=1", "\u{0}"] {
        assert_eq!(login(json!(wrong)).await.is(401).json()["field"], "code");
    }
    let code = phone(secret, 0);
    login(json!(code)).await.is(200);
    login(json!(code)).await.is(401);
    login(json!(codes[0])).await.is(200);
    login(json!(codes[0])).await.is(401);
    assert_eq!(site.get(&local(), "/api/v1/users/viewer").await.is(200).json()["second_factor"], true);
    site.send(&viewer, "POST", &format!("{path}/recovery-codes"), json!({})).await.is(400);
    let renewed = json!({ "code": codes[1] });
    let renewed = site.send(&viewer, "POST", &format!("{path}/recovery-codes"), renewed).await.is(200).json();
    login(json!(codes[2])).await.is(401);
    login(renewed["recovery_codes"][0].clone()).await.is(200);
    site.raw(&viewer, "DELETE", "/api/v1/users/viewer/second-factor", "").await.is(403);
    site.raw(&local(), "DELETE", "/api/v1/users/viewer/second-factor", "").await.is(204);
    login(Value::Null).await.is(200);
    site.send(&viewer, "POST", &format!("{path}/disable"), json!({ "password": PASSWORD })).await.is(409);
}
