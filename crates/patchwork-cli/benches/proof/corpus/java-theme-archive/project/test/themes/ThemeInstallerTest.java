package themes;

import static testing.Tests.check;
import static testing.Tests.equal;
import static testing.Tests.failure;

import java.nio.file.Files;
import java.nio.file.Path;
import testing.Tests;

public final class ThemeInstallerTest {
    public static void main(String[] args) throws Exception {
        Tests tests = new Tests(ThemeInstallerTest.class);
        tests.test("installs_files_and_folders", () -> {
            Path themes = Files.createTempDirectory("themes");
            Theme theme = new ThemeInstaller(themes).install("dark", new Archive()
                    .with("theme.properties", "title=Dark\nversion=2\n")
                    .with("css/", "")
                    .with("css/main.css", "body { color: white }")
                    .with("img/icons/home.svg", "<svg/>")
                    .open());
            equal(new Theme(themes.resolve("dark"), "Dark", "2"), theme);
            equal("body { color: white }", Files.readString(themes.resolve("dark/css/main.css")));
            check(Files.exists(themes.resolve("dark/img/icons/home.svg")), "folders that are not listed are made");
        });
        tests.test("replaces_an_earlier_version", () -> {
            Path themes = Files.createTempDirectory("themes");
            ThemeInstaller installer = new ThemeInstaller(themes);
            installer.install("dark", new Archive().with("theme.properties", "version=1").open());
            installer.install("dark", new Archive().with("theme.properties", "version=2").open());
            equal(1, installer.installed().size());
            equal("2", installer.installed().get(0).version());
        });
        tests.test("refuses_archives_without_a_manifest", () -> {
            ThemeInstaller installer = new ThemeInstaller(Files.createTempDirectory("themes"));
            Throwable failure = failure(() -> installer.install("dark", new Archive().with("a.css", "").open()));
            equal(ThemeException.class, failure.getClass());
        });
        tests.test("refuses_names_that_are_not_plain", () -> {
            ThemeInstaller installer = new ThemeInstaller(Files.createTempDirectory("themes"));
            Throwable failure = failure(() -> installer.install("../dark", new Archive().with("a", "").open()));
            equal(ThemeException.class, failure.getClass());
        });
        tests.finish();
    }
}
