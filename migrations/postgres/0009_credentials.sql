-- Proofs: energy credentials, claimed meters, and what users say of their roofs and households.

-- 1 where the user said it and nobody else: it counts as far as the connection goes.
ALTER TABLE users ADD COLUMN consumption_claimed BIGINT NOT NULL DEFAULT 0
  CONSTRAINT users_consumption_claimed CHECK (consumption_claimed IN (0, 1));
-- A meter that its account gave up: nobody's, until it is claimed again.
ALTER TABLE meters ADD COLUMN released_at BIGINT;

-- What a user says; what is proven stands at the meters.
CREATE TABLE user_profiles (
  user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
  installed_capacity_w BIGINT,
  sanctioned_load_w BIGINT,
  discom_code TEXT,
  customer_number TEXT,
  battery_capacity_wh BIGINT,
  battery_level BIGINT,
  latitude BIGINT,
  longitude BIGINT,
  updated_at BIGINT NOT NULL,
  CONSTRAINT user_profiles_power CHECK (installed_capacity_w >= 0 AND sanctioned_load_w >= 0),
  CONSTRAINT user_profiles_battery CHECK (battery_capacity_wh >= 0 AND battery_level >= 0 AND battery_level <= 100),
  CONSTRAINT user_profiles_place CHECK (latitude BETWEEN -9000 AND 9000 AND longitude BETWEEN -18000 AND 18000)
);

-- Every credential that was handed in, whatever came of it. Of a deleted one the judgment stays, not what it says.
CREATE TABLE credentials (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  digest TEXT NOT NULL,
  form TEXT NOT NULL,
  kind TEXT,
  issuer TEXT,
  discom_code TEXT,
  verdict TEXT NOT NULL,
  checks TEXT NOT NULL,
  claims TEXT,
  valid_from BIGINT,
  valid_until BIGINT,
  created_at BIGINT NOT NULL,
  deleted_at BIGINT,
  CONSTRAINT credentials_verdict CHECK (verdict IN ('verified', 'refused')),
  CONSTRAINT credentials_form CHECK (form IN ('json', 'jwt', 'pdf'))
);
CREATE INDEX credentials_user ON credentials (user_id, id);

-- Every try to claim a meter, also those that were refused.
CREATE TABLE meter_claims (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  meter_key TEXT NOT NULL,
  method TEXT NOT NULL,
  outcome TEXT NOT NULL,
  at BIGINT NOT NULL,
  CONSTRAINT meter_claims_method CHECK (method IN ('credential', 'key')),
  CONSTRAINT meter_claims_outcome CHECK (outcome IN ('asked', 'claimed', 'too_often', 'not_proven', 'taken', 'unanswered'))
);
CREATE INDEX meter_claims_user ON meter_claims (user_id, at);

-- Why a meter is verified, and what each proof says of it; the newest that says something counts.
CREATE TABLE meter_proofs (
  id TEXT NOT NULL PRIMARY KEY,
  meter_key TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id),
  source TEXT NOT NULL,
  credential TEXT REFERENCES credentials (id),
  resource_type TEXT,
  installed_capacity_w BIGINT,
  sanctioned_load_w BIGINT,
  valid_until BIGINT,
  at BIGINT NOT NULL,
  ended_at BIGINT,
  CONSTRAINT meter_proofs_source CHECK (source IN ('operator', 'discom', 'credential')),
  CONSTRAINT meter_proofs_power CHECK (installed_capacity_w >= 0 AND sanctioned_load_w >= 0)
);
CREATE INDEX meter_proofs_meter ON meter_proofs (meter_key, at);
CREATE INDEX meter_proofs_ending ON meter_proofs (valid_until) WHERE ended_at IS NULL;
