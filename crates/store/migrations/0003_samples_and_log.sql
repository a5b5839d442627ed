ALTER TABLE metric_samples ADD COLUMN lag_bytes INTEGER;

-- A row that replaces another deletes it without asking the trigger on deletions (SQLite asks it with
-- recursive_triggers only).
CREATE TRIGGER operation_log_is_not_replaced BEFORE INSERT ON operation_log
WHEN EXISTS (SELECT 1 FROM operation_log WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the operation log is append-only'); END;
