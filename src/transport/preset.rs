//! Where well-known endpoints usually listen.

use std::path::PathBuf;

/// How a certificate begins.
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Files that are larger hold no certificates.
const MOST_BYTES: u64 = 1 << 20;

/// A well-known endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The name given to `--target`.
    pub name: &'static str,
    /// Its usual URL; empty for the embedded endpoint, which is started.
    pub endpoint: &'static str,
    /// The directory below the home directory in which it keeps its certificates and credentials, if it makes its own.
    pub home: Option<&'static str>,
}

/// The endpoints that `--target` knows. `AWS_ENDPOINT_URL_KMS` and `--endpoint` override the URL.
pub const PRESETS: &[Preset] = &[
    Preset::plain("embedded", ""),
    Preset::plain("moto", "http://127.0.0.1:5000"),
    Preset::plain("localstack", "http://127.0.0.1:4566"),
    Preset::plain("ministack", "http://127.0.0.1:4566"),
    Preset::plain("fakecloud", "http://127.0.0.1:4566"),
    Preset::plain("localemu", "http://127.0.0.1:4566"),
    Preset::plain("roto", "http://127.0.0.1:5070"),
    Preset::plain("floci", "http://127.0.0.1:4566"),
    // It enforces SigV4, and an authority of its own signs its certificate.
    Preset { name: "aws-emulator", endpoint: "https://127.0.0.1:9297", home: Some(".aws/emulator/9297") },
    Preset::plain("aws", "https://kms.{region}.amazonaws.com"),
];

impl Preset {
    const fn plain(name: &'static str, endpoint: &'static str) -> Preset {
        Preset { name, endpoint, home: None }
    }

    /// The files in its home directory.
    fn files(&self) -> Vec<PathBuf> {
        let home = std::env::var_os("HOME").map(PathBuf::from).zip(self.home);
        let entries = home.and_then(|(user, own)| std::fs::read_dir(user.join(own)).ok());
        let is_small = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() < MOST_BYTES);
        let mut files: Vec<PathBuf> =
            entries.into_iter().flatten().flatten().map(|e| e.path()).filter(is_small).collect();
        // An authority before what it signs.
        let is_other = |path: &PathBuf| {
            let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
            !(name.starts_with("ca") || name.contains("root") || name.contains("bundle"))
        };
        files.sort_by_key(|path| (is_other(path), path.clone()));
        files
    }

    /// The certificates of its own authority, if it is installed here: the first file that has some.
    pub fn authorities(&self) -> Option<PathBuf> {
        let has_certificates = |path: &PathBuf| {
            std::fs::read(path).is_ok_and(|text| text.windows(CERTIFICATE.len()).any(|w| w == CERTIFICATE))
        };
        self.files().into_iter().find(has_certificates)
    }

    /// The credentials that it has made, if it is installed here.
    pub fn credentials(&self) -> Option<PathBuf> {
        self.files().into_iter().find(|path| path.file_name().is_some_and(|name| name == "credentials"))
    }

    /// The preset of this name.
    pub fn find(name: &str) -> Option<&'static Preset> {
        PRESETS.iter().find(|p| p.name == name)
    }
}
