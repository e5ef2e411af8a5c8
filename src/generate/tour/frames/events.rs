//! The events after which everything is looked at, in families of several kinds.

use super::{Framed, HOMES, deletion, on, to};
use crate::generate::menu::REGIONS;
use mrkspec_model::call::Call;
use mrkspec_model::call::Operation::*;
use std::time::Duration;

/// A Region that has no member at first.
const SPARE: &str = REGIONS[3];

/// What happens to a family, and whether its material is imported.
type Events = (bool, fn(&mut Framed));

/// Every kind of event: on members that are all enabled, on members beside others that are not, and on imported
/// material that lasts, that has an end, that a second one follows, and that has ended.
pub(super) const ALL: [Events; 8] = [
    (false, switched),
    (false, dying),
    (false, promoted),
    (false, beside),
    (true, imported),
    (true, expiring),
    (true, followed),
    (true, ended),
];

fn promote(from: &str, there: &str) -> Call {
    to(UpdatePrimaryRegion, from, there)
}

/// Disables a member and enables it.
fn switch(f: &mut Framed, region: &str) {
    f.after(on(DisableKey, region));
    f.after(on(EnableKey, region));
}

/// Schedules a member's deletion and calls it off.
fn call_off(f: &mut Framed, region: &str) {
    f.after(deletion(region, 9));
    f.after(on(CancelKeyDeletion, region));
    f.walk.send(on(EnableKey, region));
}

fn switched(f: &mut Framed) {
    switch(f, HOMES[1]);
    switch(f, HOMES[0]);
    f.walk.send(on(RotateKeyOnDemand, HOMES[0]));
    f.seal();
    f.look();
}

/// A member is gone and made again; then everything else must still be possible.
fn dying(f: &mut Framed) {
    f.walk.send(to(ReplicateKey, HOMES[0], SPARE));
    f.walk.adorn();
    call_off(f, SPARE);
    // What the others are in shows whether they are left alone.
    f.walk.send(on(DisableKey, HOMES[1]));
    f.walk.send(on(DisableKey, HOMES[2]));
    f.after(deletion(SPARE, 9));
    f.gone_and_made_again(SPARE);
    f.after(on(EnableKey, HOMES[1]));
    f.walk.send(on(EnableKey, HOMES[2]));
    f.walk.send(on(RotateKeyOnDemand, HOMES[0]));
    f.seal();
    switch(f, SPARE);
    call_off(f, SPARE);
    f.walk.send(deletion(HOMES[2], 7));
    f.gone_and_made_again(HOMES[2]);
}

fn promoted(f: &mut Framed) {
    f.after(to(ReplicateKey, HOMES[0], SPARE));
    f.walk.adorn();
    f.after(promote(HOMES[0], HOMES[1]));
    f.after(promote(HOMES[1], HOMES[2]));
    f.after(promote(HOMES[2], HOMES[0]));
    f.after(promote(HOMES[0], SPARE));
}

/// One member is disabled and one pending deletion, and they stay so, whatever happens to the others.
fn beside(f: &mut Framed) {
    f.walk.send(on(DisableKey, HOMES[2]));
    f.walk.send(deletion(HOMES[1], 12));
    f.after(to(ReplicateKey, HOMES[0], SPARE));
    f.walk.adorn();
    switch(f, SPARE);
    f.walk.send(on(RotateKeyOnDemand, HOMES[0]));
    f.seal();
    f.look();
    call_off(f, SPARE);
    f.after(promote(HOMES[0], SPARE));
    f.after(promote(SPARE, HOMES[0]));
    f.walk.send(on(EnableKey, HOMES[2]));
    f.walk.send(on(DisableKey, SPARE));
    f.after(promote(HOMES[0], HOMES[2]));
}

fn imported(f: &mut Framed) {
    switch(f, HOMES[1]);
    f.after(promote(HOMES[0], HOMES[1]));
    f.after(promote(HOMES[1], HOMES[0]));
    call_off(f, HOMES[2]);
    f.after(on(DeleteImportedKeyMaterial, HOMES[2]));
    f.import(HOMES[2]);
    f.look();
    f.after(promote(HOMES[0], HOMES[1]));
    f.after(promote(HOMES[1], HOMES[2]));
    f.import(HOMES[1]);
    f.after(to(ReplicateKey, HOMES[2], SPARE));
    f.import(SPARE);
    f.look();
}

/// Each member's material has an end of its own.
fn expiring(f: &mut Framed) {
    for (home, days) in HOMES.into_iter().zip([30, 40, 50]) {
        f.import_for(home, days);
    }
    f.look();
    f.walk.send(to(ReplicateKey, HOMES[0], SPARE));
    f.look();
    f.import_for(SPARE, 60);
    f.look();
    switch(f, HOMES[1]);
    f.after(promote(HOMES[0], HOMES[1]));
    f.after(promote(HOMES[1], HOMES[0]));
    f.after(promote(HOMES[0], HOMES[2]));
    f.after(promote(HOMES[2], HOMES[0]));
    call_off(f, SPARE);
    f.walk.send(deletion(SPARE, 9));
    f.gone_and_made_again(SPARE);
    f.import(SPARE);
    f.look();
}

/// A second material comes, waits for its rotation, and is what is used.
fn followed(f: &mut Framed) {
    f.import_for(HOMES[2], 30);
    f.import_second();
    f.look();
    f.walk.send(on(RotateKeyOnDemand, HOMES[0]));
    f.seal();
    f.look();
    switch(f, HOMES[1]);
    f.import(HOMES[1]);
    f.look();
    f.after(to(ReplicateKey, HOMES[0], SPARE));
    f.after(promote(HOMES[0], HOMES[1]));
    f.after(promote(HOMES[1], HOMES[0]));
    f.after(promote(HOMES[0], HOMES[2]));
    call_off(f, HOMES[1]);
    f.after(on(DeleteImportedKeyMaterial, HOMES[1]));
    f.import_second_to(HOMES[1]);
    f.look();
}

/// The material of one member ends, while the others' does not; then everything else must still be possible.
fn ended(f: &mut Framed) {
    f.walk.send(to(ReplicateKey, HOMES[0], SPARE));
    f.import_for(SPARE, 30);
    f.walk.send(on(DisableKey, HOMES[2]));
    f.walk.adorn();
    f.import_until(HOMES[1], Duration::from_millis(1500));
    f.look();
    f.expired(HOMES[1]);
    f.walk.send(on(EnableKey, HOMES[2]));
    switch(f, HOMES[0]);
    call_off(f, SPARE);
    f.after(promote(HOMES[0], HOMES[2]));
    f.import(HOMES[1]);
    f.look();
    f.import_second();
    f.walk.send(on(RotateKeyOnDemand, HOMES[2]));
    f.seal();
    f.walk.send(deletion(SPARE, 7));
    f.gone_and_made_again(SPARE);
}
