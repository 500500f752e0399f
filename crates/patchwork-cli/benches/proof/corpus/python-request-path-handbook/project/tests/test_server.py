import http.client
import os
import tempfile
import threading
import unittest

from handbook.server import serve


class ServerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        os.makedirs(os.path.join(folder.name, "travel"))
        for name, text in [("index.md", "# Welcome\n\n- one\n- two"), ("travel/index.md", "# Travel"),
                           ("travel/train fares.md", "Fares & fees"), ("notes.txt", "plain"), ("x.bin", "?")]:
            with open(os.path.join(folder.name, name), "w") as file:
                file.write(text)
        server = serve(folder.name)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.port = server.server_address[1]

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body

    def test_pages(self):
        self.assertEqual(self.get("/"), (200, "<h1>Welcome</h1>\n<ul><li>one</li><li>two</li></ul>"))
        self.assertEqual(self.get("/travel/"), (200, "<h1>Travel</h1>"))
        self.assertEqual(self.get("/travel/train%20fares.md?from=mail"), (200, "<p>Fares &amp; fees</p>"))

    def test_other_files(self):
        self.assertEqual(self.get("/notes.txt"), (200, "plain"))
        self.assertEqual(self.get("/x.bin")[0], 404)
        self.assertEqual(self.get("/gone.md")[0], 404)
