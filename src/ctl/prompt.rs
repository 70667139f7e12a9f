//! Passwords: typed unseen on a terminal, else the first line of the standard input.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::failure::Failure;

/// The most bytes of a password.
const MAX_PASSWORD: u64 = 1024;

/// Asks for a password, on a terminal twice.
pub(super) fn new_password() -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return check(read_line()?.to_string());
    }
    let first = ask("Password: ")?;
    let second = ask("Again: ")?;
    if *first != *second {
        return Err(Failure::Usage("the two passwords differ".to_owned()));
    }
    check(first.to_string())
}

fn check(password: String) -> Result<String, Failure> {
    if password.is_empty() { Err(Failure::Usage("the password is empty".to_owned())) } else { Ok(password) }
}

fn ask(question: &str) -> Result<Zeroizing<String>, Failure> {
    let mut stderr = io::stderr();
    write!(stderr, "{question}").and_then(|()| stderr.flush()).map_err(Failure::Output)?;
    let answer = {
        let _unseen = Unseen::begin().map_err(Failure::Input)?;
        read_line()?
    };
    writeln!(stderr).map_err(Failure::Output)?;
    Ok(answer)
}

fn read_line() -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().take(MAX_PASSWORD).read_line(&mut line).map_err(Failure::Input)?;
    Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// While it lives, the terminal does not show what is typed.
struct Unseen(Termios);

impl Unseen {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &unseen)?;
        Ok(Self(before))
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
