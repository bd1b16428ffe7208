"""Larger models from the web, for those who want them; the product runs without any.

`list_models` and `pull` are all that the command line needs. Knows files and digests, not engines.
"""

from media.store.catalogue import Model, ModelFile
from media.store.download import Progress
from media.store.errors import (
    Busy,
    DiskFull,
    DownloadFailed,
    HashMismatch,
    StoreError,
    UnknownModel,
    UnsafeArchive,
    Unverifiable,
)
from media.store.installing import Listed, install, list_models, pull

__all__ = [
    "Busy",
    "DiskFull",
    "DownloadFailed",
    "HashMismatch",
    "Listed",
    "Model",
    "ModelFile",
    "Progress",
    "StoreError",
    "UnknownModel",
    "UnsafeArchive",
    "Unverifiable",
    "install",
    "list_models",
    "pull",
]
