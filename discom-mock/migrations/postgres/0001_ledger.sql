-- What the ledgers of this process hold. Energy is watt-hours, a price is 0.0001 INR per kWh, instants are
-- microseconds UTC. Nothing is edited: a change of quantity is a new revision with rows of its own.

-- One row per contract and ledger, and the lock under which everything about that contract happens.
-- WITHDRAWN: a cancellation came before the contract did; the contract is then refused when it arrives.
CREATE TABLE ledger_contracts (
  ledger_id      TEXT   NOT NULL,
  contract_id    TEXT   NOT NULL,
  record_id      TEXT   NOT NULL,
  network_id     TEXT   NOT NULL,
  transaction_id TEXT   NOT NULL,
  declared_by    TEXT   NOT NULL,
  status         TEXT   NOT NULL CONSTRAINT ledger_contracts_status CHECK (status IN ('ACTIVE', 'CANCELLED', 'WITHDRAWN')),
  revision       BIGINT NOT NULL CONSTRAINT ledger_contracts_revision CHECK (revision >= 0),
  row_digest     TEXT   NOT NULL,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL,
  PRIMARY KEY (ledger_id, contract_id),
  CONSTRAINT ledger_contracts_recorded CHECK (status = 'WITHDRAWN' OR revision >= 1)
);

CREATE INDEX ledger_contracts_transaction ON ledger_contracts (ledger_id, transaction_id);

CREATE TABLE ledger_revisions (
  ledger_id       TEXT   NOT NULL,
  contract_id     TEXT   NOT NULL,
  revision        BIGINT NOT NULL CONSTRAINT ledger_revisions_number CHECK (revision >= 1),
  buyer_platform  TEXT   NOT NULL,
  buyer_discom    TEXT   NOT NULL,
  buyer_ledger    TEXT   NOT NULL,
  buyer_meter     TEXT   NOT NULL CONSTRAINT ledger_revisions_buyer_meter CHECK (buyer_meter <> ''),
  seller_platform TEXT   NOT NULL,
  seller_discom   TEXT   NOT NULL,
  seller_ledger   TEXT   NOT NULL,
  seller_meter    TEXT   NOT NULL CONSTRAINT ledger_revisions_seller_meter CHECK (seller_meter <> ''),
  content_digest  TEXT   NOT NULL,
  document        TEXT   NOT NULL,
  recorded_by     TEXT   NOT NULL,
  recorded_at     BIGINT NOT NULL,
  PRIMARY KEY (ledger_id, contract_id, revision),
  FOREIGN KEY (ledger_id, contract_id) REFERENCES ledger_contracts (ledger_id, contract_id)
);

CREATE TABLE ledger_rows (
  ledger_id     TEXT   NOT NULL,
  contract_id   TEXT   NOT NULL,
  revision      BIGINT NOT NULL,
  commitment_id TEXT   NOT NULL,
  interval_id   BIGINT NOT NULL,
  slot          BIGINT NOT NULL,
  price         BIGINT NOT NULL CONSTRAINT ledger_rows_price CHECK (price >= 0),
  requested_wh  BIGINT NOT NULL CONSTRAINT ledger_rows_requested CHECK (requested_wh > 0),
  PRIMARY KEY (ledger_id, contract_id, revision, commitment_id, interval_id),
  FOREIGN KEY (ledger_id, contract_id, revision)
    REFERENCES ledger_revisions (ledger_id, contract_id, revision)
);

-- Who withdrew a contract before it was recorded; it binds only the platforms of that contract.
CREATE TABLE ledger_withdrawals (
  ledger_id    TEXT   NOT NULL,
  contract_id  TEXT   NOT NULL,
  platform     TEXT   NOT NULL,
  withdrawn_at BIGINT NOT NULL,
  PRIMARY KEY (ledger_id, contract_id, platform),
  FOREIGN KEY (ledger_id, contract_id) REFERENCES ledger_contracts (ledger_id, contract_id)
);

-- What stands recorded per meter, direction and delivery slot: the sum over all standing contracts of this ledger,
-- whichever platform they came from. A limit that is not known is NULL.
CREATE TABLE ledger_headroom (
  ledger_id   TEXT   NOT NULL,
  meter       TEXT   NOT NULL,
  side        TEXT   NOT NULL CONSTRAINT ledger_headroom_side CHECK (side IN ('BUYER', 'SELLER')),
  slot        BIGINT NOT NULL,
  recorded_wh BIGINT NOT NULL CONSTRAINT ledger_headroom_recorded CHECK (recorded_wh >= 0),
  limit_wh    BIGINT CONSTRAINT ledger_headroom_limit CHECK (limit_wh IS NULL OR limit_wh >= recorded_wh),
  PRIMARY KEY (ledger_id, meter, side, slot)
);
