//! Times and sizes as people write and read them.

use std::time::Duration;

use crate::model::timestamp::Timestamp;

/// How many bytes the units have, largest first.
const SIZES: [(u64, &str); 4] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
/// How many seconds the units have, largest first: long, and short as on the command line.
const SPANS: [(u64, &str, &str); 4] = [(86_400, "d", "d"), (3600, "h", "h"), (60, "min", "m"), (1, "s", "s")];

/// A moment on the command line: a time, or how long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    At(Timestamp),
    Ago(Duration),
}

impl Moment {
    pub(super) fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(span) => now.minus(span),
        }
    }
}

/// `2026-11-22T10:00:00Z`, or `1h` for an hour ago.
pub(super) fn parse_moment(text: &str) -> Result<Moment, String> {
    if let Ok(span) = parse_span(text) {
        return Ok(Moment::Ago(span));
    }
    Timestamp::parse(text)
        .map(Moment::At)
        .ok_or_else(|| "expected a time such as 2026-11-22T10:00:00Z, or how long ago, such as 1h".to_owned())
}

/// `90`, `90s`, `15m`, `1h` or `7d`.
pub(super) fn parse_span(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).filter(|unit| !unit.is_empty()).unwrap_or("s");
    let scale = SPANS.iter().find(|(_, long, short)| unit == *long || unit == *short).map(|(secs, ..)| *secs);
    // A span of many digits would be a Unix time: no one waits for ten thousand days.
    let count = digits.parse::<u64>().ok().filter(|_| digits.len() <= 9);
    match (count, scale) {
        (Some(count), Some(scale)) => Ok(Duration::from_secs(count.saturating_mul(scale))),
        _ => Err("expected a time span such as 90s, 15m, 1h or 7d".to_owned()),
    }
}

/// `5 min ago`, `in 3 h`, or the date when it is further than two weeks.
pub(super) fn relative(now: Timestamp, at: Timestamp) -> String {
    let (span, past) = if at <= now { (now.since(at), true) } else { (at.since(now), false) };
    match (span.as_secs(), past) {
        (0, _) => "now".to_owned(),
        (secs, _) if secs >= 14 * 86_400 => at.to_string().chars().take(10).collect(),
        (_, true) => format!("{} ago", rough(span)),
        (_, false) => format!("in {}", rough(span)),
    }
}

/// `3 d`, `5 min`: the largest unit alone.
pub(super) fn rough(span: Duration) -> String {
    let secs = span.as_secs();
    let (unit, name) = SPANS.iter().find(|(unit, ..)| secs >= *unit).map_or((1, "s"), |(unit, long, _)| (*unit, *long));
    format!("{} {name}", secs / unit)
}

/// `3.7 GiB`.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(super) fn size(bytes: u64) -> String {
    SIZES
        .iter()
        .find(|(unit, _)| bytes >= *unit)
        .map_or_else(|| format!("{bytes} B"), |(unit, name)| format!("{:.1} {name}", bytes as f64 / *unit as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_with_their_unit() {
        let secs = |text| parse_span(text).map(|span| span.as_secs());
        assert_eq!(secs("90"), Ok(90));
        assert_eq!(secs("90s"), Ok(90));
        assert_eq!(secs("15m"), Ok(900));
        assert_eq!(secs("15min"), Ok(900));
        assert_eq!(secs("1h"), Ok(3600));
        assert_eq!(secs("7d"), Ok(604_800));
        for bad in ["", "h", "-1h", "1.5h", "1w", "1 h", "pi-1", "1790000000123"] {
            assert!(secs(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_moment_is_a_time_or_how_long_ago() {
        let now = Timestamp::from_secs(1_790_000_000);
        assert_eq!(parse_moment("1h").unwrap().from(now), Timestamp::from_secs(1_789_996_400));
        assert_eq!(parse_moment("2026-09-21T14:13:20Z").unwrap().from(now), now);
        assert_eq!(parse_moment("1790000000000").unwrap().from(now), now);
        assert!(parse_moment("yesterday").is_err());
    }

    #[test]
    fn times_are_told_as_people_tell_them() {
        let now = Timestamp::parse("2026-11-22T10:00:00Z").unwrap();
        let told = |at: &str| relative(now, Timestamp::parse(at).unwrap());
        assert_eq!(told("2026-11-22T10:00:00.400Z"), "now");
        assert_eq!(told("2026-11-22T09:59:48Z"), "12 s ago");
        assert_eq!(told("2026-11-22T09:30:01Z"), "29 min ago");
        assert_eq!(told("2026-11-22T13:00:00Z"), "in 3 h");
        assert_eq!(told("2026-11-12T10:00:00Z"), "10 d ago");
        assert_eq!(told("2026-10-01T10:00:00Z"), "2026-10-01");
    }

    #[test]
    fn sizes_have_one_decimal() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(4_026_531_840), "3.8 GiB");
    }
}
