//! Whether the caller may do what a request asks for.

use super::super::error::KmsError;
use super::super::policy::{Ask, Decision, Policy};
use super::super::store::{Family, Grant};
use super::Request;
use std::collections::BTreeMap;

/// Why a caller is refused.
enum Why {
    /// The key policy says no.
    Policy,
    /// The key policy says nothing.
    Nobody,
    /// The key policy leaves it to IAM, and IAM says nothing.
    Iam,
}

impl Request<'_> {
    /// The ARN of the calling IAM user.
    pub fn principal(&self) -> String {
        format!("arn:aws:iam::{}:user/{}", self.caller.account, self.caller.user)
    }

    /// Users may do everything by IAM policies, except the limited one: it has none.
    fn iam_allows(&self) -> bool {
        self.caller.user != "limited"
    }

    /// The refusal of a caller; `why` as AWS was recorded to put it.
    fn denied(&self, action: &str, resource: &str, why: Why) -> KmsError {
        if self.recorded {
            let because = match why {
                Why::Policy => "with an explicit deny in a resource-based policy".to_string(),
                Why::Nobody => format!("because no resource-based policy allows the kms:{action} action"),
                Why::Iam => format!("because no identity-based policy allows the kms:{action} action"),
            };
            let who = self.principal();
            let text =
                format!("User: {who} is not authorized to perform: kms:{action} on resource: {resource} {because}");
            return KmsError::new("AccessDeniedException", text);
        }
        let text = format!(
            "User: {} is not authorized to perform: kms:{action} on resource: {resource} because no \
             identity-based or resource-based policy allows the kms:{action} action",
            self.principal()
        );
        KmsError::new("AccessDeniedException", text)
    }

    /// A key of another account: nothing is said about it, not even whether it is there.
    pub fn denied_across_accounts(&self) -> KmsError {
        let (who, action) = (self.principal(), self.operation);
        let because = if self.iam_allows() {
            "the resource does not exist in this Region, no resource-based policies allow access, \
             or a resource-based policy explicitly denies access"
                .to_string()
        } else {
            format!("no identity-based policy allows the kms:{action} action")
        };
        let text = format!("User: {who} is not authorized to perform: kms:{action} on this resource because {because}");
        KmsError::new("AccessDeniedException", text)
    }

    /// For operations that concern no key: IAM alone decides.
    pub fn authorize_by_iam(&self, action: &str) -> Result<(), KmsError> {
        if self.iam_allows() { Ok(()) } else { Err(self.denied(action, "*", Why::Iam)) }
    }

    /// Checks the key policy of the member in `region`, IAM where the policy delegates, and grants.
    pub fn authorize(&self, family: &Family, region: &str, action: &str) -> Result<(), KmsError> {
        let key = &family.members[region];
        let decision = Policy::parse(&key.policy).map(|p| p.decide(&self.ask(family, region, action)));
        let (allowed, why) = match decision {
            Ok(Decision::Deny) => (false, Why::Policy),
            Ok(Decision::Allow) => (true, Why::Nobody),
            Ok(Decision::Delegate) if self.iam_allows() => (true, Why::Iam),
            Ok(Decision::Delegate) => (key.grants.iter().any(|g| self.granted(g, action)), Why::Iam),
            _ => (key.grants.iter().any(|g| self.granted(g, action)), Why::Nobody),
        };
        if allowed { Ok(()) } else { Err(self.denied(action, &self.key_arn(region, &family.id), why)) }
    }

    /// Whether a policy text would let the caller put another one.
    pub fn can_change_policy(&self, policy: &Policy, multi_region: bool, primary: bool) -> bool {
        let mut context = self.context();
        context.insert("kms:multiregion", multi_region.to_string());
        if multi_region {
            context.insert("kms:multiregionkeytype", if primary { "PRIMARY" } else { "REPLICA" }.into());
        }
        let (principal, action) = (self.principal(), "kms:PutKeyPolicy".to_string());
        match policy.decide(&Ask { principal: &principal, account: &self.caller.account, action, context }) {
            Decision::Allow => true,
            Decision::Delegate => self.iam_allows(),
            Decision::Deny | Decision::Nothing => false,
        }
    }

    fn context(&self) -> BTreeMap<&'static str, String> {
        let mut context = BTreeMap::from([
            ("aws:requestedregion", self.region().to_string()),
            ("kms:calleraccount", self.caller.account.clone()),
        ]);
        let wanted = |operation: &str, member: &str| {
            let value = self.input.string(member, 0, usize::MAX).ok().flatten();
            value.filter(|_| self.operation == operation)
        };
        if let Some(region) = wanted("UpdatePrimaryRegion", "PrimaryRegion") {
            context.insert("kms:primaryregion", region);
        }
        if self.operation == "EnableKeyRotation" {
            // Left out it counts as 365, whatever period is in force.
            let days = self.input.integer("RotationPeriodInDays", 90, 2560).ok().flatten().unwrap_or(365);
            context.insert("kms:rotationperiodindays", days.to_string());
        }
        if let Some(region) = wanted("ReplicateKey", "ReplicaRegion") {
            context.insert("kms:replicaregion", region);
        }
        context
    }

    fn ask<'a>(&'a self, family: &Family, region: &str, action: &str) -> Ask<'a> {
        let mut context = self.context();
        context.insert("kms:multiregion", family.multi_region.to_string());
        if family.multi_region {
            let kind = if family.primary == region { "PRIMARY" } else { "REPLICA" };
            context.insert("kms:multiregionkeytype", kind.into());
        }
        let user = &self.caller_arn;
        Ask { principal: user, account: &self.caller.account, action: format!("kms:{action}"), context }
    }

    fn granted(&self, grant: &Grant, action: &str) -> bool {
        let member = match action {
            "ReEncryptFrom" => "SourceEncryptionContext",
            "ReEncryptTo" => "DestinationEncryptionContext",
            _ => "EncryptionContext",
        };
        let context = self.input.map(member).unwrap_or_default();
        if self.recorded && action == "CreateGrant" {
            return grant.grantee == self.caller_arn && super::grants::covers(self, grant);
        }
        grant.grantee == self.caller_arn
            && grant.operations.iter().any(|o| o == action)
            && grant.equals.as_ref().is_none_or(|wanted| *wanted == context)
            && grant.subset.as_ref().is_none_or(|wanted| wanted.iter().all(|(k, v)| context.get(k) == Some(v)))
    }
}
