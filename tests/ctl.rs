//! `pymctl` as people and scripts use it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod common;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use common::{Daemon, eventually};
use serde_json::Value;

/// `pymctl` without anything of this environment that would lead it to a daemon.
fn pymctl() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pymctl"));
    for variable in ["PYM_LISTEN_CONTROL", "PYM_URL", "PYM_TOKEN", "PYM_CA", "PYM_CA_FINGERPRINT", "NO_COLOR"] {
        command.env_remove(variable);
    }
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), text(&stdout), text(&stderr))
}

/// Every page of help, as people read it.
#[test]
fn the_help_is_as_it_was_written() {
    let (_, main, _) = run(pymctl().arg("--help"));
    let commands: Vec<String> = main
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect();
    let mut pages = vec![format!("$ pymctl --help\n{main}")];
    for name in commands {
        let (code, page, _) = run(pymctl().args([&name, "--help"]));
        assert_eq!(code, Some(0), "{name}");
        // The options that every command has stand in the first page.
        let own = page.split("\nConnection:\n").next().unwrap_or_default();
        pages.push(format!("$ pymctl {name} --help\n{own}"));
    }
    insta::assert_snapshot!("help", pages.join("\n"));
}

#[test]
fn the_exit_code_tells_a_wrong_command_line_from_a_missing_daemon() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("pym.sock");
    let (code, _, _) = run(pymctl().arg("juggle"));
    assert_eq!(code, Some(2));
    let (code, _, told) = run(pymctl().args(["send", "bulb", "--socket"]).arg(&socket));
    assert_eq!(code, Some(2), "{told}");
    for command in [&["status"][..], &["health"], &["watch"], &["devices", "--json"]] {
        let (code, out, told) = run(pymctl().args(command).arg("--socket").arg(&socket));
        assert_eq!(code, Some(3), "{told}");
        assert_eq!(out, "");
        assert_eq!(told, format!("pymctl: no daemon answers on this board: {}: no socket there\n", socket.display()));
    }
    let (code, _, told) = run(pymctl().arg("status").env("PYM_LISTEN_CONTROL", &socket));
    assert_eq!(code, Some(3));
    assert!(told.contains(&*socket.to_string_lossy()), "{told}");
    let (code, _, told) = run(pymctl().args(["status", "--url", "https://127.0.0.1:1"]));
    assert_eq!(code, Some(2), "{told}");
    assert_eq!(told, "pymctl: cannot trust 127.0.0.1: name the site's CA certificate or its fingerprint\n");
    let (code, _, told) = run(pymctl().args(["status", "--url", "http://127.0.0.1:1"]));
    assert_eq!(code, Some(3), "{told}");
}

#[test]
fn completion_scripts_need_no_daemon() {
    for shell in ["bash", "elvish", "fish", "zsh"] {
        let (code, script, told) = run(pymctl().args(["completion", shell]));
        assert_eq!(code, Some(0), "{told}");
        assert!(script.contains("telemetry"), "{shell}");
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let pymctl = env!("CARGO_BIN_EXE_pymctl");
    let (code, out, told) =
        run(Command::new("bash").args(["-c", "set -o pipefail; \"$0\" completion bash | head -c 10", pymctl]));
    assert_eq!((code, out.len(), told.as_str()), (Some(0), 10, ""));
}

/// `pymctl` for the daemon on this socket.
fn local(socket: &Path) -> Command {
    let mut command = pymctl();
    command.arg("--socket").arg(socket);
    command
}

/// What a command that must succeed prints as JSON.
fn json(socket: &Path, arguments: &[&str]) -> Value {
    let (code, out, told) = run(local(socket).arg("--json").args(arguments));
    assert_eq!(code, Some(0), "{arguments:?}: {told}");
    serde_json::from_str(&out).unwrap()
}

#[test]
fn a_device_is_enrolled_listed_shown_edited_and_removed() {
    let daemon = Daemon::start();
    let socket = daemon.control();
    let enroll = ["enroll", "--type", "raspberrypi", "--identifier", "pi-1", "--name", "Kitchen"];
    let enrolled = json(socket, &enroll);
    assert!(enrolled["credentials"]["access_token"].is_string());
    let id = enrolled["device"]["id"].as_str().unwrap();
    for named in [id, "raspberrypi:pi-1", "pi-1", "Kitchen"] {
        assert_eq!(json(socket, &["device", named])["id"], id, "{named}");
    }
    assert_eq!(json(socket, &["devices", "--type", "raspberrypi"])["total"], 1);
    assert_eq!(json(socket, &["devices", "--status", "blocked"])["total"], 0);
    let circle = json(socket, &["geofences", "circle", "harbour", "-6.9,79.8", "500", "--notify", "leave"]);
    assert_eq!((&circle["shape"]["centre"]["latitude"], &circle["notify"]), (&(-6.9).into(), &"leave".into()));
    json(socket, &["geofences", "polygon", "yard", "-1,0 0,-1 1,-1", "--description", "fenced"]);
    let (code, list, _) = run(pymctl().arg("--socket").arg(socket).arg("geofences"));
    assert!(code == Some(0) && list.contains("500 m around -6.9,79.8") && list.contains("3 corners"), "{list}");
    assert_eq!(json(socket, &["geofences", "device", "Kitchen"])["total"], 0);
    json(socket, &["geofences", "remove", "harbour"]);
    assert_eq!(json(socket, &["geofences"])["total"], 1);
    json(socket, &["groups", "create", "lab"]);
    assert_eq!(json(socket, &["groups", "add", "lab", "Kitchen"])["devices"], 1);
    assert_eq!(json(socket, &["devices", "--group", "lab"])["items"][0]["id"], id);
    assert_eq!(json(socket, &["edit", "Kitchen", "--status", "SUSPENDED"])["status"], "SUSPENDED");
    let (code, _, told) = run(local(socket).args(["device", "attic"]));
    assert_eq!((code, told.as_str()), (Some(4), "pymctl: no device is called attic\n"));
    let (code, _, told) = run(local(socket).args(["devices", "--group", "attic"]));
    assert_eq!((code, told.as_str()), (Some(4), "pymctl: no group is called attic\n"));
    let (code, out, _) = run(local(socket).arg("devices"));
    assert_eq!(code, Some(0));
    assert!(out.lines().nth(1).unwrap().starts_with("Kitchen  raspberrypi  pi-1        SUSPENDED"), "{out}");
    json(socket, &["remove", "Kitchen"]);
    assert_eq!(json(socket, &["devices"])["total"], 0);
}

#[test]
fn a_policy_is_tried_made_applied_changed_and_taken_back() {
    let daemon = Daemon::start();
    let socket = daemon.control();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("kiosk.toml");
    let write = |enabled: bool| {
        let text = format!(
            "name = 'kiosk'\ndevice_type = 'android'\nnote = 'why not'\n[[features]]\ncode = 'CAMERA'\ncontent = {{ enabled = {enabled} }}\n"
        );
        fs::write(&file, text).unwrap();
    };
    let path = file.to_str().unwrap();
    json(socket, &["enroll", "--type", "android", "--identifier", "a1"]);
    write(false);
    let tried = json(socket, &["policies", "dry-run", path]);
    assert_eq!(tried["summary"], "this change affects 1 device: android:a1");
    assert_eq!(json(socket, &["policies", "create", path])["version"], 1);
    json(socket, &["policies", "activate", "kiosk"]);
    let (_, told, _) = run(local(socket).args(["policies", "dry-run"]));
    assert!(told.starts_with("this change affects 1 device: android:a1\n1 gain a policy"), "{told}");
    assert_eq!(json(socket, &["policies", "apply"])["sent"], 1);
    write(true);
    assert_eq!(json(socket, &["policies", "replace", "KIOSK", path])["version"], 2);
    assert_eq!(json(socket, &["policies", "versions", "kiosk"])["items"][1]["note"], "why not");
    assert_eq!(json(socket, &["policies", "restore", "kiosk", "1"])["version"], 3);
    assert_eq!(json(socket, &["policies", "apply"])["sent"], 0, "it is as it was");
    let (_, list, _) = run(local(socket).arg("policies"));
    assert!(list.contains("kiosk") && list.contains("CAMERA") && list.contains("enforce"), "{list}");
    let (_, counts, _) = run(local(socket).arg("compliance"));
    assert_eq!(counts, "0 devices comply, 0 do not, 1 have not answered yet\n");
    assert!(json(socket, &["compliance", "android:a1"])["compliant"].is_null());
    json(socket, &["policies", "remove", "kiosk"]);
    assert_eq!(json(socket, &["policies", "apply"])["revoked"], 1);
    let (code, _, _) = run(local(socket).args(["policies", "show", "kiosk"]));
    assert_eq!(code, Some(4));
}

#[test]
fn telemetry_is_told_as_a_table_as_json_and_as_csv() {
    let daemon = Daemon::start();
    let socket = daemon.control();
    json(socket, &["enroll", "--type", "raspberrypi", "--identifier", "pi-1"]);
    let path = "/api/v1/devices/raspberrypi:pi-1/telemetry";
    let (status, answer) = daemon.request("POST", path, r#"{"values":{"temperature":48.5,"bulb":"=1+1"}}"#);
    assert_eq!(status, 201, "{answer}");
    let (_, table, _) = run(local(socket).args(["telemetry", "pi-1"]));
    assert!(table.contains("48.5 °C"), "{table}");
    let series = json(socket, &["telemetry", "pi-1", "temperature", "--last", "1h"]);
    assert_eq!(series["points"][0]["value"], 48.5);
    let (_, csv, _) = run(local(socket).args(["telemetry", "pi-1", "bulb", "--csv"]));
    assert!(csv.lines().nth(1).unwrap().ends_with(",'=1+1"), "{csv}");
}

/// Starts `pymctl send … --wait` and waits until its operation is there; the process and the operation's id.
fn send_and_wait(socket: &Path, code: &str) -> (Child, String) {
    let mut command = local(socket);
    command.args(["send", "pi-1", code, "--payload", "ON", "--wait", "60"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut id = String::new();
    eventually("the operation", || {
        let open = json(socket, &["operations", "--status", "PENDING"]);
        open["items"][0]["id"].as_str().unwrap_or_default().clone_into(&mut id);
        !id.is_empty()
    });
    (child, id)
}

#[test]
fn a_wait_ends_with_the_operation_or_with_its_time() {
    let daemon = Daemon::start();
    let socket = daemon.control();
    json(socket, &["enroll", "--type", "raspberrypi", "--identifier", "pi-1"]);
    let (code, _, told) = run(local(socket).args(["send", "pi-1", "bulb", "--payload", "OFF", "--wait", "1"]));
    assert_eq!(code, Some(7));
    assert!(told.contains("PENDING, waiting for the device to connect"), "{told}");
    let (code, _, told) = run(local(socket).args(["send", "pi-1", "juggle"]));
    assert_eq!(code, Some(1), "{told}");
    json(socket, &["cancel", "1"]);
    let (child, id) = send_and_wait(socket, "bulb");
    json(socket, &["cancel", &id]);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(6));
    assert!(text(&ended.stdout).contains("CANCELLED"), "{}", text(&ended.stdout));
}

#[test]
fn a_wait_outlives_the_daemon() {
    let daemon = Daemon::start();
    json(daemon.control(), &["enroll", "--type", "raspberrypi", "--identifier", "pi-1"]);
    let (child, id) = send_and_wait(daemon.control(), "bulb");
    let daemon = Daemon::start_in(daemon.kill(), |_| {});
    json(daemon.control(), &["cancel", &id]);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(6), "{}", text(&ended.stderr));
}

#[test]
fn a_site_is_set_up_and_backed_up() {
    let daemon = Daemon::start();
    let socket = daemon.control();
    let mut child = local(socket).arg("setup").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"a long pass phrase\n").unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    assert_eq!(json(socket, &["users"])["items"][0]["name"], "admin");
    let file = daemon.home().path("backup.db");
    json(socket, &["backup", file.to_str().unwrap()]);
    assert!(fs::read(&file).unwrap().starts_with(b"SQLite format 3\0"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (code, _, told) = run(local(socket).arg("backup").arg(&file));
    assert_eq!(code, Some(1));
    assert!(told.ends_with("is there already; --force replaces it\n"), "{told}");
}

#[test]
fn another_host_is_asked_with_a_token_and_must_be_the_trusted_one() {
    let daemon = Daemon::start();
    let socket = daemon.control();
    let token = json(socket, &["tokens", "create", "reader", "--scope", "read"]);
    let token = token["secret"].as_str().unwrap();
    let fingerprint = json(socket, &["status"])["ca_fingerprint"].as_str().unwrap().to_owned();
    let authority = daemon.home().path("ca.pem");
    fs::write(&authority, daemon.request("GET", "/ca.pem", "").1).unwrap();
    let remote = || {
        let mut command = pymctl();
        command.arg("--url").arg(format!("https://{}", daemon.https()));
        command
    };
    let (code, _, told) = run(remote().arg("devices").arg("--ca").arg(&authority).env("PYM_TOKEN", token));
    assert_eq!(code, Some(0), "{told}");
    let (code, _, told) = run(remote().args(["devices", "--ca-fingerprint", &fingerprint]).env("PYM_TOKEN", token));
    assert_eq!(code, Some(0), "{told}");
    let (code, _, told) =
        run(remote().args(["enroll", "--type", "arduino", "--ca"]).arg(&authority).env("PYM_TOKEN", token));
    assert_eq!(code, Some(5), "{told}");
    let (code, _, told) = run(remote().arg("devices").arg("--ca").arg(&authority));
    assert_eq!(code, Some(5), "{told}");
    let stranger = "00".repeat(32);
    let (code, _, told) = run(remote().args(["devices", "--ca-fingerprint", &stranger]).env("PYM_TOKEN", token));
    assert_eq!(code, Some(3), "{told}");
}

#[test]
fn the_watch_starts_with_the_whole_picture_and_tells_what_changes() {
    let daemon = Daemon::start();
    let socket = daemon.control();
    let mut child = local(socket).args(["watch", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()))
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    assert_eq!(lines.next().unwrap()["kind"], "snapshot");
    json(socket, &["enroll", "--type", "arduino", "--identifier", "board"]);
    let change = lines.find(|line| line["kind"] == "device").unwrap();
    assert_eq!(change["device"]["identifier"], "board");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_devices_can_be_told_is_listed_with_its_fields() {
    let daemon = Daemon::start();
    let socket = daemon.control();
    let (code, out, told) = run(local(socket).args(["features", "android"]));
    assert_eq!(code, Some(0), "{told}");
    assert!(out.starts_with("CODE ") && out.contains("\nPASSCODE_POLICY "), "{out}");
    let (code, out, told) = run(local(socket).args(["features", "android", "app-restriction"]));
    assert_eq!(code, Some(0), "{told}");
    let line = out.lines().find(|line| line.starts_with("restricted-applications[].packageName")).unwrap();
    assert!(line.contains("yes") && line.contains("an application's name such as com.example.app"), "{line}");
    let one = json(socket, &["features", "android", "NOTIFIER_FREQUENCY"]);
    assert_eq!((&one["code"], &one["payload"]["fields"][0]["min"]), (&"NOTIFIER_FREQUENCY".into(), &1000.into()));
    let (code, _, told) = run(local(socket).args(["features", "android", "FLY"]));
    assert_eq!((code, told.as_str()), (Some(4), "pymctl: android has no feature FLY; see pymctl features android\n"));

    json(socket, &["enroll", "--type", "android", "--identifier", "phone"]);
    let send = ["send", "phone", "CHANGE_LOCK_CODE", "--payload", "{\"lockCode\":\"1\"}"];
    let (code, _, told) = run(local(socket).args(send));
    assert_eq!(code, Some(1));
    let why = "payload field \"lockCode\" must have 4 to 16 characters; CHANGE_LOCK_CODE has the fields lockCode";
    assert!(told.contains(why), "{told}");
    let form = ["send", "phone", "PASSCODE_POLICY", "--payload", "{\"minLength\":\"6\",\"allowSimple\":\"false\"}"];
    assert_eq!(json(socket, &form)["payload"], "{\"minLength\":\"6\",\"allowSimple\":\"false\"}");
}

#[test]
fn a_phone_is_told_the_address_to_enroll_itself() {
    let daemon = Daemon::start();
    let socket = daemon.control();
    let told = json(socket, &["enroll", "--type", "android", "--qr"]);
    let address = told["address"].as_str().unwrap();
    assert!(address.starts_with("http://"), "{address}");
    let (code, out, _) = run(local(socket).args(["enroll", "--type", "android", "--qr"]));
    assert_eq!(code, Some(0));
    assert!(out.contains(&format!("address as its server: {address}\n")), "{out}");
    let lines: Vec<_> = out.lines().filter(|line| line.contains('█')).collect();
    assert!(lines.len() > 12 && lines.iter().all(|line| line.chars().count() == lines[0].chars().count()), "{out}");
    assert_eq!(json(socket, &["devices"])["total"], 0, "no device is made");
    assert_eq!(run(local(socket).args(["enroll", "--type", "arduino", "--qr"])).0, Some(2));
    let named = ["enroll", "--type", "android", "--qr", "--name", "Phone"];
    assert_eq!(run(local(socket).args(named)).0, Some(2));
}
