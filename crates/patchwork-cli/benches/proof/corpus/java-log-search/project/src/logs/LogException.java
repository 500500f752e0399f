package logs;

import java.io.IOException;

/** A search that could not be made. */
public class LogException extends IOException {
    public LogException(String message) {
        super(message);
    }
}
