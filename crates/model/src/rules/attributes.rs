//! Aliases, tags, policies, descriptions.

rules! {
    ATT_001 = "ATT-001", Must, Documented,
        "An alias belongs to one Region: others neither show nor resolve it",
        "KMS Developer Guide, Aliases", "F-130";
    ATT_002 = "ATT-002", Must, Recorded,
        "Alias names start with `alias/`: CreateAlias gives ValidationException otherwise, and no other operation finds one",
        "recorded from AWS", "F-131";
    ATT_003 = "ATT-003", Must, Observed,
        "`alias/aws/` is reserved",
        "KMS API Reference, CreateAlias", "F-131";
    ATT_004 = "ATT-004", Must, Documented,
        "CreateAlias with a name that exists: AlreadyExistsException",
        "KMS API Reference, CreateAlias, Errors", "F-130";
    ATT_005 = "ATT-005", Must, Documented,
        "UpdateAlias points the alias to the other key",
        "KMS API Reference, UpdateAlias", "F-135";
    ATT_006 = "ATT-006", Must, Documented,
        "UpdateAlias refuses keys of another type or usage",
        "KMS API Reference, UpdateAlias", "F-135";
    ATT_007 = "ATT-007", Must, Documented,
        "DeleteAlias removes the alias; a missing alias: NotFoundException",
        "KMS API Reference, DeleteAlias", "F-135";
    ATT_008 = "ATT-008", Must, Documented,
        "ListAliases of a key lists exactly its aliases in the Region called",
        "KMS API Reference, ListAliases", "F-130";
    ATT_009 = "ATT-009", Must, Documented,
        "TagResource sets and overwrites, ListResourceTags shows exactly that",
        "KMS API Reference, TagResource", "F-130";
    ATT_010 = "ATT-010", Must, Documented,
        "Tags of one member do not show on another",
        "KMS Developer Guide, Multi-Region keys", "F-032 F-130";
    ATT_011 = "ATT-011", Must, Recorded,
        "Duplicate, too many and reserved (`aws:`) tags: TagException",
        "recorded from AWS", "F-132";
    ATT_012 = "ATT-012", Must, Recorded,
        "Tag keys have 1-128 characters and values 0-256: ValidationException otherwise",
        "recorded from AWS", "F-132";
    ATT_013 = "ATT-013", Must, Documented,
        "UntagResource removes the tags named",
        "KMS API Reference, UntagResource", "F-130";
    ATT_014 = "ATT-014", Must, Documented,
        "GetKeyPolicy returns the policy that was put",
        "KMS API Reference, GetKeyPolicy", "F-134";
    ATT_015 = "ATT-015", Must, Documented,
        "Without a policy a key has the default policy, which delegates to the account",
        "KMS Developer Guide, Default key policy", "F-134 F-111";
    ATT_016 = "ATT-016", Must, Documented,
        "The policy of one member does not show on another",
        "KMS Developer Guide, Multi-Region keys", "F-032 F-130";
    ATT_017 = "ATT-017", Must, Documented,
        "PolicyName can only be `default`, or be left out",
        "KMS API Reference, PutKeyPolicy", "F-115";
    ATT_018 = "ATT-018", Must, Documented,
        "UpdateKeyDescription changes the description",
        "KMS API Reference, UpdateKeyDescription", "F-130";
    ATT_019 = "ATT-019", Must, Documented,
        "The description of one member does not show on another",
        "KMS Developer Guide, Multi-Region keys", "F-032 F-130";
}
