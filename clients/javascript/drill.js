// The failover drill with @aws-sdk/client-kms: promote a replica, go on without the former primary; then every
// declared error of UpdatePrimaryRegion, and promotions that are aborted. The environment is set by scripts/clients.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import * as kms from "@aws-sdk/client-kms";

const EAST = "us-east-1", WEST = "eu-west-1";

/** A client of one Region: `client.describeKey({ KeyId })`. */
const client = (region, options = {}) => new kms.KMS({ region, maxAttempts: 10, ...options });

/** DescribeKey until the key is neither Creating nor Updating. */
async function settled(client, KeyId) {
  for (const end = Date.now() + 30_000; ; await sleep(20)) {
    const { KeyMetadata } = await client.describeKey({ KeyId });
    if (!["Creating", "Updating"].includes(KeyMetadata.KeyState)) return KeyMetadata;
    assert(Date.now() < end, `${KeyMetadata.Arn} is still ${KeyMetadata.KeyState}`);
  }
}

const primary = async (client, key) => (await settled(client, key)).MultiRegionConfiguration.PrimaryKey.Region;

/** A primary in us-east-1 with a replica in eu-west-1, both Enabled. */
async function family(east, west) {
  const KeyId = (await east.createKey({ MultiRegion: true })).KeyMetadata.KeyId;
  try {
    await east.replicateKey({ KeyId, ReplicaRegion: WEST });
  } catch (e) {
    if (!(e instanceof kms.AlreadyExistsException)) throw e; // a first try did its work, and its answer was lost
  }
  await settled(west, KeyId);
  return KeyId;
}

async function failover() {
  const east = client(EAST), west = client(WEST);
  const KeyId = await family(east, west);
  const { CiphertextBlob } = await east.encrypt({ KeyId, Plaintext: Buffer.from("hello") });
  const opened = async () => Buffer.from((await west.decrypt({ CiphertextBlob })).Plaintext).toString();
  await east.updatePrimaryRegion({ KeyId, PrimaryRegion: WEST });
  assert.equal(await primary(west, KeyId), WEST);
  assert.equal(await primary(east, KeyId), WEST);
  assert.equal((await settled(west, KeyId)).MultiRegionConfiguration.MultiRegionKeyType, "PRIMARY");
  assert.equal(await opened(), "hello");
  const gone = await east.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
  assert.equal(gone.KeyState, "PendingDeletion");
  assert.equal(await opened(), "hello");
}

async function declaredErrors() {
  const east = client(EAST), west = client(WEST);
  const failing = client(EAST, { endpoint: process.env.FAILING_ENDPOINT_URL, maxAttempts: 1 });
  const key = await family(east, west), disabled = await family(east, west);
  await east.disableKey({ KeyId: disabled });
  const single = (await east.createKey({})).KeyMetadata.KeyId;
  const cases = [
    [east, disabled, WEST, kms.DisabledException],
    [east, "alias/an-alias", WEST, kms.InvalidArnException],
    [failing, key, WEST, kms.KMSInternalException],
    [west, key, EAST, kms.KMSInvalidStateException], // a replica
    [east, "mrk-" + "0".repeat(32), WEST, kms.NotFoundException],
    [east, single, WEST, kms.UnsupportedOperationException],
    [east, key, "ap-south-1", kms.KMSServiceException], // no replica there: recorded as a ValidationException, which is not declared
  ];
  for (const [client, KeyId, PrimaryRegion, expected] of cases) {
    const refused = await client.updatePrimaryRegion({ KeyId, PrimaryRegion }).then(() => undefined, (e) => e);
    assert(refused instanceof expected, `${expected.name}, not ${refused}`);
    console.log(`  ${refused.name}: as ${refused.constructor.name}`);
  }
  assert.equal(await primary(east, key), EAST, "what is refused changes nothing");
}

/** Promotions whose outcome nobody tells: before a read, both worlds are possible; a read decides. */
async function lostAnswers(name, endpoint, abortAfter) {
  const options = { endpoint };
  const east = client(EAST, options), west = client(WEST, options);
  const once = { [EAST]: client(EAST, { ...options, maxAttempts: 1 }), [WEST]: client(WEST, { ...options, maxAttempts: 1 }) };
  const KeyId = await family(east, west);
  let lost = 0, moved = 0;
  for (let i = 0; i < 10 || (lost === 0 && i < 100); i++) {
    const [old, to] = i % 2 ? [WEST, EAST] : [EAST, WEST];
    for (let tried = 0; (await primary(west, KeyId)) !== to; tried++) {
      const abort = new AbortController();
      // The first tries are aborted ever later: some before they were sent, some after they were carried out.
      const timer = abortAfter && tried < 5 && setTimeout(() => abort.abort(), abortAfter(i, tried));
      try {
        await once[old].updatePrimaryRegion({ KeyId, PrimaryRegion: to }, { abortSignal: abort.signal });
      } catch (e) {
        if (e instanceof kms.KMSInvalidStateException) continue; // a call that was given up arrived after the read
        if (e instanceof kms.KMSServiceException && e.$metadata.httpStatusCode >= 400) throw e;
        lost++;
        moved += (await primary(west, KeyId)) === to;
      } finally {
        clearTimeout(timer);
      }
    }
    assert.equal(await primary(east, KeyId), to);
  }
  console.log(`  ${name}: ${lost} answers lost, ${moved} of these promotions had been made`);
  assert(lost > 0);
}

await failover();
await declaredErrors();
await lostAnswers("cut off", process.env.LOSSY_ENDPOINT_URL);
await lostAnswers("aborted", process.env.SLOW_ENDPOINT_URL, (round, tried) => (round % 5) * 5 + tried * 20);
