-- One row for the whole store: what has been committed so far, all studies together. The side file `mark` repeats it.
CREATE TABLE store (
    id      INTEGER PRIMARY KEY CHECK (id = 0),
    token   BIGINT NOT NULL,
    commits BIGINT NOT NULL,
    runs    BIGINT NOT NULL
);

-- The token tells this store from others. The row is made with the table, in one transaction: a store that is cut off while it is
-- made is either not there or whole.
INSERT INTO store (id, token, commits, runs) VALUES (0, random(), 0, 0);

-- Identities are never used again: directories and locks are named by them.
CREATE TABLE studies (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,
    version    BIGINT NOT NULL,
    state      TEXT NOT NULL,
    created    BIGINT NOT NULL,
    changed    BIGINT NOT NULL,
    seq        BIGINT NOT NULL,
    counts     TEXT NOT NULL,
    definition TEXT NOT NULL,
    UNIQUE (name, version)
);

-- The results, one row for each group commit; without gaps in seq. `head` is what `ended` needs and stands before the rest,
-- so that reading it does not touch the pages of the rest.
CREATE TABLE batches (
    study  BIGINT NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
    seq    BIGINT NOT NULL,
    kind   BIGINT NOT NULL,
    first  BIGINT NOT NULL,
    last   BIGINT NOT NULL,
    runs   BIGINT NOT NULL,
    head   BLOB NOT NULL,
    data   BLOB NOT NULL,
    output BLOB,
    PRIMARY KEY (study, seq)
);
