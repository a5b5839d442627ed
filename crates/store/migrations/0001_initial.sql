-- One row per launched task: what was decided once and holds on every resume.
CREATE TABLE launches (
    task           TEXT    NOT NULL PRIMARY KEY,
    launch_id      TEXT    NOT NULL,
    source_cluster TEXT    NOT NULL,
    target_cluster TEXT    NOT NULL,
    launched_at_ms INTEGER NOT NULL,
    delivery       TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Where the copy of each partition began and where it stands.
CREATE TABLE partitions (
    task            TEXT    NOT NULL,
    topic           TEXT    NOT NULL,
    partition       INTEGER NOT NULL,
    target_topic    TEXT    NOT NULL,
    source_topic_id TEXT,
    target_topic_id TEXT,
    start           INTEGER NOT NULL,
    target_start    INTEGER NOT NULL,
    backlog_end     INTEGER NOT NULL,
    position        INTEGER NOT NULL,
    leader_epoch    INTEGER,
    target_next     INTEGER NOT NULL,
    anchor_offset   INTEGER,
    anchor_hash     INTEGER,             -- 64 bits, kept as the signed number with the same bits
    records         INTEGER NOT NULL,
    bytes           INTEGER NOT NULL,
    PRIMARY KEY (task, topic, partition),
    CHECK ((anchor_offset IS NULL) = (anchor_hash IS NULL))
) STRICT, WITHOUT ROWID;

-- Stands for (task, topic, partition) in offset_runs. A transactional copy adds a run per transaction; with the names
-- in every row the table would be several times as large.
CREATE TABLE run_partitions (
    id        INTEGER NOT NULL PRIMARY KEY,
    task      TEXT    NOT NULL,
    topic     TEXT    NOT NULL,
    partition INTEGER NOT NULL,
    UNIQUE (task, topic, partition)
) STRICT;

-- Source offsets source_base .. source_base + length stand at target_base .. target_base + length.
CREATE TABLE offset_runs (
    run_partition INTEGER NOT NULL REFERENCES run_partitions (id),
    source_base   INTEGER NOT NULL,
    target_base   INTEGER NOT NULL,
    length        INTEGER NOT NULL,
    PRIMARY KEY (run_partition, source_base)
) STRICT, WITHOUT ROWID;

-- The gap ledger.
CREATE TABLE gaps (
    task        TEXT    NOT NULL,
    topic       TEXT    NOT NULL,
    partition   INTEGER NOT NULL,
    from_offset INTEGER NOT NULL,
    to_offset   INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    found_at_ms INTEGER NOT NULL,
    PRIMARY KEY (task, topic, partition, from_offset, to_offset)
) STRICT, WITHOUT ROWID;

-- Records the target refused. With rowid, because a row may be large.
CREATE TABLE quarantined (
    task           TEXT    NOT NULL,
    topic          TEXT    NOT NULL,
    partition      INTEGER NOT NULL,
    record_offset  INTEGER NOT NULL,
    code           INTEGER NOT NULL,
    reason         TEXT    NOT NULL,
    size           INTEGER NOT NULL,
    timestamp_ms   INTEGER NOT NULL,
    record_key     BLOB,
    value          BLOB,
    value_complete INTEGER NOT NULL,
    headers        BLOB    NOT NULL,
    at_ms          INTEGER NOT NULL,
    PRIMARY KEY (task, topic, partition, record_offset)
) STRICT;

-- What the process that runs a task last said of it.
CREATE TABLE task_status (
    task          TEXT    NOT NULL PRIMARY KEY,
    pid           INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    json          TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
