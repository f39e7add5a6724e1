"""Long sounds as films: in step, noise held or drifting, flat memory, bad input."""

from __future__ import annotations

import itertools
import json
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import recordings
import soundfile
import torch
from films import film
from PIL import Image
from torch import Tensor

from photism.audio.decode import Sound, decode
from photism.audio.front_ends import front_end
from photism.cli import main
from photism.cli.film import seconds_of
from photism.errors import ConfigError
from photism.media import Medium
from photism.systems.base import System
from photism.translate.film import FilmWish, make_film
from photism.translate.noise import slerp
from photism.translate.provenance import provenance_of
from photism.translate.sheet import ContactSheet
from photism.translate.ticks import ticks
from photism.translate.translator import Translator
from photism.video.frames import frames
from photism.video.write import writing

Run = Callable[..., tuple[int, str, str]]
RATE = 8000
CLIP = replace(front_end("aivae-8k"), clip_s=0.5)
WORDS = front_end("aivae-8k")
LOW_HZ, STEP_HZ, TONES = 400, 300, 10


@dataclass(frozen=True)
class _EarConfig:
    front_end: str = "s2i"


class _Ear(System):
    """Left of a picture, how high the loudest band lies; right of it, the noise."""

    name, title, paper, makes, translators = "ear", "Ear", "none", ("image",), ()
    config_class, presets = _EarConfig, {"debug": _EarConfig()}

    def shape(self, medium: Medium) -> tuple[int, int, int]:
        front = front_end("s2i")
        return (1, front.height, front.width) if medium == "sound" else (3, 16, 24)

    def noise_shape(self, target: Medium) -> tuple[int, ...]:
        return (8,)

    def generate(
        self,
        condition: Tensor,
        *,
        target: Medium,
        label: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        bands = condition.mean((1, 3))
        grey = bands.argmax(1) / bands.shape[1] * 2 - 1
        picture = grey[:, None, None, None].expand(-1, 3, 16, 24).clone()
        assert noise is not None
        picture[..., 12:] = noise[:, :1, None, None].clamp(-2, 2) / 2
        return picture


@pytest.fixture(scope="module")
def ear() -> Translator:
    return Translator(_Ear(_EarConfig()), "cpu")


def scale(path: Path, *, step_s: float = 0.5, rate: int = 44_100) -> Path:
    """A film (or sound) whose tones tell the time: each is higher by `STEP_HZ`."""
    time_s = np.arange(round(TONES * step_s * rate)) / rate
    hz = LOW_HZ + STEP_HZ * np.floor(time_s / step_s)
    soundfile.write(path, 0.4 * np.sin(2 * np.pi * np.cumsum(hz) / rate), rate)
    return path


def hears(samples: np.ndarray, rate: int) -> int:
    """The number of the tone in a stretch of sound."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 15))
    return round((np.argmax(spectrum) * rate / (1 << 15) - LOW_HZ) / STEP_HZ)


def shown_for(ear: Translator, tone: int) -> int:
    """The grey level that a tone alone is shown as."""
    samples = 0.4 * np.sin(2 * np.pi * (LOW_HZ + STEP_HZ * tone) * np.arange(RATE) / RATE)
    return int(255 * (1 + ear.translate(samples, rate=RATE).tensor[0, 0, 0]) / 2)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_pictures_and_sound_are_in_step(ear: Translator, tmp_path: Path, suffix: str) -> None:
    source, out = scale(tmp_path / "scale.wav"), tmp_path / f"scale{suffix}"
    made = make_film(ear, source, out, FilmWish(Fraction(1, 2), batch=3))
    assert (made.ticks, made.drawn, made.heard) == (TONES, TONES, TONES)
    sound = decode(out)
    assert sound.duration_s == pytest.approx(5.0, abs=0.05)
    levels: list[int] = []
    for time_s, frame in frames(out):
        assert time_s == pytest.approx(len(levels) / 10, abs=0.002)
        levels.append(int(frame.to_ndarray(format="gray")[4:-4, 4:100].mean()))
    assert len(levels) == 50
    heard = []
    for number in range(50):
        begin = round((number / 10 + 0.02) * sound.rate)
        heard.append(hears(sound.mono()[begin : begin + round(0.06 * sound.rate)], sound.rate))
    assert heard == [number // 5 for number in range(50)]
    assert np.abs(np.array(levels) - [shown_for(ear, tone) for tone in heard]).max() <= 3


def test_the_sound_beneath_is_that_of_the_source_from_the_start_on(
    ear: Translator, tmp_path: Path
) -> None:
    source = scale(tmp_path / "scale.wav")
    wish = FilmWish(start_s=1.0, duration_s=1.5)
    make_film(ear, source, tmp_path / "part.mp4", wish)
    was = decode(source, start_s=1.0, duration_s=1.4).mono()
    now = decode(tmp_path / "part.mp4")
    assert now.rate == 48_000
    now_44k = np.interp(
        np.arange(len(was)) / 44_100, np.arange(now.samples.shape[1]) / now.rate, now.mono()
    )
    lags = np.arange(-40, 41)
    match = [np.dot(was[100:-100], np.roll(now_44k, lag)[100:-100]) for lag in lags]
    assert abs(lags[int(np.argmax(match))]) <= 2  # samples of 23 µs


def sound(*blocks: float, rate: int = RATE) -> list[Sound]:
    """Blocks of these lengths in seconds that count their samples."""
    whole = np.arange(round(sum(blocks) * rate), dtype=np.float32)[None] / 1e6 + 0.1
    edges = np.cumsum([0, *blocks])
    cuts = [round(edge * rate) for edge in edges]
    return [
        Sound(whole[:, begin:end], rate, "counted", begin / rate)
        for begin, end in itertools.pairwise(cuts)
    ]


@pytest.mark.parametrize("every_s", [0.04, 0.1, 0.5, 0.7, 2.0])
def test_a_clip_lies_around_the_middle_of_its_tick(every_s: float) -> None:
    found = list(ticks(sound(1.3, 0.01, 1.69), CLIP, every_s))
    assert len(found) == int(np.ceil(3.0 / every_s - 1e-6))
    for number, clip in enumerate(found):
        assert clip is not None
        middle_s = clip.start_s + clip.duration_s / 2
        assert middle_s == pytest.approx((number + 0.5) * every_s, abs=2 / RATE)
        inside = np.flatnonzero(clip.samples[0])
        if len(inside):  # the samples are those that lie there
            first = clip.samples[0, inside[0]]
            place_s = clip.start_s + inside[0] / RATE
            assert round((first - 0.1) * 1e6) == pytest.approx(place_s * RATE, abs=1)


def test_a_last_tick_whose_middle_lies_after_the_end_shows_what_was_heard_last() -> None:
    for seconds, every_s in ((3.0, 60.0), (0.2, 60.0), (7.0, 4.5), (5.2, 2.5)):
        *_, last = ticks(sound(seconds), CLIP, every_s)
        assert last is not None
        assert last.samples.shape[1] == CLIP.clip_samples
        assert last.samples[0, 0] > 0
        assert last.start_s == pytest.approx(max(0.0, seconds - 0.5), abs=1e-6)


def test_a_word_stays_until_the_next_begins() -> None:
    samples, rate = recordings.sentence(3, 7, pause_s=1.0)
    found = list(ticks([Sound(samples[None], rate, "said")], WORDS, 0.25))
    assert len(found) == int(np.ceil(len(samples) / rate / 0.25))
    begun = [0.0 if clip is None else clip.start_s for clip in found]
    assert begun == sorted(begun)
    starts_s = sorted(set(begun))
    assert len(starts_s) == 3  # none yet, three, seven
    for start_s in starts_s[1:]:
        assert begun.index(start_s) == int(start_s / 0.25)


def test_held_noise_shows_one_thing_and_drifting_noise_goes_on(
    ear: Translator, tmp_path: Path
) -> None:
    source = scale(tmp_path / "scale.wav")

    def right(wish: FilmWish) -> list[float]:
        make_film(ear, source, tmp_path / "film", wish)
        found = sorted((tmp_path / "film" / "pictures").iterdir())
        return [float(np.asarray(Image.open(path))[0, -1].mean()) for path in found]

    half = Fraction(1, 2)
    held = right(FilmWish(half, size=None))
    assert len(held) == TONES
    assert len(set(held)) == 1
    drifting = right(FilmWish(half, drift_s=2.0, size=None))
    assert drifting[0] == held[0]
    assert len(set(drifting)) > TONES // 2
    lines = (tmp_path / "film" / "pictures.jsonl").read_text().splitlines()
    assert [json.loads(line)["seed"] for line in lines] == [0] * 4 + [1] * 4 + [2] * 2
    assert [json.loads(line)["toward"] for line in lines[:5]] == [0, 0.25, 0.5, 0.75, 0]
    there = right(FilmWish(half, seed=1, size=None))
    assert drifting[4] == there[0]


def test_noise_on_the_way_is_as_long_as_at_its_ends() -> None:
    first, second = torch.randn(2, 5, 3, 40, generator=torch.Generator().manual_seed(0))
    for share in (0.0, 0.3, 0.5, 1.0):
        way = slerp(first, second, torch.full((5,), share))
        expected = (1 - share) * first.flatten(1).norm(dim=1) + share * second.flatten(1).norm(
            dim=1
        )
        torch.testing.assert_close(way.flatten(1).norm(dim=1), expected)
    torch.testing.assert_close(slerp(first, second, torch.zeros(5)), first)
    torch.testing.assert_close(slerp(first, second, torch.ones(5)), second)
    line = slerp(torch.tensor([[2.0]]), torch.tensor([[-1.0]]), torch.tensor([0.5]))
    assert line.item() == 0.5  # in one dimension there is no way round


def test_a_folder_gets_film_sheet_and_pictures(ear: Translator, tmp_path: Path) -> None:
    out = tmp_path / "scale-film"
    make_film(ear, scale(tmp_path / "scale.wav"), out, FilmWish())
    names = sorted(path.name for path in out.iterdir())
    assert names == ["film.json", "film.mp4", "pictures", "pictures.jsonl", "sheet.png"]
    assert [path.name for path in sorted((out / "pictures").iterdir())] == [
        f"{number:06}.png" for number in range(5)
    ]
    assert provenance_of(out / "film.mp4")["every_s"] == 1.0
    assert provenance_of(out / "pictures" / "000003.png")["start_s"] == 3.0
    make_film(ear, tmp_path / "scale.wav", out, FilmWish(Fraction(5)))  # its own gives way
    assert len(list((out / "pictures").iterdir())) == 1


def test_a_sheet_keeps_even_distances_however_long_the_film() -> None:
    sheet = ContactSheet(Fraction(1), most=4)
    for number in range(37):
        sheet.add(Image.new("L", (1, 1), number))
    assert sheet.stride == 16
    assert [np.asarray(picture)[0, 0] for picture in sheet._kept] == [0, 16, 32]


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    def held_bytes(minutes: int) -> int:
        def blocks() -> Iterator[Sound]:
            for number in range(6 * minutes):
                samples = np.zeros((2, 10 * RATE), np.float32)
                yield Sound(samples, RATE, "long", 10.0 * number)

        grey = Image.new("RGB", (16, 16))
        tracemalloc.start()
        with writing(tmp_path / "long.mp4", Fraction(10)) as made:

            def heard() -> Iterator[Sound]:
                for block in blocks():
                    made.hear(block)
                    yield block

            for _ in ticks(heard(), CLIP, 10.0):
                made.see(grey)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    held_bytes(1)  # what is loaded once
    assert held_bytes(4) < held_bytes(1) + 500_000  # three minutes of samples are 12 MB


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.chdir(tmp_path)
    weights = recordings.untrained(tmp_path / "weights")

    def run(*argv: str) -> tuple[int, str, str]:
        code = main(["translate", *argv, "--system", str(weights), "--device", "cpu"])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_a_video_becomes_a_film(command: Run, tmp_path: Path) -> None:
    film(tmp_path / "walk.mp4", seconds=1.9)
    code, out, err = command("walk.mp4", "--every", "500ms", "--drift", "1s")
    assert (code, err) == (0, "")
    assert "walk.mp4 → walk-film  4 pictures of 1.98 s" in out
    assert (tmp_path / "walk-film" / "film.mp4").is_file()
    code, out, _ = command("walk.mp4", "--every", "1", "-o", "walk.webm", "--json")
    [made] = json.loads(out)["films"]
    assert (code, made["path"], made["ticks"]) == (0, "walk.webm", 2)


def test_bad_sources_are_one_line_each_and_cost_no_other(command: Run, tmp_path: Path) -> None:
    film(tmp_path / "mute.mp4", sound_s=0, seconds=0.5)
    (tmp_path / "empty.wav").write_bytes(b"")
    soundfile.write(tmp_path / "none.wav", np.zeros(0), RATE)
    scale(tmp_path / "cut.wav")
    content = (tmp_path / "cut.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(content[: len(content) // 2])
    Image.new("L", (4, 4)).save(tmp_path / "still.png")
    names = ("mute.mp4", "empty.wav", "none.wav", "still.png", "absent.wav", "cut.wav")
    code, out, err = command(*names, "--every", "1s", "-o", "films")
    assert code == 1
    lines = err.splitlines()
    assert len(lines) == 6
    for name, what, line in zip(
        names,
        ("has no sound", "is empty", "no samples", "is a picture", "does not exist", "truncated"),
        lines,
        strict=True,
    ):
        assert name in line
        assert what in line
    assert [path.name for path in sorted((tmp_path / "films").iterdir())] == ["cut-film"]
    assert "cut.wav → films/cut-film  3 pictures of 2.50 s" in out


@pytest.mark.parametrize("typed", ["0", "-1s", "nan", "inf", "1e9", "1000min", "5us", "", "0.001s"])
def test_a_tick_is_a_time_that_can_be(command: Run, tmp_path: Path, typed: str) -> None:
    scale(tmp_path / "scale.wav")
    code, _, err = command("scale.wav", f"--every={typed}")
    assert code == 2
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "scale-film").exists()


def test_times_are_exact() -> None:
    assert seconds_of("40ms", "--every") == Fraction(1, 25)
    assert seconds_of("0.1", "--every") == Fraction(1, 10)
    assert seconds_of("1.5 min", "--every") == 90
    with pytest.raises(ConfigError, match="--every wants a time above 0"):
        seconds_of("soon", "--every")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--every", "1s", "-o", "walk.avi"), "a film is .mp4 or .webm"),
        (("--every", "1s", "-o", "scale.wav/film.mp4"), "cannot write"),
        (("--every", "1s", "--num-samples", "2"), "one picture at a time"),
        (("--drift", "1s"), "--drift goes with --every"),
        (("-o", "film.mp4"), "say how often it shows a picture"),
        (("--every", "1s", "-o", "mine.mp4"), "not photism's"),
        (("--every", "1s", "-o", "weights"), "holds something else"),
    ],
)
def test_what_cannot_be_is_one_line(
    command: Run, tmp_path: Path, argv: tuple[str, ...], said: str
) -> None:
    scale(tmp_path / "scale.wav")
    film(tmp_path / "mine.mp4", seconds=0.3)
    mine = (tmp_path / "mine.mp4").read_bytes()
    code, _, err = command("scale.wav", *argv)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert said in err
    assert (tmp_path / "mine.mp4").read_bytes() == mine
