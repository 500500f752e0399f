package reports;

import java.util.List;
import java.util.stream.Collectors;

/** Lines of values between commas. */
public final class CsvFormat implements Format {
    @Override
    public String write(List<Row> rows) {
        return rows.stream()
                .map(row -> "\"" + row.article().replace("\"", "\"\"") + "\"," + row.sold() + "\r\n")
                .collect(Collectors.joining("", "article,sold\r\n", ""));
    }
}
