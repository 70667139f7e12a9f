use super::*;
use crate::model::device::DeviceStatus;
use crate::model::operation::OperationStatus;
use crate::tui::conn::Lost;
use crate::tui::sample;
use crate::wire::operation::Activity;
use crate::wire::telemetry::Value;

fn app() -> App {
    let mut app = App::default();
    let mut snapshot = sample::snapshot();
    snapshot.operations = sample::operations();
    snapshot.notices = sample::notices();
    app.update(Event::Snapshot(Box::new(snapshot)), sample::NOW);
    app
}

fn press(app: &mut App, keys: &str) -> Vec<Action> {
    let mut actions = Vec::new();
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\u{1b}' => KeyCode::Esc,
            '\u{2192}' => KeyCode::Right,
            other => KeyCode::Char(other),
        };
        let mut done = app.update(Event::Key(KeyEvent::from(code)), sample::NOW);
        // The daemon answers the filter at once.
        while let Some(Action::Find(text)) = done.pop_if(|action| matches!(action, Action::Find(_))) {
            let found = sample::devices().into_iter().filter(|device| device.name.contains(&text)).collect();
            actions.append(&mut done);
            done = app.update(Event::Reply(Reply::Found(text, Ok(found))), sample::NOW);
        }
        actions.append(&mut done);
    }
    actions
}

fn delta(change: Change) -> Event {
    Event::Delta(Delta { at: sample::NOW, dropped: 0, changes: vec![change] })
}

#[test]
fn digits_and_tab_turn_the_screens() {
    let mut app = app();
    for (keys, screen) in
        [("2", Screen::Devices), ("\t", Screen::Operations), ("4", Screen::Events), ("\t", Screen::Overview)]
    {
        press(&mut app, keys);
        assert_eq!(app.screen, screen);
    }
    assert!(matches!(press(&mut app, "q")[..], [Action::Quit]));
}

#[test]
fn letters_belong_to_the_filter_while_it_is_typed() {
    let mut app = app();
    assert!(press(&mut app, "2/q1\n").is_empty());
    assert_eq!((app.screen, app.state.devices.filter.text()), (Screen::Devices, "q1"));
}

#[test]
fn a_device_is_opened_and_its_history_is_asked_for() {
    let mut app = app();
    let actions = press(&mut app, "2/kitchen\n\n");
    let [Action::Device(id)] = actions[..] else { panic!("{actions:?}") };
    let actions = app.update(Event::Reply(Reply::Device(id, Ok(Box::new(sample::detail())))), sample::NOW);
    let [Action::Series(_, metrics)] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!(metrics, &["cpu_temp", "load"], "text has no history to draw");
    app.update(
        delta(Change::Telemetry {
            device: id,
            at: Timestamp::default(),
            values: vec![("cpu_temp".to_owned(), Value::Number(51.0))],
        }),
        sample::NOW,
    );
    assert_eq!(app.state.page.as_ref().unwrap().metrics["cpu_temp"].value, Value::Number(51.0));
    press(&mut app, "\u{1b}");
    assert!(app.state.page.is_none());
}

#[test]
fn a_change_of_the_open_devices_status_asks_for_its_history_again() {
    let mut app = app();
    press(&mut app, "2/kitchen\n\n");
    let mut device = sample::detail().device;
    app.update(Event::Reply(Reply::Device(device.id, Ok(Box::new(sample::detail())))), sample::NOW);
    let unchanged = app.update(delta(Change::Device { device: Box::new(device.clone()) }), sample::NOW);
    assert!(unchanged.is_empty());
    device.status = DeviceStatus::Unreachable;
    let changed = app.update(delta(Change::Device { device: Box::new(device) }), sample::NOW);
    assert!(matches!(changed[..], [Action::Device(_)]));
}

#[test]
fn a_sent_operation_is_followed_to_its_end() {
    let mut app = app();
    let actions = press(&mut app, "2/kitchen\no");
    let [Action::DeviceType(id, name)] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!(name, "raspberrypi");
    let reply = Reply::DeviceType(*id, Ok(Box::new(sample::device_type())));
    app.update(Event::Reply(reply), sample::NOW);
    let actions = press(&mut app, "\n\ny");
    let [Action::Send(activity)] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!((activity.code.as_str(), &activity.devices), ("bulb", &vec![*id]));

    let mut operation = sample::operations().remove(0);
    operation.id = OperationId::from_bytes([99; 16]);
    operation.status = OperationStatus::Pending;
    operation.responses.clear();
    "waiting".clone_into(&mut operation.reason);
    let activity = Activity {
        id: operation.activity,
        number: operation.number,
        code: operation.code.clone(),
        kind: operation.kind,
        payload: None,
        initiated_by: String::new(),
        created_at: sample::NOW,
        expires_at: None,
        operations: vec![operation.clone()],
    };
    app.update(Event::Reply(Reply::Sent(Ok(Box::new(activity)))), sample::NOW);
    assert_eq!(app.message.as_ref().unwrap().text, "○ bulb ON to kitchen, pending: waiting");
    operation.status = OperationStatus::Completed;
    operation.updated_at = sample::NOW;
    "done".clone_into(&mut operation.reason);
    app.update(delta(Change::Operation { operation: Box::new(operation) }), sample::NOW);
    assert_eq!(app.message.as_ref().unwrap().text, "● bulb ON to kitchen, completed: done");
    app.update(Event::Tick, sample::NOW.plus(MESSAGE_TIME * 2));
    assert!(app.message.is_none());
}

#[test]
fn only_an_open_operation_can_be_cancelled() {
    let mut app = app();
    assert!(press(&mut app, "3c").is_empty());
    assert!(app.dialog.is_none());
    assert_eq!(app.message.as_ref().unwrap().text, "the operation is completed already");
    let actions = press(&mut app, "jcy");
    assert!(matches!(actions[..], [Action::Cancel(id)] if id == sample::operations()[1].id));
    assert!(press(&mut app, "cn").is_empty());
}

#[test]
fn what_is_known_stays_while_the_daemon_is_away() {
    let mut app = app();
    press(&mut app, "2j");
    let selected = app.state.devices.selected().unwrap().id;
    let lost = Lost { reason: "gone".to_owned(), tried: Vec::new(), retry_at: sample::NOW };
    app.update(Event::Connection(Connection::Disconnected(lost)), sample::NOW);
    assert_eq!(app.state.devices.len(), 4);
    assert!(matches!(press(&mut app, "r")[..], [Action::Retry]));
    app.update(Event::Snapshot(Box::new(sample::snapshot())), sample::NOW);
    assert!(app.connection.is_connected());
    assert_eq!(app.state.devices.selected().unwrap().id, selected);
}

#[test]
fn times_are_told_by_the_daemons_clock() {
    let mut app = App::default();
    let local = Timestamp::from_secs(1000);
    app.update(Event::Snapshot(Box::new(sample::snapshot())), local);
    app.update(Event::Tick, local.plus(Duration::from_secs(5)));
    assert_eq!(app.now(), sample::NOW.plus(Duration::from_secs(5)));
}

#[test]
fn a_metric_that_is_new_asks_for_its_title() {
    let mut app = app();
    press(&mut app, "2/kitchen\n\n");
    let device = sample::detail().device.id;
    app.update(Event::Reply(Reply::Device(device, Ok(Box::new(sample::detail())))), sample::NOW);
    let values = vec![("humidity".to_owned(), Value::Integer(40))];
    let fresh = || delta(Change::Telemetry { device, at: sample::NOW, values: values.clone() });
    assert!(matches!(app.update(fresh(), sample::NOW)[..], [Action::Device(_)]));
    assert!(app.update(fresh(), sample::NOW).is_empty());
}
