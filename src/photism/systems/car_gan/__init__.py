"""CAR-GAN: two generators in a cascade, and between them the residue of a class label.

Paper: B. Duan, W. Wang, H. Tang, H. Latapie, Y. Yan, "Cascade Attention Guided Residue Learning GAN
for Cross-Modal Translation", 2019, arXiv:1907.01826.

A sound's picture A and its class L_a become a first picture I' = G1(A, L_a). A frozen classifier C
looks at it; what it did not see, the residue L_r = L_a − softmax(C(I')), tells the second generator
what is still to be done: I'' = G2(I', A, L_r). A discriminator D sees pairs of sound and picture.

The paper and its authors' code disagree in many places. The fields of the config name them by the
numbers C-1, C-2, …; the defaults are the code's, the preset `paper` is what the paper says.

Differs from both: the class may be heard. At test time too the paper tells the generators the true
class of the sound; where nobody tells it, `listener`, a classifier of sounds, hears it. Assumed:
the recipe of both classifiers' training, and which of ImageNet's weights C starts from: those that
torchvision had in 2019. Where they cannot be had C starts from random weights, which is said when
training begins, and kept on the card of the weights.
"""

from photism.systems.car_gan.config import (
    ABLATIONS,
    CARGANConfig,
    ClassifierConfig,
    DiscriminatorConfig,
)
from photism.systems.car_gan.system import CARGAN, Cascade

__all__ = [
    "ABLATIONS",
    "CARGAN",
    "CARGANConfig",
    "Cascade",
    "ClassifierConfig",
    "DiscriminatorConfig",
]
