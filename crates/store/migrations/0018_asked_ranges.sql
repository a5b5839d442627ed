-- What a copy was asked to begin and to end with, as its description said it at the last start: positions are pinned once, and
-- a later start that asks for something else must not be taken for a copy of that.
CREATE TABLE asked_ranges (
    task TEXT PRIMARY KEY,
    asked TEXT NOT NULL                   -- JSON, the writer's format
) STRICT;
