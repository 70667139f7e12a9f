//! `features`: what devices of a type can be told, and what goes with it.

use comfy_table::Cell;

use super::failure::Failure;
use super::output::{Output, short, text};
use crate::client::Client;
use crate::model::device_type::{DeviceType, Feature, FieldKind, Payload, PayloadField};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The device type
    #[arg(value_name = "TYPE")]
    device_type: String,
    /// Show this feature, and the fields of its payload
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

pub(super) async fn features(client: &Client, args: Args, output: &mut Output) -> Result<(), Failure> {
    let device_type = client.device_type(&args.device_type).await?;
    let Some(code) = args.code else {
        return if output.is_json() { output.document(&device_type.features) } else { print(&device_type, output) };
    };
    let feature = device_type.feature(&code).ok_or_else(|| {
        Failure::NotFound(format!("{} has no feature {code}; see pymctl features {0}", device_type.name))
    })?;
    if output.is_json() { output.document(feature) } else { print_one(feature, output) }
}

fn print(device_type: &DeviceType, output: &mut Output) -> Result<(), Failure> {
    let rows = device_type.features.iter().map(|feature| {
        vec![
            text(&feature.code),
            text(&feature.name),
            Cell::new(feature.kind.name()),
            Cell::new(if feature.policy { "yes" } else { "" }),
            Cell::new(short(&payload(&feature.payload), 60)),
        ]
    });
    output.table(&["CODE", "FEATURE", "KIND", "POLICY", "PAYLOAD"], rows.collect())
}

fn print_one(feature: &Feature, output: &mut Output) -> Result<(), Failure> {
    output.facts(vec![
        ("code", text(&feature.code)),
        ("feature", text(&feature.name)),
        ("description", text(&feature.description)),
        ("kind", Cell::new(feature.kind.name())),
        ("in policies", Cell::new(if feature.policy { "yes" } else { "no" })),
        ("payload", Cell::new(short(&payload(&feature.payload), 300))),
    ])?;
    let mut rows = Vec::new();
    add_fields(feature.payload.fields(), "", &mut rows);
    if rows.is_empty() {
        return Ok(());
    }
    output.line("")?;
    output.table(&["FIELD", "REQUIRED", "VALUE", "HELP"], rows)
}

fn add_fields(fields: &[PayloadField], within: &str, rows: &mut Vec<Vec<Cell>>) {
    for field in fields {
        let path = format!("{within}{}", field.name);
        let parts = [field.title.as_str(), field.help.as_str()];
        let help: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        rows.push(vec![
            text(&path),
            Cell::new(if field.required { "yes" } else { "" }),
            Cell::new(short(&field.describe(), 100)),
            Cell::new(short(&help.join(": "), 100)),
        ]);
        let below = if field.kind == FieldKind::List { "[]." } else { "." };
        add_fields(&field.fields, &format!("{path}{below}"), rows);
    }
}

/// What a payload is, in a few words.
pub(super) fn payload(payload: &Payload) -> String {
    match payload {
        Payload::Any => "any".to_owned(),
        Payload::None => "none".to_owned(),
        Payload::Choice { choices } => choices.join(" or "),
        Payload::Text => "text".to_owned(),
        Payload::Json { fields, .. } if fields.is_empty() => "JSON".to_owned(),
        Payload::Json { .. } => format!("JSON with {}", payload.field_names()),
    }
}
