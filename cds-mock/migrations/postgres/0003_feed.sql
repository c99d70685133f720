-- The feed: what was published, who is to be told of it, and how far each has been told. Times are UTC microseconds;
-- lists of texts are lines.

-- One row. Its lock gives publications their numbers in the order of their commits, so that a reader that has seen a
-- number has seen all before it. What was pruned is not there any more.
CREATE TABLE feed_counter (
    one BIGINT PRIMARY KEY CONSTRAINT feed_counter_one CHECK (one = 1),
    last BIGINT NOT NULL,
    pruned BIGINT NOT NULL
);
INSERT INTO feed_counter (one, last, pruned) VALUES (1, 0, 0);

-- The accepted part of a publication, as it is pushed: one catalog, cut into parts of bounded size.
CREATE TABLE publications (
    seq BIGINT PRIMARY KEY,
    publisher TEXT NOT NULL,
    catalog_id TEXT NOT NULL,
    -- The message that brought it: a message that is worked off again is recorded once.
    source TEXT NOT NULL,
    part BIGINT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT publications_kind CHECK (kind IN ('MASTER', 'REGULAR')),
    update_mode TEXT NOT NULL CONSTRAINT publications_mode CHECK (update_mode IN ('FULL', 'MERGE')),
    networks TEXT NOT NULL,
    -- Networks in which the catalog was seen before and is not any more.
    left_networks TEXT NOT NULL,
    types TEXT NOT NULL,
    -- Whether an offer in it is not for everybody.
    restricted BIGINT NOT NULL CONSTRAINT publications_restricted CHECK (restricted IN (0, 1)),
    stamped_at BIGINT NOT NULL,
    at BIGINT NOT NULL,
    -- The resourceDirectives, a JSON list, or nothing.
    directives BYTEA NOT NULL,
    body BYTEA NOT NULL,
    CONSTRAINT publications_once UNIQUE (publisher, catalog_id, source, part)
);
CREATE INDEX publications_at ON publications (at, seq);

-- What is known of each catalog beyond its tables: where it is seen, and which types are in it.
CREATE TABLE feed_catalogs (
    publisher TEXT NOT NULL,
    catalog_id TEXT NOT NULL,
    networks TEXT NOT NULL,
    types TEXT NOT NULL,
    stamped_at BIGINT NOT NULL,
    PRIMARY KEY (publisher, catalog_id)
);

CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY NOT NULL,
    subscriber TEXT NOT NULL,
    networks TEXT NOT NULL,
    types TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT subscriptions_status CHECK (status IN ('ACTIVE', 'INACTIVE')),
    -- Publications up to this number do not concern it.
    since BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX subscriptions_of ON subscriptions (subscriber, created_at, id);
CREATE UNIQUE INDEX subscriptions_once ON subscriptions (subscriber, networks, types) WHERE status = 'ACTIVE';

-- How far each subscriber has been served. All pushes to one are of one transaction, so that they keep their order.
CREATE TABLE feed_subscribers (
    subscriber TEXT PRIMARY KEY NOT NULL,
    transaction_id TEXT NOT NULL,
    place BIGINT NOT NULL
);

-- Pushes: under way, delivered (for a day), dead. The id is that of the outbox row; a gap has none.
CREATE TABLE pushes (
    id TEXT PRIMARY KEY NOT NULL,
    subscriber TEXT NOT NULL,
    publication BIGINT NOT NULL,
    state TEXT NOT NULL CONSTRAINT pushes_state CHECK (state IN ('queued', 'delivered', 'dead')),
    reason TEXT,
    enqueued_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX pushes_queued ON pushes (subscriber) WHERE state = 'queued';
CREATE INDEX pushes_dead ON pushes (subscriber, publication) WHERE state = 'dead';
CREATE INDEX pushes_of_publication ON pushes (publication) WHERE state = 'dead';
CREATE INDEX pushes_finished ON pushes (finished_at) WHERE finished_at IS NOT NULL;

-- Large results of pulls, until they expire.
CREATE TABLE downloads (
    id TEXT PRIMARY KEY NOT NULL,
    subscriber TEXT NOT NULL,
    checksum TEXT NOT NULL,
    body BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX downloads_expiry ON downloads (expires_at);
CREATE INDEX downloads_of ON downloads (subscriber, expires_at);

CREATE INDEX catalog_resources_by_id ON catalog_resources (resource_id);
