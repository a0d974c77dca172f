-- What moving a study between stores needs to remember, so that a move that was cut off can be gone on with.
-- `moving`: nothing; 'arriving' while results are still being copied in (not shown, not driven); else 'leaving' and where to.
ALTER TABLE studies ADD COLUMN moving TEXT;
-- Of a study that was copied in: which study of which store it was.
ALTER TABLE studies ADD COLUMN origin TEXT;
-- Counts how often the study was taken by a process: whoever has an older number may not commit. Of PostgreSQL alone; the lock of a
-- directory cannot be lost while its process lives.
ALTER TABLE studies ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
