"""The plain functions compiled by numba, or hand-written twins that state what they gain."""
