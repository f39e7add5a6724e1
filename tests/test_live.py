"""Sound as it comes: the ring, the clip to draw now, the WebSocket, and `photism listen`."""

from __future__ import annotations

import base64
import io
import json
import os
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from recordings import sentence, spoken
from serving import PAINTER, PLAYER, both_ways, running

from photism.audio.front_ends import front_end
from photism.audio.segment import Heard
from photism.cli import listen as listen_command
from photism.cli import main
from photism.images import read_provenance
from photism.live.listener import HeardWindow, Manner, listen
from photism.live.now import latest
from photism.live.ring import Ring
from photism.live.sources import BLOCK_S, Source, played
from photism.serve.limits import ServerLimits
from photism.serve.served import Served

client = pytest.importorskip("websockets.sync.client")
ConnectionClosed = pytest.importorskip("websockets.exceptions").ConnectionClosed


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    return both_ways(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def address(served: Served) -> Iterator[str]:
    with running(served, ServerLimits(timeout_s=5, live=2)) as found:
        yield found.replace("http", "ws") + "/v1/live"


def test_a_ring_keeps_the_latest() -> None:
    ring = Ring(10, 1.0)
    assert ring.latest(1.0) is None
    samples = np.arange(37) / 64
    for part in np.split(samples.astype(np.float32), [3, 4, 20]):
        ring.add(part)
    sound = ring.latest(0.5)
    assert sound is not None
    assert np.allclose(sound.samples, samples[None, -5:])
    assert sound.start_s == pytest.approx(3.2)
    ring.add(np.array([-(2**15)], np.int16))
    assert ring.latest(9.0).samples[0, -1] == -1  # type: ignore[union-attr]
    assert ring.latest(9.0).samples.shape == (1, 10)  # type: ignore[union-attr]


def test_what_is_drawn_now_is_the_latest_word_or_window() -> None:
    samples, rate = sentence(3, 7, pause_s=0.6)
    ring = Ring(rate, 2.0)
    ring.add(samples)
    word = latest(ring, front_end("aivae-8k"))
    assert word is not None
    assert word.heard
    assert word.clip.rate == 8000
    length_s = len(spoken(7)[0]) / rate
    assert word.clip.start_s == pytest.approx(word.end_s - 0.6 - length_s, abs=0.15)
    window = latest(ring, front_end("car-gan"))
    assert window is not None
    assert not window.heard  # the pause at the end
    assert window.verdict.reason.startswith("silence")
    assert window.clip.samples.shape == (1, 22_050)
    assert latest(Ring(rate, 1.0), front_end("car-gan")) is None


def blocks_of(samples: np.ndarray, rate: int) -> list[bytes]:
    """Blocks as the page sends them, each with its number for the time of its end."""
    size = round(BLOCK_S * rate)
    whole = (samples * 32767).astype("<i2")
    parts = [whole[n : n + size].tobytes() for n in range(0, len(whole) - size + 1, size)]
    return [struct.pack("<d", number) + part for number, part in enumerate(parts)]


def test_every_window_comes_back_while_the_server_is_idle(address: str) -> None:
    samples, rate = sentence(3, pause_s=0.5)
    blocks = blocks_of(samples, rate)
    heard = []
    with client.connect(address) as socket:
        socket.send(json.dumps({"rate": rate, "seed": 4}))
        assert json.loads(socket.recv())["type"] == "ready"
        for number, block in enumerate(blocks):
            socket.send(block)
            window = json.loads(socket.recv(timeout=10))
            assert (window["sent_ms"], window["dropped"]) == (number, 0)
            heard.append(window["heard"])
            if window["heard"]:
                content = base64.b64decode(window["picture"].partition("base64,")[2])
                picture = Image.open(io.BytesIO(content))
                assert picture.size == (28, 28)
                assert '"seed": 4' in picture.text["photism"]  # type: ignore[attr-defined]
                assert window["log_mel"].startswith("data:image/png")
            else:
                assert window["reason"].startswith("silence")
    assert not heard[0]
    assert any(heard)


def test_the_latest_window_wins_and_late_ones_are_counted(address: str) -> None:
    blocks = blocks_of(*spoken(3)) * 20
    with client.connect(address) as socket:
        socket.send(json.dumps({"rate": spoken(3)[1]}))
        socket.recv()
        for block in blocks:
            socket.send(block)
        shown = 0
        while True:
            window = json.loads(socket.recv(timeout=10))
            shown += 1
            if window["number"] == len(blocks):
                break
    assert window["drawn"] == shown
    assert window["drawn"] + window["dropped"] == len(blocks)
    assert window["dropped"] > 0


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        (["no json"], "the first message is no hello"),
        ([json.dumps({"rate": 1})], "rate: Input should be greater than or equal to 4000"),
        ([json.dumps({"rate": 8000, "system": "paint"})], "no system 'paint' is served here"),
        ([json.dumps({"rate": 8000, "system": PLAYER})], "player takes pictures"),
        ([json.dumps({"rate": 8000, "label": "x"})], "painter takes no label"),
        ([json.dumps({"rate": 8000}), b"odd"], "a block is a time and up to 1 s"),
        ([json.dumps({"rate": 8000}), bytes(8 + 2 * 8001)], "a block is a time and up to 1 s"),
        ([json.dumps({"rate": 8000}), json.dumps({"rate": 9000})], "open another connection"),
    ],
)
def test_a_mistake_is_said_before_the_line_is_cut(
    address: str, said: list[str | bytes], detail: str
) -> None:
    with client.connect(address) as socket:
        for message in said:
            socket.send(message)
        while (message := json.loads(socket.recv()))["type"] != "problem":
            pass
        assert detail in message["detail"]
        with pytest.raises(ConnectionClosed):
            socket.recv()
    assert socket.close_code == 1008


def test_too_many_microphones_and_other_sites_are_refused(address: str) -> None:
    with client.connect(address), client.connect(address), client.connect(address) as third:
        assert json.loads(third.recv())["status"] == 429
    with pytest.raises(Exception, match="403"):
        client.connect(address, origin="http://evil.example")


def test_listening_needs_the_token(served: Served) -> None:
    with running(served, token="s3cret") as found:
        for token, kind in ((None, "problem"), ("s3cret", "ready")):
            with client.connect(found.replace("http", "ws") + "/v1/live") as socket:
                socket.send(json.dumps({"rate": 8000, "token": token}))
                assert json.loads(socket.recv())["type"] == kind


def test_a_slow_system_drops_windows_and_counts_them(served: Served) -> None:
    samples, rate = spoken(3)
    size = round(BLOCK_S * rate)
    parts = [samples[n : n + size] for n in range(0, 6 * size, size)]
    coming = iter([parts[:1], parts[1:4], parts[4:6], []])
    source = Source("test", rate, lambda: next(coming))
    moments = list(listen(source, served.translators[PAINTER], Manner(seed=2)))
    assert [(moment.drawn, moment.dropped) for moment in moments] == [(1, 0), (2, 2), (3, 3)]
    assert moments[-1].picture is not None
    assert moments[-1].picture.seed == 2


def test_a_recording_comes_at_its_own_pace(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "three.wav", *sentence(3, pause_s=0.2))
    now_s = iter([0.0, 0.0, 0.35, 0.4, 0.42, 9.0, 9.0, 9.0, 9.0])
    with played(tmp_path / "three.wav", clock=lambda: next(now_s)) as source:
        assert len(source.take()) == 3
        assert len(source.take()) == 1
        rest = source.take()
    total = soundfile.info(tmp_path / "three.wav").frames
    assert sum(map(len, rest)) == total - 4 * round(BLOCK_S * source.rate)


def test_listen_prints_json_and_keeps_the_latest_picture(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "three.wav", *sentence(3, pause_s=0.2))
    weights = served.translators[PAINTER].system.source
    told = ["listen", "--system", str(weights), "--from", str(tmp_path / "three.wav")]
    assert main([*told, "--json", "--seconds", "0.9", "-o", str(tmp_path / "now.png")]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["heard"] for line in lines} == {True, False}
    assert read_provenance(tmp_path / "now.png")["source"] == "three.wav"
    assert main([*told, "--seconds", "0.4"]) == 0
    assert "nothing heard (silence" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (["--from", "missing.wav"], "missing.wav does not exist"),
        (["-o", "now.jpg"], "pictures are PNGs: call it now.png"),
        (["--seconds", "0"], "--seconds must be above 0, not 0"),
        (["--microphone", "no such one"], "photism: "),
    ],
)
def test_what_listen_cannot_do_is_one_line(
    told: list[str], said: str, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = str(served.translators[PAINTER].system.source)
    assert main(["listen", "--system", weights, *told]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert said in line


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal")
def test_a_picture_in_the_terminal(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("textual_image", reason="the extra `microphone` is not installed")
    written = io.StringIO()
    from rich.console import Console

    console = Console(file=written, force_terminal=True, width=60, height=20)
    monkeypatch.setattr("rich.console.Console", lambda: console)
    picture = served.translators[PAINTER].translate(spoken(3)[0], rate=spoken(3)[1])
    ring = Ring(spoken(3)[1], 1.0)
    ring.add(spoken(3)[0])
    now = latest(ring, front_end("aivae-8k"))
    assert now is not None
    moment = HeardWindow(now, picture, None, 0.01, 1, 0)
    with listen_command._pictures("blocks") as show:
        show(moment)
        silent = replace(now, verdict=Heard(False, -90.0, "silence"))
        show(replace(moment, picture=None, now=silent))
    text = written.getvalue()
    assert text.count("▀") > 200
    assert "heard at" in text
    assert "nothing heard (silence)" in text
