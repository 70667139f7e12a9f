//! The rules of devices, operations and telemetry, over a real store.

use std::time::Duration;

use super::Error;
use super::device::DeviceEdit;
use super::downlink::{Downlink, Push};
use super::testing::{Site, itself, operator, site, user, with};
use crate::model::actor::{Actor, Scope};
use crate::model::audit::AuditFilter;
use crate::model::device::{
    Device, DeviceFilter, DevicePage, DeviceSort, DeviceStatus, NewDevice, PageStart, Property,
};
use crate::model::device_type::{Completes, DeviceType};
use crate::model::group::NewGroup;
use crate::model::id::DeviceId;
use crate::model::operation::{NewActivity, OperationFilter, OperationStatus, Report};
use crate::model::telemetry::{MAX_METRICS, MAX_SAMPLES, NewEvent, Range, Sample, Value};
use crate::model::timestamp::Timestamp;
use crate::store::Flush;

fn bulb(devices: &[DeviceId]) -> NewActivity {
    NewActivity {
        code: "bulb".to_owned(),
        kind: None,
        payload: Some("on".to_owned()),
        devices: devices.to_vec(),
        expires_at: None,
    }
}

fn named(name: &str) -> NewGroup {
    NewGroup { name: name.to_owned(), ..NewGroup::default() }
}

fn done(number: i64) -> Vec<Report> {
    vec![Report { number, status: OperationStatus::Completed, response: Some("ok".to_owned()) }]
}

fn temperature(at: Option<Timestamp>, degrees: f64) -> NewEvent {
    let sample = Sample { metric: "temperature".to_owned(), value: Value::Number(degrees) };
    NewEvent { device_time: at, samples: vec![sample] }
}

async fn status(site: &Site, id: DeviceId) -> DeviceStatus {
    site.app.device(&operator(), id).await.unwrap().status
}

async fn next_push(site: &mut Site) -> Push {
    match site.downlink.recv().await {
        Some(Downlink::Push(push)) => push,
        other => panic!("not a push: {other:?}"),
    }
}

#[tokio::test]
async fn enrolling_twice_is_enrolling_once() {
    let site = site().await;
    let first = site.pi("kitchen").await;
    let second = site.pi("kitchen").await;
    assert_eq!((first.id, first.number), (second.id, second.number));
    assert_eq!(site.app.enrollments(&operator(), first.id).await.unwrap().len(), 1);
    site.app.remove_device(&operator(), first.id).await.unwrap();
    site.app.remove_device(&operator(), first.id).await.unwrap();
    assert_eq!(status(&site, first.id).await, DeviceStatus::Removed);
    let third = site.pi("kitchen").await;
    assert_eq!((third.id, third.status), (first.id, DeviceStatus::Active));
    assert_eq!(site.app.enrollments(&operator(), first.id).await.unwrap().len(), 2);
    let history = site.app.status_history(&operator(), first.id).await.unwrap();
    let steps: Vec<_> = history.iter().map(|change| change.to).collect();
    assert_eq!(steps, [DeviceStatus::Active, DeviceStatus::Removed, DeviceStatus::Active]);
}

#[tokio::test]
async fn what_cannot_be_enrolled_is_refused() {
    let site = site().await;
    for identifier in ["../etc", "a/b", "a\u{1b}[2J", "\"", ""] {
        let new = NewDevice {
            device_type: "raspberrypi".to_owned(),
            identifier: identifier.to_owned(),
            ..NewDevice::default()
        };
        let refused = site.app.enroll(&operator(), new).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "identifier", .. })), "{identifier:?}");
    }
    let new = NewDevice { device_type: "toaster".to_owned(), identifier: "t".to_owned(), ..NewDevice::default() };
    assert!(matches!(site.app.enroll(&operator(), new.clone()).await, Err(Error::NotFound { .. })));
    assert!(matches!(site.app.enroll(&with(&[Scope::Read]), new).await, Err(Error::Forbidden { .. })));
}

#[tokio::test]
async fn a_device_may_touch_itself_alone() {
    let site = site().await;
    let (mine, other) = (site.pi("mine").await, site.pi("other").await);
    let me = itself(&mine);
    assert!(site.app.device(&me, mine.id).await.is_ok());
    assert!(site.app.ingest(&me, mine.id, vec![temperature(None, 1.0)], Flush::Now).await.is_ok());
    let refused = site.app.ingest(&me, other.id, vec![temperature(None, 1.0)], Flush::Now).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
    assert!(matches!(site.app.device(&me, other.id).await, Err(Error::Forbidden { .. })));
    assert!(matches!(site.app.pending(&me, other.id).await, Err(Error::Forbidden { .. })));
    assert!(matches!(site.app.send(&me, bulb(&[mine.id])).await, Err(Error::Forbidden { .. })));
    assert!(matches!(site.app.edit_device(&me, mine.id, DeviceEdit::default()).await, Err(Error::Forbidden { .. })));
}

#[tokio::test]
async fn silence_makes_a_device_unreachable_then_inactive_and_a_word_brings_it_back() {
    let site = site().await;
    let pi = site.pi("quiet").await;
    site.clock.advance(Duration::from_secs(599));
    assert_eq!(site.app.sweep_silence().await.unwrap(), 0);
    site.clock.advance(Duration::from_secs(2));
    assert_eq!(site.app.sweep_silence().await.unwrap(), 1);
    assert_eq!(status(&site, pi.id).await, DeviceStatus::Unreachable);
    site.clock.advance(Duration::from_mins(5));
    assert_eq!(site.app.sweep_silence().await.unwrap(), 1);
    assert_eq!(status(&site, pi.id).await, DeviceStatus::Inactive);
    site.app.ingest(&itself(&pi), pi.id, vec![temperature(None, 20.0)], Flush::Now).await.unwrap();
    assert_eq!(status(&site, pi.id).await, DeviceStatus::Active);
}

#[tokio::test]
async fn a_connection_counts_as_being_heard_and_its_end_does_not_wait() {
    let site = site().await;
    let pi = site.pi("wired").await;
    site.app.device_connected(pi.id).await;
    site.app.device_connected(pi.id).await;
    site.clock.advance(Duration::from_hours(1));
    assert_eq!(site.app.sweep_silence().await.unwrap(), 0);
    site.app.device_disconnected(pi.id).await;
    assert_eq!(status(&site, pi.id).await, DeviceStatus::Active, "one connection is left");
    site.app.device_disconnected(pi.id).await;
    assert_eq!(status(&site, pi.id).await, DeviceStatus::Unreachable);
    assert!(!site.app.is_online(pi.id));
}

#[tokio::test]
async fn an_identical_pending_command_is_merged() {
    let site = site().await;
    let (one, two) = (site.pi("one").await, site.pi("two").await);
    let first = site.app.send(&operator(), bulb(&[one.id])).await.unwrap();
    let again = site.app.send(&operator(), bulb(&[one.id])).await.unwrap();
    assert_eq!(first.id, again.id, "the same activity");
    let both = site.app.send(&operator(), bulb(&[one.id, two.id])).await.unwrap();
    assert_ne!(first.id, both.id);
    let of = |id| both.operations.iter().find(|operation| operation.device == id).unwrap();
    assert_eq!(of(one.id).status, OperationStatus::Repeated);
    assert_eq!(of(one.id).reason, format!("merged into activity {}", first.number));
    assert_eq!(of(two.id).status, OperationStatus::Pending);
    assert_eq!(site.app.pending(&itself(&one), one.id).await.unwrap().len(), 1);
    site.app.report(&itself(&one), one.id, done(first.number)).await.unwrap();
    let fresh = site.app.send(&operator(), bulb(&[one.id])).await.unwrap();
    assert_ne!(fresh.id, first.id, "the earlier one has ended");
}

#[tokio::test]
async fn an_operation_goes_its_way_once() {
    let site = site().await;
    let pi = site.pi("worker").await;
    let me = itself(&pi);
    let activity = site.app.send(&operator(), bulb(&[pi.id])).await.unwrap();
    assert_eq!(activity.payload.as_deref(), Some("ON"), "as the type writes it");
    assert_eq!(activity.operations[0].reason, "waiting for the device to connect");
    let taken = site.app.next_pending(&me, pi.id).await.unwrap().unwrap();
    assert_eq!((taken.number, taken.status), (activity.number, OperationStatus::InProgress));
    assert!(site.app.next_pending(&me, pi.id).await.unwrap().is_none());
    assert_eq!(site.app.report(&me, pi.id, done(activity.number)).await.unwrap(), 1);
    assert_eq!(site.app.report(&me, pi.id, done(activity.number)).await.unwrap(), 0, "a repeated report");
    assert_eq!(site.app.report(&me, pi.id, done(4711)).await.unwrap(), 0, "an unknown number");
    let operation = site.app.operation(&operator(), taken.id).await.unwrap();
    assert_eq!(operation.status, OperationStatus::Completed);
    assert_eq!(operation.responses.len(), 1);
    assert!(matches!(site.app.cancel(&operator(), taken.id).await, Err(Error::Conflict(_))));
}

#[tokio::test]
async fn operations_are_cancelled_and_expire() {
    let site = site().await;
    let pi = site.pi("late").await;
    let first = site.app.send(&operator(), bulb(&[pi.id])).await.unwrap();
    let cancelled = site.app.cancel(&operator(), first.operations[0].id).await.unwrap();
    assert_eq!(cancelled.status, OperationStatus::Cancelled);
    let expires_at = Some(site.clock.now().plus(Duration::from_mins(1)));
    site.app.send(&operator(), NewActivity { expires_at, ..bulb(&[pi.id]) }).await.unwrap();
    assert_eq!(site.app.expire_operations().await.unwrap(), 0);
    site.clock.advance(Duration::from_mins(2));
    assert_eq!(site.app.expire_operations().await.unwrap(), 1);
    assert!(site.app.pending(&itself(&pi), pi.id).await.unwrap().is_empty());
    let filter = OperationFilter { device: Some(pi.id), ..OperationFilter::default() };
    let page = site.app.operations(&operator(), filter.clone(), 1, None).await.unwrap();
    assert_eq!((page.items[0].status, page.total), (OperationStatus::Expired, 2));
    let filter = OperationFilter { statuses: vec![OperationStatus::Cancelled, OperationStatus::Error], ..filter };
    let page = site.app.operations(&operator(), filter, 10, page.next).await.unwrap();
    assert_eq!((page.items.len(), page.items[0].status), (1, OperationStatus::Cancelled));
}

#[tokio::test]
async fn a_push_waits_for_the_connection_and_takes_the_device_s_routes() {
    let mut site = site().await;
    let pi = site.pi("pushed").await;
    let activity = site.app.send(&operator(), bulb(&[pi.id])).await.unwrap();
    assert!(site.downlink.try_recv().is_err(), "nobody is connected");
    site.app.device_connected(pi.id).await;
    site.app.push_pending(pi.id).await;
    let push = next_push(&mut site).await;
    let topics: Vec<_> = push.routes.iter().map(|route| route.topic.clone()).collect();
    let generic = format!("carbon.super/raspberrypi/pushed/operation/command/bulb/{}", activity.number);
    assert_eq!(topics, [generic, "carbon.super/raspberrypi/pushed".to_owned()]);
    assert_eq!(push.routes[1].payload, "bulb:ON");
    site.app.pushed(push.operation, Completes::Delivery).await;
    let operation = site.app.operation(&operator(), push.operation).await.unwrap();
    assert_eq!(operation.status, OperationStatus::Completed, "the old agent reports no results");
}

#[tokio::test]
async fn blocking_shuts_a_device_out() {
    let mut site = site().await;
    let pi = site.pi("bad").await;
    let edit = DeviceEdit { status: Some(DeviceStatus::Blocked), ..DeviceEdit::default() };
    site.app.edit_device(&operator(), pi.id, edit).await.unwrap();
    assert!(matches!(site.downlink.recv().await, Some(Downlink::Close { device, .. }) if device == pi.id));
    assert!(matches!(site.app.send(&operator(), bulb(&[pi.id])).await, Err(Error::Conflict(_))));
}

#[tokio::test]
async fn telemetry_is_read_back_by_metric_and_by_event() {
    let site = site().await;
    let pi = site.pi("warm").await;
    let me = itself(&pi);
    let at = |secs: i64| Timestamp::from_secs(1_790_000_000 + secs);
    for secs in 0..10_i64 {
        let degrees = 20.0 + f64::from(u8::try_from(secs).unwrap());
        site.app.ingest(&me, pi.id, vec![temperature(Some(at(secs)), degrees)], Flush::Now).await.unwrap();
    }
    // Two events of one second are two records, and a late one is no news.
    site.app.ingest(&me, pi.id, vec![temperature(Some(at(3)), 99.0)], Flush::Now).await.unwrap();
    let last = site.app.last_values(&me, pi.id).await.unwrap();
    assert_eq!((last.len(), &last[0].value), (1, &Value::Number(29.0)));
    let range = Range { from: at(2), to: at(5) };
    let (points, truncated) = site.app.series(&me, pi.id, "temperature", range, 100).await.unwrap();
    let values: Vec<_> = points.iter().filter_map(|point| point.value.as_f64()).collect();
    assert_eq!((values, truncated), (vec![22.0, 23.0, 99.0, 24.0], false));
    let (points, truncated) = site.app.series(&me, pi.id, "temperature", range, 2).await.unwrap();
    assert_eq!((points.len(), truncated, points[1].value.as_f64()), (2, true, Some(24.0)));
    assert_eq!(site.app.events(&me, pi.id, range, 1, 2).await.unwrap().len(), 2);
    assert_eq!(site.app.last_events(&me, pi.id, 1).await.unwrap()[0].device_time, at(9));
}

#[tokio::test]
async fn a_device_has_a_bounded_number_of_metrics_and_properties() {
    let site = site().await;
    let device = site.pi("one").await;
    let sample = |number: usize| Sample { metric: format!("m{number}"), value: Value::Integer(1) };
    for first in (0..=MAX_METRICS).step_by(MAX_SAMPLES) {
        let samples = (first..(first + MAX_SAMPLES).min(MAX_METRICS + 1)).map(sample).collect();
        let events = vec![NewEvent { device_time: None, samples }];
        site.app.ingest(&itself(&device), device.id, events, Flush::Now).await.unwrap();
    }
    assert_eq!(site.app.last_values(&operator(), device.id).await.unwrap().len(), MAX_METRICS);
    assert_eq!(site.app.metrics().telemetry_left_out.get(), 1);

    let properties = |range: std::ops::Range<usize>| {
        range.map(|number| Property { name: format!("p{number}"), value: "1".to_owned() }).collect::<Vec<_>>()
    };
    site.app.set_properties(&itself(&device), device.id, properties(0..200)).await.unwrap();
    let refused = site.app.set_properties(&itself(&device), device.id, properties(199..201)).await;
    assert!(matches!(refused, Err(Error::Invalid { field: "properties", .. })), "{refused:?}");
    assert_eq!(site.app.properties(&operator(), device.id).await.unwrap().len(), 200);
}

#[tokio::test]
async fn a_list_is_paged_without_gap_or_repeat() {
    let site = site().await;
    for name in ["b", "A", "c", "B2", "a10", "a2", "z"] {
        site.pi(name).await;
    }
    for (sort, descending) in [(DeviceSort::Name, false), (DeviceSort::Name, true), (DeviceSort::LastSeen, false)] {
        let mut start = PageStart::Cursor(None);
        let mut seen = Vec::new();
        loop {
            let page = DevicePage { sort, descending, start, limit: 2 };
            let page = site.app.devices(&operator(), DeviceFilter::default(), page).await.unwrap();
            assert_eq!(page.total, 7);
            seen.extend(page.items.into_iter().map(|device| device.identifier));
            let Some(next) = page.next else { break };
            start = PageStart::Cursor(Some(next));
        }
        let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
        assert_eq!((seen.len(), distinct.len()), (7, 7), "{sort:?} {seen:?}");
        if sort == DeviceSort::Name {
            let mut sorted = seen.clone();
            sorted.sort_by_key(|name| name.to_ascii_lowercase());
            if descending {
                sorted.reverse();
            }
            assert_eq!(seen, sorted);
        }
    }
    for cursor in ["x", "[]", "[null,1]", "['a',1]", "{}"] {
        let start = PageStart::Cursor(Some(cursor.to_owned()));
        let page = DevicePage { sort: DeviceSort::Name, descending: false, start, limit: 2 };
        let refused = site.app.devices(&operator(), DeviceFilter::default(), page).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "cursor", .. })), "{cursor}: {refused:?}");
    }
}

#[tokio::test]
async fn groups_hold_devices_all_or_none() {
    let site = site().await;
    let (one, two) = (site.pi("one").await, site.pi("two").await);
    let group = site.app.create_group(&operator(), named("lobby")).await.unwrap();
    assert!(matches!(site.app.create_group(&operator(), named("Lobby")).await, Err(Error::Conflict(_))));
    let stranger = DeviceId::fresh(site.clock.now());
    let refused = site.app.add_to_group(&operator(), group.id, vec![one.id, stranger]).await;
    assert!(matches!(refused, Err(Error::NotFound { .. })));
    assert_eq!(site.app.group(&operator(), group.id).await.unwrap().devices, 0);
    site.app.add_to_group(&operator(), group.id, vec![one.id, two.id, one.id]).await.unwrap();
    site.app.remove_from_group(&operator(), group.id, vec![two.id]).await.unwrap();
    let filter = DeviceFilter { group: Some(group.id), ..DeviceFilter::default() };
    let start = PageStart::Offset(0);
    let page = DevicePage { sort: DeviceSort::Name, descending: false, start, limit: 10 };
    let page = site.app.devices(&operator(), filter, page).await.unwrap();
    assert_eq!(page.items.iter().map(|device| device.id).collect::<Vec<_>>(), [one.id]);
    assert_eq!(site.app.groups_of(&operator(), one.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn custom_types_come_and_go_and_built_in_ones_stay() {
    let site = site().await;
    let text = r#"{"name":"sampledevice","title":"Sample","features":[{"code":"command","name":"Command","kind":"COMMAND"}],
        "push":[{"topic":"{tenant}/{type}/{id}/command","completes":"delivery"}]}"#;
    let sample: DeviceType = serde_json::from_str(text).unwrap();
    site.app.create_device_type(&operator(), sample.clone()).await.unwrap();
    assert!(matches!(site.app.create_device_type(&operator(), sample.clone()).await, Err(Error::Conflict(_))));
    let mut elsewhere = sample.clone();
    elsewhere.push[0].topic = "carbon.super/raspberrypi/other".to_owned();
    let refused = site.app.replace_device_type(&operator(), "sampledevice", elsewhere).await;
    assert!(matches!(refused, Err(Error::Invalid { field: "push", .. })));
    let new = NewDevice { device_type: "sampledevice".to_owned(), identifier: "s".to_owned(), ..NewDevice::default() };
    site.app.enroll(&operator(), new).await.unwrap();
    assert!(matches!(site.app.delete_device_type(&operator(), "sampledevice").await, Err(Error::Conflict(_))));
    assert!(matches!(site.app.delete_device_type(&operator(), "android").await, Err(Error::Conflict(_))));
}

#[tokio::test]
async fn what_operators_do_is_audited_without_payloads() {
    let site = site().await;
    let pi = site.pi("watched").await;
    site.app.send(&operator(), bulb(&[pi.id])).await.unwrap();
    site.app.remove_device(&operator(), pi.id).await.unwrap();
    let page = site.app.audit(&operator(), AuditFilter::default(), 10).await.unwrap();
    let actions: Vec<_> = page.items.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["device.remove", "operation.send", "device.enroll"]);
    assert_eq!(page.items[1].detail, "bulb with a payload of 2 bytes");
    assert_eq!(page.items[1].actor, "uid:0");
    let filter = AuditFilter { action: Some("device".to_owned()), ..AuditFilter::default() };
    assert_eq!(site.app.audit(&operator(), filter, 10).await.unwrap().total, 2);
    assert!(matches!(
        site.app.audit(&with(&[Scope::Read]), AuditFilter::default(), 10).await,
        Err(Error::Forbidden { .. })
    ));
}

#[tokio::test]
async fn a_backup_is_a_whole_database() {
    let site = site().await;
    let pi = site.pi("kept").await;
    let path = site.app.backup(&operator()).await.unwrap();
    let copy = crate::store::Store::open(&path).unwrap();
    let found = copy.read(move |rx| rx.device(pi.id)).await.unwrap();
    assert_eq!(found.unwrap().identifier, "kept");
}

/// A person of the role `device-owner`, and a device of theirs.
async fn owned(site: &Site, name: &str, identifier: &str) -> (Actor, Device) {
    site.app.create_user(&operator(), user(name, "device-owner"), "correct horse").await.unwrap();
    let owner = site.app.basic(name, "correct horse", "192.0.2.1").await.unwrap();
    let new =
        NewDevice { device_type: "raspberrypi".to_owned(), identifier: identifier.to_owned(), ..NewDevice::default() };
    let device = site.app.enroll(&owner, new).await.unwrap().device;
    (owner, device)
}

#[tokio::test]
async fn what_an_operator_shut_out_does_not_come_back_by_leaving() {
    let site = site().await;
    let (ada, pi) = owned(&site, "ada", "hers").await;
    for status in [DeviceStatus::Blocked, DeviceStatus::Suspended] {
        let edit = DeviceEdit { status: Some(status), ..DeviceEdit::default() };
        site.app.edit_device(&operator(), pi.id, edit).await.unwrap();
        for by in [&ada, &itself(&pi)] {
            let left = site.app.remove_device(by, pi.id).await;
            assert!(matches!(left, Err(Error::Forbidden { needs: Scope::Operate })), "{status:?} {left:?}");
        }
    }
    site.app.remove_device(&operator(), pi.id).await.unwrap();
}

#[tokio::test]
async fn a_device_that_changes_hands_by_enrolling_anew_brings_nothing_along() {
    let site = site().await;
    let (ada, pi) = owned(&site, "ada", "shared").await;
    let credentials = site.app.issue_device_credentials(&ada, pi.id).await.unwrap();
    site.app.ingest(&itself(&pi), pi.id, vec![temperature(None, 21.0)], Flush::Now).await.unwrap();
    site.app.send(&operator(), bulb(&[pi.id])).await.unwrap();
    let tags = DeviceEdit { tags: Some(vec!["vip".to_owned()]), ..DeviceEdit::default() };
    let refused = site.app.edit_device(&ada, pi.id, tags.clone()).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "tags choose policies: {refused:?}");
    site.app.edit_device(&operator(), pi.id, tags).await.unwrap();

    site.app.remove_device(&ada, pi.id).await.unwrap();
    let (bob, again) = owned(&site, "bob", "shared").await;
    assert_eq!((again.id, &*again.owner), (pi.id, "bob"));
    assert!(site.app.bearer(&credentials.access_token, "192.0.2.1").await.is_err());
    assert!(site.app.pending(&itself(&again), pi.id).await.unwrap().is_empty(), "what waited is not delivered");
    assert!(site.app.last_values(&bob, pi.id).await.unwrap().is_empty());
    assert!(site.app.tags_of(&bob, pi.id).await.unwrap().is_empty());
    let operations = site.app.operations(&bob, OperationFilter { device: Some(pi.id), ..Default::default() }, 10, None);
    assert_eq!(operations.await.unwrap().total, 0);
    assert!(matches!(site.app.device(&ada, pi.id).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn an_owner_takes_no_policy_off_their_device() {
    let site = site().await;
    let (ada, pi) = owned(&site, "ada", "hers").await;
    for code in ["POLICY_BUNDLE", "POLICY_REVOKE"] {
        let sent = site.app.send(&ada, NewActivity { code: code.to_owned(), ..bulb(&[pi.id]) }).await;
        assert!(matches!(sent, Err(Error::Forbidden { needs: Scope::Policy })), "{sent:?}");
    }
}

#[tokio::test]
async fn a_chart_sums_up_what_a_device_measured() {
    let site = site().await;
    let pi = site.pi("kitchen").await;
    let start = Timestamp::from_millis(site.clock.now().millis() / 1_000_000 * 1_000_000);
    let at = |seconds: u64| Some(start.plus(Duration::from_secs(seconds)));
    let word = |text: &str| Sample { metric: "bulb".to_owned(), value: Value::Text(text.to_owned()) };
    let mut events: Vec<_> = (0..100_u32).map(|second| temperature(at(second.into()), second.into())).collect();
    events.push(NewEvent { device_time: at(1), samples: vec![word("ON")] });
    events.push(NewEvent { device_time: at(2), samples: vec![word("ON")] });
    events.push(NewEvent { device_time: at(3), samples: vec![word("OFF")] });
    site.app.ingest(&itself(&pi), pi.id, events, Flush::Now).await.unwrap();
    let range = Range { from: start.plus(Duration::from_secs(50)), to: start.plus(Duration::from_secs(90)) };
    let chart = site.app.chart(&operator(), pi.id, "temperature", range, 4).await.unwrap();
    assert_eq!((chart.width_ms, chart.samples), (10_000, 40));
    let drawn: Vec<_> = chart.buckets.iter().map(|b| (b.samples, b.min, b.max, b.average, b.last)).collect();
    assert_eq!(drawn[0], (10, 50.0, 59.0, 54.5, 59.0));
    assert_eq!((drawn.len(), chart.buckets[3].at), (4, start.plus(Duration::from_secs(80))));
    let words = site.app.chart(&itself(&pi), pi.id, "bulb", Range { from: start, ..range }, 500).await.unwrap();
    assert_eq!((words.samples, words.changes.len(), words.buckets.len()), (3, 2, 0));
    assert_eq!(site.app.chart(&operator(), pi.id, "none", range, 4).await.unwrap().samples, 0);
    for (range, buckets) in [(range, 0), (range, 501), (Range { from: range.to, to: range.from }, 4)] {
        let refused = site.app.chart(&operator(), pi.id, "temperature", range, buckets).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    let stranger = Actor { principal: itself(&site.pi("hall").await).principal, ..with(&[]) };
    assert!(site.app.chart(&stranger, pi.id, "temperature", range, 4).await.is_err());
}

#[tokio::test]
async fn a_note_is_written_by_people_and_kept_from_the_device() {
    let site = site().await;
    let pi = site.pi("kitchen").await;
    let note = |text: &str| DeviceEdit { note: Some(text.to_owned()), ..DeviceEdit::default() };
    site.app.edit_device(&operator(), pi.id, note("Behind the fridge.\nAsk <b>Ana</b> for the key.")).await.unwrap();
    let held = site.app.note(&operator(), pi.id).await.unwrap().unwrap();
    assert_eq!((held.by.as_str(), held.text.lines().count()), ("uid:0", 2));
    assert_eq!(site.app.note(&itself(&pi), pi.id).await.unwrap(), None);
    assert!(site.app.edit_device(&itself(&pi), pi.id, note("x")).await.is_err());
    assert!(site.app.edit_device(&with(&[Scope::Read]), pi.id, note("x")).await.is_err());
    for wrong in ["x".repeat(4097), "a\u{1b}[2J".to_owned()] {
        let refused = site.app.edit_device(&operator(), pi.id, note(&wrong)).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    site.app.edit_device(&operator(), pi.id, note("")).await.unwrap();
    assert_eq!(site.app.note(&operator(), pi.id).await.unwrap(), None);
}

#[tokio::test]
async fn what_did_not_succeed_is_sent_again() {
    let site = site().await;
    let pi = site.pi("kitchen").await;
    let sent = site.app.send(&operator(), bulb(&[pi.id])).await.unwrap();
    let first = sent.operations[0].id;
    assert!(matches!(site.app.retry(&operator(), first).await, Err(Error::Conflict(_))), "it waits");
    let failed = Report { number: sent.number, status: OperationStatus::Error, response: Some("no bulb".to_owned()) };
    site.app.report(&itself(&pi), pi.id, vec![failed]).await.unwrap();
    assert!(site.app.retry(&with(&[Scope::Read]), first).await.is_err());
    let again = site.app.retry(&operator(), first).await.unwrap();
    assert_eq!((again.code.as_str(), again.payload.as_deref()), ("bulb", Some("ON")));
    assert_ne!(again.id, sent.id);
    let twice = site.app.retry(&operator(), first).await.unwrap();
    assert_eq!(twice.id, again.id, "a command that waits is not sent twice");
    let trail = site.app.audit(&operator(), AuditFilter::default(), 10).await.unwrap();
    let wanted = format!("again after activity {}", sent.number);
    assert!(trail.items.iter().any(|entry| entry.detail.contains(&wanted)), "{trail:?}");
    site.app.report(&itself(&pi), pi.id, done(again.number)).await.unwrap();
    let done = again.operations[0].id;
    assert!(matches!(site.app.retry(&operator(), done).await, Err(Error::Conflict(_))), "it went well");
}
