"""`photism translate`: what is written where, what is printed, and exit codes."""

from __future__ import annotations

import errno
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import recordings
import soundfile
from PIL import Image

from photism.cli import main
from photism.images import read_provenance
from photism.orchestra.instruments import INSTRUMENTS
from photism.stored import WeightsCard
from photism.systems.car_gan import CARGAN
from photism.systems.weights import save_weights
from photism.translate.translator import Translator

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recordings.untrained(tmp_path_factory.mktemp("weights") / "untrained")


@pytest.fixture
def translate(
    weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run the command in an empty folder; return exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*argv: str) -> tuple[int, str, str]:
        code = main(["translate", *argv, "--system", str(weights), "--device", "cpu"])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def pictures(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def test_one_recording_gives_one_picture_here(translate: Run, tmp_path: Path) -> None:
    (tmp_path / "sounds").mkdir()
    recordings.write(tmp_path / "sounds" / "three.wav")
    code, out, err = translate("sounds/three.wav")
    assert (code, err) == (0, "")
    line, summary = out.splitlines()
    assert re.fullmatch(
        r"sounds/three\.wav → three\.png  0\.\d\d–0\.\d\d s, heard at -\d\d dB", line
    )
    assert re.match(r"1 picture of 1 recording in \d+\.\d s", summary)
    assert pictures(tmp_path) == ["three.png"]
    with Image.open("three.png") as picture:
        assert picture.size == (280, 280)


def test_peak_memory_is_told(translate: Run, tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="this system does not tell a process's peak memory")
    recordings.write(tmp_path / "three.wav")
    assert "peak memory" in translate("three.wav")[1]
    summary = json.loads(translate("three.wav", "--json")[1])["summary"]
    assert 100 < summary["peak_memory_mb"] < 100_000


def test_samples_are_files_that_can_be_made_again_alone(translate: Run, tmp_path: Path) -> None:
    recordings.write(tmp_path / "three.wav")
    assert translate("three.wav", "--num-samples", "3", "--seed", "5", "-o", "many")[0] == 0
    assert pictures(tmp_path / "many") == ["three_s5.png", "three_s6.png", "three_s7.png"]
    assert translate("three.wav", "--seed", "6", "-o", "alone.png")[0] == 0
    alone, many = Path("alone.png").read_bytes(), Path("many/three_s6.png").read_bytes()
    assert alone == many
    assert many != Path("many/three_s7.png").read_bytes()


def test_company_changes_nothing(translate: Run, tmp_path: Path) -> None:
    folder = tmp_path / "sounds"
    folder.mkdir()
    for digit in range(10):
        recordings.write(folder / f"{digit}.wav", digit)
    assert translate("sounds")[0] == 0
    for digit in (0, 4, 9):
        made = read_provenance(Path(f"pictures/{digit}.png"))
        assert translate(f"sounds/{digit}.wav", "--batch", str(made["batch"]))[0] == 0
        alone = Path(f"{digit}.png").read_bytes()
        assert alone == Path(f"pictures/{digit}.png").read_bytes()


def test_words_are_numbered(translate: Run, tmp_path: Path) -> None:
    samples, rate = recordings.sentence(1, 2)
    soundfile.write(tmp_path / "two.wav", samples, rate)
    code, out, _ = translate("two.wav", "--num-samples", "2")
    assert code == 0
    names = ["two_001_s0.png", "two_001_s1.png", "two_s0.png", "two_s1.png"]
    assert pictures(tmp_path) == names
    assert out.startswith("two.wav → two_s0.png … two_001_s1.png  4 pictures of ")
    starts_s = [read_provenance(Path(f"two{word}_s0.png"))["start_s"] for word in ("", "_001")]
    assert 0.4 < starts_s[0] < 0.7 < starts_s[1]


def test_further_words_of_an_earlier_run_do_not_stay(translate: Run, tmp_path: Path) -> None:
    samples, rate = recordings.sentence(1, 2)
    soundfile.write(tmp_path / "two.wav", samples, rate)
    recordings.write(tmp_path / "two_001_x.wav")
    Image.new("L", (4, 4)).save(tmp_path / "two_002.png")
    assert translate("two.wav")[0] == 0
    assert pictures(tmp_path) == ["two.png", "two_001.png", "two_002.png"]
    assert translate("two.wav", "--duration", "0.9")[0] == 0
    assert pictures(tmp_path) == ["two.png", "two_002.png"]  # somebody else's picture stays


def test_text_that_is_called_a_picture_is_told_so(translate: Run, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_text("a line of text\n")
    code, _, err = translate("x.png", "-o", "y.png")
    assert code == 2
    assert err == "photism: x.png is no picture, whatever its ending says, and no sound\n"
    recordings.write(tmp_path / "sound.png", format="WAV")
    assert translate("sound.png", "-o", "y.png")[0] == 0


def test_folders_keep_their_shape_and_one_bad_file_costs_itself(
    translate: Run, tmp_path: Path
) -> None:
    for name in ("a/three.wav", "b/three.wav", "b/four.FLAC", "b/.hidden.wav", "b/notes.txt"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        recordings.write(tmp_path / "in" / name, format="WAV")
    (tmp_path / "in" / "b" / "bad.wav").write_text("nothing of the kind")
    code, out, err = translate("in", "-o", "out")
    assert code == 1
    assert pictures(tmp_path / "out") == ["a/three.png", "b/four.png", "b/three.png"]
    assert re.fullmatch(r"photism: in/b/bad\.wav is no sound or video .*\n", err)
    assert "3 pictures of 3 recordings" in out.splitlines()[-1]
    assert out.splitlines()[-1].endswith("; 1 failed")


def test_recordings_of_one_name_get_pictures_of_their_own(translate: Run, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("three.wav", "three.flac", "b/three.wav"):
        recordings.write(tmp_path / name)
    assert translate("three.wav", "three.flac", "b/three.wav")[0] == 0
    assert pictures(tmp_path) == ["three-2.png", "three-3.png", "three.png"]
    assert read_provenance(Path("three-2.png"))["source"] == "three.flac"


def test_standard_input(translate: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = recordings.write(tmp_path / "three.wav").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert translate("-")[0] == 0
    assert pictures(tmp_path) == ["stdin.png"]
    assert translate("three.wav")[0] == 0
    with Image.open("stdin.png") as piped, Image.open("three.png") as named:
        assert piped.tobytes() == named.tobytes()


def test_an_error_that_nobody_foresaw_costs_one_file(
    translate: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for digit in range(3):
        recordings.write(tmp_path / f"{digit}.wav", digit)
    cut = Translator.clips

    def clips(self: Translator, source: Any, **options: Any) -> Any:
        if source == "1.wav":
            raise RuntimeError("a bug\nin two lines")
        return cut(self, source, **options)

    monkeypatch.setattr(Translator, "clips", clips)
    code, _, err = translate("0.wav", "1.wav", "2.wav")
    assert (code, err) == (1, "photism: 1.wav cannot be translated: a bug\n")
    assert pictures(tmp_path) == ["0.png", "2.png"]


def test_a_clip_that_cannot_be_drawn_does_not_spoil_its_batch(
    translate: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from photism.translate import translator

    for digit in range(3):
        recordings.write(tmp_path / f"{digit}.wav", digit)
    lengths: list[int] = []
    heard = translator.heard

    def fail(samples: np.ndarray, rate: int) -> Any:
        if len(samples) not in lengths:
            lengths.append(len(samples))
        if lengths.index(len(samples)) == 1:
            raise ValueError("no such clip")
        return heard(samples, rate)

    monkeypatch.setattr(translator, "heard", fail)
    code, _, err = translate("0.wav", "1.wav", "2.wav")
    assert (code, err) == (1, "photism: 1.wav cannot be translated: no such clip\n")
    assert pictures(tmp_path) == ["0.png", "2.png"]


def test_linked_folders_are_followed(translate: Run, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    recordings.write(tmp_path / "real" / "three.wav")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "back").symlink_to(tmp_path / "in")
    assert translate("in", "-o", "out")[0] == 0
    assert pictures(tmp_path / "out") == ["linked/three.png"]


def test_a_very_long_name_gets_a_picture(translate: Run, tmp_path: Path) -> None:
    name = "ä" * 120 + ".wav"
    recordings.write(tmp_path / name)
    assert translate(name)[0] == 0
    [picture] = tmp_path.glob("*.png")
    assert read_provenance(picture)["source"] == name


def test_native_size(translate: Run, tmp_path: Path) -> None:
    recordings.write(tmp_path / "three.wav")
    assert translate("three.wav", "--size", "native")[0] == 0
    with Image.open("three.png") as picture:
        assert picture.size == (28, 28)


def test_json_is_one_document(translate: Run, tmp_path: Path) -> None:
    recordings.write(tmp_path / "three.wav")
    code, out, err = translate("three.wav", "missing.wav", "--json")
    content = json.loads(out)
    assert code == 1
    assert "missing.wav does not exist" in err
    assert content["errors"] == [{"file": "missing.wav", "error": "missing.wav does not exist"}]
    [picture] = content["pictures"]
    assert (picture["file"], picture["path"]) == ("three.wav", "three.png")
    provenance = read_provenance(tmp_path / "three.png")
    assert {key: picture[key] for key in provenance} == provenance
    counts = {key: content["summary"][key] for key in ("pictures", "translated", "failed")}
    assert counts == {"pictures": 1, "translated": 1, "failed": 1}


def test_what_was_heard_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    system = CARGAN(CARGAN.presets["debug"])
    card = WeightsCard(classes=tuple(INSTRUMENTS))
    save_weights(system, tmp_path / "untrained", preset="debug", card=card)
    samples, rate = recordings.spoken(3)
    soundfile.write("two.wav", np.stack([np.tile(samples, 4)] * 6, 1), rate)

    def run(*options: str) -> str:
        assert main(["translate", "two.wav", "--system", "untrained", *options]) == 0
        return capsys.readouterr().out

    names = "|".join(INSTRUMENTS)
    assert re.search(rf" dB, ({names}) \d+% \(({names}) \d+%\)\n", run("--duration", "0.5"))
    label = read_provenance(tmp_path / "two.png")["label"]
    assert label["probability"] >= label["runner_up_probability"] > 0
    assert re.search(rf" s(, ({names}) \d+)+\n", run())
    assert "dB, violin, as told\n" in run("--duration", "0.5", "--label", "violin")
    assert read_provenance(tmp_path / "two.png")["label"]["probability"] is None
    [picture] = json.loads(run("--duration", "0.5", "--label", "horn", "--json"))["pictures"]
    assert picture["label"]["name"] == "horn"
    assert main(["translate", "two.wav", "--system", "untrained", "--label", "violn"]) == 2
    message = "photism: untrained knows no 'violn': did you mean 'violin'?\n"
    assert capsys.readouterr().err.endswith(message)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(8000), "silence"),
        (0.1 * np.random.default_rng(0).standard_normal(8000), "steady noise"),
    ],
)
def test_an_arbitrary_picture_is_called_so(
    translate: Run, tmp_path: Path, samples: np.ndarray, reason: str
) -> None:
    soundfile.write(tmp_path / "hush.wav", samples, 8000)
    code, out, err = translate("hush.wav")
    assert code == 0
    assert re.fullmatch(
        rf"photism: hush\.wav: nothing was heard \({reason}.*\): the picture is arbitrary\n", err
    )
    assert "heard at" not in out
    found = read_provenance(tmp_path / "hush.png")
    assert not found["heard"]
    assert reason in found["notes"][0]


def test_a_truncated_recording_is_translated_with_a_note(translate: Run, tmp_path: Path) -> None:
    path = recordings.write(tmp_path / "three.wav")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    code, _, err = translate("three.wav")
    assert code == 0
    assert err.startswith("photism: three.wav: truncated: ")
    assert err.count("\n") == 1
    assert pictures(tmp_path) == ["three.png"]


@pytest.mark.parametrize("kind", recordings.BAD)
def test_bad_input_is_one_line_and_exit_2(translate: Run, kind: str, tmp_path: Path) -> None:
    make, message = recordings.BAD[kind]
    make(tmp_path / "bad.wav")
    code, out, err = translate("bad.wav")
    assert (code, out) == (2, "")
    assert re.fullmatch(r"photism: .*bad\.wav[: ].*\n", err)
    assert message in err
    assert pictures(tmp_path) == []


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_sample_formats(translate: Run, tmp_path: Path, subtype: str) -> None:
    recordings.write(tmp_path / "three.wav", subtype=subtype)
    assert translate("three.wav")[0] == 0
    assert read_provenance(tmp_path / "three.png")["heard"]


def test_eight_channels_high_rates_and_wrong_names(translate: Run, tmp_path: Path) -> None:
    samples, rate = recordings.spoken(3)
    soundfile.write(tmp_path / "eight.wav", np.stack([samples] * 8, axis=1), rate)
    soundfile.write(tmp_path / "high.wav", np.repeat(samples, 12), 12 * rate)
    recordings.write(tmp_path / "wrong.mp4", format="OGG", subtype="VORBIS")
    recordings.write(tmp_path / "no name", format="FLAC")
    code, _, err = translate("eight.wav", "high.wav", "wrong.mp4", "no name")
    assert (code, err) == (0, "")
    assert pictures(tmp_path) == ["eight.png", "high.png", "no name.png", "wrong.png"]
    assert all(read_provenance(path)["heard"] for path in tmp_path.glob("*.png"))


def test_only_its_own_pictures_are_replaced(translate: Run, tmp_path: Path) -> None:
    recordings.write(tmp_path / "three.wav")
    Image.new("L", (4, 4)).save(tmp_path / "three.png")
    before = (tmp_path / "three.png").read_bytes()
    code, _, err = translate("three.wav")
    assert code == 2
    assert err == "photism: three.png exists and is no picture of photism's: --force replaces it\n"
    assert (tmp_path / "three.png").read_bytes() == before
    assert translate("three.wav", "--force")[0] == 0
    assert translate("three.wav", "--seed", "4")[0] == 0
    assert read_provenance(tmp_path / "three.png")["seed"] == 4


def test_a_recording_is_never_written_over(translate: Run, tmp_path: Path) -> None:
    path = recordings.write(tmp_path / "three.png", format="WAV")
    before = path.read_bytes()
    code, _, err = translate("three.png", "--force")
    assert code == 2
    assert "would replace another file of this call" in err
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written(translate: Run, tmp_path: Path) -> None:
    recordings.write(tmp_path / "three.wav")
    (tmp_path / "file").write_text("in the way")
    code, out, err = translate("three.wav", "-o", "file/pictures")
    assert (code, out) == (2, "")
    assert re.fullmatch(r"photism: cannot write to file/pictures: Not a directory\n", err)


def test_a_full_disk_ends_it_and_keeps_what_is_done(
    translate: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for digit in range(3):
        recordings.write(tmp_path / f"{digit}.wav", digit)
    fsync, left = os.fsync, [1]

    def fill(descriptor: int) -> None:
        if not left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left.pop()
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fill)
    code, out, err = translate("0.wav", "1.wav", "2.wav")
    assert code == 1
    assert err == "photism: cannot write 1.png: No space left on device\n"
    assert out.splitlines()[-1].endswith("; 1 failed; 1 not tried")
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".wav"] == ["0.png"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "name a recording, such as: photism translate three.wav"),
        (["-", "-"], "standard input (-) can be read only once"),
        (["a.wav", "--seed", "-1"], "a seed is a whole number from 0"),
        (["a.wav", "--batch", "0"], "--batch is a number of clips from 1 to 4,096, not 0"),
        (["a.wav", "--sampling", "latent"], "--sampling wants name=value, not 'latent'"),
        (["a.wav", "--sampling", "steps=4"], "unknown field 'steps': choose from: latent"),
        (["a.wav", "--num-samples", "0"], "--num-samples must be at least 1, not 0"),
        (["a.wav", "--size", "0"], "--size is a number of pixels from 1 to 8,192, not 0"),
        (["a.wav", "--size", "10000000"], "--size is a number of pixels from 1 to 8,192"),
        (["a.wav", "--batch", "100000000"], "--batch is a number of clips from 1 to 4,096"),
        ([""], "the name of a source is empty"),
        (["a.wav", "-o", "a.jpg"], "pictures are PNGs: call it a.png"),
        (["a.wav", "b.wav", "-o", "a.png"], "2 sources cannot share a.png"),
        (["a.wav", "--label", "three"], "untrained takes no label: leave 'three' out"),
        (["a.wav", "--start", "-3"], "the start is a time from 0 s on, not -3 s"),
        (["a.wav", "--duration", "0"], "the duration is a number of seconds above 0, not 0 s"),
        (["empty"], "empty holds no sounds or videos"),
    ],
)
def test_what_cannot_be_meant(
    translate: Run, tmp_path: Path, argv: list[str], message: str
) -> None:
    (tmp_path / "empty").mkdir()
    code, out, err = translate(*argv)
    assert (code, out) == (2, "")
    assert err.startswith(f"photism: {message}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--system", "aivea-fsdd"], "no weights called 'aivea-fsdd'"),
        (["--system", "three.wav"], "three.wav is a file: give the folder"),
        (["--system", "."], "has no config.json: not a folder of photism weights"),
    ],
)
def test_systems_that_are_not_there(
    option: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    recordings.write(tmp_path / "three.wav")
    assert main(["translate", "three.wav", *option]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_the_keyboard_is_no_recording(translate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(io.BytesIO()))
    code, _, err = translate("-")
    assert code == 2
    assert "standard input is the keyboard" in err


def test_closed_standard_input_is_told(translate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    code, _, err = translate("-")
    assert (code, err.count("\n")) == (2, 1)
    assert "standard input is closed" in err


@pytest.mark.data
def test_real_videos(translate: Run, real_data: Path, tmp_path: Path) -> None:
    sources: list[Any] = sorted((real_data / "videos_sample").rglob("*.m*"))[:6]
    code, out, _ = translate(*map(str, sources), "-o", "out")
    assert code == 0
    assert len(out.splitlines()) == len(sources) + 1
    for path in (tmp_path / "out").iterdir():
        found = read_provenance(path)
        assert 0 <= found["start_s"] < found["end_s"] <= 11
