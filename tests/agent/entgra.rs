//! The agents of the Entgra IoT Server, as they are: scripts beside this file speak as they do, with the keys of a
//! package from `device/download`.

use serde_json::Value as Json;

use crate::common::eventually;
use crate::site::Site;

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn two_raspberry_pis_with_one_client_id_work_side_by_side() {
    let site = Site::start();
    let packages = [site.download("raspberrypi", "left"), site.download("raspberrypi", "right")];
    let agents = packages.each_ref().map(|package| package.run_script("raspberrypi_agent.py", &["0.05"]));
    for package in &packages {
        // The script counts its measurements.
        eventually("twenty measurements", || site.metric(&package.device(), "temperature").as_f64() > Some(20.0));
        site.wait_for_status(&package.device(), "ACTIVE");
    }
    assert_eq!(site.counter("pym_mqtt_connections"), 2);

    let person = format!("Bearer {}", site.token());
    for (package, agent) in packages.iter().zip(&agents) {
        let (device, id) = (package.device(), package.keys()["deviceId"].clone());
        let bulb = format!("POST /raspberrypi/device/{id}/bulb?state=ON");
        assert_eq!(site.http(&bulb, &person, FORM, "").0, 200);
        agent.wait_for(&format!("message carbon.super/raspberrypi/{id} bulb:ON BULB ON\n"), 1);
        eventually("the operation to be completed by its delivery", || {
            let operations = site.get(&format!("/api/v1/operations?device={device}"));
            operations["items"][0]["status"] == "COMPLETED"
        });
        let question = format!("GET /raspberrypi/device/stats/{id}?from=0&to=9999999999");
        let (status, records) = site.http(&question, &person, FORM, "");
        let records: Json = serde_json::from_slice(&records).unwrap();
        assert_eq!((status, &records[0]["values"]["temperature"]), (200, &Json::from(1.0)), "{records}");
        assert_eq!(agent.said("message"), 1, "{}", agent.log());
    }
    for agent in &agents {
        assert_eq!((agent.said("connack 0"), agent.said("connack")), (1, 1), "{}", agent.log());
    }
}

#[test]
fn a_raspberry_pi_renews_its_token_twice_with_the_first_refresh_token() {
    let site = Site::start();
    let package = site.download("raspberrypi", "stale");
    package.set("auth-token", "0123456789abcdef0123456789abcdef0123456789a");
    let agent = package.run_script("raspberrypi_agent.py", &["0.1"]);
    site.wait_for_status(&package.device(), "ACTIVE");
    eventually("the temperature", || site.metric(&package.device(), "temperature").is_number());
    assert!(agent.log().starts_with("connack 4\ntoken 200\ntoken 200\nconnack 0\n"), "{}", agent.log());

    drop(agent);
    site.wait_for_status(&package.device(), "UNREACHABLE");

    // Cut off, it gets another one by the same refresh token, and comes back by itself.
    let package = site.download("raspberrypi", "revoked");
    let agent = package.run_script("raspberrypi_agent.py", &["0.1"]);
    site.wait_for_status(&package.device(), "ACTIVE");
    let keys = package.keys();
    let application = format!("Basic {}", keys["application-key"]);
    assert_eq!(site.http("POST /revoke", &application, FORM, &format!("token={}", keys["auth-token"])).0, 200);
    agent.wait_for("connack 0", 2);
    assert!(agent.log().starts_with("connack 0\ntoken 200\nconnack 0\n"), "{}", agent.log());
    site.completes(&package.device(), "bulb", Some("OFF"));
    agent.wait_for("bulb:OFF BULB OFF", 1);
}

#[test]
fn a_fire_alarm_is_sounded_and_answers() {
    let site = Site::start();
    let package = site.download("virtual_firealarm", "hall");
    let (device, id) = (package.device(), package.keys()["deviceId"].clone());
    let alarm = package.run_script("fire_alarm.py", &["0.1"]);
    site.wait_for_status(&device, "ACTIVE");
    alarm.wait_for("suback 1\n", 1);
    eventually("the temperature", || site.metric(&device, "temperature") == 25.0);

    let person = format!("Bearer {}", site.token());
    let buzz = format!("POST /virtual_firealarm/device/{id}/buzz");
    assert_eq!(site.http(&buzz, &person, FORM, "state=ON").0, 200);
    let prefix = format!("carbon.super/virtual_firealarm/{id}");
    eventually("the alarm to be sounded", || {
        let log = alarm.log();
        let mut orders = log.lines().filter_map(|line| line.strip_prefix("message "));
        orders
            .any(|order| order.starts_with(&format!("{prefix}/operation/config/buzz/")) && order.ends_with(" BULB:ON"))
    });
    site.completes(&device, "humidity", None);
    eventually("the humidity", || site.metric(&device, "humidity") == 50.0);

    // Its will belongs to a topic outside its own: it may have it, and nobody hears of it.
    let denied = site.counter("pym_mqtt_denied_total");
    drop(alarm);
    site.wait_for_status(&device, "UNREACHABLE");
    eventually("the will to be dropped", || site.counter("pym_mqtt_denied_total") == denied + 1);

    // Its session is kept, and yet what was sent meanwhile comes once.
    let waiting = site.pymctl_json(&["send", &device, "buzz", "--payload", "OFF"])["operations"][0].clone();
    assert_eq!(waiting["status"], "PENDING", "{waiting}");
    let alarm = package.run_script("fire_alarm.py", &["0.1"]);
    alarm.wait_for("connack 0 session 1\n", 1);
    alarm.wait_for(" BULB:OFF\n", 1);
    site.completes(&device, "temperature", None);
    assert_eq!((alarm.said("BULB:OFF"), alarm.said("BULB")), (1, 1), "{}", alarm.log());
}
