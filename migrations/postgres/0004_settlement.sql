-- Money: accounts, immutable journals, what is held for trades, dated rates, settled contracts, payments.
-- An amount is paise, credit positive: what this platform owes the account's owner. A rate is 0.0001 INR per kWh.

CREATE TABLE money_accounts (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('user', 'arrears', 'platform', 'discom', 'charge', 'fee', 'rounding', 'clearing',
    'bank')),
  owner TEXT NOT NULL,
  user_id TEXT REFERENCES users (id),
  balance BIGINT NOT NULL,
  held BIGINT NOT NULL CHECK (held >= 0),
  credit_limit BIGINT NOT NULL CHECK (credit_limit >= 0),
  opened_at BIGINT NOT NULL,
  CONSTRAINT money_accounts_limit CHECK (kind <> 'user' OR balance + credit_limit - held >= 0)
);
CREATE UNIQUE INDEX money_accounts_owner ON money_accounts (kind, owner);
CREATE INDEX money_accounts_user ON money_accounts (user_id);

-- One event, posted once: the kind and its reference. `at` is market time, `month` that of it in India, 202611.
CREATE TABLE journals (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  reference TEXT NOT NULL,
  contract TEXT REFERENCES contracts (id),
  total_debit BIGINT NOT NULL CHECK (total_debit >= 0),
  total_credit BIGINT NOT NULL CHECK (total_credit >= 0),
  month BIGINT NOT NULL,
  at BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  CONSTRAINT journals_balance CHECK (total_debit = total_credit)
);
CREATE UNIQUE INDEX journals_reference ON journals (kind, reference);
CREATE INDEX journals_contract ON journals (contract);

CREATE TABLE journal_lines (
  journal TEXT NOT NULL REFERENCES journals (id),
  account TEXT NOT NULL REFERENCES money_accounts (id),
  amount BIGINT NOT NULL,
  held BIGINT NOT NULL,
  PRIMARY KEY (journal, account)
);
CREATE INDEX journal_lines_account ON journal_lines (account, journal);

-- What a user's account holds for a contract; `steps` counts its holds and releases.
CREATE TABLE money_holds (
  contract TEXT NOT NULL PRIMARY KEY REFERENCES contracts (id),
  account TEXT NOT NULL REFERENCES money_accounts (id),
  amount BIGINT NOT NULL CHECK (amount >= 0),
  state TEXT NOT NULL CHECK (state IN ('open', 'captured')),
  steps BIGINT NOT NULL
);

-- `*` stands for every network, every DISCOM. In force from `valid_from` until a later row of the same kind.
CREATE TABLE money_rates (
  network_id TEXT NOT NULL,
  discom TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('transaction_charge', 'platform_fee', 'wheeling_buyer', 'wheeling_seller',
    'shortfall_penalty')),
  valid_from BIGINT NOT NULL,
  rate BIGINT NOT NULL CHECK (rate >= 0),
  PRIMARY KEY (network_id, discom, kind, valid_from)
);

-- One row for each revision of the DISCOMs' final result; `previous` is the one that it corrects.
CREATE TABLE settlements (
  contract TEXT NOT NULL REFERENCES contracts (id),
  revision BIGINT NOT NULL CHECK (revision >= 1),
  previous BIGINT,
  user_id TEXT NOT NULL REFERENCES users (id),
  journal TEXT NOT NULL REFERENCES journals (id),
  discom TEXT NOT NULL,
  traded BIGINT NOT NULL,
  discom_flow BIGINT NOT NULL,
  month BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (contract, revision)
);
CREATE INDEX settlements_user ON settlements (user_id, month);

CREATE TABLE settlement_slots (
  contract TEXT NOT NULL,
  revision BIGINT NOT NULL,
  slot_start BIGINT NOT NULL,
  price BIGINT NOT NULL CHECK (price >= 0),
  requested_wh BIGINT NOT NULL CHECK (requested_wh >= 0),
  round1_wh BIGINT CHECK (round1_wh >= 0),
  round2_wh BIGINT CHECK (round2_wh >= 0),
  final_wh BIGINT NOT NULL CHECK (final_wh >= 0 AND final_wh <= requested_wh),
  quality TEXT NOT NULL CHECK (quality IN ('measured', 'estimated', 'outage', 'curtailed')),
  energy BIGINT NOT NULL CHECK (energy >= 0),
  wheeling BIGINT NOT NULL CHECK (wheeling >= 0),
  charge BIGINT NOT NULL CHECK (charge >= 0),
  fee BIGINT NOT NULL CHECK (fee >= 0),
  penalty BIGINT NOT NULL CHECK (penalty >= 0),
  PRIMARY KEY (contract, revision, slot_start),
  FOREIGN KEY (contract, revision) REFERENCES settlements (contract, revision)
);

-- Money that crosses our border: with users by the bank, with peer platforms when their clearing account is netted, and
-- what a buyer of ours pays for a trade, by its reference.
CREATE TABLE payments (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('top_up', 'withdrawal', 'trade', 'netting')),
  user_id TEXT REFERENCES users (id),
  peer_id TEXT,
  contract TEXT REFERENCES contracts (id),
  amount BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'paid', 'refused')),
  reference TEXT,
  at BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX payments_reference ON payments (kind, reference);
CREATE INDEX payments_user ON payments (user_id, id);
CREATE INDEX payments_pending ON payments (id) WHERE state = 'pending';
CREATE INDEX payments_peer ON payments (peer_id, at) WHERE kind = 'netting';
CREATE INDEX payments_contract ON payments (contract);

CREATE FUNCTION journals_never_change() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'a journal is never changed'; END $$;
CREATE TRIGGER journals_are_kept BEFORE UPDATE OR DELETE ON journals
  FOR EACH ROW EXECUTE FUNCTION journals_never_change();
CREATE TRIGGER lines_are_kept BEFORE UPDATE OR DELETE ON journal_lines
  FOR EACH ROW EXECUTE FUNCTION journals_never_change();
