//! Regions and partitions, as far as ReplicateKey tells them apart (F-041).

/// The Regions of the partition `aws` that every account has from the start: no others need exist, or be enabled.
const FROM_THE_START: &[&str] = &[
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The partition that a Region's name says it is in.
pub fn partition(region: &str) -> &'static str {
    let known = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    known.into_iter().find(|(start, _)| region.starts_with(start)).map_or("aws", |(_, partition)| partition)
}

/// Whether no Region can have this name: they are called after a place, a direction and a number.
pub fn is_no_name(region: &str) -> bool {
    const DIRECTIONS: &[&str] =
        &["central", "north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest"];
    let parts: Vec<&str> = region.split('-').collect();
    let [.., direction, number] = parts[..] else { return true };
    parts.len() < 3 || !DIRECTIONS.contains(&direction) || number.parse::<u8>().is_err()
}

/// Whether every account has this Region.
pub fn is_open_to_all(region: &str) -> bool {
    FROM_THE_START.contains(&region)
}
