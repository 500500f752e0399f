package invoices;

import static testing.Tests.equal;
import static testing.Tests.failure;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import testing.Tests;

public final class InvoiceReaderTest {
    private static Invoice read(String xml) throws InvoiceException {
        return new InvoiceReader().read(xml.getBytes(StandardCharsets.UTF_8));
    }

    public static void main(String[] args) {
        Tests tests = new Tests(InvoiceReaderTest.class);
        tests.test("reads_lines_and_adds_them_up", () -> {
            Invoice invoice = read("""
                    <invoice number="2024-17">
                      <supplier>Smith &amp; Sons</supplier>
                      <line amount="19.90">Nails</line>
                      <line amount="5.10"><![CDATA[Wood < 2 m]]></line>
                    </invoice>
                    """);
            equal("2024-17", invoice.number());
            equal("Smith & Sons", invoice.supplier());
            equal("Wood < 2 m", invoice.lines().get(1).text());
            equal(new BigDecimal("25.00"), invoice.total());
        });
        tests.test("refuses_other_documents", () -> {
            equal(InvoiceException.class, failure(() -> read("<order/>")).getClass());
            equal("<supplier> is missing", failure(() -> read("<invoice/>")).getMessage());
        });
        tests.test("refuses_what_is_no_xml", () -> {
            equal("the invoice can't be read", failure(() -> read("<invoice>")).getMessage());
        });
        tests.test("refuses_amounts_that_are_none", () -> {
            String xml = "<invoice><supplier>A</supplier><line amount=\"x\"/></invoice>";
            equal("not an amount: x", failure(() -> read(xml)).getMessage());
        });
        tests.finish();
    }
}
