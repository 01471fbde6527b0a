"""Where the clicks of a campaign are led."""

from funnelproof.campaigns.campaign import Campaign
from funnelproof.links.link import Link


def destinations_of(campaign: Campaign, link: Link) -> dict[str, str]:
    """Addresses by what leads there: each variant with weight (the campaign, without any), each routing rule."""
    weighty = [number for number, weight in campaign.weights if weight > 0] or [0]
    found: dict[str, str] = {}
    for number in weighty:
        variant = campaign.variant(number)
        name = variant.name if variant else "the campaign"
        found[name] = (variant.destination_url if variant else None) or link.destination_url
    for rule in link.routing_rules:
        found[f"rule with priority {rule.priority}"] = rule.destination_url
    return found
