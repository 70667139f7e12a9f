//! `pymctl`: the commands, each in the file of its resource.
//!
//! A command asks [`crate::client`] and prints through [`output::Output`]: tables for people, JSON for scripts. Text
//! that came from a device is escaped before it reaches a terminal.

mod admin;
mod application;
mod backup;
mod certificate;
mod csv;
mod device;
mod enrollment;
mod enrollment_token;
mod failure;
mod feature;
mod geofence;
mod group;
mod host;
mod location;
mod notification;
mod operation;
mod output;
mod package;
mod policy;
mod prompt;
mod setting;
mod tag;
mod telemetry;
mod units;
mod wait;
mod watch;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use self::failure::Failure;
use self::output::Output;
use crate::client::{Client, Trust};
use crate::model::text::for_terminal;

/// Ask and steer the device-management server Pym.
#[derive(Debug, Parser)]
#[command(name = "pymctl", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Args {
    /// Print JSON: one document, or one a line where there is no end
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the request failed
  2  the command line is wrong
  3  no daemon can be reached
  4  there is no such thing
  5  refused: no permission
  6  an operation ended as ERROR, EXPIRED or CANCELLED
  7  --wait: the time is over

Without --socket and --url the daemon on this board is asked: on the socket that PYM_LISTEN_CONTROL
names, or else the first that answers of /run/pym/pym.sock, $XDG_RUNTIME_DIR/pym/pym.sock and
/tmp/pym-<uid>/pym.sock. A device is named by its id, as type:identifier, or by a name that no
other device has. Colours are for terminals, and NO_COLOR turns them off.";

/// Which daemon to ask.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Connection")]
struct Connection {
    /// The control socket of a daemon on this board
    #[arg(long, global = true, value_name = "PATH")]
    socket: Option<PathBuf>,
    #[arg(
        long,
        global = true,
        help = "A daemon on another host, such as https://pi.local:9443",
        value_name = "URL",
        env = "PYM_URL",
        conflicts_with = "socket"
    )]
    url: Option<String>,
    /// The API token for --url (a file keeps it out of the process list)
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The API token for --url
    #[arg(long, global = true, value_name = "TOKEN", env = "PYM_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The site's CA certificate for --url, as PEM
    #[arg(long, global = true, value_name = "FILE", env = "PYM_CA")]
    ca: Option<PathBuf>,
    /// The SHA-256 fingerprint of the site's CA for --url, as `pymctl status` tells it
    #[arg(long, global = true, value_name = "HEX", env = "PYM_CA_FINGERPRINT", conflicts_with = "ca")]
    ca_fingerprint: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// How the daemon stands
    Status,
    /// How the board stands: load, memory, disk, temperature, power
    Host,
    /// Succeed when the daemon is ready (for health checks)
    Health,
    /// List devices
    Devices(device::ListArgs),
    /// Show all that is known of a device
    Device(device::ShowArgs),
    /// Enroll a device: print its credentials, or write its agent
    Enroll(device::EnrollArgs),
    /// Change what is known of a device, or its status
    Edit(device::EditArgs),
    /// End the management of devices
    Remove(device::RemoveArgs),
    /// List device types, or show one and the operations it knows
    Types(device::TypesArgs),
    /// List what devices of a type can be told, or show one feature with its fields
    Features(feature::Args),
    /// Send an operation to devices
    Send(operation::SendArgs),
    /// List operations
    Operations(operation::ListArgs),
    /// Take operations back
    Cancel(operation::CancelArgs),
    /// Send operations that did not succeed once more
    Retry(operation::RetryArgs),
    /// List and tick off what a person has to see
    Notifications(notification::Args),
    /// Show what a device measures
    Telemetry(telemetry::Args),
    /// Show where a device is
    Location(location::Args),
    /// List what is installed on a device
    Applications(application::Args),
    /// Put tags on devices and take them off, or list the tags in use
    Tag(tag::Args),
    /// List and change groups of devices
    Groups(group::Args),
    /// List and change geofences
    Geofences(geofence::Args),
    /// List, sign and revoke certificates of devices
    Certificates(certificate::Args),
    /// List, change and apply policies
    Policies(policy::Args),
    /// Show which devices comply with their policies, or how one does
    Compliance(policy::ComplianceArgs),
    /// List, upload, install and delete application packages
    Packages(package::Args),
    /// List, make and revoke tokens that enroll devices
    EnrollmentTokens(enrollment_token::Args),
    /// List, make and revoke API tokens
    Tokens(admin::TokensArgs),
    /// List and change the people who operate the site
    Users(admin::UsersArgs),
    /// List and change roles: what people may do
    Roles(admin::RolesArgs),
    /// List and end a person's sessions
    Sessions(admin::SessionsArgs),
    /// Show and change settings of the platform or a device type
    Settings(setting::Args),
    /// Show who did what
    Audit(admin::AuditArgs),
    /// Follow what happens
    Watch(watch::Args),
    /// Make the first administrator
    Setup(admin::SetupArgs),
    /// Write a backup of the site's database
    Backup(backup::Args),
    /// Print a completion script
    Completion {
        /// The shell to complete for
        shell: clap_complete::Shell,
    },
}

/// Does what `args` say; failures are told on the standard error output.
pub async fn run(args: Args) -> ExitCode {
    let mut output = Output::standard(args.json);
    let done = match execute(args, &mut output).await {
        Ok(()) => output.flush(),
        Err(failure) => output.flush().and(Err(failure)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "pymctl: {}", for_terminal(&failure.chain()));
            failure.code()
        }
    }
}

async fn execute(args: Args, output: &mut Output) -> Result<(), Failure> {
    if let Command::Completion { shell } = args.command {
        return complete(shell, output);
    }
    let client = args.connection.client()?;
    match args.command {
        Command::Status => host::status(&client, output).await,
        Command::Host => host::show(&client, output).await,
        Command::Health => host::health(&client, output).await,
        Command::Devices(args) => device::list(&client, args, output).await,
        Command::Device(args) => device::show(&client, args, output).await,
        Command::Enroll(args) => device::enroll(&client, args, output).await,
        Command::Edit(args) => device::edit(&client, args, output).await,
        Command::Remove(args) => device::remove(&client, args, output).await,
        Command::Types(args) => device::types(&client, args, output).await,
        Command::Features(args) => feature::features(&client, args, output).await,
        Command::Send(args) => operation::send(&client, args, output).await,
        Command::Operations(args) => operation::list(&client, args, output).await,
        Command::Cancel(args) => operation::cancel(&client, args, output).await,
        Command::Retry(args) => operation::retry(&client, args, output).await,
        Command::Notifications(args) => notification::notifications(&client, args, output).await,
        Command::Settings(args) => setting::settings(&client, args, output).await,
        Command::Telemetry(args) => telemetry::show(&client, args, output).await,
        Command::Location(args) => location::show(&client, args, output).await,
        Command::Applications(args) => application::list(&client, args, output).await,
        Command::Tag(args) => tag::tag(&client, args, output).await,
        Command::Groups(args) => group::groups(&client, args, output).await,
        Command::Geofences(args) => geofence::geofences(&client, args, output).await,
        Command::Certificates(args) => certificate::certificates(&client, args, output).await,
        Command::Policies(args) => policy::policies(&client, args, output).await,
        Command::Compliance(args) => policy::compliance(&client, args, output).await,
        Command::Packages(args) => package::packages(&client, args, output).await,
        Command::EnrollmentTokens(args) => enrollment_token::tokens(&client, args, output).await,
        Command::Tokens(args) => admin::tokens(&client, args, output).await,
        Command::Users(args) => admin::users(&client, args, output).await,
        Command::Roles(args) => admin::roles(&client, args, output).await,
        Command::Sessions(args) => admin::sessions(&client, args, output).await,
        Command::Audit(args) => admin::audit(&client, args, output).await,
        Command::Watch(args) => watch::follow(&client, args, output).await,
        Command::Setup(args) => admin::setup(&client, args, output).await,
        Command::Backup(args) => backup::write(&client, args, output).await,
        Command::Completion { .. } => Ok(()),
    }
}

fn complete(shell: clap_complete::Shell, output: &mut Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "pymctl", &mut script);
    output.raw(&script)
}

impl Connection {
    fn client(self) -> Result<Client, Failure> {
        let Some(url) = self.url.filter(|_| self.socket.is_none()) else {
            return Ok(Client::local(self.socket));
        };
        let token = match self.token_file {
            Some(path) => {
                let text = std::fs::read_to_string(&path).map_err(|source| Failure::file("read", &path, source))?;
                Some(text.trim().to_owned())
            }
            None => self.token,
        };
        let trust = match (self.ca, self.ca_fingerprint) {
            (Some(path), _) => Trust::File(path),
            (None, Some(fingerprint)) => Trust::Fingerprint(fingerprint),
            (None, None) => Trust::Nobody,
        };
        Ok(Client::remote(&url, token.as_deref(), &trust)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
