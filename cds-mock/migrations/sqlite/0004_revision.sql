-- How often more than one offer of a catalog has changed at once: an answer that has read two of them is read again.
ALTER TABLE catalogs ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
