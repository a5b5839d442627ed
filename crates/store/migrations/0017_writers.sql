-- The producer ids under which copies of clusters that are copied both ways have written. They outlive their tasks: what a
-- task has written stays on the cluster, and must never be taken for the applications' own.
CREATE TABLE writers (
    written_to TEXT NOT NULL,             -- cluster id
    read_from TEXT NOT NULL,              -- cluster id
    producer_id INTEGER NOT NULL,
    PRIMARY KEY (written_to, read_from, producer_id)
) STRICT, WITHOUT ROWID;
