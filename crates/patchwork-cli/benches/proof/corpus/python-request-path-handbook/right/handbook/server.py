"""Serves a folder of Markdown and pictures."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from handbook.page import render

TYPES = {".md": "text/html; charset=utf-8", ".png": "image/png", ".txt": "text/plain; charset=utf-8"}


class Handler(BaseHTTPRequestHandler):
    root = "."

    def do_GET(self):
        root = os.path.realpath(self.root)
        target = os.path.realpath(os.path.join(root, unquote(urlsplit(self.path).path).lstrip("/")))
        is_inside = os.path.commonpath([root, target]) == root
        if os.path.isdir(target):
            target = os.path.join(target, "index.md")
        kind = TYPES.get(os.path.splitext(target)[1])
        if not is_inside or kind is None or not os.path.isfile(target):
            self.answer(404, "text/plain; charset=utf-8", b"There is no such page.\n")
            return
        with open(target, "rb") as file:
            body = file.read()
        if target.endswith(".md"):
            body = render(body.decode("utf-8")).encode("utf-8")
        self.answer(200, kind, body)

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def serve(root, port=0):
    handler = type("HandbookHandler", (Handler,), {"root": root})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)
