use std::process::Command;

use clap::CommandFactory;

use super::*;

/// The example file, its keys uncommented.
fn example() -> String {
    let uncommented = |line: &str| match line.strip_prefix('#') {
        Some(key) if key.starts_with(|c: char| c.is_ascii_lowercase()) => key.to_owned(),
        _ => line.to_owned(),
    };
    include_str!("../../assets/pym.toml").lines().map(|line| uncommented(line) + "\n").collect()
}

fn resolve(keys: Keys) -> Result<Config, Error> {
    Config::resolve(keys, &Environment::of_process(), true).map(|(config, _)| config)
}

fn parse(text: &str) -> Result<Keys, Error> {
    parse_file(Path::new("pym.toml"), text)
}

fn flags(arguments: &[&str]) -> Keys {
    Args::parse_from([&["pymd"], arguments].concat()).keys
}

#[test]
fn the_example_file_holds_the_defaults() {
    let mut defaults = resolve(Keys::default()).unwrap();
    assert_eq!(resolve(parse(include_str!("../../assets/pym.toml")).unwrap()).unwrap(), defaults);
    let example = resolve(parse(&example()).unwrap()).unwrap();
    // These two depend on what may be written here.
    defaults.data_dir = "/var/lib/pym".into();
    defaults.listen.control = "/run/pym/pym.sock".into();
    assert_eq!(example, defaults);
}

#[test]
fn every_key_is_a_flag_a_variable_and_in_the_example_file() {
    let table: toml::Table = example().parse().unwrap();
    let mut in_file: Vec<String> = Vec::new();
    for (name, value) in &table {
        match value.as_table() {
            Some(section) => in_file.extend(section.keys().map(|key| format!("{name}-{key}"))),
            None => in_file.push(name.clone()),
        }
    }
    let command = Args::command();
    let mut in_flags: Vec<String> = Vec::new();
    for arg in command.get_arguments().filter(|arg| arg.get_env().is_some() && arg.get_id() != "config") {
        let long = arg.get_long().unwrap();
        assert_eq!(arg.get_env().unwrap(), &*format!("PYM_{}", long.replace('-', "_").to_uppercase()), "{long}");
        in_flags.push(long.to_owned());
    }
    let mut in_file: Vec<_> = in_file.iter().map(|key| key.replace('_', "-")).collect();
    in_file.sort();
    in_flags.sort();
    assert_eq!(in_file, in_flags);
}

#[test]
fn flags_win_over_the_file_key_by_key() {
    let file =
        parse("data_dir = \"/a\"\n[listen]\nhttp = \"1.2.3.4:1\"\nmqtt = \"\"\n[silence]\ninactive_after = 700\n")
            .unwrap();
    let config = resolve(flags(&["--listen-http", "[::1]:2, 127.0.0.1:3", "--data-dir", "/b"]).over(file)).unwrap();
    assert_eq!(config.data_dir, Path::new("/b"));
    assert_eq!(config.listen.http, ["[::1]:2".parse().unwrap(), "127.0.0.1:3".parse().unwrap()]);
    assert_eq!(config.listen.mqtt, []);
    assert_eq!(config.listen.mqtts, ["0.0.0.0:8883".parse().unwrap(), "[::]:8883".parse().unwrap()]);
    assert_eq!(config.silence.inactive_after, Duration::from_secs(700));
    let config = Config::resolve(Keys::default(), &Environment::of_process(), false).unwrap().0;
    assert_eq!(config.listen.mqtts, ["0.0.0.0:8883".parse().unwrap()]);
}

#[test]
fn mistakes_in_the_file_are_named_with_their_line() {
    for (text, line, said) in [
        ("\nlisten_http = \"\"\n", 2, "unknown field `listen_http`"),
        ("[listen]\n\nhttps = \"0.0.0.0:1\"\nhtps = \"\"\n", 4, "unknown field `htps`"),
        ("[nonsense]\n", 1, "unknown field `nonsense`"),
        ("[listen]\nhttp = \"localhost\"\n", 2, "no address and port"),
        ("[listen]\nhttp = \"0.0.0.0:70000\"\n", 2, "no address and port"),
        ("drain_deadline = 0\n", 1, "from 1 to 31536000"),
        ("drain_deadline = -1\n", 1, "invalid value"),
        ("[limits]\nbody_bytes = 1\n", 2, "from 1024"),
        ("[log]\nlevel = \"loud\"\n", 2, "is no level"),
        ("[log]\nformat = \"xml\"\n", 2, "unknown variant `xml`"),
        ("public_host = \"http://pi\"\n", 1, "without scheme"),
        ("[admin]\npassword = hunter2\n", 2, ""),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("pym.toml:{line}: ")) && error.contains(said), "{text:?}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn keys_that_contradict_each_other_are_refused() {
    for (text, key) in [
        ("[silence]\nunreachable_after = 1000\n", "silence.inactive_after"),
        ("[listen]\nhttp = \"0.0.0.0:9443\"\n", "listen.http"),
    ] {
        let error = resolve(parse(text).unwrap()).unwrap_err();
        assert!(matches!(error, Error::Value { key: named, .. } if named == key), "{error}");
    }
    resolve(parse("[listen]\nhttp = \"127.0.0.1:0\"\nmqtt = \"127.0.0.1:0,127.0.0.1:0\"\n").unwrap()).unwrap();
}

#[test]
fn the_password_is_not_shown() {
    let keys = flags(&["--admin-password", "hunter2"]);
    let config = resolve(keys.clone()).unwrap();
    assert_eq!(config.admin_password.as_ref().unwrap().expose(), "hunter2");
    assert!(!format!("{keys:?} {config:?}").contains("hunter2"));
    assert_eq!(resolve(flags(&["--admin-password", ""])).unwrap().admin_password, None);
}

#[test]
fn a_named_file_must_be_there() {
    let args = Args::parse_from(["pymd", "--config", "/nonexistent/pym.toml"]);
    assert!(matches!(Config::load(&args), Err(Error::Read { .. })));
}

/// Runs itself again in a process with another environment, which a running process cannot safely give itself.
#[test]
fn the_environment_wins_over_the_file_and_loses_to_flags() {
    const CHILD: &str = "PYM_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let args = Args::parse_from(["pymd", "--log-level", "debug"]);
        let (config, _) = Config::load(&args).unwrap();
        assert_eq!(config.drain_deadline, Duration::from_secs(7));
        assert_eq!(config.data_dir, Path::new("/from/environment"));
        assert_eq!(config.log.levels.to_string(), "debug");
        assert_eq!(config.listen.mqtt, []);
        assert_eq!(config.admin_password, None);
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pym.toml");
    fs::write(&file, "drain_deadline = 7\ndata_dir = \"/from/file\"\n").unwrap();
    let name = "config::tests::the_environment_wins_over_the_file_and_loses_to_flags";
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env(CHILD, "1")
        .env("PYM_CONFIG", &file)
        .env("PYM_DATA_DIR", "/from/environment")
        .env("PYM_LOG_LEVEL", "error")
        .env("PYM_LISTEN_MQTT", "")
        .env("PYM_ADMIN_PASSWORD", "")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn help_is_complete() {
    Args::command().debug_assert();
    let help = Args::command().render_long_help().to_string();
    for word in ["--listen-https", "PYM_LISTEN_HTTPS", "[default: info]", "--self-test"] {
        assert!(help.contains(word), "{help}");
    }
}
