package logs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What a program said when it ended. */
record Output(int status, String text) {
    static Output of(ProcessBuilder builder) throws IOException {
        Process process = builder.redirectErrorStream(true).start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            return new Output(process.waitFor(), text);
        } catch (InterruptedException error) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw new LogException("the search was interrupted");
        }
    }

    List<String> lines() {
        return text.lines().toList();
    }
}
