-- What a client was answered under an idempotency key, and tickets for event streams of browsers.

-- While `leased_until` is not 0, a request is being worked off, and until then nobody else begins with it.
CREATE TABLE answers (
  user_id TEXT NOT NULL,
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  leased_until INTEGER NOT NULL,
  status INTEGER NOT NULL DEFAULT 0,
  headers TEXT NOT NULL DEFAULT '',
  body BLOB NOT NULL DEFAULT x'',
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, key)
) STRICT;
CREATE INDEX answers_created ON answers (created_at);

-- A ticket opens one stream and is gone; only its hash is kept.
CREATE TABLE event_tickets (
  hash TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX event_tickets_user ON event_tickets (user_id);
