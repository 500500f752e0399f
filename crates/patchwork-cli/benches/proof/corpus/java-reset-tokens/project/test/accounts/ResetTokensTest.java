package accounts;

import static testing.Tests.check;
import static testing.Tests.equal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import testing.Tests;

public final class ResetTokensTest {
    public static void main(String[] args) {
        Tests tests = new Tests(ResetTokensTest.class);
        tests.test("a_token_works_once", () -> {
            ResetTokens tokens = new ResetTokens(new MovableClock());
            String token = tokens.issue("ada");
            equal(Optional.of("ada"), tokens.redeem(token));
            equal(Optional.empty(), tokens.redeem(token));
        });
        tests.test("a_token_ends", () -> {
            MovableClock clock = new MovableClock();
            ResetTokens tokens = new ResetTokens(clock);
            String token = tokens.issue("ada");
            clock.advance(Duration.ofMinutes(31));
            equal(Optional.empty(), tokens.redeem(token));
        });
        tests.test("tokens_differ", () -> {
            ResetTokens tokens = new ResetTokens(new MovableClock());
            check(!tokens.issue("ada").equals(tokens.issue("bob")), "the same token twice");
        });
        tests.test("a_mail_goes_to_who_asked", () -> {
            List<String> mails = new ArrayList<>();
            PasswordReset reset = new PasswordReset(
                    new ResetTokens(new MovableClock()), (address, text) -> mails.add(address + ": " + text));
            reset.request("ada@shop.example");
            check(mails.get(0).startsWith("ada@shop.example: Choose a new password: https://"), mails.get(0));
            equal(Optional.empty(), reset.follow("/reset/nothing"));
            equal(Optional.of("ada@shop.example"), reset.follow(mails.get(0).replaceAll(".*(?=/reset/)", "")));
        });
        tests.finish();
    }
}
