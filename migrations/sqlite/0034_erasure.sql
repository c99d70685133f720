-- Accounts that were erased. Their rows of money and trades stay under the random id, which names nobody any more.
ALTER TABLE users ADD COLUMN erased_at INTEGER;

-- What is still to be done: `again_at` (real time) is when whatever a request under way has left is taken away,
-- `evidence_until` (market time) when the bytes of messages and the meters' numbers go.
CREATE TABLE erasures (
  user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
  state TEXT NOT NULL CHECK (state IN ('erased', 'swept', 'done')),
  erased_at INTEGER NOT NULL,
  again_at INTEGER NOT NULL,
  evidence_until INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX erasures_again ON erasures (again_at) WHERE state = 'erased';
CREATE INDEX erasures_open ON erasures (evidence_until) WHERE state <> 'done';

-- Bad trust that a meter brings along to whoever claims it anew, under a digest that only this platform can compute.
CREATE TABLE meter_marks (
  digest TEXT NOT NULL PRIMARY KEY,
  score INTEGER NOT NULL CONSTRAINT meter_marks_range CHECK (score >= 0 AND score <= 1000000),
  valid_until INTEGER NOT NULL
) STRICT;
