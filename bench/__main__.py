"""`./dev bench`: hands what is asked for to who measures that."""

import importlib
import sys

ELSEWHERE = {"--scale": "bench.scale", "--company": "bench.together", "--neighbours": "bench.together"}
TAKEN_HERE = {"--scale"}


def main(argv: list[str]) -> int:
    """The module's own `main(argv) -> int`; only what is asked for is imported."""
    module = next((ELSEWHERE[word] for word in argv if word in ELSEWHERE), "bench.command")
    done: int = importlib.import_module(module).main([word for word in argv if word not in TAKEN_HERE])
    return done


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
