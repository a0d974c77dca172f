-- Batch scripts belong to a project, and are somebody's; nothing: it was submitted before that was written down. The name of a schedule is
-- its project's: a table with another key is made, as SQLite changes no key.
ALTER TABLE jobs ADD COLUMN project TEXT NOT NULL DEFAULT 'default';
ALTER TABLE jobs ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
CREATE TABLE schedules_of_projects (
    project TEXT NOT NULL,
    name    TEXT NOT NULL,
    made_by TEXT NOT NULL,
    cron    TEXT NOT NULL,
    site    TEXT NOT NULL,
    terms   TEXT NOT NULL,
    next    BIGINT NOT NULL,
    job     BIGINT,
    told    TEXT NOT NULL,
    PRIMARY KEY (project, name)
);
INSERT INTO schedules_of_projects (project, name, made_by, cron, site, terms, next, job, told)
    SELECT 'default', name, '', cron, site, terms, next, job, told FROM schedules;
DROP TABLE schedules;
ALTER TABLE schedules_of_projects RENAME TO schedules;
