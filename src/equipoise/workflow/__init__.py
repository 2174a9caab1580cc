"""Whole journeys that leave a run folder. Computes nothing.

Import from the modules: a verb loads only what it needs.
"""
