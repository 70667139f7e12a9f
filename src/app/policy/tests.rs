mod told;

use serde_json::json;

use super::*;
use crate::app::device::DeviceEdit;
use crate::app::testing::{Site, itself, operator, site, user, with};
use crate::model::compliance::ComplianceFilter;
use crate::model::device::{Device, DeviceStatus, NewDevice, Ownership};
use crate::model::device_type::DeviceType;
use crate::model::operation::{Operation, OperationFilter, OperationKind, OperationStatus, Report};
use crate::model::policy::{Impact, Mode, PolicyFeature, Targets};

async fn phone(site: &Site, identifier: &str) -> Device {
    let new =
        NewDevice { device_type: "android".to_owned(), identifier: identifier.to_owned(), ..NewDevice::default() };
    site.app.enroll(&operator(), new).await.unwrap().device
}

fn camera(name: &str, enabled: bool) -> NewPolicy {
    NewPolicy {
        name: name.to_owned(),
        device_type: "android".to_owned(),
        description: String::new(),
        mode: Mode::Enforce,
        targets: Targets::default(),
        features: vec![PolicyFeature { code: "CAMERA".to_owned(), content: json!({ "enabled": enabled }) }],
        active: Some(true),
        note: String::new(),
    }
}

impl Site {
    async fn make(&self, new: NewPolicy) -> Policy {
        self.app.create_policy(&operator(), new).await.unwrap()
    }

    async fn apply(&self) -> (u64, u64) {
        let done = self.app.apply_policies(&operator()).await.unwrap();
        (done.sent, done.revoked)
    }

    /// The operations of a code on a device, oldest first.
    async fn sent(&self, device: &Device, code: &str) -> Vec<Operation> {
        let filter =
            OperationFilter { device: Some(device.id), code: Some(code.to_owned()), ..OperationFilter::default() };
        let mut items = self.app.operations(&operator(), filter, 1000, None).await.unwrap().items;
        items.reverse();
        items
    }

    async fn statuses(&self, device: &Device, code: &str) -> Vec<OperationStatus> {
        self.sent(device, code).await.iter().map(|operation| operation.status).collect()
    }

    /// The device answers the newest operation of a code.
    async fn answer(&self, device: &Device, code: &str, response: &str) {
        let number = self.sent(device, code).await.last().unwrap().number;
        let report = Report { number, status: OperationStatus::Completed, response: Some(response.to_owned()) };
        self.app.report(&itself(device), device.id, vec![report]).await.unwrap();
    }

    async fn notified(&self) -> Vec<String> {
        let filter = crate::model::notification::NotificationFilter::default();
        let page = self.app.notifications(&operator(), filter, 0, 100).await.unwrap();
        page.items.into_iter().map(|notification| notification.text).collect()
    }

    async fn status(&self, device: &Device) -> DeviceStatus {
        self.app.device(&operator(), device.id).await.unwrap().status
    }
}

const VIOLATION: &str = r#"[{"featureCode":"CAMERA","compliance":false,"message":"it is on"}]"#;
use OperationStatus::{Cancelled, Completed, Pending};

#[tokio::test]
async fn a_device_gets_the_first_policy_once_and_a_newer_one_in_its_place() {
    let site = site().await;
    let early = phone(&site, "a1").await;
    let policy = site.make(camera("off", false)).await;
    assert!(policy.active && policy.changed);
    assert_eq!((policy.priority, policy.version), (1, 1));
    assert!(site.sent(&early, "POLICY_BUNDLE").await.is_empty(), "nothing before the changes are applied");
    assert_eq!(site.apply().await, (1, 0));
    assert_eq!(site.apply().await, (0, 0), "what was told is not told again");
    let late = phone(&site, "a2").await;
    for device in [&early, &late] {
        let sent = site.sent(device, "POLICY_BUNDLE").await;
        assert_eq!((sent.len(), sent[0].kind, sent[0].status), (1, OperationKind::Policy, Pending));
        let expected =
            r#"[{"code":"CAMERA","type":"PROFILE","id":0,"isEnabled":true,"payLoad":"{\"enabled\":false}"}]"#;
        assert_eq!(sent[0].payload.as_deref(), Some(expected));
    }
    let key = PolicyKey::Id(policy.id);
    assert!(!site.app.policy(&operator(), key).await.unwrap().changed);
    let replaced = site.app.replace_policy(&operator(), key, camera("off", true)).await.unwrap();
    assert!(replaced.changed);
    assert_eq!(replaced.version, 2);
    assert_eq!(site.apply().await, (2, 0));
    assert_eq!(site.statuses(&early, "POLICY_BUNDLE").await, [Cancelled, Pending], "the older one is taken back");
    site.answer(&early, "POLICY_BUNDLE", "").await;
    site.app.set_policies_active(&operator(), vec![key], false).await.unwrap();
    assert_eq!(site.apply().await, (0, 2));
    assert_eq!(site.statuses(&early, "POLICY_BUNDLE").await, [Cancelled, Completed]);
    assert_eq!(site.statuses(&late, "POLICY_BUNDLE").await, [Cancelled, Cancelled]);
    assert_eq!(site.statuses(&late, "POLICY_REVOKE").await, [Pending]);
    assert_eq!(site.apply().await, (0, 0));
}

#[tokio::test]
async fn priorities_and_versions_are_kept_and_a_version_can_be_restored() {
    let site = site().await;
    let device = phone(&site, "a1").await;
    let first = site.make(camera("first", false)).await;
    let second = site.make(camera("second", true)).await;
    let keys = vec![PolicyKey::Number(second.number)];
    let order = site.app.order_policies(&operator(), keys.clone()).await.unwrap();
    assert_eq!(order.iter().map(|policy| policy.name.as_str()).collect::<Vec<_>>(), ["second", "first"]);
    let twice = [keys.clone(), keys.clone()].concat();
    assert!(matches!(site.app.order_policies(&operator(), twice).await, Err(Error::Invalid { .. })));
    site.apply().await;
    let bundle = site.sent(&device, "POLICY_BUNDLE").await.pop().unwrap();
    assert!(bundle.payload.unwrap().contains(r#"{\"enabled\":true}"#));
    site.app.delete_policies(&operator(), keys).await.unwrap();
    assert_eq!(site.app.policies(&operator()).await.unwrap()[0].priority, 1, "the gap is closed");
    let key = PolicyKey::Id(first.id);
    let mut changed = camera("first", true);
    changed.note = "the cameras are needed".to_owned();
    site.app.replace_policy(&operator(), key, changed.clone()).await.unwrap();
    let same = site.app.replace_policy(&operator(), key, changed).await.unwrap();
    assert_eq!(same.version, 2, "a definition that is the same makes no version");
    let restored = site.app.restore_policy(&operator(), key, 1).await.unwrap();
    assert_eq!((restored.version, &restored.definition), (3, &first.definition));
    let versions = site.app.policy_versions(&operator(), key).await.unwrap();
    assert_eq!(versions.iter().map(|version| version.version).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!((versions[1].note.as_str(), versions[1].changed_by.as_str()), ("the cameras are needed", "uid:0"));
    assert!(matches!(site.app.restore_policy(&operator(), key, 9).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn a_policy_that_cannot_be_is_refused_by_the_member_that_is_wrong() {
    let site = site().await;
    site.make(camera("taken", false)).await;
    let refused = async |change: fn(&mut NewPolicy)| {
        let mut new = camera("new", false);
        change(&mut new);
        match site.app.create_policy(&operator(), new).await.unwrap_err() {
            Error::Invalid { field, detail } => format!("{field}: {detail}"),
            other => format!("{other:?}"),
        }
    };
    assert!(refused(|p| "none".clone_into(&mut p.device_type)).await.starts_with("device_type: "));
    assert!(refused(|p| p.name.clear()).await.starts_with("name: "));
    assert!(refused(|p| p.features.clear()).await.starts_with("features: "));
    assert!(refused(|p| "NOPE".clone_into(&mut p.features[0].code)).await.contains("no feature \"NOPE\""));
    assert!(refused(|p| "DEVICE_RING".clone_into(&mut p.features[0].code)).await.contains("takes no content"));
    assert!(refused(|p| "POLICY_BUNDLE".clone_into(&mut p.features[0].code)).await.contains("takes no content"));
    assert!(refused(|p| p.features[0].content = json!({ "enabled": "x" })).await.contains("CAMERA: "));
    assert!(refused(|p| p.features.push(p.features[0].clone())).await.contains("twice"));
    assert!(refused(|p| "TAKEN".clone_into(&mut p.name)).await.contains("Conflict"));
    let readers = with(&[Scope::Read, Scope::Operate]);
    assert!(matches!(site.app.create_policy(&readers, camera("x", true)).await, Err(Error::Forbidden { .. })));
    assert!(matches!(site.app.apply_policies(&readers).await, Err(Error::Forbidden { .. })));
}

#[tokio::test]
async fn a_dry_run_says_who_gains_loses_and_changes_and_does_nothing() {
    let site = site().await;
    let phones = [phone(&site, "a1").await, phone(&site, "a2").await];
    let mut new = camera("one", false);
    new.targets.devices = vec![phones[0].id];
    let run = site.app.try_policy(&operator(), new.clone(), None).await.unwrap();
    assert_eq!((run.affected, run.gains, run.summary.as_str()), (1, 1, "this change affects 1 device: android:a1"));
    let policy = site.make(new.clone()).await;
    let pending = site.app.pending_changes(&operator()).await.unwrap();
    assert_eq!((pending.affected, pending.devices[0].identifier.as_str()), (1, "a1"));
    site.apply().await;
    assert_eq!(site.app.pending_changes(&operator()).await.unwrap().affected, 0);
    new.targets.devices = vec![phones[1].id];
    let run = site.app.try_policy(&operator(), new.clone(), Some(policy.id)).await.unwrap();
    assert_eq!((run.affected, run.gains, run.loses, run.changes), (2, 1, 1, 0));
    let mut other = camera("one", true);
    other.targets.devices = vec![phones[0].id];
    let run = site.app.try_policy(&operator(), other, Some(policy.id)).await.unwrap();
    assert_eq!((run.affected, run.devices[0].impact), (1, Impact::Changes));
    assert_eq!(site.app.policies(&operator()).await.unwrap().len(), 1);
    assert!(site.sent(&phones[1], "POLICY_BUNDLE").await.is_empty());
}

#[tokio::test]
async fn a_device_that_changes_hands_comes_back_or_leaves_is_told_at_once() {
    let site = site().await;
    site.app.create_user(&operator(), user("ann", "viewer"), "correct horse").await.unwrap();
    let mut new = camera("viewers", false);
    new.targets.roles = vec!["viewer".to_owned()];
    new.targets.ownership = Some(Ownership::Byod);
    site.make(new).await;
    site.apply().await;
    let device = phone(&site, "a1").await;
    assert!(site.sent(&device, "POLICY_BUNDLE").await.is_empty());
    let edit = DeviceEdit { owner: Some("ann".to_owned()), ..DeviceEdit::default() };
    site.app.edit_device(&operator(), device.id, edit).await.unwrap();
    assert_eq!(site.statuses(&device, "POLICY_BUNDLE").await, [Pending]);
    let again = || NewDevice {
        device_type: "android".to_owned(),
        identifier: "a1".to_owned(),
        owner: Some("ann".to_owned()),
        ..NewDevice::default()
    };
    site.app.enroll(&operator(), again()).await.unwrap();
    assert_eq!(site.statuses(&device, "POLICY_BUNDLE").await, [Pending], "a repeated call tells nothing twice");
    site.answer(&device, "POLICY_BUNDLE", "").await;
    site.app.enroll(&operator(), again()).await.unwrap();
    assert_eq!(site.statuses(&device, "POLICY_BUNDLE").await, [Completed, Pending], "it may have lost everything");
    site.app.remove_device(&operator(), device.id).await.unwrap();
    assert_eq!(site.statuses(&device, "POLICY_BUNDLE").await, [Completed, Cancelled]);
    assert_eq!(site.apply().await, (0, 0), "a removed device is told nothing");
    site.app.enroll(&operator(), again()).await.unwrap();
    assert_eq!(site.statuses(&device, "POLICY_BUNDLE").await.last(), Some(&Pending));
    let edit = DeviceEdit { ownership: Some(Ownership::Cope), ..DeviceEdit::default() };
    site.app.edit_device(&operator(), device.id, edit).await.unwrap();
    assert_eq!(site.statuses(&device, "POLICY_REVOKE").await, [Pending]);
    let own = with(&[Scope::Own]);
    assert!(site.app.device_policy(&own, device.id).await.is_err(), "somebody else's");
    let policy = site.app.device_policy(&itself(&device), device.id).await.unwrap();
    assert!(policy.effective.is_none() && policy.applied.is_none() && !policy.pending);
}

#[tokio::test]
async fn a_device_that_joins_or_leaves_a_group_or_whose_owner_gets_a_role_is_told() {
    let site = site().await;
    let device = phone(&site, "a1").await;
    let new = crate::model::group::NewGroup { name: "lobby".to_owned(), ..Default::default() };
    let group = site.app.create_group(&operator(), new).await.unwrap();
    let mut new = camera("lobby", false);
    new.targets.groups = vec![group.id];
    site.make(new).await;
    site.apply().await;
    assert_eq!(site.app.settle_stale().await.unwrap(), 0);
    site.app.add_to_group(&operator(), group.id, vec![device.id]).await.unwrap();
    assert_eq!(site.app.settle_stale().await.unwrap(), 1);
    assert_eq!(site.statuses(&device, "POLICY_BUNDLE").await, [Pending]);
    site.app.delete_group(&operator(), group.id).await.unwrap();
    assert_eq!(site.app.settle_stale().await.unwrap(), 1);
    assert_eq!(site.statuses(&device, "POLICY_REVOKE").await, [Pending]);
    let mut new = camera("viewers", false);
    new.targets.roles = vec!["viewer".to_owned()];
    site.make(new).await;
    site.apply().await;
    let edit = DeviceEdit { owner: Some("bob".to_owned()), ..DeviceEdit::default() };
    site.app.edit_device(&operator(), device.id, edit).await.unwrap();
    site.app.create_user(&operator(), user("bob", "viewer"), "correct horse").await.unwrap();
    assert_eq!(site.app.settle_stale().await.unwrap(), 1);
    assert_eq!(site.statuses(&device, "POLICY_BUNDLE").await, [Cancelled, Pending]);
}

#[tokio::test]
async fn a_violation_is_notified_once_and_the_policy_sent_again_a_few_times() {
    let site = site().await;
    let device = phone(&site, "a1").await;
    site.make(camera("off", false)).await;
    site.apply().await;
    site.answer(&device, "POLICY_BUNDLE", "").await;
    for round in 1..=8 {
        assert_eq!(site.app.monitor_policies().await.unwrap(), 1);
        site.answer(&device, "MONITOR", VIOLATION).await;
        let bundles = site.sent(&device, "POLICY_BUNDLE").await;
        assert_eq!(bundles.len(), 1 + round.min(5), "round {round}");
        if bundles.last().unwrap().status == Pending {
            site.answer(&device, "POLICY_BUNDLE", "").await;
        }
        site.clock.advance(std::time::Duration::from_mins(1));
    }
    let state = site.app.device_compliance(&operator(), device.id).await.unwrap();
    assert_eq!((state.compliant, state.enforcements, state.attempts), (Some(false), 5, 0));
    assert_eq!((state.features[0].code.as_str(), state.features[0].reason.as_str()), ("CAMERA", "it is on"));
    assert!(state.features[0].since < state.failed_at.unwrap(), "since the first of them");
    assert_eq!(site.notified().await, ["device a1 (ID: a1) violates its policy: CAMERA (it is on)"]);
    let report = site.app.compliance(&operator(), ComplianceFilter::default(), 10, None).await.unwrap();
    let (counts, page) = (report.counts, report.page);
    assert_eq!((counts.compliant, counts.violating, page.total, page.items[0].id), (0, 1, 1, device.id));
    site.app.monitor_policies().await.unwrap();
    site.answer(&device, "MONITOR", "[]").await;
    assert_eq!(site.notified().await[0], "device a1 (ID: a1) complies with its policy again");
    assert_eq!(site.app.device_compliance(&operator(), device.id).await.unwrap().enforcements, 0);
    assert!(site.sent(&device, "MONITOR").await.len() <= 2, "old questions are forgotten");
}

#[tokio::test]
async fn a_policy_that_blocks_suspends_until_the_device_complies_and_one_that_warns_does_not() {
    let site = site().await;
    let device = phone(&site, "a1").await;
    let mut new = camera("off", false);
    new.mode = Mode::Block;
    let policy = site.make(new.clone()).await;
    site.apply().await;
    site.answer(&device, "POLICY_BUNDLE", "").await;
    site.app.monitor_policies().await.unwrap();
    site.answer(&device, "MONITOR", VIOLATION).await;
    assert_eq!(site.status(&device).await, DeviceStatus::Suspended);
    site.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(site.app.monitor_policies().await.unwrap(), 1, "it is asked on");
    site.answer(&device, "MONITOR", "[]").await;
    assert_eq!(site.status(&device).await, DeviceStatus::Active);
    site.clock.advance(std::time::Duration::from_mins(1));
    site.app.monitor_policies().await.unwrap();
    site.answer(&device, "MONITOR", VIOLATION).await;
    assert_eq!(site.status(&device).await, DeviceStatus::Suspended);
    new.mode = Mode::Warn;
    site.app.replace_policy(&operator(), PolicyKey::Id(policy.id), new).await.unwrap();
    site.apply().await;
    assert_eq!(site.status(&device).await, DeviceStatus::Active, "the new mode sets it free");
    assert_eq!(site.sent(&device, "POLICY_BUNDLE").await.len(), 1, "nothing new for the device");
    // An operator's suspension is not a policy's to lift.
    let edit = DeviceEdit { status: Some(DeviceStatus::Suspended), ..DeviceEdit::default() };
    site.app.edit_device(&operator(), device.id, edit).await.unwrap();
    site.answer(&device, "MONITOR", "[]").await;
    assert_eq!(site.status(&device).await, DeviceStatus::Suspended);
}

#[tokio::test]
async fn questions_that_stay_unanswered_make_a_silent_device_unreachable_and_inactive() {
    let site = site().await;
    let device = phone(&site, "a1").await;
    site.make(camera("off", false)).await;
    site.apply().await;
    let mut seen = Vec::new();
    for _ in 0..24 {
        site.app.monitor_policies().await.unwrap();
        seen.push(site.status(&device).await);
        site.clock.advance(std::time::Duration::from_mins(1));
    }
    assert_eq!(seen.iter().position(|status| *status == DeviceStatus::Unreachable), Some(8));
    assert_eq!(seen.iter().position(|status| *status == DeviceStatus::Inactive), Some(20));
    assert_eq!(site.statuses(&device, "MONITOR").await, [Pending], "one question at a time");
    site.answer(&device, "MONITOR", "[]").await;
    assert_eq!(site.status(&device).await, DeviceStatus::Active);
    assert_eq!(site.app.device_compliance(&operator(), device.id).await.unwrap().attempts, 0);
}

#[tokio::test]
async fn a_round_asks_what_the_type_wants_and_piles_nothing_up() {
    let site = site().await;
    let device = phone(&site, "a1").await;
    site.pi("p1").await;
    for round in 0..6 {
        assert_eq!(site.app.poll_devices(round).await.unwrap(), 1);
        for code in ["DEVICE_INFO", "DEVICE_LOCATION", "APPLICATION_LIST"] {
            let asked = site.sent(&device, code).await;
            assert_eq!(
                asked.iter().filter(|operation| operation.status == Pending).count().min(1),
                usize::from(asked.last().unwrap().status == Pending)
            );
            if asked.last().unwrap().status == Pending && round != 1 {
                site.answer(&device, code, "{}").await;
            }
        }
        site.clock.advance(std::time::Duration::from_mins(1));
    }
    assert!(site.sent(&device, "DEVICE_INFO").await.len() <= 3, "the enrollment's, and the last of Pym's own");
}

#[tokio::test]
async fn a_type_without_bundles_gets_one_operation_a_feature_and_an_unknown_answer_changes_nothing() {
    let site = site().await;
    let text = r#"
        name = "lamp"
        title = "Lamp"
        [[features]]
        code = "Glow"
        name = "Glow"
        kind = "PROFILE"
        payload = { form = "choice", choices = ["LOW", "HIGH"] }
    "#;
    let lamp: DeviceType = toml::from_str(text).unwrap();
    site.app.create_device_type(&operator(), lamp).await.unwrap();
    let new = NewDevice { device_type: "lamp".to_owned(), identifier: "l1".to_owned(), ..NewDevice::default() };
    let device = site.app.enroll(&operator(), new).await.unwrap().device;
    let mut glow = camera("glow", false);
    "lamp".clone_into(&mut glow.device_type);
    glow.features = vec![PolicyFeature { code: "glow".to_owned(), content: json!("low") }];
    site.make(glow).await;
    assert_eq!(site.apply().await, (1, 0));
    let sent = site.sent(&device, "Glow").await;
    assert_eq!((sent[0].kind, sent[0].payload.as_deref()), (OperationKind::Profile, Some("LOW")));
    assert_eq!(site.app.monitor_policies().await.unwrap(), 0, "the type cannot be asked");
}
