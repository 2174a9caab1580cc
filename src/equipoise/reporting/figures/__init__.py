"""Figures of a report, from result rows."""
