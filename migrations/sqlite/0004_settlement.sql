-- Money: accounts, immutable journals, what is held for trades, dated rates, settled contracts, payments.
-- An amount is paise, credit positive: what this platform owes the account's owner. A rate is 0.0001 INR per kWh.

CREATE TABLE money_accounts (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('user', 'arrears', 'platform', 'discom', 'charge', 'fee', 'rounding', 'clearing',
    'bank')),
  owner TEXT NOT NULL,
  user_id TEXT REFERENCES users (id),
  balance INTEGER NOT NULL,
  held INTEGER NOT NULL CHECK (held >= 0),
  credit_limit INTEGER NOT NULL CHECK (credit_limit >= 0),
  opened_at INTEGER NOT NULL,
  CONSTRAINT money_accounts_limit CHECK (kind <> 'user' OR balance + credit_limit - held >= 0)
) STRICT;
CREATE UNIQUE INDEX money_accounts_owner ON money_accounts (kind, owner);
CREATE INDEX money_accounts_user ON money_accounts (user_id);

-- One event, posted once: the kind and its reference. `at` is market time, `month` that of it in India, 202611.
CREATE TABLE journals (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  reference TEXT NOT NULL,
  contract TEXT REFERENCES contracts (id),
  total_debit INTEGER NOT NULL CHECK (total_debit >= 0),
  total_credit INTEGER NOT NULL CHECK (total_credit >= 0),
  month INTEGER NOT NULL,
  at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  CONSTRAINT journals_balance CHECK (total_debit = total_credit)
) STRICT;
CREATE UNIQUE INDEX journals_reference ON journals (kind, reference);
CREATE INDEX journals_contract ON journals (contract);

CREATE TABLE journal_lines (
  journal TEXT NOT NULL REFERENCES journals (id),
  account TEXT NOT NULL REFERENCES money_accounts (id),
  amount INTEGER NOT NULL,
  held INTEGER NOT NULL,
  PRIMARY KEY (journal, account)
) STRICT;
CREATE INDEX journal_lines_account ON journal_lines (account, journal);

-- What a user's account holds for a contract; `steps` counts its holds and releases.
CREATE TABLE money_holds (
  contract TEXT NOT NULL PRIMARY KEY REFERENCES contracts (id),
  account TEXT NOT NULL REFERENCES money_accounts (id),
  amount INTEGER NOT NULL CHECK (amount >= 0),
  state TEXT NOT NULL CHECK (state IN ('open', 'captured')),
  steps INTEGER NOT NULL
) STRICT;

-- `*` stands for every network, every DISCOM. In force from `valid_from` until a later row of the same kind.
CREATE TABLE money_rates (
  network_id TEXT NOT NULL,
  discom TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('transaction_charge', 'platform_fee', 'wheeling_buyer', 'wheeling_seller',
    'shortfall_penalty')),
  valid_from INTEGER NOT NULL,
  rate INTEGER NOT NULL CHECK (rate >= 0),
  PRIMARY KEY (network_id, discom, kind, valid_from)
) STRICT;

-- One row for each revision of the DISCOMs' final result; `previous` is the one that it corrects.
CREATE TABLE settlements (
  contract TEXT NOT NULL REFERENCES contracts (id),
  revision INTEGER NOT NULL CHECK (revision >= 1),
  previous INTEGER,
  user_id TEXT NOT NULL REFERENCES users (id),
  journal TEXT NOT NULL REFERENCES journals (id),
  discom TEXT NOT NULL,
  traded INTEGER NOT NULL,
  discom_flow INTEGER NOT NULL,
  month INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (contract, revision)
) STRICT;
CREATE INDEX settlements_user ON settlements (user_id, month);

CREATE TABLE settlement_slots (
  contract TEXT NOT NULL,
  revision INTEGER NOT NULL,
  slot_start INTEGER NOT NULL,
  price INTEGER NOT NULL CHECK (price >= 0),
  requested_wh INTEGER NOT NULL CHECK (requested_wh >= 0),
  round1_wh INTEGER CHECK (round1_wh >= 0),
  round2_wh INTEGER CHECK (round2_wh >= 0),
  final_wh INTEGER NOT NULL CHECK (final_wh >= 0 AND final_wh <= requested_wh),
  quality TEXT NOT NULL CHECK (quality IN ('measured', 'estimated', 'outage', 'curtailed')),
  energy INTEGER NOT NULL CHECK (energy >= 0),
  wheeling INTEGER NOT NULL CHECK (wheeling >= 0),
  charge INTEGER NOT NULL CHECK (charge >= 0),
  fee INTEGER NOT NULL CHECK (fee >= 0),
  penalty INTEGER NOT NULL CHECK (penalty >= 0),
  PRIMARY KEY (contract, revision, slot_start),
  FOREIGN KEY (contract, revision) REFERENCES settlements (contract, revision)
) STRICT;

-- Money that crosses our border: with users by the bank, with peer platforms when their clearing account is netted, and
-- what a buyer of ours pays for a trade, by its reference.
CREATE TABLE payments (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('top_up', 'withdrawal', 'trade', 'netting')),
  user_id TEXT REFERENCES users (id),
  peer_id TEXT,
  contract TEXT REFERENCES contracts (id),
  amount INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'paid', 'refused')),
  reference TEXT,
  at INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX payments_reference ON payments (kind, reference);
CREATE INDEX payments_user ON payments (user_id, id);
CREATE INDEX payments_pending ON payments (id) WHERE state = 'pending';
CREATE INDEX payments_peer ON payments (peer_id, at) WHERE kind = 'netting';
CREATE INDEX payments_contract ON payments (contract);

CREATE TRIGGER journals_are_kept BEFORE UPDATE ON journals BEGIN SELECT RAISE(ABORT, 'a journal is never changed'); END;
CREATE TRIGGER journals_stay BEFORE DELETE ON journals BEGIN SELECT RAISE(ABORT, 'a journal is never changed'); END;
CREATE TRIGGER lines_are_kept BEFORE UPDATE ON journal_lines
BEGIN SELECT RAISE(ABORT, 'a journal is never changed'); END;
CREATE TRIGGER lines_stay BEFORE DELETE ON journal_lines BEGIN SELECT RAISE(ABORT, 'a journal is never changed'); END;
