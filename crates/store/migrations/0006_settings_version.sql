-- Counts the changes of a task's settings: who changes them says which ones were read.
ALTER TABLE tasks ADD COLUMN settings_version INTEGER NOT NULL DEFAULT 1;
