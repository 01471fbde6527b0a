"""Run tokens: an hour for one run, and nothing else."""

import pytest

from funnelproof.clock import HOUR, SetClock
from funnelproof.installation import Installation
from funnelproof.keys.key import Purpose
from funnelproof.keys.ring import rotate
from funnelproof.links.ctx import Mode
from funnelproof.worlds.world import InvalidRunToken, mode_of, read_run_token, run_token

RUN = "run_" + "0123456789abcdef" * 2


@pytest.fixture
def token(installation: Installation, clock: SetClock) -> str:
    return run_token("gharart", RUN, installation.keyring, clock.now())


def test_a_token_opens_its_run(installation: Installation, clock: SetClock, token: str) -> None:
    assert read_run_token(token, installation.keyring, clock.now()) == ("gharart", RUN)


def test_a_token_lives_an_hour(installation: Installation, clock: SetClock, token: str) -> None:
    clock.advance(HOUR - 1)
    assert read_run_token(token, installation.keyring, clock.now())
    clock.advance(1)
    with pytest.raises(InvalidRunToken):
        read_run_token(token, installation.keyring, clock.now())


def test_changing_any_character_is_noticed(installation: Installation, clock: SetClock, token: str) -> None:
    for at, letter in enumerate(token):
        for other in {"a", "1", "."} - {letter}:
            with pytest.raises(InvalidRunToken):
                read_run_token(token[:at] + other + token[at + 1 :], installation.keyring, clock.now())


@pytest.mark.parametrize("text", ["", "rt1", "rt1.gharart.run_x.1.abcd.x", "🙂", "rt1." * 100])
def test_what_is_no_token_is_refused(installation: Installation, clock: SetClock, text: str) -> None:
    with pytest.raises(InvalidRunToken):
        read_run_token(text, installation.keyring, clock.now())


def test_a_token_holds_after_its_key_was_rotated(installation: Installation, clock: SetClock, token: str) -> None:
    installation.database.write_now(lambda tx: rotate(tx, installation.seal, clock.now(), Purpose.CTX))
    installation.keyring.load()
    clock.advance(HOUR // 2)
    assert read_run_token(token, installation.keyring, clock.now()) == ("gharart", RUN)


@pytest.mark.parametrize(("world", "mode"), [("live", Mode.LIVE), ("preview", Mode.PREVIEW), (RUN, Mode.TEST)])
def test_the_world_tells_the_mode(world: str, mode: Mode) -> None:
    assert mode_of(world) is mode
