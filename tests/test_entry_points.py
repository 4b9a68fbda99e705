"""Rows that installed packages bring, from scratch distributions on the path."""

from __future__ import annotations

import importlib
import sys

import pytest

from benchmark import embedder_spec, entry_points, listing, params, paths
from benchmark.embedder_spec import identity, resolve
from benchmark.errors import BenchmarkError, UnknownNameError
from benchmark.params import EmbedderEntry

ENTRY = """\
from embedders.base import Entry

SMALL = Entry(title="Two numbers", factory="bright_models.net:Net", kwargs={"k": 2}, dim=2, sample_rate=8000,
              parameters=7, citation="nobody", licence="MIT", libraries=("numpy",))
ODD = 3
RAISES: int = 1 / 0 if __name__ == "bright_models.broken" else 0
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """`install("dist", name="module:attribute")` puts a distribution with entry points on the path."""
    site = tmp_path / "site"
    package = site / "bright_models"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "net.py").write_text("class Net:\n    pass\n")
    (package / "rows.py").write_text(ENTRY)
    (package / "broken.py").write_text(ENTRY)
    (package / "cut.py").write_text(ENTRY[:-30])
    monkeypatch.syspath_prepend(site)

    def write(distribution, **points):
        info = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        lines = "".join(f"{name} = {value}\n" for name, value in points.items())
        (info / "entry_points.txt").write_text(f"[{entry_points.GROUP}]\n{lines}")
        importlib.invalidate_caches()
        entry_points.installed.cache_clear()

    yield write
    entry_points.installed.cache_clear()
    for name in [name for name in sys.modules if name.startswith("bright_models")]:
        del sys.modules[name]


def test_a_class_is_a_row_and_is_not_imported(install):
    install("bright-models", bright="bright_models.net:Net")
    spec = resolve("bright", EmbedderEntry(kwargs={"x": 1}))
    assert (spec.factory, spec.kwargs, spec.entry) == ("bright_models.net:Net", {"x": 1}, None)
    assert "bright_models" not in sys.modules
    assert "bright_models/net.py" in identity(spec, None)["code"]
    assert resolve("mine", EmbedderEntry(like="bright")).factory == "bright_models.net:Net"


def test_an_entry_is_a_row_with_all_that_it_says(install):
    install("bright-models", bright="bright_models.rows:SMALL")
    spec = resolve("mine", EmbedderEntry(like="bright", kwargs={"j": 1}))
    assert (spec.factory, spec.kwargs, spec.libraries) == ("bright_models.net:Net", {"k": 2, "j": 1}, ("numpy",))
    assert spec.entry.title == "Two numbers"


def test_the_list_names_the_package(install, project, capsys):
    install("lamp", bright="bright_models.rows:SMALL", dim_light="bright_models.net:Net")
    paths.PARAMS.write_text("suites: [demo]\nembedders:\n  bright: {}\n  own: {hear: bright_models.net}\n")
    listing.show("embedders")
    lines = {line.split()[0]: " ".join(line.split()[1:]) for line in capsys.readouterr().out.splitlines() if line}
    assert lines["bright"] == "yes Two numbers (package lamp) 2 8000 7 ready"
    assert lines["dim_light"] == "bright_models.net:Net (package lamp) ready"
    assert lines["own"] == "yes hear bright_models.net ready"


def test_a_name_of_the_catalogue_is_refused_where_it_is_asked_for(install, project):
    install("bright-models", chance="bright_models.net:Net", fine="bright_models.net:Net")
    message = r"name 'chance' is claimed by moodbench's catalogue and by package 'bright-models', .* Uninstall the pack"
    with pytest.raises(BenchmarkError, match=message):
        resolve("chance", EmbedderEntry())
    with pytest.raises(BenchmarkError, match=message):
        resolve("mine", EmbedderEntry(like="chance"))
    assert resolve("fine", EmbedderEntry()).factory == "bright_models.net:Net"
    assert resolve("logmel_stats", EmbedderEntry()).entry is not None
    assert listing.embedder_state("chance", EmbedderEntry()).startswith("broken: embedder name 'chance' is claimed by")


def test_two_packages_with_one_name(install):
    install("bright-models", bright="bright_models.net:Net")
    install("other-models", bright="bright_models.net:Net")
    with pytest.raises(BenchmarkError, match=r"claimed by package '\w+-models' and by package '\w+-models'"):
        resolve("bright", EmbedderEntry())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("bright_models.rows:ODD", r"'bright' of package 'bright-models' is a int, expected an embedders\.base\.Entry"),
        ("bright_models.broken:RAISES", r"cannot be read: ZeroDivisionError: division by zero\. Mend that package"),
        (
            "bright_models.cut:ODD",
            r"of package 'bright-models' cannot be read: SyntaxError: .* Mend that package",
        ),
        ("bright_models.rows", r"is 'bright_models\.rows', expected 'module:Class' or 'module:NAME' of an Entry"),
        ("bright_models.rowz:ODD", r"module 'bright_models\.rowz' .* Did you mean 'bright_models\.rows'\?"),
    ],
)
def test_what_a_package_declares_wrongly(install, value, message):
    install("bright-models", bright=value)
    with pytest.raises(BenchmarkError, match=message):
        resolve("bright", EmbedderEntry())


def test_near_misses_know_packages_too(install):
    install("bright-models", bright="bright_models.net:Net")
    with pytest.raises(UnknownNameError, match=r"unknown embedder 'brihgt'\. Did you mean 'bright'"):
        resolve("brihgt", EmbedderEntry())


def test_what_an_adapter_wraps_is_its_code_too(install):
    def fingerprint(**entry):
        return embedder_spec.vectors_fingerprint(identity(resolve("row", EmbedderEntry(**entry)), None), "clips")

    install("bright-models")
    package = importlib.import_module("bright_models").__path__[0]
    for kind in ("hear", "mteb", "xares", "function"):
        entry = {kind: "bright_models.net" + ("" if kind == "hear" else ":Net")}
        found = identity(resolve("row", EmbedderEntry(**entry)), None)
        assert {"bright_models/net.py", f"embedders/adapters/{kind}.py"} <= found["code"].keys()
        before = fingerprint(**entry)
        assert fingerprint(**entry) == before
        assert fingerprint(**entry, kwargs={"layer": 3}) != before
        with open(f"{package}/net.py", "a") as file:  # noqa: PTH123
            file.write("# edited\n")
        assert fingerprint(**entry) != before


def test_what_is_wrapped_is_said_once():
    with pytest.raises(BenchmarkError, match=r"row 'a': 'wraps' in kwargs is what 'hear: m' says already; remove it"):
        resolve("a", EmbedderEntry(hear="m", kwargs={"wraps": "n"}))


def test_only_one_origin(tmp_path):
    (tmp_path / "params.yaml").write_text("suites: [demo]\nembedders: {a: {hear: m, function: 'm:f'}}\n")
    with pytest.raises(BenchmarkError, match=r"'a' has both 'hear' and 'function'; expected one of like, factory, h"):
        params.load(tmp_path / "params.yaml")
