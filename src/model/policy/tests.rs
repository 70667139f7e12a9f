use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::device::DeviceStatus;

fn device(owner: &str, ownership: Ownership) -> Device {
    let at = Timestamp::from_secs(1_790_000_000);
    Device {
        id: DeviceId::fresh(at),
        number: 1,
        device_type: "android".to_owned(),
        identifier: "a1".to_owned(),
        name: "a1".to_owned(),
        description: String::new(),
        owner: owner.to_owned(),
        ownership,
        status: DeviceStatus::Active,
        enrolled_at: at,
        updated_at: at,
        last_seen_at: None,
    }
}

fn policy(number: i64, priority: u32, features: &[(&str, bool)]) -> Policy {
    let at = Timestamp::from_secs(1_790_000_000);
    let features = features
        .iter()
        .map(|(code, enabled)| PolicyFeature { code: (*code).to_owned(), content: json!({ "enabled": enabled }) });
    Policy {
        id: PolicyId::fresh(at),
        number,
        name: format!("policy {number}"),
        device_type: "android".to_owned(),
        priority,
        active: true,
        changed: false,
        version: 1,
        created_at: at,
        updated_at: at,
        definition: Definition { features: features.collect(), ..Definition::default() },
    }
}

#[test]
fn the_first_counts_whole_and_a_merge_takes_each_feature_from_the_first_that_speaks_of_it() {
    let device = device("ann", Ownership::Byod);
    let subject = Subject { device: &device, roles: &[], groups: &[] };
    let mut low = policy(1, 2, &[("CAMERA", true), ("WIFI", true)]);
    low.definition.mode = Mode::Block;
    let high = policy(2, 1, &[("CAMERA", false)]);
    let both = [low, high];
    let first = effective(&both, &subject, Evaluation::First).unwrap();
    assert_eq!((first.policies, first.mode, first.features.len()), (vec![2], Mode::Enforce, 1));
    let merged = effective(&both, &subject, Evaluation::Merge).unwrap();
    assert_eq!((merged.policies, merged.mode), (vec![2, 1], Mode::Enforce));
    assert_eq!(merged.features[0].content, json!({ "enabled": false }));
    assert_eq!(merged.features[1].code, "WIFI");
}

#[test]
fn every_list_of_targets_that_is_not_empty_must_fit() {
    let device = device("ann", Ownership::Cope);
    let group = GroupId::fresh(device.enrolled_at);
    let subject = Subject { device: &device, roles: &["viewer".to_owned()], groups: &[group] };
    let targets = |change: fn(&mut Targets)| {
        let mut targets = Targets { groups: vec![group], ..Targets::default() };
        change(&mut targets);
        targets.address(&subject)
    };
    assert!(targets(|_| ()));
    assert!(targets(|t| t.roles = vec!["ANY".to_owned()]));
    assert!(targets(|t| t.roles = vec!["Viewer".to_owned(), "admin".to_owned()]));
    assert!(!targets(|t| t.roles = vec!["admin".to_owned()]));
    assert!(targets(|t| t.users = vec!["ann".to_owned()]));
    assert!(!targets(|t| t.users = vec!["bob".to_owned()]));
    assert!(!targets(|t| t.ownership = Some(Ownership::Byod)));
    assert!(!targets(|t| t.groups = vec![GroupId::fresh(Timestamp::from_secs(1))]));
    assert!(!targets(|t| t.devices = vec![DeviceId::fresh(Timestamp::from_secs(1))]));
}

#[test]
fn a_bundle_is_written_as_the_android_agent_reads_it() {
    let features = [PolicyFeature { code: "CAMERA".to_owned(), content: json!({ "enabled": false }) }];
    let expected = r#"[{"code":"CAMERA","type":"PROFILE","id":0,"isEnabled":true,"payLoad":"{\"enabled\":false}"}]"#;
    assert_eq!(bundle(&features), expected);
}

#[test]
fn a_dry_run_says_whom_a_change_reaches() {
    let device = device("ann", Ownership::Byod);
    let subject = Subject { device: &device, roles: &[], groups: &[] };
    let some = effective(&[policy(1, 1, &[("CAMERA", true)])], &subject, Evaluation::First);
    let mut run = DryRun::default();
    run.add(&device, impact(None, some.as_ref()));
    run.add(&device, impact(some.as_ref(), some.as_ref()));
    let run = run.summed_up();
    assert_eq!(run.summary, "this change affects 1 device: android:a1");
    assert_eq!((run.gains, run.loses, run.changes, run.devices[0].impact), (1, 0, 0, Impact::Gains));
}

fn policies() -> impl Strategy<Value = Vec<Policy>> {
    let codes = ["CAMERA", "WIFI", "VPN", "EMAIL"];
    let features = prop::collection::vec((0..codes.len(), any::<bool>()), 0..5);
    let one = (1u32..6, any::<bool>(), any::<bool>(), 0..4usize, features);
    prop::collection::vec(one, 0..8).prop_map(move |made| {
        let number = |index: usize| i64::try_from(index).unwrap() + 1;
        let each = made.into_iter().enumerate().map(|(index, (priority, active, other_type, target, features))| {
            let named: Vec<_> = features.into_iter().map(|(code, enabled)| (codes[code], enabled)).collect();
            let mut policy = policy(number(index), priority, &named);
            policy.active = active;
            if other_type {
                "arduino".clone_into(&mut policy.device_type);
            }
            match target {
                1 => policy.definition.targets.users = vec!["ann".to_owned()],
                2 => policy.definition.targets.roles = vec!["viewer".to_owned()],
                3 => policy.definition.targets.ownership = Some(Ownership::Cope),
                _ => {}
            }
            policy
        });
        each.collect()
    })
}

proptest! {
    #[test]
    fn evaluation_is_total_deterministic_and_blind_to_the_order_of_its_input(
        policies in policies(),
        rotate in 0..8usize,
        cope in any::<bool>(),
        merge in any::<bool>(),
    ) {
        let device = device("ann", if cope { Ownership::Cope } else { Ownership::Byod });
        let roles = ["viewer".to_owned()];
        let subject = Subject { device: &device, roles: &roles, groups: &[] };
        let evaluation = if merge { Evaluation::Merge } else { Evaluation::First };
        let found = effective(&policies, &subject, evaluation);
        let mut turned = policies.clone();
        turned.reverse();
        if !turned.is_empty() {
            let by = rotate % turned.len();
            turned.rotate_left(by);
        }
        prop_assert_eq!(&found, &effective(&turned, &subject, evaluation));
        let fits = |policy: &&Policy| {
            policy.active && policy.device_type == "android" && policy.definition.targets.address(&subject)
        };
        let best = policies.iter().filter(fits).min_by_key(|policy| (policy.priority, policy.number));
        prop_assert_eq!(found.is_some(), best.is_some());
        let Some(found) = found else { return Ok(()) };
        let mut codes: Vec<_> = found.features.iter().map(|feature| feature.code.clone()).collect();
        codes.dedup();
        prop_assert_eq!(codes.len(), found.features.len(), "a feature is there twice");
        // Whatever the first policy says is so, in both ways of evaluating.
        for feature in &best.unwrap().definition.features {
            let said = best.unwrap().definition.features.iter().find(|other| other.code == feature.code).unwrap();
            prop_assert!(found.features.contains(said));
        }
        let speaks = |policy: &Policy, code: &str| policy.definition.features.iter().any(|f| f.code == code);
        for feature in &found.features {
            prop_assert!(policies.iter().filter(fits).any(|policy| speaks(policy, &feature.code)));
        }
    }
}
