-- As for SQLite; the types differ in name only. The counts of the store stay at zero: PostgreSQL reports a log that was cut short by
-- itself, and a row that every commit changes would make all studies wait for one another.
CREATE TABLE store (
    id      BIGINT PRIMARY KEY CHECK (id = 0),
    token   BIGINT NOT NULL,
    commits BIGINT NOT NULL,
    runs    BIGINT NOT NULL
);

INSERT INTO store (id, token, commits, runs) VALUES (0, ('x' || substr(md5(gen_random_uuid()::text), 1, 16))::bit(64)::bigint, 0, 0);

-- Identities are never used again: directories and locks are named by them.
CREATE TABLE studies (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
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

CREATE TABLE batches (
    study  BIGINT NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
    seq    BIGINT NOT NULL,
    kind   BIGINT NOT NULL,
    first  BIGINT NOT NULL,
    last   BIGINT NOT NULL,
    runs   BIGINT NOT NULL,
    head   BYTEA NOT NULL,
    data   BYTEA NOT NULL,
    output BYTEA,
    PRIMARY KEY (study, seq)
);

-- The batches are compressed already. Heads stay in the row, so that reading them does not touch the rest.
ALTER TABLE batches ALTER COLUMN head SET STORAGE MAIN;
ALTER TABLE batches ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE batches ALTER COLUMN output SET STORAGE EXTERNAL;
