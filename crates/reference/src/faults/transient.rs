//! Mistakes that show while a replica is being made or a promotion is under way.

use super::faults;
use super::tools::*;
use std::time::{Duration, Instant};

const CRYPTO: &str = "Encrypt Decrypt ReEncrypt GenerateDataKey GenerateDataKeyWithoutPlaintext Sign Verify GenerateMac VerifyMac GetPublicKey";

fn long() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

faults! {
    "creating-never-ends", "REP-011" transient, "A replica stays in Creating", |t| {
        t.then("ReplicateKey", |t| {
            let to = t.text("ReplicaRegion");
            t.on_family(|f, _| if let Some(k) = f.members.get_mut(&to) { k.creating_until = Some(long()) });
        })
    };
    "creating-works-already", "REP-015" transient, "A key that is being made can be disabled already", |t| {
        if t.state() == "Creating" { t.blind("EnableKey DisableKey Encrypt Decrypt GenerateDataKey") } else { t.run() }
    };
    "creating-cannot-be-described", "REP-016" transient, "A key that is being made cannot be tagged", |t| {
        t.refuse_in("TagResource UpdateKeyDescription", "Creating", "KMSInvalidStateException")
    };
    "updating-never-ends", "UPR-011" transient, "Both keys stay in Updating", |t| {
        t.then("UpdatePrimaryRegion", |t| { t.on_family(|f, _| if let Some(x) = &mut f.transit { x.until = long() }); })
    };
    "updating-is-disabled", "UPR-029" transient, "A promotion while another is under way is a DisabledException", |t| {
        t.refuse_in("UpdatePrimaryRegion", "Updating", "DisabledException")
    };
    "updating-stops-cryptography", "UPR-033" transient, "Nothing can be encrypted or decrypted while Updating", |t| {
        t.refuse_in(CRYPTO, "Updating", "KMSInvalidStateException")
    };
    "updating-stops-decryption-without-key-id", "UPR-033" transient, "Decryption fails on the former primary while Updating", |t| {
        let busy = t.on_account(|a| a.families.values().any(|f| f.transit.as_ref().is_some_and(|x| x.until > Instant::now() && x.from == t.region())));
        if t.is("Decrypt") && busy && t.region() == "us-east-1" { return refuse("KMSInvalidStateException") }
        t.run()
    };
    "updating-can-be-disabled", "UPR-034" transient, "Keys can be disabled while Updating", |t| {
        if t.state() == "Updating" { t.blind("DisableKey EnableKey") } else { t.run() }
    };
    "updating-can-be-deleted", "UPR-034" transient, "Deletion can be scheduled while Updating", |t| {
        if t.state() == "Updating" { t.blind("ScheduleKeyDeletion") } else { t.run() }
    };
    "updating-can-be-replicated", "UPR-034" transient, "The new primary can be replicated while Updating", |t| {
        if t.state() == "Updating" { t.blind("ReplicateKey") } else { t.run() }
    };
    "updating-is-read-only", "UPR-035" transient, "Tags, aliases and descriptions cannot be changed while Updating", |t| {
        t.refuse_in("TagResource UntagResource UpdateKeyDescription CreateAlias", "Updating", "KMSInvalidStateException")
    };
    "updating-has-no-grants", "UPR-035" transient, "No grant can be made while Updating", |t| {
        t.refuse_in("CreateGrant", "Updating", "KMSInvalidStateException")
    };
}
