//! What the operator may set: flags over environment over the file over defaults.
//!
//! Every key is one field of [`Keys`], which is read three times: from the command line (`--listen-https`), from the
//! environment (`PYM_LISTEN_HTTPS`) and from the TOML file (`https` in `[listen]`). A value that does not fit is refused
//! by its type, so that the complaint names the flag, or the file and line. Nothing is bound or created here.

pub mod paths;
mod value;

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use serde::Deserialize;
use thiserror::Error;

use crate::log;
use crate::model::policy::Evaluation;
use paths::Environment;
pub use value::Secret;
use value::{Addresses, Bounded, Filter, HostName};

/// Where the configuration file is looked for when `--config` is not given.
pub const DEFAULT_FILE: &str = "/etc/pym/pym.toml";
const HTTPS_PORTS: [u16; 2] = [9443, 8243];
const HTTP_PORTS: [u16; 1] = [8280];
const MQTT_PORTS: [u16; 1] = [1883];
const MQTTS_PORTS: [u16; 1] = [8883];

/// One second to one year.
type Seconds = Bounded<1, 31_536_000>;
/// Each connection costs a file descriptor and up to some 30 KB.
type Connections = Bounded<1, 65_536>;
/// None to a thousand.
type Retries = Bounded<0, 1000>;
/// 1 KiB to 1 GiB.
type Bytes = Bounded<1024, 1_073_741_824>;

/// The command line of `pymd`.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "pymd",
    version,
    about = "Pym: an EMM and IoT device-management server that fits on a Raspberry Pi",
    after_help = "Flags win over the environment, the environment over the file, the file over the defaults.\n\
                  Nothing needs to be set: without root, data and socket go to the user's own directories.",
    max_term_width = 100
)]
pub struct Args {
    /// Read this file instead of /etc/pym/pym.toml (which may be missing; this one may not).
    #[arg(long, env = "PYM_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Prove that this binary works on this board, in a temporary directory, and exit.
    #[arg(long)]
    pub self_test: bool,
    #[command(flatten)]
    pub keys: Keys,
}

/// Every key, none of them required.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// Directory of the database, the site CA and files made for devices [default: /var/lib/pym].
    #[arg(long, env = "PYM_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Host name or address written into agent downloads [default: the one the download was asked from].
    #[arg(long, env = "PYM_PUBLIC_HOST", value_name = "HOST")]
    public_host: Option<HostName>,
    /// Seconds that open connections have to finish after SIGTERM [default: 10].
    #[arg(long, env = "PYM_DRAIN_DEADLINE", value_name = "SECONDS")]
    drain_deadline: Option<Seconds>,
    #[command(flatten)]
    listen: ListenKeys,
    #[command(flatten)]
    admin: AdminKeys,
    #[command(flatten)]
    log: LogKeys,
    #[command(flatten)]
    silence: SilenceKeys,
    #[command(flatten)]
    auth: AuthKeys,
    #[command(flatten)]
    policy: PolicyKeys,
    #[command(flatten)]
    limits: LimitKeys,
}

#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[command(next_help_heading = "Listeners (lists of address:port, comma separated; empty: none)")]
struct ListenKeys {
    /// Dashboard and all APIs over TLS [default: 0.0.0.0:9443,0.0.0.0:8243 and the same for IPv6].
    #[arg(long = "listen-https", env = "PYM_LISTEN_HTTPS", value_name = "ADDRESSES")]
    https: Option<Addresses>,
    /// Device APIs without TLS [default: 0.0.0.0:8280 and the same for IPv6].
    #[arg(long = "listen-http", env = "PYM_LISTEN_HTTP", value_name = "ADDRESSES")]
    http: Option<Addresses>,
    /// MQTT [default: 0.0.0.0:1883 and the same for IPv6].
    #[arg(long = "listen-mqtt", env = "PYM_LISTEN_MQTT", value_name = "ADDRESSES")]
    mqtt: Option<Addresses>,
    /// MQTT over TLS [default: 0.0.0.0:8883 and the same for IPv6].
    #[arg(long = "listen-mqtts", env = "PYM_LISTEN_MQTTS", value_name = "ADDRESSES")]
    mqtts: Option<Addresses>,
    /// Unix socket of pym-tui and pymctl [default: /run/pym/pym.sock].
    #[arg(long = "listen-control", env = "PYM_LISTEN_CONTROL", value_name = "PATH")]
    control: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[command(next_help_heading = "First start")]
struct AdminKeys {
    /// Create the user `admin` with this password at the first start (others can see flags: prefer the variable).
    #[arg(long = "admin-password", env = "PYM_ADMIN_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    password: Option<Secret>,
}

#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[command(next_help_heading = "Log")]
struct LogKeys {
    /// Levels, such as `info` or `info,pym::broker=debug` [default: info].
    #[arg(long = "log-level", env = "PYM_LOG_LEVEL", value_name = "LEVELS")]
    level: Option<Filter>,
    /// Lines for people or JSON for programs [default: text].
    #[arg(long = "log-format", env = "PYM_LOG_FORMAT", value_name = "FORMAT")]
    format: Option<log::Format>,
}

#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[command(next_help_heading = "Devices")]
struct SilenceKeys {
    /// Seconds without a word after which a device is UNREACHABLE [default: 600].
    #[arg(long = "silence-unreachable-after", env = "PYM_SILENCE_UNREACHABLE_AFTER", value_name = "SECONDS")]
    unreachable_after: Option<Seconds>,
    /// Seconds without a word after which a device is INACTIVE [default: 900].
    #[arg(long = "silence-inactive-after", env = "PYM_SILENCE_INACTIVE_AFTER", value_name = "SECONDS")]
    inactive_after: Option<Seconds>,
}

#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[command(next_help_heading = "Devices")]
struct AuthKeys {
    /// Seconds a device's access token lives [default: 3600].
    #[arg(long = "auth-access-token-ttl", env = "PYM_AUTH_ACCESS_TOKEN_TTL", value_name = "SECONDS")]
    access_token_ttl: Option<Seconds>,
}

#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[command(next_help_heading = "Policies")]
struct PolicyKeys {
    /// Which policy counts where several address a device: the `first` by priority, or all, in a `merge` [default: first].
    #[arg(long = "policy-evaluation", env = "PYM_POLICY_EVALUATION", value_name = "WAY")]
    evaluation: Option<Evaluation>,
    /// Seconds from one round of asking devices how they comply to the next [default: 60].
    #[arg(long = "policy-monitor-interval", env = "PYM_POLICY_MONITOR_INTERVAL", value_name = "SECONDS")]
    monitor_interval: Option<Seconds>,
    /// How often a policy is sent again to a device that goes on violating it [default: 5].
    #[arg(long = "policy-max-retries", env = "PYM_POLICY_MAX_RETRIES", value_name = "NUMBER")]
    max_retries: Option<Retries>,
}

#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[command(next_help_heading = "Limits")]
struct LimitKeys {
    /// Open connections, all listeners together [default: 4096].
    #[arg(long = "limits-connections", env = "PYM_LIMITS_CONNECTIONS", value_name = "NUMBER")]
    connections: Option<Connections>,
    /// Bytes of one HTTP request's body [default: 1048576].
    #[arg(long = "limits-body-bytes", env = "PYM_LIMITS_BODY_BYTES", value_name = "BYTES")]
    body_bytes: Option<Bytes>,
    /// Bytes of one uploaded application package [default: 268435456].
    #[arg(long = "limits-package-bytes", env = "PYM_LIMITS_PACKAGE_BYTES", value_name = "BYTES")]
    package_bytes: Option<Bytes>,
}

/// A configuration that is complete and makes sense.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub data_dir: PathBuf,
    /// What agent downloads name as the server; `None`: the host the download was asked from.
    pub public_host: Option<String>,
    pub drain_deadline: Duration,
    pub listen: Listen,
    /// Creates the user `admin` at the first start. Never empty.
    pub admin_password: Option<Secret>,
    pub log: log::Settings,
    pub silence: Silence,
    pub access_token_ttl: Duration,
    pub policy: Policy,
    pub limits: Limits,
}

/// The addresses to bind; an empty list is a listener that is off.
///
/// The defaults name `0.0.0.0` and, where the kernel has IPv6, `[::]` with the same ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    pub https: Vec<SocketAddr>,
    pub http: Vec<SocketAddr>,
    pub mqtt: Vec<SocketAddr>,
    pub mqtts: Vec<SocketAddr>,
    /// Call [`paths::prepare_socket_dir`] before binding it.
    pub control: PathBuf,
}

/// How long a device may be silent before its status changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    pub unreachable_after: Duration,
    pub inactive_after: Duration,
}

/// How policies are evaluated and watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub evaluation: Evaluation,
    /// From one round of asking devices how they comply to the next.
    pub monitor_interval: Duration,
    /// How often a policy is sent again to a device that goes on violating it.
    pub max_retries: u32,
}

/// Bounds the operator may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections, all listeners together.
    pub connections: usize,
    /// Bytes of one HTTP request's body.
    pub body_bytes: usize,
    /// Bytes of one uploaded application package.
    pub package_bytes: usize,
}

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum Error {
    #[error("cannot read the configuration file {path}")]
    Read { path: PathBuf, source: io::Error },
    /// The offending line itself is not shown: it may hold the password.
    #[error("{path}:{line}: {message}")]
    Parse { path: PathBuf, line: usize, message: String },
    #[error("{key}: {message}")]
    Value { key: &'static str, message: String },
}

impl Config {
    /// Reads the file, lays flags and environment over it and fills in the defaults.
    ///
    /// Returns with it what the operator should be told in the log, such as a directory that could not be used.
    ///
    /// # Errors
    /// A file that is named but missing, unknown keys, and values that make no sense.
    pub fn load(args: &Args) -> Result<(Self, Vec<String>), Error> {
        let file = match &args.config {
            Some(path) => read_file(path)?,
            None => match read_file(Path::new(DEFAULT_FILE)) {
                Err(Error::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Keys::default(),
                read => read?,
            },
        };
        Self::resolve(args.keys.clone().over(file), &Environment::of_process(), has_ipv6())
    }

    fn resolve(keys: Keys, environment: &Environment, ipv6: bool) -> Result<(Self, Vec<String>), Error> {
        let mut notes = Vec::new();
        let data_dir = match keys.data_dir {
            Some(dir) => dir,
            None => environment.data_dir(&mut notes).map_err(|message| Error::Value { key: "data_dir", message })?,
        };
        let control = keys.listen.control.unwrap_or_else(|| environment.control_socket(&mut notes));
        paths::check_socket_path(&control).map_err(|message| Error::Value { key: "listen.control", message })?;
        let addresses =
            |set: Option<Addresses>, ports: &[u16]| set.map_or_else(|| everywhere(ports, ipv6), |set| set.0);
        let config = Self {
            data_dir,
            public_host: keys.public_host.and_then(HostName::into_option),
            drain_deadline: seconds(keys.drain_deadline, 10),
            listen: Listen {
                https: addresses(keys.listen.https, &HTTPS_PORTS),
                http: addresses(keys.listen.http, &HTTP_PORTS),
                mqtt: addresses(keys.listen.mqtt, &MQTT_PORTS),
                mqtts: addresses(keys.listen.mqtts, &MQTTS_PORTS),
                control,
            },
            admin_password: keys.admin.password.filter(|password| !password.expose().is_empty()),
            log: log::Settings {
                levels: keys.log.level.unwrap_or_default().0,
                format: keys.log.format.unwrap_or_default(),
            },
            silence: Silence {
                unreachable_after: seconds(keys.silence.unreachable_after, 600),
                inactive_after: seconds(keys.silence.inactive_after, 900),
            },
            access_token_ttl: seconds(keys.auth.access_token_ttl, 3600),
            policy: Policy {
                evaluation: keys.policy.evaluation.unwrap_or_default(),
                monitor_interval: seconds(keys.policy.monitor_interval, 60),
                max_retries: keys.policy.max_retries.map_or(5, |most| u32::try_from(most.get()).unwrap_or(u32::MAX)),
            },
            limits: Limits {
                connections: keys.limits.connections.map_or(4096, Bounded::to_usize),
                body_bytes: keys.limits.body_bytes.map_or(1024 * 1024, Bounded::to_usize),
                package_bytes: keys.limits.package_bytes.map_or(256 * 1024 * 1024, Bounded::to_usize),
            },
        };
        config.check()?;
        Ok((config, notes))
    }

    /// The rules between keys; what one key may hold is its type's to say.
    fn check(&self) -> Result<(), Error> {
        if self.silence.inactive_after < self.silence.unreachable_after {
            let (inactive, unreachable) = (self.silence.inactive_after, self.silence.unreachable_after);
            let message = format!("{inactive:?} is sooner than silence.unreachable_after, {unreachable:?}");
            return Err(Error::Value { key: "silence.inactive_after", message });
        }
        let mut seen = Vec::new();
        let listen = &self.listen;
        let lists = [
            ("listen.https", &listen.https),
            ("listen.http", &listen.http),
            ("listen.mqtt", &listen.mqtt),
            ("listen.mqtts", &listen.mqtts),
        ];
        for (key, address) in lists.into_iter().flat_map(|(key, list)| list.iter().map(move |address| (key, address))) {
            if address.port() != 0 && seen.contains(address) {
                return Err(Error::Value { key, message: format!("{address} is listened on already") });
            }
            seen.push(*address);
        }
        Ok(())
    }
}

impl Keys {
    /// These keys, and where they are not set those of `below`.
    fn over(self, below: Self) -> Self {
        Self {
            data_dir: self.data_dir.or(below.data_dir),
            public_host: self.public_host.or(below.public_host),
            drain_deadline: self.drain_deadline.or(below.drain_deadline),
            listen: ListenKeys {
                https: self.listen.https.or(below.listen.https),
                http: self.listen.http.or(below.listen.http),
                mqtt: self.listen.mqtt.or(below.listen.mqtt),
                mqtts: self.listen.mqtts.or(below.listen.mqtts),
                control: self.listen.control.or(below.listen.control),
            },
            admin: AdminKeys { password: self.admin.password.or(below.admin.password) },
            log: LogKeys { level: self.log.level.or(below.log.level), format: self.log.format.or(below.log.format) },
            silence: SilenceKeys {
                unreachable_after: self.silence.unreachable_after.or(below.silence.unreachable_after),
                inactive_after: self.silence.inactive_after.or(below.silence.inactive_after),
            },
            auth: AuthKeys { access_token_ttl: self.auth.access_token_ttl.or(below.auth.access_token_ttl) },
            policy: PolicyKeys {
                evaluation: self.policy.evaluation.or(below.policy.evaluation),
                monitor_interval: self.policy.monitor_interval.or(below.policy.monitor_interval),
                max_retries: self.policy.max_retries.or(below.policy.max_retries),
            },
            limits: LimitKeys {
                connections: self.limits.connections.or(below.limits.connections),
                body_bytes: self.limits.body_bytes.or(below.limits.body_bytes),
                package_bytes: self.limits.package_bytes.or(below.limits.package_bytes),
            },
        }
    }
}

fn seconds(set: Option<Seconds>, default: u64) -> Duration {
    Duration::from_secs(set.map_or(default, Bounded::get))
}

fn everywhere(ports: &[u16], ipv6: bool) -> Vec<SocketAddr> {
    let v4 = IpAddr::from(Ipv4Addr::UNSPECIFIED);
    let v6 = ipv6.then_some(IpAddr::from(Ipv6Addr::UNSPECIFIED));
    ports.iter().flat_map(|port| [Some(v4), v6].into_iter().flatten().map(|ip| SocketAddr::new(ip, *port))).collect()
}

/// Whether the kernel has IPv6 at all; without it, listening on `[::]` by default would fail the start.
fn has_ipv6() -> bool {
    UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).is_ok()
}

fn read_file(path: &Path) -> Result<Keys, Error> {
    let text = fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    parse_file(path, &text)
}

fn parse_file(path: &Path, text: &str) -> Result<Keys, Error> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        Error::Parse { path: path.to_owned(), line, message: error.message().to_owned() }
    })
}

#[cfg(test)]
mod tests;
