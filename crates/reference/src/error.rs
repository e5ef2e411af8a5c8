//! Errors as KMS reports them.

/// An exception: its name and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KmsError {
    pub code: &'static str,
    pub message: String,
}

/// What every operation returns: the members of the answer, or an exception.
pub type Answer = Result<serde_json::Value, KmsError>;

impl KmsError {
    /// An exception with this text.
    pub fn new(code: &'static str, message: impl Into<String>) -> KmsError {
        KmsError { code, message: message.into() }
    }

    /// The HTTP status that goes with the exception (F-004, F-007).
    pub fn status(&self) -> u16 {
        match self.code {
            "KMSInternalException" | "DependencyTimeoutException" | "KeyUnavailableException" => 500,
            "ServiceUnavailable" => 503,
            "UnrecognizedClientException" | "InvalidSignatureException" | "IncompleteSignatureException" => 403,
            _ => 400,
        }
    }
}

macro_rules! exceptions {
    ($($function:ident = $code:literal),* $(,)?) => {
        $(#[doc = $code] pub fn $function(message: impl Into<String>) -> KmsError {
            KmsError::new($code, message)
        })*
    };
}

exceptions! {
    already_exists = "AlreadyExistsException",
    disabled = "DisabledException",
    incorrect_key = "IncorrectKeyException",
    invalid_arn = "InvalidArnException",
    invalid_ciphertext = "InvalidCiphertextException",
    invalid_key_usage = "InvalidKeyUsageException",
    invalid_marker = "InvalidMarkerException",
    invalid_state = "KMSInvalidStateException",
    limit_exceeded = "LimitExceededException",
    malformed_policy = "MalformedPolicyDocumentException",
    not_found = "NotFoundException",
    serialization = "SerializationException",
    tag = "TagException",
    unsupported = "UnsupportedOperationException",
    validation = "ValidationException",
}
