-- Mobile devices: roles, tags, groups by query, policies and compliance, locations, applications, certificates.

CREATE TABLE role (
    name        TEXT PRIMARY KEY COLLATE NOCASE,
    description TEXT NOT NULL,
    scopes      TEXT NOT NULL,
    permissions TEXT NOT NULL,         -- JSON: the permission paths an Entgra client gave, kept for it
    built_in    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO role VALUES
    ('admin', 'Everything', 'read operate enroll admin metrics broker policy', '[]', 1, 0),
    ('operator', 'See and command every device, and set policies', 'read operate enroll policy', '[]', 1, 0),
    ('viewer', 'See every device', 'read', '[]', 1, 0),
    ('device-owner', 'Enroll devices, and see and command one''s own', 'enroll own', '[]', 1, 0);

CREATE TABLE user_role (
    user BLOB NOT NULL REFERENCES user ON DELETE CASCADE,
    role TEXT NOT NULL COLLATE NOCASE REFERENCES role ON UPDATE CASCADE ON DELETE CASCADE,
    PRIMARY KEY (user, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_role_by_role ON user_role (role);
INSERT INTO user_role SELECT id, role FROM user;
ALTER TABLE user DROP COLUMN role;
-- Sessions get an id by which they are listed and ended; those from before get one at random.
ALTER TABLE session ADD COLUMN id BLOB NOT NULL DEFAULT x'';
UPDATE session SET id = randomblob(16);

ALTER TABLE user ADD COLUMN first_name TEXT NOT NULL DEFAULT '';
ALTER TABLE user ADD COLUMN last_name TEXT NOT NULL DEFAULT '';
ALTER TABLE user ADD COLUMN email TEXT NOT NULL DEFAULT '';

CREATE TABLE tag (
    device INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,
    name   TEXT NOT NULL COLLATE NOCASE,
    PRIMARY KEY (device, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_by_name ON tag (name, device);

-- A group with a query holds the devices that fit it: its members are kept up to date by the application.
ALTER TABLE device_group ADD COLUMN query TEXT;
CREATE INDEX device_group_by_query ON device_group (number) WHERE query IS NOT NULL;
CREATE TABLE group_role (
    device_group INTEGER NOT NULL REFERENCES device_group ON DELETE CASCADE,
    role         TEXT NOT NULL COLLATE NOCASE REFERENCES role ON UPDATE CASCADE ON DELETE CASCADE,
    PRIMARY KEY (device_group, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_role_by_role ON group_role (role);
CREATE INDEX device_by_owner ON device (owner, number);

CREATE TABLE policy (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          BLOB NOT NULL UNIQUE,
    name        TEXT NOT NULL UNIQUE COLLATE NOCASE,
    device_type TEXT NOT NULL,
    priority    INTEGER NOT NULL,      -- 1 comes first
    active      INTEGER NOT NULL,
    changed     INTEGER NOT NULL,      -- not applied to the devices since the last change
    version     INTEGER NOT NULL,      -- of the definition in force, from 1
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE policy_version (
    policy     INTEGER NOT NULL REFERENCES policy ON DELETE CASCADE,
    version    INTEGER NOT NULL,
    definition TEXT NOT NULL,          -- JSON
    changed_by TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    note       TEXT NOT NULL,
    PRIMARY KEY (policy, version)
) STRICT, WITHOUT ROWID;

-- What a device was told last; a device without a row has never had a policy.
CREATE TABLE policy_applied (
    device     INTEGER PRIMARY KEY REFERENCES device ON DELETE CASCADE,
    policies   TEXT NOT NULL,          -- JSON: the numbers of the policies it was made from; empty after a revocation
    features   TEXT NOT NULL,          -- JSON: the features as sent
    mode       TEXT NOT NULL,          -- enforce, warn, block
    operations TEXT NOT NULL,          -- JSON: the operations that carried it
    applied_at INTEGER NOT NULL
) STRICT;

-- Devices whose groups, or whose owner's roles, changed since their policy was settled.
CREATE TABLE policy_stale (device INTEGER PRIMARY KEY) STRICT;
CREATE TRIGGER joined_group AFTER INSERT ON group_member BEGIN
    INSERT INTO policy_stale VALUES (new.device) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER left_group AFTER DELETE ON group_member BEGIN
    INSERT INTO policy_stale VALUES (old.device) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER got_role AFTER INSERT ON user_role BEGIN
    INSERT INTO policy_stale SELECT d.number FROM device d JOIN user u ON u.name = d.owner WHERE u.id = new.user
        ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER lost_role AFTER DELETE ON user_role BEGIN
    INSERT INTO policy_stale SELECT d.number FROM device d JOIN user u ON u.name = d.owner WHERE u.id = old.user
        ON CONFLICT DO NOTHING;
END;

CREATE TABLE compliance (
    device       INTEGER PRIMARY KEY REFERENCES device ON DELETE CASCADE,
    compliant    INTEGER,              -- NULL: not known yet
    asked_at     INTEGER,
    answered_at  INTEGER,
    failed_at    INTEGER,
    attempts     INTEGER NOT NULL,     -- asked since the last answer
    enforcements INTEGER NOT NULL      -- bundles sent again since it was last compliant
) STRICT;
CREATE INDEX compliance_by_outcome ON compliance (compliant);

CREATE TABLE compliance_feature (
    device    INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,
    code      TEXT NOT NULL,
    compliant INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    since     INTEGER NOT NULL,
    PRIMARY KEY (device, code)
) STRICT, WITHOUT ROWID;

-- What Pym asks of devices again and again: the last operation of each kind, which the next one replaces.
CREATE TABLE routine (
    device    INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,
    code      TEXT NOT NULL,
    operation BLOB NOT NULL,
    PRIMARY KEY (device, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE application (
    device      INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,
    package     TEXT NOT NULL,
    name        TEXT NOT NULL,
    version     TEXT NOT NULL,
    system      INTEGER NOT NULL,
    active      INTEGER NOT NULL,
    memory      INTEGER NOT NULL,      -- in use, KiB
    reported_at INTEGER NOT NULL,
    PRIMARY KEY (device, package)
) STRICT, WITHOUT ROWID;
CREATE INDEX application_by_package ON application (package);

CREATE TABLE location (
    id          INTEGER PRIMARY KEY,
    device      INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,
    at          INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    latitude    REAL NOT NULL,
    longitude   REAL NOT NULL,
    address     TEXT NOT NULL,         -- JSON: street1, street2, city, state, zip, country as far as they were told
    UNIQUE (device, at)
) STRICT;

CREATE TABLE geofence (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           BLOB NOT NULL UNIQUE,
    name         TEXT NOT NULL UNIQUE COLLATE NOCASE,
    description  TEXT NOT NULL,
    device_group INTEGER REFERENCES device_group ON DELETE CASCADE,   -- NULL: every device
    shape        TEXT NOT NULL,        -- JSON
    notify       TEXT NOT NULL,        -- enter, leave, both, none
    created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE geofence_state (
    geofence INTEGER NOT NULL REFERENCES geofence ON DELETE CASCADE,
    device   INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,
    inside   INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    PRIMARY KEY (geofence, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX geofence_state_by_device ON geofence_state (device);
-- A geofence no longer watches a device that has left its group, or is managed no more.
CREATE TRIGGER group_member_left AFTER DELETE ON group_member BEGIN
    DELETE FROM geofence_state WHERE device = OLD.device
        AND geofence IN (SELECT number FROM geofence WHERE device_group = OLD.device_group);
END;
CREATE TRIGGER device_removed AFTER UPDATE OF status ON device WHEN NEW.status = 'REMOVED' BEGIN
    DELETE FROM geofence_state WHERE device = NEW.number;
END;

CREATE TABLE notification (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         BLOB NOT NULL UNIQUE,
    at         INTEGER NOT NULL,
    kind       TEXT NOT NULL,          -- operation, compliance, geofence, device, daemon
    device     INTEGER REFERENCES device ON DELETE CASCADE,
    operation  INTEGER,                -- the number of its activity
    text       TEXT NOT NULL,
    checked_at INTEGER,
    checked_by TEXT
) STRICT;
CREATE INDEX notification_by_device ON notification (device);
CREATE INDEX notification_new ON notification (number) WHERE checked_at IS NULL;

-- Settings people change at run time: of the platform ("general") or of a device type.
CREATE TABLE setting (
    area         TEXT NOT NULL,
    name         TEXT NOT NULL,
    value        TEXT NOT NULL,
    content_type TEXT NOT NULL,
    PRIMARY KEY (area, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE certificate (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    serial      TEXT NOT NULL UNIQUE,  -- lower-case hex
    fingerprint BLOB NOT NULL UNIQUE,  -- SHA-256 of the DER
    public_key  BLOB NOT NULL,         -- SHA-256 of the SubjectPublicKeyInfo
    subject     TEXT NOT NULL,
    issuer      TEXT NOT NULL,
    device      INTEGER REFERENCES device ON DELETE CASCADE,
    issued_by   TEXT NOT NULL,         -- the principal who asked for it, or who brought it
    pem         TEXT NOT NULL,
    not_before  INTEGER NOT NULL,
    not_after   INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    revoked_at  INTEGER,
    revoked_by  TEXT
) STRICT;
CREATE INDEX certificate_by_device ON certificate (device);

-- Application packages the site hands to its devices; the bytes are files in the data directory.
CREATE TABLE package (
    id          BLOB PRIMARY KEY,
    file        TEXT NOT NULL UNIQUE,  -- the name in URLs
    name        TEXT NOT NULL,
    identifier  TEXT NOT NULL,         -- such as com.example.app
    version     TEXT NOT NULL,
    size        INTEGER NOT NULL,
    sha256      BLOB NOT NULL,
    uploaded_by TEXT NOT NULL,
    uploaded_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Access tokens of devices that were removed: for a while their agents hear so, rather than that they are strangers.
CREATE TABLE gone_token (
    hash   BLOB PRIMARY KEY,
    device INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX gone_token_by_time ON gone_token (at);
