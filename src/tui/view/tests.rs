//! Screens as people see them, compared with the files in `snapshots/`.

use crossterm::event::{KeyCode, KeyEvent};
use insta::assert_snapshot;

use crate::tui::app::App;
use crate::tui::charset::Charset;
use crate::tui::conn::{Connection, Lost};
use crate::tui::event::{Action, Event, Reply};
use crate::tui::{picture, sample};
use crate::wire::telemetry::Value;
use crate::wire::watch::{Change, Delta, Snapshot};

fn shown(snapshot: Snapshot) -> App {
    let mut app = App::default();
    app.update(Event::Snapshot(Box::new(snapshot)), sample::NOW);
    app
}

fn site() -> App {
    let mut snapshot = sample::snapshot();
    snapshot.operations = sample::operations();
    snapshot.notices = sample::notices();
    shown(snapshot)
}

fn press(app: &mut App, keys: &str) {
    for c in keys.chars() {
        let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
        let mut actions = app.update(Event::Key(KeyEvent::from(code)), sample::NOW);
        while let Some(Action::Find(text)) = actions.pop() {
            let found = sample::devices().into_iter().filter(|device| device.name.contains(&text)).collect();
            actions = app.update(Event::Reply(Reply::Found(text, Ok(found))), sample::NOW);
        }
    }
}

fn small(app: &App) -> String {
    picture(app, 80, 24, Charset::Unicode)
}

fn large(app: &App) -> String {
    picture(app, 120, 40, Charset::Unicode)
}

/// The page of the first device, with some live values.
fn page() -> App {
    let mut app = site();
    press(&mut app, "2/kitchen\n\n");
    let detail = sample::detail();
    let device = detail.device.id;
    app.update(Event::Reply(Reply::Device(device, Ok(Box::new(detail)))), sample::NOW);
    for second in 1..=30_u32 {
        let at = sample::NOW.plus(std::time::Duration::from_secs(u64::from(second)));
        let values = vec![("cpu_temp".to_owned(), Value::Number(48.0 + f64::from(second * 7 % 11) / 4.0))];
        let changes = vec![Change::Telemetry { device, at, values }];
        app.update(Event::Delta(Delta { at, dropped: 0, changes }), at);
    }
    app
}

#[test]
fn the_overview() {
    assert_snapshot!("overview_80x24", small(&site()));
    assert_snapshot!("overview_120x40", large(&site()));
}

#[test]
fn the_picture_in_the_documentation_is_the_overview() {
    let mut app = site();
    let snapshot = sample::snapshot();
    for second in 1..=60_u32 {
        let wave = |step: u32, by: u32| f64::from(second * step % by) / f64::from(by);
        let mut host = snapshot.host.clone();
        for cpu in &mut host.cpu {
            *cpu *= 0.6 + 0.1 * f32::from(u8::try_from(second % 7).unwrap());
        }
        let mut status = snapshot.status.clone();
        status.rates.mqtt_in *= 0.7 + 0.5 * wave(3, 8);
        status.rates.mqtt_out *= 0.4 + wave(5, 9);
        status.rates.http *= wave(1, 5);
        status.rates.telemetry *= 0.8 + 0.4 * wave(5, 11);
        let changes = vec![Change::Host { host: Box::new(host) }, Change::Status { status: Box::new(status) }];
        app.update(Event::Delta(Delta { at: sample::NOW, dropped: 0, changes }), sample::NOW);
    }
    let text = small(&app);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tui.txt");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(path, format!("{text}\n")).unwrap();
    }
    let shown = std::fs::read_to_string(path).unwrap();
    assert_eq!(shown.trim_end(), text.trim_end(), "docs/tui.txt shows another screen");
}

#[test]
fn the_overview_of_a_fresh_site_tells_how_to_set_it_up() {
    let mut snapshot = sample::snapshot();
    snapshot.devices.clear();
    snapshot.status.counts = crate::wire::host::Counts::default();
    snapshot.status.setup_needed = true;
    snapshot.status.setup_code = Some("7KQ2-MNP4-W8XR".to_owned());
    let mut app = shown(snapshot);
    assert_snapshot!("setup_80x24", small(&app));
    press(&mut app, "a\nwhat a secret\n");
    let text = small(&app);
    assert!(text.contains("•••") && !text.contains("what a secret"), "{text}");
}

#[test]
fn the_overview_of_a_board_that_tells_little() {
    let mut snapshot = sample::snapshot();
    snapshot.host.temperature = None;
    snapshot.host.power = crate::wire::host::Power::default();
    snapshot.host.cpu = vec![10.0, 95.0, 40.0, 60.0, 5.0, 0.0, 100.0, 33.0];
    snapshot.host.disk = crate::wire::host::Space::default();
    assert_snapshot!("unknown_80x24", small(&shown(snapshot)));
}

#[test]
fn the_lists() {
    let mut app = site();
    press(&mut app, "2");
    assert_snapshot!("devices_80x24", small(&app));
    assert_snapshot!("devices_120x40", large(&app));
    press(&mut app, "/kit");
    assert_snapshot!("devices_filter_80x24", small(&app));
    press(&mut app, " os<");
    assert_snapshot!("devices_problem_80x24", small(&app));
    press(&mut app, "\n3");
    assert_snapshot!("operations_80x24", small(&app));
    press(&mut app, "4");
    assert_snapshot!("events_80x24", small(&app));
}

#[test]
fn the_page_of_a_device() {
    let app = page();
    assert_snapshot!("device_80x24", small(&app));
    assert_snapshot!("device_120x40", large(&app));
}

#[test]
fn the_dialogs() {
    let mut app = page();
    press(&mut app, "o");
    let reply = Reply::DeviceType(sample::devices()[0].id, Ok(Box::new(sample::device_type())));
    app.update(Event::Reply(reply), sample::NOW);
    assert_snapshot!("send_feature_80x24", small(&app));
    press(&mut app, "j\n");
    assert_snapshot!("send_confirm_80x24", small(&app));
    press(&mut app, "n?");
    assert_snapshot!("help_80x24", small(&app));
    press(&mut app, "x3\n");
    assert_snapshot!("operation_80x24", small(&app));
}

#[test]
fn without_a_daemon_the_places_are_named_and_old_data_stays() {
    let lost = Lost {
        reason: "no daemon answers on this board".to_owned(),
        tried: vec!["/run/pym/pym.sock: no socket there".to_owned()],
        retry_at: sample::NOW.plus(std::time::Duration::from_secs(4)),
    };
    let gone = || Event::Connection(Connection::Disconnected(lost.clone()));
    let mut fresh = App::default();
    fresh.update(gone(), sample::NOW);
    assert_snapshot!("waiting_80x24", small(&fresh));
    let mut stale = site();
    press(&mut stale, "2");
    stale.update(gone(), sample::NOW);
    let text = small(&stale);
    assert!(text.contains("retry in 4 s, r now · data of 10:12:33"), "{text}");
    assert!(text.contains("kitchen") && text.contains("▲ stale"), "{text}");
}

#[test]
fn ascii_terminals_get_nothing_else() {
    let mut hostile = sample::snapshot();
    hostile.devices[0].name = "küche\u{1b}[2J温度\u{202e}".to_owned();
    let mut app = shown(hostile);
    assert_snapshot!("overview_ascii_80x24", picture(&app, 80, 24, Charset::Ascii));
    press(&mut app, "2");
    let text = picture(&app, 80, 24, Charset::Ascii);
    assert!(text.is_ascii() && !text.contains('\u{1b}'), "{text}");
    assert!(text.contains("k?che\\u{1b}"), "{text}");
}

#[test]
fn any_size_can_be_drawn() {
    let mut app = page();
    for keys in ["", "o", "n\u{1b}", "1", "2", "3", "4", "?"] {
        press(&mut app, keys);
        for (width, height) in [(1, 1), (2, 3), (10, 4), (20, 5), (40, 12), (79, 23), (300, 100)] {
            picture(&app, width, height, Charset::Unicode);
        }
    }
}
