-- A participant of the network: people, meters, offers, contracts, searches, events.
-- Energy is watt-hours, a price is 0.0001 INR per kWh, an instant is microseconds UTC: 64-bit integers on both databases.

CREATE TABLE users (
  id TEXT NOT NULL PRIMARY KEY,
  handle TEXT NOT NULL,
  display_name TEXT NOT NULL,
  token_hash TEXT NOT NULL,
  payout_name TEXT NOT NULL,
  payout_vpa TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_handle ON users (handle);
CREATE UNIQUE INDEX users_token_hash ON users (token_hash);

CREATE TABLE meters (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  meter_id TEXT NOT NULL,
  meter_key TEXT NOT NULL,
  discom_code TEXT NOT NULL,
  customer_number TEXT NOT NULL,
  resource_type TEXT,
  installed_capacity_w INTEGER CHECK (installed_capacity_w >= 0),
  sanctioned_load_w INTEGER CHECK (sanctioned_load_w >= 0),
  verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX meters_key ON meters (meter_key);
CREATE INDEX meters_user ON meters (user_id);

CREATE TABLE offers (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  meter_id TEXT NOT NULL REFERENCES meters (id),
  meter_key TEXT NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('live', 'withdrawn')),
  publish_transaction_id TEXT NOT NULL,
  valid_from INTEGER NOT NULL,
  valid_until INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  published_revision INTEGER NOT NULL,
  publish_state TEXT NOT NULL CHECK (publish_state IN ('pending', 'sent', 'accepted', 'rejected')),
  publish_message_id TEXT,
  publish_error TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX offers_user ON offers (user_id, id);
CREATE INDEX offers_unpublished ON offers (id) WHERE publish_state = 'pending';
CREATE INDEX offers_publish_message ON offers (publish_message_id);

CREATE TABLE offer_slots (
  offer_id TEXT NOT NULL REFERENCES offers (id),
  slot_start INTEGER NOT NULL,
  price INTEGER NOT NULL CHECK (price >= 0),
  published_wh INTEGER NOT NULL CHECK (published_wh >= 0),
  reserved_wh INTEGER NOT NULL CHECK (reserved_wh >= 0),
  sold_wh INTEGER NOT NULL CHECK (sold_wh >= 0),
  PRIMARY KEY (offer_id, slot_start),
  CONSTRAINT offer_slots_stock CHECK (sold_wh + reserved_wh <= published_wh)
) STRICT;

-- What one meter has listed for one slot, over all its offers, against what its panel can give in that hour.
CREATE TABLE meter_slots (
  meter_key TEXT NOT NULL,
  slot_start INTEGER NOT NULL,
  capacity_wh INTEGER CHECK (capacity_wh >= 0),
  listed_wh INTEGER NOT NULL CHECK (listed_wh >= 0),
  PRIMARY KEY (meter_key, slot_start),
  CONSTRAINT meter_slots_capacity CHECK (capacity_wh IS NULL OR listed_wh <= capacity_wh)
) STRICT;

-- What one meter has asked to buy in one slot, over all its contracts, against its sanctioned load.
CREATE TABLE load_slots (
  meter_key TEXT NOT NULL,
  slot_start INTEGER NOT NULL,
  load_wh INTEGER CHECK (load_wh >= 0),
  bought_wh INTEGER NOT NULL CHECK (bought_wh >= 0),
  PRIMARY KEY (meter_key, slot_start),
  CONSTRAINT load_slots_sanctioned CHECK (load_wh IS NULL OR bought_wh <= load_wh)
) STRICT;

CREATE TABLE contracts (
  id TEXT NOT NULL PRIMARY KEY,
  side TEXT NOT NULL CHECK (side IN ('seller', 'buyer')),
  transaction_id TEXT NOT NULL,
  contract_id TEXT,
  user_id TEXT NOT NULL REFERENCES users (id),
  peer_id TEXT NOT NULL,
  peer_uri TEXT NOT NULL,
  network_id TEXT NOT NULL,
  offer_id TEXT NOT NULL,
  seller_meter TEXT NOT NULL,
  buyer_meter TEXT,
  state TEXT NOT NULL CHECK (state IN ('draft', 'quoted', 'reserved', 'offered', 'confirming', 'recording', 'active',
    'standing', 'cancelling', 'cancelled', 'rejected', 'expired', 'disputed')),
  revision INTEGER NOT NULL,
  document BLOB NOT NULL,
  gate_closes_at INTEGER NOT NULL,
  reserved_until INTEGER,
  holds TEXT NOT NULL CHECK (holds IN ('nothing', 'reservation', 'sale')),
  ledger_state TEXT NOT NULL CHECK (ledger_state IN ('none', 'pending', 'recorded', 'refused', 'withdrawing', 'withdrawn')),
  awaiting TEXT,
  answers TEXT,
  preview_digest TEXT,
  cancelled_by TEXT CHECK (cancelled_by IN ('buyer', 'seller', 'ledger')),
  failure_code TEXT,
  failure_message TEXT,
  confirmed_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
-- The side comes last: leading, it would be half of the table, and SQLite would prefer it to the partial indexes.
CREATE UNIQUE INDEX contracts_transaction ON contracts (transaction_id, side);
CREATE UNIQUE INDEX contracts_contract ON contracts (contract_id, side);
CREATE INDEX contracts_user ON contracts (user_id, id);
CREATE INDEX contracts_reserved ON contracts (reserved_until) WHERE state = 'reserved';
CREATE INDEX contracts_open_peer ON contracts (peer_id) WHERE state = 'reserved';
CREATE INDEX contracts_open_meter ON contracts (buyer_meter) WHERE state = 'reserved';
CREATE INDEX contracts_gate ON contracts (gate_closes_at) WHERE state IN ('draft', 'quoted', 'offered', 'confirming', 'recording');

CREATE TABLE contract_slots (
  contract TEXT NOT NULL REFERENCES contracts (id),
  slot_start INTEGER NOT NULL,
  interval_id INTEGER NOT NULL,
  price INTEGER NOT NULL CHECK (price >= 0),
  requested_wh INTEGER NOT NULL CHECK (requested_wh >= 0),
  PRIMARY KEY (contract, slot_start)
) STRICT;

-- Every value that any party wrote, in rounds; never updated.
CREATE TABLE contract_cells (
  contract TEXT NOT NULL REFERENCES contracts (id),
  slot_start INTEGER NOT NULL,
  column_name TEXT NOT NULL,
  round INTEGER NOT NULL,
  value TEXT NOT NULL,
  writer TEXT NOT NULL,
  provenance TEXT NOT NULL CHECK (provenance IN ('direct', 'relayed')),
  message_id TEXT NOT NULL,
  written_at INTEGER NOT NULL,
  PRIMARY KEY (contract, slot_start, column_name, round)
) STRICT;

CREATE TABLE contract_history (
  contract TEXT NOT NULL REFERENCES contracts (id),
  revision INTEGER NOT NULL,
  state TEXT NOT NULL,
  cause TEXT NOT NULL,
  message_id TEXT,
  at INTEGER NOT NULL,
  PRIMARY KEY (contract, revision)
) STRICT;

-- A change that our buyer has asked for: previewed by the seller first, committed on its preview (Beckn 2.0, `try`).
CREATE TABLE pending_changes (
  contract TEXT NOT NULL PRIMARY KEY REFERENCES contracts (id),
  action TEXT NOT NULL CHECK (action IN ('cancel', 'update')),
  phase TEXT NOT NULL CHECK (phase IN ('preview', 'commit')),
  message_id TEXT NOT NULL,
  document BLOB NOT NULL
) STRICT;

CREATE TABLE searches (
  transaction_id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  message_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('sent', 'answered', 'failed')),
  failure_code TEXT,
  failure_message TEXT,
  created_at INTEGER NOT NULL,
  answered_at INTEGER
) STRICT;
CREATE INDEX searches_user ON searches (user_id, created_at);
CREATE INDEX searches_message ON searches (message_id);
CREATE INDEX searches_unanswered ON searches (created_at) WHERE state = 'sent';

CREATE TABLE found_offers (
  transaction_id TEXT NOT NULL REFERENCES searches (transaction_id),
  bpp_id TEXT NOT NULL,
  offer_id TEXT NOT NULL,
  bpp_uri TEXT NOT NULL,
  seller_meter TEXT NOT NULL,
  resource BLOB NOT NULL,
  offer BLOB NOT NULL,
  found_at INTEGER NOT NULL,
  PRIMARY KEY (transaction_id, bpp_id, offer_id)
) STRICT;
CREATE INDEX found_offers_offer ON found_offers (bpp_id, offer_id);

-- What track, rate and support brought back, and what was asked.
CREATE TABLE exchanges (
  message_id TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('seller', 'buyer')),
  transaction_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('track', 'rate', 'support')),
  request TEXT NOT NULL,
  response TEXT,
  failure_code TEXT,
  failure_message TEXT,
  created_at INTEGER NOT NULL,
  answered_at INTEGER,
  PRIMARY KEY (side, message_id)
) STRICT;
CREATE INDEX exchanges_transaction ON exchanges (transaction_id);

CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id TEXT NOT NULL,
  transaction_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX events_user ON events (user_id, seq);
CREATE INDEX events_transaction ON events (transaction_id, seq);

CREATE TABLE idempotency_keys (
  user_id TEXT NOT NULL,
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  status INTEGER NOT NULL,
  body BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, key)
) STRICT;
