package carts;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Base64;

/** Carts as text: visitors keep theirs in a cookie until they come back. */
public final class CartCodec {
    private CartCodec() {}

    public static String encode(Cart cart) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(cart);
        }
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.toByteArray());
    }

    /** The cart in a text that {@link #encode} made. */
    public static Cart decode(String text) throws IOException {
        byte[] bytes;
        try {
            bytes = Base64.getUrlDecoder().decode(text);
        } catch (IllegalArgumentException error) {
            throw new IOException("the cart is damaged", error);
        }
        throw new IOException("saved carts are not supported any more: " + bytes.length + " bytes");
    }
}
