package cookies;

import static testing.Tests.check;
import static testing.Tests.equal;

import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import testing.Tests;

/** What visitors learn from their cookies, and what they can make of them. */
public final class SealTest {
    private static byte[] decode(String cookie) {
        return Base64.getUrlDecoder().decode(cookie);
    }

    private static String encode(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    public static void main(String[] args) {
        SealedCookies cookies = new SealedCookies("0123456789abcdef".getBytes());
        Tests tests = new Tests(SealTest.class);
        tests.test("equal_parts_do_not_look_equal", () -> {
            byte[] sealed = decode(cookies.seal(Map.of("name", "a".repeat(160))));
            Set<String> blocks = new HashSet<>();
            for (int at = 0; at + 16 <= sealed.length; at += 16) {
                check(blocks.add(encode(Arrays.copyOfRange(sealed, at, at + 16))), "the same block twice");
            }
        });
        tests.test("equal_cookies_do_not_look_equal", () -> {
            Visitor ada = new Visitor("Ada", false);
            check(!ada.toCookie(cookies).equals(ada.toCookie(cookies)), "the same cookie twice");
        });
        tests.test("a_changed_cookie_is_none", () -> {
            byte[] sealed = decode(new Visitor("Ada Lovelace of London", false).toCookie(cookies));
            for (int at = 0; at < sealed.length; at++) {
                byte[] changed = sealed.clone();
                changed[at] ^= 1;
                equal(Optional.empty(), cookies.open(encode(changed)));
            }
        });
        tests.test("a_shortened_cookie_is_none", () -> {
            byte[] sealed = decode(new Visitor("Ada Lovelace of London", false).toCookie(cookies));
            for (int length = 0; length < sealed.length; length++) {
                equal(Optional.empty(), cookies.open(encode(Arrays.copyOf(sealed, length))));
            }
        });
        tests.test("cookies_hold_letters_that_cookies_may_hold", () -> {
            for (int i = 0; i < 50; i++) {
                String cookie = cookies.seal(Map.of("name", "visitor " + i));
                check(cookie.matches("[A-Za-z0-9_-]+"), cookie);
                equal(Optional.of(Map.of("name", "visitor " + i)), cookies.open(cookie));
            }
        });
        tests.finish();
    }
}
