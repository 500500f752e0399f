import os
import pathlib
import tempfile
import unittest

from invoices.reader import InvoiceError, read

SECRET = "the key of the vault"


class EntitiesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "secret.txt")
        pathlib.Path(self.path).write_text(SECRET)
        pathlib.Path(folder.name, "part.xml").write_text(f"<supplier>{SECRET}</supplier>")
        self.folder = folder.name

    def document(self, types, body="<supplier>&x;</supplier>", encoding="utf-8"):
        text = f'<?xml version="1.0" encoding="{encoding}"?>{types}<invoice number="1">{body}</invoice>'
        return text.encode(encoding)

    def test_no_document_reads_a_file(self):
        uri = pathlib.Path(self.path).as_uri()
        system = f'<!DOCTYPE invoice [<!ENTITY x SYSTEM "{uri}">]>'
        attacks = [
            self.document(system),
            self.document(system, encoding="utf-16"),
            self.document(f'<!DOCTYPE invoice [<!ENTITY x SYSTEM "{self.path}">]>'),
            self.document(f'<!DOCTYPE invoice [<!ENTITY x PUBLIC "-//A//B" "{uri}">]>'),
            self.document(f"<!DOCTYPE invoice [<!ENTITY  x\n\tSYSTEM\n'{uri}'>]>"),
            self.document(f'<!DOCTYPE invoice [<!ENTITY y SYSTEM "{uri}"><!ENTITY x "&y;">]>'),
            self.document(f'<!DOCTYPE invoice [<!ENTITY x SYSTEM "{self.folder}/part.xml">]>', "&x;"),
        ]
        for attack in attacks:
            with self.subTest(attack):
                try:
                    invoice = read(attack)
                except InvoiceError as error:
                    self.assertNotIn(SECRET, str(error))
                else:
                    self.assertNotIn(SECRET, repr(invoice))

    def test_entities_of_the_document_itself_stay(self):
        types = '<!DOCTYPE invoice [<!ENTITY x "Müller"><!ENTITY SYSTEM "x">]>'
        for encoding in ("utf-8", "utf-16", "iso-8859-1"):
            self.assertEqual(read(self.document(types, encoding=encoding)).supplier, "Müller")
        self.assertEqual(read(self.document("", "<supplier>SYSTEM PUBLIC file:// DOCTYPE</supplier>")).supplier,
                         "SYSTEM PUBLIC file:// DOCTYPE")
