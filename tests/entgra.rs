//! Devices and tools made for the Entgra IoT Server, against the doors that speak to them.

use std::fs;
use std::path::Path;

use pym::model::device_type::DeviceType;
use pym::model::text::check_word;

#[test]
fn the_built_in_device_types_are_well_formed() {
    let mut names = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/device-types")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let device_type: DeviceType =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(path.file_stem().unwrap().to_str(), Some(device_type.name.as_str()));
        check_word("a device type", &device_type.name).unwrap();
        let mut codes = Vec::new();
        for feature in &device_type.features {
            check_word("a code", &feature.code).unwrap();
            assert!(
                !feature.name.is_empty() && !codes.contains(&feature.code.to_ascii_lowercase()),
                "{}",
                feature.code
            );
            codes.push(feature.code.to_ascii_lowercase());
        }
        for code in &device_type.initial_operations {
            assert!(device_type.feature(code).is_some(), "{code} is no feature of {}", device_type.name);
        }
        for route in device_type.push.iter().chain(device_type.features.iter().flat_map(|feature| &feature.push)) {
            assert!(route.topic.starts_with("{tenant}/{type}/{id}"), "{}", route.topic);
        }
        names.push(device_type.name);
    }
    names.sort();
    assert_eq!(names, ["android", "arduino", "raspberrypi", "virtual_firealarm"]);
}
