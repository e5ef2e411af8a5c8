//! The protocol, authentication and the texts of errors.

rules! {
    WIRE_001 = "WIRE-001", Must, Documented,
        "A success is HTTP 200 with a JSON object, or with nothing where the operation returns nothing",
        "AWS JSON 1.1 protocol; KMS service model", "F-001 F-005";
    WIRE_002 = "WIRE-002", Must, Documented,
        "An error answer has a 4xx or 5xx status and a JSON body whose `__type` names the exception",
        "KMS API Reference, Common Errors", "F-003";
    WIRE_003 = "WIRE-003", Must, Documented,
        "The status fits the exception: 400 for client errors, 500 for internal ones",
        "KMS API Reference, Common Errors", "F-004";
    WIRE_004 = "WIRE-004", Should, Documented,
        "Answers carry `x-amzn-RequestId`",
        "KMS API Reference, Making requests", "F-006";
    WIRE_005 = "WIRE-005", Should, Documented,
        "Answers carry `Content-Type: application/x-amz-json-1.1`",
        "KMS API Reference, Making requests", "F-006";
    WIRE_006 = "WIRE-006", Must, Documented,
        "An operation without output answers with no member at all",
        "KMS API Reference, each operation, Response Elements", "F-005";
    WIRE_007 = "WIRE-007", Should, Documented,
        "An operation without output answers with an empty body, not `{}`",
        "KMS API Reference, each operation, Response Elements", "F-005";
    WIRE_008 = "WIRE-008", Must, Documented,
        "Timestamps are JSON numbers (seconds since the epoch)",
        "KMS service model", "F-002";
    WIRE_009 = "WIRE-009", Must, Documented,
        "Blobs are standard base64 strings",
        "KMS service model", "F-002";
    WIRE_010 = "WIRE-010", Must, Documented,
        "An operation that does not exist is refused with UnknownOperationException (400 or 404)",
        "KMS API Reference, Common Errors", "F-008";
    WIRE_011 = "WIRE-011", Must, Documented,
        "A body that is no JSON is refused with SerializationException",
        "AWS JSON 1.1 protocol", "F-008";
    WIRE_012 = "WIRE-012", Must, Documented,
        "A member of the wrong type is refused with SerializationException",
        "AWS JSON 1.1 protocol", "F-008";
    WIRE_013 = "WIRE-013", Must, Documented,
        "A missing required member is refused with ValidationException",
        "KMS API Reference, Common Errors", "F-008 F-023";
    WIRE_014 = "WIRE-014", Must, Documented,
        "A value outside its length, range, pattern or enumeration is refused with ValidationException",
        "KMS API Reference, Common Errors", "F-008 F-023";
    WIRE_015 = "WIRE-015", Should, Documented,
        "The text of a ValidationException has the documented form",
        "KMS API Reference, Common Errors", "F-008";
    WIRE_016 = "WIRE-016", Must, Documented, transient,
        "A throttled call (ThrottlingException) changed nothing",
        "KMS API Reference, Common Errors", "F-009";
    WIRE_017 = "WIRE-017", Must, Documented, transient,
        "An internal failure (KMSInternalException) passes when the call is repeated",
        "KMS API Reference, Common Errors", "F-010";
    WIRE_018 = "WIRE-018", Must, Documented,
        "DryRun changes nothing: what would succeed is a DryRunOperationException, what would fail fails as it would",
        "KMS API Reference, DryRun", "F-109";
    MSG_001 = "MSG-001", Should, Documented,
        "The text of DisabledException is the documented one",
        "error-messages.csv", "F-107";
    MSG_002 = "MSG-002", Should, Documented,
        "The text of KMSInvalidStateException is the documented one",
        "error-messages.csv", "F-107";
    MSG_003 = "MSG-003", Should, Observed,
        "The text of NotFoundException is the observed one",
        "error-messages.csv", "F-024 F-025 F-026";
    MSG_004 = "MSG-004", Should, Observed,
        "The text of UnsupportedOperationException is the observed one",
        "error-messages.csv", "F-040 F-123";
    MSG_005 = "MSG-005", Should, Observed,
        "The text of AlreadyExistsException by ReplicateKey is the observed one",
        "error-messages.csv", "F-041";
    MSG_006 = "MSG-006", Should, Observed,
        "The text of InvalidKeyUsageException is the observed one",
        "error-messages.csv", "F-105";
    MSG_007 = "MSG-007", Should, Observed,
        "The text of TagException is the observed one",
        "error-messages.csv", "F-132";
    AUT_001 = "AUT-001", Must, Documented,
        "A request without a signature is refused",
        "KMS API Reference, Common Errors", "F-007";
    AUT_002 = "AUT-002", Must, Documented,
        "A request whose signature does not fit is refused",
        "KMS API Reference, Common Errors", "F-007";
    AUT_003 = "AUT-003", Must, Documented,
        "A request by an access key that does not exist is refused",
        "KMS API Reference, Common Errors", "F-007";
    AUT_004 = "AUT-004", Must, Documented,
        "A request with an incomplete Authorization header is refused",
        "KMS API Reference, Common Errors", "F-007";
    AUT_005 = "AUT-005", Must, Documented,
        "A request refused for its authentication changed nothing",
        "KMS API Reference, Common Errors", "F-007 F-116";
}
