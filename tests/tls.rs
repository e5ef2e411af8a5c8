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
