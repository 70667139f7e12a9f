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

-- enroll: tokens that enroll devices.
CREATE TABLE enrollment_token (
    id           BLOB PRIMARY KEY,
    hash         BLOB NOT NULL UNIQUE,
    note         TEXT NOT NULL,
    device_type  TEXT,                 -- NULL: any
    owner        TEXT NOT NULL,        -- of what it enrolls
    tags         TEXT NOT NULL,        -- with commas between them
    made_by      TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    max_uses     INTEGER NOT NULL,
    uses         INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE enrollment_token_group (
    token        BLOB NOT NULL REFERENCES enrollment_token ON DELETE CASCADE,
    device_group INTEGER NOT NULL REFERENCES device_group ON DELETE CASCADE,
    PRIMARY KEY (token, device_group)
) STRICT, WITHOUT ROWID;
CREATE TABLE enrollment_token_device (
    token  BLOB NOT NULL REFERENCES enrollment_token ON DELETE CASCADE,
    device INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,
    at     INTEGER NOT NULL,           -- when the device enrolled
    PRIMARY KEY (token, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX enrollment_token_group_by_group ON enrollment_token_group (device_group);
CREATE INDEX enrollment_token_device_by_device ON enrollment_token_device (device);
