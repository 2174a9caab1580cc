"""Tables of a report, from result rows; how they look is decided by the templates and the terminal."""

from equipoise.reporting.tables.baseline import baseline_table
from equipoise.reporting.tables.model import Cell, Column, Letters, Line, Table
from equipoise.reporting.tables.response import response_table
from equipoise.reporting.tables.safety import breakdown_table, overall_table
from equipoise.reporting.tables.survival import survival_table

__all__ = [
    "Cell",
    "Column",
    "Letters",
    "Line",
    "Table",
    "baseline_table",
    "breakdown_table",
    "overall_table",
    "response_table",
    "survival_table",
]
