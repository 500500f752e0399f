package reports;

import static testing.Tests.equal;
import static testing.Tests.failure;

import java.util.List;
import testing.Tests;

public final class ReportsTest {
    /** What a plug-in brings. */
    public static final class TotalFormat implements Format {
        @Override
        public String write(List<Row> rows) {
            return "total " + rows.stream().mapToInt(Row::sold).sum();
        }
    }

    private static final List<Row> ROWS = List.of(new Row("tea", 3), new Row("\"green\" tea", 1));

    public static void main(String[] args) {
        Tests tests = new Tests(ReportsTest.class);
        tests.test("writes_values_between_commas", () -> {
            equal("article,sold\r\n\"tea\",3\r\n\"\"\"green\"\" tea\",1\r\n", Reports.write("csv", ROWS));
        });
        tests.test("writes_text", () -> equal("tea: 3\n\"green\" tea: 1\n", Reports.write("plain", ROWS)));
        tests.test("takes_formats_of_plug_ins", () -> {
            equal("total 4", Reports.write(TotalFormat.class.getName(), ROWS));
        });
        tests.test("refuses_what_it_does_not_know", () -> {
            equal(IllegalArgumentException.class, failure(() -> Reports.write("pdf", ROWS)).getClass());
        });
        tests.finish();
    }
}
