"""The page in a real browser, with a microphone that hears a file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from PIL import Image
from recordings import sentence
from serving import PAINTER, PLAYER, both_ways, running

from photism.images import read_provenance

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium is installed (apt-get, brew)")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(both_ways(tmp_path_factory.mktemp("weights"))) as found:
        yield found


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    spoken = tmp_path_factory.mktemp("spoken") / "microphone.wav"
    soundfile.write(spoken, *sentence(3, 7, pause_s=0.2))
    sandbox = [] if os.name == "nt" or os.geteuid() else ["--no-sandbox"]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                *sandbox,
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={spoken}",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The page, which must say nothing to the console and ask no other server."""
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda m: "status of 422" in m.text or said.append(m.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    own = (address, "data:", "blob:")
    page.on("request", lambda r: r.url.startswith(own) or said.append(r.url))
    page.goto(address)
    page.wait_for_selector("#system option", state="attached")
    yield page
    assert not said
    context.close()


def test_a_file_becomes_pictures_that_can_be_saved(page: Any, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "two words.wav", *sentence(3, 7))
    page.locator("#samples").fill("2")
    page.set_input_files("#file", tmp_path / "two words.wav")
    page.wait_for_selector(".card")
    cards = page.locator(".card")
    assert cards.count() == 6  # two samples of each word, and where they differ
    assert "4 pictures of two words.wav. Heard" in page.text_content("#status")
    assert PAINTER in page.inner_text("#weights")
    with page.expect_download() as download:
        cards.first.get_by_role("link").click()
    download.value.save_as(tmp_path / "saved.png")
    assert read_provenance(tmp_path / "saved.png")["source"] == "two words.wav"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390  # as wide as a phone


def test_a_picture_becomes_a_sound_with_a_player(page: Any, tmp_path: Path) -> None:
    Image.linear_gradient("L").save(tmp_path / "dusk.png")
    page.set_input_files("#file", tmp_path / "dusk.png")
    page.wait_for_selector(".card audio")
    assert page.locator("#system").input_value() == PLAYER
    page.wait_for_function("() => document.querySelector('.card audio').duration > 0.1")


def test_what_is_wrong_is_said_as_the_server_says_it(page: Any, tmp_path: Path) -> None:
    (tmp_path / "broken<b>.wav").write_bytes(b"no sound")
    page.set_input_files("#file", tmp_path / "broken<b>.wav")
    page.wait_for_selector("#status.bad")
    assert page.text_content("#status").startswith("broken<b>.wav is no sound or video")


def test_the_microphone_is_drawn_as_it_sounds(page: Any) -> None:
    page.get_by_role("button", name="Keep listening").click()
    page.wait_for_selector("#heard[data-state=heard]")
    page.wait_for_function("() => document.getElementById('picture').naturalWidth === 28")
    page.wait_for_function("() => Number(document.getElementById('latency').dataset.drawn) >= 5")
    assert "Heard at" in page.inner_text("#heard")
    page.get_by_role("button", name="Stop listening").click()


def test_what_was_spoken_while_a_key_was_held_is_translated(page: Any) -> None:
    page.locator("#hold").focus()
    page.keyboard.down("Space")
    page.wait_for_function("() => Number(document.getElementById('latency').dataset.drawn) >= 12")
    page.keyboard.up("Space")
    page.wait_for_selector(".card")
    assert "of spoken.wav" in page.text_content("#status")
    assert page.locator("#player audio").count() == 1


def test_everything_has_a_name_for_who_does_not_see_it(page: Any) -> None:
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, canvas, audio")]
          .filter((e) => !(e.labels?.length || e.ariaLabel || e.textContent.trim()))
          .map((e) => e.outerHTML)"""
    )
    assert nameless == []
    assert page.evaluate("document.documentElement.lang") == "en"
