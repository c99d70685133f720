-- A plan can be cancelled as a whole; a subscription that was lost is made anew, and what was missed is searched for.

-- SQLite changes no CHECK: the table is written anew, and with it those that refer to it.
CREATE TABLE plans_anew (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  search_id TEXT NOT NULL REFERENCES searches (transaction_id),
  state TEXT NOT NULL CHECK (state IN ('searching', 'proposed', 'reserving', 'confirming', 'standing', 'partial', 'failed', 'cancelling', 'cancelled')),
  -- What was wished for, and what was proposed: JSON.
  wish TEXT NOT NULL,
  proposal TEXT,
  -- How often the rest was planned again, and for how many failed parts that was done.
  rounds INTEGER NOT NULL CHECK (rounds >= 0),
  failures_seen INTEGER NOT NULL CHECK (failures_seen >= 0),
  failure_code TEXT,
  failure_message TEXT,
  revision INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
INSERT INTO plans_anew (id, user_id, search_id, state, wish, proposal, rounds, failures_seen, failure_code, failure_message, revision, created_at, updated_at)
SELECT id, user_id, search_id, state, wish, proposal, rounds, failures_seen, failure_code, failure_message, revision, created_at, updated_at FROM plans;

CREATE TABLE plan_parts_anew (
  transaction_id TEXT NOT NULL PRIMARY KEY,
  plan_id TEXT NOT NULL REFERENCES plans_anew (id),
  round INTEGER NOT NULL CHECK (round >= 0),
  bpp_id TEXT NOT NULL,
  offer_id TEXT NOT NULL,
  seller_meter TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('planned', 'reserving', 'reserved', 'confirming', 'standing', 'failed', 'released', 'cancelling', 'cancelled')),
  -- Hours with quantity and price, and why this offer: JSON.
  slots TEXT NOT NULL,
  merits TEXT NOT NULL,
  failure_code TEXT,
  failure_message TEXT,
  created_at INTEGER NOT NULL
) STRICT;
INSERT INTO plan_parts_anew (transaction_id, plan_id, round, bpp_id, offer_id, seller_meter, state, slots, merits, failure_code, failure_message, created_at)
SELECT transaction_id, plan_id, round, bpp_id, offer_id, seller_meter, state, slots, merits, failure_code, failure_message, created_at FROM plan_parts;

CREATE TABLE interests_anew (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  -- The offers that were pushed and fit are kept as those of a search.
  search_id TEXT NOT NULL REFERENCES searches (transaction_id),
  state TEXT NOT NULL CHECK (state IN ('active', 'closed')),
  wish TEXT NOT NULL,
  buys INTEGER NOT NULL CHECK (buys IN (0, 1)),
  -- There are offers that no purchase has looked at.
  fresh INTEGER NOT NULL CHECK (fresh IN (0, 1)),
  limit_wh INTEGER NOT NULL,
  limit_paise INTEGER NOT NULL,
  -- Bought, or held for the plan under way.
  used_wh INTEGER NOT NULL CHECK (used_wh >= 0),
  used_paise INTEGER NOT NULL CHECK (used_paise >= 0),
  plan_id TEXT REFERENCES plans_anew (id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CONSTRAINT interests_energy CHECK (used_wh <= limit_wh),
  CONSTRAINT interests_money CHECK (used_paise <= limit_paise)
) STRICT;
INSERT INTO interests_anew (id, user_id, search_id, state, wish, buys, fresh, limit_wh, limit_paise, used_wh, used_paise, plan_id, created_at, updated_at)
SELECT id, user_id, search_id, state, wish, buys, fresh, limit_wh, limit_paise, used_wh, used_paise, plan_id, created_at, updated_at FROM interests;

DROP TABLE plan_parts;
DROP TABLE interests;
DROP TABLE plans;
ALTER TABLE plans_anew RENAME TO plans;
ALTER TABLE plan_parts_anew RENAME TO plan_parts;
ALTER TABLE interests_anew RENAME TO interests;

CREATE INDEX plans_user ON plans (user_id, id);
CREATE INDEX plans_running ON plans (id) WHERE state IN ('searching', 'reserving', 'confirming', 'cancelling');
CREATE INDEX plan_parts_plan ON plan_parts (plan_id, round, transaction_id);
CREATE INDEX interests_user ON interests (user_id, id);
CREATE INDEX interests_active ON interests (id) WHERE state = 'active';
CREATE INDEX interests_buying ON interests (id) WHERE plan_id IS NOT NULL;

-- When the subscription was last seen with the service. The search for what was missed: its transaction, when it was last
-- asked, when it was answered; none when nothing was missed.
ALTER TABLE catalog_subscriptions ADD COLUMN checked_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE catalog_subscriptions ADD COLUMN catch_up_id TEXT;
ALTER TABLE catalog_subscriptions ADD COLUMN catch_up_asked_at INTEGER;
ALTER TABLE catalog_subscriptions ADD COLUMN caught_up_at INTEGER;
CREATE INDEX catalog_subscriptions_catch_up ON catalog_subscriptions (catch_up_id);
