"""All files to all shares: what changed is copied, what cannot be waits, and nobody waits for anybody else.

A round goes through all that is left; what failed in it comes again in the next one, after a pause that
doubles until something succeeds. So a dead share or a locked file costs one patience, however many they are.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from filelock import FileLock

from video_analytics import clock
from video_analytics.delivery.copying import copy
from video_analytics.delivery.folders import Folder
from video_analytics.delivery.index import Index
from video_analytics.delivery.receipts import Receipt, add_receipts, newest_receipts, receipts_path
from video_analytics.delivery.report import Report, note
from video_analytics.delivery.routes import Item, plan
from video_analytics.delivery.shares import open_share
from video_analytics.delivery.targets import Target
from video_analytics.errors import DeliveryError, ShareAway, VideoAnalyticsError
from video_analytics.journal import Journal
from video_analytics.settings import Settings, Share

MOST_ROUNDS = 40  # where each one brings something: a share that is lost again and again
LONGEST_PAUSE_SECONDS = 60.0  # a later run is a better patience than a long one

Gate = Callable[[Item], str | None]


def deliver(
    settings: Settings,
    journal: Journal,
    gate: Gate,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    run_id: str = "",
) -> Report:
    """Bring each share up to date; `gate` says why a new version of a file must not be delivered yet.

    What is noted in the journal, `report` tells. Only one delivery of a home is at work at a time.
    """
    locks = settings.home / ".locks"
    locks.mkdir(exist_ok=True)
    with FileLock(locks / "delivery"):
        whole = plan(settings, now().date())
        work = _Work(settings, now, Index(settings), Report(refused=dict(whole.refused)))
        work.index.keep(whole.items)
        left = [item for item in whole.items if not work.is_blocked(item, gate)]
        _patiently(work, left, sleep)
        note(journal, work.report, whole.items, now(), run_id)
        return work.report


def pending(settings: Settings) -> list[Item]:
    """The files that differ from what was last delivered, by a look at this machine alone; cheap."""
    index = Index(settings)
    return [item for item in plan(settings, clock.now().date()).items if index.differs(item)]


def _patiently(work: "_Work", left: Sequence[Item], sleep: Callable[[float], None]) -> None:
    """Rounds until nothing is left, or several in a row have brought nothing."""
    patience = work.settings.delivery
    tries = 0
    for _ in range(MOST_ROUNDS):
        before, left = len(left), work.round(left)
        tries = tries + 1 if len(left) == before else 1
        if not left or tries >= patience.attempts:
            return
        sleep(min(patience.wait_seconds * 2 ** (tries - 1), LONGEST_PAUSE_SECONDS))


class _Work:
    """One delivery: the items pass through `round` until they are in the report."""

    def __init__(self, settings: Settings, now: Callable[[], datetime], index: Index, report: Report) -> None:
        self.settings, self.index, self.report = settings, index, report
        self._now = now
        self._swept: set[str] = set()
        self._path = receipts_path(settings.exports)
        self._held: dict[tuple[str, str], Receipt] | None = None  # read when first needed

    def is_blocked(self, item: Item, gate: Gate) -> bool:
        """Whether the gate holds a new version back. A lost copy of one that has passed is put back."""
        if not self.index.differs(item):
            return False
        try:
            why = gate(item)
        except VideoAnalyticsError as error:  # what cannot be judged is not delivered
            why = str(error)
        if why is not None:
            self.report.blocked[item] = why
        return why is not None

    def round(self, items: Sequence[Item]) -> list[Item]:
        """Try each item once; gives those that are left, with their errors in the report."""
        left: list[Item] = []
        for share in self.settings.delivery.shares:
            own = [item for item in items if item.share == share.name]
            if own:
                left += self._round_of(share, own)
        return left

    def _round_of(self, share: Share, items: Sequence[Item]) -> list[Item]:
        self.report.away.pop(share.name, None)
        left: list[Item] = []
        receipts: list[Receipt] = []
        rest = list(items)
        try:
            with open_share(share, self.index.own) as target:
                self._prepare(share, target, items)
                while rest:
                    error = self._attempt(target, rest[0], receipts)
                    left += [rest[0]] if error else []
                    rest.pop(0)
        except ShareAway as error:
            self._all_wait(share, rest, error)
            return left + rest[1:] + rest[:1]  # who met the error comes last: it may be his own
        except DeliveryError as error:  # it cannot even be opened, nor will it be in a minute
            self._all_wait(share, rest, error)
            return left
        finally:
            self._keep(receipts)
        return left

    def _attempt(self, target: Target, item: Item, receipts: list[Receipt]) -> DeliveryError | None:
        try:
            receipt = self._copy(target, item)
        except ShareAway:
            raise
        except DeliveryError as error:
            self.report.waiting[item] = error
            return error
        self.report.waiting.pop(item, None)
        receipts += [receipt] if receipt else []
        return None

    def _copy(self, target: Target, item: Item) -> Receipt | None:
        """Copy an item; gives its receipt, unless it lies there already and has one."""
        before = self.index.note(item)
        held, written = copy(target, item, before)
        self.index.take(item, held)
        receipt = self._receipt(item, held.size, held.sha256)
        if written:
            self.report.copied.append(receipt)
            return receipt
        self.report.unchanged.append(item)
        known = before is not None and before.sha256 == held.sha256
        return None if known or not self._is_new(receipt) else receipt  # killed before its receipt

    def _is_new(self, receipt: Receipt) -> bool:
        self._held = newest_receipts(self._path) if self._held is None else self._held
        held = self._held.get(receipt.place)
        return held is None or held.sha256 != receipt.sha256

    def _receipt(self, item: Item, size: int, sha256: str) -> Receipt:
        return Receipt(
            delivered_at=self._now().isoformat(timespec="seconds"),
            route=item.route,
            business_unit=item.business_unit,
            account=item.account,
            source=item.source.relative_to(self.settings.exports).as_posix(),
            share=item.share,
            destination=str(item.target),
            bytes=size,
            sha256=sha256,
        )

    def _prepare(self, share: Share, target: Target, items: Iterable[Item]) -> None:
        """What has to be true of a share before its first file; sweep it once."""
        if isinstance(target, Folder):
            if share.root in self.index.mounted:
                target.must_be_mounted()
            if target.mounted:
                self.index.mounted.add(share.root)
        if share.name not in self._swept:
            _sweep(target, items)
            self._swept.add(share.name)

    def _all_wait(self, share: Share, items: Iterable[Item], error: DeliveryError) -> None:
        self.report.away[share.name] = error
        self.report.waiting.update(dict.fromkeys(items, error))

    def _keep(self, receipts: Sequence[Receipt]) -> None:
        """First the receipts: an index without them would never ask for them again."""
        add_receipts(self._path, receipts)
        self.index.save()


def _sweep(target: Target, items: Iterable[Item]) -> None:
    """Remove what killed runs left behind; what cannot be removed now may be the next time."""
    try:
        with target.telling():
            target.sweep(dict.fromkeys(item.target.parent for item in items))
    except ShareAway:
        raise
    except DeliveryError:
        return
