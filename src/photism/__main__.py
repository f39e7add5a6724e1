"""`python -m photism`, the same as the `photism` command."""

from __future__ import annotations

import sys

from photism.cli import main

if __name__ == "__main__":
    sys.exit(main())
