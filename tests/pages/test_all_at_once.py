"""Several people write and publish at once, on both engines: one version, one pointer, nothing lost unseen."""

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

from cast import HANDLE, make_cast
from conftest import MakeInstallation
from funnel import CAMPAIGN
from funnelproof.audit.act import Act
from funnelproof.campaigns.create import create
from funnelproof.campaigns.requests import NewCampaign
from funnelproof.errors import Problem
from funnelproof.links.address import AddressRules
from funnelproof.pages import store
from funnelproof.pages.draft import write_draft
from funnelproof.pages.page import AccessMode, Content, StructureType
from funnelproof.pages.publish import publish
from funnelproof.storage.database import Database, Transaction
from pages.conftest import DOCUMENT, SLUG

RULES = AddressRules(())
MANY = 6


def content(title: str = "Dhoop", slug: str = SLUG) -> Content:
    document = {**deepcopy(DOCUMENT), "variants": {}}
    return Content(title, slug, AccessMode.PUBLIC, StructureType.PRODUCT_LAUNCH, document)


def act(name: str = "user:u") -> Act:
    return Act(name, 1_000_000, None)


def campaign(tx: Transaction, campaign_id: str) -> None:
    body = NewCampaign.model_validate({"campaignId": campaign_id, "name": "x", "goalType": "PRODUCT_SALE"})
    create(tx, handle=HANDLE, body=body, currency="EUR", rules=RULES, act=act())


def at_once(database: Database, works: list[Any]) -> list[Any]:
    def tried(work: Any) -> Any:
        try:
            return database.write_now(work)
        except Problem as problem:
            return problem

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(tried, works))


def put(text: str, if_match: str | None, campaign_id: str = CAMPAIGN, slug: str = SLUG) -> Any:
    return lambda tx: write_draft(
        tx, HANDLE, campaign_id, content(text, slug), if_match=if_match, rules=RULES, act=act()
    )


def test_drafts_and_publishing_at_once(make_installation: MakeInstallation, engine_kind: str) -> None:
    home = make_installation(engine_kind)
    make_cast(home)
    database = home.database
    database.write_now(lambda tx: campaign(tx, CAMPAIGN))

    firsts = at_once(database, [put(f"First {number}", None) for number in range(MANY)])
    refusals = [answer.code for answer in firsts if isinstance(answer, Problem)]
    assert refusals == ["precondition_required"] * (MANY - 1)

    seconds = at_once(database, [put(f"Second {number}", '"1"') for number in range(MANY)])
    refusals = [answer.code for answer in seconds if isinstance(answer, Problem)]
    assert refusals == ["precondition_failed"] * (MANY - 1)

    def go(tx: Transaction) -> Any:
        return publish(tx, HANDLE, CAMPAIGN, version=None, rules=RULES, act=act())

    published = at_once(database, [go] * MANY)
    assert sorted(is_new for _, is_new in published) == [False] * (MANY - 1) + [True]
    assert {page.version.version for page, _ in published} == {1}
    assert len({page.deployment.deployment_id for page, _ in published}) == 1

    database.write_now(put("Third", '"2"'))
    mixed = at_once(database, [go, lambda tx: publish(tx, HANDLE, CAMPAIGN, version=1, rules=RULES, act=act())] * 3)
    assert {page.version.version for page, _ in mixed} <= {1, 2}
    page = database.read_now(lambda tx: store.get(tx, HANDLE, CAMPAIGN))
    (newest, *_) = database.read_now(lambda tx: store.list_deployments(tx, HANDLE, CAMPAIGN, before=None, limit=50))
    assert (page.last_version, page.published_version) == (2, newest.version)
    assert page.deployment_id == newest.deployment_id


def test_one_slug_wanted_by_several_campaigns(make_installation: MakeInstallation, engine_kind: str) -> None:
    home = make_installation(engine_kind)
    make_cast(home)
    ids = [f"campaign-{number}" for number in range(MANY)]
    for campaign_id in ids:
        home.database.write_now(lambda tx, own=campaign_id: campaign(tx, own))
    answers = at_once(home.database, [put("x", None, campaign_id) for campaign_id in ids])
    assert [answer.code for answer in answers if isinstance(answer, Problem)] == ["slug_taken"] * (MANY - 1)
