package accounts;

import static testing.Tests.check;
import static testing.Tests.equal;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import testing.Tests;

/** What one token, or the time, tells of another. */
public final class PredictionTest {
    private static final long MULTIPLIER = 0x5DEECE66DL;
    private static final long MASK = (1L << 48) - 1;

    /** The state of a java.util.Random after it gave two longs, found from them; empty when it was not one. */
    private static Optional<Random> stateAfter(long first, long second) {
        int low = (int) first;
        int high = (int) ((first - low) >> 32);
        for (long rest = 0; rest < 1 << 16; rest++) {
            long state = ((high & 0xFFFFFFFFL) << 16) | rest;
            long next = (state * MULTIPLIER + 0xB) & MASK;
            if ((int) (next >>> 16) == low) {
                Random random = new Random(next ^ MULTIPLIER);
                if (random.nextLong() == second) {
                    return Optional.of(random);
                }
            }
        }
        return Optional.empty();
    }

    private static long part(String token, int from) {
        return Long.parseUnsignedLong(token.substring(from, from + 16), 16);
    }

    public static void main(String[] args) {
        Tests tests = new Tests(PredictionTest.class);
        tests.test("one_token_does_not_tell_the_next", () -> {
            ResetTokens tokens = new ResetTokens(new MovableClock());
            String mine = tokens.issue("mallory");
            String theirs = tokens.issue("ada");
            stateAfter(part(mine, 0), part(mine, 16)).ifPresent(random -> {
                String guess = String.format("%016x%016x", random.nextLong(), random.nextLong());
                check(!guess.equals(theirs), "guessed " + guess);
            });
        });
        tests.test("the_time_does_not_tell_a_token", () -> {
            Set<String> seen = new HashSet<>();
            for (int i = 0; i < 4; i++) {
                check(seen.add(new ResetTokens(new MovableClock()).issue("ada")), "the same token at the same time");
            }
        });
        tests.test("links_work", () -> {
            List<String> mails = new ArrayList<>();
            PasswordReset reset = new PasswordReset(
                    new ResetTokens(new MovableClock()), (address, text) -> mails.add(text));
            for (int i = 0; i < 50; i++) {
                reset.request("ada");
            }
            for (String mail : mails) {
                equal(Optional.of("ada"), reset.follow(mail.substring(mail.indexOf("/reset/"))));
            }
        });
        tests.finish();
    }
}
