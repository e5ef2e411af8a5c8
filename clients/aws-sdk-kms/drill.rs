//! The failover drill with aws-sdk-kms: promote a replica, go on without the former primary; then every declared
//! error of UpdatePrimaryRegion, and promotions whose future is dropped. The environment is set by scripts/clients.

use aws_sdk_kms::config::{Region, retry::RetryConfig};
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::operation::update_primary_region::UpdatePrimaryRegionError as Error;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeyMetadata, KeyState, MultiRegionKeyType};
use aws_sdk_kms::{Client, Config};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

const EAST: &str = "us-east-1";
const WEST: &str = "eu-west-1";

/// A client of one Region: of the endpoint in AWS_ENDPOINT_URL_KMS, or in another variable.
async fn kms(region: &'static str, endpoint: Option<&str>, attempts: u32) -> Client {
    let shared = aws_config::from_env().region(Region::new(region)).load().await;
    let retries = RetryConfig::standard().with_max_attempts(attempts);
    let mut config = Config::from(&shared).to_builder().retry_config(retries);
    if let Some(name) = endpoint {
        config = config.endpoint_url(std::env::var(name).unwrap());
    }
    Client::from_conf(config.build())
}

/// DescribeKey until the key is neither Creating nor Updating.
async fn settled(client: &Client, key: &str) -> KeyMetadata {
    let start = Instant::now();
    loop {
        let metadata = client.describe_key().key_id(key).send().await.unwrap().key_metadata.unwrap();
        let state = metadata.key_state().unwrap();
        if !matches!(state, KeyState::Creating | KeyState::Updating) {
            return metadata;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{key} is still {state}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn primary(client: &Client, key: &str) -> String {
    let family = settled(client, key).await.multi_region_configuration.unwrap();
    family.primary_key().unwrap().region().unwrap().to_string()
}

/// A primary in us-east-1 with a replica in eu-west-1, both Enabled.
async fn family(east: &Client, west: &Client) -> String {
    let key = east.create_key().multi_region(true).send().await.unwrap().key_metadata.unwrap().key_id;
    if let Err(e) = east.replicate_key().key_id(&key).replica_region(WEST).send().await {
        // A first try did its work, and its answer was lost.
        assert!(e.as_service_error().is_some_and(|e| e.is_already_exists_exception()), "{e:?}");
    }
    settled(west, &key).await;
    key
}

async fn failover() {
    let (east, west) = (kms(EAST, None, 10).await, kms(WEST, None, 10).await);
    let key = family(&east, &west).await;
    let sealed = east.encrypt().key_id(&key).plaintext(Blob::new("hello")).send().await.unwrap();
    let opened = async || {
        let answer = west.decrypt().ciphertext_blob(sealed.ciphertext_blob().unwrap().clone()).send().await;
        answer.unwrap().plaintext.unwrap().into_inner()
    };
    east.update_primary_region().key_id(&key).primary_region(WEST).send().await.unwrap();
    assert_eq!([primary(&west, &key).await, primary(&east, &key).await], [WEST, WEST]);
    let promoted = settled(&west, &key).await.multi_region_configuration.unwrap();
    assert_eq!(promoted.multi_region_key_type(), Some(&MultiRegionKeyType::Primary));
    assert_eq!(opened().await, b"hello");
    let gone = east.schedule_key_deletion().key_id(&key).pending_window_in_days(7).send().await.unwrap();
    assert_eq!(gone.key_state(), Some(&KeyState::PendingDeletion));
    assert_eq!(opened().await, b"hello");
}

async fn declared_errors() {
    let (east, west) = (kms(EAST, None, 10).await, kms(WEST, None, 10).await);
    let failing = kms(EAST, Some("FAILING_ENDPOINT_URL"), 1).await;
    let (key, disabled) = (family(&east, &west).await, family(&east, &west).await);
    east.disable_key().key_id(&disabled).send().await.unwrap();
    let single = east.create_key().send().await.unwrap().key_metadata.unwrap().key_id;
    let unknown = format!("mrk-{}", "0".repeat(32));
    let refused = async |client: &Client, key: &str, region: &str| {
        let answer = client.update_primary_region().key_id(key).primary_region(region).send().await;
        let error = answer.expect_err("a refusal").into_service_error();
        println!("  {}", error.code().unwrap());
        error
    };
    assert!(matches!(refused(&east, &disabled, WEST).await, Error::DisabledException(_)));
    assert!(matches!(refused(&east, "alias/an-alias", WEST).await, Error::InvalidArnException(_)));
    assert!(matches!(refused(&failing, &key, WEST).await, Error::KmsInternalException(_)));
    assert!(matches!(refused(&west, &key, EAST).await, Error::KmsInvalidStateException(_))); // a replica
    assert!(matches!(refused(&east, &unknown, WEST).await, Error::NotFoundException(_)));
    assert!(matches!(refused(&east, &single, WEST).await, Error::UnsupportedOperationException(_)));
    // No replica there: recorded as a ValidationException, which is not declared.
    assert_eq!(refused(&east, &key, "ap-south-1").await.code(), Some("ValidationException"));
    assert_eq!(primary(&east, &key).await, EAST, "what is refused changes nothing");
}

/// Promotions whose outcome nobody tells: before a read, both worlds are possible; a read decides.
async fn lost_answers(name: &str, endpoint: &str, patience: impl Fn(u64, u64) -> Duration) {
    let (east, west) = (kms(EAST, Some(endpoint), 10).await, kms(WEST, Some(endpoint), 10).await);
    let once = [kms(EAST, Some(endpoint), 1).await, kms(WEST, Some(endpoint), 1).await];
    let key = family(&east, &west).await;
    let (mut lost, mut moved) = (0, 0);
    for round in 0..100 {
        if round >= 10 && lost > 0 {
            break;
        }
        let (old, new) = if round % 2 == 0 { (&once[0], WEST) } else { (&once[1], EAST) };
        let mut tried = 0;
        while primary(&west, &key).await != new {
            // When its time is over the future is dropped, and with it the connection.
            let promotion = old.update_primary_region().key_id(&key).primary_region(new).send();
            match timeout(patience(round, tried), promotion).await {
                Ok(Ok(_)) => {}
                // A call that was given up arrived after the read.
                Ok(Err(SdkError::ServiceError(e))) => assert!(e.err().is_kms_invalid_state_exception(), "{e:?}"),
                Ok(Err(_)) | Err(_) => {
                    lost += 1;
                    moved += u32::from(primary(&west, &key).await == new);
                }
            }
            tried += 1;
        }
        assert_eq!(primary(&east, &key).await, new);
    }
    println!("  {name}: {lost} answers lost, {moved} of these promotions had been made");
    assert!(lost > 0);
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    failover().await;
    declared_errors().await;
    lost_answers("cut off", "LOSSY_ENDPOINT_URL", |_, _| Duration::from_secs(30)).await;
    // The first tries are dropped ever later: some before they were sent, some after they were carried out.
    let dropped = |round, tried| Duration::from_micros(100 + round % 5 * 5_000 + tried * 20_000);
    lost_answers("dropped", "SLOW_ENDPOINT_URL", dropped).await;
}
