//! The AWS SDK for Rust works against the reference endpoint unchanged.

#![cfg(feature = "reference")]

use aws_sdk_kms::Client;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeySpec, KeyState, KeyUsageType, MultiRegionKeyType, SigningAlgorithmSpec};
use mrkspec_reference::{Credential, Server, Settings};

fn client(server: &Server, region: &'static str, secret: &str) -> Client {
    let [admin, ..] = Credential::defaults();
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .endpoint_url(server.url())
        .credentials_provider(Credentials::new(admin.access_key, secret, None, None, "test"))
        .build();
    Client::from_conf(config)
}

fn secret() -> String {
    Credential::defaults()[0].secret.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_failover_drill_works_with_aws_sdk_kms() {
    let server = Server::start(Settings::default()).await.expect("a loopback port");
    let (east, west) = (client(&server, "us-east-1", &secret()), client(&server, "eu-west-1", &secret()));

    let key = east.create_key().multi_region(true).send().await.expect("CreateKey");
    let key = key.key_metadata().expect("metadata").key_id().to_string();
    east.replicate_key().key_id(&key).replica_region("eu-west-1").send().await.expect("ReplicateKey");
    let sealed = east.encrypt().key_id(&key).plaintext(Blob::new("hello")).send().await.expect("Encrypt");
    let sealed = sealed.ciphertext_blob().expect("a ciphertext").clone();

    east.update_primary_region().key_id(&key).primary_region("eu-west-1").send().await.expect("UpdatePrimaryRegion");

    let described = west.describe_key().key_id(&key).send().await.expect("DescribeKey");
    let metadata = described.key_metadata().expect("metadata");
    assert_eq!(metadata.key_state(), Some(&KeyState::Enabled));
    assert!(metadata.creation_date().is_some());
    let config = metadata.multi_region_configuration().expect("a configuration");
    assert_eq!(config.multi_region_key_type(), Some(&MultiRegionKeyType::Primary));
    assert_eq!(config.replica_keys().len(), 1);
    let opened = west.decrypt().ciphertext_blob(sealed).send().await.expect("Decrypt");
    assert_eq!(opened.plaintext().expect("a plaintext").as_ref(), b"hello");

    let refused = east.update_primary_region().key_id(&key).primary_region("us-east-1").send().await;
    let refused = refused.expect_err("a replica cannot promote");
    // As AWS was recorded to answer (F-058).
    assert_eq!(refused.code(), Some("KMSInvalidStateException"));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_and_lists_work_with_aws_sdk_kms() {
    let server = Server::start(Settings::default()).await.expect("a loopback port");
    let kms = client(&server, "us-east-1", &secret());
    let key = kms
        .create_key()
        .key_spec(KeySpec::EccNistP256)
        .key_usage(KeyUsageType::SignVerify)
        .send()
        .await
        .expect("CreateKey");
    let key = key.key_metadata().expect("metadata").key_id().to_string();
    let algorithm = SigningAlgorithmSpec::EcdsaSha256;
    let signed = kms
        .sign()
        .key_id(&key)
        .message(Blob::new("m"))
        .signing_algorithm(algorithm.clone())
        .send()
        .await
        .expect("Sign");
    let verified = kms
        .verify()
        .key_id(&key)
        .message(Blob::new("m"))
        .signing_algorithm(algorithm)
        .signature(signed.signature().expect("a signature").clone())
        .send()
        .await
        .expect("Verify");
    assert!(verified.signature_valid());
    for _ in 0..4 {
        kms.create_key().send().await.expect("CreateKey");
    }
    let mut pages = kms.list_keys().limit(2).into_paginator().send();
    let mut keys = 0;
    while let Some(page) = pages.next().await {
        keys += page.expect("a page").keys().len();
    }
    assert_eq!(keys, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_refused() {
    let server = Server::start(Settings::default()).await.expect("a loopback port");
    let refused = client(&server, "us-east-1", "wrong").list_keys().send().await.expect_err("a wrong secret");
    assert_eq!(refused.code(), Some("InvalidSignatureException"));
}
