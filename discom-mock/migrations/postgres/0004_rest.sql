-- The records of the ledger's REST interface, by transaction and order item. A write merges fields; the row is the
-- present state.
CREATE TABLE rest_records (
  ledger_id           TEXT    NOT NULL,
  transaction_id      TEXT    NOT NULL,
  order_item_id       TEXT    NOT NULL,
  record_id           TEXT    NOT NULL,
  platform_buyer      TEXT,
  platform_seller     TEXT,
  discom_buyer        TEXT,
  discom_seller       TEXT,
  buyer_id            TEXT,
  seller_id           TEXT,
  trade_time          BIGINT,
  delivery_start      BIGINT,
  delivery_end        BIGINT,
  document            TEXT    NOT NULL,
  row_digest          TEXT    NOT NULL,
  created_at          BIGINT  NOT NULL,
  version             BIGINT  NOT NULL CONSTRAINT rest_records_version CHECK (version >= 1),
  status_buyer        TEXT,
  status_seller       TEXT,
  PRIMARY KEY (ledger_id, transaction_id, order_item_id)
);

CREATE INDEX rest_records_window ON rest_records (delivery_start, delivery_end);
CREATE INDEX rest_records_key ON rest_records (transaction_id, order_item_id);

-- Writes by the caller's own token: the same token gets the same answer, another body under it is a conflict.
CREATE TABLE rest_writes (
  ledger_id        TEXT    NOT NULL,
  caller           TEXT    NOT NULL,
  target           TEXT    NOT NULL,
  client_reference TEXT    NOT NULL,
  body_digest      TEXT    NOT NULL,
  status           BIGINT  NOT NULL,
  answer           TEXT    NOT NULL,
  written_at       BIGINT  NOT NULL,
  PRIMARY KEY (ledger_id, caller, target, client_reference)
);
