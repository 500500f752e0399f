package logs;

import static testing.Tests.equal;
import static testing.Tests.failure;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import testing.Tests;

public final class LogSearchTest {
    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory("logs");
        Files.writeString(folder.resolve("shop.log"), "order 1 paid\norder 2 open\nOrder 3 [late]\n");
        LogSearch search = new LogSearch(folder);

        Tests tests = new Tests(LogSearchTest.class);
        tests.test("finds_lines_in_any_case", () -> equal(3, search.find("shop", "order").size()));
        tests.test("takes_words_as_they_are_written", () -> {
            equal(List.of("Order 3 [late]"), search.find("shop", "[late]"));
            equal(List.of("order 2 open"), search.find("shop", "2 open"));
            equal(List.of(), search.find("shop", "o.der"));
        });
        tests.test("finds_nothing", () -> {
            equal(List.of(), search.find("shop", "refund"));
            equal(List.of(), search.find("shop", " "));
        });
        tests.test("says_what_is_missing", () -> {
            equal(LogException.class, failure(() -> search.find("mail", "order")).getClass());
            equal(LogException.class, failure(() -> search.find("../shop", "order")).getClass());
        });
        tests.finish();
    }
}
