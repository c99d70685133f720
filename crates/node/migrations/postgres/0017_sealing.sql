-- The data key of each transaction's messages, wrapped under the key that the operator keeps (ruling 10). Whoever deletes
-- a row deletes the bytes of that transaction.
CREATE TABLE message_keys (
    transaction_id TEXT PRIMARY KEY NOT NULL,
    wrapped BYTEA NOT NULL
);

-- Whether the operator's key is the one that all of this was sealed under.
CREATE TABLE storage_check (
    id BIGINT PRIMARY KEY NOT NULL CONSTRAINT storage_check_one CHECK (id = 1),
    wrapped BYTEA NOT NULL
);

-- Body and answer.
ALTER TABLE inbox ADD COLUMN sealed BIGINT NOT NULL DEFAULT 0 CONSTRAINT inbox_sealed CHECK (sealed IN (0, 1));
ALTER TABLE outbox ADD COLUMN sealed BIGINT NOT NULL DEFAULT 0 CONSTRAINT outbox_sealed CHECK (sealed IN (0, 1));
-- The answer.
ALTER TABLE outbox_attempts ADD COLUMN sealed BIGINT NOT NULL DEFAULT 0
    CONSTRAINT outbox_attempts_sealed CHECK (sealed IN (0, 1));
