package themes;

import java.io.IOException;

/** An archive that is not a theme. */
public class ThemeException extends IOException {
    public ThemeException(String message) {
        super(message);
    }
}
