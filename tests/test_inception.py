"""Inception's network and its weights: given as a file, never unpickled, or fetched."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from photism.errors import ConfigError, DownloadError, WeightsError
from photism.files import sha256
from photism.judges import inception as module
from photism.judges.inception import PUBLISHED, load_inception

network = pytest.importorskip(
    "torch_fidelity.feature_extractor_inceptionv3", reason="needs the extra eval: torch-fidelity"
)


@pytest.fixture(scope="module")
def tensors() -> dict[str, torch.Tensor]:
    """The published names and shapes with random values."""
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        cls = network.FeatureExtractorInceptionV3
        patch.setattr(network, "load_state_dict_from_url", lambda *a, **k: {})
        patch.setattr(cls, "load_state_dict", lambda self, state: None)
        return cls("random", ["2048"]).state_dict()


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.pth"])
def test_features_and_probabilities_of_pictures_of_any_size(
    tensors: dict[str, torch.Tensor], name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if path.suffix == ".pth":
        torch.save(tensors, path)
    else:
        save_file(tensors, path)
    inception = load_inception(path)
    assert inception.digest == sha256(path)
    assert not inception.published
    assert not inception.training
    grey = torch.rand(2, 1, 28, 28) * 2 - 1
    with torch.inference_mode():
        features, probabilities = inception(grey)
        assert features.shape == (2, 2048)
        assert probabilities.shape == (2, 1008)
        assert torch.allclose(probabilities.sum(dim=1), torch.ones(2), atol=1e-5)
        assert torch.equal(inception(grey.expand(-1, 3, -1, -1))[0], features)


def test_files_that_are_not_the_weights_are_refused_in_one_line(
    tensors: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=f"no file .*missing.pth .* give {PUBLISHED.name}"):
        load_inception(tmp_path / "missing.pth")
    (tmp_path / "cut.pth").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(WeightsError, match=r"cut\.pth is damaged"):
        load_inception(tmp_path / "cut.pth")
    other = {**tensors, "fc.weight": torch.zeros(10, 2048)}
    torch.save(other, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"other\.pth holds the weights of another network"):
        load_inception(tmp_path / "other.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match=r"list\.pth holds no tensors by name"):
        load_inception(tmp_path / "list.pth")


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return open, (str(self.mark), "w")


def test_no_code_of_a_weights_file_is_run(tmp_path: Path) -> None:
    mark, path = tmp_path / "mark", tmp_path / "bomb.pth"
    path.write_bytes(pickle.dumps(Bomb(mark), protocol=2))
    with pytest.raises(WeightsError, match="holds more than tensors"):
        load_inception(path)
    torch.save({"weight": Bomb(mark)}, path)
    with pytest.raises(WeightsError, match="holds more than tensors"):
        load_inception(path)
    assert not mark.exists()


def test_a_download_that_fails_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*args: object) -> None:
        raise DownloadError("no mirror answered")

    monkeypatch.setattr(module, "fetch", no_network)
    with pytest.raises(DownloadError, match=r"by other means and give the file with --inception"):
        load_inception("download")


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch_fidelity", None)
    with pytest.raises(ConfigError, match=r"pip install 'photism\[eval\]'"):
        load_inception("download")
