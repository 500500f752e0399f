import http.client
import os
import tempfile
import threading
import unittest

from handbook.server import serve


class OutsideFilesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = os.path.join(folder.name, "handbook")
        for name in ("handbook/travel/fares.md", "handbook/a..b/..c.md", "handbook/index.md", "secret.txt",
                     "handbook-private/secret.txt", "handbook-private/index.md", "index.md"):
            path = os.path.join(folder.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write("secret" if "handbook/" not in name else "open")
        self.top = folder.name

    def statuses(self, root, paths):
        server = serve(root)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            for path in paths:
                connection = http.client.HTTPConnection(*server.server_address, timeout=5)
                connection.putrequest("GET", path, skip_host=True)
                connection.endheaders()
                answer = connection.getresponse()
                yield path, answer.status, answer.read().decode()
                connection.close()
        finally:
            server.shutdown()
            server.server_close()

    def test_nothing_outside_is_answered(self):
        top = self.top
        attacks = ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/travel/../../secret.txt",
                   "/../handbook-private/secret.txt", "/../handbook-private/", "/..", "/../", "/....//secret.txt",
                   "/....//....//secret.txt", "/.%2e/secret.txt", "/%2e%2e%2fhandbook-private%2fsecret.txt",
                   f"/{top}/secret.txt", f"/%2f{top[1:]}/secret.txt", "/..././secret.txt", "/travel/..././..././secret.txt"]
        for path, status, body in self.statuses(self.root, attacks):
            with self.subTest(path):
                self.assertEqual(status, 404)
                self.assertNotIn("secret", body)

    def test_pages_inside_stay(self):
        paths = ["/", "/travel/fares.md", "/travel/../travel/fares.md", "/a..b/..c.md", "/./index.md"]
        for path, status, body in self.statuses(self.root, paths):
            with self.subTest(path):
                self.assertEqual((status, body), (200, "<p>open</p>"))

    def test_the_folder_may_be_relative_or_a_link(self):
        link = os.path.join(self.top, "link")
        os.symlink(self.root, link)
        for root in (link, os.path.relpath(self.root)):
            for path, status, _ in self.statuses(root, ["/travel/fares.md"]):
                self.assertEqual(status, 200, root)
