package reports;

import static testing.Tests.check;
import static testing.Tests.equal;
import static testing.Tests.failure;

import java.util.List;
import testing.Tests;

/** Which classes a request can reach. */
public final class ReportClassesTest {
    static boolean ran;

    /** Does harm when it is made. */
    public static final class MadeByName {
        public MadeByName() {
            ran = true;
        }
    }

    /** Does harm when it is loaded. */
    public static final class LoadedByName {
        static {
            ran = true;
        }
    }

    /** What a plug-in brings. */
    public static final class CountFormat implements Format {
        @Override
        public String write(List<Row> rows) {
            return rows.size() + " rows";
        }
    }

    public static void main(String[] args) {
        Tests tests = new Tests(ReportClassesTest.class);
        tests.test("a_class_that_is_no_format_is_not_made", () -> {
            ran = false;
            Throwable failure = failure(() -> Reports.write("reports.ReportClassesTest$MadeByName", List.of()));
            check(!ran, "its constructor ran");
            equal(IllegalArgumentException.class, failure.getClass());
        });
        tests.test("nor_is_it_initialized", () -> {
            ran = false;
            failure(() -> Reports.write("reports.ReportClassesTest$LoadedByName", List.of()));
            check(!ran, "its static code ran");
        });
        tests.test("formats_of_plug_ins_work", () -> {
            equal("1 rows", Reports.write("reports.ReportClassesTest$CountFormat", List.of(new Row("tea", 1))));
            equal("article,sold\r\n", Reports.write("csv", List.of()));
        });
        tests.finish();
    }
}
