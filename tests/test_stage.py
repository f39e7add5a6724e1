"""The drawn stage: what the sound determines shows, the rest follows the look."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from photism.errors import DataError
from photism.orchestra.drawing.body import joints
from photism.orchestra.drawing.hold import Frame, Gesture, Layers
from photism.orchestra.drawing.pen import Sheet, pixels
from photism.orchestra.instruments import INSTRUMENTS
from photism.orchestra.stage import PLAYING, Look, draw


def look(seed: int = 0) -> Look:
    return Look.random(np.random.default_rng(seed))


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b).mean())


def blocks(picture: np.ndarray) -> np.ndarray:
    """Means of sixteen by sixteen blocks: what is left after a coarse look."""
    side = len(picture) // 16
    return picture.reshape(16, side, 16, side, 3).mean((1, 3))


def test_the_stage_knows_every_instrument_in_the_order_of_its_label():
    assert list(PLAYING) == list(INSTRUMENTS)


@pytest.mark.parametrize("size", [64, 128, 256])
@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_drawing_repeats(instrument, size):
    first, again = (
        draw(instrument, look(), pitch=0.4, level=0.6, time_s=1.3, size=size) for _ in range(2)
    )
    assert first.shape == (size, size, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)


def test_another_process_draws_the_same_bytes():
    here = hashlib.sha256(draw("horn", look(5), pitch=0.3, level=0.8, time_s=2.0).tobytes())
    program = (
        "import hashlib, numpy as np; from photism.orchestra.stage import Look, draw;"
        "drawn = draw('horn', Look.random(np.random.default_rng(5)), pitch=0.3, level=0.8, "
        "time_s=2.0); print(hashlib.sha256(drawn.tobytes()).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert there.stderr == ""
    assert there.stdout.strip() == here.hexdigest()


def test_threads_draw_the_same_bytes():
    def one(seed: int) -> bytes:
        return draw("sax", look(seed), pitch=0.5, level=0.5, size=64).tobytes()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(12))) == [one(seed) for seed in range(12)]


def test_a_small_picture_is_a_large_one_averaged():
    large, small = (
        draw("oboe", look(), pitch=0.5, level=0.6, size=size).astype(float) for size in (128, 64)
    )
    assert np.abs(large.reshape(64, 2, 64, 2, 3).mean((1, 3)) - small).max() <= 1


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_the_camera_shows_the_whole_instrument(instrument):
    playing = PLAYING[instrument]
    frame, span_cm = playing.frame, 400.0
    for pitch, stroke, seed in itertools.product((0.0, 1.0), (-1.0, 1.0), range(3)):
        pose = joints(look(seed).person, 0.05, playing.nod, playing.standing, playing.knees_apart)
        layers, whole = Layers(Sheet(1), Sheet(1), Sheet(1)), Sheet(1)
        playing.draw(layers, pose, Gesture(pitch, 0.7, playing=1, sway=0, stroke=stroke))
        for sheet in (layers.back, layers.chest, layers.front):
            whole.place(sheet, complex(200, 300))
        seen = pixels(whole.svg(span_cm), 400)[..., 3].astype(float)  # a pixel is a centimetre
        left, top = (round(v - frame.span_cm / 2) for v in (frame.middle.real, frame.middle.imag))
        side = round(frame.span_cm)
        inside = seen[300 + top : 300 + top + side, 200 + left : 200 + left + side]
        assert inside.sum() > 0.98 * seen.sum() > 0


def test_a_nearer_camera_shows_the_middle_of_the_same_scene(monkeypatch):
    """Performer and stage alike, with a zoom and a tilt."""
    size, playing = 128, PLAYING["flute"]
    seen = replace(look(3), camera=replace(look(3).camera, x=0, y=0, zoom=1.05, tilt_deg=2))
    near = draw("flute", seen, pitch=0.4, level=0.6, size=size)
    far = Frame(playing.frame.middle, 2 * playing.frame.span_cm)
    monkeypatch.setitem(PLAYING, "flute", replace(playing, frame=far))
    wide = draw("flute", seen, pitch=0.4, level=0.6, size=2 * size)
    middle = slice(size // 4, 3 * size // 4)  # where corners are not dark
    crop = wide[size // 2 : 3 * size // 2, size // 2 : 3 * size // 2]
    assert distance(near[middle, middle], crop[middle, middle]) < 2
    assert distance(near[middle, middle], np.roll(crop, 3, 1)[middle, middle]) > 6


@pytest.mark.parametrize("size", [64, 128])
def test_every_instrument_looks_like_no_other(size):
    drawn = {name: draw(name, look(), pitch=0.5, level=0.6, size=size) for name in INSTRUMENTS}
    for one, other in itertools.combinations(INSTRUMENTS, 2):
        # Stage and player are the same, and a thin instrument covers one pixel in a hundred.
        changed = np.abs(drawn[one].astype(int) - drawn[other]).max(axis=2) > 40
        assert changed.mean() > 0.02, (one, other)


@pytest.mark.parametrize("size", [64, 128])
@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_the_farther_the_pitch_the_farther_the_picture(instrument, size):
    pitches = (0.0, 0.25, 0.5, 0.75, 1.0)
    drawn = [
        blocks(draw(instrument, look(3), pitch=pitch, level=0.6, size=size)) for pitch in pitches
    ]
    from_low = [distance(drawn[0], other) for other in drawn]
    assert from_low == sorted(from_low)
    assert from_low[-1] > 1.5 * from_low[1] > 0.1
    steps = [distance(*pair) for pair in itertools.pairwise(drawn)]
    assert max(steps) < from_low[-1]  # gradual: no step is the whole way


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_louder_is_brighter(instrument):
    levels = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
    light = [draw(instrument, look(2), pitch=0.5, level=x, size=64).mean() for x in levels]
    assert light == sorted(light)
    assert light[-1] > 1.8 * light[0]


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_silence_rests_and_holds_still(instrument):
    early, late = (
        draw(instrument, look(), pitch=None, level=0.0, time_s=t, size=64) for t in (0.0, 0.6)
    )
    assert np.array_equal(early, late)
    assert np.array_equal(early, draw(instrument, look(), pitch=0.5, level=0.0, size=64))


def test_playing_moves_with_time():
    early, late = (
        draw("violin", look(), pitch=0.5, level=0.7, time_s=t, size=64) for t in (0.0, 0.6)
    )
    assert distance(early, late) > 0.2


def test_looks_repeat_and_vary_freely():
    assert look(4) == look(4)
    assert len({look(seed) for seed in range(50)}) == 50
    drawn = [draw("oboe", look(seed), pitch=0.5, level=0.6, size=64) for seed in range(6)]
    assert min(distance(a, b) for a, b in itertools.combinations(drawn, 2)) > 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"instrument": "violine"}, "did you mean 'violin'"),
        ({"instrument": ""}, "no instrument ''"),
        ({"level": 1.5}, r"level of a drawn moment is 1.5: give a number in \[0, 1\]"),
        ({"level": float("nan")}, "level of a drawn moment is nan"),
        ({"pitch": -0.1}, "pitch of a drawn moment is -0.1"),
        ({"time_s": float("inf")}, "time_s of a drawn moment is inf"),
        ({"size": 4}, "size of a drawn picture is 4: give 16 to 2048 pixels"),
        ({"size": 64.5}, "size of a drawn picture is 64.5"),
    ],
)
def test_bad_arguments(arguments, message):
    given = {"instrument": "violin", "pitch": 0.5, "level": 0.5, "size": 64} | arguments
    with pytest.raises(DataError, match=message) as told:
        draw(given.pop("instrument"), look(), **given)
    assert "\n" not in str(told.value)
