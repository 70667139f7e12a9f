//! Line icons in a square of 24 units.

use maud::{Markup, html};

/// An icon by what it stands for; decoration alone, hidden from screen readers.
pub(in crate::web) fn icon(path: &str) -> Markup {
    html! { svg.icon viewBox="0 0 24 24" aria-hidden="true" { path d=(path) {} } }
}

pub(in crate::web) const OVERVIEW: &str = "M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z";
pub(in crate::web) const DEVICES: &str = "M4 5h16v10H4zM9 19h6M12 15v4";
pub(in crate::web) const GROUPS: &str = "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z";
pub(in crate::web) const POLICIES: &str = "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6zM9 12l2 2 4-4";
pub(in crate::web) const COMPLIANCE: &str = "M5 4h14v16H5zM8 9h8M8 13h8M8 17h5";
pub(in crate::web) const ACTIVITIES: &str = "M3 12h4l3-8 4 16 3-8h4";
pub(in crate::web) const GEOFENCES: &str = "M12 21s-7-6-7-11a7 7 0 0 1 14 0c0 5-7 11-7 11zM12 7.5a2.5 2.5 0 1 0 .01 0z";
pub(in crate::web) const PACKAGES: &str = "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9";
pub(in crate::web) const ENROLL: &str = "M12 5v14M5 12h14";
pub(in crate::web) const BELL: &str = "M6 10a6 6 0 0 1 12 0c0 6 2 7 2 7H4s2-1 2-7M10 20h4";
pub(in crate::web) const CERTIFICATES: &str = "M12 4a5 5 0 1 0 .01 0zM9 13.5 8 21l4-2 4 2-1-7.5";
pub(in crate::web) const DEVICE_TYPES: &str = "M7 7h10v10H7zM9 3v4M15 3v4M9 17v4M15 17v4M3 9h4M3 15h4M17 9h4M17 15h4";
pub(in crate::web) const USERS: &str =
    "M9 5a3.5 3.5 0 1 0 .01 0zM2.5 20c0-4 3-6 6.5-6s6.5 2 6.5 6M16 5.5a3 3 0 0 1 0 6M18 14.5c2 .7 3.5 2.5 3.5 5.5";
pub(in crate::web) const ROLES: &str = "M8 11a4 4 0 1 1 4 4 4 4 0 0 1-4-4zM12 15v6M12 18h3";
pub(in crate::web) const TOKENS: &str = "M14 4a6 6 0 1 1-5.7 7.9L3 17v4h4v-3h3v-3l1-1A6 6 0 0 1 14 4zM16 8h.01";
pub(in crate::web) const AUDIT: &str = "M12 4a8 8 0 1 0 .01 0zM12 8v4l3 2";
pub(in crate::web) const SETTINGS: &str = "M4 7h10M18 7h2M4 17h2M10 17h10M16 5a2 2 0 1 0 .01 0zM8 15a2 2 0 1 0 .01 0z";
pub(in crate::web) const REFERENCE: &str = "M8 5 3 12l5 7M16 5l5 7-5 7M14 4l-4 16";
pub(in crate::web) const ABOUT: &str = "M12 3a9 9 0 1 0 .01 0zM12 11v6M12 7.5h.01";
pub(in crate::web) const SEARCH: &str = "M11 4a7 7 0 1 0 .01 0zM16 16l5 5";
pub(in crate::web) const MENU: &str = "M4 6h16M4 12h16M4 18h16";
pub(in crate::web) const PERSON: &str = "M12 4a4 4 0 1 0 .01 0zM4 21c0-5 4-7 8-7s8 2 8 7";
pub(in crate::web) const EMPTY: &str = "M4 13 7 5h10l3 8v6H4zM4 13h5l1 2h4l1-2h5";
