"""Phases and epochs: when the split of a campaign's test changes, and when its variants no longer mean the same."""

from dataclasses import replace

from funnelproof.campaigns.campaign import Campaign
from funnelproof.campaigns.variants import ramp_faults
from funnelproof.errors import Fault


def meaning(campaign: Campaign, primary_destination: str | None) -> tuple[object, ...]:
    """What a test's figures are figures of. Once somebody has entered, a change of it begins an epoch."""
    return (
        tuple((variant.number, variant.destination_url or primary_destination) for variant in campaign.variants),
        campaign.control.number if campaign.control else None,
        campaign.event_type,
        campaign.counting_rule,
        campaign.max_per_click,
        campaign.attribution_window_days,
        campaign.decision_window_days,
    )


def split(campaign: Campaign) -> tuple[object, ...]:
    """How new visitors are shared out. A change of it begins a phase."""
    return (tuple((variant.number, variant.enabled) for variant in campaign.variants), campaign.shares)


def after_change(
    before: Campaign, after: Campaign, *, somebody_entered: bool, destinations: tuple[str | None, str | None]
) -> Campaign:
    """The changed campaign in its phase and epoch; `destinations` are those of its primary link, before and after."""
    meant_before, means_now = meaning(before, destinations[0]), meaning(after, destinations[1])
    if somebody_entered and meant_before != means_now and not _only_more_variants(before, after, destinations):
        return replace(after, epoch=before.epoch + 1, phase=1)
    if split(before) != split(after):
        return replace(after, epoch=before.epoch, phase=before.phase + 1)
    return after


def open_buckets(campaign: Campaign) -> dict[str, int]:
    """Open bucket counts by variant number: the expected shares of a phase."""
    return {str(share.number): share.open_count for share in campaign.shares}


def split_faults(campaign: Campaign) -> list[Fault]:
    """Variants among which visitors cannot be shared out: no weight, no single control, a variant out of reach."""
    if not campaign.variants:
        return []
    faults: list[Fault] = []
    if sum(variant.control for variant in campaign.variants) != 1:
        faults.append(Fault("/variants", "invalid", "need exactly one variant with `control: true`."))
    if sum(weight for _, weight in campaign.weights) == 0:
        detail = "need at least one enabled variant with a weight above 0."
        return [*faults, Fault("/variants", "invalid", detail)]
    names = [variant.variant_id for variant in campaign.variants]
    return faults + ramp_faults(campaign.weights, campaign.ramp_percent, names)


def _only_more_variants(before: Campaign, after: Campaign, destinations: tuple[str | None, str | None]) -> bool:
    """A variant added or taken away changes the split, not what the others mean."""
    kept = {variant.number for variant in before.variants} & {variant.number for variant in after.variants}

    def common(campaign: Campaign) -> Campaign:
        return replace(campaign, variants=tuple(variant for variant in campaign.variants if variant.number in kept))

    return meaning(common(before), destinations[0]) == meaning(common(after), destinations[1])
