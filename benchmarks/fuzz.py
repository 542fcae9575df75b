"""Is there an input that makes Pyrite crash or hang?

    python benchmarks/fuzz.py [--inputs 210000] [--targets answers csv ...] [--seed 0] [--write]

Everything that Pyrite reads from others, with inputs that hypothesis makes of the pieces that such files have, broken
in all ways: what endpoints send and LLMs say, cards and other YAML, raw data, recordings and the Batch API's files, and
the words that the report shows. An input may be read or be refused with a PyriteError of one line; any other exception,
or more than `LONGEST` seconds of computing, ends the run with the smallest such input. `tests/test_fuzz.py` runs a few
inputs of each. `--write` puts the counts into benchmarks/results/fuzz.json.
"""

from __future__ import annotations

import argparse
import asyncio
import atexit
import gzip
import io
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pyarrow import parquet

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/stages")]

from test_report import Page, Study

from pyrite import params
from pyrite.base import files, paths, schema
from pyrite.base.errors import PyriteError
from pyrite.commands import batch, new
from pyrite.data import cards, fields, formats, profile, sheets, texts, transcripts
from pyrite.llm import choices, client, conversations, failures, generation, parsing, replies
from pyrite.llm import prompts as ways
from pyrite.llm.failures import Failure
from pyrite.results.page import rendering
from pyrite.stages import report

LONGEST = 5.0


@dataclass(frozen=True)
class Target:
    """Something that reads: how many of all inputs it gets, what they are, and what became of one, in a word.

    `check` raises PyriteError for what it refuses.
    """

    share: int
    inputs: SearchStrategy[Any]
    check: Callable[[Any], str]


# Inputs

ODD = ["\x00", "\x1b[31m", "\u2028", "\x85", "\ufeff", "\u202e", "\ud800", "é", "𝒳", "9" * 5000]
ODD += [" ", "\n", "\r\n", "\t"]


def of(*pieces: str) -> SearchStrategy[str]:
    """Texts of these pieces, odd signs and any text between."""
    piece = st.sampled_from([*pieces, *ODD]) | st.text(max_size=6)
    return st.lists(piece, max_size=25).map("".join)


def bytes_of(*pieces: str) -> SearchStrategy[bytes]:
    """The same as bytes, of which some are no UTF-8."""
    encoded = of(*pieces).map(lambda text: text.encode("utf-8", "surrogatepass"))
    return st.lists(encoded | st.binary(max_size=4), max_size=4).map(b"".join)


def edits_of(source: str, *pieces: str) -> SearchStrategy[str]:
    """A text with a few stretches replaced by pieces, odd signs, other stretches of it or nothing."""
    place = st.integers(0, len(source))
    stretch = st.tuples(place, st.integers(0, 60)).map(lambda at: source[at[0] : at[0] + at[1]])
    new = st.sampled_from([*pieces, *ODD, ""]) | st.text(max_size=4) | stretch
    edit = st.tuples(place, st.integers(0, 30), new)

    def made(edits: list[tuple[int, int, str]]) -> str:
        text = source
        for at, length, put in edits:
            text = text[:at] + put + text[at + length :]
        return text

    return st.lists(edit, max_size=4).map(made)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
JSON = VALUES.map(json.dumps)
SYNTAX = ["[", "]", "{", "}", '"', ",", ":", "\\", "\\u", "\\ud800", "null", "-", "1e999", "[" * 2000, '{"a":' * 2000]
TALK = ["```", "```json\n", "1. ", "2) ", "- ", "• ", "I'm sorry", '"name"', '"values"', '"texts"', "A", "B", "Task "]
ERRORS = ["insufficient_quota", "content_filter", "context length", "try again in 2s", "<title>", '"error"', "data: "]
WAITING = ["Retry-After", "retry-after-ms", "x-ratelimit-reset-tokens", "Location"]
FRIDAY = "Fri, 27 Nov 2026 10:00:00 GMT"
YAML = ["- ", ": ", "? ", "&a ", "*a", "<<: ", "| ", "#", "~", "1_000", "0o8", ".inf", ".nan", "---\n", "%YAML 9\n"]
YAML += ["2026-99-99", "[a, b]: c", "{a: b}: c", "!!python/object:os.system "]
YAML += [f"!!{kind} " for kind in ("int", "float", "bool", "timestamp", "binary", "set", "omap", "pairs", "str")]

KEY = "sk-a+key/that-nobody-may-see=="
MANY = 50
FRAGMENTS = [text.encode("utf-8", "surrogatepass") for text in (*ERRORS, *SYNTAX, *ODD, KEY, "")]
MESSAGES = [{"role": "user", "content": "Write."}]

# Targets


def answer(text: str) -> str:
    texts, attributes = parsing.texts(text), parsing.attributes(text)
    labels = choices.of_texts(text, 3, ["a", "b", "1", "-"])
    choice = choices.of_two(text, "one", "other")
    assert len(labels) == 3
    json.dumps([texts, attributes, labels], ensure_ascii=False).encode("utf-8")
    parts = {"texts": texts, "attributes": attributes, "labels": any(labels), "choice": choice}
    what = [name for name, value in parts.items() if value]
    return what[0] if what else "refusal" if parsing.is_refusal(text) else "nothing"


def response(sent: tuple[int, dict[str, str], bytes]) -> str:
    """What an endpoint sends, as far as HTTP has read it: status, headers and body."""
    status, headers, body = sent
    os.environ["OPENAI_API_KEY"] = KEY
    try:
        if status != 200:
            raise failures.of_response(status, headers, body)
        replies.read_response(body, "m", MESSAGES)
    except Failure as failure:
        assert "\n" not in failure.reason, failure.reason
        assert KEY not in failure.reason, failure.reason
        return failure.then.name.lower()
    return "read"


def damaged(number: int) -> str:
    """`MANY` responses that differ from whole ones in a few bytes, drawn by the number: hypothesis would take long."""
    rng, became = random.Random(number), ""
    for _ in range(MANY):
        body = bytearray(rng.choice(whole_responses()))
        for _ in range(rng.randint(0, 4)):
            at = rng.randrange(len(body) + 1)
            body[at : at + rng.randint(0, 12)] = rng.choice(FRAGMENTS) or rng.randbytes(rng.randint(1, 4))
        status = rng.choice([200, 200, 400, 401, 403, 404, 422, 429, 500, 503, rng.randint(100, 999)])
        headers = {rng.choice(WAITING): rng.choice(["1", "2m3s", "250ms", "-1", "nan", FRIDAY, str(rng.random())])}
        try:
            became = response((status, headers, bytes(body)))
        except Exception as error:
            error.add_note(f"{status} {headers} {bytes(body)!r}")
            raise
    return became


def wire(data: bytes) -> str:
    """What comes over the wire: bytes that should be HTTP."""
    runner, endpoint, says = an_endpoint()
    says[0] = data
    try:
        # Not `ask`, which sends nothing more once a key was refused.
        runner.run(endpoint._send({"model": "m", "messages": MESSAGES}))
    except Failure as failure:
        assert "\n" not in failure.reason, failure.reason
        return failure.then.name.lower()
    return "read"


def card(source: str) -> str:
    paths.TASKS.mkdir(exist_ok=True)
    paths.card("fuzzed").write_bytes(source.encode("utf-8", "surrogatepass"))
    cards.load("fuzzed")
    return "read"


def study(source: str) -> str:
    paths.PARAMS.write_bytes(source.encode("utf-8", "surrogatepass"))
    params.load()
    return "read"


def prompts(source: str) -> str:
    paths.TASKS.mkdir(exist_ok=True)
    paths.PROMPTS.write_bytes(source.encode("utf-8", "surrogatepass"))
    ways.load("zero_shot")
    return "read"


# How a card may describe raw data, with a file of each kind.
FORMS: list[tuple[dict[str, Any], str]] = [
    ({"format": "csv", "text": "{text}"}, 'text,label\n"x, ""y""",a\nz,b\n'),
    ({"format": "csv", "text": "{x}", "columns": ("x", "label"), "encoding": "latin-1"}, 'x,a\n"y\nz",b\n'),
    ({"format": "separated", "text": "{text}", "separator": "@", "columns": ("text", "label")}, "x@y@a\nz@b\n"),
    ({"format": "json", "text": "{key} {text}", "ratings": "label"}, '{"k": {"text": "x", "label": ["a", "b"]}}'),
    ({"format": "json_lines", "text": "{t.u.0}", "within": "r"}, '{"r": [{"t": {"u": ["x"]}, "label": "a"}]}\n'),
    ({"format": "json_lines", "text": "{text}", "parts": {"text": "(?P<label>[ab]).*"}}, '{"text": "a x"}\n' * 2),
]


def raw(described: tuple[dict[str, Any], bytes]) -> str:
    form, data = described
    if "ratings" not in form:
        form = form | {"label": "label"}
    rows = cards.Rows(**form, file="data")
    Path("data").write_bytes(data)
    known, kept = {"a": "x", "b": "y"}, 0
    for row in fields.read(Path("data"), rows):
        row = fields.take_apart(row, rows.parts)
        fields.text(row, rows)
        kept += bool(fields.ratings(row, rows, known) if rows.ratings else fields.label(row, rows, known))
    return "rows" if kept else "no rows"


def real_files() -> dict[str, bytes]:
    """A small whole file of every format, as `new` takes it, by its name."""
    rows = [{"text": f"a text, of {n} words", "label": "ab"[n % 2]} for n in range(40)]
    table, arrow, whole = pa.Table.from_pylist(rows), io.BytesIO(), io.BytesIO()
    with pa.ipc.new_stream(arrow, table.schema) as stream:
        stream.write_table(table)
    parquet.write_table(table, whole)
    lines = "".join(f'"{row["text"]}",{row["label"]}\n' for row in rows)
    objects = "".join(json.dumps(row) + "\n" for row in rows)
    deep = [{"data": row["text"], "annotations": [{"result": [{"choices": [row["label"]]}]}]} for row in rows]
    asian = "text,label\n" + "".join(f"{n} つのやかん,['{'ab'[n % 2]}']\n" for n in range(40))
    return {
        "a.csv": f"text,label\n{lines}".encode(),
        "b.CSV": ("\ufefftext;label\r\n" + lines.replace('",', '";').replace("\n", "\r\n")).encode(),
        "c.tsv": ("text\tlabel\n" + lines.replace('",', "\t").replace('"', "")).encode("utf-16"),
        "d.csv.gz": gzip.compress(f"text,label\n{lines}".encode(), mtime=0),
        "e.jsonl": objects.encode(),
        "f.json": json.dumps(rows).encode(),
        "g.json": json.dumps({name: {str(n): row[name] for n, row in enumerate(rows)} for name in rows[0]}).encode(),
        "h.json": json.dumps(deep).encode(),
        "i.parquet": whole.getvalue(),
        "j.arrow": arrow.getvalue(),
        "k.xlsx": b"PK\x03\x04" + bytes(60),
        "l.csv": asian.encode("cp932"),
        "m.csv": asian.encode("utf-16-le"),
        "n.csv": lines.encode(),
    }


def edits_of_bytes(name: str, source: bytes) -> SearchStrategy[tuple[str, bytes]]:
    """A file with a few stretches replaced by others of it, by odd signs or by any bytes."""
    place = st.integers(0, len(source))
    stretch = st.tuples(place, st.integers(0, 90)).map(lambda at: source[at[0] : at[0] + at[1]])
    odd = st.sampled_from(
        [*ODD, *SYNTAX, "a", '"', "sep=;\n", "\r", "\x1a", "NaN", "null", '"\\ud83d"', "['a', 'b']"]
    ).map(_bytes)

    def made(edits: list[tuple[int, int, bytes]]) -> tuple[str, bytes]:
        data = source
        for at, length, put in edits:
            data = data[:at] + put + data[at + length :]
        return name, data

    return st.lists(st.tuples(place, st.integers(0, 30), st.binary(max_size=4) | odd | stretch), max_size=4).map(made)


def real_file(file: tuple[str, bytes]) -> str:
    """What `new` makes of a file: rows, and a card that is read back as it was written."""
    name, data = file
    Path(name).write_bytes(data)
    deep = ("data", "annotations.0.result.0.choices") if name == "h.json" else (None, None)
    data_set = profile.look(Path(name), *deep, None)
    card = schema.parse(new.render("fuzzed", data_set.labels, data_set), Path("card"), cards.Card)
    assert list(card.labels) == data_set.labels
    json.dumps([data_set.table["text"].tolist(), data_set.notes], ensure_ascii=False).encode("utf-8")
    for row in formats.read(Path(name)):
        assert isinstance(fields.string(row, deep[0] or "text"), str)
    return "rows"


def sheet(data: bytes) -> str:
    Path("sheet.csv").write_bytes(data)
    return "rows" if list(sheets.read(Path("sheet.csv"), sheets.ANNOTATIONS)) else "no rows"


def recording(data: bytes) -> str:
    path = Path("recording.jsonl")
    path.write_bytes(data)
    about, templates = recorded()
    held = transcripts.read(path, about, "zero_shot")
    current = [conversations.current(c, about, templates) for c in held]
    return "current" if any(c.turns for c in current) else "stale" if held else "empty"


@cache
def a_request() -> batch.Waiting:
    """A request of the project's study that waits for its answer."""
    with in_root():
        study, card = params.load(), cards.load("python_docs")
        script = generation.script(study, card, "zero_shot", pd.DataFrame(columns=texts.COLUMNS))
    request = script.request(script.opening(next(iter(card.labels)), 0))
    return batch.Waiting((card.id, script.answers), request, script.p)


def batch_file(data: bytes) -> str:
    path = Path("batch.jsonl")
    path.write_bytes(data)
    answers, errors, unknown = batch._read([path], {"a": a_request()})
    return "replies" if answers else "errors" if errors else "unknown" if unknown else "empty"


def page(words: list[str]) -> str:
    """The report with these words as titles, prompts and texts: the same elements as with any other words."""
    harmless = a_view()
    [task] = harmless["tasks"]
    title, description, prompt, *shown = words
    task = replace(task, card=task.card.model_copy(update={"title": title, "description": description}))
    view = {**harmless, "tasks": [task]}
    prompts = harmless["prompts"].items()
    view["prompts"] = {name: templates.model_copy(update={"first": prompt}) for name, templates in prompts}
    view["texts"] = {task.task: {"red": {"real": list(map(report.shown, shown)), "few_shot": []}}}
    elements = Page(rendering.render("report.html.j2", view)).elements
    assert {tag for tag, _ in elements} == harmless_elements()
    assert not [name for _, about in elements for name in about if name.startswith("on")]
    rendering.render("report.md.j2", view).encode("utf-8")
    return "rendered"


def escaped(text: str) -> str:
    shown = rendering.markdown(report.shown(text))
    assert not set(shown) & set("<>`*[]{}|~$!\\"), shown
    return "escaped"


# What the targets need and takes long to make


@cache
def whole_responses() -> list[bytes]:
    return [_sources()[name].encode() for name in ("response", "error")]


@cache
def an_endpoint() -> tuple[asyncio.Runner, client.Endpoint, list[bytes]]:
    """A client, the loop that it runs in, and what the server that it asks says next."""
    says, runner = [b""], asyncio.Runner()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(says[0])
            await writer.drain()
        writer.close()

    async def start() -> client.Endpoint:
        server = await asyncio.start_server(answer, "127.0.0.1")
        host, port = server.sockets[0].getsockname()
        os.environ |= {"OPENAI_BASE_URL": f"http://{host}:{port}/v1", "OPENAI_API_KEY": KEY}
        with in_root():
            return client.Endpoint(params.load().asking("claude"))

    endpoint = runner.run(start())
    atexit.register(lambda: runner.run(endpoint.close()))
    return runner, endpoint, says


@cache
def recorded() -> tuple[cards.Card, ways.Templates]:
    with in_root():
        return cards.load("python_docs"), ways.load("zero_shot")


@cache
def a_view() -> dict[str, Any]:
    """All that the report says of a small study."""
    made = Study(labels=("blue", "red"))
    made.write()
    made.measure_the_rest()
    tasks, judged = report.read()

    # The chart library is a megabyte that no words can change.
    def library() -> str:
        return ""

    rendering.library = library
    study = tasks[0].study
    added = {
        "real": {task: {} for task in study.tasks},
        "pictures": {task: {} for task in ("", *study.tasks)},
        "maps": {},
        "shelves": {},
        "static": [],
        "unscored": [],
        "study": study,
        "comparison": study.compare,
    }
    added["prompts"] = {name: ways.load(source.prompt) for name, source in study.written.items()}
    return report.describe(tasks, judged) | added | {"tasks": tasks}


@cache
def harmless_elements() -> set[str]:
    view = a_view()
    view = {**view, "texts": {view["tasks"][0].task: {"red": {"real": ["a"], "few_shot": []}}}}
    return {tag for tag, _ in Page(rendering.render("report.html.j2", view)).elements}


@contextmanager
def in_root() -> Iterator[None]:
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        yield
    finally:
        os.chdir(before)


def _sources() -> dict[str, str]:
    """Small files of each kind, for edits."""
    with in_root():
        settings_of = yaml.safe_load(paths.PARAMS.read_text())
        settings_of["train"]["classifiers"]["probe"]["mixes"] = ["real", "few_shot"]
        settings_of["compare"]["candidates"] = "few_shot"
        line = next(path for path in sorted(Path("data/recordings/python_docs").glob("zero_shot.jsonl")))
        first = json.loads(line.read_text().splitlines()[0])
        first["turns"] = [turn | {"answer": turn["answer"][:90]} for turn in first["turns"][:2]]
        body = {"choices": [{"message": {"content": "x"}}]}
        completion = body | {"usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}
        done = {"custom_id": "a", "response": {"status_code": 200, "body": body}}
        return {
            "card": paths.card("sms_spam").read_text().replace("id: sms_spam", "id: fuzzed"),
            "params": yaml.safe_dump(settings_of, sort_keys=False),
            "prompts": paths.PROMPTS.read_text(),
            "recording": json.dumps(first) + "\n",
            "batch": json.dumps(done | {"error": None}) + "\n",
            "response": json.dumps(completion),
            "error": json.dumps({"error": {"message": "no", "code": 400, "metadata": {"raw": "x"}}, "detail": ["y"]}),
            "http": f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{json.dumps(completion)}",
        }


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def targets() -> dict[str, Target]:
    source = _sources()
    raws = [st.tuples(st.just(form), edits_of(file, *SYNTAX).map(_bytes)) for form, file in FORMS]
    table = bytes_of("text,label\n", "text", ",", '"', '""', "a", "b", "@", "\n", "\r\n", *SYNTAX)
    whole = [
        '{"text": "x", "label": "a"}',
        '{"rows": [{"text": "x", "label": "a"}]}',
        '[{"text": "x", "label": ["a"]}]',
    ]
    rows = bytes_of(*whole, "\n", '{"rows": [', '[{"text":', '"label": {"r": "a"}', "]}", *SYNTAX)
    anything = table | rows | JSON.map(_bytes)
    message = st.fixed_dictionaries({"message": VALUES | st.fixed_dictionaries({"content": VALUES})})
    replied = st.fixed_dictionaries({"choices": st.lists(VALUES | message), "usage": VALUES})
    status = st.sampled_from([200, 301, 400, 401, 402, 403, 404, 408, 422, 429, 500, 503, 524, 529]) | st.integers(
        100, 999
    )
    headers = st.dictionaries(
        st.sampled_from(WAITING), of("1", "2m3s", "250ms", "9" * 400, "-1", "nan", FRIDAY), max_size=3
    )
    bodies = (replied | VALUES).map(json.dumps).map(_bytes) | edits_of(source["response"], *ERRORS, *SYNTAX).map(_bytes)
    bodies |= edits_of(source["error"], KEY, *ERRORS, *SYNTAX).map(_bytes) | st.binary()
    http = (
        edits_of(source["http"], "\r\n", "\r\n\r\n", "Content-Length: 9", "chunked", *SYNTAX).map(_bytes) | st.binary()
    )
    words = of("<script>", "</script>", "<!--", "{{ 7 }}", "{% raw %}", "](javascript:x)", "|", "`", "**", "&lt;", '"')
    words = words.filter(lambda text: text.isascii() or text.encode("utf-8", "ignore").decode() == text)
    return {
        "answers": Target(80, of(*SYNTAX, *TALK) | JSON | st.text(), answer),
        "responses": Target(20, st.tuples(status, headers, bodies), response),
        "damaged": Target(4, st.integers(0, 2**32), damaged),
        "wire": Target(1, http, wire),
        "card": Target(8, edits_of(source["card"], *YAML, *SYNTAX) | of(*YAML), card),
        "params": Target(5, edits_of(source["params"], *YAML, *SYNTAX) | of(*YAML), study),
        "prompts": Target(4, edits_of(source["prompts"], *YAML, "{n}", "{nope}"), prompts),
        "raw": Target(35, st.one_of(*raws) | st.tuples(st.sampled_from([form for form, _ in FORMS]), anything), raw),
        "files": Target(20, st.one_of(*(edits_of_bytes(*file) for file in real_files().items())), real_file),
        "sheets": Target(15, edits_of("item,annotator,label\n'1e5,é,a\n", *SYNTAX).map(_bytes) | table, sheet),
        "recordings": Target(20, edits_of(source["recording"], "\n", *SYNTAX).map(_bytes) | rows, recording),
        "batch": Target(15, edits_of(source["batch"], "\n", *SYNTAX).map(_bytes) | rows, batch_file),
        "escapes": Target(17, words | st.text(), escaped),
        "pages": Target(1, st.lists(words, min_size=4, max_size=6), page),
    }


def run(target: Target, inputs: int, number: int) -> Counter[str]:
    """Give a target so many inputs; how often what became of them.

    Raises:
        Exception: what a first input raised that was no PyriteError, with that input made small.
    """
    outcomes: Counter[str] = Counter()

    # Not hypothesis' deadline, which goes by the clock and is told only when the input is done.
    def too_long(*_: object) -> None:
        raise TimeoutError(f"more than {LONGEST} s of computing")

    @seed(number)
    @settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(target.inputs)
    def give(value: Any) -> None:
        signal.setitimer(signal.ITIMER_PROF, LONGEST)
        try:
            outcomes[target.check(value)] += 1
        except PyriteError as error:
            assert "\n" not in str(error), error
            outcomes["refused"] += 1
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    before = signal.signal(signal.SIGPROF, too_long)
    try:
        give()
    finally:
        signal.signal(signal.SIGPROF, before)
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=210_000)
    parser.add_argument("--targets", nargs="+", choices=list(targets()), default=list(targets()))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    chosen = {name: target for name, target in targets().items() if name in options.targets}
    shares = sum(target.share for target in chosen.values())
    result: dict[str, Any] = {"inputs": 0, "seed": options.seed, "targets": {}}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, target in chosen.items():
            started = time.process_time()
            outcomes = run(target, -(-options.inputs * target.share // shares), options.seed)
            took = time.process_time() - started
            result["targets"][name] = {"inputs": outcomes.total(), "cpu_seconds": round(took, 1), **outcomes}
            result["inputs"] += outcomes.total()
            print(name, json.dumps(result["targets"][name]), file=sys.stderr, flush=True)
        os.chdir(ROOT)
    print(json.dumps(result, indent=2))
    if options.write:
        files.write_json(ROOT / "benchmarks/results/fuzz.json", result)


if __name__ == "__main__":
    main()
