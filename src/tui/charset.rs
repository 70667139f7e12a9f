//! Whether the terminal shows more than ASCII.

/// How the terminal wants its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    Unicode,
    /// Every other character is replaced by one of the 95 printable ones of ASCII.
    Ascii,
}

impl Charset {
    /// What the environment tells, `variable` being its reader: the locale decides (POSIX.1-2017, section 8.2: the first
    /// of `LC_ALL`, `LC_CTYPE`, `LANG` that is set). Where none is set, as in a container's shell, the terminal in front
    /// of a person is UTF-8 today; the Linux console's font lacks most shapes.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        if matches!(variable("TERM").as_deref(), Some("linux" | "dumb" | "vt100" | "vt220")) {
            return Self::Ascii;
        }
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
        let Some(locale) = locale.map(|locale| locale.to_ascii_lowercase()) else { return Self::Unicode };
        if locale.contains("utf-8") || locale.contains("utf8") { Self::Unicode } else { Self::Ascii }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides_where_there_is_one() {
        for (variables, charset) in [
            (&[("LANG", "de_DE.UTF-8")][..], Charset::Unicode),
            (&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")], Charset::Ascii),
            (&[("LC_ALL", ""), ("LANG", "C.utf8")], Charset::Unicode),
            (&[("LANG", "POSIX")], Charset::Ascii),
            (&[("TERM", "xterm")], Charset::Unicode),
            (&[("TERM", "linux"), ("LANG", "C.UTF-8")], Charset::Ascii),
        ] {
            let read =
                |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(Charset::of(read), charset, "{variables:?}");
        }
    }
}
