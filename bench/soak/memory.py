"""Whether a server's memory is flat: what it gains over the end of its longest life, by a line through the samples."""

from dataclasses import dataclass

from bench.soak.server import Life

MIB = 1 << 20
WARM_UP_SHARE = 0.5
MAY_GAIN_MIB, MAY_GAIN_SHARE = 8.0, 0.06
ENOUGH_SECONDS = 60.0


@dataclass(frozen=True)
class Memory:
    """`slope_mib_per_minute` after the warm-up; `is_flat` is None where the life was too short to tell."""

    most_mib: float
    slope_mib_per_minute: float
    gained_mib: float
    measured_seconds: float
    is_flat: bool | None


def judge(lives: list[Life]) -> Memory:
    most = max((size for life in lives for _, size in life.samples), default=0) / MIB
    longest = max(lives, key=lambda life: len(life.samples)).samples
    late = [sample for sample in longest if sample[0] >= longest[-1][0] * WARM_UP_SHARE] if longest else []
    if len(late) < 3:
        return Memory(most, 0.0, 0.0, 0.0, None)
    slope = _slope(late) / MIB
    seconds = late[-1][0] - late[0][0]
    middle = sorted(size for _, size in late)[len(late) // 2] / MIB
    is_flat = slope * seconds <= max(MAY_GAIN_MIB, MAY_GAIN_SHARE * middle)
    return Memory(most, slope * 60, slope * seconds, seconds, is_flat if seconds >= ENOUGH_SECONDS else None)


def _slope(samples: list[tuple[float, int]]) -> float:
    """Bytes per second, by least squares."""
    mean_at = sum(at for at, _ in samples) / len(samples)
    mean_size = sum(size for _, size in samples) / len(samples)
    spread = sum((at - mean_at) ** 2 for at, _ in samples)
    return sum((at - mean_at) * (size - mean_size) for at, size in samples) / spread if spread else 0.0
