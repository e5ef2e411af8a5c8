//! Principals, as requests about grants name them. The model has no IAM: of most it cannot say whether they exist.

/// What can be said of a principal without IAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    /// The account itself, or the second principal of the run.
    Known,
    /// Whether it exists, only the service knows (F-118).
    Open,
    /// No principal can have this ARN: in STS ARNs of sessions a role has no path.
    Malformed,
}

/// What can be said of the principal of this text.
pub fn principal(text: &str) -> Principal {
    if matches!(text, "arn:aws:iam::{account}:root" | "{limited}") {
        return Principal::Known;
    }
    match text.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", _, "sts", _, _, session]
            if session.starts_with("assumed-role/") && session.matches('/').count() != 2 =>
        {
            Principal::Malformed
        }
        _ => Principal::Open,
    }
}

/// Whether a grant to the one may be listed as one to the other: a role that was deleted is shown by its unique id,
/// and by that it may be named, too.
pub fn may_be(given: &str, shown: &str) -> bool {
    let open = |text: &str| principal(text) == Principal::Open;
    given == shown || (open(given) && open(shown) && is_unique_id(given) != is_unique_id(shown))
}

/// Whether it is named by a unique id, and not by an ARN.
pub fn is_unique_id(text: &str) -> bool {
    text.starts_with('A') && !text.contains(':') || text.split(':').count() == 2 && text.starts_with("AROA")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_knows_is_open() {
        assert_eq!(principal("arn:aws:iam::{account}:root"), Principal::Known);
        assert_eq!(principal("arn:aws:iam::{account}:user/nobody"), Principal::Open);
        assert_eq!(principal("arn:aws:sts::{account}:assumed-role/r/s"), Principal::Open);
        assert_eq!(principal("arn:aws:sts::{account}:assumed-role/path/r/s"), Principal::Malformed);
        assert_eq!(principal("AROA00000000000000100:future"), Principal::Open);
    }

    #[test]
    fn a_unique_id_may_stand_for_an_arn_that_nobody_knows() {
        let (session, id) = ("arn:aws:sts::1:assumed-role/r/s", "AROA00000000000000100:s");
        assert!(may_be(session, id) && may_be(id, session) && may_be(session, session));
        assert!(!may_be(session, "arn:aws:sts::1:assumed-role/r/t"));
        assert!(!may_be("arn:aws:iam::{account}:root", id));
    }
}
