//! Policies' versions and the compliance report, over both the document and the real store.

use serde_json::json;

use super::site::{Site, bearer, local};

#[tokio::test]
async fn versions_are_compared_and_secrets_stay_masked() {
    let site = Site::start().await;
    let policy = |mode: &str, password: &str| {
        json!({
            "name": "Network", "device_type": "android", "mode": mode,
            "features": [{ "code": "WIFI", "content": { "ssid": "site", "password": password } }],
        })
    };
    let made = site.send(&local(), "POST", "/api/v1/policies", policy("warn", "hunter1")).await.is(201).json();
    let path = format!("/api/v1/policies/{}", made["id"].as_str().unwrap());
    site.send(&local(), "PUT", &path, policy("block", "hunter2")).await.is(200);
    let reader = bearer(&site.token(&["read"]).await);
    let target = format!("{path}/versions/2/difference");
    let told = site.get(&reader, &target).await.is(200).json();
    let masked = json!({ "path": ["features", "WIFI", "password"], "before": "***", "after": "***" });
    assert_eq!(told["changes"], json!([{ "path": ["mode"], "before": "warn", "after": "block" }, masked]));
    let told = site.get(&local(), &format!("{target}?from=1")).await.is(200).json();
    assert_eq!((&told["changes"][1]["before"], &told["changes"][1]["after"]), (&json!("hunter1"), &json!("hunter2")));
    site.get(&reader, &format!("{target}?from=7")).await.is(404);
    site.get(&reader, &format!("{target}?from=x")).await.is(400);
    site.get(&reader, &format!("{path}/versions/1/difference")).await.is(404);
}

#[tokio::test]
async fn a_report_is_narrowed_paged_and_written_to_a_file_without_formulas() {
    let site = Site::start().await;
    for (identifier, name) in [("p1", "=1+1"), ("p2", "plain")] {
        let new = json!({ "type": "android", "identifier": identifier, "name": name });
        site.send(&local(), "POST", "/api/v1/devices", new).await.is(201);
    }
    let policy = json!({
        "name": "No camera", "device_type": "android", "active": true,
        "features": [{ "code": "CAMERA", "content": { "enabled": false } }],
    });
    let made = site.send(&local(), "POST", "/api/v1/policies", policy).await.is(201).json();
    site.raw(&local(), "POST", "/api/v1/policies/apply", "").await.is(200);
    let sent = site.get(&local(), "/api/v1/devices/android:p1/operations?code=POLICY_BUNDLE").await.is(200).json();
    let cancel = format!("/api/v1/operations/{}/cancel", sent["items"][0]["id"].as_str().unwrap());
    site.raw(&local(), "POST", &cancel, "").await.is(200);
    let reader = bearer(&site.token(&["read"]).await);
    let report = site.get(&reader, "/api/v1/compliance").await.is(200).json();
    assert_eq!((&report["total"], &report["counts"]["unknown"]), (&json!(0), &json!(2)), "no violation yet");
    assert_eq!(report["policies"][0]["untold"], 1);
    assert_eq!(report["features"][0]["unknown"], 2);
    let id = made["id"].as_str().unwrap();
    let all = format!("/api/v1/compliance?state=all&policy={id}&feature=CAMERA&type=android&limit=1");
    let first = site.get(&reader, &all).await.is(200).json();
    assert_eq!(first["items"][0]["compliance"]["untold"]["status"], "CANCELLED");
    let next = format!("{all}&cursor={}", first["next"].as_str().unwrap());
    let second = site.get(&reader, &next).await.is(200).json();
    assert_eq!(
        (&second["items"][0]["identifier"], &second["items"][0]["compliance"]["underway"]),
        (&json!("p2"), &json!(true))
    );
    let told = site.get(&reader, "/api/v1/devices/android:p1/policy").await.is(200).json();
    assert_eq!((&told["untold"]["status"], &told["pending"]), (&json!("CANCELLED"), &json!(true)));
    let file = site.get(&reader, "/api/v1/compliance/export?state=unknown&q=type:android").await.is(200);
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"compliance.csv\"");
    let lines: Vec<_> = file.text().split("\r\n").collect();
    assert_eq!((lines.len(), lines[0].split(',').count()), (4, 12));
    assert!(lines[1].starts_with(r#""android","p1","'=1+1","#), "{lines:?}");
    assert!(lines[2].starts_with(r#""android","p2","plain","#), "{lines:?}");
    for wrong in ["state=no", "policy=1", "q=type:", "typo=1", "cursor=x"] {
        site.get(&reader, &format!("/api/v1/compliance?{wrong}")).await.is(400);
    }
    site.get(&reader, "/api/v1/compliance/export?cursor=1").await.is(400);
}
