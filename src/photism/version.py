"""The version, apart from the package's door so that nothing inside needs to open it."""

__version__ = "0.1.0"
