package themes;

import static testing.Tests.check;
import static testing.Tests.equal;
import static testing.Tests.failure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import testing.Tests;

/** What an archive can reach. */
public final class ThemeArchivePathsTest {
    private static final String MANIFEST = "title=Dark\nversion=1\n";

    /** Installs an archive with one more file; whether it is refused or the file is left out does not matter. */
    private static void tryToWrite(Path themes, String name) throws IOException {
        Archive archive = new Archive().with("theme.properties", MANIFEST).with(name, "stolen");
        try {
            new ThemeInstaller(themes).install("dark", archive.open());
        } catch (IOException | RuntimeException refused) {
            return;
        }
    }

    public static void main(String[] args) throws Exception {
        Tests tests = new Tests(ThemeArchivePathsTest.class);
        tests.test("nothing_is_written_outside_of_the_theme", () -> {
            for (String name : new String[] {"../outside.txt", "../../outside.txt", "css/../../outside.txt"}) {
                Path root = Files.createTempDirectory("site");
                Path themes = Files.createDirectory(root.resolve("themes"));
                tryToWrite(themes, name);
                check(!Files.exists(root.resolve("outside.txt")), name);
                check(!Files.exists(themes.resolve("outside.txt")), name);
            }
        });
        tests.test("an_absolute_name_is_not_followed", () -> {
            Path root = Files.createTempDirectory("site");
            tryToWrite(Files.createDirectory(root.resolve("themes")), root.resolve("outside.txt").toString());
            check(!Files.exists(root.resolve("outside.txt")), "written to an absolute path");
        });
        tests.test("a_theme_with_a_longer_name_is_out_of_reach", () -> {
            Path themes = Files.createTempDirectory("themes");
            ThemeInstaller installer = new ThemeInstaller(themes);
            installer.install("dark-old", new Archive().with("theme.properties", MANIFEST).with("a.js", "mine").open());
            tryToWrite(themes, "../dark-old/a.js");
            equal("mine", Files.readString(themes.resolve("dark-old/a.js")));
        });
        tests.test("a_damaged_archive_is_refused", () -> {
            byte[] whole = new Archive().with("theme.properties", MANIFEST).with("a.js", "mine").open().readAllBytes();
            byte[] half = java.util.Arrays.copyOf(whole, whole.length / 2);
            ThemeInstaller installer = new ThemeInstaller(Files.createTempDirectory("themes"));
            Throwable failure = failure(() -> installer.install("dark", new java.io.ByteArrayInputStream(half)));
            check(failure instanceof IOException, failure.toString());
        });
        tests.test("dots_in_names_stay_allowed", () -> {
            Path themes = Files.createTempDirectory("themes");
            Archive archive = new Archive().with("theme.properties", MANIFEST)
                    .with("fonts/a..b.txt", "1").with(".editorconfig", "2").with("css/./main.css", "3");
            Theme theme = new ThemeInstaller(themes).install("dark", archive.open());
            equal("Dark", theme.title());
            equal("1", Files.readString(themes.resolve("dark/fonts/a..b.txt")));
            equal("2", Files.readString(themes.resolve("dark/.editorconfig")));
            equal("3", Files.readString(themes.resolve("dark/css/main.css")));
        });
        tests.finish();
    }
}
