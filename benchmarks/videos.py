"""How fast videos become pairs, beside decoding every frame of them.

    python benchmarks/videos.py [FOLDER]

The 720p clips below FOLDER, or below `$PHOTISM_TEST_DATA/videos_sample`: seconds of video for a
second of processor time, when all frames are decoded, when the frames in the middle of each second
alone are, and when pairs are made of them whole: sound, log-mel and picture. The fastest of some
runs; ratios are of one run.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import av
import torch

from photism.data.own.form import Form
from photism.data.own.making import Portion, make
from photism.data.sources.videos import VideosRecipe
from photism.files import walk
from photism.video.moments import frames_every, is_video

FORM = Form("s2i", 96, "rgb", "centre", keep_silent=True)


def length_s(path: Path) -> float:
    """Return the length of a video of 1280 × 720 pixels; 0 for others."""
    with av.open(str(path)) as container:
        video = container.streams.video[0] if container.streams.video else None
        hd = video is not None and (video.width, video.height) == (1280, 720)
        return float(container.duration or 0) / av.time_base if hd else 0.0


def decode_all(path: Path) -> None:
    """Decode every frame on one thread."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        video.thread_type, video.codec_context.thread_count = "SLICE", 1
        for _ in container.decode(video):
            pass


def decode_middles(path: Path) -> None:
    """Decode the frame in the middle of every second, and what it needs."""
    for _ in frames_every(path, 1.0, first_s=0.5):
        pass


def make_pairs(path: Path) -> None:
    """Make pairs of a video."""
    recipe = VideosRecipe(FORM, window_s=1.0, hop_s=1.0, frame=0.5, keep_still=True)
    make(Portion(recipe, ((path,),)), lambda arrays: None)


def fastest_s(work: Callable[[Path], None], paths: list[Path], runs: int) -> float:
    """Return the processor time of some work on all videos, of each the fastest of some runs."""
    total_s = 0.0
    for path in paths:
        times = []
        for _ in range(runs):
            began_s = time.process_time()
            work(path)
            times.append(time.process_time() - began_s)
        total_s += min(times)
    return total_s


def main() -> None:
    """Print the three speeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    shared = Path(os.environ.get("PHOTISM_TEST_DATA", "../shared/data"))
    parser.add_argument("folder", nargs="?", type=Path, default=shared / "videos_sample")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    lengths_s = {path: length_s(path) for path in walk(args.folder) if is_video(path)}
    paths = [path for path, seconds in lengths_s.items() if seconds]
    if not paths:
        raise SystemExit(f"no videos of 1280 × 720 below {args.folder}")
    total_s = sum(lengths_s.values())
    print(f"{len(paths)} videos, {total_s:.0f} s; seconds of video a second of one processor")
    make_pairs(paths[0])  # what is loaded and built once
    plain_s = fastest_s(decode_all, paths, args.runs)
    for what, work in (("frames in the middle", decode_middles), ("pairs", make_pairs)):
        seconds = fastest_s(work, paths, args.runs)
        ratio = f"{plain_s / seconds:.2f} × as fast as all frames"
        print(f"{what:<22} {total_s / seconds:5.1f}  ({ratio})")
    print(f"{'all frames':<22} {total_s / plain_s:5.1f}")


if __name__ == "__main__":
    main()
