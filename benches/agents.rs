//! A thousand Android agents at once, against a real daemon: `benches/compare/agents` runs it.
//!
//! Each agent enrolls as the open Entgra agent does, keeps its connection, polls, and answers what it is told. Policies
//! are applied to all while they poll. In the end every operation that the server sent must have been done exactly once.
//! Then the agents poll as fast as they can.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench may panic"
)]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the figures are for people"
)]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use common::{Daemon, PASSWORD, setting};

const BASE: &str = "/api/device-mgt/android/v1.0";
/// Between two polls of an agent.
const INTERVAL: Duration = Duration::from_secs(10);
/// Policies applied to all agents, one after the other.
const POLICIES: u64 = 3;
/// How long the agents poll as fast as they can.
const RUSH: Duration = Duration::from_secs(10);
/// Agents that do so at once.
const RUSHING: usize = 64;

/// One kept connection.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::with_capacity(4096) }
    }

    /// One request, and the status and body of its answer.
    async fn ask(&mut self, method: &str, path: &str, authorization: &str, kind: &str, body: &str) -> (u16, String) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: pym\r\nUser-Agent: Mozilla/5.0 ( compatible ), Android\r\nAccept: */*\r\n\
             Authorization: {authorization}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
        self.buffer.clear();
        let head = loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            assert_ne!(self.stream.read_buf(&mut self.buffer).await.unwrap(), 0, "the connection ended");
        };
        let text = std::str::from_utf8(&self.buffer[..head]).unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
        });
        let whole = head + length.unwrap_or(0);
        while self.buffer.len() < whole {
            assert_ne!(self.stream.read_buf(&mut self.buffer).await.unwrap(), 0, "the connection ended");
        }
        (status, String::from_utf8(self.buffer[head..whole].to_vec()).unwrap())
    }

    /// The administrator's access token, as a script of the Entgra API gets it.
    async fn login(&mut self) -> String {
        let person = format!("Basic {}", BASE64_STANDARD.encode(format!("admin:{PASSWORD}")));
        let registration = json!({ "applicationName": "bench" });
        let client = self.json("POST", "/api-application-registration/register", &person, &registration).await;
        let pair = format!("{}:{}", client["client_id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());
        let form = format!("grant_type=password&username=admin&password={}", PASSWORD.replace(' ', "+"));
        let basic = format!("Basic {}", BASE64_STANDARD.encode(pair));
        let (status, token) = self.ask("POST", "/token", &basic, "application/x-www-form-urlencoded", &form).await;
        assert_eq!(status, 200, "{token}");
        let token: Value = serde_json::from_str(&token).unwrap();
        token["access_token"].as_str().unwrap().to_owned()
    }

    /// As [`Connection::ask`], in JSON, for what must succeed.
    async fn json(&mut self, method: &str, path: &str, authorization: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, answer) = self.ask(method, path, authorization, "application/json", &body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        serde_json::from_str(&answer).unwrap_or(Value::Null)
    }
}

/// What all agents found out.
#[derive(Default)]
struct Seen {
    /// For each agent, how often it has done each operation.
    done: Mutex<BTreeMap<(usize, i64), u32>>,
    /// Times of polls, in microseconds.
    polls: Mutex<Vec<u64>>,
    bundles: AtomicU64,
}

struct Agent {
    index: usize,
    connection: Connection,
    bearer: String,
    /// What it will report with its next poll.
    results: Vec<Value>,
}

impl Agent {
    fn identifier(index: usize) -> String {
        format!("{:016x}", 0xa11c_e000_0000_0000_u64 + index as u64)
    }

    /// Registers and enrolls, as an agent on a corporate device does with its administrator's token.
    async fn enroll(address: &str, index: usize, admin: &str) -> Self {
        let mut connection = Connection::open(address).await;
        let identifier = Self::identifier(index);
        let registration = json!({ "applicationName": format!("cdmf_android_{identifier}"), "tags": ["android"] });
        let client = connection
            .json("POST", "/api-application-registration/register", &format!("Bearer {admin}"), &registration)
            .await;
        let pair = format!("{}:{}", client["client_id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());
        let basic = format!("Basic {}", BASE64_STANDARD.encode(pair));
        let form =
            format!("grant_type=access_token&admin_access_token={admin}&scope=device_{identifier}+perm:android:enroll");
        let (status, token) =
            connection.ask("POST", "/token", &basic, "application/x-www-form-urlencoded", &form).await;
        assert_eq!(status, 200, "{token}");
        let token: Value = serde_json::from_str(&token).unwrap();
        let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
        let device = json!({
            "name": format!("phone {index}"), "description": "bench", "deviceIdentifier": identifier,
            "enrolmentInfo": { "ownership": "COPE", "owner": "admin" },
            "properties": [
                { "name": "SERIAL", "value": format!("S{index}") }, { "name": "IMEI", "value": null },
                { "name": "DEVICE_MODEL", "value": "Pixel 2" }, { "name": "VENDOR", "value": "Google" },
                { "name": "OS_VERSION", "value": "8.1" },
                { "name": "BATTERY_INFO", "value": "[{\"name\":\"BATTERY_LEVEL\",\"value\":\"80\"}]" },
            ],
        });
        connection.json("POST", &format!("{BASE}/devices/"), &bearer, &device).await;
        Self { index, connection, bearer, results: Vec::new() }
    }

    /// One poll: reports what was done, takes what is to do. Returns how many operations were new.
    async fn poll(&mut self, seen: &Seen) -> usize {
        let body = if self.results.is_empty() {
            String::new()
        } else {
            Value::from(std::mem::take(&mut self.results)).to_string()
        };
        let path = format!("{BASE}/devices/{}/pending-operations", Self::identifier(self.index));
        let begun = Instant::now();
        let (status, answer) = self.connection.ask("PUT", &path, &self.bearer, "application/json", &body).await;
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap();
        assert!(status == 200 || status == 201, "a poll was answered {status}: {answer}");
        seen.polls.lock().await.push(micros);
        let operations: Vec<Value> = serde_json::from_str(&answer).unwrap();
        for operation in &operations {
            let id = operation["id"].as_i64().unwrap();
            *seen.done.lock().await.entry((self.index, id)).or_default() += 1;
            let code = operation["code"].as_str().unwrap();
            let mut result = json!({ "id": id, "code": code, "type": operation["type"], "status": "COMPLETED" });
            match code {
                "POLICY_BUNDLE" => {
                    assert!(operation["payLoad"].is_array(), "{operation}");
                    seen.bundles.fetch_add(1, Ordering::Relaxed);
                }
                "MONITOR" => result["payLoad"] = json!([]),
                "APPLICATION_LIST" => {
                    let list = json!([{ "name": "Maps", "package": "com.example.maps", "version": "1", "isSystemApp": false, "isActive": true }]);
                    result["operationResponse"] = list.to_string().into();
                }
                "DEVICE_LOCATION" => {
                    result["operationResponse"] = json!({ "latitude": 6.9, "longitude": 79.8 }).to_string().into();
                }
                _ => {}
            }
            self.results.push(result);
        }
        operations.len()
    }
}

#[tokio::main]
async fn main() {
    // `cargo test` and `cargo bench` start every bench; this one takes minutes and is started on purpose.
    if std::env::var_os("PYM_BENCH_AGENTS").is_none() {
        println!("set PYM_BENCH_AGENTS to the number of agents, such as 1000, or run benches/compare/agents");
        return;
    }
    let count = setting("PYM_BENCH_AGENTS", 1000);
    let daemon = Daemon::start();
    let idle = daemon.memory().0;
    let mut operator = Connection::open(&daemon.address("http")).await;
    let admin = operator.login().await;
    let bearer = format!("Bearer {admin}");

    let begun = Instant::now();
    let mut agents = enroll(&daemon.address("http"), count, &admin).await;
    println!(
        "enrolled {count} agents in {:.1} s ({:.0} a second)",
        begun.elapsed().as_secs_f64(),
        count as f64 / begun.elapsed().as_secs_f64()
    );

    let seen = Arc::new(Seen::default());
    agents = steady(&daemon, &mut operator, &bearer, agents, &seen).await;
    settle(&mut agents, &seen).await;
    // The daemon has closed the one that was idle meanwhile.
    operator = Connection::open(&daemon.address("http")).await;
    check(&mut operator, &bearer, count, &seen).await;
    rush(&daemon, agents).await;
    let (now, peak) = daemon.memory();
    println!("memory: {idle:.1} MB idle, {now:.1} MB now, {peak:.1} MB at the peak (aim: 25)");
}

async fn enroll(address: &str, count: usize, admin: &str) -> Vec<Agent> {
    let mut agents = Vec::new();
    for first in (0..count).step_by(50) {
        let mut tasks = JoinSet::new();
        for index in first..(first + 50).min(count) {
            let (address, admin) = (address.to_owned(), admin.to_owned());
            tasks.spawn(async move { Agent::enroll(&address, index, &admin).await });
        }
        agents.extend(tasks.join_all().await);
    }
    agents
}

/// The agents poll every [`INTERVAL`], while policies are made and applied to all.
async fn steady(
    daemon: &Daemon,
    operator: &mut Connection,
    bearer: &str,
    agents: Vec<Agent>,
    seen: &Arc<Seen>,
) -> Vec<Agent> {
    let count = agents.len();
    let rounds = 2 + 2 * POLICIES;
    let mut tasks = JoinSet::new();
    for mut agent in agents {
        let seen = Arc::clone(seen);
        tasks.spawn(async move {
            // Spread over the interval, as agents that were started at different times are.
            tokio::time::sleep(INTERVAL.mul_f64(agent.index as f64 / count as f64)).await;
            let mut ticks = tokio::time::interval(INTERVAL);
            for _ in 0..rounds {
                ticks.tick().await;
                agent.poll(&seen).await;
            }
            agent
        });
    }
    let before = daemon.processor();
    let begun = Instant::now();
    for round in 1..=POLICIES {
        tokio::time::sleep(INTERVAL).await;
        let policy = json!({
            "name": format!("bench {round}"), "device_type": "android", "mode": "enforce",
            "features": [{ "code": "CAMERA", "content": { "enabled": round % 2 == 0 } },
                         { "code": "PASSCODE_POLICY", "content": { "minLength": 4 + round } }],
        });
        let made = operator.json("POST", "/api/v1/policies", bearer, &policy).await;
        let id = made["id"].as_str().unwrap();
        operator.json("POST", &format!("/api/v1/policies/{id}/activate"), bearer, &Value::Null).await;
        let order: Value = operator.json("GET", "/api/v1/policies", bearer, &Value::Null).await;
        let mut ids: Vec<Value> = order["items"].as_array().unwrap().iter().map(|each| each["id"].clone()).collect();
        ids.sort_by_key(|each| each != &made["id"]);
        operator.json("PUT", "/api/v1/policies/priorities", bearer, &json!({ "policies": ids })).await;
        operator.json("POST", "/api/v1/policies/apply", bearer, &Value::Null).await;
        tokio::time::sleep(INTERVAL).await;
    }
    let agents = tasks.join_all().await;
    let mut polls = std::mem::take(&mut *seen.polls.lock().await);
    let seconds = begun.elapsed().as_secs_f64();
    let share = (daemon.processor() - before) / seconds * 100.0;
    println!(
        "steady: {:.0} polls a second, {}, {share:.1} % of a core; {} policy bundles taken",
        polls.len() as f64 / seconds,
        times(&mut polls),
        seen.bundles.load(Ordering::Relaxed)
    );
    agents
}

/// The agents poll until nothing is left to do.
async fn settle(agents: &mut [Agent], seen: &Seen) {
    for agent in agents {
        while agent.poll(seen).await > 0 {}
    }
}

/// Every operation was done once by its device, and ended.
async fn check(operator: &mut Connection, bearer: &str, count: usize, seen: &Seen) {
    let done = seen.done.lock().await;
    let doubled = done.values().filter(|times| **times > 1).count();
    let mut ended = 0;
    let mut lost = 0;
    for index in 0..count {
        let path = format!("/api/v1/operations?device=android:{}&limit=1000", Agent::identifier(index));
        let page = operator.json("GET", &path, bearer, &Value::Null).await;
        for operation in page["items"].as_array().unwrap() {
            let number = operation["number"].as_i64().unwrap();
            match operation["status"].as_str().unwrap() {
                "COMPLETED" if done.contains_key(&(index, number)) => ended += 1,
                // A newer bundle took its place before the device had it.
                "CANCELLED" if !done.contains_key(&(index, number)) => {}
                _ => lost += 1,
            }
        }
    }
    println!("operations: {ended} done, {lost} lost, {doubled} doubled");
    assert_eq!((lost, doubled), (0, 0), "operations were lost or doubled");
    assert_eq!(ended, done.len(), "an operation was done that the server does not know");
}

/// Some agents poll as fast as they can, with nothing to do; beside it, as the ceiling of the machine and of this load,
/// they ask a web server at `PYM_BENCH_CEILING` that answers with a constant.
async fn rush(daemon: &Daemon, mut agents: Vec<Agent>) {
    let rushing = agents.drain(..RUSHING.min(agents.len())).collect();
    let before = daemon.processor();
    let (rate, count, text) = poll_fast(rushing).await;
    let each = (daemon.processor() - before) * 1e6 / count;
    println!("rush: {rate:.0} polls a second (aim: 3,000), {text}, {each:.0} µs of the daemon's processor time each");
    let Ok(address) = std::env::var("PYM_BENCH_CEILING") else { return };
    let mut constant = Vec::new();
    for index in 0..RUSHING {
        let connection = Connection::open(&address).await;
        constant.push(Agent { index, connection, bearer: "Bearer none".to_owned(), results: Vec::new() });
    }
    let (ceiling, _, text) = poll_fast(constant).await;
    println!("a constant answer: {ceiling:.0} a second, {text}; ratio {:.2}", rate / ceiling);
}

/// Polls a second, polls, and their times.
async fn poll_fast(agents: Vec<Agent>) -> (f64, f64, String) {
    let seen = Arc::new(Seen::default());
    let mut tasks = JoinSet::new();
    let begun = Instant::now();
    for mut agent in agents {
        let seen = Arc::clone(&seen);
        tasks.spawn(async move {
            while begun.elapsed() < RUSH {
                agent.poll(&seen).await;
            }
        });
    }
    tasks.join_all().await;
    let seconds = begun.elapsed().as_secs_f64();
    let mut polls = std::mem::take(&mut *seen.polls.lock().await);
    (polls.len() as f64 / seconds, polls.len() as f64, times(&mut polls))
}

fn times(polls: &mut [u64]) -> String {
    polls.sort_unstable();
    let at = |share: f64| polls[((polls.len() - 1) as f64 * share) as usize] as f64 / 1000.0;
    format!("p50 {:.1} ms, p99 {:.1} ms, worst {:.1} ms", at(0.5), at(0.99), at(1.0))
}
