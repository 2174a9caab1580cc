"""A subgroup is a level of a category."""

import pytest

from equipoise.errors import TrialFileError
from equipoise.protocol import builtin_text, parse_trial


def test_a_number_is_no_subgroup():
    text = builtin_text("palmira").replace("subgroups: [prior_et,", "subgroups: [age,")
    with pytest.raises(TrialFileError, match="subgroup 'age' is a number") as caught:
        parse_trial(text)
    (problem,) = caught.value.problems
    assert problem.hint == "subgroups need variables of type category"
    assert problem.excerpt is not None
    assert problem.excerpt[problem.caret :].startswith("age")
