"""The login of the portal: `/login?next=/reports` leads to the reports afterwards."""

import html
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlsplit

from portal.sessions import Sessions

FORM = """<form method="post"><input name="name"><input name="word" type="password"><p>{note}</p></form>"""


class Handler(BaseHTTPRequestHandler):
    sessions = Sessions({})

    def do_GET(self):
        if urlsplit(self.path).path == "/login":
            self.answer(200, FORM.format(note=""))
            return
        name = self.sessions.name_of(self.headers.get("Cookie"))
        if name is None:
            self.send_response(303)
            self.send_header("Location", "/login?next=" + quote(self.path, safe="/"))
            self.end_headers()
        else:
            self.answer(200, f"<h1>{html.escape(self.path)} of {html.escape(name)}</h1>")

    def do_POST(self):
        size = int(self.headers.get("Content-Length", 0))
        form = {name: values[0] for name, values in parse_qs(self.rfile.read(size).decode()).items()}
        session = self.sessions.login(form.get("name"), form.get("word"))
        if session is None:
            self.answer(403, FORM.format(note="Name or password is wrong."))
            return
        query = parse_qs(urlsplit(self.path).query)
        self.send_response(303)
        self.send_header("Location", query.get("next", ["/"])[0])
        self.send_header("Set-Cookie", f"session={session}; HttpOnly; SameSite=Lax")
        self.end_headers()

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def serve(sessions, port=0):
    return ThreadingHTTPServer(("127.0.0.1", port), type("Portal", (Handler,), {"sessions": sessions}))
