package carts;

import static testing.Tests.check;
import static testing.Tests.equal;
import static testing.Tests.failure;

import java.io.IOException;
import java.math.BigDecimal;
import testing.Tests;

public final class CartCodecTest {
    public static void main(String[] args) {
        Tests tests = new Tests(CartCodecTest.class);
        tests.test("a_cart_survives", () -> {
            Cart cart = new Cart().add("tea", 2, new BigDecimal("3.50")).note("as a gift");
            Cart read = CartCodec.decode(CartCodec.encode(cart));
            equal(cart.items(), read.items());
            equal("as a gift", read.note());
            equal(new BigDecimal("7.00"), read.total());
        });
        tests.test("fits_into_a_cookie", () -> {
            String text = CartCodec.encode(new Cart().add("tea", 1, BigDecimal.ONE));
            check(text.matches("[A-Za-z0-9_-]+"), text);
        });
        tests.test("damage_is_an_io_failure", () -> {
            check(failure(() -> CartCodec.decode("%%%")) instanceof IOException, "letters");
            check(failure(() -> CartCodec.decode("AAAA")) instanceof IOException, "bytes");
        });
        tests.finish();
    }
}
