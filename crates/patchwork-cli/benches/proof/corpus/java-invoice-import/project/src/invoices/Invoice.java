package invoices;

import java.math.BigDecimal;
import java.util.List;

/** A bill of a supplier. */
public record Invoice(String number, String supplier, List<Line> lines) {
    /** One position of a bill. */
    public record Line(String text, BigDecimal amount) {}

    public BigDecimal total() {
        return lines.stream().map(Line::amount).reduce(BigDecimal.ZERO, BigDecimal::add);
    }
}
