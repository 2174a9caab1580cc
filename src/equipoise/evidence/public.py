"""The public names of the room; the room itself loads them when one is asked for."""

from equipoise.evidence.abstract_text import draft_from_text
from equipoise.evidence.audit import Audit, Audits, audit_many, audit_trial
from equipoise.evidence.curve_files import read_curves, read_risk_table
from equipoise.evidence.curve_points import CurvePoints, clean_points
from equipoise.evidence.feasibility_check import Feasibility, joint_feasibility
from equipoise.evidence.feasibility_witness import Witness
from equipoise.evidence.findings import Finding
from equipoise.evidence.guyot import guyot_reconstruction
from equipoise.evidence.next_trial import (
    Assurance,
    PredictiveEffect,
    assurance,
    conflict_p,
    predictive_effect,
)
from equipoise.evidence.pooled_effect import PooledEffect
from equipoise.evidence.pooled_patients import PooledPatients, pool_patients
from equipoise.evidence.pooled_trials import PooledTrials, effect_from_published, pool_names, read_pooled_trials
from equipoise.evidence.pooling import pool
from equipoise.evidence.published import PublishedTrial
from equipoise.evidence.published_files import (
    parse_published,
    published_names,
    published_text,
    read_published,
    read_published_folder,
)
from equipoise.evidence.published_table import read_published_table
from equipoise.evidence.reconstructed_arms import CurveArm
from equipoise.evidence.reconstruction import Reconstruction, reconstruct_curves
from equipoise.evidence.risk_numbers import RiskNumbers, risk_numbers
from equipoise.evidence.study_effects import (
    StudyEffect,
    effect_from_interval,
    effect_from_p,
    effect_from_std_error,
)
