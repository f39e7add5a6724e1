"""Evaluating a system: one picture for every pair of a split, and what a judge makes of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from photism.config import check_seed
from photism.data.pairs import PairDataset, PairLoader
from photism.data.progress import track
from photism.errors import ConfigError, DataError
from photism.evaluation.figures import OutputFigures, Truth, class_figures, output_figures, spread
from photism.evaluation.informativity import (
    measure_informativity,
    require_pictures,
    with_informativity,
)
from photism.evaluation.latent_zeroing import (
    LatentSystem,
    LatentZeroing,
    measure_latent_zeroing,
)
from photism.evaluation.observe import Observed, Observer, Seen
from photism.evaluation.pitch import PitchReader, measure_pitch
from photism.evaluation.results import (
    Evaluation,
    Example,
    Opinion,
    Provenance,
    Recordings,
    References,
)
from photism.evaluation.shared import fit_shared
from photism.evaluation.uncertainty import Uncertainties, measure_uncertainty, require_uncertain
from photism.files import sha256
from photism.judges.base import Judge
from photism.judges.card import brief
from photism.judges.factors import read_factors
from photism.judges.inception import Inception
from photism.judges.informativity.store import StoredInformativity
from photism.judges.perceive import ear_of
from photism.media import Medium, other
from photism.metrics.features import LEAST_PAIRS, confusion, group_accuracy
from photism.metrics.joint import Joint, agreement
from photism.systems.base import System

EXAMPLES_PER_CLASS = 5
EXAMPLES_WITHOUT_CLASSES = 20


def evaluate(
    system: System,
    dataset: PairDataset,
    judge: Judge,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    batch_size: int = 250,
    limit: int | None = None,
    latent_zeroing: int = 1000,
    samples: int = 0,
    informativity: StoredInformativity | None = None,
    inception: Inception | None = None,
    beside: Sequence[Judge] = (),
    witness: Judge | None = None,
    given: Medium | None = None,
    pitch: PitchReader | None = None,
) -> Evaluation:
    """Measure a system on a split.

    Args:
        system: what to measure; what it makes of a pair is judged by the pair's label.
        dataset: pairs of sounds and real pictures. Pairs without a label are left out of what
            needs one.
        judge: of the data's classes and of what the system is to make, pictures or sounds, which
            are resized to the size it takes. Where the data has no classes, it may know any:
            its features alone are used.
        seed: of the noise, the choice of pairs, the resampling and the examples.
        device: where to compute.
        batch_size: pairs at a time; changes nothing but speed.
        limit: pairs to look at, chosen at random; all by default.
        latent_zeroing: pairs for the latent-zeroing curve of systems with a latent vector; 0
            leaves it out.
        samples: of each pair, to tell what uncertainty is worth; 0 leaves it out.
        informativity: judges that tell whether a picture is informative of its sound's class, and
            their card, as `load_informativity` returns them.
        inception: for FID, KID and Inception Score; without it they are left out.
        beside: other judges of the same medium, whose opinions stand beside the judge's.
        witness: a judge of what the system is given; with it a joint space is fitted on training
            pairs, and what is made is held against what was given.
        given: what of a pair the system is given; by default the other medium.
        pitch: reads the notes of sounds that are made, where the data says which there are.

    Returns:
        All figures.

    Raises:
        ConfigError: system, data and judge do not fit together, or a number is out of range.
        DataError: too few pairs, or grey pictures for a judge of colour.
    """
    check_seed(seed)
    if batch_size < 1:
        raise ConfigError(f"batch_size must be at least 1, not {batch_size}")
    _check(system, dataset, judge, limit, latent_zeroing)
    if samples:
        require_uncertain(system, judge.medium, samples)
    if informativity:
        require_pictures(judge.medium, dataset.card.classes)
        informativity[0].places(dataset.card.classes)
    hears = witness is not None or judge.medium == "sound"
    observer = Observer(
        system.to(device).eval(),
        [one.to(device).eval() for one in (judge, *_fitting(judge, beside, dataset))],
        given or other(judge.medium),
        drawn=ear_of(dataset.card) if hears else None,
        seed=seed,
        inception=inception.to(device).eval() if inception else None,
        witness=witness.to(device).eval() if witness else None,
    )
    rows = _choose(system, dataset, limit, seed)

    def load(of: np.ndarray, copies: int = 1) -> PairLoader:
        size = max(1, batch_size // copies)  # as much memory for several of each pair
        return PairLoader(dataset, size, rows=of, shuffle=False, device=device)

    truth = _truth(dataset, judge, rows, seed)
    shown = _choose_examples(truth.labels, rows, seed)
    joint = fit_shared(judge, witness, dataset, observer.drawn, seed) if witness else None
    observed = observer.observe(load(rows), shown)
    found = _found(observer, observed, dataset, truth, joint)
    found = replace(found, examples=_examples(dataset, observer, rows, shown, observed))
    if samples and truth.known:
        found = replace(found, uncertainty=_unsure(observer, load, rows, truth, samples))
    if latent_zeroing and truth.known and isinstance(system, LatentSystem):
        zeroed = _zero(system, judge, load, rows[truth.labelled], latent_zeroing, seed)
        found = replace(found, latent_zeroing=zeroed)
    if pitch and observer.drawn and given is None:
        notes = measure_pitch(system, pitch, dataset, observer.drawn, rows, seed=seed)
        found = replace(found, pitch=notes)
    if informativity and truth.known:
        told = measure_informativity(
            system,
            informativity[0].to(device),
            load(rows[truth.labelled]),
            given=observer.given,
            seed=seed,
        )
        found = with_informativity(found, told, informativity[1])
    return found


def _found(
    observer: Observer, observed: Observed, dataset: PairDataset, truth: Truth, joint: Joint | None
) -> Evaluation:
    """Return all figures but those of latent zeroing."""
    card, judges = dataset.card, observer.judges
    main = next(iter(observed.outputs.values()))
    recognised = observed.recognised if truth.known else None
    return Evaluation(
        provenance=_provenance(observer, dataset, truth, joint),
        classes=truth.classes,
        outputs=_outputs(observed, truth, joint),
        steps=observed.steps,
        listener=None if recognised is None else class_figures(recognised, truth),
        recordings=_by_recording(main.predicted == truth.labels, truth, card.group),
        references=_references(observed, truth, joint),
        opinions=_opinions(judges[1:], observed, truth),
        diversity_pixels=spread(observed.images, observed.real_images, truth),
        diversity_features=spread(main.features, observed.real.features, truth),
        confusion=_confusion(main.predicted, truth),
        latent_zeroing=None,
        notes=(*observed.notes, *_unlabelled(observer.system, dataset, judges[0], truth)),
        ear=ear_of(card) if card.front_end_config.get("rate") else None,
    )


def _fitting(judge: Judge, beside: Sequence[Judge], dataset: PairDataset) -> tuple[Judge, ...]:
    """Return the judges beside the main one, checked."""
    for other_judge in beside:
        if dataset.card.classes:
            other_judge.require_classes(dataset.card.classes)
        if other_judge.medium != judge.medium:
            raise ConfigError(
                f"judge {other_judge.name} is of {other_judge.medium}s, {judge.name} of"
                f" {judge.medium}s: beside each other stand judges of one medium"
            )
    return tuple(one for one in beside if one.name != judge.name)


def _outputs(observed: Observed, truth: Truth, joint: Joint | None) -> dict[str, OutputFigures]:
    """Return the figures of every output, of the main one with its place in the joint space."""
    found: dict[str, OutputFigures] = {}
    for name, seen in track(observed.outputs.items(), "measuring", len(observed.outputs)):
        figures = output_figures(seen, observed.real, truth)
        found[name] = figures if found else _placed(figures, seen, observed, joint)
    return found


def _placed(
    figures: OutputFigures, seen: Seen, observed: Observed, joint: Joint | None
) -> OutputFigures:
    if joint is None or observed.given is None:
        return figures
    place = agreement(joint, observed.given, seen.features, observed.real.features)
    return replace(figures, agreement=place)


def _opinions(judges: Sequence[Judge], observed: Observed, truth: Truth) -> dict[str, Opinion]:
    found = {}
    for judge in judges:
        main, real = observed.beside[judge.name].main, observed.beside[judge.name].real
        found[judge.name] = Opinion(
            sha256=judge.digest or weights_digest(judge),
            test_accuracy=judge.accuracy,
            about=judge.card.extractor if judge.card else "",
            figures=output_figures(main, real, truth),
            real=output_figures(real, real, truth),
        )
    return found


def weights_digest(module: torch.nn.Module) -> str:
    """Return the SHA-256 of a network's weights, for one that was never stored."""
    content = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        content.update(name.encode())
        content.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return content.hexdigest()


def _check(
    system: System, dataset: PairDataset, judge: Judge, limit: int | None, latent_zeroing: int
) -> None:
    classes = dataset.card.classes
    if classes:
        judge.require_classes(classes)
    elif system.takes_label:
        raise ConfigError(
            f"{system.title} makes something of a class, and {dataset.folder} has none: prepare the"
            " data with classes"
        )
    system.require_target(judge.medium)
    if dataset.card.front_end != system.config.front_end:
        raise ConfigError(
            f"{dataset.folder} was prepared with front end {dataset.card.front_end!r}, the system"
            f" wants {system.config.front_end!r}: choose the data it was trained on"
        )
    if dataset.labels.max() >= len(classes):
        raise DataError(
            f"{dataset.folder} has the label {dataset.labels.max()}, its card names only"
            f" {len(classes)} classes, counted from 0: prepare the data again"
        )
    if limit is not None and limit < LEAST_PAIRS:
        raise ConfigError(f"limit must be at least {LEAST_PAIRS}, not {limit}")
    if latent_zeroing < 0:
        raise ConfigError(f"latent_zeroing must be 0 or a number of pairs, not {latent_zeroing}")


def _choose(system: System, dataset: PairDataset, limit: int | None, seed: int) -> np.ndarray:
    """Return rows to look at, in rising order; a system that takes a label can do no others."""
    rows = np.flatnonzero((dataset.labels >= 0) | (not system.takes_label))
    if len(rows) < LEAST_PAIRS:
        raise DataError(
            f"{dataset.folder} has {len(rows)} {'labelled ' if system.takes_label else ''}pairs in"
            f" its {dataset.split} split, too few to measure anything: at least {LEAST_PAIRS} are"
            " needed"
        )
    return np.sort(np.random.default_rng((seed, 2)).permutation(rows)[:limit])


def _zero(
    system: LatentSystem,
    judge: Judge,
    load: Callable[[np.ndarray], PairLoader],
    rows: np.ndarray,
    pairs: int,
    seed: int,
) -> LatentZeroing:
    """Measure the latent-zeroing curve on some of the rows."""
    few = np.sort(np.random.default_rng((seed, 2)).permutation(rows)[:pairs])
    return measure_latent_zeroing(system, judge, load(few))


def _unsure(
    observer: Observer,
    load: Callable[[np.ndarray, int], PairLoader],
    rows: np.ndarray,
    truth: Truth,
    samples: int,
) -> Uncertainties:
    """Measure what uncertainty is worth on the pairs that have a label."""
    return measure_uncertainty(
        observer.system,
        observer.judges[0],
        load(rows[truth.labelled], samples),
        given=observer.given,
        groups=truth.groups[truth.labelled],
        drawn=observer.drawn,
        samples=samples,
        seed=truth.seed,
    )


def _unlabelled(system: System, dataset: PairDataset, judge: Judge, truth: Truth) -> Iterator[str]:
    """Yield what could not be said for want of labels."""
    classes, without = dataset.card.classes, int((dataset.labels < 0).sum())
    if not truth.known:
        yield (
            f"{'no pair has a label' if classes else 'the data has no classes'}: nothing is said"
            " of accuracy, and diversity is that of all pairs together"
        )
    elif without and system.takes_label:
        yield f"{without:,} pairs of the split have no label, which {system.title} needs: left out"
    elif missing := int((~truth.labelled).sum()):
        yield (
            f"{missing:,} of {len(truth.labels):,} pairs have no label: they are left out of"
            " accuracies, confusion and diversity, and counted in distances"
        )
    if not classes:
        yield (
            f"judge {judge.name} learnt other classes ({brief(judge.classes)}): its features alone"
            " are used"
        )


def _choose_examples(labels: np.ndarray, rows: np.ndarray, seed: int) -> list[int]:
    """Return rows of the data set, the first few of each class in a random order."""
    order = np.random.default_rng((seed, 4)).permutation(len(rows))
    found = np.unique(labels)
    each = EXAMPLES_PER_CLASS if found[-1] >= 0 else EXAMPLES_WITHOUT_CLASSES
    kinds = (*found[found >= 0], *found[found < 0])  # those without a label come last
    places = [order[labels[order] == label][:each] for label in kinds]
    return rows[np.concatenate(places)].tolist()


def _truth(dataset: PairDataset, judge: Judge, rows: np.ndarray, seed: int) -> Truth:
    card = dataset.card
    told = card.columns.get("silent") == "bool"
    readable = bool(judge.factors) and bool(card.classes) and set(judge.factors) <= {*card.columns}
    return Truth(
        classes=card.classes,
        labels=dataset.labels[rows],
        groups=dataset.column(card.group)[rows],
        silent=dataset.column("silent")[rows].astype(bool) if told else None,
        factors=read_factors(dataset, judge.factors)[rows] if readable else None,
        factor_names=judge.factors,
        seed=seed,
    )


def _provenance(
    observer: Observer, dataset: PairDataset, truth: Truth, joint: Joint | None
) -> Provenance:
    card, start = dataset.card, f"{dataset.split}-"
    system, judge, witness = observer.system, observer.judges[0], observer.witness
    shards = {n: shard["sha256"] for n, shard in card.shards.items() if n.startswith(start)}
    return Provenance(
        system=system.name,
        preset=system.preset,
        target=judge.medium,
        given=observer.given,
        origin=card.front_end_config.get("origin", "top"),
        source=system.source,
        weights_sha256=system.digest or weights_digest(system),
        data=card.name,
        data_notes=card.notes,
        data_sha256={"card.json": sha256(dataset.folder / "card.json")} | shards,
        split=dataset.split,
        pairs=len(truth.labels),
        pairs_in_split=len(dataset),
        pairs_labelled=int(truth.labelled.sum()),
        seed=truth.seed,
        judge=judge.name,
        judge_sha256=judge.digest or weights_digest(judge),
        judge_test_accuracy=judge.accuracy if card.classes else None,
        inception_sha256=observer.inception.digest if observer.inception else None,
        witness=f"{witness.name}, sha256 {witness.digest or weights_digest(witness)}"
        if witness
        else "",
        joint_pairs=joint.pairs if joint else 0,
    )


def _by_recording(right: np.ndarray, truth: Truth, group: str) -> Recordings:
    rows = truth.labelled
    rates = group_accuracy(right[rows], truth.groups[rows])
    hardest = sorted(rates.items(), key=lambda item: item[1])[:5]
    mean = float(np.mean(list(rates.values()))) if rates else None
    return Recordings(group, len(np.unique(truth.groups)), mean, tuple(hardest))


def _confusion(predicted: np.ndarray, truth: Truth) -> tuple[tuple[int, ...], ...]:
    if not truth.known:
        return ()
    rows = truth.labelled
    counts = confusion(truth.labels[rows], predicted[rows], len(truth.classes))
    return tuple(tuple(row) for row in counts.tolist())


def _references(observed: Observed, truth: Truth, joint: Joint | None) -> References:
    rows = np.flatnonzero(truth.labelled)
    order = np.random.default_rng((truth.seed, 3)).permutation(rows)
    dealt = next(iter(observed.outputs.values())).predicted[order]
    blind = float(np.mean(dealt == truth.labels[rows])) if truth.known else None
    real = output_figures(observed.real, observed.real, truth)
    return References(_placed(real, observed.real, observed, joint), blind)


def _examples(
    dataset: PairDataset,
    observer: Observer,
    rows: np.ndarray,
    shown: list[int],
    observed: Observed,
) -> tuple[Example, ...]:
    target = observer.judges[0].medium
    keys = dataset.column("key")
    loader = PairLoader(dataset, 1, shuffle=False)
    examples = []
    for row, place in zip(shown, np.searchsorted(rows, shown), strict=True):
        batch = loader.batch(np.array([row]))
        examples.append(
            Example(
                label=int(batch.label[0]),
                row=row,
                key=str(keys[row]),
                given=batch.of(observer.given)[0].numpy(),
                real=batch.of(target)[0].numpy(),
                made=observed.examples[row],
                judged={n: int(seen.predicted[place]) for n, seen in observed.outputs.items()},
            )
        )
    return tuple(examples)
