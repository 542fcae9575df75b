"""Parquet, and Arrow as `datasets` writes it (a stream) or as others do (a file)."""

import itertools
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
from pyarrow import parquet

from pyrite.base.errors import PyriteError
from pyrite.data.formats import streams
from pyrite.data.formats.rows import Fields, Format, Layout, Row, require_different

# Rows that are in memory at once.
BATCH = 1000


def read(path: Path, layout: Layout, names: Collection[str]) -> Iterator[Row]:
    """The rows of a file, batch by batch."""
    number = 0
    with streams.unpacked(path) as file:
        try:
            for batch in _batches(file, layout.format):
                batch.validate(full=True)  # damaged bytes can point outside of the file's memory
                require_different(batch.schema.names, path)
                for fields in _as_text(batch).to_pylist(maps_as_pydicts="strict"):
                    number += 1
                    yield Row(path, number, fields)
        except (pa.ArrowException, OSError, MemoryError, ValueError, KeyError) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise PyriteError(f"{path}: row {number + 1}: not readable as {layout.format} ({reason})") from None


def _as_text(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with its columns of bytes as text, where they are UTF-8."""
    for place, field in enumerate(batch.schema):
        if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
            with suppress(pa.ArrowInvalid):
                batch = batch.set_column(place, field.name, batch.column(place).cast(pa.large_string()))
    return batch


def _open_arrow(file: IO[bytes]) -> Any:
    magic = file.read(6)
    file.seek(0)
    return (pa.ipc.open_file if magic == b"ARROW1" else pa.ipc.open_stream)(file)


def _batches(file: IO[bytes], form: str) -> Iterator[pa.RecordBatch]:
    if form == "parquet":
        return parquet.ParquetFile(file).iter_batches(BATCH)  # type: ignore[no-any-return]
    opened = _open_arrow(file)
    if isinstance(opened, pa.ipc.RecordBatchFileReader):
        return (opened.get_batch(place) for place in range(opened.num_record_batches))
    return iter(opened)


def metadata(path: Path, form: str) -> dict[bytes, bytes]:
    """What a file says of itself."""
    with streams.unpacked(path) as file:
        schema = parquet.read_schema(file) if form == "parquet" else _open_arrow(file).schema
    return schema.metadata or {}


def _count(file: IO[bytes]) -> int | None:
    with suppress(pa.ArrowException):
        return int(parquet.ParquetFile(file).metadata.num_rows)
    return None


def write_parquet(handle: IO[bytes], rows: Iterable[Fields]) -> None:
    rows = iter(rows)
    writer = None
    while chunk := list(itertools.islice(rows, BATCH)):
        try:
            table = pa.Table.from_pylist(chunk, schema=writer.schema if writer else None)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            problem = str(error).splitlines()[0]
            raise PyriteError(f"a column has values of several types ({problem}): write the rows as .jsonl") from None
        writer = writer or parquet.ParquetWriter(handle, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


FORMATS = {
    "parquet": Format((".parquet",), (), read, write_parquet, _count, metadata, of_folders=True),
    "arrow": Format((".arrow", ".feather"), (), read, metadata=metadata, of_folders=True),
}
