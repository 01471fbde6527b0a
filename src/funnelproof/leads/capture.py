"""Capturing leads: each stored once, and a conversion as well where its campaign is after leads, in one transaction."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from funnelproof.campaigns.campaign import GoalType
from funnelproof.campaigns.store import LIVE
from funnelproof.conversions.arrive import Arrival, arrive
from funnelproof.conversions.record import Recorded, record
from funnelproof.conversions.setting import Setting, find_setting
from funnelproof.errors import Problem
from funnelproof.leads import store
from funnelproof.leads.lead import LeadKeyReused, NewLead
from funnelproof.links.link import NoSuchCampaign
from funnelproof.notifications.outbox import announce
from funnelproof.notifications.webhook import Event
from funnelproof.storage.database import Transaction

Answer = bool | Problem


def capture(tx: Transaction, leads: Sequence[NewLead]) -> list[Answer]:
    """Whether each is new. A group mixes handles and worlds."""
    answers: dict[int, Answer] = {}
    in_order = sorted(enumerate(leads), key=lambda pair: pair[1].scope)
    for _, group in groupby(in_order, key=lambda pair: pair[1].scope):
        answers.update(_capture_in_scope(tx, dict(group)))
    return [answers[position] for position in range(len(leads))]


def _capture_in_scope(tx: Transaction, group: Mapping[int, NewLead]) -> dict[int, Answer]:
    scope = next(iter(group.values())).scope
    try:
        setting = find_setting(tx, scope, {lead.campaign_id for lead in group.values()})
        setting.check_is_open()
    except Problem as problem:
        return dict.fromkeys(group, problem)
    known = {position: lead for position, lead in group.items() if lead.campaign_id in setting.campaigns}
    firsts = store.add(tx, setting, list(known.values()))
    new = [lead for lead in known.values() if firsts[lead.stored_key].lead_id == lead.lead_id]
    _convert(tx, setting, new)
    if new and setting.world == LIVE:
        facts = [{"leadId": one.lead_id, "campaignId": one.campaign_id, "formId": one.form_id} for one in new]
        announce(tx, setting.handle, Event.LEAD_CAPTURED, facts, at=max(one.captured_at for one in new))
    answers: dict[int, Answer] = {position: NoSuchCampaign() for position in group}
    return answers | {position: _answer(lead, firsts[lead.stored_key]) for position, lead in known.items()}


def _answer(lead: NewLead, first: store.First) -> Answer:
    if lead.key is not None and first.digest != lead.digest:
        return LeadKeyReused()
    return first.lead_id == lead.lead_id


def _convert(tx: Transaction, setting: Setting, leads: Sequence[NewLead]) -> None:
    """A form is never lost because its conversion is refused, such as that of a click long ago: it tells why."""
    wanted = [lead for lead in leads if lead.claim and _is_goal(setting, lead)]
    claims = [lead.claim for lead in wanted if lead.claim]
    for lead, answer in zip(wanted, record(tx, claims) if claims else (), strict=True):
        if isinstance(answer, Recorded):
            store.note_conversion(tx, setting, lead, conversion_id=answer.conversion.conversion_id)
        else:
            store.note_conversion(tx, setting, lead, refusal=f"{answer.code}: {answer.detail}")
    others = [lead for lead in leads if lead.ctx and lead not in wanted]
    if others:
        arrive(tx, [Arrival(lead.ctx, lead.captured_at) for lead in others if lead.ctx])


def _is_goal(setting: Setting, lead: NewLead) -> bool:
    return setting.campaigns[lead.campaign_id].goal_type is GoalType.LEAD_CAPTURE
