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

-- devices: what the list of devices is made quick by, and the views of it that people keep.
CREATE INDEX device_by_facet ON device (status, type, ownership);
CREATE INDEX device_by_identifier ON device (identifier, number);
CREATE INDEX device_by_enrollment ON device (enrolled_at, number);

-- Grows with every change that can move a device from one count of the list to another, so that counts can be kept as
-- long as nothing did. What devices say of themselves (last seen, properties, telemetry) is not among it.
CREATE TABLE device_generation (
    only  INTEGER PRIMARY KEY CHECK (only = 0),
    value INTEGER NOT NULL
) STRICT;
INSERT INTO device_generation VALUES (0, 0);
CREATE TRIGGER generation_device_new AFTER INSERT ON device BEGIN
    UPDATE device_generation SET value = value + 1;
END;
CREATE TRIGGER generation_device_changed AFTER UPDATE OF name, type, identifier, owner, ownership, status ON device
    WHEN (old.name, old.type, old.identifier, old.owner, old.ownership, old.status)
        IS NOT (new.name, new.type, new.identifier, new.owner, new.ownership, new.status) BEGIN
    UPDATE device_generation SET value = value + 1;
END;
CREATE TRIGGER generation_device_gone AFTER DELETE ON device BEGIN
    UPDATE device_generation SET value = value + 1;
END;
CREATE TRIGGER generation_member_new AFTER INSERT ON group_member BEGIN
    UPDATE device_generation SET value = value + 1;
END;
CREATE TRIGGER generation_member_gone AFTER DELETE ON group_member BEGIN
    UPDATE device_generation SET value = value + 1;
END;
CREATE TRIGGER generation_group_new AFTER INSERT ON device_group BEGIN
    UPDATE device_generation SET value = value + 1;
END;
CREATE TRIGGER generation_group_changed AFTER UPDATE OF name ON device_group BEGIN
    UPDATE device_generation SET value = value + 1;
END;
CREATE TRIGGER generation_group_gone AFTER DELETE ON device_group BEGIN
    UPDATE device_generation SET value = value + 1;
END;
CREATE TRIGGER generation_tag_new AFTER INSERT ON tag BEGIN
    UPDATE device_generation SET value = value + 1;
END;
CREATE TRIGGER generation_tag_gone AFTER DELETE ON tag BEGIN
    UPDATE device_generation SET value = value + 1;
END;
CREATE TRIGGER generation_compliance_new AFTER INSERT ON compliance BEGIN
    UPDATE device_generation SET value = value + 1;
END;
CREATE TRIGGER generation_compliance_changed AFTER UPDATE OF compliant ON compliance
    WHEN old.compliant IS NOT new.compliant BEGIN
    UPDATE device_generation SET value = value + 1;
END;
CREATE TRIGGER generation_compliance_gone AFTER DELETE ON compliance BEGIN
    UPDATE device_generation SET value = value + 1;
END;

CREATE TABLE saved_view (
    user       BLOB NOT NULL REFERENCES user ON DELETE CASCADE,
    name       TEXT NOT NULL COLLATE NOCASE,
    query      TEXT NOT NULL,          -- the query string of the page
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user, name)
) STRICT, WITHOUT ROWID;

-- policies: one of the operations that told a device ended without it (CANCELLED, EXPIRED, ERROR), and why.
ALTER TABLE policy_applied ADD COLUMN untold_status TEXT;
ALTER TABLE policy_applied ADD COLUMN untold_reason TEXT;
UPDATE policy_applied SET (untold_status, untold_reason) = (
    SELECT o.status, substr(o.reason, 1, 500) FROM json_each(operations) e
    JOIN operation o ON o.id = unhex(replace(e.value, '-', ''))
    WHERE o.status IN ('CANCELLED', 'EXPIRED', 'ERROR') LIMIT 1);
