//! The query string, read strictly: a parameter that nobody asked for is refused by name.

use super::problem::{Problem, echo};
use crate::model::page::MAX_PAGE;
use crate::model::timestamp::Timestamp;

/// The most parameters of one request.
const MAX_PARAMETERS: usize = 64;
/// How many items a page has when the request does not say.
const DEFAULT_PAGE: u32 = 100;

/// The parameters that have not been taken yet.
#[derive(Debug)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(super) fn parse(query: &str) -> Result<Self, Problem> {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().take(MAX_PARAMETERS + 1).collect();
        if pairs.len() > MAX_PARAMETERS {
            return Err(Problem::bad("", format!("a request has at most {MAX_PARAMETERS} parameters")));
        }
        Ok(Self { pairs })
    }

    /// Every value of a parameter that may be repeated, or hold several values between commas.
    pub(super) fn all<T>(&mut self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Problem> {
        let given: Vec<String> =
            self.pairs.extract_if(.., |(given, _)| given == name).map(|(_, value)| value).collect();
        let words = given.iter().flat_map(|value| value.split(',')).filter(|word| !word.is_empty());
        words.map(|word| read(word).ok_or_else(|| unknown(name, word))).collect()
    }

    /// A parameter that may be given once.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let mut given = self.pairs.extract_if(.., |(given, _)| given == name).map(|(_, value)| value);
        let first = given.next();
        if given.next().is_some() {
            return Err(Problem::bad(name, format!("the parameter {name:?} may be given once")));
        }
        Ok(first)
    }

    pub(super) fn one<T>(&mut self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        let word = self.text(name)?;
        word.map(|word| read(&word).ok_or_else(|| unknown(name, &word))).transpose()
    }

    pub(super) fn time(&mut self, name: &str) -> Result<Option<Timestamp>, Problem> {
        self.one(name, Timestamp::parse)
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<bool, Problem> {
        let read = |word: &str| match word {
            "true" | "1" | "" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        };
        Ok(self.one(name, read)?.unwrap_or(false))
    }

    /// `limit`: 1 to [`MAX_PAGE`].
    pub(super) fn limit(&mut self) -> Result<u32, Problem> {
        self.limit_of(DEFAULT_PAGE, MAX_PAGE)
    }

    pub(super) fn limit_of(&mut self, default: u32, most: u32) -> Result<u32, Problem> {
        let Some(word) = self.text("limit")? else { return Ok(default) };
        match word.parse() {
            Ok(limit) if (1..=most).contains(&limit) => Ok(limit),
            _ => Err(Problem::bad("limit", format!("limit is a number from 1 to {most}, not {:?}", echo(&word)))),
        }
    }

    /// Refuses what is left.
    pub(super) fn end(self) -> Result<(), Problem> {
        match self.pairs.first() {
            None => Ok(()),
            Some((name, _)) => Err(Problem::bad(name, format!("there is no parameter {:?} here", echo(name)))),
        }
    }
}

fn unknown(name: &str, word: &str) -> Problem {
    Problem::bad(name, format!("the parameter {name:?} does not understand {:?}", echo(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_taken_once_and_strangers_are_named() {
        let mut query = Query::parse("status=a&status=b,c&limit=7&desc=true&typo=1").unwrap();
        assert_eq!(query.all("status", |word| Some(word.to_owned())).unwrap(), ["a", "b", "c"]);
        assert_eq!(query.limit().unwrap(), 7);
        assert!(query.flag("desc").unwrap());
        assert!(format!("{:?}", query.end().unwrap_err()).contains("typo"));
        for bad in ["limit=0", "limit=1001", "limit=x", "limit=1&limit=2"] {
            assert!(Query::parse(bad).unwrap().limit().is_err(), "{bad}");
        }
        assert!(Query::parse(&"a&".repeat(65)).is_err());
    }
}
