"""The result table in Python: a list of dictionaries that knows how to become a data frame."""

import html

_SHOWN = 20


class Results(list):
    """Rows of a result table, each a dictionary of its columns, in the order of the study's points."""

    def __init__(self, rows=(), columns=None, parquet=None):
        super().__init__(rows)
        #: The names of the columns, in order.
        self.columns = list(columns) if columns is not None else (list(self[0]) if self else [])
        self._parquet = parquet

    def column(self, name):
        """The values of one column."""
        if name not in self.columns:
            raise KeyError(f"there is no column {name!r}; the columns are {', '.join(self.columns)}")
        return [row.get(name) for row in self]

    def to_pandas(self):
        """The table as a ``pandas.DataFrame``."""
        import pandas

        return pandas.DataFrame.from_records(list(self), columns=self.columns)

    def to_arrow(self):
        """The table as a ``pyarrow.Table``, with the types that the server stores."""
        import io

        import pyarrow
        import pyarrow.parquet

        if self._parquet is not None:
            return pyarrow.parquet.read_table(io.BytesIO(self._parquet()))
        return pyarrow.Table.from_pylist(list(self))

    def _repr_html_(self):
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        rows = "".join(
            "<tr>" + "".join(f"<td>{_cell(row.get(name))}</td>" for name in self.columns) + "</tr>" for row in self[:_SHOWN]
        )
        more = f"<p>{len(self):,} rows, the first {_SHOWN} shown</p>" if len(self) > _SHOWN else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}"


def _cell(value):
    if value is None:
        return ""
    return html.escape(f"{value:.6g}" if isinstance(value, float) else str(value))
