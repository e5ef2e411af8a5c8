//! An HTTPS endpoint whose certificate is signed by an authority of its own, as AWS's local emulator is.

#![cfg(feature = "reference")]

use mrkspec::internals::embedded;
use mrkspec::reference::{Credential, Settings};
use mrkspec::{Mrkspec, Target};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, pem::PemObject};

/// Puts TLS in front of an endpoint; its URL, and the certificate of its authority as PEM.
async fn behind_tls(upstream: String) -> (String, Vec<u8>) {
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let own = CertificateParams::new(vec!["127.0.0.1".to_string()]).expect("an address");
    let own = own.signed_by(&key, &authority).expect("a certificate");
    let private = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("a key");
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], private)
        .expect("the key is the certificate's");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, upstream) = (acceptor.clone(), upstream.clone());
            tokio::spawn(async move {
                // Whoever does not trust the certificate goes away.
                let Ok(mut here) = acceptor.accept(stream).await else { return };
                let Ok(mut there) = TcpStream::connect(upstream).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
            });
        }
    });
    (url, authority.pem().into_bytes())
}

#[tokio::test]
async fn an_authority_of_its_own_is_trusted_when_it_is_named() {
    let (_server, upstream) = embedded(Settings::default()).await.expect("a loopback port");
    let (url, authority) = behind_tls(upstream.endpoint.replace("http://", "")).await;
    let [admin, ..] = Credential::defaults();
    let credentials = mrkspec::Credentials::new(&admin.access_key, &admin.secret);
    let mut target = Target::with_credentials("over TLS", &url, false, credentials).expect("a target");

    let stranger =
        Mrkspec::target(target.clone()).rules("UPR-001").run().await.expect_err("nobody knows the authority");
    let causes = std::iter::successors(Some(&stranger as &dyn std::error::Error), |e| e.source());
    let told = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    assert!(told.contains("certificate"), "{told}");

    target.authorities = Some(authority);
    let outcome = Mrkspec::target(target).rules("UPR-001").run().await.expect("the endpoint answers");
    outcome.assert_conforms();
}

/// The program's exit code and output, with this home directory and nothing of AWS in its environment.
async fn mrkspec(home: &std::path::Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_mrkspec"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        program.env_remove(name);
    }
    program.env("HOME", home).env("XDG_STATE_HOME", home).args(arguments);
    // The endpoint is in this process, and must go on.
    let done = tokio::task::spawn_blocking(move || program.output().expect("the program runs"));
    let done = done.await.expect("it does not panic");
    (done.status.code(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_and_the_emulator_of_aws_name_authorities_and_credentials() {
    let (_server, upstream) = embedded(Settings::default()).await.expect("a loopback port");
    let (url, authority) = behind_tls(upstream.endpoint.replace("http://", "")).await;
    let [admin, ..] = Credential::defaults();
    let credentials =
        format!("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n", admin.access_key, admin.secret);
    let check = ["check", "--endpoint", &url, "--rule", "UPR-001"];
    let here = std::env::temp_dir().join(format!("mrkspec-tls-{}", std::process::id()));

    let home = here.join("profile");
    std::fs::create_dir_all(home.join(".aws")).expect("a directory");
    std::fs::write(home.join("ca.pem"), &authority).expect("a file");
    std::fs::write(home.join(".aws/credentials"), &credentials).expect("a file");
    let config = |more: &str| {
        std::fs::write(home.join(".aws/config"), format!("[default]\nregion = us-east-1\n{more}")).expect("a file");
    };
    config("");
    let named = [&check[..], &["--ca-bundle", "ca.pem"]].concat();
    let (code, told) = mrkspec(&home, &check).await;
    assert!(code == Some(3) && told.contains("certificate"), "{code:?}: {told}");
    let (code, told) = mrkspec(&home, &named).await;
    assert!(code == Some(2) && told.contains("ca.pem"), "there is no such file here: {code:?}: {told}");
    config(&format!("ca_bundle = {}\n", home.join("ca.pem").display()));
    // Now it is reached; without a profile that is named a local endpoint gets made-up credentials, which it refuses.
    let (code, told) = mrkspec(&home, &check).await;
    assert!(code == Some(3) && told.contains("refuses these credentials"), "{code:?}: {told}");

    let home = here.join("emulator");
    let own = home.join(".aws/emulator/9297");
    std::fs::create_dir_all(&own).expect("a directory");
    std::fs::write(own.join("ca.pem"), &authority).expect("a file");
    std::fs::write(own.join("credentials"), &credentials).expect("a file");
    let (code, told) = mrkspec(&home, &[&check[..], &["--target", "aws-emulator"]].concat()).await;
    assert!(code == Some(0), "{code:?}: {told}");
    std::fs::remove_dir_all(&here).expect("it is ours");
}
