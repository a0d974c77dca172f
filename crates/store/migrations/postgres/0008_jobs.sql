-- Batch scripts that were submitted to sites. `number` is what people call them by; `name` is that of the job and of its directory at the
-- site; `job` is the site's number for it, once that has arrived; `outcome` is how it ended, once it has; `terms` is the rest of what was
-- asked for, as JSON.
CREATE TABLE jobs (
    number  BIGINT NOT NULL PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    title   TEXT NOT NULL,
    site    TEXT NOT NULL,
    job     TEXT,
    state   TEXT NOT NULL,
    detail  TEXT NOT NULL,
    outcome TEXT,
    terms   TEXT NOT NULL,
    asked   BIGINT NOT NULL,
    began   BIGINT,
    ended   BIGINT
);
