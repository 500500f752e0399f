package themes;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/** An installed theme: its folder and what its manifest says. */
public record Theme(Path folder, String title, String version) {
    static final String MANIFEST = "theme.properties";

    static Theme read(Path folder) throws IOException {
        Properties manifest = new Properties();
        try (Reader reader = Files.newBufferedReader(folder.resolve(MANIFEST))) {
            manifest.load(reader);
        }
        String title = manifest.getProperty("title", folder.getFileName().toString());
        return new Theme(folder, title, manifest.getProperty("version", "0"));
    }
}
