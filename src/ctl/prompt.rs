//! Passwords: typed unseen on a terminal, else the first line of the standard input.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::failure::Failure;

/// The most bytes of a password.
const MAX_PASSWORD: usize = 1024;
/// What Ctrl-C types.
const INTERRUPT: u8 = 0x03;

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
    let answer = {
        // Before the question, for whoever types at once: what was typed till now is thrown away.
        let _unseen = Unseen::begin().map_err(Failure::Input)?;
        write!(stderr, "{question}").and_then(|()| stderr.flush()).map_err(Failure::Output)?;
        read_typed().map_err(Failure::Input)?
    };
    writeln!(stderr).map_err(Failure::Output)?;
    answer.ok_or_else(|| {
        // The terminal is as it was; now the signal does what it would have done.
        let _ = kill_process(getpid(), Signal::INT);
        Failure::Failed("interrupted".to_owned())
    })
}

fn read_line() -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().take(MAX_PASSWORD as u64).read_line(&mut line).map_err(Failure::Input)?;
    Ok(without_end(&line))
}

/// What was typed, one line, as a terminal hands it over; `None` when Ctrl-C ended it.
fn read_typed() -> io::Result<Option<Zeroizing<String>>> {
    let mut line = Zeroizing::new(vec![0; MAX_PASSWORD]);
    let length = io::stdin().lock().read(&mut line)?;
    line.truncate(length);
    if line.last() == Some(&INTERRUPT) {
        return Ok(None);
    }
    std::str::from_utf8(&line).map(|line| Some(without_end(line))).map_err(io::Error::other)
}

fn without_end(line: &str) -> Zeroizing<String> {
    Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// While it lives, the terminal does not show what is typed. Ctrl-C ends the line instead of the process, which would
/// leave the terminal like that.
struct Unseen(Termios);

impl Unseen {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        unseen.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
        tcsetattr(io::stdin(), OptionalActions::Flush, &unseen)?;
        Ok(Self(before))
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
