-- Batch scripts that are submitted again and again. `cron` says when, in the time of the server's machine; `job` is the number of the last
-- one; `told` is what came of it, for people; `terms` is what is submitted, as JSON.
CREATE TABLE schedules (
    name  TEXT NOT NULL PRIMARY KEY,
    cron  TEXT NOT NULL,
    site  TEXT NOT NULL,
    terms TEXT NOT NULL,
    next  BIGINT NOT NULL,
    job   BIGINT,
    told  TEXT NOT NULL
);
