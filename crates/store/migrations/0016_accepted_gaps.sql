-- Gaps that a person has accepted and that the copy has not passed yet.
CREATE TABLE accepted_gaps (
    task TEXT NOT NULL PRIMARY KEY,
    gaps TEXT NOT NULL                    -- JSON
) STRICT, WITHOUT ROWID;
