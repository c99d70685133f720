-- Whose score it is that a meter which was given up brings along: it is not held against the same account, which bears it
-- itself. None once that account is erased.
ALTER TABLE meter_marks ADD COLUMN left_by TEXT;
