"""What is compiled at installation is all there is to compile."""

from detectors.bank import FAMILIES
from gateway.engine.warm import _ONE_OF_EACH, warm


def test_every_family_is_warmed() -> None:
    assert {rule.family for rule in _ONE_OF_EACH} == set(FAMILIES)
    warm()
