-- The dashboard.

-- accounts: the second factor of people.
CREATE TABLE second_factor (
    user         BLOB PRIMARY KEY REFERENCES user ON DELETE CASCADE,
    key          BLOB NOT NULL,        -- what the phone shares (RFC 6238), 20 bytes
    last_step    INTEGER NOT NULL,     -- of the last code that was used: none works twice
    created_at   INTEGER NOT NULL,
    confirmed_at INTEGER               -- NULL: made, and not in force until a code confirms it
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_code (
    user BLOB NOT NULL REFERENCES user ON DELETE CASCADE,
    hash BLOB NOT NULL,                -- SHA-256 of a random code of 78 bits
    PRIMARY KEY (user, hash)
) STRICT, WITHOUT ROWID;

-- device: what people write down about one.
CREATE TABLE device_note (
    device     INTEGER PRIMARY KEY REFERENCES device ON DELETE CASCADE,
    text       TEXT NOT NULL,
    written_by TEXT NOT NULL,
    written_at INTEGER NOT NULL
) STRICT;
