-- What sites were asked for, and what became of it. `name` is that of the job, of its files and of its worker; `token` is the number of the
-- worker's token; `job` is the site's number for it, once that has arrived.
CREATE TABLE allocations (
    name   TEXT NOT NULL PRIMARY KEY,
    site   TEXT NOT NULL,
    pool   TEXT NOT NULL,
    token  BIGINT NOT NULL,
    job    TEXT,
    state  TEXT NOT NULL,
    detail TEXT NOT NULL,
    asked  BIGINT NOT NULL,
    began  BIGINT,
    ended  BIGINT
);
