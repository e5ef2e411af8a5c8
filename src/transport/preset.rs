//! Where well-known endpoints usually listen.

/// A well-known endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The name given to `--target`.
    pub name: &'static str,
    /// Its usual URL; empty for the embedded endpoint, which is started.
    pub endpoint: &'static str,
}

/// The endpoints that `--target` knows. `AWS_ENDPOINT_URL_KMS` and `--endpoint` override the URL.
pub const PRESETS: &[Preset] = &[
    Preset { name: "embedded", endpoint: "" },
    Preset { name: "moto", endpoint: "http://127.0.0.1:5000" },
    Preset { name: "localstack", endpoint: "http://127.0.0.1:4566" },
    Preset { name: "ministack", endpoint: "http://127.0.0.1:4566" },
    Preset { name: "fakecloud", endpoint: "http://127.0.0.1:4566" },
    Preset { name: "localemu", endpoint: "http://127.0.0.1:4566" },
    Preset { name: "roto", endpoint: "http://127.0.0.1:5070" },
    Preset { name: "floci", endpoint: "http://127.0.0.1:4566" },
    Preset { name: "aws", endpoint: "https://kms.{region}.amazonaws.com" },
];

impl Preset {
    /// The preset of this name.
    pub fn find(name: &str) -> Option<&'static Preset> {
        PRESETS.iter().find(|p| p.name == name)
    }
}
