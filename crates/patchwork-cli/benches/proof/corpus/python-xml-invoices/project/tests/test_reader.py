import unittest

from invoices.reader import InvoiceError, read

INVOICE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE invoice [<!ENTITY firm "Schmidt &amp; Söhne">]>
<invoice number="2024-17">
  <supplier>&firm;</supplier>
  <line price="2.50" amount="4">bolts</line>
  <line price="10">paint &lt;red&gt;</line>
</invoice>"""


class ReaderTest(unittest.TestCase):
    def test_an_invoice(self):
        invoice = read(INVOICE.encode())
        self.assertEqual(invoice.summary(), "2024-17 Schmidt & Söhne: 20.00 (2 lines)")
        self.assertEqual(invoice.lines[1].name, "paint <red>")

    def test_other_encodings(self):
        text = INVOICE.replace("utf-8", "iso-8859-1")
        self.assertEqual(read(text.encode("iso-8859-1")).supplier, "Schmidt & Söhne")
        self.assertEqual(read(INVOICE.replace("utf-8", "utf-16").encode("utf-16")).supplier, "Schmidt & Söhne")

    def test_what_is_no_invoice(self):
        for text in ("", "<invoice number='1'>", "<invoice/>", "<invoice number='1'><line/></invoice>",
                     "<invoice number='1'><line price='x'>a</line></invoice>"):
            with self.subTest(text), self.assertRaises(InvoiceError):
                read(text.encode())
