"""Files of a user's: their format and where they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyrite.base.errors import PyriteError
from pyrite.data import user_files


def test_a_name_that_no_card_can_hold_is_named(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv"))
    path.write_text("text,label\n", encoding="utf-8")
    with pytest.raises(PyriteError, match=r"caf\\udce9\.csv.*not UTF-8"):
        user_files.format_of(path)
