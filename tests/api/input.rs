//! Bad input: each answered clearly, and nothing of it repeated in a harmful way.

use serde_json::json;

use super::site::{Site, anonymous, local};

#[tokio::test]
async fn bodies_that_are_not_what_is_expected() {
    let site = Site::start().await;
    let json = local().with("content-type", "application/json; charset=utf-8");
    let deep = format!("{{\"type\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let wrong: &[(&str, &str, &str)] = &[
        ("", "", "EOF"),
        ("{", "", "line 1 column 1"),
        ("null", "", "invalid type: null"),
        ("[]", "", ""),
        ("{\"type\":\"raspberrypi\",}", "", "line 1"),
        ("{\"type\":7}", "type", "invalid type: integer `7`, expected a string"),
        ("{\"identifier\":\"a\"}", "", "missing field `type`"),
        ("{\"type\":\"raspberrypi\",\"colour\":1}", "colour", "unknown field `colour`"),
        ("{\"type\":\"raspberrypi\",\"ownership\":\"mine\"}", "ownership", "unknown variant `mine`"),
        ("{\"type\":\"raspberrypi\",\"properties\":[{\"name\":\"a\",\"value\":1}]}", "properties[0].value", "string"),
        ("{\"type\":\"a\"}{\"type\":\"b\"}", "", "trailing"),
        ("\u{feff}{}", "", ""),
        (&deep, "type", ""),
    ];
    for (body, field, words) in wrong {
        let problem = site.raw(&json, "POST", "/api/v1/devices", (*body).to_owned()).await.is(400).json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{detail}");
        assert_eq!(problem["field"].as_str().unwrap_or_default(), *field, "{detail}");
        assert!(detail.len() < 1000);
    }
    site.raw(&json, "POST", "/api/v1/devices", &b"{\"type\":\"\xff\"}"[..]).await.is(400);
    assert_eq!(site.get(&local(), "/api/v1/devices").await.json()["total"], 0);
}

#[tokio::test]
async fn bodies_of_the_wrong_type_or_size() {
    let site = Site::start().await;
    let body = json!({ "type": "raspberrypi" }).to_string();
    for kind in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""] {
        let caller = local().with("content-type", kind);
        let problem = site.raw(&caller, "POST", "/api/v1/devices", body.clone()).await.is(415).json();
        assert!(problem["detail"].as_str().unwrap().contains("application/json"));
    }
    site.raw(&local(), "POST", "/api/v1/devices", body).await.is(415);
    let huge = json!({ "type": "raspberrypi", "description": "x".repeat(2 << 20) });
    site.send(&local(), "POST", "/api/v1/devices", huge).await.is(413);
    let told = local().with("content-length", "1000000000");
    site.send(&told, "POST", "/api/v1/devices", json!({})).await.is(413);
}

#[tokio::test]
async fn names_that_would_lead_elsewhere() {
    let site = Site::start().await;
    let hostile = ["../../etc/passwd", "a\"b", "a'b", "\u{1b}[2J", "a\u{202e}b", "", "..", "a/b", "#", " a"];
    for identifier in hostile {
        let new = json!({ "type": "raspberrypi", "identifier": identifier });
        let problem = site.send(&local(), "POST", "/api/v1/devices", new).await.is(400).json();
        assert!(!problem["detail"].as_str().unwrap().contains(['\u{1b}', '\u{202e}']), "{problem}");
    }
    for segment in ["..%2F..%2Fetc%2Fpasswd", "raspberrypi:%1B%5B2J", "a%22b", "nothing", ":", "x:%E2%80%AE", "%00"] {
        for rest in ["", "/telemetry", "/operations"] {
            let answer = site.get(&local(), &format!("/api/v1/devices/{segment}{rest}")).await.is(404);
            assert!(!answer.json()["detail"].as_str().unwrap().contains(['\u{1b}', '\u{202e}', '\0']));
        }
    }
    site.get(&local(), "/api/v1/devices/%FF%FE").await.is(404);
    site.get(&local(), "/api/v1/groups/1%20OR%201=1").await.is(404);
    site.get(&local(), "/api/v1/activities/99999999999999999999").await.is(404);
    site.raw(&local(), "DELETE", "/api/v1/tokens/x", "").await.is(404);
    for text in ["%25", "%27%20OR%20%271", "_"] {
        assert_eq!(site.get(&local(), &format!("/api/v1/devices?text={text}")).await.is(200).json()["total"], 0);
    }
}

#[tokio::test]
async fn parameters_that_are_not_what_is_expected() {
    let site = Site::start().await;
    let device = site.pi("one").await["device"]["id"].as_str().unwrap().to_owned();
    let wrong = [
        ("/api/v1/devices?limit=0".to_owned(), "limit"),
        ("/api/v1/devices?limit=1001".to_owned(), "limit"),
        ("/api/v1/devices?limit=-1".to_owned(), "limit"),
        ("/api/v1/devices?limit=1&limit=2".to_owned(), "limit"),
        ("/api/v1/devices?limt=5".to_owned(), "limt"),
        ("/api/v1/devices?status=HAPPY".to_owned(), "status"),
        ("/api/v1/devices?sort=colour".to_owned(), "sort"),
        ("/api/v1/devices?group=x".to_owned(), "group"),
        ("/api/v1/devices?desc=perhaps".to_owned(), "desc"),
        ("/api/v1/devices?cursor=nonsense".to_owned(), "cursor"),
        ("/api/v1/devices?cursor=%00".to_owned(), "cursor"),
        ("/api/v1/operations?cursor=nonsense".to_owned(), "cursor"),
        ("/api/v1/activities?cursor=nonsense".to_owned(), "cursor"),
        ("/api/v1/activities?limit=101".to_owned(), "limit"),
        ("/api/v1/audit?before=x".to_owned(), "before"),
        ("/api/v1/audit?since=yesterday".to_owned(), "since"),
        (format!("/api/v1/devices/{device}/telemetry/a?from=soon"), "from"),
        (format!("/api/v1/devices/{device}/telemetry/a?limit=10001"), "limit"),
    ];
    for (target, field) in wrong {
        let problem = site.get(&local(), &target).await.is(400).json();
        assert_eq!(problem["field"], field, "{target}: {problem}");
    }
    site.get(&local(), &format!("/api/v1/devices?{}", "a=1&".repeat(1000))).await.is(400);
    for values in [json!({}), json!({ "a".repeat(65): 1 }), json!({ "": 1 }), json!({ "a": "x".repeat(5000) })] {
        let event = json!({ "values": values });
        site.send(&local(), "POST", &format!("/api/v1/devices/{device}/telemetry"), event).await.is(400);
    }
    for values in [json!({ "a": null }), json!({ "a": [1] }), json!({ "a": { "b": 1 } })] {
        let event = json!({ "values": values });
        site.send(&local(), "POST", &format!("/api/v1/devices/{device}/telemetry"), event).await.is(400);
    }
    let nowhere = json!({ "code": "bulb", "payload": "ON", "devices": [] });
    site.send(&local(), "POST", "/api/v1/activities", nowhere).await.is(400);
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there() {
    let site = Site::start().await;
    for target in ["/api/v1", "/api/v1/nothing", "/api/v1/devices/x/y/z", "/api/v1//devices", "/api/v1/%64evices"] {
        let answer = site.get(&anonymous(), target).await.is(404);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    let answer = site.raw(&anonymous(), "PUT", "/api/v1/devices", "").await.is(405);
    assert_eq!(answer.header("allow"), "GET, HEAD, POST, OPTIONS");
    site.raw(&anonymous(), "BREW", "/api/v1/devices", "").await.is(405);
    let options = site.raw(&anonymous(), "OPTIONS", "/api/v1/devices/x", "").await.is(204);
    assert_eq!(options.header("allow"), "GET, HEAD, PATCH, DELETE, OPTIONS");
    let get = site.get(&local(), "/api/v1/devices").await.is(200);
    let head = site.raw(&local(), "HEAD", "/api/v1/devices", "").await.is(200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    let elsewhere = site.open(&anonymous(), "GET", "/token", "").await;
    assert_eq!(elsewhere.status(), 405, "it is another door's");
    let unknown = pym::api::problem::recover(warp::reject::not_found()).await.unwrap();
    assert_eq!(unknown.headers()["content-type"], "application/problem+json");
}
