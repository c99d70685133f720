-- Accounts: what a user may do here, how people show who they are, and where they are signed in.
-- Whatever opens an account is stored as a hash: of passwords a slow one, of what is long and random a plain one, of
-- six digits one under a key that is not in the database.

ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'prosumer'
  CONSTRAINT users_role CHECK (role IN ('prosumer', 'consumer', 'producer', 'utility', 'admin'));
-- The desk of this DISCOM; only a utility has one.
ALTER TABLE users ADD COLUMN discom_code TEXT
  CONSTRAINT users_discom CHECK ((discom_code IS NOT NULL) = (role = 'utility'));
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT 'en';
-- 1 once an address of the user was checked, and for everybody whom the operator entered.
ALTER TABLE users ADD COLUMN verified BIGINT NOT NULL DEFAULT 1
  CONSTRAINT users_verified CHECK (verified IN (0, 1));
ALTER TABLE users ADD COLUMN locked_at BIGINT;

CREATE TABLE logins (
  user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
  email TEXT,
  email_verified BIGINT NOT NULL CHECK (email_verified IN (0, 1)),
  phone TEXT,
  password_hash TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX logins_email ON logins (email);
CREATE UNIQUE INDEX logins_phone ON logins (phone);

-- The one code of a number that is good now. The number itself stands nowhere before it was shown to be somebody's.
CREATE TABLE phone_codes (
  phone_hash TEXT NOT NULL PRIMARY KEY,
  code_hash TEXT NOT NULL,
  tries BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  sent BIGINT NOT NULL,
  window_at BIGINT NOT NULL
);
CREATE INDEX phone_codes_window ON phone_codes (window_at);

-- Links that were sent by e-mail, each good once.
CREATE TABLE mail_links (
  token_hash TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  kind TEXT NOT NULL CHECK (kind IN ('verify', 'reset')),
  expires_at BIGINT NOT NULL
);
CREATE INDEX mail_links_user ON mail_links (user_id, kind);

CREATE TABLE sessions (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  way TEXT NOT NULL,
  device TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ended_at BIGINT,
  ended_by TEXT CHECK (ended_by IN ('user', 'reuse', 'password', 'lock', 'room'))
);
CREATE INDEX sessions_user ON sessions (user_id, id);
CREATE INDEX sessions_expired ON sessions (expires_at);

-- Every refresh token of a session: one is unused, and a used one that comes again ends the session.
CREATE TABLE refresh_tokens (
  token_hash TEXT NOT NULL PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES sessions (id),
  expires_at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

CREATE TABLE api_tokens (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  token_hash TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT,
  revoked_at BIGINT
);
CREATE UNIQUE INDEX api_tokens_hash ON api_tokens (token_hash);
CREATE INDEX api_tokens_user ON api_tokens (user_id, id);

-- Public keys of access tokens, of every instance on this database. The private ones are nowhere: each instance
-- derives its own from its signing key.
CREATE TABLE access_keys (
  kid TEXT NOT NULL PRIMARY KEY,
  public_key TEXT NOT NULL,
  verifies_until BIGINT NOT NULL
);

CREATE INDEX meters_discom ON meters (discom_code, id);
