"""Does one of two figures win more often than a fair coin would have it?"""

from __future__ import annotations

from scipy.special import betainc

from memaudit.stats.checks import count


def sign_test(wins: int, n: int) -> float:
    """One-sided p-value of at least ``wins`` wins in ``n`` comparisons, P[Bin(n, 1/2) >= wins].

    The sign test (Conover, Practical Nonparametric Statistics, 3rd edition, section 3.4), with ties counted
    in ``n`` and not in ``wins``, which is the careful side. The tail is the regularised incomplete beta
    function I_1/2(wins, n - wins + 1).

    Raises:
        StatisticError: unless 0 <= wins <= n and n >= 1.

    >>> sign_test(5, 5)
    0.03125
    """
    n = count(n, "n", least=1)
    wins = count(wins, "wins", most=n)
    return float(betainc(wins, n - wins + 1, 0.5)) if wins else 1.0
