"""Which database brand an installation uses: apart from `app`, so that commands which need storage alone start fast."""

from funnelproof.settings import Settings
from funnelproof.storage.database import Engines


def engines_of(settings: Settings) -> Engines:
    if settings.database_url is not None:
        from funnelproof.storage.postgres import PostgresEngines

        return PostgresEngines(settings.database_url.get_secret_value())
    from funnelproof.storage.sqlite import SqliteEngines

    return SqliteEngines(settings.data)
