//! Bounds of what a publisher may store, and of what it is told.

/// Longest id of a catalog, resource or offer, in bytes.
pub const ID_MAX: usize = 255;
/// Most catalogs in one message.
pub const CATALOGS_PER_MESSAGE_MAX: usize = 200;
/// Most catalogs of one publisher.
pub const CATALOGS_MAX: i64 = 1_000;
/// Most offers, and most resources, in one catalog.
pub const ITEMS_MAX: i64 = 100_000;
/// Largest catalog without its resources and offers, in bytes.
pub const HEAD_MAX: usize = 32 * 1024;
/// Largest offer, in bytes.
pub const OFFER_MAX: usize = 64 * 1024;
/// Largest resource, in bytes.
pub const RESOURCE_MAX: usize = 16 * 1024;
/// Most resources that one offer may name. With the sizes above, one offer always fits a page of
/// `on_discover`.
pub const RESOURCES_PER_OFFER_MAX: usize = 16;
/// Most networks that one catalog may be shown in.
pub const NETWORKS_PER_CATALOG_MAX: usize = 16;
/// Most errors that are told of one catalog; more are only counted.
pub const ERRORS_PER_CATALOG_MAX: usize = 100;
/// Most errors in one `catalog/on_publish`.
pub const ERRORS_PER_MESSAGE_MAX: usize = 1_500;
