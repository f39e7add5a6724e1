"""Every figure that is shown: its title, which way is better, its unit, how it is rounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower", "neither"]
JUDGE = "judge"
"""Stands in titles for the name of the judge whose features and classes a figure has."""


@dataclass(frozen=True)
class Metric:
    """A figure that may be published, measured or both."""

    title: str
    """With "(judge)" where the figure has a judge's features, and so a scale of its own."""
    path: str
    """Where it stands among the figures of an output, attribute by attribute."""
    better: Better
    percent: bool = False
    """It is a share, shown in percent."""
    hint: str = ""

    def titled(self, judge: str = JUDGE) -> str:
        """Return the title with the name of a judge in it."""
        return self.title.replace(f"({JUDGE})", f"({judge})")

    def show(self, value: float) -> str:
        """Return a measured value as text: two decimals, or two digits of what is small."""
        if self.percent:
            return f"{100 * value:.1f} %"
        return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"

    def printed(self, value: float) -> str:
        """Return a published value as text, with all its digits."""
        return f"{round(100 * value, 2)} %" if self.percent else f"{value}"

    def show_range(self, low: float, high: float) -> str:
        """Return an interval as text, its unit once."""
        return f"{self.show(low).removesuffix(' %')} – {self.show(high)}"


METRICS: Mapping[str, Metric] = {
    "accuracy": Metric(
        "accuracy",
        "accuracy",
        "higher",
        percent=True,
        hint="Accuracy is the share that the judge takes for the class of the pair; intervals"
        " (95 %) resample recordings.",
    ),
    "accuracy_sounding": Metric(
        "accuracy, not silent", "accuracy_sounding", "higher", percent=True
    ),
    "fd": Metric(
        "FD(judge)",
        "frechet",
        "lower",
        hint="What is called (judge) has the judge's features and classes, and a scale of its own.",
    ),
    "kd": Metric("KD(judge)", "kernel_distance", "lower"),
    "precision": Metric("precision(judge)", "precision", "higher", percent=True),
    "recall": Metric("recall(judge)", "recall", "higher", percent=True),
    "judge_is": Metric("IS(judge)", "inception_score", "higher"),
    "paired_kl": Metric(
        "KL(judge)",
        "paired_kl",
        "lower",
        hint="KL is the mean divergence of the judge's opinion of what is made from its opinion of"
        " what is real in its place.",
    ),
    "diversity": Metric(
        "diversity(judge)",
        "diversity",
        "neither",
        hint="Diversity is that of judge features in a class; 1 is as diverse as reality.",
    ),
    "informativity": Metric(
        "informativity",
        "informativity.mean",
        "higher",
        percent=True,
        hint="Informativity is the share of pictures that the binary judge of the sound's class"
        " finds informative, its mean over classes; the notes say what these judges learnt from.",
    ),
    "fid": Metric(
        "FID", "inception.fid", "lower", hint="FID and IS have the features of Inception-v3."
    ),
    "kid": Metric("KID", "inception.kid", "lower"),
    "is": Metric("IS", "inception.inception_score", "higher"),
    "ais": Metric(
        "AIS",
        "agreement.to_given",
        "higher",
        hint="AIS and IIS are cosines with what was given and with what is real, R@1, R@5 and rank"
        " how well what is made finds what was given, in a joint space fitted on training pairs.",
    ),
    "iis": Metric("IIS", "agreement.to_real", "higher"),
    "recall_1": Metric("R@1", "agreement.retrieval.recall_1", "higher", percent=True),
    "recall_5": Metric("R@5", "agreement.retrieval.recall_5", "higher", percent=True),
    "rank": Metric("median rank", "agreement.retrieval.median_rank", "lower"),
}
"""By the names that experiments use, in the order in which tables show them."""


def factor_metric(factor: str) -> Metric:
    """Return the figure of a factor that a judge reads, such as the pitch."""
    return Metric(f"R² of {factor}", f"factor_r2.{factor}", "higher")
