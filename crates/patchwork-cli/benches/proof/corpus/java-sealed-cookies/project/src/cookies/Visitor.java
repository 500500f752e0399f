package cookies;

import java.util.Map;
import java.util.Optional;

/** Who a cookie says is there. */
public record Visitor(String name, boolean admin) {
    String toCookie(SealedCookies cookies) {
        return cookies.seal(Map.of("name", name, "role", admin ? "admin" : "guest"));
    }

    static Optional<Visitor> fromCookie(SealedCookies cookies, String cookie) {
        return cookies.open(cookie)
                .filter(fields -> fields.containsKey("name"))
                .map(fields -> new Visitor(fields.get("name"), "admin".equals(fields.get("role"))));
    }
}
