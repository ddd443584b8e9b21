"""A task over many items in several processes, where an item that ends its process costs no other item."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext
from typing import TypeVar

from driftline_jobs.cli.signals import Worker

Item = TypeVar("Item")
Result = TypeVar("Result")

_WARM = "driftline_jobs.cli.fleet.warm"


class ProcessDiedError(Exception):
    """The process that worked on an item ended: killed by the system, or by a fault in a library.

    Ends as: exit status 4 for that monitor alone.
    """


def in_processes(
    task: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Iterator[tuple[Item, Result | ProcessDiedError]]:
    """``task`` of each item as it is done, in about their order; ``task`` must pickle and must not raise.

    When a process ends under its item, each item that was under way is tried alone in a process of its own:
    the one that ends that too is at fault.
    """
    waiting = list(reversed(items))
    while waiting:
        under_way: list[Item] = []
        yield from _until_broken(task, waiting, under_way, workers)
        for item in under_way:
            yield item, _alone(task, item)


def _until_broken(
    task: Callable[[Item], Result], waiting: list[Item], under_way: list[Item], workers: int
) -> Iterator[tuple[Item, Result]]:
    """Work off ``waiting`` from its end; what was under way when the pool broke is left in ``under_way``."""
    running: dict[Future[Result], Item] = {}
    with _pool(min(workers, len(waiting))) as pool:
        while waiting or running:
            while waiting and len(running) < workers and not under_way:
                try:
                    future = pool.submit(Worker.do, task, waiting[-1])
                except BrokenProcessPool:
                    break
                running[future] = waiting.pop()
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                item = running.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool:
                    under_way.append(item)
                else:
                    yield item, result


def _alone(task: Callable[[Item], Result], item: Item) -> Result | ProcessDiedError:
    with _pool(1) as pool:
        try:
            return pool.submit(Worker.do, task, item).result()
        except BrokenProcessPool:
            return ProcessDiedError()


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes forked from one that has imported everything. Whatever ends this one ends them, tidily."""
    pool = ProcessPoolExecutor(workers, _context(), initializer=Worker.begin)
    try:
        yield pool
    except BaseException:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _context() -> ForkServerContext:
    # Forked from a process without threads: one that has them would leave their locks taken in its child.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([_WARM])
    return context
