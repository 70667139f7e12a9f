//! The rules of the house that a machine can check: which layer may name which, which crate is named where, and how long
//! a file may be. ARCHITECTURE.md tells the reasons; a complaint names file and line.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The most lines of one file.
const MAX_LINES: usize = 800;

/// What every layer may name of the others, by the first word of its path below `src`; `daemon` puts all together.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("wire", &["model"]),
    ("file", &[]),
    ("metrics", &["model"]),
    ("log", &["model"]),
    ("config", &["log", "model"]),
    ("systemd", &["model"]),
    ("host", &["model"]),
    ("store", &["model", "file", "metrics"]),
    ("pki", &["model", "file", "metrics"]),
    ("auth", &["model", "metrics"]),
    ("app", &["store", "pki", "auth", "model", "file", "metrics"]),
    ("net", &["model", "metrics"]),
    ("api", DOOR),
    ("web", DOOR),
    ("broker", DOOR),
    ("agents", DOOR),
    ("control", &["app", "model", "wire", "net", "metrics", "config::paths"]),
    ("jobs", &["app", "model", "host", "metrics"]),
    ("client", &["wire", "model"]),
    ("tui", &["client", "wire", "model"]),
    ("ctl", &["client", "wire", "model", "file"]),
    ("daemon", ANY),
    ("self_test", ANY),
    ("bin", &["config", "daemon", "log", "self_test", "systemd", "tui", "ctl"]),
];
/// A door translates: it calls `app`, and no other door.
const DOOR: &[&str] = &["app", "model", "wire", "net", "metrics"];
const ANY: &[&str] = &["*"];

/// Crates that are the business of some layers alone.
const CRATES: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("ratatui", &["tui"]),
    ("crossterm", &["tui"]),
    ("sysinfo", &["host"]),
    ("rumqttc", &["broker", "self_test"]),
    ("warp", HTTP),
    ("hyper", HTTP),
    ("hyper_util", HTTP),
    ("http_body_util", HTTP),
    ("rcgen", &["pki"]),
    ("argon2", &["auth"]),
    ("listenfd", &["systemd"]),
    ("sd_notify", &["systemd"]),
    ("tracing_subscriber", &["log", "config"]),
    ("tracing_journald", &["log"]),
    ("anyhow", &["bin"]),
];
const HTTP: &[&str] = &["net", "api", "web", "agents", "control", "client", "daemon"];

/// What a layer may not do itself: the domain has neither I/O nor a clock.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("model", &["tokio::", "std::fs", "std::net::Tcp", "SystemTime::now", "Instant::now", "now_utc"]),
    ("wire", &["tokio::", "std::fs", "SystemTime::now", "Instant::now", "now_utc"]),
];

/// Names that say nothing about what is in a file.
const EMPTY_NAMES: &[&str] = &["manager", "helper", "helpers", "util", "utils", "service", "common", "misc"];

struct Source {
    /// Below `src`.
    path: PathBuf,
    layer: String,
    text: String,
}

impl Source {
    fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut directories = vec![root.clone()];
        let mut sources = Vec::new();
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(&directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = fs::read_to_string(&path).unwrap();
                    let path = path.strip_prefix(&root).unwrap().to_owned();
                    let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
                    let layer = first.trim_end_matches(".rs").to_owned();
                    sources.push(Self { path, layer, text });
                }
            }
        }
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        assert!(sources.len() > 20, "the sources were not found");
        sources
    }

    /// Numbered lines of code, without comments and what only tests see.
    fn code(&self) -> Vec<(usize, &str)> {
        if self.path.ends_with("tests.rs") || self.path.iter().any(|part| part == "tests") {
            return Vec::new();
        }
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let until = self.text.find("#[cfg(test)]\nmod ").unwrap_or(self.text.len());
        let numbered = self.text[..until].lines().enumerate().map(|(index, line)| (index + 1, line));
        numbered.filter(|(_, line)| is_code(line)).collect()
    }

    fn at(&self, line: usize) -> String {
        format!("src/{}:{line}", self.path.display())
    }
}

/// The paths that follow each `prefix` in a line: `crate::a::b` gives `a::b`, `crate::{a, b::c}` gives `a` and `b::c`.
fn named(line: &str, prefix: &str) -> Vec<String> {
    let is_path = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    for (at, _) in line.match_indices(prefix) {
        if line[..at].ends_with(|c: char| is_path(c) || c == '$') {
            continue;
        }
        let rest = &line[at + prefix.len()..];
        let list = rest.strip_prefix('{').map_or(rest, |list| list.split('}').next().unwrap_or(list));
        let items: Vec<&str> = if rest.starts_with('{') { list.split(',').collect() } else { vec![rest] };
        for item in items {
            let path: String = item.trim().chars().take_while(|c| is_path(*c)).collect();
            if !path.is_empty() {
                found.push(path);
            }
        }
    }
    found
}

fn is_below(path: &str, allowed: &str) -> bool {
    path == allowed || path.strip_prefix(allowed).is_some_and(|rest| rest.starts_with("::"))
}

fn complain(complaints: &[String], rule: &str) {
    let list = complaints.iter().fold(String::new(), |mut list, complaint| {
        writeln!(list, "  {complaint}").unwrap();
        list
    });
    assert!(complaints.is_empty(), "{rule}\n{list}");
}

#[test]
fn layers_name_only_what_is_below_them() {
    let mut complaints = Vec::new();
    for source in Source::all() {
        if source.layer == "lib" {
            continue;
        }
        let layer = &source.layer;
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| name == layer) else {
            complaints.push(format!("{}: the layer {layer} has no rule in tests/house.rs", source.at(1)));
            continue;
        };
        let prefix = if layer == "bin" { "pym::" } else { "crate::" };
        for (number, line) in source.code() {
            if line.trim_end().ends_with(&format!("{prefix}{{")) {
                complaints.push(format!("{}: one `use` a layer, so that this test can read it", source.at(number)));
            }
            for path in named(line, prefix) {
                let is_own = is_below(&path, layer);
                // Macros of the crate's root have no layer.
                let is_layer = LAYERS.iter().any(|(name, _)| is_below(&path, name));
                if is_layer && !is_own && *allowed != ANY && !allowed.iter().any(|allowed| is_below(&path, allowed)) {
                    complaints.push(format!("{}: {layer} names {path}", source.at(number)));
                }
            }
        }
    }
    complain(&complaints, "a layer names what it may not");
}

#[test]
fn crates_are_named_where_they_belong() {
    let mut complaints = Vec::new();
    for source in Source::all() {
        for (number, line) in source.code() {
            for (name, layers) in CRATES {
                let is_named = !named(line, &format!("{name}::")).is_empty() || line.contains(&format!("use {name};"));
                if is_named && !layers.contains(&source.layer.as_str()) {
                    complaints.push(format!("{}: {name} belongs to {}", source.at(number), layers.join(", ")));
                }
            }
        }
    }
    complain(&complaints, "a crate is named outside its layers");
}

#[test]
fn the_domain_has_no_side_effects_and_nothing_is_static() {
    let mut complaints = Vec::new();
    for source in Source::all() {
        let words = FORBIDDEN.iter().find(|(layer, _)| *layer == source.layer).map_or(&[][..], |(_, words)| *words);
        for (number, line) in source.code() {
            let statement = line.trim_start();
            let is_static = ["static ", "pub static ", "pub(crate) static ", "pub(super) static ", "thread_local!"]
                .iter()
                .any(|start| statement.starts_with(start));
            if is_static {
                complaints.push(format!("{}: state has one owner, a static has none", source.at(number)));
            }
            for word in words.iter().filter(|word| line.contains(**word)) {
                complaints.push(format!("{}: {} does without {word}", source.at(number), source.layer));
            }
        }
    }
    complain(&complaints, "side effects where none belong");
}

#[test]
fn files_are_short_and_named_for_what_they_hold() {
    let mut complaints = Vec::new();
    for source in Source::all() {
        let lines = source.text.lines().count();
        if lines > MAX_LINES {
            complaints.push(format!("{}: {lines} lines are more than {MAX_LINES}", source.at(MAX_LINES + 1)));
        }
        let is_empty = |part: &std::ffi::OsStr| {
            part.to_str().is_some_and(|part| EMPTY_NAMES.contains(&part.trim_end_matches(".rs")))
        };
        if source.path.iter().any(is_empty) {
            complaints.push(format!("{}: the name says nothing", source.at(1)));
        }
        if source.path.ends_with("mod.rs") {
            complaints.push(format!("{}: module roots are `foo.rs` beside `foo/`", source.at(1)));
        }
    }
    complain(&complaints, "files that are too long or badly named");
}

#[test]
fn paths_are_found_in_lines() {
    assert_eq!(named("use crate::model::device::Device;", "crate::"), ["model::device::Device"]);
    assert_eq!(named("use crate::{app, store::Store};", "crate::"), ["app", "store::Store"]);
    assert_eq!(named("    crate::app::x(crate::net::y)", "crate::"), ["app::x", "net::y"]);
    assert_eq!(named("macro $crate::model and my_crate::model", "crate::"), Vec::<String>::new());
    assert!(is_below("config::paths::x", "config::paths") && !is_below("config", "config::paths"));
    assert!(!is_below("hyper_util::x", "hyper"));
}
