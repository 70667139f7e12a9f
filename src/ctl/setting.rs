//! `settings`: what people change while the site runs.

use clap::Subcommand;
use comfy_table::Cell;

use super::failure::Failure;
use super::output::{Output, short, text};
use crate::client::Client;
use crate::model::setting::GENERAL;
use crate::wire::setting::{Setting, Settings};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What they are the settings of: general, or a device type
    #[arg(long, global = true, default_value = GENERAL)]
    area: String,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Change settings; the others stay
    Set {
        /// Such as notifierFrequency=60000; without a value, the setting goes
        #[arg(value_name = "NAME=VALUE", required = true, value_parser = parse_pair)]
        pairs: Vec<(String, String)>,
    },
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) async fn settings(client: &Client, args: Args, output: &mut Output) -> Result<(), Failure> {
    let mut settings = client.settings(&args.area).await?;
    if let Some(Action::Set { pairs }) = args.action {
        change(&mut settings.settings, pairs);
        settings = client.replace_settings(&args.area, &settings).await?;
    }
    if output.is_json() { output.document(&settings) } else { print(&settings, output) }
}

fn change(settings: &mut Vec<Setting>, pairs: Vec<(String, String)>) {
    for (name, value) in pairs {
        let content_type = settings.iter().find(|setting| setting.name == name).map(|known| known.content_type.clone());
        settings.retain(|setting| setting.name != name);
        if !value.is_empty() {
            let content_type = content_type.unwrap_or_else(|| "text".to_owned());
            settings.push(Setting { name, value, content_type });
        }
    }
}

fn print(settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    let row = |setting: &Setting| vec![text(&setting.name), Cell::new(short(&setting.value, 100))];
    output.table(&["SETTING", "VALUE"], settings.settings.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_without_a_value_goes() {
        let mut settings = Vec::new();
        let pair = |text| parse_pair(text).unwrap();
        change(&mut settings, vec![pair("a=1"), pair("b=x=y"), pair("a=2")]);
        let pairs = |settings: &[Setting]| -> Vec<String> {
            settings.iter().map(|setting| format!("{}={}", setting.name, setting.value)).collect()
        };
        assert_eq!(pairs(&settings), ["b=x=y", "a=2"]);
        change(&mut settings, vec![pair("b=")]);
        assert_eq!(pairs(&settings), ["a=2"]);
        assert!(parse_pair("a").is_err());
    }
}
