"""Allocation methods as pure functions: state in, patient in, arm and new state out."""

from equipoise.randomization.allocation_list import AllocationList, Slot, generate_list, parse_list, verify_list
from equipoise.randomization.assessment import (
    Assessment,
    assess,
    exact_distribution,
    exact_steps,
    probability_of_split,
)
from equipoise.randomization.biased_coin import BiasedCoin
from equipoise.randomization.big_stick import BigStick
from equipoise.randomization.block_urn import BlockUrn
from equipoise.randomization.complete import Complete
from equipoise.randomization.declared import method_of
from equipoise.randomization.maximal_procedure import MaximalProcedure
from equipoise.randomization.minimization import CONSTRUCTIONS, IMBALANCES, Minimization, hu_hu
from equipoise.randomization.permuted_blocks import Block, PermutedBlocks
from equipoise.randomization.scheme import Explanation, Method, Outcome, Patient, Scheme, State
from equipoise.randomization.stratified import Stratified, Tally
from equipoise.randomization.words import ListedWords, SeededWords, WordSource

__all__ = [
    "CONSTRUCTIONS",
    "IMBALANCES",
    "AllocationList",
    "Assessment",
    "BiasedCoin",
    "BigStick",
    "Block",
    "BlockUrn",
    "Complete",
    "Explanation",
    "ListedWords",
    "MaximalProcedure",
    "Method",
    "Minimization",
    "Outcome",
    "Patient",
    "PermutedBlocks",
    "Scheme",
    "SeededWords",
    "Slot",
    "State",
    "Stratified",
    "Tally",
    "WordSource",
    "assess",
    "exact_distribution",
    "exact_steps",
    "generate_list",
    "hu_hu",
    "method_of",
    "parse_list",
    "probability_of_split",
    "verify_list",
]
