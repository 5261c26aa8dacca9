"""Lists of a flow: rows written in it, or kept in a CSV file beside it (customers, branches, holidays)."""

import csv
from collections.abc import Mapping
from pathlib import Path as FilePath

from ivr_flows.expressions.functions import Table
from ivr_flows.reading.fields import Fields
from ivr_flows.reading.tree import Mapping as MappingTree
from ivr_flows.reading.tree import Scalar, Sequence

MAX_LIST_BYTES = 8 * 1024 * 1024
MAX_ROWS = 100_000


def read_list(fields: Fields, name: str, folder: FilePath | None) -> Table:
    """Read `[a, b]`, `{key: value}` or `{file: customers.csv}`; rows are found by their first column."""
    tree = fields.take(name)
    if isinstance(tree, Sequence):
        return {item.text: {} for item in tree.items if isinstance(item, Scalar)}
    if not isinstance(tree, MappingTree):
        mend = "write [a, b], or {file: names.csv}"
        fields.complain(name, "value-type", "a list or a file is expected here", mend, at=tree)
        return {}
    written = Fields(fields.report, tree, fields.sub(name))
    if "file" not in written:
        return {key: {"value": written.text(key, "")} for key in written.names}
    file = written.text("file")
    written.finish()
    return {} if folder is None or not file else _from_file(written, folder / file)


def _from_file(fields: Fields, file: FilePath) -> Table:
    try:
        if file.stat().st_size > MAX_LIST_BYTES:
            fields.complain("file", "list-too-large", f"a list has at most {MAX_LIST_BYTES // 2**20} MiB")
            return {}
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return _rows(fields, csv.DictReader(stream))
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        fields.complain("file", "list-missing", f"{file} cannot be read: {reason}", "it lies beside the flow")
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        fields.complain("file", "list-broken", f"{file} is no CSV file in UTF-8: {type(error).__name__}")
    return {}


def _rows(fields: Fields, reader: "csv.DictReader[str]") -> Table:
    columns = list(reader.fieldnames or ())
    rows: dict[str, Mapping[str, str]] = {}
    if reader.fieldnames is not None and not columns:
        fields.complain("file", "list-broken", "the first line names no columns", "write key,name in it")
        return rows
    for row in reader:
        if len(rows) >= MAX_ROWS:
            fields.complain("file", "list-too-large", f"a list has at most {MAX_ROWS} rows")
            break
        if any(row.get(column) is None for column in columns):
            message = f"line {reader.line_num} has fewer columns than the first line"
            fields.complain("file", "list-broken", message)
            break
        rows.setdefault(row[columns[0]], {column: row[column] for column in columns})
    return rows
