//! Application packages that the site hands to its devices.

use serde::{Deserialize, Serialize};

use super::device_type::is_package;
use super::id::PackageId;
use super::text::{MAX_NAME, check_label};
use super::timestamp::Timestamp;

/// The most bytes of one package, whatever the configuration says.
pub const MAX_PACKAGE: u64 = 1024 * 1024 * 1024;
/// The first bytes of every APK: it is a zip archive (APPNOTE.TXT, section 4.3.7).
pub const MAGIC: [u8; 4] = *b"PK\x03\x04";

/// A package in the site's keeping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    pub id: PackageId,
    /// The name in URLs: random, since whoever knows it may fetch the package.
    pub file: String,
    /// The name people read.
    pub name: String,
    /// The application, such as `com.example.app`.
    pub identifier: String,
    pub version: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes, lower-case hex.
    pub sha256: String,
    pub uploaded_by: String,
    pub uploaded_at: Timestamp,
}

/// What its uploader says of a package.
#[derive(Clone, Debug)]
pub struct NewPackage {
    pub name: String,
    pub identifier: String,
    pub version: String,
}

impl NewPackage {
    /// Checks the words; the field that is wrong and why.
    ///
    /// # Errors
    /// The member and a sentence.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        check_label("a package's name", &self.name, MAX_NAME).map_err(|why| ("name", why))?;
        if !is_package(&self.identifier) {
            return Err((
                "identifier",
                "the identifier must be an application's name such as com.example.app".to_owned(),
            ));
        }
        if self.version.is_empty() {
            return Err(("version", "the version is missing".to_owned()));
        }
        check_label("a package's version", &self.version, 64).map_err(|why| ("version", why))
    }
}

/// What is to be sent of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    /// From the first byte to the last, both included.
    Bytes(u64, u64),
    /// There is no such part.
    Beyond,
}

/// Which part of `length` bytes a header `Range` asks for (RFC 9110, section 14.1.2); one that is not understood is
/// ignored, as is one of several ranges.
#[must_use]
pub fn part(range: &str, length: u64) -> Part {
    let Some((first, last)) = range.trim().strip_prefix("bytes=").and_then(|spec| spec.split_once('-')) else {
        return Part::Whole;
    };
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    let end = length.saturating_sub(1);
    if first.is_empty() {
        return match number(last) {
            None => Part::Whole,
            Some(count) if count == 0 || length == 0 => Part::Beyond,
            Some(count) => Part::Bytes(length.saturating_sub(count), end),
        };
    }
    match (number(first), if last.is_empty() { Some(u64::MAX) } else { number(last) }) {
        (Some(first), Some(last)) if first > last => Part::Whole,
        (Some(first), Some(_)) if first >= length => Part::Beyond,
        (Some(first), Some(last)) => Part::Bytes(first, last.min(end)),
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_understood_or_ignored() {
        for (range, expected) in [
            ("bytes=0-3", Part::Bytes(0, 3)),
            ("bytes=4-", Part::Bytes(4, 9)),
            ("bytes=4-99", Part::Bytes(4, 9)),
            ("bytes=-3", Part::Bytes(7, 9)),
            ("bytes=-30", Part::Bytes(0, 9)),
            ("bytes=10-", Part::Beyond),
            ("bytes=-0", Part::Beyond),
            ("bytes=3-2", Part::Whole),
            ("bytes=0-1,4-5", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("pages=1-2", Part::Whole),
        ] {
            assert_eq!(part(range, 10), expected, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Part::Beyond);
    }

    #[test]
    fn a_package_has_an_identifier_and_a_version() {
        let new = |identifier: &str, version: &str| NewPackage {
            name: String::new(),
            identifier: identifier.to_owned(),
            version: version.to_owned(),
        };
        assert_eq!(new("org.example.app", "1.0").check(), Ok(()));
        assert_eq!(new("app", "1.0").check().unwrap_err().0, "identifier");
        assert_eq!(new("org.example.app", "").check().unwrap_err().0, "version");
    }
}
