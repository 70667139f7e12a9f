//! Several devices at once.

use std::thread;

use serde_json::{Value as Json, json};

use crate::agent::Agent;
use crate::site::{PASSWORD, Site};

/// Devices at work side by side.
const DEVICES: usize = 8;

#[test]
fn several_devices_live_side_by_side_and_nothing_is_lost_or_doubled() {
    let site = Site::start();
    let mut agents: Vec<Agent> = (0..DEVICES).map(|n| site.agent(&format!("ca11ab1e{n:04}"))).collect();
    thread::scope(|scope| {
        for agent in &mut agents {
            scope.spawn(|| {
                agent.stutters = true;
                agent.join("admin", PASSWORD);
                agent.work();
            });
        }
    });
    let everyone: Vec<&Agent> = agents.iter().collect();
    let message = json!({ "messageTitle": "t", "messageText": "x" });
    for (code, payload) in [("DEVICE_RING", None), ("NOTIFICATION", Some(&message)), ("NOTIFICATION", Some(&message))] {
        site.send(&everyone, code, payload);
    }
    thread::scope(|scope| {
        for agent in &mut agents {
            scope.spawn(|| agent.work());
        }
    });
    for agent in &agents {
        let operations = site.operations(agent);
        // Three of the enrollment, three of the operator; a profile is not merged with the one before.
        assert_eq!((operations.len(), agent.seen.len()), (6, 6), "{}: {:?}", agent.identifier, agent.seen);
        for operation in &operations {
            assert_eq!(operation["status"], "COMPLETED", "{operation}");
            assert_eq!(operation["responses"].as_array().unwrap().len(), 1, "{operation}");
        }
    }
    thread::scope(|scope| {
        for agent in &mut agents {
            scope.spawn(|| agent.leave());
        }
    });
    let gone = site.get("/devices?status=REMOVED");
    assert_eq!(gone["total"], Json::from(DEVICES));
}
