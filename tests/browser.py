"""Chromium for tests, spoken to over a pipe in its DevTools protocol, which needs no driver: one for all tests."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--remote-debugging-pipe")


class Browser:
    """A page of a browser without a window.

    `complaints` is what its console says of errors since the page was opened.
    """

    def __init__(self, folder: Path) -> None:
        program = next(filter(None, map(shutil.which, NAMES)))
        (theirs, self._out), (self._in, answers) = os.pipe(), os.pipe()

        def pipes() -> None:  # The browser reads at 3 and writes at 4.
            for end, place in ((os.dup(theirs), 3), (os.dup(answers), 4)):
                os.dup2(end, place)

        command = [program, *FLAGS, f"--user-data-dir={folder}"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, preexec_fn=pipes, close_fds=False, **quiet)
        os.close(theirs), os.close(answers)
        self._number, self._left, self._session, self.complaints = 0, b"", None, []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """What the browser answers to a command of the protocol."""
        self._number += 1
        sent = {"id": self._number, "method": method, "params": params}
        sent |= {"sessionId": self._session} if self._session else {}
        os.write(self._out, json.dumps(sent).encode() + b"\0")
        while (reply := self._next()).get("id") != self._number:
            pass
        assert "error" not in reply, reply
        return reply["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            self._left += os.read(self._in, 1 << 16)
        raw, _, self._left = self._left.partition(b"\0")
        message: dict[str, Any] = json.loads(raw)
        if message.get("method") == "Runtime.exceptionThrown" or (
            message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error"
        ):
            self.complaints.append(message["params"])
        return message

    def open(self, path: Path, fragment: str = "", width: int = 1200, scripts: bool = True, **features: str) -> None:
        """Open a file in a window so wide, and wait until its charts are drawn; `features` are of CSS media queries."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.ask("Emulation.setEmulatedMedia", media="", features=named)
        self.ask("Emulation.setScriptExecutionDisabled", value=not scripts)
        # From one fragment to another of one file would be no new page.
        self.ask("Page.navigate", url="about:blank")
        self.complaints = []
        self.ask("Page.navigate", url=path.as_uri() + fragment)
        self.wait("document.readyState === 'complete' && location.protocol === 'file:'")
        if scripts:
            self.settle()

    def run(self, script: str) -> Any:
        """The value of an expression in the page; of a promise, what it comes to."""
        reply = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in reply, reply["exceptionDetails"]
        return reply["result"].get("value")

    def wait(self, condition: str, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while not self.run(f"!!({condition})"):
            assert time.monotonic() < until, f"not within {seconds} s: {condition}"
            time.sleep(0.02)

    def settle(self) -> None:
        """Wait until all charts that can be seen are drawn."""
        self.wait(
            "[...document.querySelectorAll('.chart')].every((one) => !one.clientWidth || one.querySelector('svg'))"
        )

    def printed(self) -> bytes:
        """The page as PDF."""
        return base64.b64decode(self.ask("Page.printToPDF")["data"])

    def close(self) -> None:
        self._session = None
        self.ask("Browser.close")
        self._process.wait(30)
