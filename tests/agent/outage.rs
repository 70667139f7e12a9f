//! Power cuts of the site, while the agent of a device goes on.

use rustix::process::Signal;

use crate::common::eventually;
use crate::site::Site;

#[test]
fn the_agent_comes_back_by_itself_and_gets_what_it_missed_once() {
    let mut site = Site::start();
    let package = site.download("raspberrypi", "shed");
    let device = package.device();
    let agent = package.run(&[]);
    site.wait_for_status(&device, "ACTIVE");

    // The agent stands still, so that it is away for certain while operations come in and the site fails twice.
    agent.signal(Signal::STOP);
    site = site.cut_power();
    assert_eq!(site.device(&device)["online"], false);
    let missed: Vec<_> = [("bulb", Some("ON")), ("stats", None)]
        .into_iter()
        .map(|(code, payload)| {
            let mut arguments = vec!["send", &device, code];
            arguments.extend(payload.iter().flat_map(|payload| ["--payload", payload]));
            let operation = site.pymctl_json(&arguments)["operations"][0].clone();
            assert_eq!(operation["status"], "PENDING", "{operation}");
            operation
        })
        .collect();
    site = site.cut_power();
    agent.signal(Signal::CONT);
    site.wait_for_status(&device, "ACTIVE");
    for operation in &missed {
        let path = format!("/api/v1/operations/{}", operation["id"].as_str().unwrap());
        eventually("the operation to be completed", || site.get(&path)["status"] == "COMPLETED");
    }
    // What comes later does not bring it again.
    site.completes(&device, "bulb", Some("OFF"));
    for operation in &missed {
        assert_eq!(agent.said(&format!("operation {} (", operation["number"])), 0, "done again");
        assert_eq!(agent.said(&format!("operation {}: ", operation["number"])), 1);
    }
    eventually("the bulb to be off", || site.metric(&device, "bulb") == "OFF");
}
