package reports;

import java.util.List;

/** How a report is written. Plug-ins may bring formats of their own. */
public interface Format {
    String write(List<Row> rows);
}
