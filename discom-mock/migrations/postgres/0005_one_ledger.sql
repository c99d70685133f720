-- One ledger: the records of the REST interface and the contracts told over the network are the same rows.

-- The contract and the line that a record shows; NULL while nothing of it is a contract here. home: whose ledger this row
-- is in, for a contract that was told over the network and so stands in the ledgers of both sides.
ALTER TABLE rest_records ADD COLUMN contract_id TEXT;
ALTER TABLE rest_records ADD COLUMN commitment_id TEXT;
ALTER TABLE rest_records ADD COLUMN interval_id BIGINT;
ALTER TABLE rest_records ADD COLUMN home TEXT CONSTRAINT rest_records_home CHECK (home IS NULL OR home IN ('BUYER', 'SELLER', 'BOTH'));

CREATE INDEX rest_records_contract ON rest_records (contract_id, ledger_id);

-- Contracts whose cells a platform has not been told of: its ledger tells them when it next looks at their day.
CREATE TABLE ledger_untold (
  ledger_id   TEXT   NOT NULL,
  contract_id TEXT   NOT NULL,
  since       BIGINT NOT NULL,
  PRIMARY KEY (ledger_id, contract_id),
  FOREIGN KEY (ledger_id, contract_id) REFERENCES ledger_contracts (ledger_id, contract_id)
);
