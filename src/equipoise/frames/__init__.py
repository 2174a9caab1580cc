"""The tables that travel: columns, types, units, keys, code lists, conversion of frame libraries."""
