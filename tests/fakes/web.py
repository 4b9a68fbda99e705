"""A web server on this machine that answers ranges, breaks off on demand, and notes what it is asked."""

from __future__ import annotations

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    """Serves `files` by path. `cut` and `plain` hold paths that end early, or know neither ranges nor versions."""

    CUT = 70_000  # bytes after which a cut answer ends; more than one block

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.plain: set[str] = set()
        self.asked: list[tuple[str, str | None]] = []  # path and range
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append((self.path, self.headers.get("Range")))
                if self.path == "/away":
                    self.send_response(302)
                    self.send_header("Location", "file:///etc/hostname")
                    self.end_headers()
                elif self.path in server.files:
                    self.answer(server.files[self.path], f'"{hashlib.md5(server.files[self.path]).hexdigest()}"')
                else:
                    self.send_error(404)

            def answer(self, content, tag):
                start = 0
                plain = self.path in server.plain
                if not plain and self.headers.get("Range") and self.headers.get("If-Range") in (None, tag):
                    start = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])[1])
                    if start >= len(content):
                        self.send_error(416)
                        return
                self.send_response(206 if start else 200)
                if start:
                    self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
                if not plain:
                    self.send_header("ETag", tag)
                self.send_header("Content-Length", str(len(content) - start))
                self.end_headers()
                self.wfile.write(content[start : server.CUT if self.path in server.cut else None])

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
