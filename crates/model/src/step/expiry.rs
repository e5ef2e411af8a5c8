//! How long imported key material lasts: ExpirationModel and ValidTo (F-124).

use crate::call::{Arg, Call};
use crate::outcome::{Reason, Refusals};
use crate::world::Imported;
use std::time::Duration;

/// What is not about a key in the request: the times, and how they go together (F-124).
pub fn refuse_times(call: &Call, refusals: &mut Refusals, optional: &mut Refusals) {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);
    let lasting = call.text("ExpirationModel") == Some("KEY_MATERIAL_DOES_NOT_EXPIRE");
    match call.args.get("ValidTo") {
        None if !lasting => drop(refusals.refuse(&["ValidationException"], Reason::NoExpiryTime)),
        None => {}
        Some(Arg::In(time)) if !lasting && *time < YEAR && call.text("ExpirationModel").is_some() => {}
        // That this means KEY_MATERIAL_EXPIRES is a SHOULD.
        Some(Arg::In(time)) if !lasting && *time < YEAR => {
            optional.refuse(&["ValidationException"], Reason::ImpliedExpiry);
        }
        // In the past, too far ahead, or beside the wrong model: AWS refuses it, which is a SHOULD.
        Some(_) => drop(optional.refuse(&["ValidationException"], Reason::ExpiryTime)),
    }
}

/// What an import that is taken may mean for how long (F-124).
pub fn statuses(call: &Call) -> &'static [Imported] {
    use Imported::{Due, Expiring, Implied, Lasting};
    match (call.text("ExpirationModel"), call.args.get("ValidTo")) {
        (Some("KEY_MATERIAL_DOES_NOT_EXPIRE"), None) => &[Lasting],
        // These contradict each other: an endpoint that does not mind goes by the one or the other.
        (Some("KEY_MATERIAL_DOES_NOT_EXPIRE"), Some(Arg::In(_))) => &[Lasting, Expiring],
        (Some("KEY_MATERIAL_DOES_NOT_EXPIRE"), Some(_)) => &[Lasting, Due],
        (None, Some(Arg::In(_))) => &[Implied],
        (_, Some(Arg::In(_)) | None) => &[Expiring],
        // A date of which nobody knows whether it is over.
        (_, Some(_)) => &[Due],
    }
}
