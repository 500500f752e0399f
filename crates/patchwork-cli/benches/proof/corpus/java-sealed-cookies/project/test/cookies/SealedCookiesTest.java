package cookies;

import static testing.Tests.check;
import static testing.Tests.equal;

import java.util.Map;
import java.util.Optional;
import testing.Tests;

public final class SealedCookiesTest {
    public static void main(String[] args) {
        SealedCookies cookies = new SealedCookies("0123456789abcdef".getBytes());
        Tests tests = new Tests(SealedCookiesTest.class);
        tests.test("what_is_sealed_can_be_opened", () -> {
            Map<String, String> fields = Map.of("name", "Zo\u00eb", "theme", "dark", "empty", "");
            equal(Optional.of(fields), cookies.open(cookies.seal(fields)));
            equal(Optional.of(Map.of()), cookies.open(cookies.seal(Map.of())));
        });
        tests.test("a_visitor_is_known_again", () -> {
            Visitor visitor = new Visitor("Ada", true);
            equal(Optional.of(visitor), Visitor.fromCookie(cookies, visitor.toCookie(cookies)));
        });
        tests.test("a_cookie_needs_no_quotes", () -> {
            for (int length = 0; length < 20; length++) {
                String cookie = cookies.seal(Map.of("name", "a".repeat(length)));
                check(cookie.matches("[A-Za-z0-9_-]+"), cookie);
            }
        });
        tests.test("other_texts_are_no_cookies", () -> {
            equal(Optional.empty(), cookies.open("%%%"));
            equal(Optional.empty(), cookies.open("AAAA"));
            equal(Optional.empty(), Visitor.fromCookie(cookies, "AAAAAAAAAAAAAAAAAAAAAA"));
        });
        tests.finish();
    }
}
