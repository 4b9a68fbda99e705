"""params.yaml: read strictly, every mistake one clear line; `use` changes the suites and nothing else."""

from __future__ import annotations

import pytest

from benchmark import params
from benchmark.errors import ParamsError
from benchmark.params import EmbedderEntry, Params, Probe

GOOD = """\
# first comment
suites:   # which
  - demo
probe:
    mode:  none   # odd indentation
    heads: [lda, svc]

# before the rows
embedders:
  a: {}
  "b":
    like: a
    kwargs: {win: 400, name: 'x y'}
  # a comment between
  own_1: {factory: "my_package.my_module:MyEmbedder", weights: some/where.pt, libraries: [torch]}
# last comment
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(GOOD)
    return path


def test_a_good_file(file):
    found = params.load(file)
    assert found == Params(
        suites=["demo"],
        probe=Probe(mode="none", heads=["lda", "svc"]),
        embedders={
            "a": EmbedderEntry(),
            "b": EmbedderEntry(like="a", kwargs={"win": 400, "name": "x y"}),
            "own_1": EmbedderEntry(
                factory="my_package.my_module:MyEmbedder", weights="some/where.pt", libraries=["torch"]
            ),
        },
    )
    assert (found.probe.seed, found.probe.level) == (42, 0.95)


def test_the_file_of_the_project_is_good():
    found = params.load()
    assert found.suites == sorted(found.suites)
    assert found.embedders


ROWS = "suites: [demo]\nembedders:\n"

MISTAKES = {
    "unparsable": ("suites: [demo\nembedders: {a: {}}\n", r"cannot be parsed: .*line \d"),
    "tabs": ("suites:\n\t- demo\n", r"cannot be parsed: .*'\\t'"),
    "duplicate key": ("suites: [demo]\nsuites: [serab]\nembedders: {a: {}}\n", 'found duplicate key "suites"'),
    "duplicate embedder": (ROWS + "  a: {}\n  a: {}\n", 'found duplicate key "a"'),
    "python object": ("suites: !!python/object/apply:os.getcwd []\nembedders: {a: {}}\n", "cannot be parsed"),
    "empty": ("", r"found nothing, expected a mapping with 'suites' and 'embedders'"),
    "list": ("- demo\n", "found a list, expected a mapping"),
    "text": ("demo\n", "found text, expected a mapping"),
    "no suites": ("embedders: {a: {}}\n", "key 'suites' is missing"),
    "no embedders": ("suites: [demo]\n", "key 'embedders' is missing"),
    "empty suites": ("suites: []\nembedders: {a: {}}\n", "suites: found a list; .*at least 1"),
    "suites as text": ("suites: demo\nembedders: {a: {}}\n", "suites: found text; .*list"),
    "a number as suite": ("suites: [1]\nembedders: {a: {}}\n", r"suites\.0: found int 1; .*string"),
    "no rows": ("suites: [demo]\nembedders: {}\n", "embedders: found a mapping; .*at least 1"),
    "no rows in a list": ("suites: [demo]\nembedders: []\n", "found an empty list; expected a mapping"),
    "rows as a list": ("suites: [demo]\nembedders: [a, b]\n", r"embedders: found a list; expected a mapping.*a: \{\}"),
    "empty row": (ROWS + "  a:\n", r"embedder 'a' has no value; write 'a: \{\}'"),
    "row as text": (ROWS + "  a: byol\n", r"embedders\.a: found text"),
    "path as name": (ROWS + "  ../../x: {}\n", r"embedder name '\.\./\.\./x': expected small letters.*\[a-z\]"),
    "capital": (ROWS + "  Item: {}\n", "embedder name 'Item': expected small letters"),
    "reserved item": (ROWS + "  item: {}\n", r"embedder name 'item': .*none of \['item', 'key'\]"),
    "reserved key": (ROWS + "  key: {}\n", r"embedder name 'key': .*none of \['item', 'key'\]"),
    "newline in name": (ROWS + '  "a\\n": {}\n', r"embedder name 'a\\n': expected small letters"),
    "number as name": (ROWS + "  1: {}\n", r"embedders.*found int 1"),
    "unknown key in a row": (
        ROWS + "  a: {weight: x}\n",
        r"unknown key 'embedders\.a\.weight'; did you mean 'weights'\?",
    ),
    "unknown section": (
        "suits: [demo]\nsuites: [demo]\nembedders: {a: {}}\n",
        r"unknown key 'suits'; did you mean 'suites'\?",
    ),
    "unknown key in probe": (ROWS + "  a: {}\nprobe: {sed: 1}\n", r"unknown key 'probe\.sed'; did you mean 'seed'\?"),
    "unknown head": (ROWS + "  a: {}\nprobe: {heads: [lda, svm]}\n", r"probe\.heads\.1: found text.*'svc'"),
    "head twice": (ROWS + "  a: {}\nprobe: {heads: [lda, lda]}\n", "a head is named twice"),
    "unknown mode": (ROWS + "  a: {}\nprobe: {mode: gird}\n", r"probe\.mode: found text.*'grid'"),
    "seed as text": (ROWS + '  a: {}\nprobe: {seed: "1"}\n', r"probe\.seed: found text; .*integer"),
    "seed as bool": (ROWS + "  a: {}\nprobe: {seed: true}\n", r"probe\.seed: found bool True; .*integer"),
    "level of a percentage": (
        ROWS + "  a: {}\nprobe: {level: 95.0}\n",
        r"probe\.level: found float 95\.0; .*less than",
    ),
    "factory without class": (ROWS + "  a: {factory: my.module}\n", r"embedders\.a\.factory: found text"),
    "factory with a path": (ROWS + '  a: {factory: "../m.py:A"}\n', r"embedders\.a\.factory: found text"),
    "like and factory": (ROWS + '  a: {like: b, factory: "m:A"}\n', "has both 'like' and 'factory'"),
    "a date in kwargs": (
        ROWS + "  a: {kwargs: {since: 2020-01-01}}\n",
        r"a\.kwargs: found a mapping; expected finite num",
    ),
    "infinity in kwargs": (
        ROWS + "  a: {kwargs: {x: {y: .inf}}}\n",
        r"a\.kwargs: found a mapping; expected finite num",
    ),
    "kwargs as a list": (ROWS + "  a: {kwargs: [1]}\n", r"embedders\.a\.kwargs: found a list"),
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_clear_line(file, text, message):
    file.write_text(text)
    with pytest.raises(ParamsError, match=rf"^params\.yaml.*{message}") as caught:
        params.load(file)
    assert "\n" not in str(caught.value)
    assert str(file.parent) not in str(caught.value), "a machine's path says nothing to the reader"


def test_a_file_that_is_no_text(file):
    file.write_bytes(b"suites: [\xff\xfe]\n")
    with pytest.raises(ParamsError, match=r"params\.yaml cannot be parsed: .*utf-8"):
        params.load(file)


def test_an_absent_file(tmp_path):
    with pytest.raises(ParamsError, match=r"params\.yaml not found\. Run from the project's clone"):
        params.load(tmp_path / "params.yaml")


# -- use ------------------------------------------------------------------------------------------


def suites_of(text: str) -> str:
    """`GOOD` with another block under `suites:`."""
    return GOOD.replace("  - demo\n", text)


def test_use_changes_the_suites_only(file):
    params.set_suites(["serab", "demo", "serab"], file)
    assert file.read_text() == suites_of("  - demo\n  - serab\n")
    params.set_suites(["music_mood"], file)
    assert file.read_text() == suites_of("  - music_mood\n")


def test_use_keeps_the_comment_of_a_suite_that_stays(file):
    file.write_text(suites_of("  - demo   # small\n  - serab\n"))
    params.set_suites(["demo", "music_mood"], file)
    assert file.read_text() == suites_of("  - demo   # small\n  - music_mood\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("suites: [demo]  # c\nembedders: {a: {}}\n", "suites: [music_mood, serab]  # c\nembedders: {a: {}}\n"),
        ("suites:\n- demo\nembedders: {a: {}}\n", "suites:\n- music_mood\n- serab\nembedders: {a: {}}\n"),
        ("embedders: {a: {}}\nsuites:\n- demo", "embedders: {a: {}}\nsuites:\n- music_mood\n- serab\n"),
        ("embedders: {a: {}}\nsuites:\n- music_mood", "embedders: {a: {}}\nsuites:\n- music_mood\n- serab\n"),
        (
            "suites:\n  - demo\n  # why\n  - 'serab'\nembedders: {a: {}}\n",
            "suites:\n  - music_mood\n  - 'serab'\n  # why\nembedders: {a: {}}\n",
        ),
        ("suites:\n- demo\n- demo\nembedders: {a: {}}\n", "suites:\n- music_mood\n- serab\nembedders: {a: {}}\n"),
        ("suites:\n- serab\n- serab\nembedders: {a: {}}\n", "suites:\n- music_mood\n- serab\nembedders: {a: {}}\n"),
        (
            "suites: [demo,\n  serab]\nembedders: {a: {}}\n",
            "suites: [music_mood, serab]\nembedders: {a: {}}\n",
        ),
    ],
)
def test_use_writes_each_style_of_list(file, before, after):
    file.write_text(before)
    params.set_suites(["serab", "music_mood"], file)
    assert params.load(file).suites == ["music_mood", "serab"]
    assert file.read_text() == after


def test_use_of_the_same_suites_touches_nothing(file):
    before = file.stat()
    params.set_suites(["demo"], file)
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_use_leaves_a_broken_file_alone(file):
    file.write_text(GOOD + "extra: 1\n")
    with pytest.raises(ParamsError, match="unknown key 'extra'"):
        params.set_suites(["serab"], file)
    assert file.read_text() == GOOD + "extra: 1\n"
