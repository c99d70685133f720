-- Codes that were sent to addresses which users want to add to their accounts: one of each kind. Of a code there is a hash
-- under a key that is not in the database.
CREATE TABLE address_proofs (
  user_id TEXT NOT NULL REFERENCES users (id),
  kind TEXT NOT NULL CHECK (kind IN ('email', 'phone')),
  address TEXT NOT NULL,
  code_hash TEXT NOT NULL,
  tries INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, kind)
) STRICT;
CREATE INDEX address_proofs_expired ON address_proofs (expires_at);
