-- Times are milliseconds since the Unix epoch, ids UUIDv7 in 16 bytes, secrets SHA-256 hashes.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device_type (
    name       TEXT PRIMARY KEY,
    definition TEXT NOT NULL,          -- JSON
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           BLOB NOT NULL UNIQUE,
    type         TEXT NOT NULL,
    identifier   TEXT NOT NULL,
    name         TEXT NOT NULL,
    description  TEXT NOT NULL,
    owner        TEXT NOT NULL,
    ownership    TEXT NOT NULL,
    status       TEXT NOT NULL,
    enrolled_at  INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    last_seen_at INTEGER,
    UNIQUE (type, identifier)
) STRICT;
CREATE INDEX device_by_name ON device (name COLLATE NOCASE, number);
CREATE INDEX device_by_status ON device (status, last_seen_at);

CREATE TABLE enrollment (
    id          BLOB PRIMARY KEY,
    device      INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,
    owner       TEXT NOT NULL,
    ownership   TEXT NOT NULL,
    enrolled_at INTEGER NOT NULL,
    ended_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX enrollment_by_device ON enrollment (device, enrolled_at);

CREATE TABLE status_change (
    id          INTEGER PRIMARY KEY,
    device      INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,
    at          INTEGER NOT NULL,
    from_status TEXT,
    to_status   TEXT NOT NULL,
    changed_by  TEXT NOT NULL,
    reason      TEXT NOT NULL
) STRICT;
CREATE INDEX status_change_by_device ON status_change (device, id);

CREATE TABLE property (
    device INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,
    name   TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (device, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_group (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          BLOB NOT NULL UNIQUE,
    name        TEXT NOT NULL UNIQUE COLLATE NOCASE,
    description TEXT NOT NULL,
    owner       TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE group_member (
    device_group INTEGER NOT NULL REFERENCES device_group ON DELETE CASCADE,
    device       INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,
    PRIMARY KEY (device_group, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_member_by_device ON group_member (device);

CREATE TABLE activity (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           BLOB NOT NULL UNIQUE,
    code         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    payload      TEXT,
    initiated_by TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER
) STRICT;

CREATE TABLE operation (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         BLOB NOT NULL UNIQUE,
    activity   INTEGER NOT NULL REFERENCES activity ON DELETE CASCADE,
    device     INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,
    status     TEXT NOT NULL,
    reason     TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    pushed_at  INTEGER,
    UNIQUE (activity, device)
) STRICT;
CREATE INDEX operation_by_device ON operation (device, number);
CREATE INDEX operation_open ON operation (device, status) WHERE status IN ('PENDING', 'IN_PROGRESS', 'NOTNOW');
CREATE INDEX operation_by_status ON operation (status, updated_at);

CREATE TABLE response (
    id        INTEGER PRIMARY KEY,
    operation INTEGER NOT NULL REFERENCES operation ON DELETE CASCADE,
    at        INTEGER NOT NULL,
    status    TEXT NOT NULL,
    text      TEXT NOT NULL
) STRICT;
CREATE INDEX response_by_operation ON response (operation, id);

CREATE TABLE metric (
    id          INTEGER PRIMARY KEY,
    device      INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,
    name        TEXT NOT NULL,
    device_time INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    value       ANY NOT NULL,
    UNIQUE (device, name)
) STRICT;

-- Raw samples. Roll-ups are further tables keyed by metric.
CREATE TABLE sample (
    metric      INTEGER NOT NULL REFERENCES metric ON DELETE CASCADE,
    device_time INTEGER NOT NULL,
    event       INTEGER NOT NULL,      -- what one message carried, growing with the time of receipt
    received_at INTEGER NOT NULL,
    value       ANY NOT NULL,
    PRIMARY KEY (metric, device_time, event)
) STRICT, WITHOUT ROWID;

CREATE TABLE user (
    id         BLOB PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    password   TEXT NOT NULL,          -- argon2id, PHC string
    role       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    hash         BLOB PRIMARY KEY,
    user         BLOB NOT NULL REFERENCES user ON DELETE CASCADE,
    origin       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_user ON session (user);

CREATE TABLE api_token (
    id           BLOB PRIMARY KEY,
    hash         BLOB NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    owner        TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE oauth_client (
    id         TEXT PRIMARY KEY,
    secret     BLOB NOT NULL,
    name       TEXT NOT NULL,
    owner      TEXT NOT NULL,
    device     INTEGER REFERENCES device ON DELETE CASCADE,   -- a device's own application
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_client_by_name ON oauth_client (owner, name);
CREATE INDEX oauth_client_by_device ON oauth_client (device);

CREATE TABLE oauth_token (
    hash       BLOB PRIMARY KEY,
    kind       TEXT NOT NULL,          -- access, refresh
    client     TEXT NOT NULL REFERENCES oauth_client ON DELETE CASCADE,
    user       TEXT NOT NULL,
    device     INTEGER REFERENCES device ON DELETE CASCADE,
    scopes     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER                 -- refresh tokens of devices never expire
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_token_by_client ON oauth_token (client, kind, created_at);
CREATE INDEX oauth_token_by_device ON oauth_token (device);

CREATE TABLE audit (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    origin  TEXT NOT NULL,
    action  TEXT NOT NULL,
    target  TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail  TEXT NOT NULL
) STRICT;

CREATE TABLE mqtt_session (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    principal    TEXT NOT NULL,
    client_id    TEXT NOT NULL,
    online       INTEGER NOT NULL,     -- a connection was open when this was written
    last_used_at INTEGER NOT NULL,
    UNIQUE (principal, client_id)
) STRICT;

CREATE TABLE mqtt_subscription (
    session INTEGER NOT NULL REFERENCES mqtt_session ON DELETE CASCADE,
    filter  TEXT NOT NULL,
    qos     INTEGER NOT NULL,
    PRIMARY KEY (session, filter)
) STRICT, WITHOUT ROWID;

CREATE TABLE mqtt_queue (
    sequence  INTEGER PRIMARY KEY AUTOINCREMENT,
    session   INTEGER NOT NULL REFERENCES mqtt_session ON DELETE CASCADE,
    packet_id INTEGER NOT NULL,
    state     INTEGER NOT NULL,        -- 0 waiting, 1 sent, 2 released
    topic     TEXT NOT NULL,
    payload   BLOB NOT NULL,
    qos       INTEGER NOT NULL,
    retain    INTEGER NOT NULL
) STRICT;
CREATE INDEX mqtt_queue_by_session ON mqtt_queue (session, sequence);

CREATE TABLE mqtt_inbound (
    session   INTEGER NOT NULL REFERENCES mqtt_session ON DELETE CASCADE,
    packet_id INTEGER NOT NULL,
    PRIMARY KEY (session, packet_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE mqtt_retained (
    topic   TEXT PRIMARY KEY,
    payload BLOB NOT NULL,
    qos     INTEGER NOT NULL,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
