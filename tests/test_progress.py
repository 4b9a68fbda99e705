"""What a person sees while work is under way."""

from __future__ import annotations

from benchmark import progress
from benchmark.progress import Rate, bar


def test_the_rate_counts_clips_and_audio_by_the_clock():
    now = [100.0]
    rate = Rate("clips", lambda: now[0])
    now[0] = 102.0
    assert rate.after(10, 30.0) == "5.0 clips/s, 15x real time"
    now[0] = 104.0
    assert rate.after(40, 1000.0) == "12.5 clips/s, 258x real time"
    assert Rate("heads", lambda: now[0]).after(0, 0.0) == "0.0 heads/s"


def test_what_was_done_before_is_no_part_of_the_rate(monkeypatch):
    shown = []
    monkeypatch.setattr(progress, "console", progress.Console(force_terminal=True, width=200, file=Lines(shown)))
    monkeypatch.setattr(Rate, "after", lambda self, count, seconds: f"rate after {count}")
    with bar("embed row on corpus", 70, "clips") as advance:
        advance(60, 200.0, reused=True)
        advance(10, 20.0)
    text = "".join(shown)
    assert "rate after 10" in text
    assert "rate after 60" not in text
    assert "70/70" in text
    assert "left" in text


def test_away_from_a_terminal_it_is_one_line(monkeypatch):
    shown = []
    monkeypatch.setattr(progress, "console", progress.Console(force_terminal=False, file=Lines(shown)))
    with bar("embed row on corpus", 70, "clips") as advance:
        advance(70, 200.0)
    assert "".join(shown) == "embed row on corpus: 70 clips\n"


class Lines:
    """A file that keeps what is written."""

    def __init__(self, kept):
        self.kept = kept

    def write(self, text):
        self.kept.append(text)

    def flush(self):
        pass
