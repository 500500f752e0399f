package staff;

import static testing.Tests.equal;

import java.util.Optional;
import testing.Tests;

/** What can be typed where a name or a PIN is asked for. */
public final class SignInQuotesTest {
    public static void main(String[] args) {
        Tests tests = new Tests(SignInQuotesTest.class);
        tests.test("nobody_signs_in_without_the_pin", () -> {
            String[] texts = {
                "Ada' or '1'='1", "' or ''='", "Ada'\nor\n'1'='1", "Ada'or'1'='1", "Ada' or true() or '",
                "x'] | /staff/employee[@name='Ada", "Ada'] | //employee[@role='manager", "x' or @role='manager' or 'a'='b",
            };
            for (String text : texts) {
                equal(Optional.empty(), StaffDirectoryTest.directory().signIn(text, "0000"));
                equal(Optional.empty(), StaffDirectoryTest.directory().signIn("Ada", text));
                equal(Optional.empty(), StaffDirectoryTest.directory().signIn(text, text));
            }
        });
        tests.test("double_quotes_do_not_help", () -> {
            equal(Optional.empty(), StaffDirectoryTest.directory().signIn("Ada\" or \"1\"=\"1", "0000"));
        });
        tests.test("names_with_quotes_and_words_sign_in", () -> {
            equal("O'Neill", StaffDirectoryTest.directory().signIn("O'Neill", "1234").orElseThrow().name());
            equal("Max or Mia", StaffDirectoryTest.directory().signIn("Max or Mia", "7777").orElseThrow().name());
            equal(Optional.empty(), StaffDirectoryTest.directory().signIn("O'Neill", "4321"));
        });
        tests.finish();
    }
}
