-- Issuers that an account has let go, and how many credentials a user hands in.

-- The account that the pair of issuer and subject opened, until its owner let the issuer go: that an address is the same
-- links them no more.
CREATE TABLE unlinked_logins (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id),
  at INTEGER NOT NULL,
  PRIMARY KEY (issuer, subject, user_id)
) STRICT;
CREATE INDEX unlinked_logins_user ON unlinked_logins (user_id);

-- How many files a user has handed in as credentials since the first one of an hour, readable or not.
CREATE TABLE credential_hours (
  user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
  since INTEGER NOT NULL,
  uploads INTEGER NOT NULL
) STRICT;
