-- The last verification of each task, as it was reported.
CREATE TABLE verifications (
    task TEXT PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    report TEXT NOT NULL
) STRICT;
