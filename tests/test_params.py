from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from pyrite import params
from pyrite.base import schema
from pyrite.base.errors import PyriteError


@pytest.mark.parametrize("name", [path.name for path in sorted((ROOT / "studies").glob("*.yaml"))])
def test_every_study_is_whole_and_so_is_what_it_has_as_an_example(name: str) -> None:
    text = (ROOT / "studies" / name).read_text(encoding="utf-8")
    # A source that is commented out: its name, and keys further in.
    with_examples = re.sub(r"(?m)^  # (  \w+: \S+|[a-z_]+:)$", r"  \1", text)
    for given in {text, with_examples}:
        study = schema.parse(given, Path(name), params.Params)
        assert ("attributed" in study.sources) == (given != text)


def test_every_key_of_the_shipped_params_has_a_comment() -> None:
    lines = (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()
    seen: set[str] = set()
    for before, line in itertools.pairwise(lines):
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", "- ")):
            continue
        key = stripped.partition(":")[0]
        # A section's own keys say what it is for; a key explained once need not be explained again.
        section = stripped.endswith(":") and key in {"generate", "train", "annotate", "evaluate", "compare", "mixes"}
        if not section and key != "method" and key not in seen:
            assert before.strip().startswith("#"), f"{key} has no comment above it"
        seen.add(key)


def test_the_shipped_params_are_in_block_style() -> None:
    # `dvc exp run -S` rewrites flow style as block style: the file would change under the user's hands.
    nodes = [yaml.compose((ROOT / "params.yaml").read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.CollectionNode):
            assert not node.flow_style, f"line {node.start_mark.line + 1}"
        if isinstance(node, yaml.MappingNode):
            nodes += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("per_label: 100", "per_lable: 100", ["sources.zero_shot", "per_lable", "per_label"]),
        ("per_label: 100", "per_label: many", ["sources.zero_shot", "per_label", "integer"]),
        ("per_label: 100", "per_label: 0", ["sources.zero_shot", "per_label", "greater than 0"]),
        ("items: 100", "items: -1", ["annotate.items", "greater than or equal to 0"]),
        ("steps: 60", "steps: 1.5", ["train.classifiers.minilm.steps", "integer"]),
        ("method: tfidf", "method: magic", ["train.classifiers.tfidf", "magic"]),
        ("- pool+few_shot", "- pool+many_shot", ["train.classifiers.probe.mixes", "unknown source 'many_shot'"]),
        ("- real@50", "- real@-5", ["train.classifiers.probe.mixes", "real@-5"]),
        ("- real@50", "- real@100", ["train.classifiers.probe.mixes", "twice"]),
        (
            "    - few_shot\n    - zero_shot\n  # Macro",
            "    - many_shot\n  # Macro",
            ["compare.candidates", "many_shot", "few_shot"],
        ),
        ("classifier: probe", "classifier: bert", ["compare.classifier", "bert", "minilm"]),
        ("    - 2\n", "    - 1\n", ["train.seeds", "twice"]),
        ("folds: auto", "folds: 1", ["train.folds", "from 2 on"]),
        ("folds: auto", "folds: some", ["train.folds", "'some'", "auto, none"]),
        ("  classifiers:", "  encoders:", ["train", "'encoders' is now called 'classifiers'"]),
        ("  classifier: probe", "  encoder: probe", ["compare", "'encoder' is now called 'classifier'"]),
    ],
)
def test_a_wrong_value_is_named_with_its_place(project: Path, old: str, new: str, words: list[str]) -> None:
    shipped = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert old in shipped
    (project / "params.yaml").write_text(shipped.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PyriteError) as caught:
        params.load()
    assert str(caught.value).startswith("params.yaml:")
    for word in words:
        assert word in str(caught.value)
