"""Put the result of the last run into README.md, between its markers: `python docs/make_readme.py`."""

from __future__ import annotations

from contextlib import chdir

from blocks import ROOT, put, rewrite

from pyrite.results import options, statements, tables
from pyrite.results.page import advice, remarks, report_tables
from pyrite.results.page.findings import Verdict, typographic
from pyrite.results.study import Study


def block() -> str:
    """The advice, the options, the table of mixes with its note, and what was dropped, from the metrics."""
    with chdir(ROOT):
        study = Study.load()
    (task, *_), (case, *_) = study.scored, study.cases
    verdict, table = Verdict.of(case, advice.kind(study.params, task.comparison.candidate)), tables.of_task(task)
    answer = f"**{verdict.advice}** {verdict.headline} {verdict.sentence}"
    compared = report_tables.options(options.of(study), study.params, task.comparison.classifier).markdown().strip()
    mixes = tables.Table(table.columns, table.rows).markdown().strip()
    between = " ".join([statements.at_equal_size(case), *options.between(study)])
    return typographic("\n\n".join([answer, compared, between, mixes, table.notes, remarks.too_like(task.generated)]))


def filled(readme: str) -> str:
    """The README with the result of the metrics between its markers."""
    return put(readme, {"result": block()})


if __name__ == "__main__":
    rewrite("README.md", filled)
