// The failover drill with the AWS SDK for .NET: promote a replica, go on without the former primary; then every declared
// error of UpdatePrimaryRegion, and promotions whose task is cancelled. The environment is set by scripts/clients.
using System.Text;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using Amazon.Runtime;

const string East = "us-east-1", West = "eu-west-1";

await Failover();
await DeclaredErrors();
await LostAnswers("cut off", "LOSSY_ENDPOINT_URL", (_, _) => TimeSpan.FromSeconds(30));
// The first tries are cancelled ever later: some before they were sent, some after they were carried out.
var cancelled = await LostAnswers("cancelled", "SLOW_ENDPOINT_URL", (round, tried) => TimeSpan.FromMilliseconds(round % 5 * 5 + tried * 20));
Check(cancelled > 0, "nothing was lost: nothing was tried");

// A client of one Region: of the endpoint in AWS_ENDPOINT_URL_KMS, or in another variable.
static AmazonKeyManagementServiceClient Kms(string region, string endpoint = "AWS_ENDPOINT_URL_KMS", int attempts = 10) =>
    new(new EnvironmentVariablesAWSCredentials(), new AmazonKeyManagementServiceConfig
    {
        ServiceURL = Environment.GetEnvironmentVariable(endpoint),
        AuthenticationRegion = region,
        RetryMode = RequestRetryMode.Standard,
        MaxErrorRetry = attempts - 1,
    });

static void Check(bool holds, string otherwise)
{
    if (!holds) throw new InvalidOperationException(otherwise);
}

// DescribeKey until the key is neither Creating nor Updating.
static async Task<KeyMetadata> Settled(IAmazonKeyManagementService client, string key)
{
    for (var i = 0; i < 1500; i++, await Task.Delay(20))
    {
        var metadata = (await client.DescribeKeyAsync(key)).KeyMetadata;
        if (metadata.KeyState != KeyState.Creating && metadata.KeyState != KeyState.Updating) return metadata;
    }
    throw new TimeoutException($"{key} does not settle");
}

static async Task<string> Primary(IAmazonKeyManagementService client, string key) =>
    (await Settled(client, key)).MultiRegionConfiguration.PrimaryKey.Region;

// A primary in us-east-1 with a replica in eu-west-1, both Enabled.
static async Task<string> Family(IAmazonKeyManagementService east, IAmazonKeyManagementService west)
{
    var key = (await east.CreateKeyAsync(new CreateKeyRequest { MultiRegion = true })).KeyMetadata.KeyId;
    try
    {
        await east.ReplicateKeyAsync(new ReplicateKeyRequest { KeyId = key, ReplicaRegion = West });
    }
    catch (AlreadyExistsException)
    {
        // A first try did its work, and its answer was lost.
    }
    await Settled(west, key);
    return key;
}

static Task Promote(IAmazonKeyManagementService client, string key, string region, CancellationToken token = default) =>
    client.UpdatePrimaryRegionAsync(new UpdatePrimaryRegionRequest { KeyId = key, PrimaryRegion = region }, token);

static async Task Failover()
{
    using var east = Kms(East);
    using var west = Kms(West);
    var key = await Family(east, west);
    var plaintext = new MemoryStream(Encoding.UTF8.GetBytes("hello"));
    var ciphertext = (await east.EncryptAsync(new EncryptRequest { KeyId = key, Plaintext = plaintext })).CiphertextBlob.ToArray();
    async Task<string> Opened()
    {
        var answer = await west.DecryptAsync(new DecryptRequest { CiphertextBlob = new MemoryStream(ciphertext) });
        return Encoding.UTF8.GetString(answer.Plaintext.ToArray());
    }
    await Promote(east, key, West);
    Check(await Primary(west, key) == West && await Primary(east, key) == West, "the primary did not move");
    var promoted = (await Settled(west, key)).MultiRegionConfiguration;
    Check(promoted.MultiRegionKeyType == MultiRegionKeyType.PRIMARY, "the promoted key is no primary");
    Check(await Opened() == "hello", "not what was sealed");
    var gone = await east.ScheduleKeyDeletionAsync(new ScheduleKeyDeletionRequest { KeyId = key, PendingWindowInDays = 7 });
    Check(gone.KeyState == KeyState.PendingDeletion, "the old primary stays");
    Check(await Opened() == "hello", "not what was sealed");
}

static async Task Refused<T>(IAmazonKeyManagementService client, string key, string region) where T : AmazonKeyManagementServiceException
{
    try
    {
        await Promote(client, key, region);
    }
    catch (T refused)
    {
        Console.WriteLine($"  {refused.ErrorCode}: as {refused.GetType().Name}");
        return;
    }
    throw new InvalidOperationException($"{typeof(T).Name} was not thrown");
}

static async Task DeclaredErrors()
{
    using var east = Kms(East);
    using var west = Kms(West);
    using var failing = Kms(East, "FAILING_ENDPOINT_URL", 1);
    string key = await Family(east, west), disabled = await Family(east, west);
    await east.DisableKeyAsync(disabled);
    var single = (await east.CreateKeyAsync(new CreateKeyRequest())).KeyMetadata.KeyId;
    await Refused<DisabledException>(east, disabled, West);
    await Refused<InvalidArnException>(east, "alias/an-alias", West);
    await Refused<KMSInternalException>(failing, key, West);
    await Refused<KMSInvalidStateException>(west, key, East); // a replica
    await Refused<NotFoundException>(east, "mrk-" + new string('0', 32), West);
    await Refused<UnsupportedOperationException>(east, single, West);
    // No replica there: recorded as a ValidationException, which is not declared.
    await Refused<AmazonKeyManagementServiceException>(east, key, "ap-south-1");
    Check(await Primary(east, key) == East, "what is refused changes something");
}

// Promotions whose outcome nobody tells: before a read, both worlds are possible; a read decides.
static async Task<int> LostAnswers(string name, string endpoint, Func<int, int, TimeSpan> patience)
{
    using var east = Kms(East, endpoint);
    using var west = Kms(West, endpoint);
    using var eastOnce = Kms(East, endpoint, 1);
    using var westOnce = Kms(West, endpoint, 1);
    var key = await Family(east, west);
    int lost = 0, moved = 0;
    for (var round = 0; round < 10 || (lost == 0 && round < 30); round++)
    {
        var (old, next) = round % 2 == 0 ? (eastOnce, West) : (westOnce, East);
        for (var tried = 0; await Primary(west, key) != next; tried++)
        {
            using var cancellation = new CancellationTokenSource(patience(round, tried));
            try
            {
                await Promote(old, key, next, cancellation.Token);
            }
            catch (KMSInvalidStateException)
            {
                // A call that was given up arrived after the read.
            }
            catch (Exception e) when (e is not AmazonServiceException { StatusCode: >= System.Net.HttpStatusCode.BadRequest })
            {
                // Cancelled, or cut off.
                lost++;
                if (await Primary(west, key) == next) moved++;
            }
        }
        Check(await Primary(east, key) == next, "the members do not agree");
    }
    Console.WriteLine($"  {name}: {lost} answers lost, {moved} of these promotions had been made");
    return lost;
}
