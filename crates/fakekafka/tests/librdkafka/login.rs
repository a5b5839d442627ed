//! SASL PLAIN.

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use sluice_fakekafka::FakeCluster;

use crate::setup::{PATIENCE, config};

fn client(cluster: &FakeCluster, password: &str) -> ClientConfig {
    let mut config = config(cluster);
    config
        .set("security.protocol", "sasl_plaintext")
        .set("sasl.mechanisms", "PLAIN");
    config.set("sasl.username", "ada").set("sasl.password", password);
    config
}

#[test]
fn the_right_password_opens_and_the_wrong_one_is_told() {
    let cluster = FakeCluster::builder()
        .brokers(2)
        .sasl_plain_user("ada", "secret")
        .start()
        .unwrap();
    cluster.create_topic("t", 1, &[]).unwrap();
    let right: BaseConsumer = client(&cluster, "secret").create().unwrap();
    let metadata = right.fetch_metadata(None, PATIENCE).unwrap();
    assert_eq!((metadata.brokers().len(), metadata.topics().len()), (2, 1));

    let wrong: BaseConsumer = client(&cluster, "guess").set("group.id", "g").create().unwrap();
    wrong.subscribe(&["t"]).unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < deadline, "no authentication error came");
        if let Some(Err(KafkaError::MessageConsumption(code))) = wrong.poll(Duration::from_millis(100))
            && code == RDKafkaErrorCode::Authentication
        {
            break;
        }
    }
}
