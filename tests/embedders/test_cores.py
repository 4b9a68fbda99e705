"""Parts of a small network's work side by side: order, threads, flags, and how far ahead parts are taken."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

torch = pytest.importorskip("torch")

from embedders.cores import side_by_side  # noqa: E402


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def flags() -> tuple[bool, ...]:
    cudnn = torch.backends.cudnn
    return cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32


def test_answers_in_order_though_later_parts_end_first() -> None:
    later = threading.Event()

    def compute(part: int) -> int:
        if part == 0:
            assert later.wait(60)
        if part == 1:
            later.set()
        return part * 10

    assert side_by_side(compute, range(9), "cpu") == [part * 10 for part in range(9)]


def test_a_part_has_one_thread_and_as_many_are_under_way_as_torch_had() -> None:
    together = threading.Barrier(3)

    def compute(_: int) -> int:
        together.wait(60)  # passes only with three at once
        return torch.get_num_threads()

    assert side_by_side(compute, range(6), "cpu") == [1] * 6
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize(("parts", "device"), [(1, "cpu"), (4, "cuda")])
def test_one_part_and_a_gpu_keep_all_threads_in_this_thread(parts: int, device: str) -> None:
    def compute(_: int) -> tuple[int, threading.Thread]:
        return torch.get_num_threads(), threading.current_thread()

    assert side_by_side(compute, range(parts), device) == [(3, threading.current_thread())] * parts


def test_none() -> None:
    assert side_by_side(lambda part: part, [], "cpu") == []


def test_state_is_put_back_where_parts_enter_exact_arithmetic_at_once_or_raise() -> None:
    from embedders.torch_common import exact

    before, overlapping = flags(), threading.Barrier(3)

    def compute(part: int) -> None:
        with exact():
            overlapping.wait(60)
            inside = flags()
        overlapping.wait(60)
        assert inside == flags() == (True, False, True, False)
        if part == 2:
            raise ArithmeticError("part 2")

    with pytest.raises(ArithmeticError, match="part 2"):
        side_by_side(compute, range(3), "cpu")
    assert torch.get_num_threads() == 3
    assert flags() == before


def test_parts_are_taken_a_few_ahead() -> None:
    taken: list[int] = []
    ended: list[int] = []
    ahead: list[int] = []

    def parts() -> Iterator[int]:
        for part in range(50):
            taken.append(part)
            ahead.append(len(taken) - len(ended))
            yield part

    side_by_side(lambda part: ended.append(part), parts(), "cpu")
    assert len(ended) == 50
    assert max(ahead) <= 2 * 3 + 3 + 2


def test_callers_in_two_threads_each_have_all_cores_and_leave_the_process_as_it_was() -> None:
    before, begun, first_ended = flags(), threading.Barrier(2), threading.Event()
    seen: dict[str, tuple[object, ...]] = {}

    def call(name: str) -> None:
        torch.set_num_threads(3)
        together = threading.Barrier(3)

        def compute(part: int) -> int:
            together.wait(60)
            if part == 0:
                begun.wait(60)
                assert name == "first" or first_ended.wait(60)
            return torch.get_num_threads()

        seen[name] = (side_by_side(compute, range(3), "cpu"), torch.get_num_threads())
        if name == "first":
            seen["meanwhile"] = flags()
            first_ended.set()

    callers = [threading.Thread(target=call, args=(name,)) for name in ("first", "second")]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(120)
    assert seen == {
        "first": ([1, 1, 1], 3),
        "second": ([1, 1, 1], 3),
        "meanwhile": (True, False, True, False),  # the second is not through
    }
    assert flags() == before
    new: list[int] = []
    thread = threading.Thread(target=lambda: new.append(torch.get_num_threads()))
    thread.start()
    thread.join(60)
    assert new == [3]
