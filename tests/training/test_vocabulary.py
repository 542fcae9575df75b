from __future__ import annotations

import pytest

from pyrite.training.batches import Tokens
from pyrite.training.vocabulary import Vocabulary


@pytest.mark.parametrize("pad_id", [0, 1, 3])
def test_padding_keeps_its_number(pad_id: int) -> None:
    vocabulary = Vocabulary(pad_id, Tokens.of([[9, 7]]), Tokens.of([[5]]))
    assert vocabulary.used.tolist() == [*range(pad_id + 1), 5, 7, 9]
    assert vocabulary.renumber(Tokens.of([[7, pad_id]])).ids.tolist() == [pad_id + 2, pad_id]
