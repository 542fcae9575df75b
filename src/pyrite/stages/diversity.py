"""Stage `diversity`: how varied the generated texts are, how close to the real ones, and how true to their labels.

Reads: `data/prepared/<task>.parquet`, `data/sources/<task>/<source>.parquet`, what its prompts showed
(`data/transcripts/<task>/<source>.jsonl`), the labels that an LLM gave blind and what people say of the texts
(`data/recordings/<task>/`), and in `metrics/prepare/<task>.json` whether MiniLM can tell such texts apart: else no
measure of embeddings is kept.
Writes: `metrics/diversity/<task>.json`, and `data/maps/<task>.parquet`: some texts of each set and their places.

The real training rows are cut at random into two halves. One is what every set is compared with; the other stands as
the set `real`, so that each measure has its real-against-real reference. Every set gives the same number of texts.
Measures that lengths or labels would decide are taken on subsets with the same lengths and labels.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pyrite import params
from pyrite.base import console, files, paths
from pyrite.data import sheets, texts, transcripts
from pyrite.measures import (
    clear_cut,
    coverage_gaps,
    embedding_diversity,
    filtering,
    giveaways,
    intervals,
    near_duplicates,
    reviews,
    shown_examples,
    telling_texts,
)
from pyrite.measures.clear_cut import ClearCut
from pyrite.measures.diversity import MEASURES, Texts
from pyrite.measures.filtering import Filtering
from pyrite.measures.intervals import Estimate
from pyrite.measures.reviews import Review
from pyrite.measures.shown_examples import Showings
from pyrite.results.diversity import Diversity, NearDuplicates, Scrutiny, SetDiversity
from pyrite.results.preparation import Preparation
from pyrite.training import encoder

SEED = 0

# With fewer texts of equal length and label than this, nothing is said about them.
LEAST_MATCHED = 30

# Real texts that sources are held against, word by word: more of them change nothing that is listed.
REAL_TEXTS = 20_000

BLIND = "MiniLM can't tell texts in this language apart"

# Texts of each set on the map.
MAP_TEXTS = 200


def run(task: str) -> None:
    """Measure the sets of a task and draw their map."""
    p = params.load()
    resamples = p.evaluate.resamples
    real = _load(texts.read(paths.prepared(task)))
    sets = {source: _load(texts.read(paths.source(task, source))) for source in p.sources}
    blind = len(real) > 0 and Preparation.load(task).blind
    if real.frame.empty:
        table, diversity = without_real(task, sets, resamples)
    else:
        table, diversity = beside_real(task, real, sets, resamples, p.generate.near_duplicate)
    if blind:
        table, diversity = table.head(0), unembedded(diversity)
        console.log.print(f"{task}: {BLIND}: measures of embeddings are left out")
    showings = {setting: transcripts.showings(paths.transcript(task, setting)) for setting in sets}
    embedded = {"repeats": None, "telling": None} if blind else {}
    scrutinised = {
        name: scrutiny.model_copy(update={"review": reviewed(task, name, sets[name], resamples), **embedded})
        for name, scrutiny in scrutinise(real, sets, showings).items()
    }
    diversity = diversity.model_copy(
        update={
            "clear_cut": labelled_blind(task, real, sets),
            "filtering": {} if blind else filtered(real, sets, resamples),
            "scrutiny": scrutinised,
        }
    )
    files.write(paths.text_map(task), lambda file: table.to_parquet(file, index=False))
    diversity.save(task)
    console.log.print(f"{task}: {len(sets)} generated sets measured, {diversity.texts:,} texts of each")


def _load(frame: pd.DataFrame) -> Texts:
    return Texts(frame, encoder.embed(frame["text"].tolist()))


def beside_real(
    task: str, real: Texts, sets: dict[str, Texts], resamples: int, near_duplicate: float
) -> tuple[pd.DataFrame, Diversity]:
    """The map and all measures of the real rows (with their splits) and of each generated set.

    Generated sets have lost their near duplicates (from that Jaccard similarity of words on), real rows have not.
    """
    rng = np.random.default_rng(SEED)
    train, test = real.of_split("train"), real.of_split("test")
    base, reference = (train.take(half) for half in np.array_split(rng.permutation(len(train)), 2))
    full = {name: corpus.take(rng.permutation(len(corpus))) for name, corpus in {"real": reference, **sets}.items()}
    usable = {name: corpus for name, corpus in full.items() if len(corpus) >= 2}
    n = min(map(len, [base, *usable.values()]))
    equal = {name: corpus.take(np.arange(n)) for name, corpus in usable.items()}
    matched_base, *matched = match([base, *usable.values()], rng)
    few = f"only {len(matched_base)} texts of each set have the same lengths and labels; {LEAST_MATCHED} are needed"
    compared = {
        "equal": (base.take(np.arange(n)), equal),
        "matched": (matched_base, dict(zip(usable, matched, strict=True))),
        # The classifier is held to real rows that it has not seen.
        "labelled": (train, {**equal, "real": test}),
    }
    measures: dict[str, dict[str, intervals.Estimate]] = {name: {} for name in usable}
    with console.progress() as view:
        # Each set's measures, and only then those of labels: random numbers are drawn in this order.
        steps = [(name, measure) for name in usable for measure in MEASURES if measure.on != "labelled"]
        steps += [(name, measure) for measure in MEASURES if measure.on == "labelled" for name in usable]
        for name, measure in view.track(steps, description="measuring texts"):
            of_real, of_sets = compared[measure.on]
            if measure.on == "matched" and len(matched_base) < LEAST_MATCHED:
                measures[name][measure.key] = Estimate.missing(few)
            else:
                measures[name][measure.key] = measure.estimate(of_sets[name], of_real, resamples, rng)
    table, shares = on_map({"real": train, **sets})
    return table, Diversity(
        task=task,
        texts=n,
        matched_texts=len(matched_base),
        near_duplicates=without_near_duplicates(full["real"], n, near_duplicate, resamples, rng),
        sets={
            name: SetDiversity(measures=measures[name]) if name in usable else _too_few(corpus)
            for name, corpus in full.items()
        },
        map_variance=shares,
        left_out={
            name: coverage_gaps.left_out(train.frame, train.vectors, corpus.vectors) for name, corpus in sets.items()
        },
    )


def unembedded(diversity: Diversity) -> Diversity:
    """Only what rests on words: the texts' embeddings say nothing."""
    gone = {measure.key: Estimate.missing(BLIND) for measure in MEASURES if measure.embedded}
    sets = {
        name: full.model_copy(update={"measures": {key: gone.get(key, value) for key, value in full.measures.items()}})
        for name, full in diversity.sets.items()
    }
    if near := diversity.near_duplicates:
        near = near.model_copy(update={"chamfer": Estimate.missing(BLIND)})
    return diversity.model_copy(update={"sets": sets, "near_duplicates": near, "left_out": {}})


def without_real(task: str, sets: dict[str, Texts], resamples: int) -> tuple[pd.DataFrame, Diversity]:
    """The map and the measures that need no real texts, of each generated set."""
    rng = np.random.default_rng(SEED)
    alone = [measure for measure in MEASURES if measure.alone]

    def of_set(corpus: Texts) -> SetDiversity:
        if len(corpus) < LEAST_MATCHED:
            return _too_few(corpus)
        return SetDiversity(
            measures={measure.key: measure.estimate(corpus, corpus, resamples, rng) for measure in alone}
        )

    table, shares = on_map(sets)
    most, measured = max(map(len, sets.values())), {name: of_set(corpus) for name, corpus in sets.items()}
    return table, Diversity(task=task, texts=most, sets=measured, map_variance=shares, left_out={})


def scrutinise(real: Texts, sets: Mapping[str, Texts], showings: Mapping[str, Showings]) -> dict[str, Scrutiny]:
    """What speaks against each source: what gives it away, what it repeats, and the texts that show it.

    A source of real texts, which an LLM labelled, has nothing to give away, and is left out.
    """
    sets, train = _not_real(sets, real), real.of_split("train")
    rng = np.random.default_rng(SEED)
    pool = real.take(texts.in_pool(real.frame).to_numpy())
    some = train.take(rng.permutation(len(train))[:REAL_TEXTS])
    given_away = giveaways.given_away(some.frame, {name: corpus.frame for name, corpus in sets.items()})
    return {
        name: Scrutiny(
            given_away=given_away[name],
            repeats=shown_examples.repeats(corpus, shown, pool, rng) if any(map(any, shown.values())) else None,
            telling=telling_texts.telling(corpus, train) if len(train) else None,
        )
        for name, corpus, shown in ((name, corpus, showings[name]) for name, corpus in sets.items())
    }


def filtered(real: Texts, sets: Mapping[str, Texts], resamples: int) -> dict[str, Filtering]:
    """What filtering each source by a checker would do. One of real texts is left out: the checker has learned them."""
    sets, train, test = _not_real(sets, real), real.of_split("train"), real.of_split("test")
    measured = {name: filtering.measure(corpus, train, test, resamples) for name, corpus in sets.items()}
    return {name: result for name, result in measured.items() if result}


def _not_real(sets: Mapping[str, Texts], real: Texts) -> dict[str, Texts]:
    real_ids = set(real.frame["id"])
    return {name: corpus for name, corpus in sets.items() if not real_ids.issuperset(corpus.frame["id"])}


def labelled_blind(task: str, real: Texts, sets: Mapping[str, Texts]) -> dict[str, ClearCut]:
    """How often an LLM that saw only a text gave it its own label, of real texts and of sources: where it was asked."""
    labelled = {"real": (paths.recorded_labels(task), real)}
    labelled |= {name: (paths.checked(task, name), corpus) for name, corpus in sets.items()}
    return {
        name: clear_cut.clear_cut(corpus.labels, dict(pair for _, pair in sheets.read(path, sheets.LABELS)))
        for name, (path, corpus) in labelled.items()
        if path.exists()
    }


def reviewed(task: str, name: str, corpus: Texts, resamples: int) -> Review | None:
    """What people say of the texts of a source; None where nobody has looked."""
    path = paths.reviewed(task, name)
    if not path.exists():
        return None
    answers = [(item, reviewer, answer) for _, (item, reviewer, answer) in sheets.read(path, sheets.REVIEWS)]
    return reviews.review(corpus.labels, answers, resamples, np.random.default_rng(SEED))


def _too_few(corpus: Texts) -> SetDiversity:
    return SetDiversity(measures={}, note=f"{len(corpus)} texts: too few to measure")


def without_near_duplicates(
    real: Texts, n: int, threshold: float, resamples: int, rng: np.random.Generator
) -> NearDuplicates:
    """What near duplicates do to the real reference: their share of n texts, and Chamfer of n texts without any."""
    # Twice as many texts as are needed, so that what is left out can be made up for.
    some = real.take(np.arange(min(2 * n, len(real))))
    repeat = near_duplicates.repeats(some.words, threshold)
    kept = some.take(~repeat)
    if len(kept) < n:
        chamfer = Estimate.missing(f"only {len(kept)} real texts are no near duplicates; {n} are needed")
    else:
        chamfer = intervals.of_mean(embedding_diversity.nearest_distances(kept.vectors[:n]), resamples, rng)
    return NearDuplicates(share=float(repeat[:n].mean()), chamfer=chamfer)


def on_map(sets: dict[str, Texts]) -> tuple[pd.DataFrame, tuple[float, float]]:
    """Some texts of each set with their place on a plane: those with the lowest ids, which is at random.

    Returns:
        The table (source, id, text, label, x, y), and the share of the variance that each of the two axes has.
    """
    n = min((len(corpus) for corpus in sets.values() if len(corpus)), default=0)
    # Each set has the same say in where the axes lie.
    equal = {name: corpus.take(np.argsort(corpus.frame["id"].to_numpy())[:n]) for name, corpus in sets.items()}
    places, shares = embedding_diversity.principal_plane(np.concatenate([corpus.vectors for corpus in equal.values()]))
    frame = pd.concat([corpus.frame.assign(source=name) for name, corpus in equal.items()], ignore_index=True)
    frame["x"], frame["y"] = places.T
    shown = frame.groupby("source", sort=False).head(MAP_TEXTS)
    return shown[["source", "id", "text", "label", "x", "y"]].reset_index(drop=True), shares


def match(sets: list[Texts], rng: np.random.Generator) -> list[Texts]:
    """Random subsets with the same number of texts of each label and length (word counts within about a fifth)."""
    strata = []
    for corpus in sets:
        lengths = np.round(4 * np.log2(corpus.frame["text"].map(texts.length).clip(lower=1))).astype(int)
        strata.append(pd.Series(list(zip(corpus.frame["label"], lengths, strict=True)), dtype=object))
    counts = pd.concat([stratum.value_counts() for stratum in strata], axis=1).dropna().min(axis=1).astype(int)
    subsets = []
    for corpus, stratum in zip(sets, strata, strict=True):
        shuffled = stratum.iloc[rng.permutation(len(stratum))]
        place = shuffled.groupby(shuffled, sort=False).cumcount()
        kept = shuffled.index[(place < shuffled.map(counts).fillna(0)).to_numpy()]
        subsets.append(corpus.take(np.sort(kept.to_numpy())))
    return subsets
