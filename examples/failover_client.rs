//! An application and its test: a client that encrypts with a multi-Region key and goes on in another
//! Region when its own fails. The test embeds the reference endpoint, which is all Regions at once, so
//! the drill runs in `cargo test`, promotion included.
//!
//!     cargo test --example failover_client
//!
//! An application needs `mrkspec-reference` for this, as a dev-dependency, and nothing else of mrkspec.

use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeyState, MultiRegionKeyType};
use aws_sdk_kms::{Client, Error};
use mrkspec_reference::{Credential, Server, Settings};
use std::time::Duration;

/// How long a promotion is waited for. AWS: it may take minutes (F-072).
const PATIENCE: Duration = Duration::from_secs(10);

/// The application: seals and opens with the key in one of two Regions.
struct Vault {
    key_id: String,
    /// Region and client; the first is the one in use.
    regions: Vec<(String, Client)>,
}

impl Vault {
    /// A vault with a new key: its primary in the first Region, a replica in the second.
    async fn create(regions: Vec<(String, Client)>) -> Result<Vault, Error> {
        let home = &regions[0].1;
        let made = home.create_key().multi_region(true).send().await?;
        let key_id = made.key_metadata().map(|m| m.key_id().to_string()).unwrap_or_default();
        home.replicate_key().key_id(&key_id).replica_region(&regions[1].0).send().await?;
        let vault = Vault { key_id, regions };
        vault.settled(1).await?;
        Ok(vault)
    }

    async fn seal(&self, text: &str) -> Result<Blob, Error> {
        let sealed = self.regions[0].1.encrypt().key_id(&self.key_id).plaintext(Blob::new(text)).send().await?;
        Ok(sealed.ciphertext_blob.unwrap_or_else(|| Blob::new([])))
    }

    async fn open(&self, sealed: &Blob) -> Result<String, Error> {
        let opened = self.regions[0].1.decrypt().ciphertext_blob(sealed.clone()).send().await?;
        let bytes = opened.plaintext.map(Blob::into_inner).unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Makes the other Region the one in use, and its key the primary. The call goes to the primary's
    /// Region: a replica's refuses it (F-058).
    async fn fail_over(&mut self) -> Result<(), Error> {
        let (home, other) = (&self.regions[0].1, &self.regions[1].0);
        home.update_primary_region().key_id(&self.key_id).primary_region(other).send().await?;
        self.settled(1).await?;
        self.regions.swap(0, 1);
        Ok(())
    }

    /// Waits while the member there is in Creating or Updating: an application that does not do this works
    /// in tests against most emulators, and fails on AWS.
    async fn settled(&self, region: usize) -> Result<(), Error> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            // A replica is not found before it is in Creating.
            let described = self.regions[region].1.describe_key().key_id(&self.key_id).send().await?;
            let state = described.key_metadata().and_then(|m| m.key_state());
            if !matches!(state, Some(KeyState::Creating | KeyState::Updating)) || tokio::time::Instant::now() > deadline
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Whether the key in the Region in use is the primary.
    async fn is_primary(&self) -> Result<bool, Error> {
        let described = self.regions[0].1.describe_key().key_id(&self.key_id).send().await?;
        let config = described.key_metadata().and_then(|m| m.multi_region_configuration());
        Ok(config.and_then(|c| c.multi_region_key_type()) == Some(&MultiRegionKeyType::Primary))
    }
}

/// A client for each Region, all of them at this endpoint.
fn clients(server: &Server, regions: [&'static str; 2]) -> Vec<(String, Client)> {
    let [admin, ..] = Credential::defaults();
    let client = |region: &'static str| {
        let config = aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region))
            .endpoint_url(server.url())
            .credentials_provider(Credentials::new(&admin.access_key, &admin.secret, None, None, "example"))
            .build();
        (region.to_string(), Client::from_conf(config))
    };
    regions.map(client).into()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start(Settings { updating: Duration::from_millis(500), ..Settings::default() }).await?;
    let mut vault = Vault::create(clients(&server, ["us-east-1", "eu-west-1"])).await?;
    let sealed = vault.seal("an order").await?;
    vault.fail_over().await?;
    let role = if vault.is_primary().await? { "primary" } else { "replica" };
    println!("{} in {}: {}", role, vault.regions[0].0, vault.open(&sealed).await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mrkspec_reference::faults;

    /// The drill, at an endpoint with the given settings: there and back again.
    async fn drill(settings: Settings) -> Result<(), Box<dyn std::error::Error>> {
        let server = Server::start(settings).await?;
        let mut vault = Vault::create(clients(&server, ["us-east-1", "eu-west-1"])).await?;
        let before = vault.seal("before").await?;
        vault.fail_over().await?;
        assert!(vault.is_primary().await?, "the key in eu-west-1 is the primary");
        assert_eq!(vault.open(&before).await?, "before");
        let after = vault.seal("after").await?;
        vault.fail_over().await?;
        assert!(vault.is_primary().await?, "and the one in us-east-1 again");
        assert_eq!(vault.open(&before).await? + &vault.open(&after).await?, "beforeafter");
        Ok(())
    }

    #[tokio::test]
    async fn it_fails_over_and_back() -> Result<(), Box<dyn std::error::Error>> {
        drill(Settings::default()).await
    }

    /// As on AWS: a new replica is in Creating for a while, both keys in Updating during a promotion, and now
    /// and then a request is throttled.
    #[tokio::test]
    async fn it_waits_for_what_takes_its_time() -> Result<(), Box<dyn std::error::Error>> {
        let time = Duration::from_millis(300);
        drill(Settings { creating: time, updating: time, both_replicas: true, throttle: 0.05, ..Settings::default() })
            .await
    }

    /// The drill notices a KMS that loses old ciphertexts: a test that cannot fail tells nothing.
    #[tokio::test]
    async fn it_would_notice() {
        let fault = faults::find("promotion-loses-old-ciphertexts");
        let error = drill(Settings { fault, ..Settings::default() }).await.expect_err("old ciphertexts are lost");
        assert!(format!("{error:?}").contains("InvalidCiphertext"), "{error:?}");
    }
}
