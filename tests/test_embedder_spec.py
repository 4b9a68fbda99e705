"""An entry of params.yaml becomes an identity without the model being imported."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import shutil
import sys

import numpy as np
import pytest

from benchmark import embedder_spec, paths, registry
from benchmark.construction import Construction
from benchmark.embedder_spec import construction, identity, resolve
from benchmark.errors import ContractError, ParamsError, Unavailable, UnknownNameError
from benchmark.files import canonical
from benchmark.params import EmbedderEntry
from embedders.catalog import CATALOG


def spec_of(name: str = "row", **entry):
    return resolve(name, EmbedderEntry(**entry))


# -- resolving ------------------------------------------------------------------------------------


def test_a_catalogue_name():
    known = CATALOG["byol_s_512"]
    spec = spec_of("byol_s_512")
    assert (spec.factory, spec.kwargs, spec.weights, spec.weights_path) == (
        known.factory,
        known.kwargs,
        known.weights,
        None,
    )
    assert spec.libraries == known.libraries


def test_a_variation_of_a_catalogue_row():
    spec = spec_of("wider", like="byol_s_512", kwargs={"win_length": 1024}, libraries=["numpy", "torch"])
    assert spec.name == "wider"
    assert spec.kwargs == {**CATALOG["byol_s_512"].kwargs, "win_length": 1024}
    assert spec.libraries == (*CATALOG["byol_s_512"].libraries, "numpy")
    assert "win_length" in CATALOG["byol_s_512"].kwargs
    assert CATALOG["byol_s_512"].kwargs["win_length"] == 400, "the catalogue is not changed"


def test_own_weights_take_the_place_of_the_declared_ones():
    spec = spec_of("byol_s_512", weights="mine.pth")
    assert (spec.weights, spec.weights_path) == (None, "mine.pth")


def test_a_strangers_model():
    spec = spec_of(factory="a.b:C", kwargs={"x": 1}, weights="w.pt", libraries=["numpy"])
    assert (spec.factory, spec.kwargs, spec.weights_path, spec.libraries) == ("a.b:C", {"x": 1}, "w.pt", ("numpy",))
    assert spec.entry is None


@pytest.mark.parametrize("entry", [{}, {"like": "chanse"}])
def test_an_unknown_name_is_answered_with_near_misses(entry):
    with pytest.raises(UnknownNameError, match=r"unknown embedder 'chanse'\. Did you mean 'chance'.*\?.*factory"):
        spec_of("chanse", **entry)


# -- identity -------------------------------------------------------------------------------------


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """A package in a folder of its own, and how to ask for its identity."""
    package = tmp_path / "outside" / "strange_package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('was run')\n")
    (package / "net.py").write_text("raise RuntimeError('was run')\n")
    monkeypatch.syspath_prepend(package.parent)
    return package


def fingerprint_of(weights=None, **entry) -> str:
    spec = spec_of(**{"factory": "strange_package.net:Net", **entry})
    return embedder_spec.vectors_fingerprint(identity(spec, weights), "clips")


def test_the_identity_runs_nothing_and_names_no_machine(stranger):
    found = identity(spec_of(factory="strange_package.net:Net", libraries=["numpy"], kwargs={"x": [1]}), "abc")
    assert set(found["code"]) == {"strange_package/__init__.py", "strange_package/net.py"}
    assert found["libraries"] == {"numpy": np.__version__}
    assert found["weights_sha256"] == "abc"
    assert str(stranger.parent) not in canonical(found)
    assert "strange_package" not in sys.modules


def test_the_fingerprint_follows_what_can_change_a_vector(stranger):
    base = fingerprint_of()
    assert fingerprint_of() == base
    others = [
        fingerprint_of(weights="other"),
        fingerprint_of(kwargs={"x": 1}),
        fingerprint_of(factory="strange_package.net:Other"),
        fingerprint_of(libraries=["numpy"]),
        embedder_spec.vectors_fingerprint(identity(spec_of(factory="strange_package.net:Net"), None), "other clips"),
    ]
    (stranger / "net.py").write_text("raise RuntimeError('was run, edited')\n")
    others.append(fingerprint_of())
    (stranger / "layers.py").write_text("")
    others.append(fingerprint_of())
    assert len({base, *others}) == len(others) + 1


def test_the_fingerprint_does_not_follow_name_or_place(stranger, tmp_path, monkeypatch):
    base = fingerprint_of()
    assert fingerprint_of(name="another_row") == base
    assert fingerprint_of(weights=None) == base
    moved = tmp_path / "moved"
    shutil.copytree(stranger.parent, moved)
    shutil.rmtree(stranger)
    monkeypatch.syspath_prepend(moved)
    assert fingerprint_of() == base


def test_engine_code_is_in_the_fingerprint(stranger, tmp_path, monkeypatch):
    base = fingerprint_of()
    root = tmp_path / "clone"
    for name in embedder_spec.ENGINE:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(paths.ROOT / name, root / name)
    monkeypatch.setattr(paths, "ROOT", root)
    assert fingerprint_of() == base
    for name in embedder_spec.ENGINE:
        text = (root / name).read_text()
        (root / name).write_text(text + "\n# edited\n")
        assert fingerprint_of() != base
        (root / name).write_text(text)


def test_an_unrelated_embedder_of_ours_changes_nothing():
    _, files = registry.embedder_files("embedders.chance:Chance")
    assert "logmel.py" not in {file.name for file in files}


NOT_LOCKED = {"funasr", "laion-clap", "torchlibrosa"}  # they would bind what all else needs


def installed(library: str) -> bool:
    try:
        importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


@pytest.mark.parametrize("name", CATALOG)
def test_every_row_of_the_catalogue_has_an_identity(name):
    absent = [library for library in CATALOG[name].libraries if not installed(library)]
    assert set(absent) <= NOT_LOCKED
    if absent:
        with pytest.raises(Unavailable, match=rf"^{absent[0]} is not installed\. .*: pip install {absent[0]}\.$"):
            identity(spec_of(name), None)
        return
    found = identity(spec_of(name), None)
    assert found["code"]
    assert set(found["libraries"]) == set(CATALOG[name].libraries)


def test_a_missing_library_is_a_state_with_the_pip_line():
    with pytest.raises(Unavailable, match=r"no-such-dist is not installed\. Install it: pip install no-such-dist\."):
        identity(spec_of("chance", libraries=["no-such-dist"]), None)
    spec = spec_of("chance", libraries=["no-such-dist"])
    spec = dataclasses.replace(spec, entry=dataclasses.replace(CATALOG["chance"], extra="hub"))
    with pytest.raises(Unavailable, match=r"pip install 'moodbench\[hub\]'"):
        identity(spec, None)


# -- making ---------------------------------------------------------------------------------------


def making(factory: str, weights: str | None = None, **kwargs) -> Construction:
    return Construction(f"small_embedders:{factory}", kwargs, weights, "cuda:1")


def test_construction_takes_arguments_device_and_weights(fakes):
    assert making("Scaled", factor=3).make().factor == 3
    placed = making("Placed", weights="w.pt").make()
    assert (placed.device, placed.weights) == ("cuda:1", "w.pt")
    assert making("Placed", device="cpu").make().device == "cpu", "what params.yaml says wins"


def test_construction_of_a_row(tmp_path):
    spec = spec_of("chance", kwargs={"dim": 5})
    made = construction(spec, None, "cpu").make()
    assert (made.dim, made.sample_rate) == (5, 16000)
    assert construction(spec, tmp_path / "w", "cpu").weights == str(tmp_path / "w")


@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        (making("Scald"), ParamsError, r"module 'small_embedders' has no 'Scald'; mend 'factory: small_emb"),
        (making("Scaled", faktor=3), ParamsError, r"does not take these arguments: .*'faktor'.* It takes factor; mend"),
        (making("Loudness", x=1), ParamsError, r"It takes none; mend 'kwargs' in params\.yaml"),
        (making("FromFile"), ParamsError, r"missing a required argument: 'weights'"),
        (making("Loudness", weights="w"), ParamsError, r"unexpected keyword argument 'weights'"),
        (making("NotAnEmbedder"), ContractError, r"NotAnEmbedder has no embed; an embedder needs sample_rate, dim"),
        (
            Construction("no_such_module:A", {}, None, "cpu"),
            Unavailable,
            r"cannot import 'no_such_module'.*pip install",
        ),
    ],
)
def test_what_cannot_be_made(fakes, made, error, message):
    with pytest.raises(error, match=message):
        made.make()


def test_a_module_whose_import_lacks_a_package(tmp_path, monkeypatch):
    (tmp_path / "needs_more.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Unavailable, match=r"No module named 'no_such_dependency'.*pip install no_such_dependency"):
        Construction("needs_more:A", {}, None, "cpu").make()
