//! Pym's own agent, out of its download: nothing is enrolled by hand.

use std::fs;

use crate::common::eventually;
use crate::site::{Package, Site};

#[test]
fn it_appears_reports_obeys_and_is_missed() {
    let site = Site::start();
    let package = site.download("raspberrypi", "porch");
    let device = package.device();
    let agent = package.run(&[]);
    site.wait_for_status(&device, "ACTIVE");
    for metric in ["temperature", "load", "memory_used", "memory_total", "disk_used", "disk_total", "uptime"] {
        eventually(metric, || site.metric(&device, metric).is_number());
    }
    assert_eq!(site.metric(&device, "bulb"), "OFF");
    let facts = site.device(&device)["properties"].clone();
    assert!(facts.as_array().unwrap().iter().any(|fact| fact["name"] == "KERNEL"), "{facts}");

    let sent = site.pymctl(&["send", &device, "bulb", "--payload", "ON", "--wait"]);
    let table = String::from_utf8(sent.stdout).unwrap();
    assert!(sent.status.success() && table.contains("COMPLETED"), "{table}");
    eventually("the bulb to be on", || site.metric(&device, "bulb") == "ON");
    let measured: serde_json::Value = serde_json::from_str(&site.completes(&device, "stats", None)).unwrap();
    assert!(measured["temperature"].is_number() && measured["bulb"] == "ON", "{measured}");
    let reboot = site.completes(&device, "reboot", None);
    assert!(reboot.contains("dry run"), "{reboot}");

    // Killed, it says no farewell; a new start finds everything as it was.
    drop(agent);
    site.wait_for_status(&device, "UNREACHABLE");
    let _agent = package.run(&[]);
    site.wait_for_status(&device, "ACTIVE");
    assert_eq!(site.completes(&device, "bulb", Some("OFF")), "the bulb is OFF");
}

#[test]
fn a_package_of_pymctl_reports_once_and_ends() {
    let site = Site::start_with(&[("PYM_PUBLIC_HOST", "127.0.0.1")]);
    let file = site.daemon.home().path("agent.zip");
    let path = file.to_str().unwrap();
    let enrolled = site.pymctl(&["enroll", "--type", "raspberrypi", "--identifier", "attic", "--zip", path]);
    assert!(enrolled.status.success(), "{enrolled:?}");
    let package = Package::unzip(&fs::read(&file).unwrap());
    assert_eq!(package.device(), "raspberrypi:attic");
    let mut agent = package.run(&["--once"]);
    eventually("the agent to end", || !agent.runs());
    assert!(site.metric("raspberrypi:attic", "temperature").is_number());
    site.wait_for_status("raspberrypi:attic", "UNREACHABLE");
}
