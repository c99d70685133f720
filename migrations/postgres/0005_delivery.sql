-- What becomes of a confirmed contract: awaited from the DISCOMs, settled, or a case for a person.
-- Instants are of the market's clock but for settled_at and told_at.
CREATE TABLE deliveries (
  contract TEXT NOT NULL PRIMARY KEY REFERENCES contracts (id),
  state TEXT NOT NULL CHECK (state IN ('awaited', 'told', 'settled', 'exception', 'void')),
  ends_at BIGINT NOT NULL,
  check_at BIGINT NOT NULL,
  asked BIGINT NOT NULL CHECK (asked >= 0),
  settlement BIGINT NOT NULL CHECK (settlement >= 0),
  digest TEXT,
  reason TEXT,
  settled_at BIGINT,
  CONSTRAINT deliveries_settled CHECK (settlement = 0 OR (digest IS NOT NULL AND settled_at IS NOT NULL))
);
CREATE INDEX deliveries_due ON deliveries (check_at) WHERE state IN ('awaited', 'told', 'exception');

-- How each holder of a copy last told the contract's table, and in which cells it differed from ours.
CREATE TABLE contract_copies (
  contract TEXT NOT NULL REFERENCES contracts (id),
  holder TEXT NOT NULL,
  digest TEXT NOT NULL,
  differs TEXT NOT NULL,
  told_at BIGINT NOT NULL,
  PRIMARY KEY (contract, holder)
);

-- What stands already is awaited too.
INSERT INTO deliveries (contract, state, ends_at, check_at, asked, settlement)
SELECT c.id, 'awaited', MAX(s.slot_start) + 3600000000, MAX(s.slot_start) + 3600000000, 0, 0
FROM contracts c JOIN contract_slots s ON s.contract = c.id
WHERE c.state IN ('active', 'standing') AND s.requested_wh > 0 GROUP BY c.id;
