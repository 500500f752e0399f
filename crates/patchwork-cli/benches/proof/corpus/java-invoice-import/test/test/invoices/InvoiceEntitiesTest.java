package invoices;

import static testing.Tests.check;
import static testing.Tests.equal;
import static testing.Tests.failure;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import testing.Tests;

/** What an invoice can make the server read. */
public final class InvoiceEntitiesTest {
    private static final String SECRET = "hunter2";

    /** Reads a hostile invoice; to refuse it is as good as to leave the entity out. */
    private static void attack(String xml, Charset charset) {
        Invoice invoice;
        try {
            invoice = new InvoiceReader().read(xml.getBytes(charset));
        } catch (InvoiceException refused) {
            return;
        }
        check(!invoice.toString().contains(SECRET), "the file is in " + invoice);
    }

    private static String invoice(String declarations, String reference) {
        return "<!DOCTYPE invoice [" + declarations + "]><invoice number=\"1\"><supplier>" + reference
                + "</supplier><line amount=\"1\">" + reference + "</line></invoice>";
    }

    public static void main(String[] args) throws Exception {
        Tests tests = new Tests(InvoiceEntitiesTest.class);
        Path folder = Files.createTempDirectory("invoices");
        String secret = Files.writeString(folder.resolve("secret.txt"), SECRET).toUri().toString();
        String definitions = Files.writeString(folder.resolve("outer.dtd"),
                "<!ENTITY % file SYSTEM \"" + secret + "\"><!ENTITY % define \"<!ENTITY x '%file;'>\">%define;")
                .toUri().toString();

        tests.test("a_file_can_not_be_named", () -> {
            attack(invoice("<!ENTITY x SYSTEM \"" + secret + "\">", "&x;"), StandardCharsets.UTF_8);
        });
        tests.test("not_in_another_encoding_either", () -> {
            attack(invoice("<!ENTITY x SYSTEM \"" + secret + "\">", "&x;"), StandardCharsets.UTF_16);
        });
        tests.test("nor_by_definitions_from_elsewhere", () -> {
            attack("<!DOCTYPE invoice SYSTEM \"" + definitions + "\"><invoice><supplier>&x;</supplier></invoice>",
                    StandardCharsets.UTF_8);
        });
        tests.test("honest_invoices_are_read", () -> {
            String xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- May --><invoice number=\"7\">"
                    + "<supplier>M\u00fcller &amp; &#67;o</supplier><line amount=\"1\">A</line></invoice>";
            equal("M\u00fcller & Co", new InvoiceReader().read(xml.getBytes(StandardCharsets.UTF_8)).supplier());
            check(new InvoiceReader().read(xml.replace("UTF-8", "UTF-16").getBytes(StandardCharsets.UTF_16))
                    .number().equals("7"), "other encodings are read");
        });
        tests.test("what_is_no_xml_is_refused", () -> {
            equal(InvoiceException.class, failure(() -> new InvoiceReader().read(new byte[] {'<', 'a'})).getClass());
        });
        tests.finish();
    }
}
