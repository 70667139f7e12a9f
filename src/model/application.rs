//! What is installed on devices.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::text::clean;
use super::timestamp::Timestamp;

/// The most applications kept of a device; further ones of its list are left out.
pub const MAX_APPLICATIONS: usize = 2000;
/// The most bytes of a package, name or version.
const MAX_WORD: usize = 300;

/// An application on a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// What it is known by, such as `com.example.app`.
    pub package: String,
    pub name: String,
    pub version: String,
    /// It came with the system.
    pub system: bool,
    /// It was running when the device told of it.
    pub active: bool,
    /// Memory in use, in KiB.
    pub memory: i64,
    /// When the device told of it, or told last of something new about it.
    pub reported_at: Timestamp,
}

/// Reads a list of applications, at most [`MAX_APPLICATIONS`] of them, one a package and in the order of these: the
/// Android agent's (`name` URL-encoded, `package`, `version`, `isSystemApp`, `isActive`, `USS`), or that of the Entgra
/// API (`applicationIdentifier`, `memoryUsage`). What has no package is left out.
#[must_use]
pub fn read_applications(list: &[Json], at: Timestamp) -> Vec<Application> {
    let mut read: Vec<_> = list.iter().filter_map(|one| read_application(one, at)).take(MAX_APPLICATIONS).collect();
    read.sort_by(|one, other| one.package.cmp(&other.package));
    read.dedup_by(|one, other| one.package == other.package);
    read
}

fn read_application(json: &Json, at: Timestamp) -> Option<Application> {
    let first = |names: &[&str]| names.iter().find_map(|name| json.get(name).filter(|value| !value.is_null()));
    let word = |names: &[&str]| match first(names) {
        Some(Json::String(text)) => clean(text, MAX_WORD),
        Some(other) => clean(&other.to_string(), MAX_WORD),
        None => String::new(),
    };
    let truth = |names: &[&str]| match first(names) {
        Some(Json::Bool(truth)) => *truth,
        Some(Json::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    };
    let package = word(&["package", "packageName", "applicationIdentifier", "appIdentifier"]);
    if package.is_empty() {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a fraction of a KiB is of no use, and `as` saturates")]
    let memory = first(&["USS", "memoryUsage"])
        .and_then(|value| value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()))
        .map_or(0, |memory: f64| memory.max(0.0) as i64);
    let name = clean(&decode(&word(&["name", "applicationName"])), MAX_WORD);
    Some(Application {
        name: if name.is_empty() { package.clone() } else { name },
        package,
        version: word(&["version"]),
        system: truth(&["isSystemApp", "systemApp"]),
        active: truth(&["isActive", "active"]),
        memory,
        reported_at: at,
    })
}

/// As Java's `URLEncoder` writes it: `+` is a blank. Text that does not decode stays as it is.
fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_shapes_are_read_and_names_decoded() {
        let list = json!([
            {"name": "Angry%20Birds+2", "package": "com.rovio", "version": "3.1", "isSystemApp": false,
             "isActive": "true", "USS": "1024"},
            {"applicationIdentifier": "com.android.camera", "name": null, "version": 7, "memoryUsage": 5.9},
            {"name": "nameless"},
            {"package": "com.rovio", "name": "twice"},
            "no application",
        ]);
        let read = read_applications(list.as_array().unwrap(), Timestamp::from_secs(1));
        let words: Vec<_> = read.iter().map(|one| (&*one.package, &*one.name, &*one.version, one.memory)).collect();
        assert_eq!(
            words,
            [("com.android.camera", "com.android.camera", "7", 5), ("com.rovio", "Angry Birds 2", "3.1", 1024)]
        );
        assert!(read[1].active && !read[1].system);
    }

    #[test]
    fn the_list_is_bounded() {
        let list: Vec<_> = (0..3000).map(|n| json!({"package": format!("p{n:04}")})).collect();
        assert_eq!(read_applications(&list, Timestamp::default()).len(), MAX_APPLICATIONS);
    }
}
