-- Of a message whose bytes were destroyed the digest stays; that of a received one is there from the start.
ALTER TABLE outbox ADD COLUMN body_digest TEXT;
