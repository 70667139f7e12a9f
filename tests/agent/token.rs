//! Tokens that are bad, that expire, and that were revoked.

use crate::common::eventually;
use crate::site::Site;

const BAD: &str = "0123456789abcdef0123456789abcdef0123456789a";

#[test]
fn a_bad_token_is_refused_and_renewed_with_the_first_refresh_token() {
    let site = Site::start();
    let package = site.download("raspberrypi", "cellar");
    let refresh = package.keys()["refresh-token"].clone();
    package.set("auth-token", BAD);
    let agent = package.run(&[]);
    agent.wait_for("CONNACK 4", 1);
    agent.wait_for("got a new access token", 1);
    site.wait_for_status(&package.device(), "ACTIVE");
    drop(agent);
    // Spoiled again, it is renewed again, by the token that was used before.
    assert_eq!(package.keys()["refresh-token"], refresh);
    package.set("auth-token", BAD);
    site.wait_for_status(&package.device(), "UNREACHABLE");
    let agent = package.run(&[]);
    site.wait_for_status(&package.device(), "ACTIVE");
    assert_eq!((agent.said("CONNACK 4"), agent.said("got a new access token")), (1, 1));
    assert_eq!(site.counter("pym_mqtt_connections_refused_total{reason=\"credentials\"}"), 2);
}

#[test]
fn a_token_that_expires_is_renewed_again_and_again() {
    let mut site = Site::start();
    let package = site.download("raspberrypi", "garden");
    let refresh = package.keys()["refresh-token"].clone();
    // From now on tokens live for two seconds, and the agent learns it when it gets one.
    site.environment.push(("PYM_AUTH_ACCESS_TOKEN_TTL", "2".to_owned()));
    site = site.cut_power();
    package.set("auth-token", BAD);
    let agent = package.run(&[]);
    agent.wait_for("got a new access token", 3);

    // Off for longer than that, it comes back with a token that has expired.
    drop(agent);
    let bearer = format!("Bearer {}", package.keys()["auth-token"]);
    let own =
        format!("GET /api/device-mgt/v1.0/device/agent/pending/operations/raspberrypi/{}", package.keys()["deviceId"]);
    eventually("the token to expire", || site.http(&own, &bearer, "text/plain", "").0 == 401);
    let agent = package.run(&[]);
    agent.wait_for("CONNACK 4", 1);
    site.wait_for_status(&package.device(), "ACTIVE");
    assert_eq!(package.keys()["refresh-token"], refresh);
    let before = site.device(&package.device())["last_seen_at"].clone();
    eventually("the agent to report on", || site.device(&package.device())["last_seen_at"] != before);
}

#[test]
fn a_device_that_is_removed_is_put_out_and_stays_out() {
    let site = Site::start();
    let (package, neighbour) = (site.download("raspberrypi", "old"), site.download("raspberrypi", "new"));
    let agent = package.run(&[]);
    let other = neighbour.run(&[]);
    site.wait_for_status(&package.device(), "ACTIVE");
    site.wait_for_status(&neighbour.device(), "ACTIVE");
    let (status, answer) = site.daemon.request("DELETE", &format!("/api/v1/devices/{}", package.device()), "");
    assert!((200..300).contains(&status), "{status} {answer}");
    site.wait_for_status(&package.device(), "REMOVED");
    agent.wait_for("the server refused a new token", 2);
    assert_eq!(site.counter("pym_mqtt_connections"), 1);
    let device = site.device(&package.device());
    assert_eq!((&device["status"], &device["online"]), (&"REMOVED".into(), &false.into()));
    assert_eq!(other.said("connected to"), 1, "the neighbour noticed nothing");
    site.completes(&neighbour.device(), "bulb", Some("ON"));
}
