use serde_json::{Value, json};

use super::*;
use crate::model::device_type::{DeviceType, Payload};
use crate::web::fields::Fields;
use crate::web::ui::testing;

/// What a browser sends of a form: every control with a name, as far as it is filled in.
fn submit(markup: &str) -> Vec<(String, String)> {
    let mut sent = Vec::new();
    let mut rest = without_templates(markup);
    let mut select: Option<(String, Option<String>)> = None;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').unwrap();
        let tag = rest[start + 1..end].to_owned();
        rest = rest[end + 1..].to_owned();
        let name = attribute(&tag, "name");
        match tag.split_whitespace().next().unwrap() {
            "input" => {
                let kind = attribute(&tag, "type").unwrap();
                let ticked = !["checkbox", "radio"].contains(&kind.as_str()) || has(&tag, "checked");
                if let (Some(name), true) = (name, ticked) {
                    sent.push((name, attribute(&tag, "value").unwrap_or_default()));
                }
            }
            "textarea" => {
                let text = unescape(&rest[..rest.find("</textarea>").unwrap()]);
                let text = text.strip_prefix('\n').unwrap_or(&text).replace('\n', "\r\n");
                sent.push((name.unwrap(), text));
            }
            "select" => select = Some((name.unwrap(), None)),
            "option" => {
                let (_, chosen) = select.as_mut().unwrap();
                if chosen.is_none() || has(&tag, "selected") {
                    *chosen = attribute(&tag, "value");
                }
            }
            "/select" => {
                let (name, chosen) = select.take().unwrap();
                sent.push((name, chosen.unwrap()));
            }
            _ => {}
        }
    }
    sent
}

fn without_templates(markup: &str) -> String {
    let mut kept = markup.to_owned();
    while let Some(start) = kept.find("<template>") {
        let end = kept.find("</template>").unwrap() + "</template>".len();
        kept.replace_range(start..end, "");
    }
    kept
}

fn has(tag: &str, word: &str) -> bool {
    tag.split_whitespace().any(|part| part == word)
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(unescape(&rest[..rest.find('"')?]))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

fn fields(pairs: &[(String, String)]) -> Fields {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        query.append_pair(name, value);
    }
    Fields::parse(query.finish().as_bytes()).unwrap()
}

fn draw(payload: &Payload, value: &Value) -> String {
    Form { payload, prefix: "p.", value, insist: true }.draw(&testing::ui()).into_string()
}

/// Draws, sends unchanged, reads.
fn round(payload: &Payload, value: &Value) -> Result<Value, String> {
    let sent = submit(&draw(payload, value));
    read(payload, "p.", &fields(&sent), value).map_err(|error| error.to_string())
}

fn payload(fields: &Value) -> Payload {
    serde_json::from_value(json!({ "form": "json", "fields": fields })).unwrap()
}

/// A value that the description admits, with every member.
fn sample(field: &PayloadField) -> Value {
    if let Some(choice) = field.choices.last() {
        return json!(choice);
    }
    let text = match field.format {
        Some(Format::Url) => "https://example.org/a?b=c&d=%22".to_owned(),
        Some(Format::Package) => "org.example.app".to_owned(),
        Some(Format::Host) => "vpn.example.org".to_owned(),
        Some(Format::Port) => "8443".to_owned(),
        Some(Format::Time) => "07:45".to_owned(),
        None => {
            let least = field.min_length.unwrap_or(0) as usize;
            let most = field.max_length.map_or(usize::MAX, |most| most as usize);
            "\"<b>&é雪'".chars().cycle().take(least.max(7).min(most)).collect()
        }
    };
    match field.kind {
        FieldKind::String => json!(text),
        FieldKind::Bool => json!(true),
        FieldKind::Int | FieldKind::Long => json!(field.max.or(field.min).unwrap_or(-7)),
        FieldKind::Float | FieldKind::Double => json!(0.25),
        FieldKind::Object if field.fields.is_empty() => json!({"any": ["thing"]}),
        FieldKind::Object => object(&field.fields),
        FieldKind::List if field.fields.is_empty() => json!([text, "x.y"]),
        FieldKind::List => json!([object(&field.fields), object(&field.fields)]),
    }
}

fn object(fields: &[PayloadField]) -> Value {
    Value::Object(fields.iter().map(|field| (field.name.clone(), sample(field))).collect())
}

#[test]
fn every_built_in_feature_comes_back_as_it_was() {
    let mut features = 0;
    for text in [
        include_str!("../../../../assets/device-types/android.toml"),
        include_str!("../../../../assets/device-types/arduino.toml"),
        include_str!("../../../../assets/device-types/raspberrypi.toml"),
        include_str!("../../../../assets/device-types/virtual_firealarm.toml"),
    ] {
        let device_type: DeviceType = toml::from_str(text).unwrap();
        for feature in &device_type.features {
            let values = match &feature.payload {
                Payload::None => vec![Value::Null],
                Payload::Any => vec![Value::Null, json!("\n a <b>\n"), json!({"a": [1]})],
                Payload::Text => vec![json!("two\nlines")],
                Payload::Choice { choices } => choices.iter().map(|choice| json!(choice)).collect(),
                Payload::Json { fields, .. } if fields.is_empty() => vec![Value::Null, json!({"a": {"b": [1, "x"]}})],
                Payload::Json { fields, .. } => {
                    let whole = object(fields);
                    let mut least = whole.clone();
                    let members = least.as_object_mut().unwrap();
                    members.retain(|name, _| fields.iter().any(|field| field.name == *name && field.required));
                    let mut more = whole.clone();
                    more["not described"] = json!({"kept": [true]});
                    // A payload with nothing in it is none.
                    if least == json!({}) { vec![whole, more] } else { vec![whole, least, more] }
                }
            };
            for value in values {
                assert_eq!(round(&feature.payload, &value), Ok(value), "{} {}", device_type.name, feature.code);
                features += 1;
            }
        }
    }
    assert!(features > 150, "{features}");
}

#[test]
fn a_new_form_begins_with_the_defaults() {
    let payload = payload(&json!([
        {"name": "days", "kind": "INT", "default": 30},
        {"name": "on", "kind": "BOOL", "required": true, "default": true},
        {"name": "mode", "kind": "STRING", "choices": ["a", "b"], "default": "b"},
        {"name": "note", "kind": "STRING"},
    ]));
    assert_eq!(round(&payload, &Value::Null), Ok(json!({"days": 30, "on": true, "mode": "b"})));
    assert_eq!(round(&payload, &json!({"on": false})), Ok(json!({"on": false})), "what is held has no defaults");
}

#[test]
fn an_optional_payload_is_sent_when_it_is_wanted() {
    let payload: Payload = serde_json::from_value(json!({"form": "json", "optional": true, "fields": [
        {"name": "hard", "kind": "BOOL", "required": true, "default": false},
        {"name": "message", "kind": "STRING"},
    ]}))
    .unwrap();
    assert_eq!(round(&payload, &Value::Null), Ok(Value::Null));
    assert_eq!(round(&payload, &json!({"hard": true})), Ok(json!({"hard": true})));
    let mut sent = submit(&draw(&payload, &Value::Null));
    sent.push(("p.:with".to_owned(), "1".to_owned()));
    assert_eq!(read(&payload, "p.", &fields(&sent), &Value::Null).unwrap(), json!({"hard": false}));
    let mut typed = submit(&draw(&payload, &Value::Null));
    typed.iter_mut().find(|(name, _)| name == "p.message").unwrap().1 = "Lost".to_owned();
    let read = read(&payload, "p.", &fields(&typed), &Value::Null).unwrap();
    assert_eq!(read, json!({"hard": false, "message": "Lost"}), "what is typed is not dropped");
}

#[test]
fn what_is_wrong_names_its_field() {
    let payload = payload(&json!([
        {"name": "days", "kind": "INT", "min": 0, "max": 730, "required": true},
        {"name": "apps", "kind": "LIST", "fields": [{"name": "package", "kind": "STRING", "required": true, "format": "package"},
            {"name": "label", "kind": "STRING"}]},
    ]));
    let wrong = |pairs: &[(&str, &str)]| {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        read(&payload, "p.", &fields(&pairs), &Value::Null).unwrap_err().to_string()
    };
    assert!(wrong(&[]).contains("\"days\" is missing"), "{}", wrong(&[]));
    assert!(wrong(&[("p.days", "many")]).contains("\"days\" must be of type INT"));
    assert!(wrong(&[("p.days", "731")]).contains("\"days\" must be 0 to 730"));
    let rows = [("p.days", "1"), ("p.apps[]", "0"), ("p.apps[]", "4"), ("p.apps.4.label", "Mail")];
    assert!(wrong(&rows).contains("\"apps[0].package\" is missing"), "empty rows do not count: {}", wrong(&rows));
    assert!(wrong(&[("p.days", "1"), ("p.:more", "[1]")]).contains("other members"));
}

#[test]
fn a_secret_is_not_shown_and_stays_when_nothing_is_typed() {
    let payload = payload(&json!([
        {"name": "ssid", "kind": "STRING", "required": true},
        {"name": "key", "kind": "STRING", "secret": true},
    ]));
    let held = json!({"ssid": "home", "key": "hunter2"});
    let drawn = draw(&payload, &held);
    assert!(!drawn.contains("hunter2"), "{drawn}");
    assert!(drawn.contains("type=\"password\""), "{drawn}");
    assert_eq!(round(&payload, &held), Ok(held.clone()));
    let mut sent = submit(&drawn);
    sent.push(("p.key:clear".to_owned(), "1".to_owned()));
    assert_eq!(read(&payload, "p.", &fields(&sent), &held).unwrap(), json!({"ssid": "home"}));
}

#[test]
fn names_and_values_full_of_markup_stay_text() {
    let hostile = "\"><script>alert(1)</script>";
    let payload = payload(&json!([
        {"name": "a.b:[\"<i>", "title": hostile, "kind": "STRING", "help": hostile, "choices": ["x", hostile, "c", "d", "e"]},
        {"name": "a", "kind": "OBJECT", "fields": [{"name": "b:[\"<i>", "kind": "STRING"}]},
    ]));
    let held = json!({"a.b:[\"<i>": hostile, "a": {"b:[\"<i>": "other"}});
    let drawn = draw(&payload, &held);
    assert!(!drawn.contains("<script") && !drawn.contains("<i>"), "{drawn}");
    assert_eq!(round(&payload, &held), Ok(held));
}

#[test]
fn what_a_control_cannot_show_is_kept_as_json() {
    let payload = payload(&json!([
        {"name": "list", "kind": "LIST"},
        {"name": "rows", "kind": "LIST", "fields": [{"name": "a", "kind": "INT"}]},
        {"name": "group", "kind": "OBJECT", "fields": [{"name": "a", "kind": "INT"}]},
    ]));
    let held = json!({"list": ["two\nlines", " x"], "rows": [{"a": 1, "more": 2}], "group": {"a": 1, "z": null}});
    assert_eq!(round(&payload, &held), Ok(held));
}

#[test]
fn one_form_does_not_read_another() {
    let payload = payload(&json!([{"name": "a", "kind": "STRING"}]));
    let sent = submit(
        &Form { payload: &payload, prefix: "q.", value: &json!({"a": "x"}), insist: false }
            .draw(&testing::ui())
            .into_string(),
    );
    assert_eq!(read(&payload, "p.", &fields(&sent), &Value::Null).unwrap(), Value::Null);
}
