"""What the rounds of all Python clients share: the control API, checks, a callback receiver."""

import asyncio
import base64
import inspect
import json
import os
import socket
import sys
import tempfile
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MOCK = os.environ.get("MOCK_WECOM", "http://127.0.0.1:8090")
CORP = "ww0000000000000001"
AGENT = 1000002
CUSTOMER = "wmSAMPLE00000000000000000000001"
OTHER = "wmSAMPLE00000000000000000000002"
GROUP = "wrSAMPLE00000000000000000000001"
KF = "wkSAMPLE00000000000000000000001"
ROBOT = "sample-robot-key"
TOKEN = "tok"
AES_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
AMR = b"#!AMR\n" + bytes(32)


def control(path, body=None):
    """Calls the control API."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{MOCK}/mock/{path}", data) as answer:
        return json.load(answer)


class Round:
    """One client's round: each step is printed, and what left the contract unrefused."""

    def __init__(self, client):
        self.client, self.failed = client, 0
        self.loop = asyncio.new_event_loop()
        control("reset", {})

    def check(self, what, step):
        entries = control("journal?last=1")
        last = entries[-1]["id"] if entries else 0
        got = None
        try:
            got = step()
            if inspect.isawaitable(got):
                got = self.loop.run_until_complete(got)
            print(f"ok    {self.client}  {what}", flush=True)
        except Exception as error:  # a failed step must not end the round
            self.failed += 1
            print(f"FAIL  {self.client}  {what}: {type(error).__name__} {error}", flush=True)
        for entry in control(f"journal?since={last}&problems=true"):
            print(f"note  {self.client}  {entry['path']}: {'; '.join(entry['problems'])}", flush=True)
        return got

    def end(self):
        sys.stdout.flush()
        os._exit(1 if self.failed else 0)


FOLDER = tempfile.mkdtemp(prefix="mock-wecom-")


def file(name, body):
    """A file to upload; answers its path."""
    with open(f"{FOLDER}/{name}", "wb") as out:
        out.write(body)
    return f"{FOLDER}/{name}"


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def until_verified(name):
    """Waits for a receiver to come up."""
    for _ in range(200):
        if control("receivers/verify", {"name": name})["ok"]:
            return
    raise SystemExit(f"{name} does not come up")


def ok(body):
    """The body, if its errcode is 0 or absent."""
    assert not body.get("errcode"), body
    return body


def refused(code, step):
    """A call that the platform refuses too: what the client sends is wrong."""

    def run():
        try:
            step()
        except Exception as error:
            assert str(code) in str(error), error
        else:
            raise AssertionError("it was not refused")

    return run


def receive(answer):
    """Serves a callback URL; `answer(query, body)` gives the body of the reply."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.reply(b"")

        def do_POST(self):
            self.reply(self.rfile.read(int(self.headers["Content-Length"])))

        def reply(self, body):
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
            try:
                status, text = 200, answer(query, body.decode())
            except Exception as error:
                status, text = 500, repr(error)
            self.send_response(status)
            self.end_headers()
            self.wfile.write((text or "").encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/callback"


def receiver(name, kind, url, **more):
    return control("receivers", {"name": name, "kind": kind, "url": url, "token": TOKEN, "encoding_aes_key": AES_KEY, **more})


def redirect_requests():
    """For clients that name the platform's host themselves: `requests` goes to the mock."""
    import requests

    plain = requests.Session.request

    def request(self, method, url, **more):
        return plain(self, method, url.replace("https://qyapi.weixin.qq.com", MOCK), **more)

    requests.Session.request = request


def redirect_httpx():
    """The same for `httpx`."""
    import httpx

    def patched(plain):
        def build_request(self, method, url, **more):
            return plain(self, method, str(url).replace("https://qyapi.weixin.qq.com", MOCK), **more)

        return build_request

    for kind in (httpx.Client, httpx.AsyncClient):
        kind.build_request = patched(kind.build_request)
