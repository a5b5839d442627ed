-- Since when a task is in its state, in ms since 1970; none where that was not noted.
ALTER TABLE tasks ADD COLUMN since_ms INTEGER;
UPDATE tasks SET since_ms = ended_ms WHERE state IN ('completed', 'terminated');
UPDATE tasks SET since_ms = (SELECT max(at_ms) FROM task_log WHERE task_id = tasks.id AND message = 'the task is paused')
    WHERE state = 'paused';
UPDATE tasks SET since_ms = (SELECT max(at_ms) FROM task_log WHERE task_id = tasks.id AND message LIKE 'failed: %')
    WHERE state = 'failed';
-- Offsets of the source that were not copied when the task came to rest; none where they were not known.
ALTER TABLE tasks ADD COLUMN rest_lag INTEGER;

-- Partitions that waited for a person when the last run of a task ended.
CREATE TABLE stopped_partitions (
    task TEXT NOT NULL PRIMARY KEY,
    partitions TEXT NOT NULL              -- JSON
) STRICT, WITHOUT ROWID;
