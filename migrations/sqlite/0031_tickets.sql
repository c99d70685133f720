-- By what the user was let in who asked for a ticket: the stream that it opens ends with that. A ticket of before is none.
ALTER TABLE event_tickets ADD COLUMN granted_by TEXT NOT NULL DEFAULT '';
