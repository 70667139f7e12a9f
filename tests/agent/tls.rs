//! MQTT over TLS, with the site's own authority.

use std::process::{Command, Output};

use crate::common::eventually;
use crate::site::{Package, Program, Site};

/// One of Mosquitto's clients on the TLS port, trusting the authority in `ca`.
fn mosquitto(program: &str, site: &Site, package: &Package, ca: &str, arguments: &[&str]) -> Output {
    let output = command(program, site, package, ca, arguments).output();
    output.unwrap_or_else(|error| panic!("{program} (Debian package mosquitto-clients): {error}"))
}

fn command(program: &str, site: &Site, package: &Package, ca: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(["-h", "127.0.0.1", "-p", &site.daemon.mqtts().port().to_string()]);
    command.args(["-u", &package.keys()["auth-token"], "--cafile", ca, "-q", "1"]).args(arguments);
    command
}

#[test]
fn the_agent_needs_nothing_but_its_package() {
    let site = Site::start();
    let package = site.download("raspberrypi", "safe");
    let broker = format!("ssl://{}", site.daemon.mqtts());
    let _agent = package.run(&["--tls", "--mqtt", &broker]);
    site.wait_for_status(&package.device(), "ACTIVE");
    eventually("the temperature", || site.metric(&package.device(), "temperature").is_number());
    site.completes(&package.device(), "bulb", Some("ON"));
}

#[test]
fn an_agent_that_trusts_another_site_keeps_its_token_to_itself() {
    let (site, other) = (Site::start(), Site::start());
    let (package, stranger) = (site.download("raspberrypi", "safe"), other.download("raspberrypi", "far"));
    let foreign = stranger.path("ca.pem");
    let broker = format!("ssl://{}", site.daemon.mqtts());
    let agent = package.run(&["--tls", "--mqtt", &broker, "--ca", foreign.to_str().unwrap()]);
    agent.wait_for("certificate verify failed", 1);
    assert_eq!(site.counter("pym_mqtt_connections_accepted_total"), 0);
}

#[test]
fn mosquitto_speaks_tls_with_the_authority_that_the_site_gives_away() {
    let site = Site::start();
    let (package, other) = (site.download("raspberrypi", "one"), site.download("raspberrypi", "two"));
    let (status, ca) = site.http("GET /ca.pem", "none", "text/plain", "");
    assert_eq!(status, 200);
    let file = package.path("authority.pem");
    std::fs::write(&file, ca).unwrap();
    let ca = file.to_str().unwrap();
    let topic = format!("carbon.super/raspberrypi/{}/note", package.keys()["deviceId"]);
    let publish = ["-t", &topic, "-m", "hello", "-r"];
    let subscribe = ["-t", &topic, "-C", "1", "-W", "30"];
    let published = mosquitto("mosquitto_pub", &site, &package, ca, &publish);
    assert!(published.status.success(), "{published:?}");
    let heard = mosquitto("mosquitto_sub", &site, &package, ca, &subscribe);
    assert_eq!(String::from_utf8_lossy(&heard.stdout), "hello\n", "{heard:?}");

    // Another device hears nothing of it, and cannot replace it.
    let refused = mosquitto("mosquitto_sub", &site, &other, ca, &subscribe);
    assert!(refused.stdout.is_empty(), "{refused:?}");
    assert_eq!(site.counter("pym_mqtt_denied_total"), 1);
    mosquitto("mosquitto_pub", &site, &other, ca, &["-t", &topic, "-m", "forged", "-r"]);
    assert_eq!(site.counter("pym_mqtt_denied_total"), 2);
    let heard = mosquitto("mosquitto_sub", &site, &package, ca, &subscribe);
    assert_eq!(String::from_utf8_lossy(&heard.stdout), "hello\n", "{heard:?}");
}

#[test]
fn the_will_of_a_client_that_dies_is_heard_and_kept() {
    let site = Site::start();
    let package = site.download("raspberrypi", "porch");
    let ca = package.path("ca.pem");
    let ca = ca.to_str().unwrap();
    let prefix = format!("carbon.super/raspberrypi/{}", package.keys()["deviceId"]);
    let (all, will) = (format!("{prefix}/#"), format!("{prefix}/gone"));
    let last_words = ["-t", &all, "--will-topic", &will, "--will-payload", "farewell", "--will-qos", "2"];
    let mut client = command("mosquitto_sub", &site, &package, ca, &[&last_words[..], &["--will-retain"]].concat());
    let client = Program::start(&mut client, &package.path("."));
    site.wait_for_status(&package.device(), "ACTIVE");
    drop(client);
    site.wait_for_status(&package.device(), "UNREACHABLE");
    // Whoever comes later finds it retained.
    let heard = mosquitto("mosquitto_sub", &site, &package, ca, &["-t", &will, "-C", "1", "-W", "30", "-F", "%r %p"]);
    assert_eq!(String::from_utf8_lossy(&heard.stdout), "1 farewell\n", "{heard:?}");
}
