"""The served script, made of its source. Run by `./dev sdk`; a test compares."""

import minify

from funnelproof.sdk.script import SERVED, SOURCE


def minified() -> str:
    return str(minify.string("text/javascript", SOURCE.read_text())) + "\n"


if __name__ == "__main__":
    SERVED.write_text(minified())
    print(f"{SERVED.name}: {SERVED.stat().st_size} bytes")  # noqa: T201
