package carts;

import static testing.Tests.check;
import static testing.Tests.equal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.lang.reflect.Field;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import testing.Tests;

/** Carts that visitors made themselves. */
public final class HostileCartTest {
    private static boolean ran;

    /** Stands for a class whose reading does harm. */
    private static final class Gadget implements Serializable {
        private static final long serialVersionUID = 1;

        private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
            in.defaultReadObject();
            ran = true;
        }
    }

    private static String serialized(Object value) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(value);
        }
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.toByteArray());
    }

    private static void attack(String text) {
        ran = false;
        try {
            CartCodec.decode(text);
        } catch (IOException | RuntimeException refused) {
            check(!ran, "code of the visitor's choice ran before it was refused");
            return;
        }
        check(!ran, "code of the visitor's choice ran");
    }

    @SuppressWarnings("unchecked")
    private static Cart cartHolding(Object value) throws Exception {
        Cart cart = new Cart().add("tea", 1, BigDecimal.ONE);
        Field items = Cart.class.getDeclaredField("items");
        items.setAccessible(true);
        ((List<Object>) items.get(cart)).add(value);
        return cart;
    }

    public static void main(String[] args) {
        Tests tests = new Tests(HostileCartTest.class);
        tests.test("another_class_is_not_made", () -> attack(serialized(new Gadget())));
        tests.test("not_inside_of_a_list_either", () -> attack(serialized(new ArrayList<>(List.of(new Gadget())))));
        tests.test("nor_inside_of_a_cart", () -> attack(serialized(cartHolding(new Gadget()))));
        tests.test("carts_that_visitors_hold_are_read", () -> {
            Cart cart = new Cart().note("as a gift");
            for (int i = 0; i < 40; i++) {
                cart.add("article " + i, i, new BigDecimal("123456789012345678901234567890.12"));
            }
            Cart read = CartCodec.decode(serialized(cart));
            equal(cart.items(), read.items());
            equal(cart.note(), read.note());
            equal(List.of(), CartCodec.decode(CartCodec.encode(new Cart())).items());
        });
        tests.finish();
    }
}
