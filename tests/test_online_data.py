"""Data sets by name, against a server on this machine that breaks off, stalls and lies."""

import gzip
import hashlib
import http.server
import io
import pickle
import tarfile
import threading
import time

import numpy as np
import pytest
import torch
from PIL import Image

from cnnbook import downloads, online_data
from scripts.torchvision_on_cpu import torchvision


class Server(http.server.BaseHTTPRequestHandler):
    """Serves `files`; breaks off after `breaks_after` bytes, or stalls."""

    files: dict[str, bytes]
    asked: list[tuple[str, str | None]]
    breaks_after: int | None
    stalls: bool

    def do_GET(self):
        content = self.files.get(self.path)
        asked_from = self.headers.get("Range")
        self.asked.append((self.path, asked_from))
        if content is None:
            self.send_error(404)
            return
        first = int(asked_from.removeprefix("bytes=").rstrip("-")) if asked_from else 0
        rest = content[first:]
        self.send_response(206 if asked_from else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if self.stalls:
            time.sleep(3)
        self.wfile.write(rest[: self.breaks_after])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    settings = {"files": {}, "asked": [], "breaks_after": None, "stalls": False}
    handler = type("Handler", (Server,), settings)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        handler.address = f"http://127.0.0.1:{running.server_port}"
        yield handler
        running.shutdown()


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


CONTENT = bytes(range(256)) * 40


def test_a_broken_download_goes_on_where_it_stopped(server, tmp_path):
    server.files["/a"], server.breaks_after = CONTENT, 4000
    path = downloads.fetch(f"{server.address}/a", tmp_path / "a", md5(CONTENT))
    assert path.read_bytes() == CONTENT
    assert [start for _, start in server.asked] == [None, "bytes=4000-", "bytes=8000-"]
    downloads.fetch(f"{server.address}/a", tmp_path / "a", md5(CONTENT))
    assert len(server.asked) == 3, "what is there is not fetched again"


def test_too_many_breaks_end_in_one_sentence_and_the_next_call_goes_on(server, tmp_path):
    server.files["/a"], server.breaks_after = CONTENT, 1000
    with pytest.raises(OSError, match="connect to the network and call again"):
        downloads.fetch(f"{server.address}/a", tmp_path / "a", md5(CONTENT))
    assert [path.name for path in tmp_path.iterdir()] == ["a.part"]
    server.breaks_after = None
    path = downloads.fetch(f"{server.address}/a", tmp_path / "a", md5(CONTENT))
    assert path.read_bytes() == CONTENT
    assert server.asked[-1] == ("/a", "bytes=3000-")


def test_what_has_another_checksum_is_deleted(server, tmp_path):
    server.files["/a"] = b"a page that says: log in first"
    with pytest.raises(OSError, match="has another checksum .* was deleted: call again"):
        downloads.fetch(f"{server.address}/a", tmp_path / "a", md5(CONTENT))
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_stalls_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "SECONDS", 0.1)
    server.files["/a"], server.stalls = CONTENT, True
    with pytest.raises(OSError, match="timed out"):
        downloads.fetch(f"{server.address}/a", tmp_path / "a", md5(CONTENT), attempts=1)


def test_no_network_is_said_in_one_sentence(tmp_path):
    with pytest.raises(OSError, match="could not be fetched .*put the file at"):
        downloads.fetch("http://127.0.0.1:9/a", tmp_path / "a", md5(CONTENT))


def tar_of(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def small_cifar(server, monkeypatch):
    """CIFAR-10 as it is packed, with four pictures in each of its files."""
    made_by = torchvision.datasets.CIFAR10
    rng = np.random.default_rng(0)
    names = [name for name, _ in made_by.train_list + made_by.test_list]
    pixels = {name: rng.integers(0, 256, (4, 3072), dtype=np.uint8) for name in names}
    files = {
        name: pickle.dumps({"data": pixels[name], "labels": [0, 1, 2, number]})
        for number, name in enumerate(names)
    }
    files["batches.meta"] = pickle.dumps({"label_names": [f"class {n}" for n in range(10)]})
    archive = tar_of({f"cifar-10-batches-py/{name}": held for name, held in files.items()})
    server.files["/cifar.tar.gz"] = archive
    monkeypatch.setattr(made_by, "url", f"{server.address}/cifar.tar.gz")
    monkeypatch.setattr(made_by, "tgz_md5", md5(archive))
    monkeypatch.setattr(made_by, "train_list", [[n, md5(files[n])] for n in names[:5]])
    monkeypatch.setattr(made_by, "test_list", [[names[5], md5(files[names[5]])]])
    monkeypatch.setattr(made_by, "meta", {**made_by.meta, "md5": md5(files["batches.meta"])})
    return pixels


def test_cifar10_is_fetched_once_and_read_in_its_order(server, small_cifar, tmp_path):
    found = online_data.cifar10(tmp_path)
    assert found.images.shape == (20, 3, 32, 32)
    assert found.labels[3::4].tolist() == [0, 1, 2, 3, 4]
    first = torch.from_numpy(small_cifar["data_batch_1"][0]).reshape(3, 32, 32)
    assert torch.equal((found.images[0] * 255).round().to(torch.uint8), first)
    assert len(online_data.cifar10(tmp_path, train=False)) == 4
    assert len(server.asked) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["cifar10"]


def test_a_kill_while_unpacking_leaves_no_data_set(server, small_cifar, tmp_path, monkeypatch):
    made_by = torchvision.datasets.CIFAR10
    with monkeypatch.context() as broken:
        broken.setattr(made_by, "download", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            online_data.cifar10(tmp_path)
    assert not (tmp_path / "cifar10").exists()
    assert len(online_data.cifar10(tmp_path)) == 20
    assert len(server.asked) == 1, "the archive was still there"


def test_fashion_mnist_and_pets_are_read_as_they_are_packed(server, tmp_path, monkeypatch):
    fashion = torchvision.datasets.FashionMNIST
    packed = {}
    for part, count in (("train", 3), ("t10k", 2)):
        header = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (count, 28, 28))
        packed[f"{part}-images-idx3-ubyte.gz"] = header + bytes([51]) * count * 784
        labels = b"\0\0\x08\x01" + count.to_bytes(4, "big") + bytes(range(count))
        packed[f"{part}-labels-idx1-ubyte.gz"] = labels
    packed = {name: gzip.compress(content) for name, content in packed.items()}
    server.files.update({f"/{name}": content for name, content in packed.items()})
    monkeypatch.setattr(fashion, "mirrors", [f"{server.address}/"])
    monkeypatch.setattr(fashion, "resources", [(n, md5(c)) for n, c in packed.items()])
    found = online_data.fashion_mnist(tmp_path)
    assert found.images.shape == (3, 1, 28, 28)
    assert found.images.unique().tolist() == pytest.approx([0.2])
    assert found.labels.tolist() == [0, 1, 2]

    picture = io.BytesIO()
    Image.new("RGB", (30, 20), (255, 0, 0)).save(picture, "JPEG")
    images = tar_of({"images/Red_Cat_1.jpg": picture.getvalue()})
    annotations = tar_of(
        {"annotations/trainval.txt": b"Red_Cat_1 1 1 1\n", "annotations/test.txt": b""}
    )
    server.files.update({"/images.tar.gz": images, "/annotations.tar.gz": annotations})
    resources = [
        (f"{server.address}/images.tar.gz", md5(images)),
        (f"{server.address}/annotations.tar.gz", md5(annotations)),
    ]
    monkeypatch.setattr(torchvision.datasets.OxfordIIITPet, "_RESOURCES", resources)
    pets = online_data.oxford_pets(tmp_path, size=16)
    assert pets.classes == ("Red Cat",)
    assert pets.images.shape == (1, 3, 16, 16)
