-- How many offers and resources a catalog has, the last position that was given, and up to which resource it was
-- tidied: so that publishing one offer costs the same however many there are.
ALTER TABLE catalogs ADD COLUMN offers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE catalogs ADD COLUMN resources INTEGER NOT NULL DEFAULT 0;
ALTER TABLE catalogs ADD COLUMN top_position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE catalogs ADD COLUMN tidied_to TEXT NOT NULL DEFAULT '';
UPDATE catalogs SET
    offers = (SELECT COUNT(*) FROM catalog_offers o
        WHERE o.publisher = catalogs.publisher AND o.catalog_id = catalogs.catalog_id),
    resources = (SELECT COUNT(*) FROM catalog_resources r
        WHERE r.publisher = catalogs.publisher AND r.catalog_id = catalogs.catalog_id),
    top_position = (SELECT COALESCE(MAX(o.position), 0) FROM catalog_offers o
        WHERE o.publisher = catalogs.publisher AND o.catalog_id = catalogs.catalog_id);

-- The resources of one offer, and the networks of one catalog, without a look at all of the others.
DROP INDEX catalog_offer_resources_by_offer;
CREATE INDEX catalog_offer_resources_by_offer
    ON catalog_offer_resources (publisher, catalog_id, offer_id, resource_id);
CREATE INDEX catalog_networks_by_catalog ON catalog_networks (publisher, catalog_id, network_id);
CREATE INDEX catalog_offers_by_end ON catalog_offers (publisher, catalog_id, shown_until);

-- What the index knows of an offer and of a resource: a start reads these, and no body.
CREATE TABLE catalog_offer_facts (
    publisher TEXT NOT NULL,
    catalog_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    version INTEGER NOT NULL,
    listed INTEGER NOT NULL CONSTRAINT catalog_offer_facts_listed CHECK (listed IN (0, 1)),
    shown_until INTEGER NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (publisher, catalog_id, position),
    FOREIGN KEY (publisher, catalog_id, position)
        REFERENCES catalog_offers (publisher, catalog_id, position) ON DELETE CASCADE
) STRICT;

CREATE TABLE catalog_resource_facts (
    publisher TEXT NOT NULL,
    catalog_id TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (publisher, catalog_id, resource_id),
    FOREIGN KEY (publisher, catalog_id, resource_id)
        REFERENCES catalog_resources (publisher, catalog_id, resource_id) ON DELETE CASCADE
) STRICT;
