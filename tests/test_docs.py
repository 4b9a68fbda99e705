"""What the pages promise: links, commands, snippets, names and numbers are held against the code."""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import soundfile
import typer
from ruamel.yaml import YAML

from benchmark import embedder_spec, params, registry
from benchmark.catalogue_page import own_tasks
from benchmark.cell import HEAD_ORDER, PROTOCOL_VERSION, Cell, FoldResult, HeadResult, Interval, NotRun, Oracle
from benchmark.check import check_embedder
from benchmark.check.checks import CHECKS
from benchmark.cli import What, app
from benchmark.probes.heads import grid
from benchmark.render.folder import RENDERERS
from benchmark.render.tables import LONG_COLUMNS, POINT_COLUMNS
from benchmark.scorable import KINDS
from embedders.base import Declared
from embedders.catalog import CATALOG
from tasks.base import Suite, Task
from tasks.suites import SUITES

ROOT = Path(__file__).resolve().parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [*DOCS, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]
FENCE = re.compile(r'^```(\w*)(?: title="([^"]*)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
YAML_SNIPPETS = [
    (page.name, number, match[3])
    for page in PAGES
    for number, match in enumerate(FENCE.finditer(page.read_text(encoding="utf-8")))
    if match[1] == "yaml"
]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def block(page: str, title: str) -> str:
    """The one code block of that title."""
    found = [match[3] for match in FENCE.finditer(read(page)) if match[2] == title]
    assert len(found) == 1, f"{page}: {len(found)} blocks titled {title}"
    return found[0]


def spans(text: str) -> list[str]:
    """Inline code outside of fences."""
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", text))


def commands(text: str) -> list[list[str]]:
    """Every `moodbench …` in inline code or a console block, as words after the name."""
    consoles = [line for match in FENCE.finditer(text) if match[1] == "console" for line in match[3].splitlines()]
    lines = [*spans(text), *(line.removeprefix("$ ").partition("#")[0] for line in consoles)]
    return [line.split()[1:] for line in lines if line.startswith("moodbench ")]


def known_commands() -> dict[str, set[str]]:
    """Every command with its options; those of a group by both words, such as `data show`."""
    known: dict[str, set[str]] = {}
    for name, command in typer.main.get_command(app).commands.items():
        inner = getattr(command, "commands", None)
        leaves = {name: command} if inner is None else {f"{name} {sub}": leaf for sub, leaf in inner.items()}
        known |= {key: {o for parameter in leaf.params for o in parameter.opts} for key, leaf in leaves.items()}
    return known


KNOWN = known_commands()
GROUPS = {name.split()[0] for name in KNOWN if " " in name}


def named_command(words: list[str]) -> str:
    """The command that words begin with: two of them for a group."""
    return " ".join(words[:2] if words[0] in GROUPS else words[:1])


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower()) for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_resolve(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page):
    for words in commands(page.read_text(encoding="utf-8")):
        command = named_command(words)
        if command in GROUPS:  # the group as such
            continue
        assert command in KNOWN, f"{page.name}: moodbench {' '.join(words)}"
        given = [word for word in words[1:] if word.startswith("--")]
        assert set(given) <= KNOWN[command], f"{page.name}: moodbench {' '.join(words)}"
        names = [word for word in words[1:] if word.islower() and not word.startswith("-")]
        if words[0] == "list":
            assert set(names) <= {what.value for what in What}
        if words[0] == "use":
            assert set(names) <= set(registry.suites())


def test_every_command_and_module_is_told():
    told = {named_command(words) for words in commands(read("docs/index.md"))}
    assert told - GROUPS == set(KNOWN)
    named = " ".join(spans(read("docs/architecture.md")))
    parts = [path for path in (ROOT / "benchmark").iterdir() if not path.name.startswith(("_", "."))]
    assert [path.name for path in parts if f"benchmark/{path.name}" not in named] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_files_and_variables_exist(page):
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    for line in re.findall(r"(?:^|`|\s\s|\$ )make ((?:[a-z]+ ?)+)(?:`|$|\s\s)", text, re.MULTILINE):
        assert set(line.split()) <= targets, f"{page.name}: make {line}"
    files = [file for folder in ("benchmark", "embedders") for file in (ROOT / folder).rglob("*.py")]
    code = "\n".join(file.read_text(encoding="utf-8") for file in files)
    for variable in set(re.findall(r"MOODBENCH_[A-Z_]+", text)):
        assert f'"{variable}"' in code, f"{page.name}: {variable}"
    for span in spans(text):
        if "NAME" in span:  # stands for the reader's own
            continue
        if re.fullmatch(r"(benchmark|tasks|embedders|tfds_builders|tests|docs|performance)/[\w./]*", span):
            assert (ROOT / span).exists(), f"{page.name}: {span}"


@pytest.mark.parametrize(("page", "number", "snippet"), YAML_SNIPPETS)
def test_params_snippets_parse_and_resolve(page, number, snippet, tmp_path):
    yaml = YAML()
    tree = yaml.load(snippet)
    tree.setdefault("suites", ["demo"])
    tree.setdefault("embedders", {"chance": {}})
    with (tmp_path / "params.yaml").open("w") as file:
        yaml.dump(tree, file)
    found = params.load(tmp_path / "params.yaml")
    registry.tasks_of(found.suites)
    for name, entry in found.embedders.items():
        spec = embedder_spec.resolve(name, entry)
        if spec.factory.startswith("embedders.") and spec.factory not in embedder_spec.ADAPTERS.values():
            weights = tmp_path / "weights.pth" if spec.weights or spec.weights_path else None
            assert embedder_spec.construction(spec, weights, "cpu").make().dim > 0


@pytest.mark.parametrize(("page", "title"), [("docs/add_an_embedder.md", "my_models.py"), ("README.md", None)])
def test_the_example_embedder_keeps_the_contract(page, title, tmp_path, monkeypatch):
    source = block(page, title) if title else next(m[3] for m in FENCE.finditer(read(page)) if m[1] == "python")
    assert len(source.splitlines()) <= 20
    module = f"documented_{PurePosixPath(page).stem}".lower()
    (tmp_path / f"{module}.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert registry.embedder_files(f"{module}:Loudness") == (tmp_path, [tmp_path / f"{module}.py"])
    check_embedder(importlib.import_module(module).Loudness).raise_on_failure()


def test_the_check_script_prints_every_finding(tmp_path):
    (tmp_path / "my_models.py").write_text(block("docs/add_an_embedder.md", "my_models.py"))
    (tmp_path / "check.py").write_text(block("docs/add_an_embedder.md", "check.py"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "check.py"], cwd=tmp_path, env=environment, text=True, capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line[:8].strip() for line in lines] == ["ok"] * (len(CHECKS) - 3) + ["skipped"] * 3
    assert lines[-4].startswith("ok      tiny")
    assert f"Up to {len(CHECKS)} checks run" in read("docs/add_an_embedder.md")
    assert f"on {len(CHECKS)} points" in read("CHANGELOG.md")


def test_the_transcript_of_register_shows_every_check():
    found = re.findall(r"^ok      ([\w ]+):", read("docs/register.md"), re.MULTILINE)
    assert found == [check.name for check in CHECKS if check.name not in ("gpu", "memory")]  # not tried there


def test_the_example_task_is_one(monkeypatch):
    namespace: dict[str, object] = {}
    exec(block("docs/add_a_task.md", "tasks/demo_parts.py"), namespace)
    (task,) = namespace["TASKS"]
    assert task.name not in registry.tasks()
    builder = registry.dataset_builder(task.dataset)
    assert task.target in builder.CLASSES
    assert task.group == builder.GROUP
    (suite,) = eval(f"({block('docs/add_a_task.md', 'tasks/suites.py')})", {"Suite": Suite})
    assert suite.tasks == (task.name,)
    assert suite.name not in registry.suites()
    named = set(re.findall(r"^\| `(\w+)` \|", read("docs/add_a_task.md"), re.MULTILINE))
    assert named <= set(Task.__dataclass_fields__)


def test_the_example_builder_builds_its_official_archive(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    package, manual = tmp_path / "my_corpus", tmp_path / "manual"
    package.mkdir()
    manual.mkdir()
    title = "tfds_builders/my_corpus/my_corpus_dataset_builder.py"
    (package / "my_corpus_dataset_builder.py").write_text(block("docs/add_a_dataset.md", title))
    for name, text in {"__init__.py": "", "README.md": "x", "CITATIONS.bib": "@misc{x}", "TAGS.txt": ""}.items():
        (package / name).write_text(text)
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(manual / "my_corpus.zip", "w") as archive:
        for speaker in ("anna", "ben", "cleo", "dan", "eva", "finn"):
            for clip in [f"{emotion}-{take}" for emotion in ("anger", "joy") for take in range(5)]:
                wav = io.BytesIO()
                soundfile.write(wav, rng.uniform(-0.5, 0.5, 24000), 48000, format="WAV", subtype="PCM_16")
                archive.writestr(f"top/{speaker}/{clip}.wav", wav.getvalue())
    monkeypatch.syspath_prepend(str(tmp_path))
    kind = importlib.import_module("my_corpus.my_corpus_dataset_builder").Builder
    builder = kind(data_dir=tmp_path / "data", file_format="array_record")
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=manual))
    assert builder.info.metadata["variant"] == ""
    sizes = {part: builder.info.splits[part].num_examples for part in builder.info.splits}
    assert sizes == {"train": 30, "validation": 10, "test": 20}


def test_every_archive_and_weights_file_is_named():
    text = read("docs/data.md")
    mine = {registry.split_name(registry.task(name).dataset)[0] for name in own_tasks()}
    for name in sorted(set(registry.datasets()) - mine):
        assert f"`{name}`" in text
        builder = registry.dataset_builder(name)
        for archive in builder.ARCHIVES:
            assert f"`{archive}`" in text
        for beside in builder.BESIDE:
            assert not beside.required or any(f"`{file}`" in text for file in beside.names), f"{name}: {beside.names}"
        if builder.FACTS:
            assert f"{builder.FACTS.clips} {next(iter(builder.FACTS.extensions))}" in text

    for entry in CATALOG.values():
        if entry.weights:
            assert f"`{entry.weights.file}`" in text
            assert f"`{entry.weights.sha256}`" in text


def test_every_dataset_has_its_licence_in_its_row():
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| .* \| ([^|]+) \| [^|]+ \|$", read("docs/data.md"), re.MULTILINE)
    told = {name: licence for names, licence in rows for name in re.findall(r"`(\w+)`", names)}
    for task in registry.tasks().values():
        if task.name not in own_tasks():
            found = told[registry.split_name(task.dataset)[0]]
            for words in re.findall(
                r"CC BY[-\w]*(?: [\d.]+)?|Creative Commons|MIT|research|registration", task.licence
            ):
                assert words in found, f"{task.name}: found {found!r}, expected {words!r} of {task.licence!r}"


def test_results_format_names_every_field():
    named = set(spans(read("docs/results_format.md")))
    records = (Cell, FoldResult, HeadResult, Interval, Oracle, NotRun)
    assert {field for record in records for field in record.model_fields} <= named
    assert {*LONG_COLUMNS, *POINT_COLUMNS, *RENDERERS} <= named


def test_protocol_states_the_grid():
    text = read("docs/protocol.md")
    assert text.startswith(f"# Protocol, version {PROTOCOL_VERSION}\n")
    rows = re.findall(r"^\| `(lda|lr|qda|rf|svc)` \|.*\| (\d+) \|$", text, re.MULTILINE)
    assert [(name, int(fits)) for name, fits in rows] == [(name, len(grid(name))) for name in HEAD_ORDER]
    assert f"{sum(len(grid(name)) for name in HEAD_ORDER)} fits" in text


def test_declarations_and_suites_are_all_told():
    text = read("docs/add_an_embedder.md")
    for name, field in Declared.__dataclass_fields__.items():
        stated = re.search(rf"^\| `{name}` \| (\S+) \|", text, re.MULTILINE)
        assert stated
        assert type(field.default)(json.loads(stated[1].lower())) == field.default
    index = read("docs/index.md")
    for suite in SUITES:  # their tasks stand in docs/datasets.md, which is generated
        assert f"| `{suite.name}` |" in index
        row = re.search(rf"^\| `{suite.name}` \| (.*)$", index, re.MULTILINE)
        kinds = {registry.task(name).kind for name in suite.tasks}
        assert ("not scored yet" in row[1]) == (not kinds & set(KINDS)), suite.name
        assert ("LEAK" in row[1]) == ("LEAKING" in suite.title), suite.name


def test_every_dependency_is_explained():
    stages = YAML(typ="safe").load(read("dvc.yaml"))["stages"]
    table = re.findall(r"^\| (embed|evaluate|report) \| (.+?) \|", read("docs/architecture.md"), re.MULTILINE)
    told = {(stage, name) for stage, cell in table for name in re.findall(r"`([^`]+)`", cell)}
    real = set()
    for stage in ("embed", "evaluate", "report"):
        body = stages[stage].get("do", stages[stage])
        real |= {(stage, name) for name in [*body["deps"], *body.get("params", [])]}
    assert told == real


def test_the_installed_command_finds_the_embedders():
    command = Path(sys.executable).parent / "moodbench"
    if not command.is_file():
        pytest.skip("moodbench is not installed beside this python (make sets it up)")
    done = subprocess.run([command, "list", "embedders"], text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    states = {line.split()[0]: line.split()[-1] for line in done.stdout.splitlines() if line and line[0] != " "}
    assert states["chance"] == states["logmel_stats"] == "ready", done.stdout


@pytest.mark.skipif(find_spec("mkdocs") is None, reason="mkdocs is not installed (extra docs)")
def test_pages_build_and_ask_no_other_server(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > len(DOCS)
    loads = re.compile(r"<(?:script|img|link|iframe)\b[^>]*(?:src|href)=[\"']?(?:https?:)?//", re.IGNORECASE)
    for page in pages:
        assert not loads.search(page.read_text(encoding="utf-8")), page.name
