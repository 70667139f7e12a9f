//! A site with an administrator, whom the test asks over the control socket.

use serde_json::{Value as Json, json};

use crate::agent::Agent;
use crate::common::Daemon;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A daemon with an administrator.
pub(crate) struct Site {
    pub(crate) daemon: Daemon,
}

impl Site {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// As [`Site::start`], with more in the environment of the daemon.
    pub(crate) fn start_with(more: &[(&str, &str)]) -> Self {
        let daemon = Daemon::start_with(|command| {
            command.env("PYM_ADMIN_PASSWORD", PASSWORD).envs(more.iter().copied());
        });
        Self { daemon }
    }

    /// A device whose agent has done nothing yet.
    pub(crate) fn agent(&self, identifier: &str) -> Agent {
        Agent::new(self.daemon.http(), identifier)
    }

    /// An answer of the own API that has this status.
    pub(crate) fn ask(&self, status: u16, method: &str, path: &str, body: &Json) -> Json {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (got, answer) = self.daemon.request(method, &format!("/api/v1{path}"), &body);
        assert_eq!(got, status, "{method} {path} {body}: {answer}");
        serde_json::from_str(&answer).unwrap_or(Json::Null)
    }

    pub(crate) fn get(&self, path: &str) -> Json {
        self.ask(200, "GET", path, &Json::Null)
    }

    /// A device as the own API shows it.
    pub(crate) fn device(&self, agent: &Agent) -> Json {
        self.get(&format!("/devices/android:{}", agent.identifier))
    }

    /// A property of a device; null where it has none.
    pub(crate) fn property(&self, agent: &Agent, name: &str) -> Json {
        let device = self.device(agent);
        let properties = device["properties"].as_array().unwrap();
        properties.iter().find(|property| property["name"] == name).map_or(Json::Null, |found| found["value"].clone())
    }

    /// Sends an operation to devices: the activity.
    pub(crate) fn send(&self, agents: &[&Agent], code: &str, payload: Option<&Json>) -> Json {
        let ids: Vec<_> = agents.iter().map(|agent| self.device(agent)["id"].clone()).collect();
        let mut activity = json!({ "code": code, "devices": ids });
        if let Some(payload) = payload {
            activity["payload"] = payload.to_string().into();
        }
        self.ask(201, "POST", "/activities", &activity)
    }

    /// A device's operations, the newest first.
    pub(crate) fn operations(&self, agent: &Agent) -> Vec<Json> {
        let id = self.device(agent)["id"].as_str().unwrap().to_owned();
        self.get(&format!("/operations?device={id}&limit=1000"))["items"].as_array().unwrap().clone()
    }

    /// How a device's operation of that number stands.
    pub(crate) fn operation(&self, agent: &Agent, number: &Json) -> Json {
        let operations = self.operations(agent);
        operations.into_iter().find(|operation| operation["number"] == *number).unwrap()
    }
}
