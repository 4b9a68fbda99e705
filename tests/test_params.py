"""params.yaml: read strictly, every mistake one clear line; `use` changes the suites and nothing else."""

from __future__ import annotations

import time

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
    "text": ("demo\n", "found text 'demo', expected a mapping"),
    "no suites": ("embedders: {a: {}}\n", "key 'suites' is missing"),
    "no embedders": ("suites: [demo]\n", "key 'embedders' is missing"),
    "empty suites": ("suites: []\nembedders: {a: {}}\n", "suites: found a list; expected at least one"),
    "suites as text": (
        "suites: demo\nembedders: {a: {}}\n",
        r"suites: found text 'demo'; expected a list, such as \[demo\]",
    ),
    "a number as suite": (
        "suites: [1]\nembedders: {a: {}}\n",
        r"suites\.0: found int 1; expected text: put 1 into quotes",
    ),
    "no rows": ("suites: [demo]\nembedders: {}\n", "embedders: found a mapping; expected at least one"),
    "no rows in a list": ("suites: [demo]\nembedders: []\n", "found a list; expected a mapping, one entry a row"),
    "rows as a list": ("suites: [demo]\nembedders: [a, b]\n", r"embedders: found a list; expected a mapping.*a: \{\}"),
    "rows as a list of mappings": (
        "suites: [demo]\nembedders:\n  - a: {like: b}\n  - c: {}\n",
        r"embedders: found a list; .*, one entry a row: write 'a:' without '- ' before it",
    ),
    "empty row": (ROWS + "  a:\n", r"'a' has no value; write 'a: \{\}'"),
    "row as text": (ROWS + "  a: byol\n", r"embedders\.a: found text 'byol'; expected a mapping"),
    "path as name": (ROWS + "  ../../x: {}\n", r"embedder name '\.\./\.\./x': expected small letters.*\[a-z\]"),
    "capital": (ROWS + "  Item: {}\n", "embedder name 'Item': expected small letters"),
    "reserved item": (ROWS + "  item: {}\n", r"embedder name 'item': .*none of \['item', 'key'\]"),
    "reserved key": (ROWS + "  key: {}\n", r"embedder name 'key': .*none of \['item', 'key'\]"),
    "newline in name": (ROWS + '  "a\\n": {}\n', r"embedder name 'a\\n': expected small letters"),
    "number as name": (ROWS + "  1: {}\n", "embedder name 1: expected small letters"),
    "empty name": (ROWS + '  "": {}\n', "embedder name '': expected small letters"),
    "a dash in a name": (ROWS + "  My-Model: {}\n", "embedder name 'My-Model': expected .*; write 'my_model'"),
    "unknown key in a row": (
        ROWS + "  a: {weight: x}\n",
        r"unknown key 'embedders\.a\.weight'; did you mean 'weights'\?",
    ),
    "unknown section": (
        "suits: [demo]\nsuites: [demo]\nembedders: {a: {}}\n",
        r"unknown key 'suits'; did you mean 'suites'\?",
    ),
    "unknown key in probe": (ROWS + "  a: {}\nprobe: {sed: 1}\n", r"unknown key 'probe\.sed'; did you mean 'seed'\?"),
    "unknown head": (
        ROWS + "  a: {}\nprobe: {heads: [lda, svm]}\n",
        r"probe\.heads\.1: found text 'svm'; did you mean 'svc'\? expected 'lda'",
    ),
    "head twice": (
        ROWS + "  a: {}\nprobe: {heads: [lda, lda]}\n",
        r"found lda more than once in \['lda', 'lda'\]; expected each head once",
    ),
    "unknown mode": (
        ROWS + "  a: {}\nprobe: {mode: gird}\n",
        r"probe\.mode: found text 'gird'; did you mean 'grid'\? expected 'grid' or 'none'",
    ),
    "seed as text": (
        ROWS + '  a: {}\nprobe: {seed: "1"}\n',
        r"probe\.seed: found text '1'; expected a whole number, without quotes",
    ),
    "seed as bool": (ROWS + "  a: {}\nprobe: {seed: true}\n", r"probe\.seed: found bool True; expected a whole number"),
    "level of a percentage": (
        ROWS + "  a: {}\nprobe: {level: 95.0}\n",
        r"probe\.level: found float 95\.0; .*less than",
    ),
    "factory without class": (
        ROWS + "  a: {factory: my.module}\n",
        r"embedders\.a\.factory: found '.*'; expected 'module:Class', such as",
    ),
    "factory with a path": (
        ROWS + '  a: {factory: "../m.py:A"}\n',
        r"embedders\.a\.factory: found '.*'; expected 'module:Class', such as",
    ),
    "like and factory": (ROWS + '  a: {like: b, factory: "m:A"}\n', "has both 'like' and 'factory'"),
    "a date in kwargs": (
        ROWS + "  a: {kwargs: {since: 2020-01-01}}\n",
        r"a\.kwargs: found datetime.date\(2020, 1, 1\) for 'since'; expected finite numbers",
    ),
    "infinity in kwargs": (
        ROWS + "  a: {kwargs: {x: {y: .inf}}}\n",
        r"a\.kwargs: found \{'y': inf\} for 'x'; expected finite numbers",
    ),
    "a number as a key inside kwargs": (
        ROWS + "  a: {kwargs: {n: 1, x: [{1: 2}]}}\n",
        r"a\.kwargs: found \[\{1: 2\}\] for 'x'; expected text for every key",
    ),
    "a name without end": (ROWS + f"  {'a' * 101}: {{}}\n", r"found 101 characters, expected at most 100"),
    "factory with a newline": (ROWS + '  a: {factory: "m:A\\n"}\n', "expected 'module:Class'"),
    "a library with its version": (
        ROWS + '  a: {libraries: ["torch>=2"]}\n',
        "found 'torch>=2'; expected names of inst",
    ),
    "a library without a name": (ROWS + '  a: {libraries: [""]}\n', "found ''; expected names of installed"),
    "several at once": (ROWS + "  a: {}\nprobe: {seed: -1, level: 2}\n", "probe.seed: .*; probe.level: .*"),
    "nothing in a section": (ROWS + "  a: {}\nprobe:\n", "probe: found nothing; expected a mapping"),
    "version as text": (ROWS + '  a: {}\nversion: "1"\n', "version: found text '1'; expected a whole number"),
    "version 0": (ROWS + "  a: {}\nversion: 0\n", "version: found int 0; expected greater than or equal to 1"),
    "two documents": (ROWS + "  a: {}\n---\nb: 1\n", "line 4, column 1: but found another document"),
    "an alias of nothing": (ROWS + "  a: *b\n", "line 3, column 6: found undefined alias 'b'"),
    "a control character": (ROWS + "  a: {}\x00\n", "found the character 0x00 at place 34, expected printable text"),
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
    file.write_bytes(b"probe: {}\nsuites: [\xff\xfe]\n")
    with pytest.raises(
        ParamsError, match=r"params\.yaml cannot be parsed: line 2 holds the byte 0xff, expected text in UTF-8"
    ):
        params.load(file)


def test_an_absent_file(tmp_path):
    with pytest.raises(ParamsError, match=r"params\.yaml not found\. Run from the project's clone"):
        params.load(tmp_path / "params.yaml")


def test_the_version_comes_before_all_else(file):
    """A newer file may hold what is not known here; that must not be what is told."""
    file.write_text(GOOD + "version: 1\n")
    assert params.load(file).version == 1
    for newer in ("version: 2\n", "version: 2\nsurprise: {}\n"):
        file.write_text(GOOD.replace("probe:", "prober:") + newer)
        with pytest.raises(
            ParamsError, match=r"is of version 2, this moodbench reads up to 1\. Update moodbench"
        ) as caught:
            params.load(file)
        assert "unknown key" not in str(caught.value)


def laughs(levels: int, merge: bool) -> str:
    """Ten to the power of `levels` values in a few lines, as a list in a list or as a merged mapping."""
    text, last = "a0: &a0 {k: 1}\n", "a0"
    for level in range(1, levels + 1):
        aliases = ", ".join([f"*{last}"] * 10)
        last = f"a{level}"
        text += f"{last}: &{last} " + (f"{{<<: [{aliases}]}}\n" if merge else f"[{aliases}]\n")
    return text


@pytest.mark.parametrize("merge", [False, True], ids=["lists", "merged"])
def test_aliases_that_explode_are_refused_before_they_are_written_out(file, merge):
    file.write_text(GOOD + laughs(30, merge))
    begun = time.monotonic()
    with pytest.raises(ParamsError, match=r"its aliases \(\*\) stand for [\d,]{30,} values, expected at most 10,000"):
        params.load(file)
    assert time.monotonic() - begun < 5


def test_an_alias_of_itself(file):
    file.write_text(ROWS + "  a: {kwargs: &k {x: [*k]}}\n")
    with pytest.raises(ParamsError, match=r"an alias \(\*\) stands inside of what it names"):
        params.load(file)


def test_nesting_without_end(file):
    file.write_text(ROWS + "  a: {kwargs: {x: " + "[" * 5000 + "]" * 5000 + "}}\n")
    with pytest.raises(ParamsError, match="is nested too deeply"):
        params.load(file)


def test_anchors_for_a_person_are_no_bomb(file):
    rows = "  a: &own {like: byol_s_512, kwargs: {win_length: 1024}}\n  b: *own\n  c: {<<: *own, kwargs: {d: 512}}\n"
    file.write_text(ROWS + rows)
    found = params.load(file).embedders
    assert found["a"] == found["b"]
    assert found["c"] == EmbedderEntry(like="byol_s_512", kwargs={"d": 512})


def test_a_byte_order_mark_and_other_line_ends_are_read(file):
    expected = params.load(file)
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert params.load(file) == expected


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


@pytest.mark.parametrize(
    "text",
    [
        '"suites": [demo]\nembedders: {a: {}}\n',
        "suites: [demo, # ] why\n  serab]\nembedders: {a: {}}\n",
        "{suites: [demo], embedders: {a: {}}}\n",
        "suites: &mine [demo]\nembedders: {a: {}}\n",
    ],
)
def test_use_that_cannot_rewrite_says_so_and_writes_nothing(file, text):
    file.write_text(text)
    with pytest.raises(ParamsError, match=r"cannot be changed here.*by hand: suites: \[music_mood, serab\]"):
        params.set_suites(["serab", "music_mood"], file)
    assert file.read_text() == text


def test_use_keeps_line_ends(file):
    file.write_bytes(GOOD.replace("\n", "\r\n").encode())
    params.set_suites(["demo", "serab"], file)
    assert file.read_bytes() == suites_of("  - demo\n  - serab\n").replace("\n", "\r\n").encode()
