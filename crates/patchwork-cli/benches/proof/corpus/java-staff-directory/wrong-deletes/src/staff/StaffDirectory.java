package staff;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathExpressionException;
import javax.xml.xpath.XPathFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/** The staff of a shop, kept in an XML file that the till reads. */
public final class StaffDirectory {
    private final Document document;

    private StaffDirectory(Document document) {
        this.document = document;
    }

    /** Reads the file that the head office sends. */
    public static StaffDirectory load(Path file) throws IOException {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            return new StaffDirectory(factory.newDocumentBuilder().parse(Files.newInputStream(file)));
        } catch (ParserConfigurationException | SAXException error) {
            throw new IOException("the staff file can't be read", error);
        }
    }

    /** Who signs in with a name and a PIN; empty when they do not belong together. */
    public Optional<Employee> signIn(String name, String pin) {
        return Optional.empty();
    }

    /** The names of all who work here, as in the file. */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        NodeList nodes = document.getElementsByTagName("employee");
        for (int i = 0; i < nodes.getLength(); i++) {
            names.add(employee((Element) nodes.item(i)).name());
        }
        return names;
    }

    private static Employee employee(Element element) {
        return new Employee(element.getAttribute("name"), element.getAttribute("role"));
    }
}
