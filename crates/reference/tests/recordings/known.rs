//! Recorded answers that the endpoint does not give, and why.

/// File, case (a `*` at the end stands for any rest), reason.
const KNOWN: &[(&str, &str, &str)] = &[
    ("mldsa", "verify_raw_with_mu", "aws-lc-rs has ML-DSA for whole messages only"),
    ("mldsa", "sign_mu", "the same"),
    ("mldsa", "verify_mu_with_raw", "needs the signature of the row before"),
    ("grants", "missing_role", "there is no IAM here: every role of an account that is served counts as there"),
    ("grants", "lifecycle_create_before_iam_propagation", "the same"),
    ("grants", "lifecycle_filter_id", "a role has no unique id without IAM"),
    ("grants", "lifecycle_retirable_id", "the same"),
    ("grants", "lifecycle_named_id_retry", "the same"),
    ("grants", "lifecycle_list_deleted", "no role is ever deleted"),
    ("grants", "lifecycle_filter_deleted_*", "the same"),
    ("grants", "lifecycle_retirable_deleted_*", "the same"),
    ("grants", "lifecycle_create_deleted_id", "the same"),
    ("grants", "lifecycle_list_recreated", "the same"),
    ("grants", "lifecycle_filter_recreated_before_iam_propagation", "the same"),
    ("grants", "lifecycle_recreated_named_grant", "the same"),
];

fn fits(pattern: &str, case: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == case, |start| case.starts_with(start))
}

/// Whether it is known that this row differs.
pub fn is_known(file: &str, case: &str) -> bool {
    KNOWN.iter().any(|(f, pattern, _)| *f == file && fits(pattern, case))
}

/// Entries of the list that no row of the file needs.
pub fn stale<'a>(file: &'a str, different: &'a [(String, String)]) -> impl Iterator<Item = &'static str> + 'a {
    let needed = |pattern: &str| different.iter().any(|(case, _)| fits(pattern, case));
    KNOWN.iter().filter(move |(f, pattern, _)| *f == file && !needed(pattern)).map(|(_, pattern, _)| *pattern)
}
