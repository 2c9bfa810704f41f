import pytest


@pytest.fixture(autouse=True)
def _float32():
    """In place of the fixture for all tests: data sets need no fresh Keras session, which takes half a second."""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The cache folder, the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("GAN_BOOK_CACHE", str(folder))
    return folder
