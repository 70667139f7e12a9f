//! `pymctl` as people and scripts use it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Command, Output};

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
