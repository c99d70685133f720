-- Signing in at an issuer elsewhere (OpenID Connect), and what people have agreed to.

-- Sign-ins on their way to an issuer: one use, ten minutes, for the browser that holds the secret of browser_hash.
CREATE TABLE sign_in_attempts (
  state_hash TEXT NOT NULL PRIMARY KEY,
  browser_hash TEXT NOT NULL,
  provider TEXT NOT NULL,
  nonce TEXT NOT NULL,
  verifier TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sign_in_attempts_expired ON sign_in_attempts (expires_at);

-- Whom an issuer vouches for. The pair names a person for good; addresses and names may change.
CREATE TABLE external_logins (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id),
  created_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX external_logins_user ON external_logins (user_id);

-- One row each time somebody agrees or takes it back; rows never change, the newest of a purpose counts.
CREATE TABLE consents (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  purpose TEXT NOT NULL,
  version TEXT NOT NULL,
  granted BIGINT NOT NULL CONSTRAINT consents_granted CHECK (granted IN (0, 1)),
  at BIGINT NOT NULL
);
CREATE INDEX consents_user ON consents (user_id, id);
