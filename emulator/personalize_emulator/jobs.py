"""What takes its time: creates, imports, trainings, updates and deletes.

A job begins a moment after it was asked for, does its work on a worker thread, and is over when
both the work and its emulated duration are. Jobs are in the store, so a restart takes them up
again; a job that is no longer there (its resource is gone, it was stopped) comes to nothing.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from personalize_emulator.clock import Clock
from personalize_emulator.errors import JobFailedError
from personalize_emulator.store import Store

_log = logging.getLogger(__name__)

_PENDING_SHARE = 0.1  # of the duration, and
_PENDING_SECONDS = 10.0  # at most, a job is pending
_WORKERS = 2

Outcome = Callable[[], None]


@dataclass(frozen=True)
class Job:
    """One thing to do with a resource.

    Attributes:
        number: The number of the job.
        arn: The resource.
        action: "create", "update", "delete" or what else its family knows.
        started: When it was asked for, in emulated time.
        duration: How long it lasts at least, in emulated seconds.
    """

    number: int
    arn: str
    action: str
    started: float
    duration: float

    @property
    def begins(self) -> float:
        """When it is no longer pending."""
        return self.started + min(self.duration * _PENDING_SHARE, _PENDING_SECONDS)

    @property
    def ends(self) -> float:
        """When it is over, if its work is."""
        return self.started + self.duration


class Family(Protocol):
    """The resources that jobs are done for; each method but `work` runs in a transaction."""

    def begin(self, job: Job) -> None:
        """Mark the resource as being worked on."""
        ...

    def work(self, job: Job) -> Outcome | None:
        """Do the real work and return how to keep its result, None if there is none.

        Raises:
            JobFailedError: The job fails for this reason.
        """
        ...

    def finish(self, job: Job) -> None:
        """Mark the resource as done."""
        ...

    def fail(self, job: Job, reason: str) -> None:
        """Mark the resource as failed."""
        ...


class Jobs:
    """Does jobs, each at its time."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Do jobs of this store by this clock; `start` begins."""
        self._store = store
        self._clock = clock
        self._families: Mapping[str, Family] = {}
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False
        self._doing = 0
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="personalize-work")
        self._timer = threading.Thread(target=self._run, name="personalize-jobs", daemon=True)
        clock.listen(self._wake)

    def start(self, families: Mapping[str, Family]) -> None:
        """Begin, with the jobs that an earlier process left behind.

        Args:
            families: Who does the jobs of each kind of resource.
        """
        self._families = families
        for row in self._store.execute("SELECT number, arn, action, started, duration FROM jobs"):
            self._schedule(Job(*row))
        self._timer.start()

    def stop(self) -> None:
        """Stop; a job whose work runs loses it, and is taken up again by the next process."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._timer.is_alive():
            self._timer.join()
        self._workers.shutdown(wait=True, cancel_futures=True)

    def submit(self, arn: str, action: str, duration: float, *, after: float = 0.0) -> None:
        """Have something done.

        Args:
            arn: The resource.
            action: What to do.
            duration: How long it lasts at least, in emulated seconds.
            after: How long from now it starts, in emulated seconds.
        """
        started = self._clock.now() + after
        ((number,),) = self._store.execute(
            "INSERT INTO jobs (arn, action, started, duration) VALUES (?, ?, ?, ?)"
            " RETURNING number",
            (arn, action, started, duration),
        )
        job = Job(number, arn, action, started, duration)
        self._store.once_committed(lambda: self._schedule(job))

    def cancel(self, arn: str, action: str) -> None:
        """Make a job come to nothing; work that runs goes on, and its result is dropped."""
        self._store.execute("DELETE FROM jobs WHERE arn = ? AND action = ?", (arn, action))

    def under_way(self, arn: str, action: str) -> bool:
        """Tell whether such a job is there."""
        rows = self._store.execute(
            "SELECT 1 FROM jobs WHERE arn = ? AND action = ? LIMIT 1", (arn, action)
        )
        return bool(rows)

    def settle(self) -> None:
        """Return once everything is done that is due by now."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopped or (not self._doing and self._seconds_until_due() > 0)
            )

    def next_moment(self) -> float | None:
        """Return when the next thing is due, in emulated time; None if nothing is under way."""
        self.settle()
        with self._changed:
            return self._due[0][0] if self._due else None

    def _schedule(self, job: Job) -> None:
        self._at(job.begins, lambda: self._begin(job))

    def _at(self, moment: float, do: Callable[[], None]) -> None:
        with self._changed:
            heapq.heappush(self._due, (moment, next(self._order), do))
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _did(self) -> None:
        with self._changed:
            self._doing -= 1
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and (wait := self._seconds_until_due()) > 0:
                    self._changed.wait(wait)
                if self._stopped:
                    return
                _, _, do = heapq.heappop(self._due)
                self._doing += 1
            try:
                do()
            except Exception:
                _log.exception("a job of the emulator broke")
            finally:
                self._did()

    def _seconds_until_due(self) -> float:
        if not self._due:
            return threading.TIMEOUT_MAX
        return min(self._clock.real_seconds_until(self._due[0][0]), threading.TIMEOUT_MAX)

    def _begin(self, job: Job) -> None:
        family = self._family(job)
        if family is None:
            return
        with self._store.transaction():
            if not self._there(job):
                return
            family.begin(job)
        with self._changed:
            self._doing += 1
        self._workers.submit(self._work, job, family)

    def _work(self, job: Job, family: Family) -> None:
        outcome: Outcome | None = None
        reason: str | None = None
        try:
            outcome = family.work(job)
        except Exception as error:  # whatever it is, it fails the job
            reason = _reason(job, error)
        self._at(max(job.ends, self._clock.now()), lambda: self._end(job, family, outcome, reason))
        self._did()

    def _end(self, job: Job, family: Family, outcome: Outcome | None, reason: str | None) -> None:
        if reason is None:
            try:
                self._settle(job, lambda: self._succeed(job, family, outcome))
            except Exception as error:
                reason = _reason(job, error)
        if reason is not None:
            failure = reason
            self._settle(job, lambda: family.fail(job, failure))

    @staticmethod
    def _succeed(job: Job, family: Family, outcome: Outcome | None) -> None:
        if outcome is not None:
            outcome()
        family.finish(job)

    def _settle(self, job: Job, do: Callable[[], None]) -> None:
        with self._store.transaction():
            if self._there(job):
                self._store.execute("DELETE FROM jobs WHERE number = ?", (job.number,))
                do()

    def _there(self, job: Job) -> bool:
        return bool(self._store.execute("SELECT 1 FROM jobs WHERE number = ?", (job.number,)))

    def _family(self, job: Job) -> Family | None:
        resource = self._store.get(job.arn)
        return self._families.get(resource.kind) if resource else None


def _reason(job: Job, error: Exception) -> str:
    if isinstance(error, JobFailedError):
        return str(error)
    _log.error("%s of %s broke", job.action, job.arn, exc_info=error)
    return f"The emulator broke: {error!r}"
