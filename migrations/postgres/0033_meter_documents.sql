-- Bills that users hand in, and the bonus of trust that a good one gives.

-- What was read of a bill, with its evidence; the file itself is not kept. Of a deleted one the grade stays.
CREATE TABLE meter_documents (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  digest TEXT NOT NULL,
  pages BIGINT NOT NULL,
  grade TEXT NOT NULL,
  model TEXT NOT NULL,
  bonus TEXT NOT NULL,
  checks TEXT NOT NULL,
  reading TEXT,
  created_at BIGINT NOT NULL,
  deleted_at BIGINT,
  CONSTRAINT meter_documents_grade CHECK (grade IN ('A', 'B', 'C', 'D'))
);
CREATE INDEX meter_documents_user ON meter_documents (user_id, id);

-- One bonus for each account, each meter and each document, for good.
CREATE TABLE meter_bonuses (
  meter_key TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  digest TEXT NOT NULL,
  document TEXT NOT NULL REFERENCES meter_documents (id),
  at BIGINT NOT NULL
);
CREATE UNIQUE INDEX meter_bonuses_user ON meter_bonuses (user_id);
CREATE UNIQUE INDEX meter_bonuses_digest ON meter_bonuses (digest);

-- How many files a user has handed in since the first one of a day, readable or not.
CREATE TABLE meter_document_days (
  user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
  since BIGINT NOT NULL,
  uploads BIGINT NOT NULL
);
