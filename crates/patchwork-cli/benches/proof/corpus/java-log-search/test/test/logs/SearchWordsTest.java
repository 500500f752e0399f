package logs;

import static testing.Tests.check;
import static testing.Tests.equal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import testing.Tests;

/** What can be searched for. */
public final class SearchWordsTest {
    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory("logs");
        Files.writeString(folder.resolve("shop.log"), "order paid\n5 $HOME; \"quoted\" & 'single' `x` -v a  b\nother\n");
        Path trace = folder.resolve("trace");
        LogSearch search = new LogSearch(folder);

        Tests tests = new Tests(SearchWordsTest.class);
        tests.test("no_word_runs_a_program", () -> {
            String touch = "touch " + trace;
            String[] words = {
                "$(" + touch + ")", "`" + touch + "`", "x\"; " + touch + "; \"", "x\" & " + touch + " & \"",
                "x\" | " + touch + " #", "x\"\n" + touch + "\n\"", "' ; " + touch + " ; '", "\" $(" + touch + ") '",
            };
            for (String word : words) {
                try {
                    search.find("shop", word);
                } catch (IOException refused) {
                    // As good as finding nothing.
                }
                check(!Files.exists(trace), word);
            }
        });
        tests.test("a_word_is_no_option", () -> equal(1, search.find("shop", "-v").size()));
        tests.test("signs_of_the_shell_are_found", () -> {
            for (String word : List.of("$HOME;", "\"quoted\" &", "'single'", "`x`", "a  b", "5 $")) {
                equal(1, search.find("shop", word).size());
            }
            equal(List.of("order paid"), search.find("shop", "order paid"));
        });
        tests.finish();
    }
}
