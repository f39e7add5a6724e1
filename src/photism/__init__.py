"""photism: sound to picture and picture to sound.

Importing this loads no torch and touches neither disk nor network.
"""

from __future__ import annotations

__version__ = "0.1.0"
