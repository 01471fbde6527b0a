"""Members of the handle, and what each may do."""

from typing import Any

from funnelproof.dashboard.visit import Goto, Page, Visit

ROLES = ("CREATOR", "OPERATOR", "OWNER")


async def show(visit: Visit) -> Page:
    listed = await visit.get(f"{visit.api}/collaborators") if visit.is_at_least("OPERATOR") else None
    return Page("people.html", {"members": listed["items"] if listed else None, "roles": ROLES})


async def names_of(visit: Visit) -> dict[str, str]:
    """Names by user id, as far as one may see them."""
    own: dict[str, Any] = visit.me or {}
    names = {own["userId"]: own["name"] or own["email"]}
    if visit.is_at_least("OPERATOR"):
        listed = await visit.get(f"{visit.api}/collaborators")
        names |= {member["userId"]: member["name"] or member["email"] for member in listed["items"]}
    return names


async def _put(visit: Visit, items: list[dict[str, str]]) -> Goto:
    await visit.send("PUT", f"{visit.api}/collaborators", {"items": items})
    return Goto(visit.path)


async def _others(visit: Visit) -> list[dict[str, str]]:
    listed = await visit.get(f"{visit.api}/collaborators")
    email = visit.form.get("email", "").strip().lower()
    kept = [one for one in listed["items"] if one["email"] != email]
    return [{"email": one["email"], "role": one["role"]} for one in kept]


async def _set(visit: Visit) -> Goto:
    part = {"email": visit.form.get("email", "").strip(), "role": visit.form.get("role", "CREATOR")}
    return await _put(visit, [*await _others(visit), part])


async def _remove(visit: Visit) -> Goto:
    return await _put(visit, await _others(visit))


ACTS = {"set": _set, "remove": _remove}
