-- What of a task's life a line is about, as `paused` or `alert`; none in lines that tell of something else.
ALTER TABLE task_log ADD COLUMN event TEXT;
CREATE INDEX task_log_events ON task_log (task_id, at_ms) WHERE event IS NOT NULL;
