//! Policies on a device: the bundle, a violation, the bundle again, and the end of it.

use serde_json::{Value as Json, json};

use crate::agent::Agent;
use crate::common::eventually;
use crate::site::{PASSWORD, Site};

/// Makes a policy for every Android device that forbids the camera, and has it applied.
fn forbid_the_camera(site: &Site, mode: &str) -> Json {
    let policy = json!({
        "name": "no camera", "device_type": "android", "mode": mode, "active": true,
        "features": [{ "code": "CAMERA", "content": { "enabled": false } }],
    });
    let answer = site.ask(201, "POST", "/policies", &policy);
    site.ask(200, "POST", "/policies/apply", &Json::Null);
    answer
}

/// Polls until the agent was asked how it complies, and has answered.
fn is_asked(agent: &mut Agent) {
    eventually("the question about compliance", || {
        let operations = agent.poll();
        let asked = operations.iter().any(|operation| operation["code"] == "MONITOR");
        for operation in &operations {
            let result = agent.carry_out(operation);
            agent.results.push(result);
        }
        asked
    });
    agent.work();
}

fn forbids_the_camera() -> Vec<(String, Json)> {
    vec![("CAMERA".to_owned(), json!({ "enabled": false }))]
}

#[test]
fn a_policy_is_applied_violated_enforced_and_revoked() {
    let site = Site::start_with(&[("PYM_POLICY_MONITOR_INTERVAL", "1")]);
    let mut agent = site.agent("9011c1e500000001");
    agent.join("admin", PASSWORD);
    agent.work();
    assert_eq!(agent.policy, []);
    let policy = forbid_the_camera(&site, "enforce");
    agent.work();
    assert_eq!(agent.policy, forbids_the_camera());

    is_asked(&mut agent);
    let compliance = |agent: &Agent| site.get(&format!("/devices/android:{}/compliance", agent.identifier));
    assert_eq!(compliance(&agent)["compliant"], true, "{}", compliance(&agent));

    agent.obedient = false;
    let bundles =
        |agent: &Agent| site.operations(agent).iter().filter(|operation| operation["code"] == "POLICY_BUNDLE").count();
    let before = bundles(&agent);
    is_asked(&mut agent);
    eventually("the bundle to be sent again", || {
        agent.work();
        bundles(&agent) > before
    });
    agent.obedient = true;
    eventually("the device to comply", || {
        agent.work();
        compliance(&agent)["compliant"] == true
    });
    assert_eq!(agent.policy, forbids_the_camera());

    let id = policy["id"].as_str().unwrap();
    site.ask(204, "POST", &format!("/policies/{id}/deactivate"), &Json::Null);
    site.ask(200, "POST", "/policies/apply", &Json::Null);
    agent.work();
    assert_eq!(agent.policy, []);
    agent.leave();
}

#[test]
fn a_device_that_enrolls_gets_its_policy_and_gets_it_anew_when_it_comes_back() {
    let site = Site::start();
    forbid_the_camera(&site, "enforce");
    let mut agent = site.agent("9011c1e500000002");
    agent.stutters = true;
    for _ in 0..2 {
        agent.policy.clear();
        agent.seen.clear();
        agent.join("admin", PASSWORD);
        agent.work();
        assert_eq!(agent.policy, forbids_the_camera());
        assert_eq!(agent.seen.len(), 4, "facts, applications, location, policy: {:?}", agent.seen);
        agent.leave();
    }
}

#[test]
fn a_phone_that_was_reset_and_never_left_gets_its_policy_anew() {
    let site = Site::start();
    forbid_the_camera(&site, "enforce");
    let mut agent = site.agent("9011c1e500000003");
    agent.join("admin", PASSWORD);
    agent.work();
    let mut reset = site.agent("9011c1e500000003");
    reset.join("admin", PASSWORD);
    reset.work();
    assert_eq!(reset.policy, forbids_the_camera());
}
