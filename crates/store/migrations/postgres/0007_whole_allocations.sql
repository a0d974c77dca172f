-- The only study whose runs an allocation is for, each with an allocation of its own; NULL: it is shared.
ALTER TABLE allocations ADD COLUMN study BIGINT;
