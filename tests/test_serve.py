"""A real server: answers, errors, limits, callers side by side, and what it does with bad ones."""

from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import io
import json
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from harmful import harmed
from mutations import mutated
from PIL import Image
from recordings import DIGITS, sentence
from serving import PAINTER, PLAYER, both_ways, running

import photism
from photism.audio.front_ends import front_end
from photism.images import PROVENANCE
from photism.live.reading import Reader
from photism.serve.answers import preferred
from photism.serve.batching import Batcher
from photism.serve.cutting import Clips, Cutters, Cutting, Upload
from photism.serve.guard import LOOPBACK, Guard
from photism.serve.limits import ServerLimits
from photism.serve.problems import Problem
from photism.serve.served import Served
from photism.stored import bundled
from photism.translate.request import Request

httpx = pytest.importorskip("httpx")
websocket = pytest.importorskip("websockets.sync.client")
FILES = sorted(DIGITS.glob("*_english_*.flac"))
THREE = next(path for path in FILES if path.name.startswith("3"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    return both_ways(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def address(served: Served) -> Iterator[str]:
    with running(served, ServerLimits(megabytes=0.5, seconds=5, results=8, timeout_s=5)) as found:
        yield found


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=30) as found:
        yield found


def wav(samples: np.ndarray, rate: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV")
    return file.getvalue()


def png() -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(file, "PNG")
    return file.getvalue()


def shown(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_sound_becomes_the_picture_that_translate_makes(
    client: httpx.Client, served: Served
) -> None:
    answer = client.post("/v1/translate", content=THREE.read_bytes(), params={"size": "native"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-photism-heard"] == "true"
    wanted = served.translators[PAINTER].translate(THREE.read_bytes())
    assert np.array_equal(shown(answer.content), wanted.image)
    assert wanted.made.weights_sha256 in shown(answer.content).text[PROVENANCE]


def test_a_form_has_a_name_and_json_has_everything(client: httpx.Client) -> None:
    samples, rate = sentence(3, 7)
    answer = client.post(
        "/v1/translate",
        files={"file": ("../../etc/two words.wav", wav(samples, rate))},
        params={"all": True, "num_samples": 3, "seed": 5, "log_mel": True},
        headers={"Accept": "application/json"},
    )
    results = answer.json()["results"]
    assert [entry["seed"] for entry in results] == [5, 6, 7, 5, 6, 7]
    assert {entry["source"] for entry in results} == {"two words.wav"}
    assert results[0]["start_s"] < results[3]["start_s"]
    for key in ("file", "log_mel"):
        content = base64.b64decode(results[0][key].partition("base64,")[2])
        assert shown(content).format == "PNG"
    assert [spread["samples"] for spread in answer.json()["spread"]] == [3, 3]
    assert 0 < answer.json()["spread"][0]["spread"] < 1


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_a_picture_becomes_a_sound(client: httpx.Client, kind: str) -> None:
    accept = {"Accept": f"text/html, audio/{kind};q=0.5"}
    answer = client.post("/v1/translate", content=png(), headers=accept)
    assert answer.headers["content-type"] == f"audio/{kind}"
    samples, rate = soundfile.read(io.BytesIO(answer.content))
    assert len(samples) > rate / 4
    assert np.abs(samples).max() > 0


def test_what_there_is_can_be_asked(client: httpx.Client) -> None:
    systems = {entry["name"]: entry for entry in client.get("/v1/systems").json()["systems"]}
    assert systems[PAINTER]["makes"] == ["image"]
    assert systems[PLAYER]["default_for"] == ["image"]
    [latent] = systems[PAINTER]["sampling"]
    assert latent["choices"] == ["sample", "mean"]
    assert client.get("/v1/health").json()["status"] == "ok"
    assert "photism_batch_clips_count" in client.get("/metrics").text
    paths = client.get("/openapi.json").json()["paths"]
    assert "multipart/form-data" in paths["/v1/translate"]["post"]["requestBody"]["content"]
    docs = client.get("/docs").text
    assert "http://" not in docs
    assert "https://" not in docs


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"system": "paint"}, 404, "no system 'paint' is served here: did you mean 'painter'?"),
        ({"system": PLAYER}, 400, "player takes pictures, and"),
        ({"sampling": "latent=men"}, 400, "latent is 'men': did you mean 'mean'?"),
        ({"sampling": "latent"}, 400, "sampling wants name=value, not 'latent'"),
        ({"label": "violin"}, 400, "painter takes no label: leave 'violin' out"),
        ({"seed": "-1"}, 400, "seed: Input should be greater than or equal to 0"),
        ({"sede": "1"}, 400, "no option 'sede': did you mean 'seed'?"),
        ({"start": "nan"}, 400, "start: Input should be"),
        ({"size": "5000"}, 400, "size is from 1 to 4096 pixels, or native, not 5000"),
        ({"duration": "9"}, 413, "at most 5 s are translated at once"),
        ({"num_samples": "9"}, 413, "more than 8 results"),
        ({"num_samples": "2"}, 406, "2 results do not fit into one image/png"),
    ],
)
def test_a_mistake_is_a_problem_document_of_one_line(
    client: httpx.Client, query: dict[str, str], status: int, said: str
) -> None:
    answer = client.post("/v1/translate", content=THREE.read_bytes(), params=query)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert said in problem["detail"]
    assert "\n" not in problem["detail"]
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["x-request-id"]


def test_other_mistakes(client: httpx.Client) -> None:
    def status(content: bytes, **headers: str) -> int:
        return client.post("/v1/translate", content=content, headers=headers).status_code

    assert status(b"") == 400
    assert status(b"no sound at all") == 422
    assert status(b"x", **{"Content-Type": "multipart/form-data; boundary=x"}) == 400
    assert status(THREE.read_bytes(), Accept="video/mp4") == 406
    assert status(bytes(600_000)) == 413
    tone = np.sin(np.arange(8 * 8000) / 3).astype(np.float32)
    answer = client.post("/v1/translate", content=wav(tone, 8000), params={"all": True})
    assert answer.status_code == 413
    assert "lasts more than the 5 s" in answer.json()["detail"]
    assert client.get("/v1/translate").status_code == 405
    assert client.get("/v1/nothing").json()["detail"].startswith("there is nothing at this address")
    assert client.get("/page/../app.py").status_code == 404
    assert client.get("/page/%2e%2e/app.py").status_code == 404


def test_other_sites_and_other_names_are_refused(client: httpx.Client) -> None:
    def status(**headers: str) -> int:
        return client.get("/v1/systems", headers=headers).status_code

    assert status(Origin="https://evil.example") == 403
    assert status(Host="evil.example") == 403
    assert status(Host="localhost:1") == 200


@pytest.mark.parametrize(
    ("host", "origin", "foreign"),
    [
        ("127.0.0.1:8000", None, False),
        ("127.0.0.1:8000", "http://127.0.0.1:8000", False),
        ("127.0.0.1:8000", "http://127.0.0.1:9000", True),
        ("127.0.0.1:8000", "null", True),
        ("127.0.0.1:8000", "https://sounds.example", False),  # a proxy that names us as it sees us
        ("sounds.example", "https://sounds.example", False),
        ("evil.example", "http://evil.example", True),
        ("[", None, True),
        ("127.0.0.1:8000", "http://[", True),
    ],
)
def test_who_may_ask(host: str, origin: str | None, foreign: bool) -> None:
    names = (*LOOPBACK, "sounds.example")
    guard = Guard(None, ServerLimits(), None, None, names)  # type: ignore[arg-type]
    headers = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin else [])]
    assert guard._foreign({"headers": headers}) is foreign


@pytest.mark.skipif("aivae-fsdd" not in bundled(), reason="no weights are bundled")
def test_the_judge_of_the_card_reads_what_was_drawn() -> None:
    translator = photism.load("aivae-fsdd", "cpu")
    reader = Reader.of(translator)
    assert reader is not None
    read = reader.read(translator.translate(THREE).tensor)
    assert (read.judge, read.label) == ("lenet5-mnist", "3")
    assert read.probability > 0.9


def test_a_token_is_asked_for(served: Served) -> None:
    with running(served, token="s3cret") as address, httpx.Client(base_url=address) as client:
        assert client.post("/v1/translate", content=THREE.read_bytes()).status_code == 401
        assert client.get("/v1/systems").headers["www-authenticate"] == "Bearer"
        assert client.get("/v1/health").status_code == 200
        shown = {"Authorization": "Bearer s3cret"}
        assert client.get("/v1/systems", headers=shown).status_code == 200


def test_callers_side_by_side_get_their_own(address: str, served: Served) -> None:
    painter = served.translators[PAINTER]
    wanted = {path: np.asarray(painter.translate(path, seed=1).image, int) for path in FILES}

    def ask(path: Path) -> int:
        with httpx.Client(base_url=address, timeout=30) as own:
            query = {"size": "native", "seed": 1}
            answer = own.post("/v1/translate", content=path.read_bytes(), params=query)
        assert answer.status_code == 200
        return int(np.abs(np.asarray(shown(answer.content), int) - wanted[path]).max())

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        differences = list(pool.map(ask, FILES * 4))
    assert max(differences) <= 1  # a batch of another size rounds in another way


def test_beyond_the_queue_callers_are_asked_to_come_again(served: Served) -> None:
    with running(served, ServerLimits(queue=1, timeout_s=1.5)) as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as slow:
            head = f"POST /v1/translate HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99\r\n\r\n"
            slow.sendall(head.encode() + b"a")
            for _ in range(1000):  # until it is being read
                if "photism_open_requests 1.0" in httpx.get(f"{address}/metrics").text:
                    break
            answer = httpx.post(f"{address}/v1/translate", content=b"x")
            assert answer.status_code == 429
            assert answer.headers["retry-after"] == "1"
            assert b"503 Service Unavailable" in slow.recv(100)  # and is not waited for for ever
        assert httpx.post(f"{address}/v1/translate", content=b"x").status_code == 422


def test_who_connects_and_does_not_ask_is_hung_up_on(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("photism.serve.server.KEPT_S", 0.2)
    asked = b"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    with running(served) as address:
        where = ("127.0.0.1", int(address.rpartition(":")[2]))
        for said in (b"", asked):
            with socket.create_connection(where, timeout=10) as silent:
                silent.sendall(said)
                assert silent.recv(1000) == b""
        with socket.create_connection(where, timeout=10) as second:
            second.sendall(asked + b"\r\n")
            answer = second.recv(1000)
            while not answer.endswith(b"}"):  # head and body may come one after the other
                more = second.recv(1000)
                assert more
                answer += more
            assert answer.startswith(b"HTTP/1.1 200")
            second.sendall(asked)
            assert second.recv(1000) == b""
        with websocket.connect(address.replace("http", "ws") + "/v1/live") as live:
            with pytest.raises(TimeoutError):
                live.recv(timeout=0.5)
            live.send('{"rate": 8000}')
            assert "ready" in live.recv(timeout=10)
    assert not caplog.records


def test_hostile_requests_do_no_harm(
    address: str, client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    rng = random.Random(0)
    originals = [THREE.read_bytes(), png(), wav(*sentence(3))]
    for _ in range(60):
        content = mutated(rng.choice(originals), rng)
        answer = client.post("/v1/translate", content=content, params={"all": True})
        assert answer.status_code in (200, 400, 406, 413, 422), answer.text
    host, port = address.removeprefix("http://").split(":")
    for raw in (
        b"\x00\xff" * 500,
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"POST /v1/translate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/translate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nab",
        b"GET /page/../../../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET //etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [\r\n\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=10) as other:
            other.sendall(raw)
            other.shutdown(socket.SHUT_WR)
            assert b"root:" not in other.recv(65536)
    assert client.post("/v1/translate", content=THREE.read_bytes()).status_code == 200
    assert not [record for record in caplog.records if record.exc_info]


def test_a_decoder_that_crashes_or_hangs_costs_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = (Upload(THREE.read_bytes(), name) for name in ("good.flac", "bad.flac"))
    how = Cutting(front_end("aivae-8k"), 0.0, None, True, 5.0, 8)

    async def run() -> None:
        cutters = Cutters(2)
        monkeypatch.setattr(Upload, "getvalue", lambda self: harm if self is bad else b"good")
        monkeypatch.setattr("photism.serve.cutting.cut_recording", harmed)
        harm = b"crash"
        results = await asyncio.gather(
            *(cutters.cut(upload, how) for upload in (good, bad, good, good)),
            return_exceptions=True,
        )
        assert [isinstance(result, Clips) for result in results] == [True, False, True, True]
        assert str(results[1]).startswith("bad.flac is damaged so that its decoder crashes")
        harm = b"hang"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await cutters.cut(bad, how)
        assert await cutters.cut(good, how) == Clips([], [])
        cutters.close()

    asyncio.run(run())


def test_one_bad_clip_in_a_batch_costs_no_other(served: Served) -> None:
    painter = served.translators[PAINTER]
    clip = next(painter.clips(THREE))
    batcher = Batcher()
    held = threading.Event()
    batcher.seen = lambda clips: held.wait(10)  # until all three wait
    first = batcher.submit(painter, [Request(clip)])
    good = batcher.submit(painter, [Request(clip, seed=1)])
    bad = batcher.submit(painter, [Request(served.translators[PLAYER])])  # type: ignore[arg-type]
    given_up = batcher.submit(painter, [Request(clip, seed=2)])
    assert given_up[0].cancel()
    held.set()
    assert good[0].result(30).seed == 1
    assert isinstance(bad[0].exception(30), AttributeError)
    batcher.close()
    assert first[0].done()
    with pytest.raises(RuntimeError):
        batcher.submit(painter, [Request(clip)])


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "image/png"),
        ("*/*", "image/png"),
        ("application/json", "application/json"),
        ("image/*;q=0.1, application/json;q=0.5", "application/json"),
        ("application/json;q=0, */*", "image/png"),
        ("application/*", "application/json"),
        ("image/png;q=nonsense", None),
        ("text/html", None),
    ],
)
def test_what_a_caller_likes_best(accept: str, chosen: str | None) -> None:
    offers = ("image/png", "application/json")
    if chosen:
        assert preferred(accept, offers) == chosen
    else:
        with pytest.raises(Problem, match="accept image/png or application/json"):
            preferred(accept, offers)


@pytest.mark.parametrize("language", ["sh", "js"])
def test_the_calls_of_the_docs_work(address: str, tmp_path: Path, language: str) -> None:
    page = (Path(__file__).parents[1] / "docs" / "web.md").read_text(encoding="utf-8")
    [code] = re.findall(rf"(?ms)^## One call.*?^```{language}\n(.*?)^```", page)
    program = {"sh": "bash", "js": "node"}[language]
    if not shutil.which(program) or (language == "sh" and not shutil.which("curl")):
        pytest.skip(f"{program} or curl is not installed")
    soundfile.write(tmp_path / "three.wav", *soundfile.read(THREE))
    script = tmp_path / {"sh": "call.sh", "js": "call.mjs"}[language]
    script.write_text(code.replace("http://127.0.0.1:8000", address))
    done = subprocess.run([program, script], cwd=tmp_path, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert Image.open(tmp_path / "three.png").size == (280, 280)
    if language == "sh":
        assert len(json.loads(done.stdout)["results"]) == 4


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_sigterm_ends_the_command(tmp_path: Path, served: Served) -> None:
    folder = Path(served.translators[PAINTER].system.source)
    command = ["serve", "--port", "0", "--system", str(folder)]
    with subprocess.Popen(
        [sys.executable, "-m", "photism", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        address = process.stdout.readline().split()[0]
        assert httpx.get(f"{address}v1/health").json()["photism"] == photism.__version__
        where = ("127.0.0.1", int(address.rstrip("/").rpartition(":")[2]))
        with socket.create_connection(where, timeout=30) as begun:
            content = THREE.read_bytes()
            head = "POST /v1/translate HTTP/1.1\r\nHost: localhost\r\n"
            head += f"Content-Length: {len(content)}\r\n\r\n"
            begun.sendall(head.encode() + content[:9])
            while "photism_open_requests 1.0" not in httpx.get(f"{address}metrics").text:
                pass
            process.send_signal(signal.SIGTERM)
            while answers(address):
                pass
            begun.sendall(content[9:])
            assert begun.recv(1000).startswith(b"HTTP/1.1 200 OK")  # what was begun is answered
        assert process.wait(30) == 0
        assert process.stderr.read() == ""


def answers(address: str) -> bool:
    try:
        return bool(httpx.get(f"{address}v1/health").status_code)
    except httpx.TransportError:
        return False


def test_a_port_that_is_taken_is_said(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    from photism.cli import main

    port = address.rpartition(":")[2]
    assert main(["serve", "--port", port]) == 2
    assert "choose another --port" in capsys.readouterr().err
