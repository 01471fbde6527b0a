"""The configuration of a campaign as it stands now, read where each part of it lives."""

from funnelproof.campaigns.campaign import Campaign
from funnelproof.links.link import Link
from funnelproof.notifications import store as webhooks
from funnelproof.notifications.outbox import wanted_events
from funnelproof.notifications.webhook import MOST_PER_HANDLE
from funnelproof.pages import store as pages
from funnelproof.proofs.digest import Configuration, configuration_of
from funnelproof.storage.database import Transaction
from funnelproof.tags.write import policy_in_force


def configuration_now(tx: Transaction, campaign: Campaign, link: Link | None) -> Configuration:
    page = pages.facts_of(tx, campaign.handle, [campaign.campaign_id]).get(campaign.campaign_id)
    events = wanted_events(webhooks.of_handle(tx, campaign.handle, limit=MOST_PER_HANDLE))
    policy = policy_in_force(tx, campaign.handle).policy
    return configuration_of(campaign, link, page, events=events, tag_policy=policy)
