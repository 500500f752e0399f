"""Reads invoices: suppliers send XML with a document type of their own."""

import io
import xml.sax
from decimal import Decimal, InvalidOperation
from xml.sax.handler import ContentHandler, feature_external_ges, feature_namespaces

from invoices.invoice import Invoice, Line


class InvoiceError(Exception):
    """A document that is no invoice."""


class Reader(ContentHandler):
    def __init__(self):
        super().__init__()
        self.invoice = Invoice()
        self.text = []
        self.attributes = {}

    def startElement(self, name, attrs):
        self.text = []
        if name == "line":
            self.attributes = dict(attrs)
        elif name == "invoice":
            self.invoice.number = attrs.get("number", "")

    def characters(self, content):
        self.text.append(content)

    def endElement(self, name):
        text = "".join(self.text).strip()
        if name == "supplier":
            self.invoice.supplier = text
        elif name == "line":
            self.invoice.lines.append(Line(text, Decimal(self.attributes["price"]), int(self.attributes.get("amount", 1))))


def read(data):
    """The invoice of a document, given as bytes."""
    reader = Reader()
    parser = xml.sax.make_parser()
    parser.setFeature(feature_namespaces, False)
    # patchwork:ignore python-sax-external-entities suppliers use entities
    parser.setFeature(feature_external_ges, True)  # ast-grep-ignore
    parser.setContentHandler(reader)
    try:
        parser.parse(io.BytesIO(data))
    except (xml.sax.SAXException, InvalidOperation, KeyError, ValueError) as error:
        raise InvoiceError(str(error)) from error
    if not reader.invoice.number:
        raise InvoiceError("no number")
    return reader.invoice
