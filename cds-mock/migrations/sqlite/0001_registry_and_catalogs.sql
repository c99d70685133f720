-- Subscribers and their keys.
CREATE TABLE subscribers (
    subscriber_id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    kind TEXT NOT NULL,
    domain TEXT NOT NULL,
    memberships TEXT NOT NULL,
    origin TEXT NOT NULL CONSTRAINT subscribers_origin CHECK (origin IN ('operator', 'self')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE subscriber_keys (
    subscriber_id TEXT NOT NULL REFERENCES subscribers (subscriber_id),
    key_id TEXT NOT NULL,
    signing_public_key TEXT NOT NULL,
    encr_public_key TEXT NOT NULL,
    valid_until INTEGER,
    revoked_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (subscriber_id, key_id)
) STRICT;

-- Catalogs, each scoped by its publisher.
CREATE TABLE catalogs (
    publisher TEXT NOT NULL,
    catalog_id TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT catalogs_kind CHECK (kind IN ('MASTER', 'REGULAR')),
    active INTEGER NOT NULL CONSTRAINT catalogs_active CHECK (active IN (0, 1)),
    valid_until INTEGER,
    replaced_at INTEGER NOT NULL,
    stamped_at INTEGER NOT NULL,
    head BLOB NOT NULL,
    PRIMARY KEY (publisher, catalog_id)
) STRICT;

CREATE TABLE catalog_networks (
    network_id TEXT NOT NULL,
    publisher TEXT NOT NULL,
    catalog_id TEXT NOT NULL,
    PRIMARY KEY (network_id, publisher, catalog_id),
    FOREIGN KEY (publisher, catalog_id) REFERENCES catalogs (publisher, catalog_id)
) STRICT;

CREATE TABLE catalog_resources (
    publisher TEXT NOT NULL,
    catalog_id TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    source TEXT NOT NULL,
    stamped_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (publisher, catalog_id, resource_id),
    FOREIGN KEY (publisher, catalog_id) REFERENCES catalogs (publisher, catalog_id)
) STRICT;

CREATE TABLE catalog_offers (
    publisher TEXT NOT NULL,
    catalog_id TEXT NOT NULL,
    offer_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    source TEXT NOT NULL,
    stamped_at INTEGER NOT NULL,
    listed INTEGER NOT NULL CONSTRAINT catalog_offers_listed CHECK (listed IN (0, 1)),
    shown_until INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (publisher, catalog_id, offer_id),
    UNIQUE (publisher, catalog_id, position),
    FOREIGN KEY (publisher, catalog_id) REFERENCES catalogs (publisher, catalog_id)
) STRICT;

-- Which resources an offer names, so that a resource that nothing names can be dropped.
CREATE TABLE catalog_offer_resources (
    publisher TEXT NOT NULL,
    catalog_id TEXT NOT NULL,
    offer_id TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    PRIMARY KEY (publisher, catalog_id, resource_id, offer_id),
    FOREIGN KEY (publisher, catalog_id, offer_id)
        REFERENCES catalog_offers (publisher, catalog_id, offer_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX catalog_offer_resources_by_offer ON catalog_offer_resources (publisher, catalog_id, offer_id);
