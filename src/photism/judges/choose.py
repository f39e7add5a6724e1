"""Which judge suits a data set: those that come with photism, and those that were made here."""

from __future__ import annotations

from photism.data.card import Card
from photism.errors import ConfigError
from photism.judges.base import Judge
from photism.judges.independent.base import IndependentJudge
from photism.judges.weights import bundled_judges, load_judge, own_judges
from photism.media import Medium


def find_judge(card: Card, medium: Medium) -> Judge:
    """Return a judge that was trained on real examples of a data set's classes.

    Args:
        card: of the data set. If it has no classes, any judge of such pictures, or of sounds, will
            do for its features.
        medium: what is to be judged.

    Returns:
        The first that suits: of those that come with photism, then of those made here.

    Raises:
        ConfigError: there is none.
    """
    for judge in map(load_judge, (*bundled_judges(), *own_judges())):
        if judge.medium != medium or isinstance(judge, IndependentJudge):
            continue
        alike = medium == "sound" or judge.image_shape[0] == card.image.shape[-1]
        if judge.classes == card.classes or (not card.classes and alike):
            return judge
    medium_option = "" if medium == "image" else " --medium sound"
    raise ConfigError(
        f"no judge of {medium}s here knows {'the classes of' if card.classes else 'any such as'}"
        f" {card.name}: train one with `photism judge train small{medium_option} --data DATA`"
    )


def independent_judges(card: Card, medium: Medium) -> tuple[Judge, ...]:
    """Return the independent judges that were fitted here to a data set's classes.

    Args:
        card: of the data set.
        medium: what is to be judged.

    Returns:
        Those that know its classes; none where it has none.
    """
    return tuple(
        judge
        for judge in map(load_judge, own_judges())
        if isinstance(judge, IndependentJudge)
        and judge.medium == medium
        and judge.classes == card.classes
    )
