"""Allocation methods as pure functions: state in, patient in, arm and new state out."""

from equipoise.randomization.complete import Complete
from equipoise.randomization.declared import method_of
from equipoise.randomization.permuted_blocks import Block, PermutedBlocks
from equipoise.randomization.scheme import Method, Patient, Scheme, State
from equipoise.randomization.words import ListedWords, SeededWords, WordSource

__all__ = [
    "Block",
    "Complete",
    "ListedWords",
    "Method",
    "Patient",
    "PermutedBlocks",
    "Scheme",
    "SeededWords",
    "State",
    "WordSource",
    "method_of",
]
