-- Batch scripts belong to a project, and are somebody's; nothing: it was submitted before that was written down. The name of a schedule is
-- its project's.
ALTER TABLE jobs ADD COLUMN project TEXT NOT NULL DEFAULT 'default';
ALTER TABLE jobs ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
ALTER TABLE schedules ADD COLUMN project TEXT NOT NULL DEFAULT 'default';
ALTER TABLE schedules ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
ALTER TABLE schedules DROP CONSTRAINT schedules_pkey;
ALTER TABLE schedules ADD PRIMARY KEY (project, name);
