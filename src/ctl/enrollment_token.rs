//! `enrollment-tokens`: what lets devices in that nobody stands beside.

use std::time::Duration;

use clap::Subcommand;
use comfy_table::Cell;

use super::failure::Failure;
use super::group;
use super::output::{Output, short, text};
use super::units::parse_span;
use crate::client::Client;
use crate::model::enrollment_token::MAX_USES;
use crate::model::id::EnrollmentTokenId;
use crate::wire::enrollment_token::{EnrollmentToken, NewEnrollmentToken};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a token and print its secret, this once
    Create {
        /// What it is for
        #[arg(default_value = "", hide_default_value = true)]
        note: String,
        /// The type of the devices it enrolls [default: any]
        #[arg(long = "type", value_name = "TYPE")]
        device_type: Option<String>,
        /// How many devices it enrolls at most
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_USES)))]
        count: u32,
        /// How long it is good for, such as 2h [default: 24h]
        #[arg(long, value_name = "SPAN", value_parser = parse_span)]
        expires: Option<Duration>,
        /// Whose the devices are [default: yours]
        #[arg(long)]
        owner: Option<String>,
        /// A group the devices are put into; may be repeated
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
        /// A tag the devices get; may be repeated
        #[arg(long = "tag", value_name = "TAG", value_delimiter = ',')]
        tags: Vec<String>,
    },
    /// Revoke a token; the devices it enrolled stay
    Revoke { id: EnrollmentTokenId },
}

pub(super) async fn tokens(client: &Client, args: Args, output: &mut Output) -> Result<(), Failure> {
    match args.action {
        None => {
            let page = client.enrollment_tokens().await?;
            if output.is_json() { output.document(&page) } else { print(&page.items, output) }
        }
        Some(Action::Create { note, device_type, count, expires, owner, groups: named, tags }) => {
            let mut groups = Vec::with_capacity(named.len());
            for name in named {
                groups.push(group::resolve(client, &name).await?.id);
            }
            let expires_at = expires.map(|span| output.now().plus(span));
            let new = NewEnrollmentToken { note, device_type, owner, groups, tags, expires_at, max_uses: count };
            let made = client.create_enrollment_token(&new).await?;
            if output.is_json() { output.document(&made) } else { output.line(short(&made.secret, 1000)) }
        }
        Some(Action::Revoke { id }) => {
            client.revoke_enrollment_token(id).await?;
            if output.is_json() {
                return output.document(&serde_json::json!({ "revoked": [id] }));
            }
            output.line(format_args!("enrollment token {id} is revoked"))
        }
    }
}

fn print(tokens: &[EnrollmentToken], output: &mut Output) -> Result<(), Failure> {
    let rows = tokens.iter().map(|token| {
        vec![
            Cell::new(token.id),
            text(&token.note),
            text(token.device_type.as_deref().unwrap_or("any")),
            text(&token.owner),
            Cell::new(format!("{} of {}", token.uses, token.max_uses)),
            output.ago(token.created_at),
            output.ago(token.expires_at),
            output.ago_or_never(token.last_used_at),
        ]
    });
    let rows = rows.collect();
    output.table(&["TOKEN", "NOTE", "TYPE", "OWNER", "USES", "MADE", "EXPIRES", "USED"], rows)
}
