//! What of the list a person looks at: it stands in the address, and the address is the view.

use crate::model::device::{DeviceFilter, DeviceSort, DeviceStatus, Ownership};
use crate::model::device_list::{Column, Columns, RowPage, RowStart};
use crate::model::id::GroupId;
use crate::model::query::{Compliance, Query, QueryError};
use crate::web::failure::Failure;
use crate::web::fields::Fields;

/// The path of the list.
pub(in crate::web) const PATH: &str = "/devices";
/// How many rows a page may have.
pub(super) const SIZES: [u32; 4] = [25, 50, 100, 250];
/// How many it has when nobody chose.
const USUAL_SIZE: u32 = 50;
/// The most statuses of an address.
const MAX_STATUSES: usize = 9;

/// A view of the list.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::web) struct View {
    /// As it was typed.
    pub(super) query: String,
    pub(super) statuses: Vec<DeviceStatus>,
    pub(super) device_type: Option<String>,
    pub(super) group: Option<GroupId>,
    pub(super) owner: Option<String>,
    pub(super) ownership: Option<Ownership>,
    pub(super) compliance: Option<Compliance>,
    pub(super) sort: DeviceSort,
    pub(super) descending: bool,
    pub(super) columns: Columns,
    pub(super) size: u32,
    pub(super) start: RowStart,
    /// How many rows stand before the page; only told, never relied upon.
    pub(super) before: u64,
}

impl View {
    /// The view that an address asks for.
    ///
    /// # Errors
    /// The parameter that cannot be.
    pub(in crate::web) fn read(fields: &Fields) -> Result<Self, Failure> {
        let choose = |name: &str| fields.filled(name).map(str::to_owned);
        let statuses = fields.all("status").filter(|word| !word.is_empty()).take(MAX_STATUSES);
        let statuses = statuses.map(|word| DeviceStatus::parse(word).ok_or_else(|| unknown("status", word)));
        let mut columns: Columns = fields.all("col").filter_map(Column::parse).collect();
        if columns.is_empty() {
            columns = Columns::usual();
        }
        // A row is opened by its name.
        columns = columns.iter().chain([Column::Name]).collect();
        let start = match (fields.filled("after"), fields.filled("before")) {
            (Some(cursor), _) => RowStart::After(cursor.to_owned()),
            (None, Some(cursor)) => RowStart::Before(cursor.to_owned()),
            (None, None) => RowStart::First,
        };
        Ok(Self {
            query: choose("q").or_else(|| choose("query")).unwrap_or_default(),
            statuses: statuses.collect::<Result<_, _>>()?,
            device_type: choose("type"),
            group: fields.parsed("group")?,
            owner: choose("owner"),
            ownership: one(fields, "ownership", Ownership::parse)?,
            compliance: one(fields, "compliance", Compliance::parse)?,
            sort: one(fields, "sort", DeviceSort::parse)?.unwrap_or_default(),
            descending: fields.filled("desc").is_some(),
            columns,
            size: fields.parsed("size")?.filter(|size| SIZES.contains(size)).unwrap_or(USUAL_SIZE),
            before: if start == RowStart::First { 0 } else { fields.parsed("from")?.unwrap_or(0) },
            start,
        })
    }

    /// Which devices it shows.
    ///
    /// # Errors
    /// Where its query goes wrong.
    pub(in crate::web) fn filter(&self) -> Result<DeviceFilter, QueryError> {
        let query = Query::parse(&self.query)?;
        Ok(DeviceFilter {
            device_type: self.device_type.clone(),
            statuses: self.statuses.clone(),
            group: self.group,
            owner: self.owner.clone(),
            ownership: self.ownership,
            compliance: self.compliance,
            query: (!query.is_empty()).then_some(query),
            ..DeviceFilter::default()
        })
    }

    pub(super) fn page(&self) -> RowPage {
        RowPage { sort: self.sort, descending: self.descending, start: self.start.clone(), limit: self.size }
    }

    /// Whether it leaves anything out.
    pub(super) fn narrows(&self) -> bool {
        let plain = Self { columns: self.columns, size: self.size, sort: self.sort, ..Self::everything() };
        Self { descending: false, start: RowStart::First, before: 0, ..self.clone() } != plain
    }

    fn everything() -> Self {
        Self {
            query: String::new(),
            statuses: Vec::new(),
            device_type: None,
            group: None,
            owner: None,
            ownership: None,
            compliance: None,
            sort: DeviceSort::default(),
            descending: false,
            columns: Columns::usual(),
            size: USUAL_SIZE,
            start: RowStart::First,
            before: 0,
        }
    }

    /// The view without anything that narrows it; order, columns and size stay.
    pub(super) fn cleared(&self) -> Self {
        let (sort, descending, columns, size) = (self.sort, self.descending, self.columns, self.size);
        Self { sort, descending, columns, size, ..Self::everything() }
    }

    /// From its first page.
    pub(super) fn at_start(&self) -> Self {
        Self { start: RowStart::First, before: 0, ..self.clone() }
    }

    /// The parameters that say which devices, as the API takes them, too.
    pub(in crate::web) fn conditions(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        if !self.query.is_empty() {
            pairs.push(("q", self.query.clone()));
        }
        pairs.extend(self.statuses.iter().map(|status| ("status", status.name().to_owned())));
        pairs.extend(self.device_type.iter().map(|name| ("type", name.clone())));
        pairs.extend(self.group.iter().map(|group| ("group", group.to_string())));
        pairs.extend(self.owner.iter().map(|owner| ("owner", owner.clone())));
        pairs.extend(self.ownership.iter().map(|ownership| ("ownership", ownership.name().to_owned())));
        pairs.extend(self.compliance.iter().map(|answer| ("compliance", answer.name().to_owned())));
        pairs
    }

    /// Everything but the place, as the address says it; what is usual is not said.
    pub(super) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = self.conditions();
        if self.sort != DeviceSort::default() {
            pairs.push(("sort", self.sort.name().to_owned()));
        }
        if self.descending {
            pairs.push(("desc", "1".to_owned()));
        }
        if self.columns != Columns::usual() {
            pairs.extend(self.columns.iter().map(|column| ("col", column.name().to_owned())));
        }
        if self.size != USUAL_SIZE {
            pairs.push(("size", self.size.to_string()));
        }
        pairs
    }

    /// The view as a query string, without its place.
    pub(in crate::web) fn encoded(&self) -> String {
        encode(&self.at_start().pairs())
    }

    /// The address of the page.
    pub(in crate::web) fn address(&self) -> String {
        let mut pairs = self.pairs();
        match &self.start {
            RowStart::First => {}
            RowStart::After(cursor) => pairs.push(("after", cursor.clone())),
            RowStart::Before(cursor) => pairs.push(("before", cursor.clone())),
        }
        if self.start != RowStart::First {
            pairs.push(("from", self.before.to_string()));
        }
        if pairs.is_empty() { PATH.to_owned() } else { format!("{PATH}?{}", encode(&pairs)) }
    }

    /// The path of the API that answers the same question.
    pub(super) fn api(&self, path: &str, more: &[(&'static str, String)]) -> String {
        let mut pairs = self.conditions();
        if path != "/api/v1/devices/facets" {
            if self.sort != DeviceSort::default() {
                pairs.push(("sort", self.sort.name().to_owned()));
            }
            if self.descending {
                pairs.push(("desc", "true".to_owned()));
            }
        }
        pairs.extend_from_slice(more);
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", encode(&pairs)) }
    }
}

fn encode(pairs: &[(&'static str, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn one<T>(fields: &Fields, name: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Failure> {
    fields.filled(name).map(|word| read(word).ok_or_else(|| unknown(name, word))).transpose()
}

fn unknown(name: &str, word: &str) -> Failure {
    Failure::bad(name, format!("{name} cannot be {:?}", crate::model::text::cut(word, 100)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str) -> View {
        View::read(&Fields::parse(address.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn an_address_is_a_view_and_back() {
        let address = "q=os%3C9+tag%3A%22a+b%22&status=ACTIVE&status=BLOCKED&type=android&ownership=COPE&compliance=no\
            &sort=last_seen&desc=1&col=name&col=os&size=100";
        let view = read(address);
        assert_eq!(view.encoded(), address);
        assert_eq!(
            read(&format!("{address}&after=abc&from=50")).address(),
            format!("/devices?{address}&after=abc&from=50")
        );
        assert_eq!(read(&format!("{address}&after=abc&from=50")).encoded(), address);
        assert_eq!(read("").address(), "/devices");
        assert_eq!(read("query=kitchen&status=&type=+").address(), "/devices?q=kitchen");
        assert!(!read("sort=owner&desc=1&col=os&size=25").narrows());
        assert!(read("q=x").narrows() && read("status=ACTIVE").narrows());
        assert_eq!(read(address).cleared().encoded(), "sort=last_seen&desc=1&col=name&col=os&size=100");
        assert_eq!(read("status=ACTIVE&desc=1").api("/api/v1/devices", &[]), "/api/v1/devices?status=ACTIVE&desc=true");
    }

    #[test]
    fn what_cannot_be_is_named() {
        for bad in ["status=gone", "ownership=mine", "compliance=perhaps", "sort=colour", "group=1", "after=a&from=x"] {
            let failure = View::read(&Fields::parse(bad.as_bytes()).unwrap()).unwrap_err();
            assert!(failure.field.is_some(), "{bad}");
        }
        assert_eq!(read("size=7&col=nothing").size, USUAL_SIZE);
        assert_eq!(read("q=os%3Cx").filter().unwrap_err().at, 2);
    }
}
