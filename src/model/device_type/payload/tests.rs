use proptest::prelude::*;
use serde_json::json;

use super::*;

fn field(value: Value) -> PayloadField {
    serde_json::from_value(value).unwrap()
}

fn payload(fields: Value) -> Payload {
    Payload::Json { fields: serde_json::from_value(fields).unwrap(), optional: false }
}

#[test]
fn a_choice_is_sent_as_the_type_writes_it() {
    let payload = Payload::Choice { choices: vec!["ON".to_owned(), "OFF".to_owned()] };
    assert_eq!(payload.check(Some("on")), Ok(Some("ON".to_owned())));
    assert_eq!(payload.check(Some("dim")), Err("the payload must be one of ON, OFF".to_owned()));
    assert!(payload.check(None).is_err());
}

#[test]
fn a_json_payload_names_the_field_that_is_wrong() {
    let payload = payload(json!([{"name": "pin", "kind": "STRING", "required": true}]));
    assert_eq!(payload.check(Some(r#"{"pin":"1"}"#)), Ok(Some(r#"{"pin":"1"}"#.to_owned())));
    assert_eq!(payload.check(Some(r#"{"pin":1}"#)), Err("payload field \"pin\" must be of type STRING".to_owned()));
    assert_eq!(payload.check(Some("{}")), Err("payload field \"pin\" is missing".to_owned()));
    assert!(payload.check(Some("[")).unwrap_err().starts_with("the payload is not a JSON object"));
}

#[test]
fn a_nested_field_is_named_with_its_path() {
    let payload = payload(json!([{"name": "apps", "kind": "LIST", "min_length": 1, "fields": [
        {"name": "packageName", "kind": "STRING", "required": true, "format": "package"},
    ]}]));
    let wrong = |value: Value| payload.check_value(&value).unwrap_err();
    assert_eq!(payload.check_value(&json!({"apps": [{"packageName": "org.example"}]})), Ok(()));
    assert_eq!(
        wrong(json!({"apps": [{"packageName": "a.b"}, {}]})),
        "payload field \"apps[1].packageName\" is missing"
    );
    assert_eq!(
        wrong(json!({"apps": [{"packageName": "app"}]})),
        "payload field \"apps[0].packageName\" must be an application's name such as com.example.app"
    );
    assert_eq!(wrong(json!({"apps": []})), "payload field \"apps\" must have 1 to 1000 elements");
    assert_eq!(wrong(json!({"apps": ["a.b"]})), "payload field \"apps[0]\" must be of type OBJECT");
    let many = vec![json!({"packageName": "a.b"}); 1001];
    assert!(wrong(json!({ "apps": many })).contains("1 to 1000"));
}

#[test]
fn numbers_texts_and_choices_have_bounds() {
    let payload = payload(json!([
        {"name": "days", "kind": "INT", "min": 0, "max": 730},
        {"name": "code", "kind": "STRING", "min_length": 4, "max_length": 6},
        {"name": "type", "kind": "STRING", "choices": ["a", "b"]},
    ]));
    let wrong = |value: Value| payload.check_value(&value).unwrap_err();
    assert_eq!(payload.check_value(&json!({"days": 730, "code": "äöüß", "type": "b"})), Ok(()));
    assert_eq!(wrong(json!({"days": 731})), "payload field \"days\" must be 0 to 730");
    assert_eq!(wrong(json!({"days": -1})), "payload field \"days\" must be 0 to 730");
    assert_eq!(wrong(json!({"days": 1.5})), "payload field \"days\" must be of type INT");
    assert_eq!(wrong(json!({"days": u64::MAX})), "payload field \"days\" must be of type INT");
    assert_eq!(wrong(json!({"code": "123"})), "payload field \"code\" must have 4 to 6 characters");
    assert_eq!(wrong(json!({"type": "A"})), "payload field \"type\" must be one of a, b");
}

#[test]
fn numbers_and_booleans_may_come_as_a_form_holds_them() {
    let payload = payload(json!([
        {"name": "minLength", "kind": "INT", "min": 0, "max": 16},
        {"name": "value", "kind": "LONG", "min": 1000, "required": true},
        {"name": "allowSimple", "kind": "BOOL"},
    ]));
    let text = r#"{"minLength":"4","value":"60000","allowSimple":"TRUE"}"#;
    assert_eq!(payload.check(Some(text)), Ok(Some(text.to_owned())), "passed on as it came");
    assert_eq!(payload.check_value(&json!({"minLength": "", "value": 1000, "allowSimple": ""})), Ok(()));
    let wrong = |value: Value| payload.check_value(&value).unwrap_err();
    let with = |name: &str, value: &str| {
        let mut object = json!({"value": 1000});
        object[name] = json!(value);
        object
    };
    assert_eq!(wrong(with("minLength", "17")), "payload field \"minLength\" must be 0 to 16");
    assert_eq!(wrong(with("minLength", "4.5")), "payload field \"minLength\" must be of type INT");
    assert_eq!(wrong(with("minLength", "4294967296")), "payload field \"minLength\" must be of type INT");
    assert_eq!(wrong(with("value", "999")), "payload field \"value\" must be at least 1000");
    assert_eq!(wrong(with("value", "")), "payload field \"value\" must be of type LONG");
    assert_eq!(wrong(with("allowSimple", "yes")), "payload field \"allowSimple\" must be of type BOOL");
}

#[test]
fn an_optional_payload_is_whole_or_not_there() {
    let fields = vec![field(json!({"name": "message", "kind": "STRING", "required": true}))];
    let payload = Payload::Json { fields, optional: true };
    assert_eq!(payload.check(None), Ok(None));
    assert!(payload.check(Some("{}")).is_err());
}

#[test]
fn secrets_are_masked_wherever_they_stand() {
    let payload = payload(json!([
        {"name": "ssid", "kind": "STRING"},
        {"name": "password", "kind": "STRING", "secret": true},
        {"name": "more", "kind": "LIST", "fields": [{"name": "pin", "kind": "STRING", "secret": true}]},
    ]));
    let masked = payload.masked(r#"{"ssid":"home","password":"hunter2","more":[{"pin":"1"}]}"#).unwrap();
    let masked: Value = serde_json::from_str(&masked).unwrap();
    assert_eq!(masked, json!({"ssid": "home", "password": MASK, "more": [{"pin": MASK}]}));
    assert_eq!(payload.masked(r#"{"ssid":"home"}"#), None);
    assert_eq!(Payload::Any.masked("text"), None);
}

#[test]
fn formats_know_their_own() {
    for (format, good, bad) in [
        (Format::Url, "http://pi.local:8280/a?b=c", "pi.local/a"),
        (Format::Url, "ftp://10.0.0.1", "http:// x"),
        (Format::Url, "https://a", "http:///a"),
        (Format::Package, "org.example.app_1", "example"),
        (Format::Package, "A.b", "org..example"),
        (Format::Host, "fe80::1", "a b"),
        (Format::Host, "vpn.example.org", "-a.org"),
        (Format::Port, "65535", "0"),
        (Format::Port, "1", "65536"),
        (Format::Time, "23:59", "24:00"),
        (Format::Time, "00:00", "1:00"),
    ] {
        assert!(format.admits(good), "{format:?} {good}");
        assert!(!format.admits(bad), "{format:?} {bad}");
    }
}

#[test]
fn a_definition_that_cannot_be_is_refused() {
    for bad in [
        json!([{"name": "", "kind": "INT"}]),
        json!([{"name": "a", "kind": "INT"}, {"name": "a", "kind": "INT"}]),
        json!([{"name": "a", "kind": "INT", "min": 2, "max": 1}]),
        json!([{"name": "a", "kind": "INT", "default": "x"}]),
        json!([{"name": "a", "kind": "INT", "choices": ["x"]}]),
        json!([{"name": "a", "kind": "BOOL", "max_length": 1}]),
        json!([{"name": "a", "kind": "STRING", "min": 1}]),
        json!([{"name": "a", "kind": "STRING", "fields": [{"name": "b", "kind": "INT"}]}]),
    ] {
        assert!(payload(bad.clone()).check_definition().is_err(), "{bad}");
    }
    let deep = (0..5).fold(
        json!({"name": "a", "kind": "INT"}),
        |inner, _| json!({"name": "a", "kind": "OBJECT", "fields": [inner]}),
    );
    assert!(payload(json!([deep])).check_definition().is_err());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("(a|b|c)", inner), 0..4)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    /// Whatever is given is accepted or refused with a sentence, and both faces of the check agree on objects.
    #[test]
    fn the_check_is_total(value in any_json(), text in ".{0,40}") {
        let payload = payload(json!([
            {"name": "a", "kind": "LIST", "max_length": 2, "fields": [{"name": "b", "kind": "DOUBLE", "min": -5, "max": 5}]},
            {"name": "b", "kind": "OBJECT", "fields": [{"name": "c", "kind": "STRING", "required": true, "format": "host"}]},
            {"name": "c", "kind": "LONG", "secret": true},
        ]));
        let _ = payload.check(Some(&text));
        let checked = payload.check_value(&value);
        if value.is_object() {
            prop_assert_eq!(checked.is_ok(), payload.check(Some(&value.to_string())).is_ok());
        }
        if let Err(why) = checked {
            prop_assert!(!why.is_empty());
        }
        let secret = value.get("c").is_some();
        prop_assert_eq!(payload.masked(&value.to_string()).is_some(), secret && value.is_object());
    }
}
