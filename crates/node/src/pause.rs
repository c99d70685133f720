//! The one place where a worker waits for real time to pass.

use std::time::Duration;

/// Waits. For the poll of a worker's loop, raced against its wake-up and its cancellation; whatever has a
/// meaning in time (leases, retries, deadlines) is decided by a [`clock::Clock`] instead.
#[allow(clippy::disallowed_methods, reason = "the place where waiting is allowed")]
pub async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
