"""Go through the folders of a log on disk.

Symbolic links are followed as long as they stay inside the log's folder, and never so that an object counts
twice: what a link leads to is read where it lies itself, unless it is hidden there, as where
``dt=2013-07-01`` leads to ``.versions/7``. Of several links to a hidden object the first by its path counts.
"""

from __future__ import annotations

import heapq
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from driftline_jobs.sources.listing.folders import Span
from driftline_jobs.sources.listing.passed_over import PassedOverCounter, Reason
from driftline_jobs.sources.listing.walk import (
    Found,
    first_hidden,
    is_hidden_folder,
    is_hidden_object,
    refuse_table,
)
from driftline_jobs.storage.folder import Folder, entry_of

Segments = tuple[str, ...]


def walk_folder(
    location: Folder, zone: str, within: Span | None, passed_over: PassedOverCounter
) -> Iterator[Found]:
    """See ``walk.walk``."""
    if os.path.isfile(location.path):  # noqa: PTH113 - see _entries
        status = os.stat(location.path)  # noqa: PTH116
        yield (), entry_of(location.path, status)
        return
    walk = _Walk(location, zone, within, passed_over)
    yield from walk.tree(())
    yield from walk.linked()


@dataclass
class _Walk:
    """One walk. ``links`` are those that were met and wait: how many were followed to get there, and where
    they lie below the location. ``_linked`` is where the followed ones lead."""

    location: Folder
    zone: str
    within: Span | None
    passed_over: PassedOverCounter
    links: list[tuple[int, Segments]] = field(default_factory=list)
    _linked: set[str] = field(default_factory=set)

    def tree(self, top: Segments, real: str | None = None, followed: int = 0) -> Iterator[Found]:
        """Everything below ``top`` but for links; ``real`` is where it lies if a link was followed to it."""
        waiting = [(top, real)]
        while waiting:
            folders, real = waiting.pop()
            for entry in _entries(self.location, self._path(folders)):
                inner, inner_real = (*folders, entry.name), real and f"{real}/{entry.name}"
                if inner_real in self._linked:
                    continue
                try:
                    if entry.is_symlink():
                        self._meet_link(inner, entry, followed)
                    elif entry.is_dir(follow_symlinks=False):
                        if self._enters(inner, entry.path):
                            waiting.append((inner, inner_real))
                    elif (found := self._object(inner, entry)) is not None:
                        yield found
                except FileNotFoundError:
                    continue  # Deleted while we were listing: as if it had gone just before.
                except OSError as error:
                    raise self.location.error(error, self.location.uri_of(entry.path)) from error

    def linked(self) -> Iterator[Found]:
        """What the links lead to, and those that are met on the way."""
        while self.links:
            followed, inner = heapq.heappop(self.links)
            path = self._path(inner)
            real = os.path.realpath(path)
            try:
                status = os.stat(path)  # noqa: PTH116
            except OSError:
                status = None  # it leads nowhere, or in a circle
            below = self._below(real)
            if status is None or below is None:
                self.passed_over.note(Reason.LINK, inner[:-1], path)
            elif not self._is_walked(below, is_folder=stat.S_ISDIR(status.st_mode)):
                # Also where its date lies outside: then no other link stands in for it.
                self._linked.add(real)
                if stat.S_ISDIR(status.st_mode):
                    if self._enters(inner, path):
                        yield from self.tree(inner, real, followed + 1)
                elif stat.S_ISREG(status.st_mode):
                    yield inner[:-1], entry_of(path, status)
                else:
                    self.passed_over.note(Reason.NOT_A_FILE, inner[:-1], path)

    def _path(self, segments: Segments) -> str:
        return "/".join((self.location.path.rstrip("/"), *segments)) or "/"

    def _below(self, real: str) -> Segments | None:
        """A real path from the location down; None if it lies outside."""
        root = self.location.path.rstrip("/")
        if real == root:
            return ()
        return tuple(real[len(root) + 1 :].split("/")) if real.startswith(f"{root}/") else None

    def _is_walked(self, below: Segments, *, is_folder: bool) -> bool:
        """Whether this is met anyway, by no link or by one that was followed: nothing between is hidden."""
        for depth in range(len(below), -1, -1):
            rest = (*below[depth:], "") if is_folder else below[depth:]
            if rest and first_hidden(rest) is not None:
                return False
            if depth == 0 or self._path(below[:depth]) in self._linked:
                return True
        return False

    def _meet_link(self, inner: Segments, entry: os.DirEntry[str], followed: int) -> None:
        try:
            leads_to_folder = entry.is_dir()
        except OSError:  # it leads in a circle
            leads_to_folder = False
        if leads_to_folder:
            refuse_table(self.location, "/".join((*inner, "")))
        if (is_hidden_folder if leads_to_folder else is_hidden_object)(entry.name):
            self.passed_over.note(Reason.HIDDEN, inner[:-1], entry.path)
        else:
            heapq.heappush(self.links, (followed, inner))

    def _enters(self, inner: Segments, path: str) -> bool:
        refuse_table(self.location, "/".join((*inner, "")))
        if is_hidden_folder(inner[-1]):
            self.passed_over.note(Reason.HIDDEN, inner[:-1], path)
            return False
        return not (self.within and self.within.excludes_folder(inner, self.zone))

    def _object(self, inner: Segments, entry: os.DirEntry[str]) -> Found | None:
        refuse_table(self.location, "/".join(inner))
        if is_hidden_object(entry.name):
            self.passed_over.note(Reason.HIDDEN, inner[:-1], entry.path)
        elif not entry.is_file(follow_symlinks=False):
            self.passed_over.note(Reason.NOT_A_FILE, inner[:-1], entry.path)
        else:
            return inner[:-1], entry_of(entry.path, entry.stat(follow_symlinks=False))
        return None


def _entries(location: Folder, folder: str) -> list[os.DirEntry[str]]:
    """What lies in ``folder``. scandir tells the kind of each entry without another call; Path does not."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise location.error(error, location.uri_of(folder)) from error
