"""A headless Chromium, spoken to by the WebDriver protocol."""

import base64
import io
import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--force-device-scale-factor=1", "--window-size=1280,1000"),
)
DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the protocol's name for a reference


class Browser:
    """One window.

    Args:
        session: Address of the driver's session.
    """

    def __init__(self, session: str) -> None:
        self.session = session

    def ask(self, what: str, **content: Any) -> Any:
        """Send a command of the protocol."""
        return asked(f"{self.session}/{what}", content)

    def developer(self, command: str, **content: Any) -> Any:
        """Send a command of Chromium's own."""
        return self.ask("goog/cdp/execute", cmd=command, params=content)

    def open(self, page: Path, *, width: int, features: dict[str, str] | None = None) -> None:
        """Load a page in a window of this width, as a phone would if it is narrow."""
        phone = width < 600
        size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": phone}
        self.developer("Emulation.setDeviceMetricsOverride", **size)
        self.developer("Emulation.setTouchEmulationEnabled", enabled=phone)
        media = [{"name": key, "value": value} for key, value in (features or {}).items()]
        self.developer("Emulation.setEmulatedMedia", media="", features=media)
        self.ask("url", url=page.resolve().as_uri())

    def run(self, script: str) -> Any:
        """What a piece of JavaScript returns."""
        return self.ask("execute/sync", script=script, args=[])

    def find(self, selector: str) -> dict[str, str]:
        """The first element that a selector finds."""
        found: dict[str, str] = self.ask("element", using="css selector", value=selector)
        return found

    def click(self, selector: str) -> None:
        """Click an element as a reader would."""
        self.ask(f"element/{self.find(selector)[ELEMENT]}/click")

    def press(self, selector: str, keys: str) -> None:
        """Give an element the focus and press keys."""
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        self.ask(f"element/{self.find(selector)[ELEMENT]}/value", text=keys)

    def drag(self, selector: str, start: float, stop: float, *, pointer: str) -> None:
        """Press at a share of an element's width, move to another one, let go."""
        self.run(
            f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})"
        )
        box = self.run(
            f"const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            "return [box.left, box.top, box.width, box.height]"
        )
        left, top, width, height = box
        row = round(top + height / 3)  # not on the round handle
        places = [round(left + share * width) for share in (start, (start + stop) / 2, stop)]
        moves = [{"type": "pointerMove", "x": x, "y": row, "duration": 50} for x in places]
        steps = [moves[0], {"type": "pointerDown", "button": 0}, *moves[1:]]
        steps.append({"type": "pointerUp", "button": 0})
        kind = {"pointerType": pointer}
        acted = {"type": "pointer", "id": pointer, "parameters": kind, "actions": steps}
        self.ask("actions", actions=[acted])

    def picture(self, selector: str) -> NDArray[np.uint8]:
        """What an element looks like."""
        content = self.ask_for(f"element/{self.find(selector)[ELEMENT]}/screenshot")
        with PillowImage.open(io.BytesIO(base64.b64decode(content))) as shot:
            return np.asarray(shot.convert("RGB"))

    def ask_for(self, what: str) -> Any:
        """Read a value of the protocol."""
        return asked(f"{self.session}/{what}", None)


def asked(address: str, content: dict[str, Any] | None, method: str | None = None) -> Any:
    """An answer of the driver."""
    data = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(address, data=data, method=method)
    request.add_header("Content-Type", "application/json")
    with DIRECTLY.open(request, timeout=120) as answer:
        return json.load(answer)["value"]


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """A browser with a profile of its own; tests are skipped where none is installed."""
    driver, program = shutil.which("chromedriver"), shutil.which("chromium")
    if driver is None or program is None:
        pytest.skip("install chromium and chromium-driver to look at pages in a browser")
    process = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ports = (re.search(r"started successfully on port (\d+)", line) for line in process.stdout)
        address = f"http://127.0.0.1:{next(port[1] for port in ports if port)}"
        options = {"binary": program, "args": [*FLAGS, f"--user-data-dir={profile}"]}
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        session = f"{address}/session/{asked(f'{address}/session', wanted)['sessionId']}"
        try:
            yield Browser(session)
        finally:
            asked(session, None, method="DELETE")
    finally:
        process.terminate()
        process.wait()
