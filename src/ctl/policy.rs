//! `policies` and `compliance`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use comfy_table::Cell;
use serde_json::json;

use super::device::resolve as resolve_device;
use super::failure::Failure;
use super::output::{Output, short, text};
use crate::client::Client;
use crate::model::id::PolicyId;
use crate::wire::policy::{Compliance, DryRun, NewPolicy, Policy, PolicyFeature, Trial};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show all of a policy
    Show { policy: String },
    /// Make a policy from a file, as JSON or TOML
    Create { file: PathBuf },
    /// Put what a file says in the place of a policy
    Replace { policy: String, file: PathBuf },
    /// Tell which devices a policy would reach, or without a file what applying the changes would do
    DryRun {
        file: Option<PathBuf>,
        /// Try it in the place of this policy
        #[arg(long, value_name = "POLICY", requires = "file")]
        replace: Option<String>,
    },
    /// Make policies active
    Activate {
        #[arg(required = true)]
        policies: Vec<String>,
    },
    /// Make policies inactive
    Deactivate {
        #[arg(required = true)]
        policies: Vec<String>,
    },
    /// Set which policies come first; the others follow in their order
    Order {
        #[arg(required = true)]
        policies: Vec<String>,
    },
    /// Tell every device whose policy is another one now
    Apply,
    /// List the versions of a policy
    Versions { policy: String },
    /// Make an earlier version of a policy the newest
    Restore { policy: String, version: u32 },
    /// Delete policies
    Remove {
        #[arg(required = true)]
        policies: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct ComplianceArgs {
    /// Show how this device complies, and with what
    device: Option<String>,
    /// How many violating devices to show at most
    #[arg(long, default_value_t = 100, value_name = "NUMBER")]
    limit: u32,
}

pub(super) async fn policies(client: &Client, args: Args, output: &mut Output) -> Result<(), Failure> {
    match args.action {
        None => list(client, output).await,
        Some(Action::Show { policy }) => {
            let policy = resolve(client, &policy).await?;
            show(&policy, output)
        }
        Some(Action::Create { file }) => {
            let policy = client.create_policy(&read(&file)?).await?;
            changed(&policy, output)
        }
        Some(Action::Replace { policy, file }) => {
            let id = resolve(client, &policy).await?.id;
            let policy = client.replace_policy(id, &read(&file)?).await?;
            changed(&policy, output)
        }
        Some(Action::DryRun { file: None, .. }) => tell(&client.pending_policy_changes().await?, output),
        Some(Action::DryRun { file: Some(file), replace }) => {
            let replaces = match replace {
                Some(policy) => Some(resolve(client, &policy).await?.id),
                None => None,
            };
            tell(&client.try_policy(&Trial { policy: read(&file)?, replaces }).await?, output)
        }
        Some(Action::Activate { policies }) => set_active(client, &policies, true, output).await,
        Some(Action::Deactivate { policies }) => set_active(client, &policies, false, output).await,
        Some(Action::Order { policies }) => {
            let page = client.order_policies(ids(client, &policies).await?).await?;
            if output.is_json() { output.document(&page) } else { print(&page.items, output) }
        }
        Some(Action::Apply) => {
            let done = client.apply_policies().await?;
            if output.is_json() {
                return output.document(&done);
            }
            let line = format!(
                "of {} devices, {} are sent another policy and {} lose theirs",
                done.devices, done.sent, done.revoked
            );
            output.line(line)
        }
        Some(Action::Versions { policy }) => versions(client, &policy, output).await,
        Some(Action::Restore { policy, version }) => {
            let id = resolve(client, &policy).await?.id;
            let policy = client.restore_policy(id, version).await?;
            changed(&policy, output)
        }
        Some(Action::Remove { policies }) => {
            let ids = ids(client, &policies).await?;
            for id in &ids {
                client.remove_policy(*id).await?;
            }
            if output.is_json() {
                return output.document(&json!({ "removed": ids }));
            }
            output.line(format_args!("{} removed; apply the changes to tell the devices", count(ids.len())))
        }
    }
}

pub(super) async fn compliance(client: &Client, args: ComplianceArgs, output: &mut Output) -> Result<(), Failure> {
    if let Some(device) = args.device {
        let device = resolve_device(client, &device).await?;
        let found = client.device_compliance(device.id).await?;
        return if output.is_json() { output.document(&found) } else { print_compliance(&found, output) };
    }
    let report = client.compliance(Some(args.limit), None).await?;
    if output.is_json() {
        return output.document(&report);
    }
    let counts = report.counts;
    output.line(format_args!(
        "{} devices comply, {} do not, {} have not answered yet",
        counts.compliant, counts.violating, counts.unknown
    ))?;
    if report.page.items.is_empty() {
        return Ok(());
    }
    let rows = report.page.items.iter().flat_map(|violation| {
        let device = format!("{}:{}", violation.device_type, violation.identifier);
        let row = move |feature: &crate::wire::policy::FeatureCompliance, output: &Output| {
            vec![text(&device), text(&feature.code), Cell::new(short(&feature.reason, 60)), output.ago(feature.since)]
        };
        violation.compliance.features.iter().map(|feature| row(feature, output)).collect::<Vec<_>>()
    });
    let rows = rows.collect();
    output.table(&["DEVICE", "FEATURE", "REASON", "SINCE"], rows)
}

async fn list(client: &Client, output: &mut Output) -> Result<(), Failure> {
    let page = client.policies().await?;
    if output.is_json() { output.document(&page) } else { print(&page.items, output) }
}

fn changed(policy: &Policy, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() { output.document(policy) } else { print(std::slice::from_ref(policy), output) }
}

async fn set_active(client: &Client, named: &[String], active: bool, output: &mut Output) -> Result<(), Failure> {
    for id in ids(client, named).await? {
        client.set_policy_active(id, active).await?;
    }
    list(client, output).await
}

async fn versions(client: &Client, named: &str, output: &mut Output) -> Result<(), Failure> {
    let page = client.policy_versions(resolve(client, named).await?.id).await?;
    if output.is_json() {
        return output.document(&page);
    }
    let rows = page.items.iter().map(|version| {
        vec![
            Cell::new(version.version),
            output.ago(version.changed_at),
            text(&version.changed_by),
            Cell::new(codes(&version.definition.features)),
            Cell::new(short(&version.note, 60)),
        ]
    });
    let rows = rows.collect();
    output.table(&["VERSION", "MADE", "BY", "FEATURES", "NOTE"], rows)
}

/// The policy that `named` is the id or the name of.
async fn resolve(client: &Client, named: &str) -> Result<Policy, Failure> {
    if let Ok(id) = named.parse::<PolicyId>() {
        return Ok(client.policy(id).await?);
    }
    let found = client.policies().await?.items.into_iter().find(|policy| policy.name.eq_ignore_ascii_case(named));
    found.ok_or_else(|| Failure::NotFound(format!("no policy is called {named}")))
}

async fn ids(client: &Client, named: &[String]) -> Result<Vec<PolicyId>, Failure> {
    let mut ids = Vec::with_capacity(named.len());
    for named in named {
        ids.push(resolve(client, named).await?.id);
    }
    Ok(ids)
}

/// A policy from a file: TOML by its name, else JSON.
fn read(path: &Path) -> Result<NewPolicy, Failure> {
    let content = std::fs::read_to_string(path).map_err(|source| Failure::file("read", path, source))?;
    let wrong = |why: String| Failure::Usage(format!("{} is no policy: {why}", path.display()));
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
        toml::from_str(&content).map_err(|error| wrong(error.message().to_owned()))
    } else {
        serde_json::from_str(&content).map_err(|error| wrong(error.to_string()))
    }
}

fn tell(run: &DryRun, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.document(run);
    }
    output.line(text(&run.summary).content())?;
    if run.affected == 0 {
        return Ok(());
    }
    output.line(format_args!("{} gain a policy, {} lose theirs, {} get another", run.gains, run.loses, run.changes))?;
    if run.repeats == 0 {
        return Ok(());
    }
    output.line(format_args!("{} are told again what did not reach them", run.repeats))
}

fn print(policies: &[Policy], output: &mut Output) -> Result<(), Failure> {
    let rows = policies.iter().map(|policy| {
        let state = match (policy.active, policy.changed) {
            (true, false) => "active",
            (true, true) => "active, not applied",
            (false, false) => "inactive",
            (false, true) => "inactive, not applied",
        };
        vec![
            Cell::new(policy.priority),
            text(&policy.name),
            text(&policy.device_type),
            Cell::new(state),
            Cell::new(policy.definition.mode.name()),
            Cell::new(policy.version),
            Cell::new(codes(&policy.definition.features)),
        ]
    });
    let rows = rows.collect();
    output.table(&["PRIORITY", "POLICY", "TYPE", "STATE", "MODE", "VERSION", "FEATURES"], rows)
}

fn show(policy: &Policy, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.document(policy);
    }
    print(std::slice::from_ref(policy), output)?;
    let rows = policy
        .definition
        .features
        .iter()
        .map(|feature| vec![text(&feature.code), Cell::new(short(&feature.content.to_string(), 200))]);
    let rows = rows.collect();
    output.line("")?;
    output.table(&["FEATURE", "CONTENT"], rows)
}

fn print_compliance(found: &Compliance, output: &mut Output) -> Result<(), Failure> {
    let state = match found.compliant {
        Some(true) => "complies",
        Some(false) => "does not comply",
        None => "not known",
    };
    let told = match (&found.untold, found.underway) {
        (Some(untold), _) => short(&format!("did not reach the device: {}", untold.reason), 80),
        (None, true) => "on its way".to_owned(),
        (None, false) => "told".to_owned(),
    };
    output.facts(vec![
        ("Compliance", Cell::new(state)),
        ("Policy", Cell::new(told)),
        ("Asked", output.ago_or_never(found.asked_at)),
        ("Answered", output.ago_or_never(found.answered_at)),
        ("Unanswered", Cell::new(found.attempts)),
        ("Sent again", Cell::new(found.enforcements)),
    ])?;
    let rows = found.features.iter().map(|feature| {
        let state = if feature.compliant { "complies" } else { "does not comply" };
        vec![text(&feature.code), Cell::new(state), Cell::new(short(&feature.reason, 60)), output.ago(feature.since)]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() { Ok(()) } else { output.table(&["FEATURE", "STATE", "REASON", "SINCE"], rows) }
}

fn codes(features: &[PolicyFeature]) -> String {
    let codes: Vec<_> = features.iter().map(|feature| feature.code.as_str()).collect();
    short(&codes.join(", "), 60)
}

fn count(policies: usize) -> String {
    if policies == 1 { "1 policy is".to_owned() } else { format!("{policies} policies are") }
}
