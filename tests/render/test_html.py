"""HTML, read back with the standard parser: self-contained, escaped, complete."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from benchmark.board import Leaderboard
from benchmark.cell import NotRun
from benchmark.leaderboard import build_leaderboard
from benchmark.render.html import html
from tasks.base import Suite

VOID = {"meta", "wbr", "path", "circle"}


class Page(HTMLParser):
    """Texts of header and data cells, every tag with its attributes, and whether tags nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.cells: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")
        if tag == "script":
            self.scripts.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif "td" in self.open or "th" in self.open:
            self.cells[-1] += data


@pytest.fixture
def page(rich_board: Leaderboard) -> Page:
    return Page(html(rich_board))


def test_tags_nest_and_scores_are_there(page: Page):
    assert page.open == []
    texts = [" ".join(cell.split()) for cell in page.cells]
    assert "88.1 [83.1, 93.1]" in texts
    assert "90.5" in texts
    assert "svc 3, lda 2" in texts
    assert {"not run", "failed", "missing"} <= set(texts)


def test_hostile_name_is_text_and_the_only_script_is_ours(page: Page, rich_board: Leaderboard):
    assert len(page.scripts) == 1
    assert "alert" not in page.scripts[0]
    assert any(cell.strip() == "<script>alert(1)</script>" for cell in page.cells)
    digest = base64.b64encode(hashlib.sha256(page.scripts[0].encode()).digest()).decode()
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert f"script-src 'sha256-{digest}'" in policy


def test_hostile_attributes_stay_inside_their_quotes(three_tasks, make_board):
    name = '" onmouseover="alert(1)'
    bad = NotRun(task="demo_speech", state="failed", reason="'\"><img src=x onerror=alert(2)>")
    page = Page(html(make_board({name: {"demo_speech": bad}}, {"demo_speech": three_tasks["demo_speech"]})))
    assert not any(key.startswith("on") for _, attrs in page.tags for key in attrs)
    assert not any(tag == "img" for tag, _ in page.tags)


def test_page_asks_nothing_of_the_net(page: Page, rich_board: Leaderboard):
    assert not [tag for tag, attrs in page.tags if {"src", "href"} & set(attrs) or tag in ("link", "iframe", "img")]
    assert not re.search(r"url\(|@import|https?://", html(rich_board))


def test_sort_keys_are_unrounded_and_absent_has_none(page: Page):
    keys = [attrs.get("data-value") for tag, attrs in page.tags if tag == "td" and "task" in str(attrs.get("class"))]
    assert "0.70667" in keys
    assert keys.count(None) == 3


def test_details_tell_the_protocol_and_the_source(rich_board: Leaderboard):
    text = html(rich_board)
    for part in (
        "Someone et al. (2005), A corpus &amp; more",
        "CC BY 4.0",
        "predefined parts",
        "transductive",
        "oracle: best head on test — how the paper reports, not our score",
        "(not the official set)",
    ):
        assert part in text


def test_a_note_is_said_once_and_names_its_rows_unless_all_have_it(three_tasks, make_cell):
    task = three_tasks["emodb_serab"]
    suite = Suite(name="s", title="S", version=1, tasks=(task.name,))
    notes = {"a": ["shared", "only <a>"], "b": ["shared"]}
    cells = {(name, task.name): make_cell(name, task, 0.5, notes=said) for name, said in notes.items()}
    text = html(build_leaderboard(suite, three_tasks, cells, {}, ["a", "b"]))
    assert re.findall(r'<p class="muted note">(.*?)</p>', text) == ["shared", "only &lt;a&gt; (a)"]


def test_an_empty_board_is_still_a_page(three_tasks, make_board):
    assert Page(html(make_board({}, three_tasks))).open == []
