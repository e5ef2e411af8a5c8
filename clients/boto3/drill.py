"""The failover drill with boto3: promote a replica, go on without the former primary; then every declared
error of UpdatePrimaryRegion, and promotions whose answer never comes. The environment is set by scripts/clients."""

import os
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

EAST, WEST = "us-east-1", "eu-west-1"


def kms(region, url=None, **options):
    options.setdefault("retries", {"mode": "standard", "total_max_attempts": 10})
    return boto3.client("kms", region_name=region, endpoint_url=url, config=Config(**options))


def settled(client, key):
    """DescribeKey until the key is neither Creating nor Updating."""
    end = time.monotonic() + 30
    while True:
        metadata = client.describe_key(KeyId=key)["KeyMetadata"]
        if metadata["KeyState"] not in ("Creating", "Updating"):
            return metadata
        if time.monotonic() > end:
            sys.exit(f"{metadata['Arn']} is still {metadata['KeyState']}")
        time.sleep(0.02)


def primary(client, key):
    return settled(client, key)["MultiRegionConfiguration"]["PrimaryKey"]["Region"]


def family(east, west):
    """A primary in us-east-1 with a replica in eu-west-1, both Enabled."""
    key = east.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    try:
        east.replicate_key(KeyId=key, ReplicaRegion=WEST)
    except east.exceptions.AlreadyExistsException:
        pass  # a first try did its work, and its answer was lost
    settled(west, key)
    return key


def failover():
    east, west = kms(EAST), kms(WEST)
    key = family(east, west)
    sealed = east.encrypt(KeyId=key, Plaintext=b"hello")["CiphertextBlob"]
    east.update_primary_region(KeyId=key, PrimaryRegion=WEST)
    assert primary(west, key) == primary(east, key) == WEST
    assert settled(west, key)["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    assert west.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"hello"
    gone = east.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert gone["KeyState"] == "PendingDeletion"
    assert west.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"hello"


def declared_errors():
    east, west = kms(EAST), kms(WEST)
    failing = kms(EAST, os.environ["FAILING_ENDPOINT_URL"], retries={"total_max_attempts": 1})
    key, disabled = family(east, west), family(east, west)
    east.disable_key(KeyId=disabled)
    single = east.create_key()["KeyMetadata"]["KeyId"]
    cases = [
        (east, disabled, WEST, east.exceptions.DisabledException),
        (east, "alias/an-alias", WEST, east.exceptions.InvalidArnException),
        (failing, key, WEST, failing.exceptions.KMSInternalException),
        (west, key, EAST, west.exceptions.KMSInvalidStateException),  # a replica
        (east, "mrk-" + "0" * 32, WEST, east.exceptions.NotFoundException),
        (east, single, WEST, east.exceptions.UnsupportedOperationException),
        (east, key, "ap-south-1", ClientError),  # no replica there: recorded as a ValidationException, which is not declared
    ]
    for client, key_id, region, expected in cases:
        try:
            client.update_primary_region(KeyId=key_id, PrimaryRegion=region)
        except expected as refused:
            print(f"  {refused.response['Error']['Code']}: as {type(refused).__name__}")
        else:
            sys.exit(f"{expected.__name__} was not raised")
    assert primary(east, key) == EAST, "what is refused changes nothing"


def lost_answers(url, name, **options):
    """Promotions whose outcome nobody tells: before a read, both worlds are possible; a read decides."""
    east, west = kms(EAST, url), kms(WEST, url)
    once = {r: kms(r, url, retries={"total_max_attempts": 1}, **options) for r in (EAST, WEST)}
    key = family(east, west)
    lost = moved = 0
    rounds = 0
    while rounds < 10 or (lost == 0 and rounds < 100):
        old, new = [(EAST, WEST), (WEST, EAST)][rounds % 2]
        rounds += 1
        while primary(west, key) != new:
            try:
                once[old].update_primary_region(KeyId=key, PrimaryRegion=new)
            except (ConnectionError, HTTPClientError):
                lost += 1
                moved += primary(west, key) == new
            except once[old].exceptions.KMSInvalidStateException:
                pass  # a call that was given up arrived after the read
        assert primary(east, key) == new
    print(f"  {name}: {lost} answers lost, {moved} of these promotions had been made")
    assert lost > 0


failover()
declared_errors()
lost_answers(os.environ["LOSSY_ENDPOINT_URL"], "cut off")
lost_answers(os.environ["SLOW_ENDPOINT_URL"], "timed out", read_timeout=0.02)
