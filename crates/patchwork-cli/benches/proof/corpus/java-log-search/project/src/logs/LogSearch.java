package logs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Searches the log files of a service; grep is quicker on them than we could be. */
public final class LogSearch {
    private static final int MOST_LINES = 500;

    private final Path folder;

    public LogSearch(Path folder) {
        this.folder = folder;
    }

    /** The lines of a service's log that hold a word, as it is written, without regard to case. */
    public List<String> find(String service, String word) throws IOException {
        if (!service.matches("[a-z]+")) {
            throw new LogException("not a service: " + service);
        }
        if (word.isBlank()) {
            return List.of();
        }
        Path log = folder.resolve(service + ".log");
        Output output = Output.of(
                new ProcessBuilder("sh", "-c", "grep -m " + MOST_LINES + " -iF -e \"" + word + "\" '" + log + "'"));
        // grep says 1 when there is no such line.
        if (output.status() > 1) {
            throw new LogException("the search failed: " + output.text().strip());
        }
        return output.lines();
    }
}
