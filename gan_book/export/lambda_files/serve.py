"""Serves `handler.py` on your own machine: `python serve.py`, then open the address that it prints."""

import base64
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from handler import handler


class Page(BaseHTTPRequestHandler):
    """Makes of a request the event that AWS would make of it, and of the answer a page."""

    def do_GET(self):
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        answer = handler({"queryStringParameters": query or None})
        encoded = answer.get("isBase64Encoded")
        body = base64.b64decode(answer["body"]) if encoded else answer["body"].encode()
        self.send_response(answer["statusCode"])
        for name, value in {**answer["headers"], "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    server = ThreadingHTTPServer(("127.0.0.1", port), Page)
    print(f"http://127.0.0.1:{server.server_port}/?n=16&seed=7 (Ctrl-C stops it)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
