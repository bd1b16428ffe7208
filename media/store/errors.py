"""What can go wrong when a model is fetched; every message says what to do."""

from __future__ import annotations


class StoreError(Exception):
    """A model could not be listed, fetched or installed."""


class UnknownModel(StoreError):
    """No model of that name is in the catalogue."""


class Unverifiable(StoreError):
    """No digest is known for the model and the person has not said to go on without."""


class DownloadFailed(StoreError):
    """The network or the server failed; what arrived is kept, pulling again goes on from there."""


class HashMismatch(StoreError):
    """What arrived is not the file that was published; it was removed."""


class UnsafeArchive(StoreError):
    """The archive would write outside its directory, has links, or is far too large."""


class DiskFull(StoreError):
    """The models directory has no room."""


class Busy(StoreError):
    """Another process is pulling this model."""
