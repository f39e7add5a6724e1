"""The exported page in a real browser, which draws with the network off."""

from __future__ import annotations

import functools
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from recordings import untrained

import photism
from photism.errors import ConfigError
from photism.export.exported import Exported
from photism.export.pages import MODEL, USUAL, find_runtime, write_page
from photism.export.write import export

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("onnxscript", reason="the extra `export` is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
WEB = Path(os.environ.get("PHOTISM_ONNXRUNTIME_WEB", Path(__file__).parents[1] / USUAL))
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium is installed (apt-get, brew)")


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with an untrained system that draws words."""
    try:
        runtime = find_runtime(WEB)
    except ConfigError:
        pytest.skip("no onnxruntime-web: npm install onnxruntime-web, or PHOTISM_ONNXRUNTIME_WEB")
    place = tmp_path_factory.mktemp("pages")
    translator = photism.load(untrained(place / "painter"), device="cpu")
    write_page(place / "page", runtime, lambda out: export(translator, out, clips=1))
    return place / "page"


@pytest.fixture
def page(folder: Path) -> Iterator[Any]:
    """The page once it is ready, its server gone and its network off."""
    handler = functools.partial(Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    said: list[str] = []
    sandbox = [] if os.name == "nt" or os.geteuid() else ["--no-sandbox"]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        context = browser.new_context()
        page = context.new_page()
        page.set_default_timeout(120_000)  # other work may keep the machine busy
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        own = (address, "data:", "blob:")
        page.on("request", lambda r: r.url.startswith(own) or said.append(r.url))
        page.goto(address)
        page.locator("#status", has_text="Ready").wait_for()
        context.set_offline(True)
        server.shutdown()
        server.server_close()
        yield page
        assert not said
        browser.close()


def test_it_draws_without_a_network_what_python_draws(
    page: Any, folder: Path, tmp_path: Path
) -> None:
    exported = Exported(folder / MODEL)
    samples = 0.3 * np.sin(np.arange(4_000) ** 1.3 / 40).astype(np.float32)  # loud from end to end
    soundfile.write(tmp_path / "word.wav", samples, exported.card["rate"], subtype="FLOAT")
    page.set_input_files("#file", tmp_path / "word.wav")
    page.locator("#status", has_text="ms").wait_for()
    read = "canvas => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data]"
    first = np.reshape(page.eval_on_selector("#made", read), (28, 28, 4))[..., 0]
    # noise of a mean picture: the page draws its own
    ours = exported(np.repeat(samples[None], 64, 0), np.random.default_rng(0).normal(size=(64, 8)))
    spread = (ours["picture"][:, 0] + 1) * 127.5
    assert spread.min() - 2 <= first.min() <= first.max() <= spread.max() + 2
    assert np.ptp(first) > 0
    page.click("#other")
    page.locator("#status", has_text="ms").wait_for()
    page.set_input_files("#file", files=[{"name": "x.wav", "mimeType": "a/b", "buffer": b"no"}])
    page.locator("#status.wrong", has_text="x.wav cannot be read").wait_for()
