"""Answers: every answer of an LLM on disk, found by its request, so that none is ever paid for twice.

`.pyrite/answers/<task>.<setting>.jsonl` has one line per answer, in the order in which they came. A line is only ever
added, and is on the disk before anything else happens with the answer.
"""

import asyncio
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from pyrite.base import console, paths, store
from pyrite.base.errors import PyriteError
from pyrite.params import Price

Message = Mapping[str, str]
# Bytes of UTF-8 per token: for limits and budgets, where the endpoint does not say what it counted.
BYTES_PER_TOKEN = 4
# Tokens sent and answered.
Tokens = tuple[int, int]
# How every line begins: the key stands where it can be read without parsing the line.
_KEY = re.compile(rb'{"key": "([0-9a-f]{64})"')
# How the line of what came without words ends, unless it was refused.
_WORDLESS = b'"text": ""}\n'


@dataclass(frozen=True)
class Answer:
    """What an LLM said.

    Attributes:
        model: the model that was asked.
        date: the day, YYYY-MM-DD.
        prompt_tokens, completion_tokens: what the endpoint charged for, or None where it did not say.
        text: the answer itself. One without words is no answer: it is kept for what it cost, and asked for again.
        refused: why the request is never answered, or not to its end; empty where it was.
        cut: whether the server left out the beginning of the conversation; the tokens sent are then reckoned.
    """

    model: str
    date: str
    prompt_tokens: int | None
    completion_tokens: int | None
    text: str
    refused: str = ""
    cut: bool = False

    @property
    def tokens(self) -> Tokens:
        """Those sent and answered, 0 where the endpoint did not say it."""
        return self.prompt_tokens or 0, self.completion_tokens or 0


class Unanswered(Exception):  # noqa: N818 - no error of ours
    """This request has no answer, and asking again would not help; others may go on."""


@dataclass(frozen=True)
class Request:
    """What an LLM is asked.

    Attributes:
        messages: the whole conversation as it is sent.
        schema: the JSON schema of the answer; None: any text will do.
        limit: how many tokens the answer may have, unless `sampling` says it; None: as many as it takes.
        key: what the store finds the answer by.
        prompt, examples: the last message as a transcript has it, with the ids of the examples that it shows.
    """

    messages: Sequence[Message]
    schema: Mapping[str, object] | None = None
    limit: int | None = None
    key: str = ""
    prompt: str = ""
    examples: tuple[str, ...] = ()


def added(one: Tokens, other: Tokens) -> Tokens:
    """The sum of two counts."""
    return one[0] + other[0], one[1] + other[1]


def tokens_of(text: str) -> int:
    """The tokens of a text, reckoned from its size."""
    return len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN


def tokens_sent(messages: Sequence[Message]) -> int:
    """The tokens of a request, reckoned from the size of its messages."""
    return sum(tokens_of(m["content"]) for m in messages)


def reckon(conversations: Iterable[Sequence[str]]) -> Tokens:
    """The tokens sent and answered in conversations: of each its system message, then questions and answers in turn.

    What was said before is sent again with every question.
    """
    sent = answered = 0
    for system, *turns in conversations:
        history = tokens_of(system)
        for question, answer in zip(turns[::2], turns[1::2], strict=True):
            history += tokens_of(question)
            sent, answered = sent + history, answered + tokens_of(answer)
            history += tokens_of(answer)
    return sent, answered


def key(messages: Sequence[Message], model: str, sampling: Mapping[str, object], position: Sequence[object]) -> str:
    """What tells a request from all others: all of it as it is sent, and its place in the study."""
    return store.key([list(messages), model, dict(sampling), list(position)])


class Log:
    """The answers of one (task, setting). To add some, use it as a context: one process at a time can.

    Raises:
        PyriteError: the file can't be read or written.
    """

    def __init__(self, task: str, setting: str) -> None:
        self.path = paths.answers(task, setting)
        self._starts: dict[bytes, int] = {}  # where the last line of each key begins
        self._in_vain: dict[bytes, Tokens] = {}
        self._end = 0
        self._file: FileIO | None = None
        self._waiting: list[tuple[str, Answer, asyncio.Future[None]]] = []
        self._commit: asyncio.Task[None] | None = None
        self._index()

    def __len__(self) -> int:
        return len(self._starts)

    def get(self, key: str) -> Answer | None:
        """The answer to a request: what its last whole line says, if that has words or is a refusal; else None."""
        start = self._starts.get(bytes.fromhex(key))
        if start is None:
            return None
        with self.path.open("rb") as file:
            file.seek(start)
            answer = _parse(file.readline())
            if answer is None:  # damaged: of the lines before it, the last whole one counts
                file.seek(0)
                lines = [line for line in file if (match := _KEY.match(line)) and match[1] == key.encode()]
                answer = next(filter(None, map(_parse, reversed(lines))), None)
        return answer if answer and (answer.text or answer.refused) else None

    def in_vain(self, key: str) -> Tokens:
        """What all that came back without words to a request has cost."""
        return self._in_vain.get(bytes.fromhex(key), (0, 0))

    def mean_tokens(self, model: str) -> float | None:
        """The tokens that a model's answers took on average, thinking included; None without an answer."""
        if not self._starts:
            return None
        with self.path.open("rb") as file:
            answers = [answer for answer in map(_parse, file) if answer and answer.model == model and answer.text]
        tokens = [answer.completion_tokens or tokens_of(answer.text) for answer in answers]
        return sum(tokens) / len(tokens) if tokens else None

    def __enter__(self) -> Self:
        lock = FileLock(self.path.with_suffix(".lock"))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                console.log.print(f"{self.path}: another run is adding answers; waiting for it to end")
                lock.acquire()
            self._lock = lock
            # Without a buffer: what a full disk refused must not come later, when the file is closed.
            self._file = self.path.open("ab", buffering=0)
            # Another run may have added answers since, and one that was killed may have left half a line.
            self._index()
            if self._end < self.path.stat().st_size:
                self._file.truncate(self._end)
        except OSError as error:
            lock.release()
            raise self._unwritable(error) from None
        return self

    def __exit__(self, *error: object) -> None:
        assert self._file is not None
        self._file.close()
        self._file = None
        self._lock.release()

    async def add(self, key: str, answer: Answer) -> None:
        """Return when the answer is on the disk. Answers that come together share one write."""
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((key, answer, written))
        if self._commit is None or self._commit.done():
            self._commit = asyncio.create_task(self._write_waiting())
        await written

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            lines = [_line(key, answer) for key, answer, _ in batch]
            try:
                await asyncio.to_thread(self._write, b"".join(lines))
            except OSError as error:
                for _, _, written in batch:
                    if not written.done():
                        written.set_exception(self._unwritable(error))
                continue
            for (key, _, written), line in zip(batch, lines, strict=True):
                self._note(bytes.fromhex(key), line)
                if not written.done():  # its conversation was cancelled: the answer is kept all the same
                    written.set_result(None)

    def _write(self, lines: bytes) -> None:
        assert self._file is not None, "the log is open for reading only"
        try:
            left = memoryview(lines)
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
        except OSError:
            # A line that is half there would spoil the next one.
            os.ftruncate(self._file.fileno(), self._end)
            raise

    def _index(self) -> None:
        """Note where each whole line is, from the end of what is known."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        except OSError as error:
            raise PyriteError(f"{self.path}: can't be read ({error.strerror})") from None
        with file:
            file.seek(self._end)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                if match := _KEY.match(line):
                    self._note(bytes.fromhex(match[1].decode()), line)
                else:
                    self._end += len(line)

    def _note(self, key: bytes, line: bytes) -> None:
        """A whole line of a key begins where the known ones end."""
        self._starts[key] = self._end
        self._end += len(line)
        if line.endswith(_WORDLESS) and (answer := _parse(line)):
            self._in_vain[key] = added(self.in_vain(key.hex()), answer.tokens)

    def _unwritable(self, error: OSError) -> PyriteError:
        return PyriteError(f"{self.path}: can't be written ({error.strerror or error}); the answers before it are kept")


class Ledger:
    """What all answers in the store have cost, whichever run asked for them."""

    def __init__(self, prices: Mapping[str, Price]) -> None:
        self._prices = prices
        self._read: dict[Path, int] = {}
        self._spent = 0.0

    def spent(self) -> float:
        """US dollars so far. Answers of a model without a price count as nothing."""
        for path in paths.answers("*", "*").parent.glob("*.jsonl"):
            start = self._read.get(path, 0)
            if path.stat().st_size <= start:
                continue
            with path.open("rb") as file:
                file.seek(start)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    start += len(line)
                    if (answer := _parse(line)) and (price := self._prices.get(answer.model)):
                        self._spent += price.of(*answer.tokens)
            self._read[path] = start
        return self._spent


def _line(key: str, answer: Answer) -> bytes:
    fields = {name: value for name, value in asdict(answer).items() if value or name not in ("refused", "cut")}
    return json.dumps({"key": key} | fields, ensure_ascii=False).encode() + b"\n"


def _parse(line: bytes) -> Answer | None:
    try:
        fields = json.loads(line)
        del fields["key"]
        return Answer(**fields)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
