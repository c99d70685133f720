-- Plans over several sellers, each confirmed as one intent; where sellers are, coarsely.

-- Hundredths of a degree: about a kilometer.
ALTER TABLE found_offers ADD COLUMN place_lat BIGINT;
ALTER TABLE found_offers ADD COLUMN place_lon BIGINT;

-- What our contracts came to: the history with a provider.
CREATE INDEX contract_cells_final ON contract_cells (contract) WHERE column_name = 'FINAL_ALLOC';

CREATE TABLE plans (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  search_id TEXT NOT NULL REFERENCES searches (transaction_id),
  state TEXT NOT NULL CHECK (state IN ('searching', 'proposed', 'reserving', 'confirming', 'standing', 'partial', 'failed')),
  -- What was wished for, and what was proposed: JSON.
  wish TEXT NOT NULL,
  proposal TEXT,
  -- How often the rest was planned again, and for how many failed parts that was done.
  rounds BIGINT NOT NULL CHECK (rounds >= 0),
  failures_seen BIGINT NOT NULL CHECK (failures_seen >= 0),
  failure_code TEXT,
  failure_message TEXT,
  revision BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX plans_user ON plans (user_id, id);
CREATE INDEX plans_running ON plans (id) WHERE state IN ('searching', 'reserving', 'confirming');

-- One offer of a plan; its transaction is named before it begins, so that it begins once.
CREATE TABLE plan_parts (
  transaction_id TEXT NOT NULL PRIMARY KEY,
  plan_id TEXT NOT NULL REFERENCES plans (id),
  round BIGINT NOT NULL CHECK (round >= 0),
  bpp_id TEXT NOT NULL,
  offer_id TEXT NOT NULL,
  seller_meter TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('planned', 'reserving', 'reserved', 'confirming', 'standing', 'failed', 'released')),
  -- Hours with quantity and price, and why this offer: JSON.
  slots TEXT NOT NULL,
  merits TEXT NOT NULL,
  failure_code TEXT,
  failure_message TEXT,
  created_at BIGINT NOT NULL
);
CREATE INDEX plan_parts_plan ON plan_parts (plan_id, round, transaction_id);

-- What a user waits for: told of by the catalog's pushes, bought within a limit if the user says so.
CREATE TABLE interests (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  -- The offers that were pushed and fit are kept as those of a search.
  search_id TEXT NOT NULL REFERENCES searches (transaction_id),
  state TEXT NOT NULL CHECK (state IN ('active', 'closed')),
  wish TEXT NOT NULL,
  buys BIGINT NOT NULL CHECK (buys IN (0, 1)),
  -- There are offers that no purchase has looked at.
  fresh BIGINT NOT NULL CHECK (fresh IN (0, 1)),
  limit_wh BIGINT NOT NULL,
  limit_paise BIGINT NOT NULL,
  -- Bought, or held for the plan under way.
  used_wh BIGINT NOT NULL CHECK (used_wh >= 0),
  used_paise BIGINT NOT NULL CHECK (used_paise >= 0),
  plan_id TEXT REFERENCES plans (id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CONSTRAINT interests_energy CHECK (used_wh <= limit_wh),
  CONSTRAINT interests_money CHECK (used_paise <= limit_paise)
);
CREATE INDEX interests_user ON interests (user_id, id);
CREATE INDEX interests_active ON interests (id) WHERE state = 'active';
CREATE INDEX interests_buying ON interests (id) WHERE plan_id IS NOT NULL;

-- Our own subscription with the catalog service, while somebody waits for something.
CREATE TABLE catalog_subscriptions (
  service_id TEXT NOT NULL PRIMARY KEY,
  subscription_id TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
