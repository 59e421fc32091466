"""The version number, on its own so that the build and `tetragrad --version` read it without importing the library."""

__version__ = "0.1.0"
