-- Which of the processes that keep pools with this store at the same time has asked for an allocation: the number of its seat.
ALTER TABLE allocations ADD COLUMN seat BIGINT NOT NULL DEFAULT 1;
