-- Regular holes on both sides of a run: records before the first hole (0: there is none), records between two holes (0:
-- there are no two), offsets of a hole. Runs of older formats have none.
ALTER TABLE offset_runs ADD COLUMN source_first INTEGER NOT NULL DEFAULT 0;
ALTER TABLE offset_runs ADD COLUMN source_block INTEGER NOT NULL DEFAULT 0;
ALTER TABLE offset_runs ADD COLUMN source_hole  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE offset_runs ADD COLUMN target_first INTEGER NOT NULL DEFAULT 0;
ALTER TABLE offset_runs ADD COLUMN target_block INTEGER NOT NULL DEFAULT 0;
ALTER TABLE offset_runs ADD COLUMN target_hole  INTEGER NOT NULL DEFAULT 0;

-- Counts the logs a source partition has had: another one begins where its topic was created again or its newest records
-- were lost. Offsets from `from_offset` on stand for other records than before, so what a ledger has of an earlier
-- incarnation from there on says nothing about them.
ALTER TABLE partitions ADD COLUMN incarnation INTEGER NOT NULL DEFAULT 0;

CREATE TABLE incarnations (
    task        TEXT    NOT NULL,
    topic       TEXT    NOT NULL,
    partition   INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    from_offset INTEGER NOT NULL,
    PRIMARY KEY (task, topic, partition, incarnation)
) STRICT, WITHOUT ROWID;

-- The ledgers with the incarnation in their keys. A task has one launch as long as it has rows.
CREATE TABLE gaps_of_incarnations (
    task        TEXT    NOT NULL,
    topic       TEXT    NOT NULL,
    partition   INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    from_offset INTEGER NOT NULL,
    to_offset   INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    found_at_ms INTEGER NOT NULL,
    PRIMARY KEY (task, topic, partition, incarnation, from_offset, to_offset)
) STRICT, WITHOUT ROWID;
INSERT INTO gaps_of_incarnations (task, topic, partition, incarnation, from_offset, to_offset, reason, found_at_ms)
    SELECT task, topic, partition, 0, from_offset, to_offset, reason, found_at_ms FROM gaps;
DROP TABLE gaps;
ALTER TABLE gaps_of_incarnations RENAME TO gaps;

CREATE TABLE quarantined_of_incarnations (
    task           TEXT    NOT NULL,
    topic          TEXT    NOT NULL,
    partition      INTEGER NOT NULL,
    incarnation    INTEGER NOT NULL,
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
    fate           TEXT,
    replayed_to    INTEGER,
    PRIMARY KEY (task, topic, partition, incarnation, record_offset)
) STRICT;
INSERT INTO quarantined_of_incarnations (rowid, task, topic, partition, incarnation, record_offset, code, reason, size,
                                         timestamp_ms, record_key, value, value_complete, headers, at_ms, fate, replayed_to)
    SELECT rowid, task, topic, partition, 0, record_offset, code, reason, size, timestamp_ms, record_key, value,
           value_complete, headers, at_ms, fate, replayed_to FROM quarantined;
DROP TABLE quarantined;
ALTER TABLE quarantined_of_incarnations RENAME TO quarantined;
