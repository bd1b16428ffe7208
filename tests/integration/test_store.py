"""Fetching models from a local HTTP server that does what servers do: cut, lie and go away."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from media import store
from media.store import Model, ModelFile, catalogue, download, installing

BODY = bytes(range(256)) * 4000  # 1 MB


@dataclass
class Files:
    """What the server has and how it behaves."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    cut_after: list[int] = field(default_factory=list)  # bytes sent, one entry per request
    ranges: bool = True
    status: int = 0
    asked: list[tuple[str, str | None]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        files: Files = self.server.files
        wanted = self.headers.get("Range")
        files.asked.append((self.path, wanted))
        body = files.bodies.get(self.path)
        if files.status or body is None:
            self.send_error(files.status or 404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and files.ranges else 0
        if start and start >= len(body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        rest = body[start:]
        if files.cut_after:
            rest = rest[: files.cut_after.pop(0)]
        self.wfile.write(rest)

    def log_message(self, *args):
        pass


@pytest.fixture
def files():
    return Files()


@pytest.fixture
def server(files, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files = files
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def archive(entries: dict[str, bytes] | None = None, link: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in (entries or {"model-1/am/final.mdl": b"am", "model-1/conf": b"c"}).items():
            made.writestr(name, data)
        if link:
            info = zipfile.ZipInfo(link)
            info.external_attr = 0o120777 << 16
            made.writestr(info, "/etc/passwd")
    return out.getvalue()


def voice(server: str, files: Files, sha256: str | None = None) -> Model:
    files.bodies |= {"/v.onnx": BODY, "/v.onnx.json": b"{}"}
    parts = (
        ModelFile(f"{server}/v.onnx", sha(BODY) if sha256 is None else sha256, 0),
        ModelFile(f"{server}/v.onnx.json", sha(b"{}"), 0),
    )
    return Model("v", "tts", "piper", "xx", "files", 1, "none", "tests", parts)


def zipped(server: str, files: Files, data: bytes, name: str = "m") -> Model:
    files.bodies["/m.zip"] = data
    file = ModelFile(f"{server}/m.zip", sha(data), len(data))
    return Model(name, "asr", "vosk", "xx", "unzip", 1, "none", "tests", (file,))


def install(model: Model, directory: Path, seen: list | None = None) -> Path:
    record = [] if seen is None else seen
    return store.install(model, directory, lambda *step: record.append(step), retry_s=0)


def test_a_voice_is_fetched_whole_and_put_in_place(server, files, tmp_path):
    seen: list = []
    path = install(voice(server, files), tmp_path, seen)
    assert path == tmp_path / "piper" / "v.onnx"
    assert path.read_bytes() == BODY
    assert (tmp_path / "piper" / "v.onnx.json").read_bytes() == b"{}"
    assert seen[-2] == ("v.onnx", len(BODY), len(BODY))
    asked = len(files.asked)
    install(voice(server, files), tmp_path)
    assert len(files.asked) == asked


def test_a_cut_download_goes_on_where_it_was(server, files, tmp_path):
    files.cut_after = [300_000, 200_000]
    install(voice(server, files), tmp_path)
    assert (tmp_path / "piper" / "v.onnx").read_bytes() == BODY
    asked = [wanted for path, wanted in files.asked if path == "/v.onnx"]
    starts = [int(wanted[6:-1]) if wanted else 0 for wanted in asked]
    whole = [size // download.CHUNK_BYTES * download.CHUNK_BYTES for size in (300_000, 200_000)]
    assert starts == [0, whole[0], sum(whole)]


def test_pulling_again_goes_on_from_what_is_there(server, files, tmp_path):
    (tmp_path / ".pulling").mkdir()
    (tmp_path / ".pulling" / "v.onnx.part").write_bytes(BODY[:700_000])
    install(voice(server, files), tmp_path)
    assert files.asked[0] == ("/v.onnx", "bytes=700000-")


def test_a_part_that_is_whole_already_is_used(server, files, tmp_path):
    (tmp_path / ".pulling").mkdir()
    (tmp_path / ".pulling" / "v.onnx.part").write_bytes(BODY)
    install(voice(server, files), tmp_path)
    assert (tmp_path / "piper" / "v.onnx").read_bytes() == BODY


def test_a_part_longer_than_the_file_is_started_over(server, files, tmp_path):
    (tmp_path / ".pulling").mkdir()
    (tmp_path / ".pulling" / "v.onnx.part").write_bytes(BODY + b"more")
    install(voice(server, files), tmp_path)
    assert (tmp_path / "piper" / "v.onnx").read_bytes() == BODY


def test_a_server_without_ranges_starts_over(server, files, tmp_path):
    files.ranges = False
    files.cut_after = [300_000]
    install(voice(server, files), tmp_path)
    assert (tmp_path / "piper" / "v.onnx").read_bytes() == BODY


def test_a_server_that_always_cuts_is_given_up(server, files, tmp_path):
    files.cut_after = [0] * 50
    with pytest.raises(store.DownloadFailed, match="pull again: what has arrived is kept"):
        install(voice(server, files), tmp_path)
    assert 5 <= len(files.asked) <= 6


def test_a_wrong_file_is_removed(server, files, tmp_path):
    with pytest.raises(store.HashMismatch, match="not the published file"):
        install(voice(server, files, "0" * 64), tmp_path)
    assert not list(tmp_path.glob("**/v.onnx*"))


def test_more_than_was_announced_is_refused(server, files, tmp_path):
    model = zipped(server, files, archive())
    files.bodies["/m.zip"] += b"x" * 1000
    with pytest.raises(store.HashMismatch, match="more than"):
        install(model, tmp_path)
    assert not list(tmp_path.glob("**/*.part"))


@pytest.mark.parametrize("status", [404, 403, 500])
def test_an_error_of_the_server_is_told(server, files, tmp_path, status):
    files.status = status
    with pytest.raises(store.DownloadFailed, match=str(status)):
        install(voice(server, files), tmp_path)


def test_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    file = ModelFile("http://127.0.0.1:1/v.onnx", "0" * 64, 0)
    model = Model("v", "tts", "piper", "xx", "files", 1, "", "", (file,))
    with pytest.raises(store.DownloadFailed, match="check the network"):
        install(model, tmp_path)


def test_no_room(server, files, tmp_path, monkeypatch):
    class Usage:
        free = 10_000_000

    monkeypatch.setattr(download.shutil, "disk_usage", lambda path: Usage)
    with pytest.raises(store.DiskFull, match="10 MB free, 51 MB are needed"):
        install(voice(server, files), tmp_path)


def test_a_directory_that_can_t_be_written(server, files, tmp_path):
    (tmp_path / "models").write_text("a file")
    with pytest.raises(store.StoreError, match="can't be installed"):
        install(voice(server, files), tmp_path / "models")


def test_an_archive_is_unpacked_into_the_language_s_directory(server, files, tmp_path):
    path = install(zipped(server, files, archive()), tmp_path)
    assert path == tmp_path / "vosk" / "xx"
    assert (path / "am" / "final.mdl").read_bytes() == b"am"
    assert not list((tmp_path / ".pulling").glob("*.unpacked"))
    assert not list((tmp_path / ".pulling").glob("*.part"))
    asked = len(files.asked)
    install(zipped(server, files, archive()), tmp_path)
    assert len(files.asked) == asked


def test_another_model_of_the_language_takes_its_place(server, files, tmp_path):
    install(zipped(server, files, archive()), tmp_path)
    install(zipped(server, files, archive({"m2/new": b"new"}), "m2"), tmp_path)
    assert sorted(p.name for p in (tmp_path / "vosk" / "xx").iterdir() if p.suffix == "") == ["new"]


def test_what_was_there_stays_when_the_new_one_is_bad(server, files, tmp_path):
    install(zipped(server, files, archive()), tmp_path)
    with pytest.raises(store.UnsafeArchive):
        install(zipped(server, files, b"not a zip at all", "m2"), tmp_path)
    assert (tmp_path / "vosk" / "xx" / "am" / "final.mdl").exists()


@pytest.mark.parametrize(
    "data",
    [
        archive({"../evil": b"x"}),
        archive({"a/../../evil": b"x"}),
        archive({"/evil": b"x"}),
        archive({"a\\..\\..\\evil": b"x"}),
        archive({"C:evil": b"x"}),
        archive(link="m/link"),
        archive({"m/bomb": b"\0" * 80_000_000}),
        archive({f"m/{n}": b"" for n in range(10_001)}),
        archive({"m/a": b"x", "m/a/b": b"x"}),
        archive()[:-30],
        b"",
    ],
    ids=[
        "..",
        "inner ..",
        "absolute",
        "backslash",
        "drive",
        "link",
        "bomb",
        "many",
        "clash",
        "cut",
        "0",
    ],
)
def test_an_unsafe_archive_leaves_nothing(server, files, tmp_path, data):
    models = tmp_path / "models"
    with pytest.raises(store.StoreError):
        install(zipped(server, files, data), models)
    assert not (models / "vosk" / "xx").exists()
    assert not list(tmp_path.glob("**/evil"))
    assert not list(models.glob("**/*.unpacked"))


def test_only_one_at_a_time(server, files, tmp_path):
    with (
        installing._alone(tmp_path / ".pulling", "v"),
        pytest.raises(store.Busy, match="another process"),
    ):
        install(voice(server, files), tmp_path)


def test_the_catalogue_is_sound():
    models = catalogue.catalogue()
    assert {"vosk-en-small", "vosk-zh-small", "zh_CN-huayan-medium"} <= set(models)
    for model in models.values():
        assert model.kind == {"vosk": "asr", "piper": "tts"}[model.engine]
        assert model.language in ("en", "zh")
        assert model.size_mb > 0
        assert model.licence
        assert model.good_for
        for file in model.files:
            assert file.url.startswith("https://")
            assert file.sha256 == "" or len(bytes.fromhex(file.sha256)) == 32
        names = [file.name for file in model.files]
        if model.engine == "piper":
            assert names == [f"{model.name}.onnx", f"{model.name}.onnx.json"]
        else:
            assert model.install == "unzip"
            assert len(names) == 1


def test_listing_says_what_is_installed(tmp_path):
    (tmp_path / "piper").mkdir()
    for suffix in (".onnx", ".onnx.json"):
        (tmp_path / "piper" / f"zh_CN-huayan-medium{suffix}").write_bytes(b"")
    listed = {entry.model.name: entry.installed for entry in store.list_models(tmp_path)}
    assert listed["zh_CN-huayan-medium"]
    assert not listed["vosk-en-small"]


def test_an_unknown_name_lists_the_known(tmp_path):
    with pytest.raises(store.UnknownModel, match="vosk-en-small"):
        store.pull("nothing", tmp_path)


def test_without_a_known_digest_pull_refuses_unless_told(server, files, tmp_path, monkeypatch):
    data = archive()
    known = zipped(server, files, data)
    unknown = Model(
        "large", "asr", "vosk", "xx", "unzip", 1, "", "", (ModelFile(known.files[0].url, "", 0),)
    )
    monkeypatch.setattr(installing, "find", lambda name: unknown)
    with pytest.raises(store.Unverifiable, match="--sha256, or --unverified"):
        store.pull("large", tmp_path)
    with pytest.raises(store.Unverifiable, match="64 hexadecimal"):
        store.pull("large", tmp_path, sha256="abc")
    assert not files.asked
    with pytest.raises(store.HashMismatch):
        store.pull("large", tmp_path, sha256="0" * 64)
    assert store.pull("large", tmp_path, sha256=sha(data).upper()).is_dir()
    assert store.pull("large", tmp_path / "other", unverified=True).is_dir()
