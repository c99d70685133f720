//! The counters, in memory and in Redis: the same quota, whoever keeps it, and what happens when Redis goes away.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::net::TcpListener;

use clock::Ids;
use units::{Span, Timestamp};
use wattmandi::cache::{Cache, Quota};

/// The environment variable with the URL of a Redis where keys may be made.
const REDIS_URL: &str = "WATTMANDI_TEST_REDIS";
const QUOTA: Quota = Quota { name: "test", limit: 5, window: Span::from_minutes(1) };

fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000 + millis * 1000)
}

/// Writes each function as two tests, `name::memory` and `name::redis`; without a Redis its half is skipped, with
/// `CI=true` it fails (ruling 34).
macro_rules! on_both_caches {
    ($(async fn $name:ident($cache:ident: Cache) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn body($cache: Cache) $body

            #[tokio::test]
            async fn memory() {
                body(Cache::memory()).await;
            }

            #[tokio::test]
            async fn redis() {
                let Ok(url) = std::env::var(REDIS_URL) else {
                    assert!(!test_support::is_ci(), "{REDIS_URL} is not set");
                    return eprintln!("skipped: {REDIS_URL} is not set");
                };
                body(Cache::redis(&url, &Ids::system().uuid().to_string()).unwrap()).await;
            }
        }
    )*};
}

on_both_caches! {
    async fn a_burst_then_the_rate_and_each_caller_for_itself(cache: Cache) {
        let counter = cache.counter(QUOTA);
        for left in (0..5).rev() {
            let counted = counter.count("a", at(0)).await;
            assert_eq!((counted.remaining, counted.refused), (left, None));
            assert_eq!(counted.next, Span::from_secs(12));
        }
        let refused = counter.count("a", at(2_000)).await;
        assert_eq!((refused.remaining, refused.refused), (0, Some(Span::from_secs(10))));
        assert_eq!(refused.next, Span::from_secs(10));
        assert_eq!(counter.count("b", at(2_000)).await.remaining, 4);
        let second = counter.count("b", at(5_000)).await;
        assert_eq!((second.remaining, second.next), (3, Span::from_secs(9)));
        // What was refused has not been counted.
        assert_eq!(counter.count("a", at(12_000)).await.refused, None);
        assert_eq!(counter.count("a", at(12_000)).await.refused, Some(Span::from_secs(12)));
        assert_eq!(counter.count("a", at(600_000)).await.remaining, 4);
    }

    async fn counters_of_different_names_are_apart(cache: Cache) {
        let (one, other) = (cache.counter(QUOTA), cache.counter(Quota { name: "other", ..QUOTA }));
        for _ in 0..5 {
            assert_eq!(one.count("a", at(0)).await.refused, None);
        }
        assert!(one.count("a", at(0)).await.refused.is_some());
        assert_eq!(other.count("a", at(0)).await.refused, None);
    }

    async fn many_at_once_get_the_quota_and_no_more(cache: Cache) {
        let counter = cache.counter(QUOTA);
        let all = futures_util::future::join_all((0..40).map(|_| counter.count("a", at(0)))).await;
        assert_eq!(all.iter().filter(|counted| counted.refused.is_none()).count(), 5);
    }
}

#[tokio::test]
async fn two_instances_share_a_quota_in_redis() {
    let Ok(url) = std::env::var(REDIS_URL) else {
        assert!(!test_support::is_ci(), "{REDIS_URL} is not set");
        return eprintln!("skipped: {REDIS_URL} is not set");
    };
    let platform = Ids::system().uuid().to_string();
    let [one, other] = [(); 2].map(|()| Cache::redis(&url, &platform).unwrap().counter(QUOTA));
    for counter in [&one, &other, &one, &other, &one] {
        assert_eq!(counter.count("a", at(0)).await.refused, None);
    }
    assert!(other.count("a", at(0)).await.refused.is_some());
    // A platform of another name has counters of its own.
    let stranger = Cache::redis(&url, "another").unwrap().counter(QUOTA);
    assert_eq!(stranger.count(&platform, at(0)).await.refused, None);
}

#[tokio::test]
async fn without_an_answer_of_redis_this_process_counts_for_itself() {
    // It accepts, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for address in [silent.local_addr().unwrap(), closed] {
        let cache = Cache::redis(&format!("redis://{address}"), "us").unwrap();
        assert_eq!(cache.answers().await, Some(false));
        let counter = cache.counter(QUOTA);
        for left in (0..5).rev() {
            assert_eq!(counter.count("a", at(0)).await.remaining, left);
        }
        assert!(counter.count("a", at(0)).await.refused.is_some());
    }
    assert_eq!(Cache::memory().answers().await, None);
}
