package accounts;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Tokens that let somebody choose a new password. Each works once and for half an hour. */
public final class ResetTokens {
    private static final Duration LIFETIME = Duration.ofMinutes(30);

    private record Issued(String account, Instant until) {}

    private final Map<String, Issued> issued = new HashMap<>();
    private final Clock clock;

    public ResetTokens(Clock clock) {
        this.clock = clock;
    }

    /** A new token for an account. */
    public synchronized String issue(String account) {
        String token = UUID.randomUUID().toString();
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
