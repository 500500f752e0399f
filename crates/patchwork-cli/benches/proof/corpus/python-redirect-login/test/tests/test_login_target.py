import http.client
import re
import threading
import unittest
from urllib.parse import quote, urlencode, urljoin, urlsplit

from portal.login import serve
from portal.sessions import Sessions

SITE = "http://portal.example"


def browser_target(location):
    """Where a browser goes: it drops tabs and line ends, and takes a backslash for a slash."""
    location = re.sub(r"[\t\r\n]", "", location.strip(" \0\x01\x1f")).replace("\\", "/")
    if re.match(r"/{2,}", location):
        location = "//" + location.lstrip("/")
    location = re.sub(r"^(https?):/*", r"\1://", location)
    return urljoin(SITE + "/login", location)


class LoginTargetTest(unittest.TestCase):
    def setUp(self):
        server = serve(Sessions({"anna": "secret"}))
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.address = server.server_address

    def login(self, target):
        connection = http.client.HTTPConnection(*self.address, timeout=5)
        body = urlencode({"name": "anna", "word": "secret"})
        connection.request("POST", "/login?next=" + quote(target, safe=""), body)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def test_no_link_leads_to_another_site(self):
        for target in ("https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil.example",
                       "https:evil.example", "https:/evil.example", "HTTPS://evil.example", "javascript:alert(1)",
                       "/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example",
                       "http://portal.example@evil.example/", "//portal.example.evil.example", "evil.example://x",
                       "/\r\nX-Evil: 1", "https://evil.example/?/reports", "data:text/html,x", "\x01//evil.example"):
            with self.subTest(target):
                answer = self.login(target)
                self.assertIn(answer.status, (303, 400))
                self.assertIsNone(answer.headers["X-Evil"])
                if answer.status == 303:
                    place = urlsplit(browser_target(answer.headers["Location"]))
                    self.assertEqual((place.scheme, place.netloc), ("http", "portal.example"))

    def test_pages_of_the_portal_stay(self):
        for target in ("/", "/reports", "/reports/2024?page=2&sort=a:b", "/a/b#c", "/go?to=https://other.example//x",
                       "/notes/a%20b"):
            with self.subTest(target):
                answer = self.login(target)
                self.assertEqual((answer.status, answer.headers["Location"]), (303, target))
                self.assertIn("HttpOnly", answer.headers["Set-Cookie"])
