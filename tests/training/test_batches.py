from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.base.errors import PyriteError
from pyrite.training import batches
from pyrite.training.batches import Padder, Tokens

LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=60).map(np.array)


def test_tokens_are_taken_in_the_order_asked_for() -> None:
    tokens = Tokens.of([[5, 6, 7], [8], [9, 10]], [True, False, False])
    taken = tokens[[2, 0]]
    assert taken.ids.tolist() == [9, 10, 5, 6, 7]
    assert taken.lengths.tolist() == [2, 3]
    assert taken.truncated.tolist() == [False, True]
    assert len(tokens[[]]) == 0


def test_padding_is_masked() -> None:
    pad = Padder(Tokens.of([[1, 2], [5, 6, 7], [8]]), pad_id=9)
    batch = pad([1, 2])
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 9, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]


@given(LENGTHS, st.integers(1, 40), st.integers(0, 3))
def test_an_epoch_has_every_row_once(lengths: np.ndarray, rows: int, seed: int) -> None:
    endless = batches.steps(lengths, rows, seed)
    for _ in range(3):
        seen: list[int] = []
        while len(seen) < len(lengths):
            batch = next(endless)
            assert batch == sorted(batch, key=lambda i: -lengths[i])
            seen += batch
        assert sorted(seen) == list(range(len(lengths)))


def padding_share(lengths: np.ndarray, rows: int, worth: int = 64) -> float:
    endless = batches.steps(lengths, rows, seed=0)
    todo = [part for batch in itertools.islice(endless, 100) for part in batches.parts(batch, lengths, worth, 2**62)]
    return 1 - sum(lengths[part].sum() for part in todo) / sum(len(part) * lengths[part].max() for part in todo)


def test_a_step_has_about_as_many_rows_and_tokens_as_any_other_and_little_padding() -> None:
    # Lengths of one-sentence texts, with the long tail that they have.
    lengths = np.clip(np.random.default_rng(0).lognormal(2.6, 0.45, 700).astype(int), 4, 70)
    steps = list(itertools.islice(batches.steps(lengths, 32, seed=0), 220))
    assert np.mean([len(step) for step in steps]) == pytest.approx(32, rel=0.01)
    tokens = np.array([lengths[step].sum() for step in steps])
    assert tokens.std() / tokens.mean() < 0.1
    assert padding_share(lengths, 32) < 0.05


def test_the_order_of_batches_depends_on_the_seed_and_the_epoch() -> None:
    lengths = np.random.default_rng(0).integers(4, 40, 100)
    steps, again, other = (list(itertools.islice(batches.steps(lengths, 8, seed), 24)) for seed in (0, 0, 1))
    assert steps == again != other
    assert steps[:12] != steps[12:]


@given(LENGTHS, st.integers(0, 50), st.integers(1, 300))
def test_parts_are_the_batch_within_the_budget(lengths: np.ndarray, worth: int, budget: int) -> None:
    batch = np.argsort(-lengths, kind="stable").tolist()
    parts = batches.parts(batch, lengths, worth, budget)
    assert [i for part in parts for i in part] == batch
    for part in parts:
        assert len(part) == 1 or len(part) * lengths[part].max() <= budget
        # No single cut that is left would save more padding than it costs.
        cuts = [(lengths[part[0]] - lengths[part[i]]) * (len(part) - i) for i in range(1, len(part))]
        assert max(cuts, default=0) <= worth


def test_parts_save_padding_only_where_it_is_worth_a_pass() -> None:
    lengths = np.array([40, 10, 10, 10])
    assert batches.parts([0, 1, 2, 3], lengths, 89, 1000) == [[0], [1, 2, 3]]
    assert batches.parts([0, 1, 2, 3], lengths, 90, 1000) == [[0, 1, 2, 3]]


@given(st.lists(st.integers(1, 40), max_size=60).map(lambda n: np.array(n, dtype=int)), st.integers(1, 200))
def test_batches_by_length_hold_every_text_once_within_the_budget(lengths: np.ndarray, budget: int) -> None:
    by_length = list(batches.by_length(lengths, budget))
    assert sorted(i for batch in by_length for i in batch) == list(range(len(lengths)))
    for batch in by_length:
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= budget
    longest = [lengths[batch].max() for batch in by_length]
    assert longest == sorted(longest, reverse=True)


def test_the_budget_is_halved_until_memory_suffices(capsys: pytest.CaptureFixture[str]) -> None:
    tried = []

    def run(budget: int) -> str:
        tried.append(budget)
        if budget > 300:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20 GiB")
        return "done"

    assert batches.within_memory(1000, 10, run) == ("done", 250)
    assert tried == [1000, 500, 250]
    assert "out of memory: going on with at most 500 tokens at once" in capsys.readouterr().err


def test_other_errors_and_a_text_that_does_not_fit_alone_are_not_tried_again() -> None:
    def wrong(budget: int) -> None:
        raise RuntimeError("shapes do not match")

    def small(budget: int) -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 20 GiB")

    with pytest.raises(RuntimeError, match="shapes"):
        batches.within_memory(1000, 10, wrong)
    with pytest.raises(PyriteError, match="out of memory with a single text of 300 tokens"):
        batches.within_memory(1000, 300, small)
