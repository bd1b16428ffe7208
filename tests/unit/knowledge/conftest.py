"""The real embedding model, loaded once; its converted form goes to a directory of the test run."""

import pytest

from controller.dialogue.knowledge.minilm import MiniLm


@pytest.fixture(scope="session")
def minilm(tmp_path_factory) -> MiniLm:
    return MiniLm(tmp_path_factory.mktemp("models"))
