"""Sessions with TensorFlow, recorded: the same statements print the same here; with TensorFlow present, there too."""

from __future__ import annotations

import pytest
from support import sessions

PATHS = sessions.found(__file__)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_session(path):
    sessions.check(path, "tensorflow")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_session_of_the_real_one(path):
    sessions.check_the_real_one(path, "tensorflow")
