"""How many calls are made again: few of all, so that a service in trouble gets no more of them."""

_SHARE = 0.1
_MOST = 5.0


class RetryBudget:
    """Each call adds a tenth of a retry to what may be spent, up to five."""

    def __init__(self) -> None:
        """Begin with all of it."""
        self._left = _MOST

    def earn(self) -> None:
        """Note that a call is made for the first time."""
        self._left = min(_MOST, self._left + _SHARE)

    def spend(self) -> bool:
        """Take a retry, and return whether there was one."""
        if self._left < 1:
            return False
        self._left -= 1
        return True
