"""Weights: where they are found, what is refused, what is fetched, and what is never left behind."""

from __future__ import annotations

import dataclasses
import hashlib
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmark import weights as weights_module
from benchmark.errors import Unavailable, WeightsError
from benchmark.weights import resolve
from embedders.base import Weights

CONTENT = b"the weights" * 1000


class Server:
    """A web server on this machine that counts what it is asked."""

    def __init__(self):
        asked = self.asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                if self.path == "/away":
                    self.send_response(302)
                    self.send_header("Location", "file:///etc/hostname")
                    self.end_headers()
                elif self.path in ("/good", "/other", "/cut"):
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(CONTENT)))
                    self.end_headers()
                    content = CONTENT.upper() if self.path == "/other" else CONTENT
                    self.wfile.write(content[: 500 if self.path == "/cut" else None])
                else:
                    self.send_error(404)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def server():
    running = Server()
    yield running
    running.http.shutdown()
    running.http.server_close()


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MOODBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("MOODBENCH_OFFLINE", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def wanted():
    return Weights(
        file="model.bin",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        url="",
        licence="MIT",
        redistributable=True,
        way_out="Take model.bin from its authors.",
    )


def leftovers(folder):
    return [path.name for path in folder.rglob("*partial*")]


def test_places_are_searched_in_order(tmp_path, own_cache, wanted):
    places = [tmp_path / "mine", tmp_path / "repo", tmp_path / "data", own_cache / "weights"]
    for place in places:
        place.mkdir(parents=True)
        (place / "model.bin").write_bytes(CONTENT)
    folders = places[1:3]
    for place in places:
        for given in (str(places[0]), str(places[0] / "model.bin")):
            found = resolve(wanted, given, folders=folders, cache=own_cache, fetch=False)
            assert found == place / "model.bin"
        (place / "model.bin").unlink()
    with pytest.raises(Unavailable, match=r"weights missing: model\.bin .*Take model\.bin from its authors"):
        resolve(wanted, str(places[0]), folders=folders, cache=own_cache, fetch=False)


def test_no_weights_and_own_weights(tmp_path, own_cache):
    own = tmp_path / "own.bin"
    assert resolve(None, None, folders=[], cache=own_cache, fetch=True) is None
    with pytest.raises(Unavailable, match=r"weights missing: nothing at .*own\.bin"):
        resolve(None, str(own), folders=[], cache=own_cache, fetch=True)
    own.write_bytes(b"")
    with pytest.raises(WeightsError, match=r"own\.bin is empty \(0 bytes\)\. Copy or download it again"):
        resolve(None, str(own), folders=[], cache=own_cache, fetch=True)
    (tmp_path / "saved_model").mkdir()
    with pytest.raises(WeightsError, match=r"saved_model is an empty folder\. Copy"):
        resolve(None, str(tmp_path / "saved_model"), folders=[], cache=own_cache, fetch=True)
    (tmp_path / "saved_model" / "saved_model.pb").write_bytes(b"x")
    found = resolve(None, str(tmp_path / "saved_model"), folders=[], cache=own_cache, fetch=True)
    assert found == tmp_path / "saved_model"
    own.write_bytes(b"anything")
    assert resolve(None, str(own), folders=[], cache=own_cache, fetch=True) == own


def test_weights_that_nobody_published_a_sha256_of_are_the_users_own(tmp_path, own_cache, wanted):
    (tmp_path / "model.bin").write_bytes(CONTENT)
    unknown = dataclasses.replace(wanted, sha256="")
    with pytest.raises(Unavailable, match=r"model\.bin \(name yours in `weights:`: no sha256"):
        resolve(unknown, None, folders=[tmp_path], cache=own_cache, fetch=True)


def test_another_file_of_that_name_is_refused_even_if_a_later_place_has_the_right_one(tmp_path, own_cache, wanted):
    for name, content in (("a", b"damaged"), ("b", CONTENT)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.bin").write_bytes(content)
    with pytest.raises(
        WeightsError,
        match=rf"\(7 bytes\) has sha256 {hashlib.sha256(b'damaged').hexdigest()}, expected {wanted.sha256}",
    ):
        resolve(wanted, None, folders=[tmp_path / "a", tmp_path / "b"], cache=own_cache, fetch=True)


def test_a_changed_file_is_hashed_again(tmp_path, own_cache, wanted):
    file = tmp_path / "model.bin"
    file.write_bytes(CONTENT)
    assert resolve(wanted, None, folders=[tmp_path], cache=own_cache, fetch=False) == file
    file.write_bytes(CONTENT + b"!")
    with pytest.raises(WeightsError, match="it is another file, or a damaged one"):
        resolve(wanted, None, folders=[tmp_path], cache=own_cache, fetch=False)


def test_fetched_once_and_kept(own_cache, wanted, server):
    wanted = replace(wanted, url=f"{server.address}/good")
    for _ in range(2):
        found = resolve(wanted, None, folders=[], cache=own_cache, fetch=True)
        assert found == own_cache / "weights" / "model.bin"
        assert found.read_bytes() == CONTENT
    assert server.asked == ["/good"]
    assert leftovers(own_cache) == []


def test_a_wrong_answer_is_not_kept(own_cache, wanted, server):
    with pytest.raises(WeightsError, match=r"answered a file with sha256 .*Nothing was kept"):
        resolve(replace(wanted, url=f"{server.address}/other"), None, folders=[], cache=own_cache, fetch=True)
    assert list((own_cache / "weights").iterdir()) == []


@pytest.mark.parametrize(
    ("path", "reason"), [("/cut", "bytes"), ("/none", "404"), ("/away", "file")], ids=["cut", "absent", "redirected"]
)
def test_a_failed_fetch_leaves_nothing_and_waits_ten_minutes(own_cache, wanted, server, monkeypatch, path, reason):
    wanted = replace(wanted, url=server.address + path)
    with pytest.raises(Unavailable, match=f"fetching .* failed .*{reason}"):
        resolve(wanted, None, folders=[], cache=own_cache, fetch=True)
    assert list((own_cache / "weights").iterdir()) == []
    with pytest.raises(Unavailable, match="failed a short while ago"):
        resolve(wanted, None, folders=[], cache=own_cache, fetch=True)
    assert server.asked == [path]
    now = weights_module.time.time()
    monkeypatch.setattr(weights_module.time, "time", lambda: now + 601)
    with pytest.raises(Unavailable, match=r"fetching .* failed"):
        resolve(wanted, None, folders=[], cache=own_cache, fetch=True)
    assert server.asked == [path, path]


def test_a_server_that_is_not_there(own_cache, wanted, server):
    address = server.address
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(Unavailable, match=r"fetching .* failed"):
        resolve(replace(wanted, url=f"{address}/good"), None, folders=[], cache=own_cache, fetch=True)


def test_offline_asks_nobody(own_cache, wanted, server, monkeypatch):
    monkeypatch.setenv("MOODBENCH_OFFLINE", "1")
    with pytest.raises(Unavailable, match="MOODBENCH_OFFLINE=1"):
        resolve(replace(wanted, url=f"{server.address}/good"), None, folders=[], cache=own_cache, fetch=True)
    assert server.asked == []


def test_entries_that_reach_outside_are_refused(tmp_path, own_cache, wanted):
    with pytest.raises(WeightsError, match="expected http or https"):
        resolve(replace(wanted, url=(tmp_path / "x").as_uri()), None, folders=[], cache=own_cache, fetch=True)
    with pytest.raises(WeightsError, match="expected a name without folders"):
        resolve(replace(wanted, file="../model.bin"), None, folders=[tmp_path], cache=own_cache, fetch=True)
