"""How many examples a property test tries, where that is not the profile's own number."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings

FULL = 60
"""Examples of the profile `full`, of which the numbers in tests are parts."""


def examples(count: int, **more: Any) -> settings:
    """Settings for a test whose tries take longer than most: `count` of them where others have
    60, and in the same proportion where others have fewer or more. Fixtures last for all tries.
    """
    return settings(
        max_examples=max(1, round(count * settings().max_examples / FULL)),
        **{"suppress_health_check": [HealthCheck.function_scoped_fixture], **more},
    )
