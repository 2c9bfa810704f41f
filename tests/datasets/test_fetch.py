import errno
import gzip
import hashlib
import io
import json
import socket
import ssl
import tarfile
import threading
import urllib.error
import urllib.request
import zipfile
from collections import namedtuple
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from typer.testing import CliRunner

from gan_book import datasets, paths
from gan_book.commands.data import app, check, status
from gan_book.datasets import fetch as fetching
from gan_book.datasets import manifest
from gan_book.datasets.fetch import fetch, fetched_path
from gan_book.errors import BookError


def tar(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        for name, content in members.items():
            member = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            data = b"" if isinstance(content, tarfile.TarInfo) else content
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


# Noise, so that the archive is as large as its contents.
PICTURES = {f"toy/train/{index}.png": np.random.default_rng(index).bytes(50_000) for index in range(3)}
ARCHIVE = tar(PICTURES)


class Handler(BaseHTTPRequestHandler):
    """Serves ``server.content`` in the manner the first part of the path says."""

    def do_GET(self):
        manner = self.path.split("/")[1]
        self.server.asked.append((manner, self.headers.get("Range")))
        getattr(self, f"_{manner}")(self.server.content)

    def _send(self, content, first=0, length=None, status=None):
        rest = content[first:]
        self.send_response(status or (206 if first else 200))
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[:length])

    def _start(self):
        return int(self.headers.get("Range", "bytes=0-")[6:-1])

    def _good(self, content):
        self._send(content, self._start())

    def _ignores_range(self, content):
        self._send(content)

    def _truncates(self, content):
        """Gives at most 60,000 bytes a time, having promised all."""
        self._send(content, self._start(), 60_000)

    def _always_truncates(self, content):
        self._send(content, 0, 60_000)

    def _wrong_range(self, content):
        self._send(content) if self._start() == 0 else self._send(content, 7)

    def _corrupts(self, content):
        self._send(content[:-9] + b"corrupted")

    def _longer(self, content):
        self._send(content + b"x")

    def _stalls(self, content):
        """Stops in the middle without closing the connection, once; then goes on."""
        if len(self.server.asked) > 1:
            return self._good(content)
        self._send(content, 0, 60_000)
        self.server.released.wait(20)

    def _redirects(self, content):
        self.send_response(302)
        self.send_header("Location", "/good/archive")
        self.end_headers()

    def _missing(self, content):
        self.send_error(404)

    def _busy(self, content):
        self.send_error(503) if len(self.server.asked) < 3 else self._good(content)

    def _satisfied(self, content):
        self.send_error(416) if self._start() else self._good(content)

    def _nothing_left(self, content):
        if self._start() < len(content):
            return self._good(content)
        self.send_response(416)
        self.send_header("Content-Range", f"bytes */{len(content)}")
        self.end_headers()

    def _to_ftp(self, content):
        self.send_response(302)
        self.send_header("Location", "ftp://127.0.0.1/archive")
        self.end_headers()

    def _without_end(self, content):
        """Says no length and goes on sending."""
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            for _ in range(400):
                self.wfile.write(bytes(100_000))

    def _drips(self, content):
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(OSError):
            while not self.server.released.wait(0.02):
                self.wfile.write(b"x")

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.content, server.asked, server.released = ARCHIVE, [], threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def toy(server, tmp_path, monkeypatch, cache):
    """A manifest of one set, "toy", that the server gives."""
    monkeypatch.setattr(paths, "DATA", tmp_path / "data")
    monkeypatch.setattr(fetching, "BACK_OFF", 0.0)
    monkeypatch.setattr(fetching, "SAFE", ("http", "https"))  # the server has no certificate
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "data").mkdir()

    def publish(content=ARCHIVE, **changes):
        server.content = content
        entry = {
            "title": "toy pictures",
            "kind": "pairs",
            "licence": "none",
            "sides": ["this", "that"],
            "archive": "tar.gz",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "mirrors": [f"{server.url}/good/archive"],
            **changes,
        }
        (paths.DATA / "manifest.json").write_text(json.dumps({"shipped": {}, "fetchable": {"toy": entry}}))
        manifest._manifest.cache_clear()

    publish()
    yield publish
    manifest._manifest.cache_clear()


def get(server, *manners, **options):
    return fetch("toy", progress=False, mirrors=[f"{server.url}/{manner}/archive" for manner in manners], **options)


def part(cache):
    return cache / "datasets" / ".toy.gan_book.part"


def leave_part(cache, content):
    part(cache).parent.mkdir(parents=True)
    part(cache).write_bytes(content)


def assert_whole(folder, cache):
    """All files are there, and nothing else beside them."""
    for name, content in PICTURES.items():
        assert (folder / name.removeprefix("toy/")).read_bytes() == content
    assert [path.name for path in (cache / "datasets").iterdir()] == ["toy"]
    assert check("toy")[0].ok


def assert_nothing(cache):
    assert list((cache / "datasets").iterdir()) == []


def test_fetches_unpacks_and_records(server, toy, cache):
    folder = get(server, "good")
    assert folder == fetched_path("toy") == cache / "datasets" / "toy"
    assert_whole(folder, cache)
    assert get(server, "good") == folder and len(server.asked) == 1, "a second fetch does nothing"


def test_manifest_mirrors_and_target(server, toy, tmp_path):
    folder = fetch("toy", target=tmp_path / "here", progress=False)
    assert folder == tmp_path / "here" and (folder / "train" / "0.png").is_file()


def test_the_folder_one_is_in_is_no_target(server, toy, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(BookError, match="is the folder you are in; name one inside it as the target"):
        fetch("toy", target=".", progress=False)
    assert server.asked == [] and list(tmp_path.glob("empty*")) == [tmp_path / "empty"]


def test_zip(server, toy, cache):
    content = zipped(PICTURES)
    toy(content, archive="zip")
    assert_whole(get(server, "good"), cache)


@pytest.mark.parametrize("manner", ["redirects", "busy", "truncates"])
def test_reaches_the_end_in_spite_of_it(server, toy, cache, manner):
    assert_whole(get(server, manner), cache)


def test_truncated_answers_are_continued(server, toy, cache):
    get(server, "truncates")
    assert [asked for _, asked in server.asked] == [None, "bytes=60000-", "bytes=120000-"]


def test_stalled_connection_is_given_up_and_continued(server, toy, cache, monkeypatch):
    monkeypatch.setattr(fetching, "TIMEOUT", 0.5)
    assert_whole(get(server, "stalls"), cache)
    assert server.asked == [("stalls", None), ("stalls", "bytes=60000-")]


def test_goes_on_from_an_earlier_part(server, toy, cache):
    leave_part(cache, ARCHIVE[:70_000])
    assert_whole(get(server, "good"), cache)
    assert server.asked == [("good", "bytes=70000-")]


def test_complete_part_is_not_asked_for_again(server, toy, cache):
    leave_part(cache, ARCHIVE)
    assert_whole(get(server, "good"), cache)
    assert server.asked == []


@pytest.mark.parametrize("manner", ["ignores_range", "wrong_range", "satisfied"])
def test_begins_again_where_the_server_cannot_go_on(server, toy, cache, manner):
    leave_part(cache, ARCHIVE[:70_000])
    assert_whole(get(server, manner), cache)


def test_a_complete_part_of_unknown_length_is_not_fetched_again(server, toy, cache):
    toy(bytes=None, sha256=None)
    leave_part(cache, ARCHIVE)
    assert_whole(get(server, "nothing_left"), cache)
    assert [asked for _, asked in server.asked] == [f"bytes={len(ARCHIVE)}-"]


def test_damaged_part_costs_one_more_download(server, toy, cache):
    leave_part(cache, b"x" * 70_000)
    assert_whole(get(server, "good"), cache)
    assert [asked for _, asked in server.asked] == ["bytes=70000-", None]


@pytest.mark.parametrize("first", ["corrupts", "missing", "longer", "always_truncates"])
def test_next_mirror(server, toy, cache, first):
    assert_whole(get(server, first, "good"), cache)
    assert server.asked[0][0] == first and server.asked[-1][0] == "good"


@pytest.mark.parametrize(
    ("manner", "message"),
    [
        ("corrupts", "gave a file without the published SHA256"),
        ("missing", "answers 404"),
        ("longer", f"offers {len(ARCHIVE) + 1:,} bytes instead of {len(ARCHIVE):,}"),
    ],
)
def test_no_mirror_left(server, toy, cache, manner, message):
    with pytest.raises(BookError, match=f"could not fetch toy: 127.0.0.1:[0-9]+ {message}.*try again") as caught:
        get(server, manner)
    assert "\n" not in str(caught.value)
    assert_nothing(cache)


def test_what_there_is_stays_for_the_next_try(server, toy, cache):
    with pytest.raises(BookError, match=r"broke off after 60,000 of .* \(the 0\.1 MB there are so far are kept in"):
        get(server, "always_truncates")
    assert [path.name for path in (cache / "datasets").iterdir()] == [".toy.gan_book.part"]
    assert_whole(get(server, "good"), cache)


def test_no_network(toy, cache, monkeypatch):
    def unknown_host(*arguments, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown_host)
    with pytest.raises(BookError, match=r"nowhere\.invalid cannot be reached.*; check the network and try again$"):
        fetch("toy", progress=False, mirrors=["http://nowhere.invalid/a", "https://nowhere.invalid/b"])
    assert_nothing(cache)


def test_only_web_addresses(toy, tmp_path):
    (tmp_path / "a").write_bytes(ARCHIVE)
    with pytest.raises(BookError, match="is no web address"):
        fetch("toy", progress=False, mirrors=[(tmp_path / "a").as_uri()])


def test_md5_is_compared_too(server, toy, cache):
    toy(md5="0" * 32)
    with pytest.raises(BookError, match="without the published MD5"):
        get(server, "good")
    toy(md5=hashlib.md5(ARCHIVE).hexdigest())
    assert_whole(get(server, "good"), cache)


def test_unpinned_sum_is_recorded_and_said(server, toy, cache, capsys):
    toy(sha256=None)
    folder = fetch("toy")
    assert "no checksum is published for it" in capsys.readouterr().out
    assert_whole(folder, cache)
    assert "as first fetched; no sum is published" in check("toy")[0].detail
    (folder / "train" / "1.png").write_bytes(b"changed")
    result = check("toy")[0]
    assert not result.ok and "1 of 3 files" in result.detail and "1.png" in result.detail


def test_unknown_size(server, toy, cache):
    toy(bytes=None, sha256=None)
    assert status()[0].size is None and "unknown" in run("list").output
    with pytest.raises(BookError, match=r"broke off after 60,000 of"):
        get(server, "always_truncates")
    assert_whole(get(server, "truncates"), cache)
    assert server.asked[-1] == ("truncates", "bytes=120000-"), "goes on from what there is"


def test_unknown_size_with_a_bar(server, toy):
    toy(bytes=None)
    assert (fetch("toy") / "train" / "0.png").is_file()


def test_unpinned_archive_with_a_wrong_crc(server, toy, cache):
    toy(ARCHIVE[:-8] + b"\0\0\0\0" + ARCHIVE[-4:], sha256=None)
    with pytest.raises(BookError, match=r"is damaged.*CRC"):
        get(server, "good")
    assert_nothing(cache)


def link(name, target):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


def device(name):
    member = tarfile.TarInfo(name)
    member.type = tarfile.CHRTYPE
    return member


def zipped_link():
    member = zipfile.ZipInfo("toy/link")
    member.external_attr = 0o120777 << 16
    return zipped({member: "/etc/passwd"})


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (tar({"../evil": b"x"}), "tar.gz", "contains '../evil', which would be written outside"),
        (tar({"toy/../../evil": b"x"}), "tar.gz", "outside"),
        (tar({"/tmp/evil": b"x"}), "tar.gz", "outside"),
        (zipped({"../evil": b"x"}), "zip", "outside"),
        (zipped({"..\\evil": b"x"}), "zip", "outside"),
        (zipped({"C:\\evil": b"x"}), "zip", "outside"),
        (tar({"toy/link": link("toy/link", "/etc"), "toy/link/evil": b"x"}), "tar.gz", "no plain file"),
        (tar({"toy/null": device("toy/null")}), "tar.gz", "no plain file"),
        (zipped_link(), "zip", "contains a link"),
        (tar({"toy/zeros": bytes(10**6)}), "tar.gz", "more than 10 times its size"),
        (zipped({"toy/zeros": bytes(10**6)}), "zip", "more than 10 times its size"),
        (tar({"toy/a": b"1", "./toy/a": b"2"}), "tar.gz", "damaged"),
        (ARCHIVE[:9_000], "tar.gz", "damaged"),
        (b"no archive", "tar.gz", "damaged"),
        (b"no archive", "zip", "damaged"),
    ],
    ids=lambda value: "archive" if isinstance(value, bytes) else None,
)
def test_archives_not_to_be_trusted(server, toy, cache, tmp_path, content, kind, message):
    toy(content, archive=kind)
    with pytest.raises(BookError, match=message):
        get(server, "good")
    assert_nothing(cache)
    assert not list(tmp_path.rglob("evil"))


def test_disk_too_small(server, toy, cache, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda path: usage(10**6, 10**6, 1000))
    with pytest.raises(BookError, match=r"0\.0 MB free, 0\.3 MB are needed; make room"):
        get(server, "good")
    assert_nothing(cache)


def test_disk_full_while_downloading(server, toy, cache, monkeypatch):
    receive = fetching._receive

    def fill(response, part, *arguments):
        part.write_bytes(response.read(50_000))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetching, "_receive", fill)
    with pytest.raises(BookError, match=r"is full.*\(0\.1 MB are kept in .*toy\.gan_book\.part"):
        get(server, "good")
    monkeypatch.setattr(fetching, "_receive", receive)
    assert_whole(get(server, "good"), cache)
    assert server.asked[-1] == ("good", "bytes=50000-")


def test_disk_full_while_unpacking(server, toy, cache, monkeypatch):
    copy = fetching._copy

    def fill(source, target, allowance):
        if target.name == "2.png":
            raise OSError(errno.ENOSPC, "No space left on device")
        return copy(source, target, allowance)

    monkeypatch.setattr(fetching, "_copy", fill)
    with pytest.raises(BookError, match="is full"):
        get(server, "good")
    assert [path.name for path in (cache / "datasets").iterdir()] == [".toy.gan_book.part"]
    monkeypatch.setattr(fetching, "_copy", copy)
    assert_whole(get(server, "good"), cache)
    assert len(server.asked) == 1, "the archive was there already"


def test_does_not_touch_a_folder_of_yours(server, toy, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(BookError, match="was not made by fetch; choose another target"):
        get(server, "good", target=tmp_path / "mine")
    assert server.asked == []


def test_unwritable_place(server, toy, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BookError, match="nothing can be written to"):
        get(server, "good", target=tmp_path / "file" / "toy")


def test_unknown_names():
    with pytest.raises(BookError, match=r"no data set 'horse2zebras' to fetch.*did you mean 'horse2zebra'"):
        fetch("horse2zebras")
    with pytest.raises(BookError, match="mnist ships with the book"):
        fetch("mnist")
    with pytest.raises(BookError, match=r"no data set 'minst'.*did you mean 'mnist'"):
        check("minst")
    with pytest.raises(BookError, match="maps has not been fetched; run: gan-book data fetch maps"):
        check("maps")


def test_status_of_the_real_manifest():
    rows = {row.name: row for row in status()}
    shipped = ["mnist", "fashion_mnist", "earth", "emoji", "cats", "faces"]
    to_translate = {"facades", "maps", "edges2shoes", "horse2zebra", "monet2photo", "summer2winter"}
    assert set(rows) == {*shipped, "cifar10", *to_translate}
    assert rows["fashion_mnist"].present and rows["fashion_mnist"].licence == "MIT"
    assert not rows["maps"].present and rows["maps"].size == 250_242_400
    assert [result.name for result in check() if result.ok] == shipped


def cifar_records(labels):
    """One red picture, then blue ones: 1,024 red, green and blue values each, after the label."""
    pictures = [
        bytes([label]) + bytes([200 * (i == 0)]) * 1024 + bytes(1024) + bytes([9]) * 1024
        for i, label in enumerate(labels)
    ]
    return b"".join(pictures)


def test_cifar10_after_a_fetch(server, toy, monkeypatch):
    members = {f"cifar-10-batches-bin/data_batch_{i}.bin": cifar_records([i, 9]) for i in range(1, 6)}
    members["cifar-10-batches-bin/test_batch.bin"] = cifar_records([3])
    members["cifar-10-batches-bin/noise"] = np.random.default_rng(0).bytes(10_000)
    content = tar(members)
    toy(content)
    entries = json.loads((paths.DATA / "manifest.json").read_text())
    names = [f"class {i}" for i in range(10)]
    entries["fetchable"] = {"cifar10": {**entries["fetchable"]["toy"], "kind": "cifar", "class_names": names}}
    (paths.DATA / "manifest.json").write_text(json.dumps(entries))
    manifest._manifest.cache_clear()

    folder = fetch("cifar10", progress=False)
    data = datasets.load("cifar10")
    labels = [1, 9, 2, 9, 3, 9, 4, 9, 5, 9]
    held = labels.pop(datasets.dataset.validation_split(10)[1][0])  # one image of ten is kept for validation
    assert data.images.shape == (9, 32, 32, 3) and data.labels.tolist() == labels
    assert data.val_labels.tolist() == [held]
    assert (data.images[0] == [200, 0, 9]).all() and (data.images[data.labels == 9][0] == [0, 0, 9]).all()
    assert data.test_labels.tolist() == [3] and data.class_names[3] == "class 3"

    path = folder / "data_batch_2.bin"
    path.write_bytes(path.read_bytes()[:3073])
    with pytest.raises(BookError, match=r"data_batch_2\.bin is missing or has changed since it was fetched"):
        datasets.load("cifar10")


def run(*arguments):
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


def test_commands(server, toy, cache):
    listed = run("list")
    assert listed.exit_code == 0 and "toy pictures" in listed.output and "no" in listed.output
    fetched = run("fetch", "toy")
    assert fetched.exit_code == 0 and str(cache / "datasets" / "toy") in fetched.output
    assert "yes" in run("list").output
    checked = run("check", "toy")
    assert checked.exit_code == 0 and "ok" in checked.output and "3 files as published" in checked.output


def test_check_command_fails_on_damage(server, toy):
    folder = fetch("toy", progress=False)
    (folder / "train" / "0.png").unlink()
    for arguments in (("check",), ("check", "toy")):
        failed = run(*arguments)
        assert failed.exit_code == 1 and "damaged" in failed.output
        assert isinstance(failed.exception, BookError) and "0.png is missing" in str(failed.exception)


def test_without_a_checksum_only_https_is_asked(server, toy, cache, monkeypatch):
    monkeypatch.setattr(fetching, "SAFE", ("https",))
    toy(sha256=None)
    with pytest.raises(BookError, match=r"not reached by https.*no checksum"):
        get(server, "good")
    assert server.asked == []
    assert_nothing(cache)
    toy()
    assert_whole(get(server, "good"), cache)
    for name, entry in manifest.fetchable().items():
        assert entry["sha256"] or all(url.startswith("https:") for url in entry["mirrors"]), name


def test_a_certificate_that_is_not_valid_ends_it(server, toy, cache, monkeypatch):
    real = fetching._open

    def intercepted(url, start):
        if "bad" in url:
            raise urllib.error.URLError(ssl.SSLCertVerificationError(1, "self-signed certificate"))
        return real(url, start)

    monkeypatch.setattr(fetching, "_open", intercepted)
    with pytest.raises(BookError, match=r"127\.0\.0\.1 shows a certificate that is not valid.*self-signed"):
        get(server, "bad", "good")
    assert server.asked == []
    assert_nothing(cache)


def test_redirections_lead_to_nothing_less_safe(server, toy, cache):
    assert_whole(get(server, "to_ftp", "good"), cache)
    handler = fetching._Redirects()
    request = urllib.request.Request("https://a.invalid/x")
    for url in ("http://a.invalid/y", "ftp://a.invalid/y", "file:///etc/passwd"):
        with pytest.raises(fetching.MirrorFailed, match=url.partition(":")[0]):
            handler.redirect_request(request, None, 302, "Found", {}, url)
    assert handler.redirect_request(request, None, 302, "Found", {}, "https://b.invalid/y").host == "b.invalid"


def test_no_more_is_received_than_the_known_size(server, toy, cache):
    with pytest.raises(BookError, match=rf"sends more than {len(ARCHIVE):,} bytes"):
        get(server, "without_end")
    assert_nothing(cache)


def test_an_endless_answer_of_unknown_size_has_an_end(server, toy, cache, monkeypatch):
    toy(bytes=None)
    monkeypatch.setattr(fetching, "_MOST_UNKNOWN", 300_000)
    with pytest.raises(BookError, match="sends more than 300,000 bytes"):
        get(server, "without_end")
    assert_nothing(cache)


def test_a_connection_that_drips_is_given_up(server, toy, cache, monkeypatch):
    monkeypatch.setattr(fetching, "TIMEOUT", 0.2)
    with pytest.raises(BookError, match="sent too little for too long"):
        get(server, "drips")
    assert len(server.asked) == 4


def long_name(count):
    """An archive of a few kilobytes whose first member's name has so many bytes, and is a picture's."""
    buffer = io.BytesIO()
    with gzip.open(buffer, "wb") as stream:
        header = tarfile.TarInfo("././@LongLink")
        header.type, header.size = tarfile.GNUTYPE_LONGNAME, count
        stream.write(header.tobuf(tarfile.GNU_FORMAT) + bytes(count // 512 * 512))
        stream.write(tarfile.TarInfo("toy/a.png").tobuf() + bytes(10_240))
    return buffer.getvalue()


def with_a_tail(count):
    return gzip.compress(gzip.decompress(tar({"toy/a.png": b"x"})) + bytes(count))


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (long_name(12_800_000), "tar.gz", "more than 10 times its size"),
        (with_a_tail(13_000_000), "tar.gz", "more than 10 times its size"),
        (tar({f"toy/{index}.png": b"x" for index in range(5)}), "tar.gz", "more than 4 files"),
        (zipped({f"toy/{index}.png": b"x" for index in range(5)}), "zip", "more than 4 files"),
        (tar({"toy/readme.txt": b"moved elsewhere"}), "tar.gz", "without pictures"),
        (zipped({"index.html": b"moved"}), "zip", "without pictures"),
    ],
    ids=["name", "tail", "members", "zip members", "text", "page"],
)
def test_archives_that_are_not_what_they_should_be(server, toy, cache, monkeypatch, content, kind, message):
    monkeypatch.setattr(fetching, "_MOST_MEMBERS", 4)
    toy(content, archive=kind)
    with pytest.raises(BookError, match=message):
        get(server, "good")
    assert_nothing(cache)


def test_a_part_of_yours_is_left_alone(server, toy, cache, tmp_path):
    mine = tmp_path / "here.part"
    mine.write_text("my own")
    assert (get(server, "good", target=tmp_path / "here") / "train" / "0.png").is_file()
    assert mine.read_text() == "my own"
    link = tmp_path / ".there.gan_book.part"
    link.symlink_to(mine)
    with pytest.raises(BookError, match=r"\.there\.gan_book\.part is in the way"):
        get(server, "good", target=tmp_path / "there")
    assert mine.read_text() == "my own"


def damaged(**changes):
    def damage(entry):
        entry.update(changes)

    return damage


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (damaged(title=None), "toy.*title"),
        (damaged(kind=7), "toy.*kind"),
        (damaged(mirrors="https://a"), "toy.*mirrors"),
        (damaged(mirrors=[1]), "toy.*mirrors"),
        (damaged(bytes="many"), "toy.*bytes"),
        (damaged(sha256=1), "toy.*sha256"),
        (damaged(archive="rar"), "toy.*rar"),
        (damaged(sides=["one"]), "toy.*sides"),
        (damaged(kind="cifar", class_names=[1, 2]), "toy.*class_names"),
        (dict.clear, "toy.*title"),
    ],
)
def test_a_damaged_manifest_is_one_sentence(toy, change, named):
    listed = json.loads((paths.DATA / "manifest.json").read_text())
    change(listed["fetchable"]["toy"])
    write_manifest(json.dumps(listed), named)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "[" * 100_000, '{"shipped": [], "fetchable": {}}', '{"shipped": {"a": 1}}']
)
def test_a_manifest_that_is_none(toy, text):
    write_manifest(text, "")


def write_manifest(text, named):
    (paths.DATA / "manifest.json").write_text(text)
    manifest._manifest.cache_clear()
    for command in (check, status, lambda: fetch("toy", progress=False), lambda: datasets.load("toy")):
        with pytest.raises(BookError, match=rf"manifest\.json is damaged.*{named}.*git checkout"):
            command()


@pytest.mark.parametrize("record", ["[]", "{}", "null", '{"files": {}}', "[" * 100_000, '{"pinned": 1, "files": []}'])
def test_a_damaged_record_is_one_sentence(server, toy, record):
    folder = get(server, "good")
    (folder / ".gan_book.json").write_text(record)
    with pytest.raises(BookError, match=r"\.gan_book\.json cannot be read.*delete .* and fetch it again"):
        check("toy")
