"""The distributions we take from SciPy, loaded with the first figure that needs one: importing them costs 0.3 s."""

from functools import cache
from types import ModuleType


@cache
def load() -> ModuleType:
    """`scipy.special`, never `scipy.stats`, which costs 75 MiB more. A server calls this once it answers."""
    import scipy.special

    module: ModuleType = scipy.special
    return module


def ndtri(probability: float) -> float:
    """The quantile of the standard normal distribution."""
    return float(load().ndtri(probability))


def ndtr(quantile: float) -> float:
    """The standard normal distribution up to a quantile."""
    return float(load().ndtr(quantile))


def stdtr(degrees: float, t: float) -> float:
    """Student's t distribution up to t."""
    return float(load().stdtr(degrees, t))


def stdtrit(degrees: float, probability: float) -> float:
    """The quantile of Student's t distribution."""
    return float(load().stdtrit(degrees, probability))


def chdtrc(degrees: float, chi_squared: float) -> float:
    """The chi-squared distribution above a value."""
    return float(load().chdtrc(degrees, chi_squared))


def gammaln(x: float) -> float:
    """The logarithm of the gamma function."""
    return float(load().gammaln(x))


def betaln(a: float, b: float) -> float:
    """The logarithm of the beta function."""
    return float(load().betaln(a, b))
