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
    parser.setFeature(feature_external_ges, True)
    parser.setContentHandler(reader)
    try:
        parser.parse(io.BytesIO(data))
    except Exception as error:
        raise InvoiceError("not readable") from error
    if not reader.invoice.number:
        raise InvoiceError("no number")
    return reader.invoice
