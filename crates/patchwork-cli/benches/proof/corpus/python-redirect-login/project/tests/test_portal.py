import http.client
import threading
import unittest
from urllib.parse import urlencode

from portal.login import serve
from portal.sessions import Sessions


class PortalTest(unittest.TestCase):
    def setUp(self):
        server = serve(Sessions({"anna": "secret"}))
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.address = server.server_address

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(*self.address, timeout=5)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer, text

    def login(self, path="/login", word="secret"):
        return self.ask("POST", path, urlencode({"name": "anna", "word": word}))

    def test_strangers_are_asked_to_log_in(self):
        answer, _ = self.ask("GET", "/reports/2024?page=2")
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/login?next=/reports/2024%3Fpage%3D2"))

    def test_after_the_login_the_page_comes(self):
        answer, _ = self.login("/login?next=/reports/2024%3Fpage%3D2")
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/reports/2024?page=2"))
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        answer, text = self.ask("GET", "/reports/2024?page=2", headers={"Cookie": cookie})
        self.assertEqual(text, "<h1>/reports/2024?page=2 of anna</h1>")

    def test_without_a_page_the_start_comes(self):
        self.assertEqual(self.login()[0].headers["Location"], "/")

    def test_a_wrong_password(self):
        answer, text = self.login("/login?next=/reports", "wrong")
        self.assertEqual(answer.status, 403)
        self.assertIn("is wrong", text)
        self.assertIsNone(answer.headers["Set-Cookie"])
