"""A server under load and under attack: throughput, whose answer is whose, memory, hostile callers.

    python benchmarks/serve.py                           # 2,000 requests of 100 callers, and of one
    python benchmarks/serve.py --requests 10000 --lone 0 # whether memory grows
    python benchmarks/serve.py --hostile 2000            # damaged files, odd heads, slow senders

Starts `photism serve` in a process of its own on loopback and speaks to it through plain sockets.
Each answer is compared with the picture that the caller's own recording and seed give alone, to one
level of brightness: batches of other sizes round in another way. Ratios are of one run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import random
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

import photism
from photism.files import PACKAGED

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from mutations import mutated

ARCHIVE = "fsdd/free-spoken-digit-dataset-1.0.10.tar.gz"
QUIET_S = 20.0


@contextlib.contextmanager
def serving(system: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Yield port and process of a server, and end it with SIGTERM."""
    command = [sys.executable, "-m", "photism", "serve", "--port", "0", "--system", system]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    assert process.stdout
    assert process.stderr
    port = int(process.stdout.readline().split()[0].rstrip("/").rpartition(":")[2])
    try:
        yield port, process
    finally:
        process.terminate()
        said = process.stderr.read()
        print(f"ended with {process.wait(60)}; standard error: {said[-2000:] or 'nothing'}")


def recordings(count: int) -> list[bytes]:
    """Real recordings of spoken digits where they are, else those that come along."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    path = Path(os.environ.get("PHOTISM_TEST_DATA", beside)) / ARCHIVE
    if not path.is_file():
        files = [p.read_bytes() for p in sorted((PACKAGED / "demo").glob("*.flac"))]
        return (files * (1 + count // len(files)))[:count]
    with tarfile.open(path) as archive:
        members = [m for m in archive.getmembers() if m.name.endswith(".wav")]
        chosen = random.Random(0).sample(members, count)
        return [file.read() for m in chosen if (file := archive.extractfile(m))]


def memory_mb(process: subprocess.Popen[str]) -> float:
    """Return what a process holds in memory now, in MB; nan where the system does not tell."""
    try:
        status = Path(f"/proc/{process.pid}/statm").read_text()
    except OSError:
        return float("nan")
    return int(status.split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def processor_s(process: subprocess.Popen[str]) -> float:
    """Return the processor time that a process has used so far; nan where nothing tells."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def posted(content: bytes, size: int, query: str = "", kind: str = "audio/wav") -> bytes:
    """Return a request to translate something, of the size that its head shall say."""
    head = f"POST /v1/translate?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n"
    return f"{head}Content-Length: {size}\r\n\r\n".encode() + content


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one answer: status and body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    size = int(head.partition("content-length:")[2].split("\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(size)


@dataclass
class Load:
    """What callers ask for, and what they got."""

    port: int
    files: list[bytes]
    pending: list[tuple[int, int]]
    """Number of the file and seed, of each request that is still to be made."""
    got: list[tuple[int, int, bytes]] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    async def caller(self) -> None:
        """Ask, wait for the answer, ask again, on one connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while self.pending:
            number, seed = self.pending.pop()
            content = self.files[number]
            request = posted(content, len(content), f"size=native&seed={seed}")
            while True:
                began_s = time.perf_counter()
                writer.write(request)
                status, body = await answer(reader)
                self.statuses[status] += 1
                if status != 429:
                    break
                await asyncio.sleep(0.05)
            self.seconds.append(time.perf_counter() - began_s)
            if status == 200:
                self.got.append((number, seed, body))
        writer.close()

    async def run(self, callers: int) -> float:
        """Let callers ask until nothing is pending; return requests a second."""
        count, began_s = len(self.pending), time.perf_counter()
        await asyncio.gather(*(self.caller() for _ in range(callers)))
        return count / (time.perf_counter() - began_s)


def wrong(load: Load, system: str) -> int:
    """Count the answers that are not what the caller's own recording and seed give."""
    translator = photism.load(system, device="cpu")
    known: dict[tuple[int, int], np.ndarray] = {}
    count = 0
    for number, seed, body in load.got:
        if (number, seed) not in known:
            image = translator.translate(load.files[number], seed=seed).image
            known[number, seed] = np.asarray(image, int)
        made = np.asarray(Image.open(io.BytesIO(body)), int)
        count += int(np.abs(made - known[number, seed]).max() > 1)
    return count


def throughput(args: argparse.Namespace) -> None:
    """Compare many callers with one, check every answer, watch memory."""
    files = recordings(min(200, args.requests))
    with serving(args.system) as (port, process):
        warm = Load(port, files, [(n % len(files), 0) for n in range(100)])
        asyncio.run(warm.run(10))
        alone = 0.0
        if args.lone:
            one = Load(port, files, [(n % len(files), n % 7) for n in range(args.lone)])
            used_s = processor_s(process)
            alone = asyncio.run(one.run(1))
            used_s = processor_s(process) - used_s
            print(
                f"one caller: {alone:.0f} a second, {1000 * np.median(one.seconds):.1f} ms each,"
                f" {1000 * used_s / args.lone:.1f} ms of processor time in the first process"
            )
        before = memory_mb(process)
        for _ in range(args.parts):
            share = args.requests // args.parts
            pending = [(n % len(files), n % 7) for n in range(share)]
            load = Load(port, files, pending)
            used_s = processor_s(process)
            rate = asyncio.run(load.run(args.callers))
            used_ms = 1000 * (processor_s(process) - used_s) / share
            ratio = f", {rate / alone:.1f} times one caller's" if alone else ""
            print(
                f"{args.callers} callers: {share} requests, {rate:.0f} a second{ratio},"
                f" median {1000 * np.median(load.seconds):.0f} ms, {used_ms:.1f} ms of processor"
                f" time each; {dict(load.statuses)};"
                f" {wrong(load, args.system)} answers of others;"
                f" memory {before:.0f} → {memory_mb(process):.0f} MB"
            )


class Hostile:
    """Callers who mean harm.

    Args:
        port: of the server.
        files: good ones, to be damaged.
        seed: of what is done to them.
    """

    def __init__(self, port: int, files: list[bytes], seed: int) -> None:
        self.port, self.files, self.rng = port, files, random.Random(seed)
        self.statuses: Counter[str] = Counter()

    def attack(self) -> tuple[list[bytes], float]:
        """Return what is sent, in pieces, and how long is waited between them."""
        attacks = (self.damaged, self.damaged, self.form, self.length, self.lure, self.head)
        pieces = self.rng.choice((*attacks, self.noise, self.slow))()
        return pieces, 0.05 if len(pieces) > 1 else 0.0

    def damaged(self) -> list[bytes]:
        """A mutated file, with options good and bad."""
        queries = ("", "all=true", "start=1e5", "system=../../etc/passwd", "label=%00%0a")
        file = self.file()
        return [posted(file, len(file), self.rng.choice(queries))]

    def form(self) -> list[bytes]:
        """A file whose name is a path."""
        names = ("../../../etc/passwd", "/dev/zero", "a\\..\\b", "x" * 5000, "%2e%2e", "")
        part = f'form-data; name="file"; filename="{self.rng.choice(names)}"'
        content = f"--x\r\nContent-Disposition: {part}\r\n\r\n".encode() + self.file()
        content += b"\r\n--x--\r\n"
        return [posted(content, len(content), kind="multipart/form-data; boundary=x")]

    def length(self) -> list[bytes]:
        """A file with another length than its head says."""
        file = self.file()
        return [posted(file, len(file) + self.rng.choice((-9, -1, 1, 9, 10**12)))]

    def lure(self) -> list[bytes]:
        """What makes players open another file."""
        lures = (
            b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
            b"ffconcat version 1.0\nfile /etc/hostname\n",
            b"[playlist]\nFile1=/etc/passwd\n",
        )
        content = self.rng.choice(lures)
        return [posted(content, len(content))]

    def head(self) -> list[bytes]:
        """Paths that lead out, and heads without end."""
        rng = self.rng
        return [
            rng.choice(
                (
                    b"GET /" + b"../" * rng.randrange(60) + b"etc/passwd HTTP/1.1\r\n\r\n",
                    b"GET /page/%2e%2e%2f%2e%2e/app.py HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                    b"GET / HTTP/1.1\r\nX: " + b"y" * rng.randrange(1, 500_000),
                    b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * rng.randrange(20_000) + b"\r\n",
                )
            )
        ]

    def noise(self) -> list[bytes]:
        """What is no HTTP, or hardly."""
        rng = self.rng
        if rng.random() < 0.5:
            return [rng.randbytes(rng.randrange(1, 5000))]
        return [mutated(posted(b"abc", 3), rng)]

    def slow(self) -> list[bytes]:
        """A file that comes byte by byte, and not to its end."""
        file = self.file()
        return [posted(b"", len(file)), *(file[n : n + 1] for n in range(20))]

    def file(self) -> bytes:
        """A damaged file."""
        return mutated(self.rng.choice(self.files), self.rng)

    async def once(self) -> None:
        """Attack, and wait for whatever comes."""
        pieces, pause_s = self.attack()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause_s)
            if self.rng.random() < 0.2:
                writer.write_eof()
            async with asyncio.timeout(QUIET_S + 25):
                head = await reader.read(2**20)
            text = head.decode("latin-1")
            leaked = "root:" in text or "Traceback" in text
            status = text.split()[1] if text.startswith("HTTP/") else "hung up"
            self.statuses["LEAKED" if leaked else status] += 1
        except TimeoutError:
            self.statuses["HANGS"] += 1
        except OSError:
            self.statuses["hung up"] += 1
        finally:
            writer.close()

    async def run(self, count: int, callers: int) -> None:
        """Attack that many times, some at once."""
        left = iter(range(count))

        async def caller() -> None:
            for _ in left:
                await self.once()

        await asyncio.gather(*(caller() for _ in range(callers)))


def hostility(args: argparse.Namespace) -> None:
    """Attack a server, then ask it for something good."""
    picture = io.BytesIO()
    Image.linear_gradient("L").save(picture, "PNG")
    files = [*recordings(20), *(p.read_bytes() for p in sorted((PACKAGED / "demo").glob("*.flac")))]
    with serving(args.system) as (port, process):
        before = memory_mb(process)
        hostile = Hostile(port, [*files, picture.getvalue()], args.seed)
        asyncio.run(hostile.run(args.hostile, args.callers))
        print(f"{args.hostile} hostile requests: {dict(sorted(hostile.statuses.items()))}")
        good = Load(port, files, [(n, 0) for n in range(10)])
        asyncio.run(good.run(1))
        print(
            f"then 10 good ones: {dict(good.statuses)}, {wrong(good, args.system)} wrong;"
            f" memory {before:.0f} → {memory_mb(process):.0f} MB"
        )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--system", default="aivae-fsdd")
    parser.add_argument("--callers", type=int, default=100)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--parts", type=int, default=1, help="measure memory after each")
    parser.add_argument("--lone", type=int, default=300, help="requests of one caller")
    parser.add_argument("--hostile", type=int, default=0, help="hostile requests instead")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(f"{args.system}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    (hostility if args.hostile else throughput)(args)


if __name__ == "__main__":
    main()
