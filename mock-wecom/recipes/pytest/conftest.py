"""A mock-wecom for a test session, and a small client of its control API.

Needs nothing but pytest. MOCK_WECOM names the program (default: the one in PATH);
MOCK_WECOM_URL uses a mock that is already running, such as a container.
"""

import json
import os
import subprocess
import urllib.error
import urllib.request

import pytest


class Mock:
    """The control API: `mock("kf/say", {...})` posts to /mock/kf/say, `mock("state")` gets."""

    def __init__(self, base_url):
        self.base_url = base_url

    def __call__(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base_url}/mock/{path}", data)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise AssertionError(json.load(refused)["error"]) from None

    def expect(self, path, body=None, wait_ms=5000, **numbers):
        """Calls of an endpoint, waited for; fails with what came closest."""
        wanted = {"kind": "call", "path": path, "wait_ms": wait_ms, **numbers}
        if body is not None:
            wanted["body"] = body
        return self("journal/assert", wanted)["entries"]


@pytest.fixture(scope="session")
def running_mock():
    url = os.environ.get("MOCK_WECOM_URL")
    if url:
        yield Mock(url)
        return
    program = os.environ.get("MOCK_WECOM", "mock-wecom")
    process = subprocess.Popen(
        [program, "serve", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
    )
    # The first line reads "mock-wecom listening on http://127.0.0.1:PORT".
    yield Mock(process.stdout.readline().split()[-1])
    process.terminate()
    process.wait()


@pytest.fixture
def mock(running_mock):
    """The mock in its first state; it costs a millisecond."""
    running_mock("reset", {})
    return running_mock
