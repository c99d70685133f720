-- Trust: what each user has shown, why, and how much may be traded by it. A score is millionths, 0 to 1000000.

ALTER TABLE users ADD COLUMN monthly_production_wh INTEGER
  CONSTRAINT users_monthly_production CHECK (monthly_production_wh >= 0);
ALTER TABLE users ADD COLUMN production_verified INTEGER NOT NULL DEFAULT 0
  CONSTRAINT users_production_verified CHECK (production_verified IN (0, 1));
ALTER TABLE users ADD COLUMN monthly_consumption_wh INTEGER
  CONSTRAINT users_monthly_consumption CHECK (monthly_consumption_wh >= 0);

CREATE TABLE trust_scores (
  user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
  score INTEGER NOT NULL,
  changes INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CONSTRAINT trust_scores_range CHECK (score >= 0 AND score <= 1000000)
) STRICT;

-- Never updated: the score is the fold of these rows. A correction is another round of its contract and side.
CREATE TABLE trust_changes (
  user_id TEXT NOT NULL REFERENCES users (id),
  seq INTEGER NOT NULL,
  cause TEXT NOT NULL,
  contract TEXT,
  side TEXT,
  round INTEGER,
  expected_wh INTEGER,
  delivered_wh INTEGER,
  delta INTEGER NOT NULL,
  score_before INTEGER NOT NULL,
  score_after INTEGER NOT NULL,
  arithmetic TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (user_id, seq),
  CONSTRAINT trust_changes_cause CHECK (cause IN ('opening', 'delivered', 'partial', 'failed', 'excused', 'cancelled',
    'meter_data', 'correction')),
  CONSTRAINT trust_changes_side CHECK (side IN ('seller', 'buyer')),
  CONSTRAINT trust_changes_range CHECK (score_after >= 0 AND score_after <= 1000000)
) STRICT;
CREATE UNIQUE INDEX trust_changes_contract ON trust_changes (contract, side, round);
CREATE UNIQUE INDEX trust_changes_meter_data ON trust_changes (user_id) WHERE cause = 'meter_data';

-- What a user has listed, or bought, for the slots of one month of India. `ceiling_wh` is the limit that the last
-- consumption was held against: so a consumption past its limit is refused here, and a limit that falls later
-- touches nothing that stands.
CREATE TABLE trade_quotas (
  user_id TEXT NOT NULL REFERENCES users (id),
  kind TEXT NOT NULL,
  month TEXT NOT NULL,
  used_wh INTEGER NOT NULL,
  ceiling_wh INTEGER NOT NULL,
  PRIMARY KEY (user_id, kind, month),
  CONSTRAINT trade_quotas_kind CHECK (kind IN ('listing', 'purchase')),
  CONSTRAINT trade_quotas_used CHECK (used_wh >= 0),
  CONSTRAINT trade_quotas_ceiling CHECK (used_wh <= ceiling_wh)
) STRICT;

-- What a slot of an offer uses of its user's quota. What was listed before there were quotas uses none.
ALTER TABLE offer_slots ADD COLUMN quota_wh INTEGER NOT NULL DEFAULT 0
  CONSTRAINT offer_slots_quota CHECK (quota_wh >= 0);
-- 1 once its gate has closed and what was not sold has gone back to the quota.
ALTER TABLE offer_slots ADD COLUMN lapsed INTEGER NOT NULL DEFAULT 0
  CONSTRAINT offer_slots_lapsed CHECK (lapsed IN (0, 1));
CREATE INDEX offer_slots_current ON offer_slots (slot_start) WHERE lapsed = 0;

-- What the meters of other platforms delivered to our buyers; a provider is a platform and a meter (ruling 19).
CREATE TABLE provider_history (
  bpp_id TEXT NOT NULL,
  meter_key TEXT NOT NULL,
  contract TEXT NOT NULL,
  revision INTEGER NOT NULL,
  requested_wh INTEGER NOT NULL,
  delivered_wh INTEGER NOT NULL,
  share INTEGER NOT NULL,
  settled_at INTEGER NOT NULL,
  PRIMARY KEY (bpp_id, meter_key, contract),
  CONSTRAINT provider_history_share CHECK (share >= 0 AND share <= 1000000)
) STRICT;
