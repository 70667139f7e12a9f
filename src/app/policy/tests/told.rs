//! What does not reach a device, what is reported of it, and what versions tell.

use serde_json::json;

use super::*;
use crate::model::compliance::{ComplianceCounts, ComplianceReport, ComplianceState, FeatureCounts};
use crate::model::id::UserId;
use crate::model::policy::Difference;

#[tokio::test]
async fn a_policy_that_was_taken_back_on_its_way_is_not_applied_and_is_told_anew() {
    let site = site().await;
    let device = phone(&site, "a1").await;
    site.make(camera("off", false)).await;
    site.apply().await;
    let told = site.sent(&device, "POLICY_BUNDLE").await.pop().unwrap();
    site.app.cancel(&operator(), told.id).await.unwrap();
    let policy = site.app.device_policy(&operator(), device.id).await.unwrap();
    let untold = policy.untold.unwrap();
    assert_eq!((untold.status, untold.reason.as_str()), (Cancelled, "cancelled by uid:0"));
    assert!(policy.pending);
    site.app.monitor_policies().await.unwrap();
    site.answer(&device, "MONITOR", "[]").await;
    let state = site.app.device_compliance(&operator(), device.id).await.unwrap();
    assert_eq!((state.compliant, state.underway), (None, false), "it never had what it says it complies with");
    assert_eq!(state.untold.unwrap().reason, "cancelled by uid:0");
    assert_eq!(site.statuses(&device, "POLICY_BUNDLE").await, [Cancelled], "who took it back does not get it again");
    let run = site.app.pending_changes(&operator()).await.unwrap();
    assert_eq!((run.affected, run.repeats, run.devices[0].impact), (1, 1, Impact::Repeats));
    let unknown = ComplianceFilter { state: Some(ComplianceState::Unknown), ..ComplianceFilter::default() };
    let report = site.app.compliance(&operator(), unknown, 10, None).await.unwrap();
    assert_eq!((report.counts.unknown, report.policies[0].untold, report.page.total), (1, 1, 1));
    assert_eq!(site.apply().await, (1, 0));
    let state = site.app.device_compliance(&operator(), device.id).await.unwrap();
    assert!(state.untold.is_none() && state.underway);
    site.answer(&device, "POLICY_BUNDLE", "").await;
    assert_eq!(site.apply().await, (0, 0));
    site.clock.advance(std::time::Duration::from_mins(1));
    site.app.monitor_policies().await.unwrap();
    site.answer(&device, "MONITOR", "[]").await;
    assert_eq!(site.app.device_compliance(&operator(), device.id).await.unwrap().compliant, Some(true));
    // The same for a policy that is taken back: the device still has it.
    let named = site.app.policies(&operator()).await.unwrap()[0].id;
    site.app.set_policies_active(&operator(), vec![PolicyKey::Id(named)], false).await.unwrap();
    assert_eq!(site.apply().await, (0, 1));
    let told = site.sent(&device, "POLICY_REVOKE").await.pop().unwrap();
    site.app.cancel(&operator(), told.id).await.unwrap();
    assert_eq!(site.apply().await, (0, 1));
    assert_eq!(site.statuses(&device, "POLICY_REVOKE").await, [Cancelled, Pending]);
}

#[tokio::test]
async fn a_policy_that_a_device_could_not_do_is_sent_again_and_makes_it_compliant_only_then() {
    let site = site().await;
    let device = phone(&site, "a1").await;
    let mut new = camera("off", false);
    new.features.push(PolicyFeature { code: "PASSCODE_POLICY".to_owned(), content: json!({}) });
    site.make(new).await;
    site.apply().await;
    let fail = async || {
        let number = site.sent(&device, "POLICY_BUNDLE").await.last().unwrap().number;
        let response = Some("no such camera".to_owned());
        let report = Report { number, status: OperationStatus::Error, response };
        site.app.report(&itself(&device), device.id, vec![report]).await.unwrap();
    };
    fail().await;
    site.app.monitor_policies().await.unwrap();
    site.answer(&device, "MONITOR", "[]").await;
    let state = site.app.device_compliance(&operator(), device.id).await.unwrap();
    assert_eq!((state.compliant, state.enforcements, state.features.len()), (None, 1, 0));
    assert_eq!(site.statuses(&device, "POLICY_BUNDLE").await, [OperationStatus::Error, Pending]);
    fail().await;
    let state = site.app.device_compliance(&operator(), device.id).await.unwrap();
    assert_eq!(state.untold.unwrap().reason, "no such camera");
    site.clock.advance(std::time::Duration::from_mins(1));
    site.app.monitor_policies().await.unwrap();
    site.answer(&device, "MONITOR", VIOLATION).await;
    let state = site.app.device_compliance(&operator(), device.id).await.unwrap();
    assert_eq!((state.compliant, state.enforcements, state.features.len()), (Some(false), 2, 1));
    let features = |report: &ComplianceReport| {
        let line = |feature: &FeatureCounts| (feature.code.clone(), feature.counts.violating, feature.counts.unknown);
        report.features.iter().map(line).collect::<Vec<_>>()
    };
    let report = site.app.compliance(&operator(), ComplianceFilter::default(), 10, None).await.unwrap();
    // It was sent again by now, but what it violates is known.
    assert_eq!(features(&report)[0], ("CAMERA".to_owned(), 1, 0));
    site.answer(&device, "POLICY_BUNDLE", "").await;
    site.clock.advance(std::time::Duration::from_mins(1));
    site.app.monitor_policies().await.unwrap();
    site.answer(&device, "MONITOR", "[]").await;
    let state = site.app.device_compliance(&operator(), device.id).await.unwrap();
    assert_eq!((state.compliant, state.features.len()), (Some(true), 2));
}

#[tokio::test]
async fn a_report_counts_by_policy_and_feature_and_narrows_to_devices() {
    let site = site().await;
    let mut devices = Vec::new();
    for name in ["a1", "a2", "a3"] {
        devices.push(phone(&site, name).await);
    }
    let mut one = camera("one", false);
    one.targets.devices = vec![devices[0].id, devices[1].id];
    let (one, two) = (site.make(one).await, site.make(camera("two", true)).await);
    site.apply().await;
    for (device, answer) in devices.iter().zip(["[]", VIOLATION]) {
        site.answer(device, "POLICY_BUNDLE", "").await;
        site.app.monitor_policies().await.unwrap();
        site.answer(device, "MONITOR", answer).await;
    }
    let all = || ComplianceFilter::default();
    let report = site.app.compliance(&operator(), all(), 2, None).await.unwrap();
    assert_eq!(report.counts, ComplianceCounts { compliant: 1, violating: 1, unknown: 1 });
    let by: Vec<_> = report.policies.iter().map(|by| (by.policy.name.as_str(), by.counts.total())).collect();
    assert_eq!(by, [("one", 2), ("two", 1)]);
    assert_eq!(report.features.len(), 1);
    assert_eq!(report.features[0].counts, report.counts);
    assert_eq!((report.page.total, report.page.items.len()), (3, 2));
    let rest = site.app.compliance(&operator(), all(), 2, report.page.next).await.unwrap().page;
    assert_eq!((rest.items[0].identifier.as_str(), rest.next), ("a3", None));
    assert_eq!(rest.items[0].policies[0].id, two.id);
    let of_one = ComplianceFilter { policy: Some(one.id), ..all() };
    let report = site.app.compliance(&operator(), of_one.clone(), 10, None).await.unwrap();
    assert_eq!((report.counts.total(), report.policies.len()), (2, 2), "to choose another by");
    let bad =
        ComplianceFilter { state: Some(ComplianceState::Violating), feature: Some("CAMERA".to_owned()), ..of_one };
    let report = site.app.compliance(&operator(), bad, 10, None).await.unwrap();
    assert_eq!((report.counts.total(), report.page.items[0].identifier.as_str()), (2, "a2"));
    assert_eq!(report.page.items[0].compliance.features[0].reason, "it is on");
    let none = ComplianceFilter { feature: Some("WIFI".to_owned()), ..all() };
    assert_eq!(site.app.compliance(&operator(), none, 10, None).await.unwrap().counts.total(), 0);
    let mut narrow = all();
    narrow.devices.query = Some(crate::model::query::Query::parse("a3").unwrap());
    let report = site.app.compliance(&operator(), narrow, 10, None).await.unwrap();
    assert_eq!((report.counts.total(), report.policies.len()), (1, 1));
    let stranger = Actor {
        principal: Principal::User { id: UserId::fresh(site.clock.now()), name: "eve".to_owned() },
        ..with(&[Scope::Own])
    };
    let own = site.app.compliance(&stranger, all(), 10, None).await.unwrap();
    assert_eq!((own.counts.total(), own.policies.len(), own.features.len()), (0, 0, 0), "somebody else's");
    assert!(matches!(site.app.compliance(&with(&[]), all(), 10, None).await, Err(Error::Forbidden { .. })));
    let piece = site.app.compliance_piece(&operator(), all(), devices[1].number).await.unwrap();
    assert_eq!((piece.0.len(), piece.1), (1, None));
}

#[tokio::test]
async fn versions_tell_what_changed_and_hide_secrets_from_those_who_only_look() {
    let site = site().await;
    let wifi = |password: &str| PolicyFeature {
        code: "WIFI".to_owned(),
        content: json!({ "ssid": "hall", "type": "wep", "password": password }),
    };
    let mut new = camera("net", false);
    new.features.push(wifi("one"));
    let policy = site.make(new.clone()).await;
    let key = PolicyKey::Id(policy.id);
    new.features[1] = wifi("two");
    new.mode = Mode::Warn;
    site.app.replace_policy(&operator(), key, new.clone()).await.unwrap();
    // As a text, the way the Entgra API's consoles send it.
    new.features[1].content = wifi("three").content.to_string().into();
    site.app.replace_policy(&operator(), key, new).await.unwrap();
    let paths =
        |difference: &Difference| difference.changes.iter().map(|change| change.path.join(".")).collect::<Vec<_>>();
    let history = site.app.policy_history(&operator(), key).await.unwrap();
    assert_eq!(history.iter().map(|(version, _)| version.version).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!(paths(history[1].1.as_ref().unwrap()), ["mode", "features.WIFI.password"]);
    assert!(history[2].1.is_none());
    let clear = &history[1].1.as_ref().unwrap().changes[1];
    assert_eq!((clear.before.clone(), clear.after.clone()), (Some("one".into()), Some("two".into())));
    let viewer = with(&[Scope::Read]);
    for (from, to) in [(None, 2), (Some(1), 3), (None, 3)] {
        let found = site.app.policy_difference(&viewer, key, from, to).await.unwrap();
        let secret = found.changes.last().unwrap();
        assert_eq!(secret.path, ["features", "WIFI", "password"]);
        assert_eq!((secret.before.clone(), secret.after.clone()), (Some("***".into()), Some("***".into())));
    }
    let shown = site.app.policy_history(&viewer, key).await.unwrap();
    for text in ["one", "two", "three"] {
        assert!(
            !format!("{:?}", shown.iter().map(|(version, _)| &version.definition.features).collect::<Vec<_>>())
                .contains(&format!("\"{text}\""))
        );
    }
    assert!(!format!("{shown:?}").contains("three"));
    assert!(matches!(site.app.policy_difference(&viewer, key, None, 1).await, Err(Error::NotFound { .. })));
    assert!(matches!(site.app.policy_history(&with(&[]), key).await, Err(Error::Forbidden { .. })));
}
