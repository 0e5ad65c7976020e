"""Score of the pack and of the proof on the corpus: `python -m tests.privacy_cases.score`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tests.privacy_cases.ask import ASKED, is_right
from tests.privacy_cases.corpus import FAMILIES


def lines() -> Iterator[str]:
    totals = dict.fromkeys(ASKED, 0)
    misses: list[str] = []
    for family, cases in FAMILIES.items():
        right = dict.fromkeys(ASKED, 0)
        for case in cases:
            for who, ask in ASKED.items():
                heard, why = ask(case)
                if is_right(case, heard, who):
                    right[who] += 1
                else:
                    because = f": {why[0][:150]}" if why else ""
                    misses.append(f"{who} says {heard}, right is {case.right}: {case.says}{because}")
        for who, count in right.items():
            totals[who] += count
        yield f"{family:26} {len(cases):4}  " + "  ".join(f"{who} {count:4}" for who, count in right.items())
    count = sum(len(cases) for cases in FAMILIES.values())
    yield f"{'all':26} {count:4}  " + "  ".join(f"{who} {each:4}" for who, each in totals.items())
    yield from ("", *misses)


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in lines())
