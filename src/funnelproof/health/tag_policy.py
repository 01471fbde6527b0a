"""What the gate asks of a campaign's links: that nothing set in them breaks the tag policy."""

from collections.abc import Mapping
from typing import Any

from funnelproof.campaigns.campaign import Campaign, LaunchPolicy
from funnelproof.links import store as links
from funnelproof.storage.database import Transaction
from funnelproof.tags.policy import lint_values
from funnelproof.tags.requests import policy_from

CHECK = "tag_policy"
SHOWN = 10
REMEDY = "Mend the `tracking` of these links, or change the policy."


def tag_breaches(tx: Transaction, campaign: Campaign, of_handle: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """One entry if any link breaks the campaign's own policy, or else that `of_handle`.

    Only what stands in `tracking` is judged: a tag that lacks there may come with each click, and `traffic_tags` sees
    whether it does.
    """
    if campaign.launch_policy is LaunchPolicy.OPEN:
        return ()
    policy = policy_from(campaign.tag_policy or of_handle)
    linted = (
        (link, lint_values(policy, link.tracking))
        for link in links.of_campaign(tx, campaign.handle, campaign.campaign_id)
    )
    broken = [
        {"slug": link.slug, "tag": own.tag, "code": own.breach.value, "detail": own.detail, "fix": own.fix}
        for link, findings in linted
        for own in findings
    ]
    if not broken:
        return ()
    evidence = {"n": len(broken), "links": broken[:SHOWN]}
    return ({"check": CHECK, "status": "FAIL", "remedy": REMEDY, "evidence": evidence},)
