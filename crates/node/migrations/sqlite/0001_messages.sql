-- Messages of a participant, both ways, with what is needed to finish them after a crash. Times are UTC microseconds.

CREATE TABLE inbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL CONSTRAINT inbox_id_unique UNIQUE,
    receiver TEXT NOT NULL,
    sender TEXT NOT NULL,
    key_id TEXT NOT NULL,
    action TEXT NOT NULL,
    message_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    body_digest TEXT NOT NULL,
    -- The digest for a callback, empty for a request: a request may come once, a callback once in each form.
    dedupe TEXT NOT NULL,
    path TEXT NOT NULL,
    headers TEXT NOT NULL,
    authorization_header TEXT NOT NULL,
    body BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    state TEXT NOT NULL CONSTRAINT inbox_state CHECK (state IN ('queued', 'working', 'done', 'failed')),
    lease_until INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0 CONSTRAINT inbox_attempts CHECK (attempts >= 0),
    not_before INTEGER NOT NULL,
    finished_at INTEGER,
    error_code TEXT,
    reply_status INTEGER NOT NULL,
    reply_headers TEXT NOT NULL,
    reply_body BLOB NOT NULL,
    CONSTRAINT inbox_once UNIQUE (receiver, sender, action, message_id, dedupe)
) STRICT;

CREATE INDEX inbox_due ON inbox (not_before) WHERE state IN ('queued', 'working');
CREATE INDEX inbox_order ON inbox (receiver, transaction_id, seq) WHERE state IN ('queued', 'working');
CREATE INDEX inbox_prune ON inbox (received_at, action) WHERE state = 'done';
CREATE INDEX inbox_transaction ON inbox (transaction_id);

CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL CONSTRAINT outbox_id_unique UNIQUE,
    sender TEXT NOT NULL,
    target TEXT NOT NULL,
    face TEXT NOT NULL,
    action TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    body BLOB NOT NULL,
    answers TEXT,
    purpose TEXT NOT NULL,
    reference TEXT,
    state TEXT NOT NULL CONSTRAINT outbox_state
        CHECK (state IN ('queued', 'sending', 'delivered', 'refused', 'expired', 'dead')),
    not_before INTEGER NOT NULL,
    deadline INTEGER,
    lease_until INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0 CONSTRAINT outbox_attempts_count CHECK (attempts >= 0),
    refusals INTEGER NOT NULL DEFAULT 0 CONSTRAINT outbox_refusals CHECK (refusals >= 0),
    outcome TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;

CREATE INDEX outbox_due ON outbox (not_before) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_order ON outbox (transaction_id, target, seq) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_message ON outbox (message_id);
CREATE INDEX outbox_transaction ON outbox (transaction_id);

CREATE TABLE outbox_attempts (
    outbox_id TEXT NOT NULL CONSTRAINT outbox_attempts_of REFERENCES outbox (id),
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    -- Kept before the first byte leaves: the callback that it is chained to may come before our answer is stored.
    authorization_header TEXT NOT NULL,
    url TEXT,
    duration_us INTEGER,
    status INTEGER,
    response_headers TEXT,
    response_body BLOB,
    error TEXT,
    response_verified INTEGER NOT NULL DEFAULT 0 CONSTRAINT outbox_attempts_verified CHECK (response_verified IN (0, 1)),
    PRIMARY KEY (outbox_id, number)
) STRICT;

CREATE INDEX outbox_attempts_at ON outbox_attempts (at, outbox_id, number);

CREATE TABLE peers (
    subscriber_id TEXT PRIMARY KEY NOT NULL,
    callback_signing TEXT CONSTRAINT peers_signing CHECK (callback_signing IN ('plain', 'chained', 'onix_full_header')),
    pinned INTEGER NOT NULL DEFAULT 0 CONSTRAINT peers_pinned CHECK (pinned IN (0, 1)),
    fail_count INTEGER NOT NULL DEFAULT 0 CONSTRAINT peers_fail_count CHECK (fail_count >= 0),
    next_try_at INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    ack_shape TEXT,
    last_seen_at INTEGER
) STRICT;
