# SPDX-License-Identifier: Apache-2.0
"""How many cases from the field there are."""


def test_every_case_is_of_a_known_kind(cases, tell):
    tell(f"field: {sum(cases.values())} cases of {len(cases)} kinds")
