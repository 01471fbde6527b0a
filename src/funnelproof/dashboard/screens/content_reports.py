"""For platform operators: abuse of public pages and links, and what becomes of them."""

from urllib.parse import quote

from funnelproof.dashboard.screens import operator
from funnelproof.dashboard.visit import Goto, Page, Visit


async def show(visit: Visit) -> Page:
    return Page("content_reports.html", await operator.queue(visit, "content-reports"))


async def _decide(visit: Visit) -> Goto:
    wanted = quote(visit.form.get("id", "") or "-", safe="")
    note = visit.form.get("note", "").strip()
    told = {"decision": visit.form.get("decision", ""), **({"note": note} if note else {})}
    await visit.send("POST", f"{operator.OPERATOR}/content-reports/{wanted}/decision", told)
    return Goto(f"{visit.path}?status=SETTLED")


ACTS = {"decide": _decide}
