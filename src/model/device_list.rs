//! The list of devices as people look at it: rows with what stands beside a device, counts by facet, and columns to
//! choose.

use serde_json::{Map, Value, json};

use super::device::{Device, DeviceSort, DeviceStatus, Ownership};
use super::id::{DeviceId, GroupId};
use super::query::Compliance;
use super::text::csv_text;
use super::timestamp::Timestamp;

/// A device, and what the list says beside it. What no wanted column needs is left empty.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    pub device: Device,
    /// An MQTT connection of the device is open now.
    pub online: bool,
    /// Whether it complies with its policy; `None`: not known, or there is no policy.
    pub compliant: Option<bool>,
    /// Names, sorted.
    pub groups: Vec<String>,
    /// Sorted.
    pub tags: Vec<String>,
    /// Operations that the device has not ended.
    pub waiting: u64,
    /// Of the properties that have a column, the values of those that are wanted.
    pub facts: Vec<(Column, String)>,
}

/// What a list can show of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Name,
    Identifier,
    Type,
    Status,
    Online,
    Owner,
    Ownership,
    Compliance,
    Groups,
    Tags,
    Waiting,
    Os,
    Model,
    Vendor,
    Battery,
    EnrolledAt,
    UpdatedAt,
    LastSeen,
    Number,
    Id,
    Description,
}

/// A set of columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns(u32);

/// How many devices stand where: every count holds for what the rest of the filter leaves, so that it tells what
/// choosing that value instead would find.
#[derive(Clone, Debug, Default)]
pub struct Facets {
    /// What the whole filter finds.
    pub total: u64,
    /// The devices the caller may see that are not removed, whatever the filter.
    pub known: u64,
    pub statuses: Vec<(DeviceStatus, u64)>,
    /// By name.
    pub types: Vec<(String, u64)>,
    /// Those that any of the devices is in, the fullest first.
    pub groups: Vec<(GroupId, String, u64)>,
    pub ownerships: Vec<(Ownership, u64)>,
    pub compliance: Vec<(Compliance, u64)>,
}

/// Where a page of the list lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RowStart {
    #[default]
    First,
    /// Behind the row that this cursor names.
    After(String),
    /// Before the row that this cursor names.
    Before(String),
}

/// Which page of the list, in which order.
#[derive(Clone, Debug)]
pub struct RowPage {
    pub sort: DeviceSort,
    pub descending: bool,
    pub start: RowStart,
    /// 1 to [`MAX_PAGE`](super::page::MAX_PAGE).
    pub limit: u32,
}

/// The rows of a page, and the cursors of those beside it.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    pub items: Vec<DeviceRow>,
    /// For [`RowStart::Before`]; `None` on the first page.
    pub previous: Option<String>,
    /// For [`RowStart::After`]; `None` on the last page.
    pub next: Option<String>,
}

/// What stands in one cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'r> {
    Nothing,
    Text(&'r str),
    Texts(&'r [String]),
    Number(i64),
    Flag(bool),
    Time(Timestamp),
    Id(DeviceId),
}

impl Column {
    /// Every column, in the order in which they stand.
    pub const ALL: [Self; 21] = [
        Self::Name,
        Self::Identifier,
        Self::Type,
        Self::Status,
        Self::Online,
        Self::Owner,
        Self::Ownership,
        Self::Compliance,
        Self::Groups,
        Self::Tags,
        Self::Waiting,
        Self::Os,
        Self::Model,
        Self::Vendor,
        Self::Battery,
        Self::EnrolledAt,
        Self::UpdatedAt,
        Self::LastSeen,
        Self::Number,
        Self::Id,
        Self::Description,
    ];

    /// The word on the wire and at the head of an export.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Identifier => "identifier",
            Self::Type => "type",
            Self::Status => "status",
            Self::Online => "online",
            Self::Owner => "owner",
            Self::Ownership => "ownership",
            Self::Compliance => "compliance",
            Self::Groups => "groups",
            Self::Tags => "tags",
            Self::Waiting => "waiting",
            Self::Os => "os",
            Self::Model => "model",
            Self::Vendor => "vendor",
            Self::Battery => "battery",
            Self::EnrolledAt => "enrolled_at",
            Self::UpdatedAt => "updated_at",
            Self::LastSeen => "last_seen",
            Self::Number => "number",
            Self::Id => "id",
            Self::Description => "description",
        }
    }

    /// The column of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == text)
    }

    /// What sorts by it.
    #[must_use]
    pub const fn sort(self) -> Option<DeviceSort> {
        Some(match self {
            Self::Name => DeviceSort::Name,
            Self::Identifier => DeviceSort::Identifier,
            Self::Type => DeviceSort::Type,
            Self::Status => DeviceSort::Status,
            Self::Owner => DeviceSort::Owner,
            Self::EnrolledAt => DeviceSort::EnrolledAt,
            Self::LastSeen => DeviceSort::LastSeen,
            _ => return None,
        })
    }

    /// The property it shows.
    #[must_use]
    pub const fn property(self) -> Option<&'static str> {
        Some(match self {
            Self::Os => "OS_VERSION",
            Self::Model => "DEVICE_MODEL",
            Self::Vendor => "VENDOR",
            Self::Battery => "BATTERY_LEVEL",
            _ => return None,
        })
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl Columns {
    /// What the page shows when nothing else is chosen.
    #[must_use]
    pub fn usual() -> Self {
        use Column::{Compliance, Groups, LastSeen, Name, Owner, Status, Tags, Type, Waiting};
        [Name, Type, Status, Owner, Compliance, Groups, Tags, Waiting, LastSeen].into_iter().collect()
    }

    /// Every column.
    #[must_use]
    pub fn all() -> Self {
        Column::ALL.into_iter().collect()
    }

    /// Whether the column is among them.
    #[must_use]
    pub const fn has(self, column: Column) -> bool {
        self.0 & column.bit() != 0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The columns, in the order of [`Column::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Column> {
        Column::ALL.into_iter().filter(move |column| self.has(*column))
    }

    /// Their names as the first line of comma-separated values.
    #[must_use]
    pub fn csv_header(self) -> String {
        let names: Vec<_> = self.iter().map(Column::name).collect();
        names.join(",") + "\r\n"
    }
}

impl FromIterator<Column> for Columns {
    fn from_iter<I: IntoIterator<Item = Column>>(columns: I) -> Self {
        Self(columns.into_iter().fold(0, |bits, column| bits | column.bit()))
    }
}

impl DeviceRow {
    /// How it stands to its policy, as a query asks for it.
    #[must_use]
    pub const fn compliance(&self) -> Compliance {
        match self.compliant {
            Some(true) => Compliance::Yes,
            Some(false) => Compliance::No,
            None => Compliance::Unknown,
        }
    }

    /// What stands in a column.
    #[must_use]
    pub fn cell(&self, column: Column) -> Cell<'_> {
        let device = &self.device;
        match column {
            Column::Name => Cell::Text(&device.name),
            Column::Identifier => Cell::Text(&device.identifier),
            Column::Type => Cell::Text(&device.device_type),
            Column::Status => Cell::Text(device.status.name()),
            Column::Online => Cell::Flag(self.online),
            Column::Owner => Cell::Text(&device.owner),
            Column::Ownership => Cell::Text(device.ownership.name()),
            Column::Compliance => Cell::Text(self.compliance().name()),
            Column::Groups => Cell::Texts(&self.groups),
            Column::Tags => Cell::Texts(&self.tags),
            Column::Waiting => Cell::Number(i64::try_from(self.waiting).unwrap_or(i64::MAX)),
            Column::Os | Column::Model | Column::Vendor | Column::Battery => {
                let found = self.facts.iter().find(|(of, _)| *of == column);
                found.map_or(Cell::Nothing, |(_, value)| Cell::Text(value))
            }
            Column::EnrolledAt => Cell::Time(device.enrolled_at),
            Column::UpdatedAt => Cell::Time(device.updated_at),
            Column::LastSeen => device.last_seen_at.map_or(Cell::Nothing, Cell::Time),
            Column::Number => Cell::Number(device.number),
            Column::Id => Cell::Id(device.id),
            Column::Description => Cell::Text(&device.description),
        }
    }

    /// The row as one line of comma-separated values (RFC 4180), every text of which a spreadsheet takes for text.
    /// Several values of a cell stand between semicolons.
    #[must_use]
    pub fn csv(&self, columns: Columns) -> String {
        let mut line = String::with_capacity(256);
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                line.push(',');
            }
            match self.cell(column) {
                Cell::Id(id) => line.push_str(&id.to_string()),
                Cell::Nothing => {}
                Cell::Text(text) => line.push_str(&csv_text(text)),
                Cell::Texts(texts) => line.push_str(&csv_text(&texts.join("; "))),
                Cell::Number(number) => line.push_str(&number.to_string()),
                Cell::Flag(flag) => line.push_str(if flag { "true" } else { "false" }),
                Cell::Time(at) => line.push_str(&at.to_string()),
            }
        }
        line.push_str("\r\n");
        line
    }

    /// The row as a JSON object with a member a column; what is not known is absent.
    #[must_use]
    pub fn json(&self, columns: Columns) -> Value {
        let mut object = Map::new();
        for column in columns.iter() {
            let value = match self.cell(column) {
                Cell::Id(id) => json!(id),
                Cell::Nothing => continue,
                Cell::Text(text) => json!(text),
                Cell::Texts(texts) => json!(texts),
                Cell::Number(number) => json!(number),
                Cell::Flag(flag) => json!(flag),
                Cell::Time(at) => json!(at),
            };
            object.insert(column.name().to_owned(), value);
        }
        Value::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exported_cell_calculates_nothing() {
        let at = Timestamp::from_millis(0);
        let device = Device {
            id: DeviceId::from_bytes([7; 16]),
            number: 3,
            device_type: "raspberrypi".to_owned(),
            identifier: "-1+1".to_owned(),
            name: "=HYPERLINK(\"http://x\",\"y\")".to_owned(),
            description: "a,b\nc".to_owned(),
            owner: "@ada".to_owned(),
            ownership: Ownership::Cope,
            status: DeviceStatus::Active,
            enrolled_at: at,
            updated_at: at,
            last_seen_at: None,
        };
        let row = DeviceRow {
            device,
            online: true,
            compliant: Some(false),
            groups: vec!["+halls".to_owned(), "b".to_owned()],
            tags: vec!["\tx".to_owned()],
            waiting: 2,
            facts: vec![(Column::Os, "\r=1".to_owned())],
        };
        let columns = Columns::all();
        assert_eq!(columns.iter().count(), Column::ALL.len());
        let line = row.csv(columns);
        let wanted = "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",\"'-1+1\",\"raspberrypi\",\"ACTIVE\",true,\"'@ada\",\
            \"COPE\",\"no\",\"'+halls; b\",\"'\tx\",2,\"'\r=1\",,,,1970-01-01T00:00:00.000Z,1970-01-01T00:00:00.000Z,,3,\
            07070707-0707-0707-0707-070707070707,\"a,b\nc\"\r\n";
        assert_eq!(line, wanted);
        let json = row.json(columns);
        assert_eq!(json["name"], "=HYPERLINK(\"http://x\",\"y\")");
        assert_eq!((json.get("last_seen"), json.get("model")), (None, None));
        assert_eq!(json["groups"], json!(["+halls", "b"]));
        let few: Columns = [Column::Status, Column::Name].into_iter().collect();
        assert_eq!(few.csv_header(), "name,status\r\n");
        assert_eq!(few.iter().collect::<Vec<_>>(), [Column::Name, Column::Status]);
        for column in Column::ALL {
            assert_eq!(Column::parse(column.name()), Some(column));
        }
    }
}
