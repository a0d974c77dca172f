-- An allocation that is one of an array: of all of these, so many are there at once; NULL: it is one of its own.
ALTER TABLE allocations ADD COLUMN at_once BIGINT;
-- What it has used, by the site's account: microseconds of all CPUs, and the bytes of its largest task; NULL: nobody has said it.
ALTER TABLE allocations ADD COLUMN cpu BIGINT;
ALTER TABLE allocations ADD COLUMN memory BIGINT;
