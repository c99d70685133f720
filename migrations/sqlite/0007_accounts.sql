-- Accounts: what a user may do here, and how people show who they are.

ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'prosumer'
  CONSTRAINT users_role CHECK (role IN ('prosumer', 'consumer', 'producer', 'utility', 'admin'));
-- The desk of this DISCOM; only a utility has one.
ALTER TABLE users ADD COLUMN discom_code TEXT
  CONSTRAINT users_discom CHECK ((discom_code IS NOT NULL) = (role = 'utility'));
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT 'en';
