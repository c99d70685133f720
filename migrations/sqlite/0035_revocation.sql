-- Whether a verified credential is still not revoked: asked again and again, as long as it proves something.

-- Where its revocation stands, and none where it names no registry; when it is to be asked next.
ALTER TABLE credentials ADD COLUMN status_url TEXT;
ALTER TABLE credentials ADD COLUMN status_due INTEGER;
-- Since when nobody gives a usable answer, and since when it therefore proves nothing for the time being.
ALTER TABLE credentials ADD COLUMN doubted_at INTEGER;
ALTER TABLE credentials ADD COLUMN suspended_at INTEGER;
-- For good.
ALTER TABLE credentials ADD COLUMN revoked_at INTEGER;
CREATE INDEX credentials_status ON credentials (status_due) WHERE status_due IS NOT NULL;
UPDATE credentials SET status_due = created_at WHERE verdict = 'verified' AND deleted_at IS NULL;

-- 1 while its credential is suspended: it counts again when that is over.
ALTER TABLE meter_proofs ADD COLUMN suspended INTEGER NOT NULL DEFAULT 0
  CONSTRAINT meter_proofs_suspended CHECK (suspended IN (0, 1));
CREATE INDEX meter_proofs_credential ON meter_proofs (credential) WHERE ended_at IS NULL;
