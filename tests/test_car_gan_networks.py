"""CAR-GAN's networks: their published sizes, and blocks that are quick and still exact."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.blocks import attention, halving
from photism.blocks.attention import PooledAttention
from photism.blocks.classifier import Classifier
from photism.blocks.halving import Double, Halve
from photism.blocks.patchgan import PatchGAN
from photism.blocks.unet import UNet
from photism.systems.base import parameter_count

# Sizes: SPEC, sections 2.3, 2.4, 2.6 and 11.


@pytest.mark.parametrize(
    ("size", "inward", "layout", "count"),
    [
        (128, 16, "legacy", 41_873_315),
        (128, 19, "correct", 41_876_387),
        (128, 16, None, 41_842_307),
        (128, 19, None, 41_845_379),
        (256, 16, "correct", 54_458_275),
        (256, 19, "legacy", 54_461_347),
    ],
)
def test_generator_has_the_published_size(size, inward, layout, count):
    with torch.device("meta"):
        assert parameter_count(UNet(inward, 3, size=size, width=64, attention=layout)) == count


@pytest.mark.parametrize(
    ("inward", "layout", "counts"),
    [
        (19, "legacy", (3_749, 13_113, 2_905_473)),
        (6, "correct", (3_333, 12_281, 2_892_161)),
        (19, None, (3_611, 12_597, 2_782_017)),
    ],
)
def test_discriminator_has_the_published_size(inward, layout, counts):
    networks = (PatchGAN(inward, width=width, attention=layout) for width in (2, 4, 64))
    assert tuple(parameter_count(network) for network in networks) == counts


def test_classifier_has_the_published_size():
    with torch.device("meta"):
        assert parameter_count(Classifier("resnet50", 13)) == 23_534_669
        assert parameter_count(Classifier("resnet50", 13, "added")) == 25_557_032 + 13 * 1001


@pytest.mark.parametrize(("size", "patches"), [(128, 14), (256, 30)])
def test_discriminator_judges_so_many_patches(size, patches):
    network = PatchGAN(19, width=2, attention="correct")
    assert network(torch.zeros(2, 19, size, size)).shape == (2, 1, patches, patches)


def test_strides_and_attention_of_the_paper_s_discriminator():
    network = PatchGAN(6, width=2, attention="correct", attended=(3, 4), last_stride=2)
    sizes = []
    x = torch.zeros(2, 6, 256, 256)
    for layer in network.body:
        x = layer(x)
        if isinstance(layer, nn.Conv2d | PooledAttention):
            sizes.append((type(layer).__name__, *x.shape[1:3]))
    assert sizes == [
        ("Conv2d", 2, 128),
        ("Conv2d", 4, 64),
        ("Conv2d", 8, 32),
        ("PooledAttention", 8, 32),
        ("Conv2d", 16, 16),
        ("PooledAttention", 16, 16),
        ("Conv2d", 1, 8),
    ]


def test_generator_attends_before_its_last_two_layers_and_drops_in_the_middle():
    network = UNet(16, 3, size=128, width=4, attention="correct")
    seen = []
    for name, module in network.named_modules():
        if isinstance(module, PooledAttention | nn.Dropout):
            module.register_forward_hook(
                lambda m, _, y, name=name: seen.append((type(m).__name__, name, *y.shape[1:3]))
            )
    assert network(torch.zeros(2, 16, 128, 128)).shape == (2, 3, 128, 128)
    assert [(kind, channels, height) for kind, _, channels, height in seen] == [
        ("Dropout", 32, 4),
        ("Dropout", 32, 8),
        ("PooledAttention", 8, 32),
        ("PooledAttention", 4, 64),
    ]
    norms = [any(isinstance(m, nn.BatchNorm2d) for m in down) for down in network.down]
    assert norms == [False, True, True, True, True, True, False]


# Blocks.


def attend_slowly(module: PooledAttention, x: Tensor) -> Tensor:
    """Section 2.5 of SPEC, one position at a time, on plain lists of memory."""
    batch, channels, height, width = x.shape
    keys = F.max_pool2d(module.key(x), 2)
    values = F.max_pool2d(module.value(x), 2)
    queries = module.query(x)
    blocks = keys.shape[2] * keys.shape[3]
    result = torch.zeros_like(x)
    for b in range(batch):
        memory = values[b].flatten().tolist()
        out = []
        for position in range(height * width):
            row, column = divmod(position, width)
            scores = torch.stack(
                [
                    (queries[b, :, row, column] * keys[b].flatten(1)[:, block]).sum()
                    for block in range(blocks)
                ]
            )
            weights = scores.exp() / scores.exp().sum()
            for channel in range(channels):
                total = 0.0
                for block in range(blocks):
                    legacy = block * channels + channel  # as if blocks came first
                    correct = channel * blocks + block
                    place = legacy if module.layout == "legacy" else correct
                    total += float(weights[block]) * memory[place]
                out.append(total)
        seen = torch.tensor(out)  # position by position, channel by channel
        if module.layout == "legacy":
            result[b] = seen.view(channels, height, width)
        else:
            result[b] = seen.view(height * width, channels).T.reshape(channels, height, width)
    return result + x


@pytest.mark.parametrize("layout", ["legacy", "correct"])
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_attention_is_that_of_a_plain_loop(layout, memory, monkeypatch):
    monkeypatch.setattr(attention, "AT_ONCE", 10 * 2 * 6)  # ten rows, of two maps with six blocks
    torch.manual_seed(0)
    module = PooledAttention(8, layout).to(memory_format=memory)
    x = torch.randn(2, 8, 6, 5)
    with torch.no_grad():
        assert torch.allclose(
            module(x.contiguous(memory_format=memory)), attend_slowly(module, x), atol=1e-5
        )


def test_the_layouts_differ_and_have_the_published_sizes():
    torch.manual_seed(0)
    legacy, correct = PooledAttention(64, "legacy"), PooledAttention(64, "correct")
    correct.load_state_dict(legacy.state_dict())
    x = torch.randn(1, 64, 8, 8)
    assert not torch.allclose(legacy(x), correct(x), atol=1e-2)
    counts = [parameter_count(PooledAttention(channels)) for channels in (128, 64, 8, 4)]
    assert counts == [24_768, 6_240, 108, 30]


def test_attention_by_rows_and_in_one_kernel_are_the_same():
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, *shape) for shape in ((600, 4), (150, 4), (150, 16)))
    rows, fused = attention._by_rows(query, key, value), attention._fused(query, key, value)
    assert torch.allclose(rows, fused, atol=1e-5)


@pytest.mark.parametrize("kind", [Halve, Double])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("height", "width"), [(2, 2), (8, 4), (16, 16)])
def test_matrix_products_equal_convolutions(kind, bias, height, width, monkeypatch):
    torch.manual_seed(0)
    module = kind(5, 7, bias=bias)
    results = []
    for many in (1, halving.MANY):
        monkeypatch.setattr(halving, "MANY", many)
        x = torch.linspace(-1, 1, 3 * 5 * height * width).view(3, 5, height, width)
        x.requires_grad_()
        module.zero_grad()
        y = module(x)
        y.square().sum().backward()
        results.append((y, x.grad, *(p.grad.clone() for p in module.parameters())))
    for one, other in zip(*results, strict=True):
        assert torch.allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("architecture", ["resnet18", "small"])
def test_classifiers_take_pictures_of_any_size(architecture):
    network = Classifier(architecture, 5).eval()
    for size in (32, 64):
        image = torch.zeros(2, 3, size, size)
        assert network(image).shape == (2, 5)
        assert network.features(image).shape == (2, network.output.in_features)
