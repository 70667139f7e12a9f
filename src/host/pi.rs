//! What a Raspberry Pi tells through the kernel: its model, its temperature, and whether the firmware holds it back.
//!
//! Throttling is a bit mask of the firmware (raspberrypi/linux pull request 2397); kernels without that file may have
//! the under-voltage alarm of the `rpi_volt` driver (drivers/hwmon/raspberrypi-hwmon.c). The CPU frequency the kernel shows
//! is not the one the firmware gives, so nothing is concluded from it.

use std::path::Path;

use super::{entries, read};
use crate::model::host::Power;

/// Degrees Celsius outside this range come from a sensor that does not work.
const PLAUSIBLE: std::ops::RangeInclusive<f32> = -60.0..=150.0;
/// hwmon drivers of CPU sensors, elsewhere than on a Pi.
const CPU_SENSORS: [&str; 4] = ["cpu_thermal", "coretemp", "k10temp", "soc_thermal"];

/// The board's model from its device tree.
pub(super) fn model(root: &Path) -> Option<String> {
    read(&root.join("proc/device-tree/model")).filter(|model| !model.is_empty())
}

/// The CPU's temperature in degrees Celsius.
pub(super) fn temperature(root: &Path) -> Option<f32> {
    let zones = entries(&root.join("sys/class/thermal"), |name| name.starts_with("thermal_zone"));
    let is_cpu = |zone: &&std::path::PathBuf| {
        let kind = read(&zone.join("type")).unwrap_or_default();
        ["cpu", "soc", "x86_pkg"].iter().any(|word| kind.contains(word))
    };
    let zone = zones.iter().find(is_cpu).or_else(|| zones.first()).and_then(|zone| degrees(&zone.join("temp")));
    zone.or_else(|| {
        hwmon(root, |name| CPU_SENSORS.contains(&name)).find_map(|sensor| degrees(&sensor.join("temp1_input")))
    })
}

/// Thousandths of a degree, as the kernel writes them.
fn degrees(path: &Path) -> Option<f32> {
    let thousandths: f32 = read(path)?.parse().ok()?;
    Some(thousandths / 1000.0).filter(|degrees| PLAUSIBLE.contains(degrees))
}

/// What the firmware says of throttling and the supply voltage.
pub(super) fn power(root: &Path) -> Power {
    if let Some(bits) = throttled_bits(root) {
        let bit = |number: u32| Some(bits & (1 << number) != 0);
        return Power {
            under_voltage: bit(0),
            frequency_capped: bit(1),
            throttled: bit(2),
            soft_temperature_limit: bit(3),
            since_boot: Some(bits & 0xf_0000 != 0),
        };
    }
    let alarm = hwmon(root, |name| name == "rpi_volt").find_map(|sensor| read(&sensor.join("in0_lcrit_alarm")));
    let under_voltage = alarm.and_then(|alarm| match alarm.as_str() {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    });
    Power { under_voltage, ..Power::default() }
}

/// The firmware's mask; newer boards put the address of the soc node into both names. Kernels that have given the file
/// up answer with a sentence, which is no mask.
fn throttled_bits(root: &Path) -> Option<u32> {
    let socs = entries(&root.join("sys/devices/platform"), |name| name.starts_with("soc"));
    let firmware =
        |soc: &std::path::PathBuf| entries(soc, |name| name.starts_with("soc") && name.ends_with(":firmware"));
    socs.iter().flat_map(firmware).find_map(|firmware| {
        let text = read(&firmware.join("get_throttled"))?;
        u32::from_str_radix(text.trim_start_matches("0x"), 16).ok()
    })
}

/// The directories of hwmon drivers whose name `wanted` accepts.
fn hwmon(root: &Path, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = std::path::PathBuf> {
    let all = entries(&root.join("sys/class/hwmon"), |name| name.starts_with("hwmon"));
    all.into_iter().filter(move |sensor| read(&sensor.join("name")).is_some_and(|name| wanted(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::tree;

    #[test]
    fn a_pi_5_has_the_address_in_its_paths() {
        let path = "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled";
        let root = tree(&[
            ("proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0"),
            (path, "0x0\n"),
            ("sys/class/hwmon/hwmon0/name", "cpu_thermal\n"),
            ("sys/class/hwmon/hwmon0/temp1_input", "51250\n"),
        ]);
        let fine = Some(false);
        let expected = Power {
            under_voltage: fine,
            throttled: fine,
            frequency_capped: fine,
            soft_temperature_limit: fine,
            since_boot: fine,
        };
        assert_eq!(power(root.path()), expected);
        assert_eq!(temperature(root.path()), Some(51.25));
    }

    #[test]
    fn what_has_happened_since_boot_is_told_from_what_is() {
        let root = tree(&[("sys/devices/platform/soc/soc:firmware/get_throttled", "e0008")]);
        let power = power(root.path());
        assert_eq!((power.under_voltage, power.throttled), (Some(false), Some(false)));
        assert_eq!((power.soft_temperature_limit, power.since_boot), (Some(true), Some(true)));
    }

    #[test]
    fn a_mainline_kernel_tells_the_voltage_alone() {
        let root = tree(&[
            ("sys/devices/platform/soc/soc:firmware/get_throttled", "deprecated, use hwmon\n"),
            ("sys/class/hwmon/hwmon0/name", "cpu_thermal\n"),
            ("sys/class/hwmon/hwmon1/name", "rpi_volt\n"),
            ("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n"),
        ]);
        assert_eq!(power(root.path()), Power { under_voltage: Some(true), ..Power::default() });
    }

    #[test]
    fn nonsense_is_unknown() {
        let root = tree(&[
            ("sys/class/thermal/thermal_zone0/temp", "-274000\n"),
            ("sys/class/hwmon/hwmon1/name", "rpi_volt\n"),
            ("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "maybe\n"),
        ]);
        assert_eq!(temperature(root.path()), None);
        assert_eq!(power(root.path()), Power::default());
        assert_eq!(model(root.path()), None);
    }

    #[test]
    fn the_cpus_zone_is_preferred() {
        let root = tree(&[
            ("sys/class/thermal/thermal_zone0/type", "acpitz\n"),
            ("sys/class/thermal/thermal_zone0/temp", "20000\n"),
            ("sys/class/thermal/thermal_zone1/type", "x86_pkg_temp\n"),
            ("sys/class/thermal/thermal_zone1/temp", "61000\n"),
        ]);
        assert_eq!(temperature(root.path()), Some(61.0));
    }
}
