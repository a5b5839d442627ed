-- Kafka clusters a person has entered.
CREATE TABLE data_sources (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL COLLATE NOCASE UNIQUE,
    settings   TEXT    NOT NULL,          -- JSON, without secrets
    secrets    TEXT    NOT NULL,          -- JSON: field -> handle of the secret
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tasks (
    id              TEXT    NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL,
    source_id       TEXT    NOT NULL REFERENCES data_sources (id),
    target_id       TEXT    NOT NULL REFERENCES data_sources (id),
    settings        TEXT    NOT NULL,     -- JSON
    state           TEXT    NOT NULL,
    desired_running INTEGER NOT NULL,
    reason          TEXT,
    pre_check       TEXT,                 -- JSON: the last report
    muted_until_ms  INTEGER,
    created_ms      INTEGER NOT NULL,
    started_ms      INTEGER,
    ended_ms        INTEGER,
    updated_ms      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tasks_by_name ON tasks (name);
CREATE INDEX tasks_by_source ON tasks (source_id);
CREATE INDEX tasks_by_target ON tasks (target_id);

-- Source topic -> target topic of each task, those that were taken out as well.
CREATE TABLE routes (
    task_id      TEXT    NOT NULL,
    source_topic TEXT    NOT NULL,
    target_topic TEXT    NOT NULL,
    start        TEXT,
    status       TEXT    NOT NULL,        -- active, removed
    added_ms     INTEGER NOT NULL,
    removed_ms   INTEGER,
    PRIMARY KEY (task_id, source_topic)
) STRICT, WITHOUT ROWID;

CREATE TABLE task_log (
    id        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    task_id   TEXT    NOT NULL,
    at_ms     INTEGER NOT NULL,
    level     INTEGER NOT NULL,           -- 0 info, 1 warning, 2 error
    message   TEXT    NOT NULL,
    topic     TEXT,
    partition INTEGER,
    record_offset INTEGER
) STRICT;
CREATE INDEX task_log_by_task ON task_log (task_id, id);
CREATE INDEX task_log_by_age ON task_log (at_ms);

CREATE TABLE modifications (
    id       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    task_id  TEXT    NOT NULL,
    at_ms    INTEGER NOT NULL,
    before   TEXT    NOT NULL,            -- JSON
    after    TEXT    NOT NULL,            -- JSON
    status   TEXT    NOT NULL,            -- running, done, failed
    detail   TEXT,
    ended_ms INTEGER
) STRICT;
CREATE INDEX modifications_by_task ON modifications (task_id, id);

-- Who did what, when, and how it came out. Rows are added and never changed; a task's rows outlive it.
CREATE TABLE operation_log (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at_ms       INTEGER NOT NULL,
    actor       TEXT    NOT NULL,
    action      TEXT    NOT NULL,
    object_kind TEXT    NOT NULL,
    object_id   TEXT    NOT NULL,
    object_name TEXT    NOT NULL,
    before      TEXT,                     -- JSON, without secrets
    after       TEXT,                     -- JSON, without secrets
    outcome     TEXT    NOT NULL,         -- ok, refused, failed
    detail      TEXT
) STRICT;
CREATE INDEX operation_log_by_object ON operation_log (object_id, id);
CREATE TRIGGER operation_log_stays BEFORE UPDATE ON operation_log
BEGIN SELECT RAISE(ABORT, 'the operation log is append-only'); END;
CREATE TRIGGER operation_log_is_kept BEFORE DELETE ON operation_log
BEGIN SELECT RAISE(ABORT, 'the operation log is append-only'); END;

CREATE TABLE metric_samples (
    task_id            TEXT    NOT NULL,
    resolution_s       INTEGER NOT NULL,  -- 10, 60, 3600
    at_s               INTEGER NOT NULL,  -- beginning of the bucket, seconds since 1970
    read_records_rate  REAL    NOT NULL,
    write_records_rate REAL    NOT NULL,
    read_bytes_rate    REAL    NOT NULL,
    write_bytes_rate   REAL    NOT NULL,
    delay_ms           INTEGER,
    lag_records        INTEGER,
    p50_us             INTEGER,
    p95_us             INTEGER,
    p99_us             INTEGER,
    p999_us            INTEGER,
    PRIMARY KEY (task_id, resolution_s, at_s)
) STRICT, WITHOUT ROWID;
CREATE INDEX metric_samples_by_age ON metric_samples (resolution_s, at_s);

CREATE TABLE alert_rules (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    body       TEXT    NOT NULL,          -- JSON
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_channels (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    body       TEXT    NOT NULL,          -- JSON, without secrets
    secrets    TEXT    NOT NULL,          -- JSON: field -> handle of the secret
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_history (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at_ms        INTEGER NOT NULL,
    task_id      TEXT    NOT NULL,
    task_name    TEXT    NOT NULL,
    rule_name    TEXT    NOT NULL,
    kind         TEXT    NOT NULL,        -- raised, recovered, test
    channel_name TEXT    NOT NULL,
    state        TEXT    NOT NULL,        -- sent, suppressed, undeliverable
    title        TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    detail       TEXT
) STRICT;
CREATE INDEX alert_history_by_age ON alert_history (at_ms);

CREATE TABLE settings (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL                   -- JSON
) STRICT, WITHOUT ROWID;
