"""The public names of the room; the room itself loads them when one is asked for."""

from equipoise.simulation.calibration import Calibration
from equipoise.simulation.characteristics import Estimate, Timing
from equipoise.simulation.draws import draw_look_times, draw_trial
from equipoise.simulation.event_course import EventCourse, draw_event_course
from equipoise.simulation.event_laws import Cured, LogNormal, PiecewiseRatio, Weibull
from equipoise.simulation.operating import simulate
from equipoise.simulation.operating_characteristics import OperatingCharacteristics
from equipoise.simulation.procedures import assess_procedure
from equipoise.simulation.scenario_grid import SimulatedPower, simulate_grid
from equipoise.simulation.synthetic_data import Synthetic, synthesize
from equipoise.simulation.trial_looks import LookBounds, TrialLook
from equipoise.simulation.trial_model import TrialModel
from equipoise.simulation.trial_options import Deaths, ScanSchedule, WeightedTest
from equipoise.simulation.trial_plan import PlannedSimulation, plan_simulation
from equipoise.simulation.trial_procedures import TrialAssessment, alternatives, assess_trial
