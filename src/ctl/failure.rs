//! Why a command failed, and the exit code that says so.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::client;

/// A command that failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Client(#[from] client::Error),
    /// It cannot be done as things stand.
    #[error("{0}")]
    Failed(String),
    /// The command line asks for what makes no sense.
    #[error("{0}")]
    Usage(String),
    /// What the command line names is not there.
    #[error("{0}")]
    NotFound(String),
    /// An operation did not end well.
    #[error("{0}")]
    Operation(String),
    /// An operation did not end in time.
    #[error("{0}")]
    TimedOut(String),
    #[error("cannot {verb} {}", .path.display())]
    File { verb: &'static str, path: PathBuf, source: io::Error },
    #[error("cannot read the standard input")]
    Input(#[source] io::Error),
    #[error("cannot write the output")]
    Output(#[source] io::Error),
    #[error("cannot write the output as JSON")]
    Json(#[source] serde_json::Error),
}

impl Failure {
    pub(super) fn file(verb: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { verb, path: path.to_owned(), source }
    }

    /// The exit code that `pymctl --help` lists.
    pub(super) fn code(&self) -> ExitCode {
        ExitCode::from(self.number())
    }

    fn number(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Client(client::Error::Url { .. } | client::Error::Trust { .. }) => 2,
            Self::Client(error) if error.is_unreachable() => 3,
            Self::Client(error) => match error.status() {
                Some(404) => 4,
                Some(401 | 403) => 5,
                _ => 1,
            },
            Self::NotFound(_) => 4,
            Self::Operation(_) => 6,
            Self::TimedOut(_) => 7,
            Self::Failed(_) | Self::File { .. } | Self::Input(_) | Self::Output(_) | Self::Json(_) => 1,
        }
    }

    /// The failure with all its causes, in one line.
    pub(super) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::problem::Problem;

    fn refused(status: u16) -> Failure {
        let problem =
            Problem { title: String::new(), status, detail: "there is no device attic".to_owned(), field: None };
        client::Error::Refused { call: "GET /x".to_owned(), status, problem: Some(Box::new(problem)) }.into()
    }

    #[test]
    fn each_kind_of_failure_has_its_exit_code() {
        let cases = [
            (Failure::Usage(String::new()), 2),
            (client::Error::NoSocket { tried: Vec::new() }.into(), 3),
            (refused(404), 4),
            (Failure::NotFound(String::new()), 4),
            (refused(401), 5),
            (refused(403), 5),
            (refused(409), 1),
            (Failure::Operation(String::new()), 6),
            (Failure::TimedOut(String::new()), 7),
        ];
        for (failure, number) in cases {
            assert_eq!(failure.number(), number, "{failure:?}");
        }
    }

    #[test]
    fn the_chain_names_every_cause_once() {
        let failure = Failure::file("write", Path::new("/x"), io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(failure.chain(), "cannot write /x: no storage space");
        assert_eq!(refused(404).chain(), "there is no device attic");
    }
}
