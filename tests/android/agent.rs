//! The agent: one device, its HTTP client with the habits of Volley, and what it does with an answer.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value as Json, json};

use crate::common::PATIENCE;

const USER_AGENT: &str = "Mozilla/5.0 ( compatible ), Android";
pub(crate) const BASE: &str = "/api/device-mgt/android/v1.0";

/// An answer: status, media type, body.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) media_type: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// One connection that is kept open, as Volley's stack does, and opened again when the server has closed it.
struct Http {
    to: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
}

impl Http {
    fn send(&mut self, line: &str, headers: &[(&str, String)], body: Option<&str>) -> Answer {
        let reused = self.connection.is_some();
        match self.exchange(line, headers, body) {
            Some(answer) => answer,
            None if reused => {
                self.connection = None;
                self.exchange(line, headers, body).unwrap_or_else(|| panic!("{line}: no answer"))
            }
            None => panic!("{line}: no answer"),
        }
    }

    fn exchange(&mut self, line: &str, headers: &[(&str, String)], body: Option<&str>) -> Option<Answer> {
        let to = self.to;
        let connection = self.connection.get_or_insert_with(|| {
            let stream = TcpStream::connect(to).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            BufReader::new(stream)
        });
        let mut request =
            format!("{line} HTTP/1.1\r\nHost: {to}\r\nConnection: Keep-Alive\r\nAccept-Encoding: identity\r\n");
        for (name, value) in headers {
            write!(request, "{name}: {value}\r\n").unwrap();
        }
        if let Some(body) = body {
            write!(request, "Content-Length: {}\r\n", body.len()).unwrap();
        }
        request.push_str("\r\n");
        request.push_str(body.unwrap_or_default());
        connection.get_mut().write_all(request.as_bytes()).ok()?;
        let mut status = String::new();
        connection.read_line(&mut status).ok().filter(|read| *read > 0)?;
        let (mut length, mut media_type, mut closes) = (0, String::new(), false);
        loop {
            let mut header = String::new();
            connection.read_line(&mut header).ok().filter(|read| *read > 0)?;
            let header = header.trim_end();
            if header.is_empty() {
                break;
            }
            let (name, value) = header.split_once(": ").unwrap();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap(),
                "content-type" => value.clone_into(&mut media_type),
                "connection" => closes = value.eq_ignore_ascii_case("close"),
                "transfer-encoding" => panic!("{line}: the answer has no length"),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        connection.read_exact(&mut body).ok()?;
        if closes {
            self.connection = None;
        }
        let status = status.split(' ').nth(1).unwrap().parse().unwrap();
        Some(Answer { status, media_type, body: String::from_utf8(body).unwrap() })
    }
}

/// A device with the agent on it.
pub(crate) struct Agent {
    http: Http,
    pub(crate) identifier: String,
    /// Every request that changes something goes out twice, as after a time-out.
    pub(crate) stutters: bool,
    client: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) expires_in: u64,
    /// What it will report with its next poll.
    pub(crate) results: Vec<Json>,
    /// The operations it was given, each once.
    pub(crate) seen: Vec<i64>,
    /// Whether its camera obeys what the policy says.
    pub(crate) obedient: bool,
    /// The policy it has: code and payload of each feature.
    pub(crate) policy: Vec<(String, Json)>,
}

impl Agent {
    pub(crate) fn new(to: SocketAddr, identifier: &str) -> Self {
        Self {
            http: Http { to, connection: None },
            identifier: identifier.to_owned(),
            stutters: false,
            client: String::new(),
            access_token: String::new(),
            refresh_token: String::new(),
            expires_in: 0,
            results: Vec::new(),
            seen: Vec::new(),
            obedient: true,
            policy: Vec::new(),
        }
    }

    /// A call with the Bearer token, sent twice when the agent stutters; the second answer counts.
    pub(crate) fn call(&mut self, line: &str, body: Option<&str>) -> Answer {
        let headers = [
            ("Content-Type", "application/json".to_owned()),
            ("Accept", "*/*".to_owned()),
            ("User-Agent", USER_AGENT.to_owned()),
            ("Authorization", format!("Bearer {}", self.access_token)),
        ];
        let answer = self.http.send(line, &headers, body);
        if self.stutters && !line.starts_with("GET") {
            let again = self.http.send(line, &headers, body);
            assert_eq!(answer.status, again.status, "{line} sent twice: {answer:?}, {again:?}");
            return again;
        }
        answer
    }

    /// Registers its client: 201 and nothing else.
    pub(crate) fn register(&mut self, user: &str, password: &str) {
        let credentials = BASE64_STANDARD.encode(format!("{user}:{password}"));
        self.register_as(&format!("Basic {credentials}"));
    }

    /// As on corporate devices: with an administrator's token.
    pub(crate) fn register_as(&mut self, authorization: &str) {
        let body = format!(
            "{{\"applicationName\":\"cdmf_android_{}\",\"tags\":[\"android\"],\"isAllowedToAllDomains\":false,\
             \"isMappingAnExistingOAuthApp\":false,\"consumerKey\":null,\"consumerSecret\":null,\
             \"allowedToAllDomains\":false,\"mappingAnExistingOAuthApp\":false}}",
            self.identifier
        );
        let headers = [
            ("Content-Type", "application/json".to_owned()),
            ("Accept", "*/*".to_owned()),
            ("User-Agent", USER_AGENT.to_owned()),
            ("Authorization", authorization.to_owned()),
        ];
        let line = "POST /api-application-registration/register";
        let mut answer = self.http.send(line, &headers, Some(&body));
        if self.stutters {
            answer = self.http.send(line, &headers, Some(&body));
        }
        assert_eq!(answer.status, 201, "{answer:?}");
        let client = answer.json();
        let (id, secret) = (client["client_id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());
        self.client = format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")));
    }

    /// Asks for a token; what the agent reads of the answer must be there.
    pub(crate) fn log_in(&mut self, user: &str, password: &str) {
        let scope = format!(
            "device_{} default appm:read perm:android:enroll perm:android:disenroll perm:android:view-configuration \
             perm:android:manage-configuration",
            self.identifier
        );
        let form = form(&[("grant_type", "password"), ("username", user), ("password", password), ("scope", &scope)]);
        self.token(&form);
    }

    /// As on corporate devices.
    pub(crate) fn log_in_with(&mut self, admin_token: &str) {
        self.token(&form(&[("grant_type", "access_token"), ("admin_access_token", admin_token)]));
    }

    /// At 90 % of a token's life.
    pub(crate) fn refresh(&mut self) {
        let token = self.refresh_token.clone();
        self.token(&form(&[("grant_type", "refresh_token"), ("refresh_token", &token)]));
    }

    /// The answer of the token endpoint, whatever it is.
    pub(crate) fn ask_token(&mut self, form: &str) -> Answer {
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8".to_owned()),
            ("User-Agent", USER_AGENT.to_owned()),
            ("Authorization", self.client.clone()),
        ];
        self.http.send("POST /token", &headers, Some(form))
    }

    fn token(&mut self, form: &str) {
        let answer = self.ask_token(form);
        assert_eq!(answer.status, 200, "{answer:?}");
        let token = answer.json();
        token["access_token"].as_str().unwrap().clone_into(&mut self.access_token);
        token["refresh_token"].as_str().unwrap().clone_into(&mut self.refresh_token);
        let life = &token["expires_in"];
        self.expires_in = life.as_u64().or_else(|| life.as_str()?.parse().ok()).unwrap();
    }

    /// License and configuration: text that is not empty; names and values that are text. Returns the milliseconds
    /// between two polls.
    pub(crate) fn configure(&mut self) -> u64 {
        let license = self.call(&format!("GET {BASE}/configuration/license"), None);
        assert_eq!((license.status, license.body.is_empty()), (200, false), "{license:?}");
        assert!(license.media_type.starts_with("text/plain"), "{license:?}");
        let answer = self.call(&format!("GET {BASE}/configuration/"), None);
        assert_eq!(answer.status, 200, "{answer:?}");
        let configuration = answer.json();
        let entries = configuration["configuration"].as_array().unwrap();
        let entry = |name: &str| {
            entries.iter().find(|entry| entry["name"].as_str().unwrap() == name).unwrap()["value"].as_str().unwrap()
        };
        assert_eq!(entry("notifierType"), "1");
        entry("notifierFrequency").parse().unwrap()
    }

    /// The device as the agent's `DeviceInfoPayload` writes it: facts, and lists of facts as text.
    pub(crate) fn device(&self) -> Json {
        let list = |facts: &[(&str, &str)]| {
            let facts: Vec<_> = facts.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
            Json::from(Json::from(facts).to_string())
        };
        json!({
            "description": "walleye",
            "name": "walleye",
            "deviceIdentifier": self.identifier,
            "enrolmentInfo": { "ownership": "BYOD", "owner": "somebody" },
            "properties": [
                { "name": "SERIAL", "value": "FA7AL1A03214" },
                { "name": "IMEI", "value": "358240051111110" },
                { "name": "IMSI", "value": null },
                { "name": "MAC", "value": "" },
                { "name": "DEVICE_MODEL", "value": "Pixel 2" },
                { "name": "VENDOR", "value": "Google" },
                { "name": "OS_VERSION", "value": "8.1.0" },
                { "name": "OS_BUILD_DATE", "value": "1513646400000" },
                { "name": "DEVICE_NAME", "value": "walleye" },
                { "name": "LATITUDE", "value": "6.9016" },
                { "name": "LONGITUDE", "value": "79.8612" },
                { "name": "FCM_TOKEN", "value": null },
                { "name": "NETWORK_INFO", "value": list(&[("WIFI_SSID", "lobby"), ("CONNECTION_TYPE", "WIFI")]) },
                { "name": "CPU_INFO", "value": list(&[("User", "14"), ("System", "7")]) },
                { "name": "RAM_INFO", "value": list(&[("TOTAL_MEMORY", "3.64"), ("LOW_MEMORY", "false")]) },
                { "name": "BATTERY_INFO", "value": list(&[("BATTERY_LEVEL", "42"), ("HEALTH", "GOOD")]) },
                { "name": "DEVICE_INFO", "value": list(&[("INTERNAL_TOTAL_MEMORY", "52.1"), ("PASSCODE_ENABLED", "true")]) },
            ]
        })
    }

    /// Enrolls: 201, or 200.
    pub(crate) fn enroll(&mut self) {
        let body = self.device().to_string();
        let answer = self.call(&format!("POST {BASE}/devices/"), Some(&body));
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    /// From nothing to polling.
    pub(crate) fn join(&mut self, user: &str, password: &str) {
        self.register(user, password);
        self.log_in(user, password);
        self.configure();
        self.enroll();
        assert_eq!(self.status(), 200);
    }

    /// At every resume of the application.
    pub(crate) fn status(&mut self) -> u16 {
        let path = format!("GET {BASE}/devices/{}/status", self.identifier);
        self.call(&path, None).status
    }

    /// One poll: results up, operations down. The operations as they came.
    pub(crate) fn poll(&mut self) -> Vec<Json> {
        let results = std::mem::take(&mut self.results);
        let body = if results.is_empty() { String::new() } else { Json::from(results).to_string() };
        let answer = self.poll_with(&body);
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
        let operations = answer.json();
        operations.as_array().unwrap().clone()
    }

    pub(crate) fn poll_with(&mut self, body: &str) -> Answer {
        self.call(&format!("PUT {BASE}/devices/{}/pending-operations", self.identifier), Some(body))
    }

    /// Polls, does what it is told and keeps the results for the next poll, until there is nothing more to do.
    pub(crate) fn work(&mut self) {
        for _ in 0..10 {
            let operations = self.poll();
            if operations.is_empty() {
                return;
            }
            check_order(&operations);
            for operation in &operations {
                let result = self.carry_out(operation);
                self.results.push(result);
            }
        }
        panic!("the server does not take results: {:?}", self.results);
    }

    /// What the agent's operation processor does, as far as the server can see.
    pub(crate) fn carry_out(&mut self, operation: &Json) -> Json {
        let id = operation["id"].as_i64().unwrap();
        assert!(id > 0 && operation["status"].is_string(), "{operation}");
        assert!(operation["enabled"].is_boolean() && operation["isEnabled"].is_boolean(), "{operation}");
        if !self.seen.contains(&id) {
            self.seen.push(id);
        }
        let mut result = operation.clone();
        result["status"] = "COMPLETED".into();
        let code = operation["code"].as_str().unwrap();
        match code {
            "APPLICATION_LIST" => result["operationResponse"] = APPLICATIONS.into(),
            "DEVICE_LOCATION" => {
                let place = json!({ "latitude": 6.9271, "longitude": 79.8612, "city": "Colombo", "country": "Sri Lanka",
                    "street1": "Palm Grove", "zip": "00300" });
                result["operationResponse"] = place.to_string().into();
            }
            "DEVICE_INFO" => result["operationResponse"] = self.device().to_string().into(),
            "LOGCAT" => result["operationResponse"] = "--------- beginning of main\nI/x: it's <fine>".into(),
            "POLICY_BUNDLE" => {
                let features = operation["payLoad"].as_array().unwrap_or_else(|| panic!("no list: {operation}"));
                self.policy = features.iter().map(feature).collect();
            }
            "POLICY_REVOKE" => self.policy.clear(),
            "MONITOR" => result["payLoad"] = self.violations(),
            _ if !operation["payLoad"].is_null() => {
                let payload = operation["payLoad"].as_str().unwrap_or_else(|| panic!("no text: {operation}"));
                serde_json::from_str::<Json>(payload).unwrap();
            }
            _ => {}
        }
        result
    }

    fn violations(&self) -> Json {
        let cameras = self.policy.iter().filter(|(code, _)| code == "CAMERA" && !self.obedient);
        let violation = |_| json!({ "featureCode": "CAMERA", "compliance": false, "message": "the camera is in use" });
        Json::from(cameras.map(violation).collect::<Vec<_>>())
    }

    /// Un-enrolls: exactly 200; then drops its client, whatever is answered.
    pub(crate) fn leave(&mut self) -> Answer {
        let answer = self.call(&format!("DELETE {BASE}/devices/{}", self.identifier), None);
        assert_eq!(answer.status, 200, "{answer:?}");
        let name = format!("cdmf_android_{}", self.identifier);
        self.call(&format!("DELETE /api-application-registration/unregister?applicationName={name}"), None)
    }
}

/// What the agent reports of its applications: names URL-encoded.
const APPLICATIONS: &str = r#"[{"name":"Angry%20Birds","package":"com.rovio.angrybirds","version":"3.1","isSystemApp":false,"isActive":true,"USS":1024},{"name":"Camera","package":"com.android.camera","version":"1","isSystemApp":true,"isActive":false,"USS":0}]"#;

fn feature(feature: &Json) -> (String, Json) {
    let payload = feature["payLoad"].as_str().map_or(Json::Null, |text| serde_json::from_str(text).unwrap());
    (feature["code"].as_str().unwrap().to_owned(), payload)
}

pub(crate) fn check_order(operations: &[Json]) {
    let ids: Vec<_> = operations.iter().map(|operation| operation["id"].as_i64().unwrap()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
}

pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
