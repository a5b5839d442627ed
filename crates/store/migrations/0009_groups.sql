-- What tasks know of consumer groups: those that are taken over on the target, which are left alone for good, and what was
-- committed there last. `target_before` is what the target had when that was about to be committed: whether it was carried
-- out may be unknown.
CREATE TABLE taken_over_groups (
    task       TEXT    NOT NULL,
    group_name TEXT    NOT NULL,
    at_ms      INTEGER NOT NULL,
    PRIMARY KEY (task, group_name)
) STRICT, WITHOUT ROWID;

CREATE TABLE synced_positions (
    task          TEXT    NOT NULL,
    group_name    TEXT    NOT NULL,
    topic         TEXT    NOT NULL,
    partition     INTEGER NOT NULL,
    source_offset INTEGER NOT NULL,
    target_offset INTEGER NOT NULL,
    target_before INTEGER,
    at_ms         INTEGER NOT NULL,
    PRIMARY KEY (task, group_name, topic, partition)
) STRICT, WITHOUT ROWID;
