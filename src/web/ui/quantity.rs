//! Numbers with their units, as people read them, and the ticks of an axis.

/// How numbers of one size are written: divided, with a unit behind.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::web) struct Scale {
    divisor: f64,
    unit: String,
}

impl Scale {
    /// The scale in which a number of that size is short.
    pub(in crate::web) fn of(size: f64, unit: &str) -> Self {
        const BYTES: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        const TIMES: [(f64, f64, &str); 3] = [(172_800.0, 86_400.0, "d"), (7200.0, 3600.0, "h"), (300.0, 60.0, "min")];
        const THOUSANDS: [(f64, f64, &str); 4] = [(1e12, 1e12, "T"), (1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e5, 1e3, "k")];
        let size = size.abs();
        let fitting =
            |steps: &[(f64, f64, &'static str)]| steps.iter().find(|step| size >= step.0).map(|step| (step.1, step.2));
        let (divisor, unit) = match unit {
            "B" => {
                let (mut divisor, mut name) = (1.0, "B");
                for next in BYTES.iter().skip(1) {
                    if size < divisor * 1024.0 {
                        break;
                    }
                    (divisor, name) = (divisor * 1024.0, next);
                }
                (divisor, name.to_owned())
            }
            "s" => fitting(&TIMES).map_or((1.0, "s".to_owned()), |(divisor, name)| (divisor, name.to_owned())),
            // A share has no thousands.
            "%" => (1.0, "%".to_owned()),
            _ => match fitting(&THOUSANDS) {
                Some((divisor, prefix)) => (divisor, format!("{prefix}{unit}")),
                None => (1.0, unit.to_owned()),
            },
        };
        Self { divisor, unit }
    }

    /// A number in this scale, with so many digits behind the point, which are left out where they are noughts.
    pub(in crate::web) fn write(&self, value: f64, digits: usize) -> String {
        let scaled = value / self.divisor;
        let number = if scaled.abs() >= 1e15 { format!("{scaled:.3e}") } else { trimmed(format!("{scaled:.digits$}")) };
        if self.unit.is_empty() { number } else { format!("{number} {}", self.unit) }
    }

    /// Four digits or so.
    pub(in crate::web) fn write_short(&self, value: f64) -> String {
        let scaled = (value / self.divisor).abs();
        self.write(value, if scaled >= 100.0 { 1 } else { 2 })
    }
}

/// A number with its unit, in the scale that suits it.
pub(in crate::web) fn quantity(value: f64, unit: &str) -> String {
    let text = Scale::of(value, unit).write_short(value);
    // A number that is small, and not nothing, is not written as nothing.
    if value != 0.0 && value.abs() < 0.005 { Scale::of(value, unit).write(value, 6) } else { text }
}

fn trimmed(text: String) -> String {
    if !text.contains('.') {
        return text;
    }
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// The marks of an axis: round numbers from at or below the least value to at or above the greatest.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::web) struct Axis {
    pub(in crate::web) least: f64,
    pub(in crate::web) greatest: f64,
    pub(in crate::web) ticks: Vec<(f64, String)>,
}

/// Beyond this an axis would lose itself in the exponents.
const MAX_VALUE: f64 = 1e300;

impl Axis {
    /// An axis for values between two, with about `count` steps.
    pub(in crate::web) fn new(least: f64, greatest: f64, unit: &str, count: u32) -> Self {
        let (mut least, mut greatest) = (least.clamp(-MAX_VALUE, MAX_VALUE), greatest.clamp(-MAX_VALUE, MAX_VALUE));
        let size = least.abs().max(greatest.abs());
        if greatest - least <= size * 1e-9 {
            let room = if size == 0.0 { 1.0 } else { size * 0.1 };
            (least, greatest) = (least - room, greatest + room);
        }
        let scale = Scale::of(least.abs().max(greatest.abs()), unit);
        let step = round_step((greatest - least) / scale.divisor / f64::from(count.max(1))) * scale.divisor;
        let (from, until) = ((least / step).floor(), (greatest / step).ceil());
        let shown = step / scale.divisor;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 12")]
        let digits = (-shown.log10().floor()).clamp(0.0, 12.0) as usize;
        let mut ticks = Vec::new();
        let mut at = from;
        // No step makes more marks than that.
        while at <= until && ticks.len() < 32 {
            let value = at * step;
            ticks.push((value, scale.write(value, digits)));
            at += 1.0;
        }
        Self { least: from * step, greatest: until * step, ticks }
    }

    /// Where a value is between the ends, 0 to 1.
    pub(in crate::web) fn place(&self, value: f64) -> f64 {
        ((value.clamp(-MAX_VALUE, MAX_VALUE) - self.least) / (self.greatest - self.least)).clamp(0.0, 1.0)
    }
}

/// The next of 1, 2, 5, 10, … times a power of ten.
pub(in crate::web) fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let times = step / power;
    let round = [1.0, 2.0, 5.0].into_iter().find(|round| times <= round * 1.000_001).unwrap_or(10.0);
    round * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_short_and_keep_their_unit() {
        for (value, unit, text) in [
            (21.456, "°C", "21.46 °C"),
            (-0.0001, "", "-0.0001"),
            (0.0, "B", "0 B"),
            (1536.0, "B", "1.5 KiB"),
            (3.2e9, "B", "2.98 GiB"),
            (90.0, "s", "90 s"),
            (200_000.0, "s", "2.31 d"),
            (1_234_567.0, "Hz", "1.23 MHz"),
            (4096.0, "", "4096"),
            (100.0, "%", "100 %"),
        ] {
            assert_eq!(quantity(value, unit), text);
        }
        assert!(quantity(f64::MAX, "").len() < 20);
    }

    #[test]
    fn an_axis_has_few_round_marks() {
        let labels = |axis: &Axis| axis.ticks.iter().map(|(_, label)| label.clone()).collect::<Vec<_>>();
        let axis = Axis::new(20.3, 23.9, "°C", 4);
        assert_eq!(labels(&axis), ["20 °C", "21 °C", "22 °C", "23 °C", "24 °C"]);
        assert_eq!((axis.place(20.0), axis.place(22.0), axis.place(99.0)), (0.0, 0.5, 1.0));
        assert_eq!(labels(&Axis::new(0.0, 3.0 * 1024.0 * 1024.0, "B", 3)), ["0 MiB", "1 MiB", "2 MiB", "3 MiB"]);
        assert_eq!(labels(&Axis::new(0.0, 0.0, "", 2)), ["-1", "0", "1"]);
        assert_eq!(labels(&Axis::new(0.001, 0.003, "", 2)), ["0.001", "0.002", "0.003"]);
    }

    #[test]
    fn any_two_numbers_make_an_axis() {
        let odd =
            [0.0, -0.0, 1e-320, f64::MIN_POSITIVE, 1.0, 1.000_000_000_001, 1e15, -1e15, 9.007e15, f64::MAX, f64::MIN];
        for least in odd {
            for greatest in odd.into_iter().filter(|greatest| *greatest >= least) {
                let axis = Axis::new(least, greatest, "", 4);
                assert!((1..=32).contains(&axis.ticks.len()), "{least} {greatest}: {axis:?}");
                assert!(
                    axis.place(least).is_finite() && axis.least.is_finite() && axis.greatest > axis.least,
                    "{axis:?}"
                );
            }
        }
    }
}
