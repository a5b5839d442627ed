-- Cut-overs of tasks, each with everything that it needs to go on after a crash.
CREATE TABLE cutovers (
    id         TEXT    NOT NULL PRIMARY KEY,
    task_id    TEXT    NOT NULL,
    revision   INTEGER NOT NULL,          -- grows with every change
    open       INTEGER NOT NULL,          -- whether it goes on
    body       TEXT    NOT NULL,          -- JSON
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cutovers_by_task ON cutovers (task_id, created_ms);
