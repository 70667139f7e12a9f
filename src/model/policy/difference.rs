//! How two versions of a policy differ, member by member.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Definition;

/// The changes from one definition to another; none where they say the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// In the order `description`, `mode`, `targets`, `features`; features by code, members by name.
    pub changes: Vec<Edit>,
}

/// One member that was added (`before` is absent), removed (`after` is absent) or changed. Both are the mask where it is
/// a secret that the reader may not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Such as `["mode"]`, `["targets", "roles"]` or `["features", "CAMERA", "enabled"]`.
    pub path: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Json>,
}

/// A value as it is, and as the reader may see it.
type Seen<'a> = (&'a Json, &'a Json);

/// How `new` differs from `old`. Each comes as it is and as the reader may see it: what differs is found in the first,
/// and told in the second, so that a secret that changed is seen to have changed and nothing else.
#[must_use]
pub fn difference(old: (&Definition, &Definition), new: (&Definition, &Definition)) -> Difference {
    let mut changes = Vec::new();
    let mut put = |path: &[&str], before: Option<Json>, after: Option<Json>| {
        if before != after {
            changes.push(Edit { path: path.iter().map(|part| (*part).to_owned()).collect(), before, after });
        }
    };
    let (before, after) = (old.0, new.0);
    let text = |text: &str| (!text.is_empty()).then(|| Json::from(text));
    put(&["description"], text(&before.description), text(&after.description));
    put(&["mode"], Some(before.mode.name().into()), Some(after.mode.name().into()));
    let (was, is) = (&before.targets, &after.targets);
    list(&mut put, "roles", &was.roles, &is.roles, Clone::clone);
    list(&mut put, "users", &was.users, &is.users, Clone::clone);
    list(&mut put, "groups", &was.groups, &is.groups, ToString::to_string);
    list(&mut put, "devices", &was.devices, &is.devices, ToString::to_string);
    let ownership = |of: Option<crate::model::device::Ownership>| of.map(|one| Json::from(one.name()));
    put(&["targets", "ownership"], ownership(was.ownership), ownership(is.ownership));
    let codes: BTreeSet<&str> =
        before.features.iter().chain(&after.features).map(|feature| feature.code.as_str()).collect();
    for code in codes {
        let find = |of: &Definition| Some(read(&of.features.iter().find(|feature| feature.code == code)?.content));
        let both = |of: (&Definition, &Definition)| find(of.0).map(|real| (real, find(of.1).unwrap_or_default()));
        let (was, is) = (both(old), both(new));
        let mut path = vec!["features".to_owned(), code.to_owned()];
        let (was, is) =
            (was.as_ref().map(|(real, shown)| (real, shown)), is.as_ref().map(|(real, shown)| (real, shown)));
        compare(&mut path, was, is, &mut changes);
    }
    Difference { changes }
}

/// The names that joined a list or left it; its order means nothing.
fn list<T: PartialEq>(
    put: &mut impl FnMut(&[&str], Option<Json>, Option<Json>),
    name: &str,
    before: &[T],
    after: &[T],
    word: impl Fn(&T) -> String,
) {
    for gone in before.iter().filter(|one| !after.contains(one)) {
        put(&["targets", name], Some(word(gone).into()), None);
    }
    for come in after.iter().filter(|one| !before.contains(one)) {
        put(&["targets", name], None, Some(word(come).into()));
    }
}

/// A content that is JSON in a text is compared as what it says.
fn read(content: &Json) -> Json {
    match content {
        Json::String(text) => match serde_json::from_str(text) {
            Ok(object @ Json::Object(_)) => object,
            _ => content.clone(),
        },
        other => other.clone(),
    }
}

fn compare(path: &mut Vec<String>, before: Option<Seen<'_>>, after: Option<Seen<'_>>, changes: &mut Vec<Edit>) {
    if before.map(|(real, _)| real) == after.map(|(real, _)| real) {
        return;
    }
    if let (Some((Json::Object(was), Json::Object(was_shown))), Some((Json::Object(is), Json::Object(is_shown)))) =
        (before, after)
    {
        let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        for name in names {
            path.push(name.clone());
            let (was, is) = (was.get(name).zip(was_shown.get(name)), is.get(name).zip(is_shown.get(name)));
            compare(path, was, is, changes);
            path.pop();
        }
        return;
    }
    let shown = |seen: Option<Seen<'_>>| seen.map(|(_, shown)| shown.clone());
    changes.push(Edit { path: path.clone(), before: shown(before), after: shown(after) });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::policy::{Mode, PolicyFeature, Targets};

    fn definition(mode: Mode, roles: &[&str], features: &[(&str, Json)]) -> Definition {
        Definition {
            description: String::new(),
            mode,
            targets: Targets { roles: roles.iter().map(|role| (*role).to_owned()).collect(), ..Targets::default() },
            features: features
                .iter()
                .map(|(code, content)| PolicyFeature { code: (*code).to_owned(), content: content.clone() })
                .collect(),
        }
    }

    fn told(old: &Definition, new: &Definition) -> Vec<String> {
        let line = |edit: Edit| {
            let word = |value: Option<Json>| value.map_or("-".to_owned(), |value| value.to_string());
            format!("{}: {} > {}", edit.path.join("."), word(edit.before), word(edit.after))
        };
        difference((old, old), (new, new)).changes.into_iter().map(line).collect()
    }

    #[test]
    fn what_was_added_removed_and_changed_is_told_member_by_member() {
        let old = definition(
            Mode::Enforce,
            &["staff", "guest"],
            &[
                ("CAMERA", json!({ "enabled": true })),
                ("WIFI", json!({ "ssid": "a", "deep": { "one": 1, "two": 2 } })),
                ("OLD", json!("x")),
            ],
        );
        let new = definition(
            Mode::Block,
            &["guest", "visitor"],
            &[
                ("NEW", json!([1])),
                ("WIFI", json!(r#"{"ssid":"a","deep":{"one":1,"two":3},"more":null}"#)),
                ("CAMERA", json!({ "enabled": true })),
            ],
        );
        assert_eq!(
            told(&old, &new),
            [
                r#"mode: "enforce" > "block""#,
                r#"targets.roles: "staff" > -"#,
                r#"targets.roles: - > "visitor""#,
                "features.NEW: - > [1]",
                r#"features.OLD: "x" > -"#,
                "features.WIFI.deep.two: 2 > 3",
                "features.WIFI.more: - > null",
            ]
        );
        assert!(told(&old, &old).is_empty());
        let moved = definition(Mode::Enforce, &["guest", "staff"], &[]);
        let back = definition(Mode::Enforce, &["staff", "guest"], &[]);
        assert!(told(&moved, &back).is_empty(), "an order that means nothing");
    }

    #[test]
    fn a_secret_that_changed_is_seen_to_have_changed_and_nothing_else() {
        let real = |secret: &str| definition(Mode::Warn, &[], &[("WIFI", json!({ "ssid": "a", "password": secret }))]);
        let shown = real("***");
        let found = difference((&real("one"), &shown), (&real("two"), &shown));
        let edit = Edit {
            path: ["features", "WIFI", "password"].map(str::to_owned).to_vec(),
            before: Some("***".into()),
            after: Some("***".into()),
        };
        assert_eq!(found.changes, [edit]);
        assert!(difference((&real("one"), &shown), (&real("one"), &shown)).changes.is_empty());
        // A feature that its type no longer knows is hidden whole.
        let lost = definition(Mode::Warn, &[], &[("WIFI", json!("***"))]);
        let found = difference((&real("one"), &lost), (&real("two"), &lost));
        assert_eq!((found.changes.len(), found.changes[0].after.clone()), (1, Some("***".into())));
    }
}
