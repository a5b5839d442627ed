-- The name under which the target knows a task, where another task has the one that follows from its name. Launches of
-- earlier versions have none and keep that one.
ALTER TABLE launches ADD COLUMN identity TEXT;
