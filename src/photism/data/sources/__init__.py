"""The data sets photism knows: pairs it can prepare and the published data they are made of."""

from __future__ import annotations

from photism.data.fetch import Upstream
from photism.data.sources.audio_mnist import AUDIO_MNIST
from photism.data.sources.base import PairSource
from photism.data.sources.esc10 import ESC10
from photism.data.sources.folder import Folder
from photism.data.sources.fsdd import FSDD
from photism.data.sources.mnist import MNIST
from photism.data.sources.mnist_fsdd import MnistFsdd
from photism.data.sources.mnist_scd import MnistScd
from photism.data.sources.orchestra import Orchestra
from photism.data.sources.s2i_data import S2IData
from photism.data.sources.scenes import Scenes
from photism.data.sources.speech_commands import SPEECH_COMMANDS
from photism.data.sources.spoken_digits import SpokenDigits
from photism.data.sources.sub_urmp import SubUrmp
from photism.data.sources.videos import OwnVideos

SOURCES: dict[str, type[PairSource]] = {
    source.name: source
    for source in (
        Folder,
        MnistFsdd,
        MnistScd,
        SpokenDigits,
        Orchestra,
        Scenes,
        S2IData,
        SubUrmp,
        OwnVideos,
    )
}
"""Every source of pairs by name. To add one, write its file and name it here."""

UPSTREAM: dict[str, Upstream] = {
    upstream.name: upstream for upstream in (MNIST, FSDD, SPEECH_COMMANDS, AUDIO_MNIST, ESC10)
}
"""Published data by name."""
