-- What persons decided about deliveries that nothing else could settle, and since when a delivery waits for one.
ALTER TABLE deliveries ADD COLUMN excepted_at BIGINT;

-- Never changed. `said` is what the delivery stood on when it was decided, JSON; `settlement` is the number of what was
-- booked by it, 0 for nothing. Instants are real time.
CREATE TABLE delivery_decisions (
  id TEXT NOT NULL PRIMARY KEY,
  contract TEXT NOT NULL REFERENCES contracts (id),
  decision TEXT NOT NULL CHECK (decision IN ('accept', 'keep', 'close')),
  reason TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  said TEXT NOT NULL,
  settlement BIGINT NOT NULL CHECK (settlement >= 0),
  decided_at BIGINT NOT NULL
);
CREATE INDEX delivery_decisions_contract ON delivery_decisions (contract, decided_at);

CREATE FUNCTION decisions_never_change() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'a decision is never changed'; END $$;
CREATE TRIGGER decisions_are_kept BEFORE UPDATE OR DELETE ON delivery_decisions
  FOR EACH ROW EXECUTE FUNCTION decisions_never_change();
