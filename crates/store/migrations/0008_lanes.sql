-- The lanes that have copied for a task, separated by commas: a verification reads with the other client. Only the record
-- lane was chosen by itself before.
ALTER TABLE launches ADD COLUMN lanes TEXT NOT NULL DEFAULT 'record';
