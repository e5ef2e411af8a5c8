//! Which ways to wrap key material fit which key spec (GetParametersForImport).

use crate::call::Call;
use crate::keyspec::KeySpec;
use crate::outcome::{Reason, Refusals};

/// Whether material of a key spec can be wrapped in a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It can.
    Fits,
    /// Neither documentation nor recordings say so.
    Open,
    /// It cannot: documented, and recorded as a refusal.
    Unfit,
}

/// Whether the wrapping algorithm and wrapping key spec of the request fit a key spec (F-128).
pub fn fit(spec: KeySpec, call: &Call) -> Fit {
    let (algorithm, wrapping) =
        (call.text("WrappingAlgorithm").unwrap_or_default(), call.text("WrappingKeySpec").unwrap_or_default());
    let wrapped_twice = algorithm.starts_with("RSA_AES_KEY_WRAP_");
    let padded = algorithm.starts_with("RSAES_OAEP_");
    // What OAEP leaves of a short wrapping key is less than such a private key needs.
    let wide = matches!(spec.name(), "ECC_NIST_P521" | "ECC_NIST_EDWARDS25519");
    match () {
        () if algorithm == "RSAES_PKCS1_V1_5" => Fit::Unfit,
        () if !(padded || wrapped_twice) || wrapping == "SM2" => Fit::Open,
        () if spec.is_symmetric() && padded => Fit::Fits,
        () if spec.is_symmetric() => Fit::Unfit,
        () if spec.is_rsa() && padded => Fit::Unfit,
        () if spec.is_rsa() => Fit::Fits,
        () if spec.is_hmac() && padded => Fit::Fits,
        () if spec.is_hmac() => Fit::Open,
        () if wide && wrapping == "RSA_2048" && algorithm == "RSAES_OAEP_SHA_256" => Fit::Unfit,
        () if wide && wrapping == "RSA_2048" && padded => Fit::Open,
        () => Fit::Fits,
    }
}

/// Adds the refusal of a way to wrap.
pub fn refuse(spec: KeySpec, call: &Call, refusals: &mut Refusals) {
    let given = |member: &str| call.text(member).unwrap_or_default();
    let (algorithm, wrapping) = (given("WrappingAlgorithm"), given("WrappingKeySpec"));
    let text = format!(
        "Wrapping algorithm {algorithm} and wrapping key spec {wrapping} cannot be used to import a {} key.",
        spec.name()
    );
    let refusal = refusals.refuse(&["ValidationException", "UnsupportedOperationException"], Reason::Wrapping);
    refusal.text("ValidationException", &[text]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Arg, Operation};
    use serde_json::json;

    #[test]
    fn as_recorded() {
        let rows = [
            ("SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_256", "RSA_2048", Fit::Fits),
            ("SYMMETRIC_DEFAULT", "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048", Fit::Unfit),
            ("SYMMETRIC_DEFAULT", "RSAES_PKCS1_V1_5", "RSA_2048", Fit::Unfit),
            ("RSA_4096", "RSAES_OAEP_SHA_256", "RSA_2048", Fit::Unfit),
            ("RSA_4096", "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048", Fit::Fits),
            ("ECC_NIST_P521", "RSAES_OAEP_SHA_256", "RSA_2048", Fit::Unfit),
            ("ECC_NIST_P256", "RSAES_OAEP_SHA_256", "RSA_2048", Fit::Fits),
        ];
        for (spec, algorithm, wrapping, wanted) in rows {
            let call = Call::new(Operation::GetParametersForImport, "us-east-1")
                .with("WrappingAlgorithm", Arg::Json(json!(algorithm)))
                .with("WrappingKeySpec", Arg::Json(json!(wrapping)));
            assert_eq!(fit(KeySpec::parse(spec).expect("a spec"), &call), wanted, "{spec} {algorithm} {wrapping}");
        }
    }
}
