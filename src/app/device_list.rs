//! The list of devices as people look at it, and taking it out of the site.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::access::seen_by;
use super::{App, Error, check_limit};
use crate::model::actor::{Actor, Scope};
use crate::model::audit::Outcome;
use crate::model::device::{DeviceFilter, DeviceSort};
use crate::model::device_list::{Columns, DeviceRow, Facets, RowPage, RowStart, Rows};
use crate::model::page::MAX_PAGE;
use crate::model::query::Field;
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Rx, StoreError};

/// The most rows of an export that are in memory at a time.
const EXPORT_PIECE: u32 = 500;
/// The most filters whose counts are kept; beyond, all are forgotten.
const MAX_COUNTS: usize = 64;

/// One page of the list, with its counts.
#[derive(Clone, Debug)]
pub struct DeviceList {
    pub rows: Rows,
    pub facets: Arc<Facets>,
}

/// The counts that hold as long as the store's generation of devices does.
#[derive(Debug, Default)]
pub(super) struct Counts {
    kept: Mutex<HashMap<String, (i64, Arc<Facets>)>>,
}

/// An export under way: which devices, in which order, and where it stands.
#[derive(Clone, Debug)]
pub struct Export {
    filter: DeviceFilter,
    sort: DeviceSort,
    descending: bool,
    columns: Columns,
    written: Written,
    /// `None` at the end.
    start: Option<RowStart>,
    /// Whether no row was written yet.
    fresh: bool,
}

/// How an export is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Written {
    /// Comma-separated values with a line of names first, nothing of which a spreadsheet calculates.
    #[default]
    Csv,
    /// A JSON array of objects.
    Json,
}

impl Written {
    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// The way of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Csv, Self::Json].into_iter().find(|written| written.name() == text)
    }
}

impl Export {
    /// How it is written.
    #[must_use]
    pub const fn written(&self) -> Written {
        self.written
    }

    fn write(&mut self, rows: &[DeviceRow]) -> String {
        let mut text = match self.written {
            _ if !self.fresh => String::new(),
            Written::Csv => self.columns.csv_header(),
            Written::Json => "[".to_owned(),
        };
        for row in rows {
            match self.written {
                Written::Csv => text.push_str(&row.csv(self.columns)),
                Written::Json => {
                    text.push_str(if self.fresh { "\n" } else { ",\n" });
                    text.push_str(&row.json(self.columns).to_string());
                }
            }
            self.fresh = false;
        }
        if self.written == Written::Json && self.start.is_none() {
            text.push_str("\n]\n");
        }
        self.fresh = false;
        text
    }
}

impl App {
    /// One page of the devices that fit a filter with what `columns` want of them, and how many devices stand where.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a limit or cursor that cannot be, [`Error::Forbidden`] without the scope `read` or `own`.
    pub async fn device_list(
        &self,
        actor: &Actor,
        filter: DeviceFilter,
        page: RowPage,
        columns: Columns,
    ) -> Result<DeviceList, Error> {
        let filter = DeviceFilter { own_of: seen_by(actor, Scope::Read)?, ..filter };
        check_limit(page.limit, MAX_PAGE)?;
        let (now, app) = (self.inner.clock.now(), self.clone());
        let read = self.inner.store.read(move |rx| {
            let facets = app.inner.counts.of(rx, &filter, now)?;
            let rows = rx.device_rows(&filter, &page, columns, now)?;
            Ok::<_, Error>(DeviceList { rows, facets })
        });
        let mut list = read.await?;
        self.mark_online(&mut list.rows.items);
        Ok(list)
    }

    /// How many devices stand where, as far as a filter lets them.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read` or `own`.
    pub async fn device_facets(&self, actor: &Actor, filter: DeviceFilter) -> Result<Arc<Facets>, Error> {
        let filter = DeviceFilter { own_of: seen_by(actor, Scope::Read)?, ..filter };
        let (now, app) = (self.inner.clock.now(), self.clone());
        self.inner.store.read(move |rx| Ok(app.inner.counts.of(rx, &filter, now)?)).await
    }

    /// Begins to take the devices that fit out of the site, and notes that in the audit trail; the rows come by
    /// [`App::export_piece`].
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read` or `own`.
    pub async fn begin_device_export(
        &self,
        actor: &Actor,
        filter: DeviceFilter,
        (sort, descending): (DeviceSort, bool),
        columns: Columns,
        written: Written,
    ) -> Result<Export, Error> {
        let filter = DeviceFilter { own_of: seen_by(actor, Scope::Read)?, ..filter };
        let (by, now) = (actor.clone(), self.inner.clock.now());
        self.inner
            .store
            .write(Flush::Now, move |tx| tx.audit(now, &by, "device.export", "", Outcome::Done, written.name()))
            .await?;
        Ok(Export { filter, sort, descending, columns, written, start: Some(RowStart::First), fresh: true })
    }

    /// The text of the next rows of an export, at most 500; `None` behind the end. Moves `export` on.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn export_piece(&self, export: &mut Export) -> Result<Option<String>, Error> {
        let Some(start) = export.start.take() else { return Ok(None) };
        let page = RowPage { sort: export.sort, descending: export.descending, start, limit: EXPORT_PIECE };
        let (filter, columns, now) = (export.filter.clone(), export.columns, self.inner.clock.now());
        let read = self.inner.store.read(move |rx| Ok::<_, Error>(rx.device_rows(&filter, &page, columns, now)?));
        let mut rows = read.await?;
        export.start = rows.next.map(RowStart::After);
        self.mark_online(&mut rows.items);
        Ok(Some(export.write(&rows.items)))
    }

    fn mark_online(&self, rows: &mut [DeviceRow]) {
        for row in rows {
            row.online = self.is_online(row.device.id);
        }
    }
}

impl Counts {
    /// The counts for a filter: those that were made since the last change that matters, or new ones.
    fn of(&self, rx: &Rx<'_>, filter: &DeviceFilter, now: Timestamp) -> Result<Arc<Facets>, StoreError> {
        if !keeps(filter) {
            return rx.device_facets(filter, now).map(Arc::new);
        }
        let generation = rx.device_generation()?;
        let key = format!("{filter:?}");
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made, facets)) = kept.get(&key)
            && *made == generation
        {
            return Ok(Arc::clone(facets));
        }
        drop(kept);
        let facets = Arc::new(rx.device_facets(filter, now)?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_COUNTS && !kept.contains_key(&key) {
            kept.clear();
        }
        kept.insert(key, (generation, Arc::clone(&facets)));
        Ok(facets)
    }
}

/// Whether only a new generation of devices changes the counts of a filter: not time, nor what devices tell.
fn keeps(filter: &DeviceFilter) -> bool {
    let steady = |field: &Field| {
        matches!(
            field,
            Field::Type
                | Field::Status
                | Field::Name
                | Field::Identifier
                | Field::Owner
                | Field::Ownership
                | Field::Group
                | Field::Tag
                | Field::Compliant
        )
    };
    filter.own_of.is_none()
        && filter.owner_role.is_none()
        && filter.updated_since.is_none()
        && filter.query.as_ref().is_none_or(|query| query.keeps_to(&steady))
}

#[cfg(test)]
mod tests;
