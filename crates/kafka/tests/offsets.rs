//! Looking offsets up where the cluster is slow or does not know a partition.
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

use std::time::Duration;

use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_kafka::{Admin, ErrorCode, Isolation, OffsetQuery};
use sluice_model::Cluster;

fn admin(cluster: &FakeCluster) -> Admin {
    Admin::new(&Cluster::new(&cluster.bootstrap()).unwrap()).unwrap()
}

#[test]
fn a_look_up_whose_time_is_up_says_so_and_the_next_one_is_answered() {
    let cluster = FakeCluster::builder().brokers(2).start().unwrap();
    cluster.create_topic("t", 4, &[]).unwrap();
    cluster
        .append("t", 3, vec![FakeRecord::new("k", "v"); 7])
        .unwrap();
    let places: Vec<(String, i32)> = (0..4).map(|partition| ("t".to_owned(), partition)).collect();
    let mut admin = admin(&cluster);
    admin.metadata().unwrap();
    for wait in 0..200 {
        admin.set_deadline(Duration::from_micros(wait * 20));
        if let Err(error) = admin.offsets(&places, OffsetQuery::Latest, Isolation::Uncommitted) {
            assert_eq!(error.code, ErrorCode::LOCAL_TIMED_OUT, "{error}");
        }
    }
    admin.set_deadline(Duration::from_secs(20));
    let found = admin
        .offsets(&places, OffsetQuery::Latest, Isolation::Uncommitted)
        .unwrap();
    let mut ends: Vec<(i32, Option<i64>)> = found.iter().map(|one| (one.partition, one.offset)).collect();
    ends.sort_unstable();
    assert_eq!(ends, [(0, Some(0)), (1, Some(0)), (2, Some(0)), (3, Some(7))]);
}
