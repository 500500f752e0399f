package reports;

import java.util.List;
import java.util.stream.Collectors;

/** Text for people. */
public final class PlainFormat implements Format {
    @Override
    public String write(List<Row> rows) {
        return rows.stream().map(row -> row.article() + ": " + row.sold() + "\n").collect(Collectors.joining());
    }
}
