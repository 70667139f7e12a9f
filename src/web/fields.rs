//! The fields of a form, or the parameters of an address.

use std::str::FromStr;

use super::failure::Failure;

/// The most fields of one form: room for a page of ticked rows.
const MAX_FIELDS: usize = 4096;

/// Names and values in their order; a name may come several times.
#[derive(Clone, Default)]
pub(super) struct Fields(Vec<(String, String)>);

/// Without the values: there are passwords among them.
impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Fields {
    /// The fields of an `application/x-www-form-urlencoded` text, at most [`MAX_FIELDS`].
    pub(super) fn parse(encoded: &[u8]) -> Result<Self, Failure> {
        let fields: Vec<_> = form_urlencoded::parse(encoded).into_owned().take(MAX_FIELDS + 1).collect();
        if fields.len() > MAX_FIELDS {
            return Err(Failure::bad("", format!("a form has at most {MAX_FIELDS} fields")));
        }
        Ok(Self(fields))
    }

    /// The first value of that name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The first value of that name without white space around it, unless nothing is left.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// The first value of that name, trimmed, which must not be empty.
    pub(super) fn required(&self, name: &str) -> Result<&str, Failure> {
        self.filled(name).ok_or_else(|| Failure::bad(name, format!("{name} is needed")))
    }

    /// Every value of that name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Whether there is a field of that name: a ticked box, the button that was pressed.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The first value of that name, parsed; `None` when it is absent or empty.
    pub(super) fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, Failure> {
        let parse = |value: &str| {
            let shown = crate::model::text::cut(value, 100);
            value.parse().map_err(|_| Failure::bad(name, format!("{name} cannot be {shown:?}")))
        };
        self.filled(name).map(parse).transpose()
    }

    /// All pairs, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// These fields with one value in the place of all of that name, or without them.
    #[must_use]
    pub(super) fn with(&self, name: &str, value: Option<&str>) -> Self {
        let mut fields = self.clone();
        fields.0.retain(|(given, _)| given != name);
        fields.0.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        fields
    }

    /// These fields and one more.
    #[must_use]
    pub(super) fn and(&self, name: &str, value: &str) -> Self {
        let mut fields = self.clone();
        fields.0.push((name.to_owned(), value.to_owned()));
        fields
    }

    /// These fields without the one pair.
    #[must_use]
    pub(super) fn without(&self, name: &str, value: &str) -> Self {
        let mut fields = self.clone();
        fields.0.retain(|(given, held)| !(given == name && held == value));
        fields
    }

    /// `path?a=b&…`, or the path alone without fields.
    pub(super) fn address(&self, path: &str) -> String {
        if self.0.is_empty() {
            return path.to_owned();
        }
        let mut encoder = form_urlencoded::Serializer::for_suffix(format!("{path}?"), path.len() + 1);
        encoder.extend_pairs(&self.0);
        encoder.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_changed_field_by_field() {
        let fields = Fields::parse(b"status=ACTIVE&status=BLOCKED&sort=name&cursor=x").unwrap();
        let address = fields.with("sort", Some("last seen")).with("cursor", None).without("status", "BLOCKED");
        assert_eq!(address.address("/devices"), "/devices?status=ACTIVE&sort=last+seen");
        assert_eq!(Fields::default().address("/devices"), "/devices");
        assert_eq!(Fields::default().and("q", "a&b=c").address("/d"), "/d?q=a%26b%3Dc");
        assert_eq!(fields.all("status").collect::<Vec<_>>(), ["ACTIVE", "BLOCKED"]);
    }

    #[test]
    fn values_are_read_with_their_name_in_the_refusal() {
        let fields = Fields::parse(b"limit=7&bad=x&empty=&space=+").unwrap();
        assert_eq!(fields.parsed::<u32>("limit").unwrap(), Some(7));
        assert_eq!(fields.parsed::<u32>("empty").unwrap(), None);
        assert_eq!(fields.parsed::<u32>("bad").unwrap_err().field.as_deref(), Some("bad"));
        assert!(fields.required("space").is_err() && fields.has("space") && !fields.has("none"));
        assert!(Fields::parse("a&".repeat(MAX_FIELDS + 1).as_bytes()).is_err());
        assert!(!format!("{:?}", Fields::parse(b"password=hunter2").unwrap()).contains("hunter2"));
    }
}
