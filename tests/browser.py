# SPDX-License-Identifier: Apache-2.0
"""A real browser, driven by WebDriver in its own words (W3C WebDriver 2, and of Web Authentication section 11): nothing is installed for it."""

import json
import re
import shutil
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

DRIVER, BROWSER = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")
LACKING = "no chromium with chromedriver on the path (Debian: apt-get install --no-install-recommends chromium-driver)"
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    """One window. `saved`: the folder in which what is saved lands."""

    def __init__(self, driver: str, saved: Path):
        self._driver, self.saved = driver, saved
        options = {
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu"],
            "binary": BROWSER,
            "prefs": {"download.default_directory": str(saved)},
        }
        wanted = {"webauthn:virtualAuthenticators": True, "goog:chromeOptions": options}
        session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        self._driver += f"/session/{session}"

    def _ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self._driver + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(asked, timeout=120) as answer:
            return json.load(answer)["value"]

    def authenticator(self):
        """One that is built in, and whose owner is there and says yes."""
        kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
        self._ask("POST", "/webauthn/authenticator", {**kind, "hasUserVerification": True, "isUserVerified": True})

    def open(self, address):
        self._ask("POST", "/url", {"url": address})

    def _element(self, selector):
        return self._ask("POST", "/element", {"using": "css selector", "value": selector})[_ELEMENT]

    def type(self, selector, text):
        self._ask("POST", f"/element/{self._element(selector)}/value", {"text": text})

    def click(self, selector):
        self._ask("POST", f"/element/{self._element(selector)}/click", {})

    def said(self, selector, words):
        """What stands there, as soon as `words` are in it."""
        return soon(lambda: words in (text := self._ask("GET", f"/element/{self._element(selector)}/text")) and text)

    def save(self, selector):
        """The text of the one file that a click there saves; it is taken away."""
        self.click(selector)
        file = soon(lambda: next(iter(self.saved.glob("*.json")), None))
        text = file.read_text()
        file.unlink()
        return text

    def close(self):
        self._ask("DELETE", "")


def soon(ask, seconds=60):
    """What `ask` answers, once it is something."""
    until = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)
    return answer


@contextmanager
def browser(folder: Path):
    """A browser that saves what it is given into `folder`/saved."""
    saved = folder / "saved"
    saved.mkdir()
    with subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as driver:
        try:
            port = next(found[1] for line in driver.stdout if (found := re.search(r"on port (\d+)\.$", line.strip())))
            made = Browser(f"http://127.0.0.1:{port}", saved)
            try:
                yield made
            finally:
                made.close()
        finally:
            driver.terminate()
