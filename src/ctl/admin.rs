//! `tokens`, `users`, `roles`, `sessions`, `audit` and `setup`.

use std::time::Duration;

use clap::Subcommand;
use comfy_table::{Cell, Color};

use super::failure::Failure;
use super::output::{Output, short, text};
use super::prompt::new_password;
use super::units::{Moment, parse_moment, parse_span};
use crate::client::Client;
use crate::client::admin::AuditQuery;
use crate::model::actor::Scope;
use crate::model::audit::Outcome;
use crate::model::id::{SessionId, TokenId};
use crate::model::page::MAX_PAGE;
use crate::wire::admin::{
    AuditEntry, NewPassword, NewRole, NewToken, NewUser, Role, RoleEdit, Setup, Token, User, UserEdit,
};

#[derive(Debug, clap::Args)]
pub(super) struct TokensArgs {
    #[command(subcommand)]
    action: Option<TokenAction>,
}

#[derive(Debug, Subcommand)]
enum TokenAction {
    /// Make a token and print its secret, this once
    Create {
        name: String,
        /// What it allows: read, operate, enroll, admin, metrics or broker; may be repeated
        #[arg(long = "scope", required = true, value_delimiter = ',', value_parser = str::parse::<Scope>)]
        scopes: Vec<Scope>,
        /// How long it is good for, such as 30d [default: until it is revoked]
        #[arg(long, value_name = "SPAN", value_parser = parse_span)]
        expires: Option<Duration>,
    },
    /// Revoke a token
    Revoke {
        /// Its id, or a name that no other token has
        #[arg(value_name = "ID")]
        token: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct UsersArgs {
    /// Only those whose name holds this
    #[arg(long)]
    text: Option<String>,
    #[command(subcommand)]
    action: Option<UserAction>,
}

#[derive(Debug, Subcommand)]
enum UserAction {
    /// Add a person; the password is asked for, or read from the standard input
    Create {
        name: String,
        /// What they may do: admin, operator, viewer, device-owner or a role of your own; may be repeated
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<String>,
    },
    /// Change a person's roles, names or address
    Edit {
        name: String,
        /// What they may do from now on, in place of their roles so far; may be repeated
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        #[arg(long)]
        first_name: Option<String>,
        #[arg(long)]
        last_name: Option<String>,
        #[arg(long)]
        email: Option<String>,
    },
    /// Remove a person
    Remove { name: String },
    /// Give a person a new password
    Password { name: String },
    /// Turn a person's second factor off, for whoever has lost their phone
    ResetSecondFactor { name: String },
}

#[derive(Debug, clap::Args)]
pub(super) struct RolesArgs {
    #[command(subcommand)]
    action: Option<RoleAction>,
}

#[derive(Debug, Subcommand)]
enum RoleAction {
    /// Make a role
    Create {
        name: String,
        /// What it allows: read, operate, enroll, admin, metrics, broker, own or policy; may be repeated
        #[arg(long = "scope", required = true, value_delimiter = ',', value_parser = str::parse::<Scope>)]
        scopes: Vec<Scope>,
        #[arg(long, default_value = "")]
        description: String,
    },
    /// Change a role; those who have it and may do less by it are disconnected
    Edit {
        name: String,
        /// What it allows from now on, in place of its scopes so far; may be repeated
        #[arg(long = "scope", value_delimiter = ',', value_parser = str::parse::<Scope>)]
        scopes: Vec<Scope>,
        #[arg(long)]
        description: Option<String>,
    },
    /// Remove a role
    Remove { name: String },
}

#[derive(Debug, clap::Args)]
pub(super) struct SessionsArgs {
    /// Whose sessions
    user: String,
    /// End the session of this id
    #[arg(long, value_name = "ID")]
    close: Option<SessionId>,
}

#[derive(Debug, clap::Args)]
pub(super) struct AuditArgs {
    /// Write all of it to the standard output as csv or jsonl
    #[arg(long, value_name = "FORMAT", value_parser = ["csv", "jsonl"], conflicts_with = "limit")]
    export: Option<String>,
    /// What this person, device or token did
    #[arg(long)]
    actor: Option<String>,
    /// An action such as device.enroll, or its resource, such as device
    #[arg(long)]
    action: Option<String>,
    /// What was done to this, such as raspberrypi:kitchen
    #[arg(long)]
    target: Option<String>,
    /// What ended so: done, refused or failed
    #[arg(long, value_parser = parse_outcome)]
    outcome: Option<Outcome>,
    /// From this time on: 2026-11-22T10:00:00Z, or how long ago, such as 2h
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    since: Option<Moment>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    until: Option<Moment>,
    /// Only entries with a smaller number
    #[arg(long, value_name = "NUMBER")]
    before: Option<i64>,
    /// The most entries, newest first
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PAGE)))]
    limit: u32,
}

#[derive(Debug, clap::Args)]
pub(super) struct SetupArgs {
    /// The name of the administrator
    #[arg(long, default_value = "admin")]
    name: String,
    /// The one-time code from the daemon's log [default: what the control socket tells]
    #[arg(long)]
    code: Option<String>,
}

pub(super) async fn tokens(client: &Client, args: TokensArgs, output: &mut Output) -> Result<(), Failure> {
    match args.action {
        None => {
            let page = client.tokens().await?;
            if output.is_json() {
                return output.document(&page);
            }
            print_tokens(&page.items, output)
        }
        Some(TokenAction::Create { name, scopes, expires }) => {
            let expires_at = expires.map(|span| output.now().plus(span));
            let token = client.create_token(&NewToken { name, scopes, expires_at }).await?;
            if output.is_json() {
                return output.document(&token);
            }
            output.line(short(token.secret.as_deref().unwrap_or_default(), 1000))
        }
        Some(TokenAction::Revoke { token }) => {
            let id = token_id(client, &token).await?;
            client.revoke_token(id).await?;
            if output.is_json() {
                return output.document(&serde_json::json!({ "revoked": [id] }));
            }
            output.line(format_args!("token {} is revoked", short(&token, 200)))
        }
    }
}

async fn token_id(client: &Client, named: &str) -> Result<TokenId, Failure> {
    if let Ok(id) = named.parse() {
        return Ok(id);
    }
    let tokens = client.tokens().await?.items;
    let found: Vec<TokenId> = tokens.iter().filter(|token| token.name == named).map(|token| token.id).collect();
    match found.as_slice() {
        [id] => Ok(*id),
        [] => Err(Failure::NotFound(format!("no token is called {named}"))),
        _ => Err(Failure::Usage(format!("{} tokens are called {named}: name one by its id", found.len()))),
    }
}

fn print_tokens(tokens: &[Token], output: &mut Output) -> Result<(), Failure> {
    let rows = tokens.iter().map(|token| {
        let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.name()).collect();
        vec![
            Cell::new(token.id),
            text(&token.name),
            text(&token.owner),
            Cell::new(scopes.join(" ")),
            output.ago(token.created_at),
            token.expires_at.map_or_else(|| Cell::new("never"), |at| output.ago(at)),
            output.ago_or_never(token.last_used_at),
        ]
    });
    let rows = rows.collect();
    output.table(&["TOKEN", "NAME", "OWNER", "SCOPES", "MADE", "EXPIRES", "USED"], rows)
}

pub(super) async fn users(client: &Client, args: UsersArgs, output: &mut Output) -> Result<(), Failure> {
    let (name, done) = match args.action {
        None => {
            let page = client.users(args.text.as_deref()).await?;
            return if output.is_json() { output.document(&page) } else { print_users(&page.items, output) };
        }
        Some(UserAction::Create { name, roles }) => {
            let password = new_password()?;
            let (first_name, last_name, email) = Default::default();
            let new = NewUser { name, password, roles, first_name, last_name, email };
            let user = client.create_user(&new).await?;
            return if output.is_json() { output.document(&user) } else { print_users(&[user], output) };
        }
        Some(UserAction::Edit { name, roles, first_name, last_name, email }) => {
            let roles = (!roles.is_empty()).then_some(roles);
            let user = client.edit_user(&name, &UserEdit { roles, first_name, last_name, email }).await?;
            return if output.is_json() { output.document(&user) } else { print_users(&[user], output) };
        }
        Some(UserAction::Remove { name }) => {
            client.remove_user(&name).await?;
            (name, "is removed")
        }
        Some(UserAction::Password { name }) => {
            client.set_password(&name, &NewPassword { password: new_password()?, old_password: None }).await?;
            (name, "has a new password")
        }
        Some(UserAction::ResetSecondFactor { name }) => {
            client.reset_second_factor(&name).await?;
            (name, "has no second factor")
        }
    };
    if output.is_json() {
        return output.document(&serde_json::json!({ "user": name }));
    }
    output.line(format_args!("{} {done}", short(&name, 64)))
}

fn print_users(users: &[User], output: &mut Output) -> Result<(), Failure> {
    let rows = users.iter().map(|user| {
        let second = Cell::new(if user.second_factor { "yes" } else { "no" });
        vec![text(&user.name), text(&user.roles.join(", ")), second, output.ago(user.created_at)]
    });
    let rows = rows.collect();
    output.table(&["NAME", "ROLES", "SECOND FACTOR", "ADDED"], rows)
}

pub(super) async fn roles(client: &Client, args: RolesArgs, output: &mut Output) -> Result<(), Failure> {
    let role = match args.action {
        None => {
            let page = client.roles().await?;
            return if output.is_json() { output.document(&page) } else { print_roles(&page.items, output) };
        }
        Some(RoleAction::Create { name, scopes, description }) => {
            client.create_role(&NewRole { name, description, scopes }).await?
        }
        Some(RoleAction::Edit { name, scopes, description }) => {
            let scopes = (!scopes.is_empty()).then_some(scopes);
            client.edit_role(&name, &RoleEdit { description, scopes }).await?
        }
        Some(RoleAction::Remove { name }) => {
            client.remove_role(&name).await?;
            if output.is_json() {
                return output.document(&serde_json::json!({ "role": name }));
            }
            return output.line(format_args!("{} is removed", short(&name, 64)));
        }
    };
    if output.is_json() { output.document(&role) } else { print_roles(&[role], output) }
}

fn print_roles(roles: &[Role], output: &mut Output) -> Result<(), Failure> {
    let rows = roles.iter().map(|role| {
        let scopes: Vec<&str> = role.scopes.iter().map(|scope| scope.name()).collect();
        let kind = if role.built_in { "built in" } else { "" };
        let users = Cell::new(role.users);
        vec![
            text(&role.name),
            Cell::new(scopes.join(" ")),
            users,
            Cell::new(kind),
            Cell::new(short(&role.description, 60)),
        ]
    });
    output.table(&["NAME", "SCOPES", "PEOPLE", "", "DESCRIPTION"], rows.collect())
}

pub(super) async fn sessions(client: &Client, args: SessionsArgs, output: &mut Output) -> Result<(), Failure> {
    if let Some(id) = args.close {
        client.close_session(Some(&args.user), id).await?;
        if output.is_json() {
            return output.document(&serde_json::json!({ "session": id }));
        }
        return output.line(format_args!("session {id} is ended"));
    }
    let page = client.sessions(Some(&args.user)).await?;
    if output.is_json() {
        return output.document(&page);
    }
    let rows = page.items.iter().map(|session| {
        let times = [session.created_at, session.last_used_at].map(|at| output.ago(at));
        let [opened, used] = times;
        vec![Cell::new(session.id), text(&session.origin), opened, used]
    });
    let rows = rows.collect();
    output.table(&["SESSION", "FROM", "OPENED", "USED"], rows)
}

fn parse_outcome(word: &str) -> Result<Outcome, String> {
    Outcome::parse(word).ok_or_else(|| "an outcome is done, refused or failed".to_owned())
}

pub(super) async fn audit(client: &Client, args: AuditArgs, output: &mut Output) -> Result<(), Failure> {
    let since = args.since.map(|since| since.from(output.now()));
    let until = args.until.map(|until| until.from(output.now()));
    let AuditArgs { export, actor, action, target, outcome, before, limit, .. } = args;
    let query = AuditQuery { actor, action, target, outcome, since, until, before, limit: Some(limit) };
    if let Some(format) = export {
        let mut file = client.export_audit(&query, &format).await?;
        while let Some(piece) = file.chunk().await? {
            output.raw(&piece)?;
        }
        return Ok(());
    }
    let page = client.audit(&query).await?;
    if output.is_json() {
        return output.document(&page);
    }
    print_audit(&page.items, output)
}

fn print_audit(entries: &[AuditEntry], output: &mut Output) -> Result<(), Failure> {
    let rows = entries.iter().map(|entry| {
        let outcome = Cell::new(entry.outcome.name());
        vec![
            Cell::new(entry.number),
            Cell::new(entry.at),
            text(&entry.actor),
            text(&entry.origin),
            text(&entry.action),
            Cell::new(short(&entry.target, 60)),
            if entry.outcome == Outcome::Done { outcome } else { outcome.fg(Color::Red) },
            Cell::new(short(&entry.detail, 80)),
        ]
    });
    output.table(&["NUMBER", "TIME", "ACTOR", "FROM", "ACTION", "TARGET", "OUTCOME", "DETAIL"], rows.collect())
}

pub(super) async fn setup(client: &Client, args: SetupArgs, output: &mut Output) -> Result<(), Failure> {
    let code = match args.code {
        Some(code) => code,
        None => setup_code(client).await?,
    };
    let password = new_password()?;
    let user = client.setup(&Setup { code, name: args.name, password }).await?;
    if output.is_json() {
        return output.document(&user);
    }
    output.line(format_args!("{} is the administrator of the site", short(&user.name, 64)))
}

/// The one-time code, which the daemon tells on its control socket alone.
async fn setup_code(client: &Client) -> Result<String, Failure> {
    let status = client.status().await?;
    if !status.setup_needed {
        return Err(Failure::Failed("the site has an administrator already; see pymctl users".to_owned()));
    }
    status
        .setup_code
        .ok_or_else(|| Failure::Usage("give the one-time code from the daemon's log with --code".to_owned()))
}
