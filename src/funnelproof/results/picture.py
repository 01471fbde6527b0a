"""Power against days as a picture: for the endpoint, the command line, and whoever shows a plan."""

from funnelproof.results.outlook import HOPELESS, Outlook
from funnelproof.results.words import grouped, percent
from funnelproof.web.svg import Chart, Line, svg

GOOD_POWER = 0.8


def power_picture(found: Outlook) -> str:
    """An SVG. Without days there is no curve, and the picture says so."""
    title = f"How likely +{percent(found.lift)} on {percent(found.baseline)} is found by that day"
    level = (percent(GOOD_POWER), GOOD_POWER)
    if not found.curve or found.days is None:
        return svg(Chart(title, "days", [], level, lacking=_why_no_curve(found)))
    line = Line("at one look at the end of the day", [(0, 0.0), *((point.day, point.power) for point in found.curve)])
    planned = (f"planned size: day {grouped(found.days)}", found.days)
    return svg(Chart(title, "days", [line], level, planned))


def _why_no_curve(found: Outlook) -> str:
    return HOPELESS if found.is_out_of_reach else "Nobody can say without visitors a day."


def empty_picture(why: str) -> str:
    """Where there is no plan to draw."""
    return svg(Chart("How likely the change is found by that day", "days", [], lacking=why))
