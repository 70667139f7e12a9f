//! Between model values and SQLite's.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::model::audit::Outcome;
use crate::model::device::{DeviceStatus, Ownership};
use crate::model::geofence::Notify;
use crate::model::id::{
    ActivityId, DeviceId, EnrollmentId, EnrollmentTokenId, GeofenceId, GroupId, NotificationId, OperationId, PackageId,
    PolicyId, SessionId, TokenId, UserId,
};
use crate::model::notification::NotificationKind;
use crate::model::operation::{OperationKind, OperationStatus};
use crate::model::policy::Mode;
use crate::model::telemetry::Value;
use crate::model::timestamp::Timestamp;

macro_rules! ids {
    ($($id:ty),+) => {$(
        impl ToSql for $id {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.as_bytes())))
            }
        }
        impl FromSql for $id {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let bytes = value.as_blob()?;
                bytes.try_into().map(Self::from_bytes).map_err(|_| FromSqlError::InvalidBlobSize {
                    expected_size: 16,
                    blob_size: bytes.len(),
                })
            }
        }
    )+};
}

macro_rules! words {
    ($($word:ty),+) => {$(
        impl ToSql for $word {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.name().as_bytes())))
            }
        }
        impl FromSql for $word {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                Self::parse(value.as_str()?).ok_or(FromSqlError::InvalidType)
            }
        }
    )+};
}

ids!(
    ActivityId,
    DeviceId,
    EnrollmentId,
    EnrollmentTokenId,
    GeofenceId,
    GroupId,
    NotificationId,
    OperationId,
    PackageId,
    PolicyId,
    SessionId,
    TokenId,
    UserId
);
words!(DeviceStatus, Mode, NotificationKind, Notify, OperationKind, OperationStatus, Outcome, Ownership);

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.millis().into())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self::from_millis)
    }
}

/// Numbers and text as they are; truth as a blob of one byte, so that it stays apart from the integers.
impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Bool(false) => ValueRef::Blob(&[0]),
            Self::Bool(true) => ValueRef::Blob(&[1]),
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Number(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

impl FromSql for Value {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Blob(bytes) => Ok(Self::Bool(bytes == [1])),
            ValueRef::Integer(integer) => Ok(Self::Integer(integer)),
            ValueRef::Real(number) => Ok(Self::Number(number)),
            ValueRef::Text(_) => Ok(Self::Text(value.as_str()?.to_owned())),
            ValueRef::Null => Err(FromSqlError::InvalidType),
        }
    }
}
