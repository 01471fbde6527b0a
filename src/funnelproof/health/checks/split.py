"""The test itself: were visitors split as planned, did anybody slip into a closed variant, do all pages arrive?"""

from collections import Counter
from collections.abc import Sequence

from funnelproof import statistics
from funnelproof.health.check import Check, Status
from funnelproof.health.checks.words import many
from funnelproof.health.evidence import Entries, Evidence, Facts, PhaseEvidence
from funnelproof.statistics import Horizon, Phase, SampleRatio, Stratum

ENTRIES_NEEDED = 100
ARRIVALS_DIFFER_BELOW = 0.001
LET_PAGES_REPORT = "Let the pages that the variants lead to post the ctx of their address to POST /v2/public/arrivals."
LET_VISITORS_COME = "Let visitors come to the control and to another variant while both are open to new ones."
LEAK_FAILS_ABOVE = 5
LEAK_FAILS_ABOVE_ONE_IN = 10_000
NOBODY = Entries()


def split(of: Evidence) -> Check | None:
    """Absent in a run, where the seed says who comes, and where there is nothing to split."""
    if not of.is_live or len(of.campaign.variants) < 2:
        return None
    numbers = [variant.number for variant in of.campaign.variants]
    phases = [_counted(phase, numbers) for phase in of.phases]
    entries = sum(sum(entered for entered, _ in phase.open_variants) for phase in phases)
    if entries < ENTRIES_NEEDED:
        title = f"{many(entries, 'visitor')} so far; from {ENTRIES_NEEDED} on the split is judged."
        return Check("split", Status.UNKNOWN, title, {"n": entries})
    ratio = statistics.sample_ratio(phases)
    facts = _split_facts(of, ratio, entries)
    if _alarming(of, ratio):
        title = f"{entries} visitors were not split as planned: {facts['worst']}."
        remedy = "Do not read the results. Look for a redirect, a cache or a filter that loses people of one variant"
        remedy += "; then an OPERATOR closes the alarm with the reason (POST …/results/alarm/close)."
        return Check("split", Status.FAIL, title, facts, remedy)
    if _watched_p(of, ratio) < statistics.WATCH_BELOW:
        title = f"The split of {entries} visitors begins to look odd: {facts['worst']}."
        return Check(
            "split", Status.WARN, title, facts, "Watch it; look at which links and devices the missing came by."
        )
    closed = [str(phase.phase) for phase in of.phases if _is_closed(phase)]
    but = f", but for phase {' and '.join(closed)}, whose alarm a person closed with a reason" if closed else ""
    return Check("split", Status.PASS, f"{entries} visitors were split as planned{but}.", facts)


def _alarming(of: Evidence, ratio: SampleRatio) -> bool:
    """An alarm stays until a person closes it, whatever the counts become; what is closed is not raised again."""
    new = any(not _is_closed(of.phases[place]) for place in ratio.alarming)
    return new or any(phase.alarm_is_open for phase in of.phases)


def _watched_p(of: Evidence, ratio: SampleRatio) -> float:
    weighed = zip(of.phases, ratio.phase_p_values, strict=True)
    return min((p_value for phase, p_value in weighed if not _is_closed(phase)), default=1.0)


def _is_closed(phase: PhaseEvidence) -> bool:
    return phase.alarm_is_open is False


def _counted(phase: PhaseEvidence, numbers: Sequence[int]) -> Phase:
    """Entries and open buckets; a phase whose split is not known takes no part."""
    own = sorted({*numbers, *phase.entries})
    buckets = phase.open_buckets or {}
    return Phase(
        entries=tuple(max(0, phase.entries.get(number, NOBODY).visitors) for number in own),
        buckets=tuple(max(0, buckets.get(number, 0)) for number in own),
    )


def _split_facts(of: Evidence, ratio: SampleRatio, entries: int) -> Facts:
    worst = _worst(of, ratio)
    return {
        "n": entries,
        "sequentialPValue": ratio.sequential_p_value,
        "pValueIfLookedAtOnce": ratio.p_value,
        "worst": _shares(of, worst) if worst else "",
        "phases": [
            {"phase": phase.phase, "n": own.entries, "offBy": round(own.off_by, 6), "alarm": _told(phase)}
            for phase, own in zip(of.phases, ratio.phases, strict=True)
            if own.entries
        ],
    }


def _told(phase: PhaseEvidence) -> str | None:
    return None if phase.alarm_is_open is None else "open" if phase.alarm_is_open else "closed"


def _worst(of: Evidence, ratio: SampleRatio) -> PhaseEvidence | None:
    """The phase to look at: one that no person has looked at yet, if there is any."""
    weighed = zip(of.phases, ratio.phase_p_values, strict=True)
    known = [(_is_closed(phase), not phase.alarm_is_open, p_value, phase) for phase, p_value in weighed]
    return min(known, key=lambda own: own[:3])[3] if known else None


def _shares(of: Evidence, phase: PhaseEvidence) -> str:
    """`A 520 of 1000 (50.0 % planned), B …`, for one phase."""
    buckets = {number: count for number, count in (phase.open_buckets or {}).items() if count > 0}
    total, entered = sum(buckets.values()), sum(phase.entries.get(number, NOBODY).visitors for number in buckets)
    return ", ".join(
        f"{of.name_of(number)} {phase.entries.get(number, NOBODY).visitors} of {entered} "
        f"({100 * count / total:.1f} % planned)"
        for number, count in sorted(buckets.items())
    )


def leak(of: Evidence) -> Check | None:
    """Nobody new may enter a variant that had no open bucket. Who came before and returns is no leak."""
    if not of.campaign.variants:
        return None
    known = [phase for phase in of.phases if phase.open_buckets is not None]
    n = sum(max(0, own.visitors) for phase in known for own in phase.entries.values())
    leaked = [
        (phase.phase, number, own.visitors)
        for phase in known
        for number, own in sorted(phase.entries.items())
        if own.visitors > 0 and not (phase.open_buckets or {}).get(number, 0)
    ]
    bad = sum(visitors for _, _, visitors in leaked)
    facts: Facts = {
        "n": n,
        "leaked": bad,
        "where": [
            {"phase": phase, "variantId": of.id_of(number), "entries": visitors} for phase, number, visitors in leaked
        ],
    }
    if n == 0:
        return Check("leak", Status.UNKNOWN, "Nobody has entered yet.", facts)
    if bad == 0:
        return Check("leak", Status.PASS, f"All of {many(n, 'visitor')} entered variants that were open.", facts)
    fails = bad > LEAK_FAILS_ABOVE and bad * LEAK_FAILS_ABOVE_ONE_IN > n
    title = f"{bad} of {n} visitors entered a variant that was closed to new ones."
    remedy = "Report this with the request ids of those clicks: it is a fault of the installation, not of your setup."
    return Check("leak", Status.FAIL if fails else Status.WARN, title, facts, remedy)


def arrival(of: Evidence) -> Check | None:
    """Absent in a run and without a second variant to compare with."""
    control = of.campaign.control
    others = [number for number in of.weighty if control is not None and number not in (0, control.number)]
    if not of.is_live or control is None or not others:
        return None
    sums = {number: _sum(of.phases, number) for number in (control.number, *others)}
    p_values = dict(zip(others, arrival_p_values(of.phases, control.number, others), strict=True))
    compared = _compared(of.phases, control.number, others)
    facts: Facts = {
        "n": sum(own.visitors for own in sums.values()),
        "compared": sum(compared.values()),
        "sdkSeen": of.sdk_seen,
        "variants": [
            {"variantId": of.id_of(number), "n": own.visitors, "arrived": own.arrived, "pValue": p_values.get(number)}
            for number, own in sums.items()
        ],
    }
    if not of.sdk_seen:
        title = "No page has reported that it opened, so it cannot be seen whether all variants arrive."
        return Check("arrival", Status.UNKNOWN, title, facts, LET_PAGES_REPORT)
    if not compared:
        have = ", ".join(f"{of.name_of(number)} {own.visitors}" for number, own in sums.items())
        title = f"No two variants had visitors in the same phase, so there is nothing to compare: {have}."
        return Check("arrival", Status.UNKNOWN, title, facts, LET_VISITORS_COME)
    lost = [number for number in others if differs(p_values[number])]
    if not lost:
        whose = "all variants" if len(compared) == len(sums) else " and ".join(of.name_of(own) for own in compared)
        title = f"The pages of {whose} open alike, as far as {facts['compared']} visitors can tell."
        return Check("arrival", Status.PASS, title, facts)
    names = " and ".join(sorted({of.name_of(_worse(sums, control.number, number)) for number in lost}))
    title = f"{names}'s page drops the ctx or does not load: fewer of its visitors arrive."
    return Check(
        "arrival", Status.FAIL, title, facts, "Open that page through the link; look for a redirect or an error."
    )


def _compared(phases: Sequence[PhaseEvidence], control: int, others: Sequence[int]) -> dict[int, int]:
    """Visitors by variant, of the phases in which they met somebody to be compared with; empty if none did."""
    found: Counter[int] = Counter()
    for phase in phases:
        own = {number: met.n_b for number in others if (met := _stratum(phase, control, number)) is not None}
        if own:
            found.update({control: phase.entries[control].visitors, **own})
    return dict(found)


def differs(p_value: float | None) -> bool:
    return p_value is not None and p_value < ARRIVALS_DIFFER_BELOW


def _worse(sums: dict[int, Entries], control: int, other: int) -> int:
    a, b = sums[control], sums[other]
    return other if b.arrived * a.visitors < a.arrived * b.visitors else control


def _sum(phases: Sequence[PhaseEvidence], number: int) -> Entries:
    own = [phase.entries[number] for phase in phases if number in phase.entries]
    return Entries(sum(each.visitors for each in own), sum(each.arrived for each in own))


def arrival_p_values(phases: Sequence[PhaseEvidence], control: int, others: Sequence[int]) -> list[float | None]:
    """Always-valid p of each other variant's share of arrivals against the control's, adjusted for being several."""
    return list(statistics.holm([_arrival_p(phases, control, number) for number in others]))


def _arrival_p(phases: Sequence[PhaseEvidence], control: int, other: int) -> float | None:
    strata = [_stratum(phase, control, other) for phase in phases]
    found = statistics.difference([stratum for stratum in strata if stratum is not None])
    if found is None:
        return None
    error = statistics.always_valid_error(found)
    return statistics.sequential_p(found.value, error, Horizon(found.visitors)) if error > 0 else None


def _stratum(phase: PhaseEvidence, control: int, other: int) -> Stratum | None:
    """Only while both were open to new visitors, so that both met the same pages at the same time."""
    buckets = phase.open_buckets or {}
    a, b = phase.entries.get(control, NOBODY), phase.entries.get(other, NOBODY)
    if not buckets.get(control) or not buckets.get(other) or a.visitors <= 0 or b.visitors <= 0:
        return None
    return Stratum(a.visitors, min(max(0, a.arrived), a.visitors), b.visitors, min(max(0, b.arrived), b.visitors))
