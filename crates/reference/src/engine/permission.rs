//! Whether the caller may do what a request asks for.

use super::super::error::KmsError;
use super::super::policy::{Ask, Decision, Policy};
use super::super::store::{Family, Grant};
use super::Request;
use std::collections::BTreeMap;

impl Request<'_> {
    /// The ARN of the calling IAM user.
    pub fn principal(&self) -> String {
        format!("arn:aws:iam::{}:user/{}", self.caller.account, self.caller.user)
    }

    /// Users may do everything by IAM policies, except the limited one: it has none.
    fn iam_allows(&self) -> bool {
        self.caller.user != "limited"
    }

    fn denied(&self, action: &str, resource: &str) -> KmsError {
        let text = format!(
            "User: {} is not authorized to perform: kms:{action} on resource: {resource} because no \
             identity-based or resource-based policy allows the kms:{action} action",
            self.principal()
        );
        KmsError::new("AccessDeniedException", text)
    }

    /// For operations that concern no key: IAM alone decides.
    pub fn authorize_by_iam(&self, action: &str) -> Result<(), KmsError> {
        if self.iam_allows() { Ok(()) } else { Err(self.denied(action, "*")) }
    }

    /// Checks the key policy of the member in `region`, IAM where the policy delegates, and grants.
    pub fn authorize(&self, family: &Family, region: &str, action: &str) -> Result<(), KmsError> {
        let key = &family.members[region];
        let allowed = match Policy::parse(&key.policy).map(|p| p.decide(&self.ask(family, region, action))) {
            Ok(Decision::Deny) => false,
            Ok(Decision::Allow) => true,
            Ok(Decision::Delegate) if self.iam_allows() => true,
            _ => key.grants.iter().any(|g| self.granted(g, action)),
        };
        if allowed { Ok(()) } else { Err(self.denied(action, &self.key_arn(region, &family.id))) }
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
        grant.grantee == self.caller_arn
            && grant.operations.iter().any(|o| o == action)
            && grant.equals.as_ref().is_none_or(|wanted| *wanted == context)
            && grant.subset.as_ref().is_none_or(|wanted| wanted.iter().all(|(k, v)| context.get(k) == Some(v)))
    }
}
