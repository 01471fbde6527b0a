"""All timed work, on one screen: what, how often. docs/operating.md says what each does."""

from funnelproof.alerts.teller import Teller
from funnelproof.audit.chain import chain_new
from funnelproof.health.watch import LightWatch
from funnelproof.installation import Installation
from funnelproof.jobs.runner import Job, LongJob
from funnelproof.keys.ring import forget_salts
from funnelproof.launch.brake import Brake
from funnelproof.launch.schedule import Timer
from funnelproof.ledger.forget import OldEntries
from funnelproof.notifications.clicks import ClickTeller
from funnelproof.notifications.deliver import Courier, forget_deliveries
from funnelproof.privacy.quarters import OldQuarters
from funnelproof.privacy.retention import Retention
from funnelproof.probing.prober import Prober
from funnelproof.probing.store import forget as forget_probes
from funnelproof.proofs.forget import forget_worlds
from funnelproof.proofs.walk import Returns
from funnelproof.results.inspect import Inspector
from funnelproof.results.keep import Watch
from funnelproof.storage.partitions import keep_months
from funnelproof.traces.forget import OldRequests


def jobs_of(home: Installation, courier: Courier, prober: Prober, teller: Teller) -> list[Job | LongJob]:
    clock = home.clock
    lights, inspector, returns = LightWatch(clock.now), Inspector(clock.now), Returns(clock.now)
    return [
        Job("schedule", 1, Timer(clock.now)),
        Job("see_walks", 2, returns.keep, returns.look),
        Job("forget_salts", 3600, lambda tx: forget_salts(tx, clock.now())),
        Job("watch_lights", 10, lights.keep, lights.look, pause_seconds=0.25),
        Job("brake", 5, Brake(clock.now)),
        Job("watch_tests", 60, Watch(clock.now)),
        Job("inspect_tests", 300, inspector.keep, inspector.look, pause_seconds=0.25),
        Job("forget_worlds", 600, lambda tx: forget_worlds(tx, clock.now())),
        Job("chain_audit", 1, chain_new),
        Job("forget_answers", 600, OldEntries(clock.now)),
        Job("forget_requests", 3600, OldRequests(clock.now)),
        Job("forget_quarters", 3600, OldQuarters(clock.now)),
        Job("tell_clicks", 1, ClickTeller(clock.now)),
        LongJob("deliver", 0.5, courier),
        LongJob("tell_people", 5, teller),
        *([LongJob("probe", 60, prober)] if home.settings.probing else []),
        Job("forget_probes", 3600, lambda tx: forget_probes(tx, clock.now())),
        Job("forget_deliveries", 3600, lambda tx: forget_deliveries(tx, clock.now())),
        LongJob("retention", 3600, Retention(home.database, clock.now)),
        Job("months", 3600, lambda tx: keep_months(tx, clock.now())),
    ]
