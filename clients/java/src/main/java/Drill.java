import java.net.URI;
import java.time.Duration;
import java.util.Set;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.AlreadyExistsException;
import software.amazon.awssdk.services.kms.model.DisabledException;
import software.amazon.awssdk.services.kms.model.InvalidArnException;
import software.amazon.awssdk.services.kms.model.KeyMetadata;
import software.amazon.awssdk.services.kms.model.KeyState;
import software.amazon.awssdk.services.kms.model.KmsException;
import software.amazon.awssdk.services.kms.model.KmsInternalException;
import software.amazon.awssdk.services.kms.model.KmsInvalidStateException;
import software.amazon.awssdk.services.kms.model.MultiRegionKeyType;
import software.amazon.awssdk.services.kms.model.NotFoundException;
import software.amazon.awssdk.services.kms.model.UnsupportedOperationException;

/**
 * The failover drill with the AWS SDK for Java 2: promote a replica, go on without the former primary; then every
 * declared error of UpdatePrimaryRegion, and promotions that time out. The environment is set by scripts/clients.
 */
public class Drill {
    static final String EAST = "us-east-1", WEST = "eu-west-1";

    /** A client of one Region: of the endpoint in AWS_ENDPOINT_URL_KMS, or in another variable. */
    static KmsClient kms(String region, String endpoint, int attempts) {
        var builder = KmsClient.builder().region(Region.of(region))
            .overrideConfiguration(c -> c.retryStrategy(r -> r.maxAttempts(attempts)));
        return builder.endpointOverride(URI.create(System.getenv(endpoint))).build();
    }

    static KmsClient kms(String region) { return kms(region, "AWS_ENDPOINT_URL_KMS", 10); }

    static void check(boolean holds, Object otherwise) {
        if (!holds) throw new IllegalStateException(String.valueOf(otherwise));
    }

    /** DescribeKey until the key is neither Creating nor Updating. */
    static KeyMetadata settled(KmsClient client, String key) throws InterruptedException {
        for (int i = 0; i < 1500; i++) {
            KeyMetadata metadata = client.describeKey(r -> r.keyId(key)).keyMetadata();
            if (!Set.of(KeyState.CREATING, KeyState.UPDATING).contains(metadata.keyState())) return metadata;
            Thread.sleep(20);
        }
        throw new IllegalStateException(key + " does not settle");
    }

    static String primary(KmsClient client, String key) throws InterruptedException {
        return settled(client, key).multiRegionConfiguration().primaryKey().region();
    }

    /** A primary in us-east-1 with a replica in eu-west-1, both Enabled. */
    static String family(KmsClient east, KmsClient west) throws InterruptedException {
        String key = east.createKey(r -> r.multiRegion(true)).keyMetadata().keyId();
        try {
            east.replicateKey(r -> r.keyId(key).replicaRegion(WEST));
        } catch (AlreadyExistsException e) {
            // A first try did its work, and its answer was lost.
        }
        settled(west, key);
        return key;
    }

    static void failover() throws InterruptedException {
        KmsClient east = kms(EAST), west = kms(WEST);
        String key = family(east, west);
        SdkBytes sealed = east.encrypt(r -> r.keyId(key).plaintext(SdkBytes.fromUtf8String("hello"))).ciphertextBlob();
        east.updatePrimaryRegion(r -> r.keyId(key).primaryRegion(WEST));
        check(primary(west, key).equals(WEST) && primary(east, key).equals(WEST), "the primary did not move");
        check(settled(west, key).multiRegionConfiguration().multiRegionKeyType() == MultiRegionKeyType.PRIMARY, "no primary");
        check(west.decrypt(r -> r.ciphertextBlob(sealed)).plaintext().asUtf8String().equals("hello"), "not what was sealed");
        KeyState gone = east.scheduleKeyDeletion(r -> r.keyId(key).pendingWindowInDays(7)).keyState();
        check(gone == KeyState.PENDING_DELETION, gone);
        check(west.decrypt(r -> r.ciphertextBlob(sealed)).plaintext().asUtf8String().equals("hello"), "not what was sealed");
    }

    static void refused(Class<? extends KmsException> expected, KmsClient client, String key, String region) {
        try {
            client.updatePrimaryRegion(r -> r.keyId(key).primaryRegion(region));
        } catch (KmsException e) {
            check(expected.isInstance(e), expected + ", not " + e);
            System.out.println("  " + e.awsErrorDetails().errorCode() + ": as " + e.getClass().getSimpleName());
            return;
        }
        throw new IllegalStateException(expected + " was not thrown");
    }

    static void declaredErrors() throws InterruptedException {
        KmsClient east = kms(EAST), west = kms(WEST), failing = kms(EAST, "FAILING_ENDPOINT_URL", 1);
        String key = family(east, west), disabled = family(east, west);
        east.disableKey(r -> r.keyId(disabled));
        String single = east.createKey().keyMetadata().keyId();
        refused(DisabledException.class, east, disabled, WEST);
        refused(InvalidArnException.class, east, "alias/an-alias", WEST);
        refused(KmsInternalException.class, failing, key, WEST);
        refused(KmsInvalidStateException.class, west, key, EAST); // a replica
        refused(NotFoundException.class, east, "mrk-" + "0".repeat(32), WEST);
        refused(UnsupportedOperationException.class, east, single, WEST);
        refused(KmsException.class, east, key, "ap-south-1"); // no replica there: recorded as a ValidationException, which is not declared
        check(primary(east, key).equals(EAST), "what is refused changes something");
    }

    /** Promotions whose outcome nobody tells: before a read, both worlds are possible; a read decides. */
    static int lostAnswers(String name, String endpoint, Duration patience) throws InterruptedException {
        KmsClient east = kms(EAST, endpoint, 10), west = kms(WEST, endpoint, 10);
        KmsClient eastOnce = kms(EAST, endpoint, 1), westOnce = kms(WEST, endpoint, 1);
        String key = family(east, west);
        int lost = 0, moved = 0;
        for (int round = 0; round < 10 || (lost == 0 && round < 30); round++) {
            KmsClient old = round % 2 == 0 ? eastOnce : westOnce;
            String next = round % 2 == 0 ? WEST : EAST;
            while (!primary(west, key).equals(next)) {
                try {
                    old.updatePrimaryRegion(r -> r.keyId(key).primaryRegion(next)
                        .overrideConfiguration(c -> c.apiCallTimeout(patience)));
                } catch (KmsInvalidStateException e) {
                    // A call that was given up arrived after the read.
                } catch (SdkClientException e) {
                    lost++;
                    if (primary(west, key).equals(next)) moved++;
                }
            }
            check(primary(east, key).equals(next), "the members do not agree");
        }
        System.out.printf("  %s: %d answers lost, %d of these promotions had been made%n", name, lost, moved);
        return lost;
    }

    public static void main(String[] arguments) throws InterruptedException {
        failover();
        declaredErrors();
        lostAnswers("cut off", "LOSSY_ENDPOINT_URL", Duration.ofSeconds(30));
        int lost = lostAnswers("timed out", "SLOW_ENDPOINT_URL", Duration.ofMillis(20));
        check(lost > 0, "nothing was lost: nothing was tried");
    }
}
