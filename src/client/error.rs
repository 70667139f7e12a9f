//! What can go wrong with a call, and what was attempted.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio_rustls::rustls;

use crate::wire::problem::Problem;

/// A call that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No control socket answered.
    #[error("no daemon answers on this board: {}", tries(.tried).join("; "))]
    NoSocket { tried: Vec<(PathBuf, io::Error)> },
    /// Another host cannot be reached.
    #[error("cannot connect to {to}")]
    Connect { to: String, source: io::Error },
    /// Another host did not prove to be the one that is trusted.
    #[error("cannot agree on TLS with {to}")]
    Tls { to: String, source: io::Error },
    /// The URL of another host, or the token for it, cannot be used.
    #[error("cannot use {url:?}: {why}")]
    Url { url: String, why: String },
    /// The certificate to trust cannot be used.
    #[error("cannot trust {what}: {why}")]
    Trust { what: String, why: String },
    /// The TLS library refuses the settings.
    #[error("cannot set TLS up")]
    TlsSetup { source: rustls::Error },
    /// A path or header that HTTP cannot carry.
    #[error("cannot write the request {call}")]
    Request { call: String, source: hyper::http::Error },
    /// A request body that JSON cannot carry.
    #[error("cannot write the body of {call} as JSON")]
    Encode { call: String, source: serde_json::Error },
    /// The connection broke.
    #[error("the connection broke during {call}")]
    Broken { call: String, source: hyper::Error },
    /// Nothing came in time.
    #[error("{call} got no answer for {} s", .after.as_secs())]
    Silent { call: String, after: Duration },
    /// The answer is larger than the client takes.
    #[error("the answer to {call} is larger than {limit} bytes")]
    TooLarge { call: String, limit: usize },
    /// The answer is not what the API promises.
    #[error("the answer to {call} cannot be read")]
    Decode { call: String, source: serde_json::Error },
    /// The server answered that it did not do it.
    #[error("{}", Refusal(.call, *.status, .problem.as_deref()))]
    Refused { call: String, status: u16, problem: Option<Box<Problem>> },
}

impl Error {
    /// The HTTP status that the server refused with, where it did.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// What the server said of the refusal, where it did.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused { problem, .. } => problem.as_deref(),
            _ => None,
        }
    }

    /// The control sockets that were tried, each with what is wrong with it, in words; empty for other errors.
    #[must_use]
    pub fn tried(&self) -> Vec<String> {
        match self {
            Self::NoSocket { tried } => tries(tried),
            _ => Vec::new(),
        }
    }

    /// Whether there was no daemon to talk to, or it went away: the same call may work later.
    #[must_use]
    pub const fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::NoSocket { .. } | Self::Connect { .. } | Self::Tls { .. } | Self::Broken { .. } | Self::Silent { .. }
        )
    }
}

/// The sockets that were tried, each with what is wrong with it.
fn tries(tried: &[(PathBuf, io::Error)]) -> Vec<String> {
    let why = |error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound => "no socket there".to_owned(),
        io::ErrorKind::ConnectionRefused => "nobody listens (the daemon has ended)".to_owned(),
        io::ErrorKind::PermissionDenied => "no permission (be root or in the daemon's group)".to_owned(),
        _ => error.to_string(),
    };
    tried.iter().map(|(path, error)| format!("{}: {}", path.display(), why(error))).collect()
}

/// The call, the status and what the server said.
struct Refusal<'a>(&'a str, u16, Option<&'a Problem>);

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(call, status, problem) = self;
        match problem {
            Some(problem) if !problem.detail.is_empty() => f.write_str(&problem.detail),
            Some(problem) => write!(f, "{call} was answered with {status} {}", problem.title),
            None => write!(f, "{call} was answered with status {status}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_socket_and_a_dead_one_are_told_apart() {
        let tried = vec![
            (PathBuf::from("/run/pym/pym.sock"), io::Error::from(io::ErrorKind::NotFound)),
            (PathBuf::from("/tmp/pym-1000/pym.sock"), io::Error::from(io::ErrorKind::ConnectionRefused)),
        ];
        assert_eq!(
            Error::NoSocket { tried }.to_string(),
            "no daemon answers on this board: /run/pym/pym.sock: no socket there; \
             /tmp/pym-1000/pym.sock: nobody listens (the daemon has ended)"
        );
    }

    #[test]
    fn a_refusal_speaks_with_the_servers_words() {
        let problem = Problem {
            title: "Not Found".to_owned(),
            status: 404,
            detail: "there is no device raspberrypi/attic".to_owned(),
            field: None,
        };
        let call = "GET /api/v1/devices/raspberrypi:attic".to_owned();
        let error = Error::Refused { call: call.clone(), status: 404, problem: Some(Box::new(problem)) };
        assert_eq!(error.to_string(), "there is no device raspberrypi/attic");
        assert_eq!(error.status(), Some(404));
        let bare = Error::Refused { call, status: 502, problem: None };
        assert_eq!(bare.to_string(), "GET /api/v1/devices/raspberrypi:attic was answered with status 502");
    }
}
