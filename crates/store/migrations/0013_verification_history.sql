-- Since when verifications of the task have found both sides not equal, in ms since 1970; none where the last one that
-- judged it all was satisfied.
ALTER TABLE verifications ADD COLUMN not_equal_since_ms INTEGER;
UPDATE verifications SET not_equal_since_ms = at_ms
    WHERE json_extract(report, '$.result') IN ('different', 'incomplete');

-- Alerts ask for these every second; a row is read only behind its report, which may be long.
CREATE INDEX verifications_not_equal ON verifications (task, not_equal_since_ms) WHERE not_equal_since_ms IS NOT NULL;

-- What each verification came to.
CREATE TABLE verification_history (
    id INTEGER PRIMARY KEY,
    task TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    -- As the report calls it: equal, different and so on.
    result TEXT NOT NULL,
    sentence TEXT NOT NULL,
    source_records INTEGER NOT NULL,
    -- Whether all of the task was verified.
    whole INTEGER NOT NULL,
    -- Whether it was made because of the task's schedule.
    scheduled INTEGER NOT NULL
) STRICT;
CREATE INDEX verification_history_by_task ON verification_history (task, id);
