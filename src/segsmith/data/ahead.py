"""Work done ahead by threads, handed out in order."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int, ahead: int | None = None
) -> Generator[Result]:
    """``function`` of every item, in the items' order.

    ``workers`` threads run at most ``ahead`` items early (without ``ahead``: one more than there are workers), so
    that results waiting to be taken stay few; with no workers each result is made when it is asked for. Leaving the
    iteration early drops what has not started.
    """
    if workers == 0:
        yield from map(function, items)
        return
    limit = workers + 1 if ahead is None else ahead
    pool = ThreadPoolExecutor(workers, thread_name_prefix="segsmith-data")
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= limit:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
