-- Workers elsewhere: what lets them in, and which of them have runs. `hash` is a SHA-256 of a token that was drawn at random.
CREATE TABLE worker_tokens (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    hash    BLOB NOT NULL UNIQUE,
    name    TEXT NOT NULL,
    project TEXT REFERENCES projects (name) ON DELETE CASCADE,
    made_by TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT,
    used    BIGINT
);

-- The studies of which a worker has runs, as numbers with blanks between them.
CREATE TABLE workers (
    name    TEXT NOT NULL PRIMARY KEY,
    studies TEXT NOT NULL,
    seen    BIGINT NOT NULL
);

-- Tells this store from all others.
CREATE TABLE identity (
    name TEXT NOT NULL PRIMARY KEY
);
INSERT INTO identity (name) VALUES (lower(hex(randomblob(16))));
