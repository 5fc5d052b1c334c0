"""Which amounts are withheld, of tables whose rows and columns add up, so that none can be computed back.

Pure. What must be withheld at first is not known here: an amount is where the viewers it is of are.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from video_analytics.pages.hiding import Cell, Mask, small

Amounts = npt.NDArray[np.float64]


def hide_sums(hidden: npt.ArrayLike, values: npt.ArrayLike) -> Mask:
    """Which amounts of a table are withheld: those of `hidden`, and others for their sake.

    Row 0 holds the sums of the columns, column 0 those of the rows; no amount is below nought. The reader is
    taken to know all that is shown and that rows and columns add up. Promised: no withheld amount follows
    from these equations. With the signs of the sums turned each row and each column adds up to nought, so a
    withheld amount is known if and only if it is a bridge of the graph whose nodes are rows and columns and
    whose edges are the withheld amounts. Each bridge is put on a circle, by withholding amounts of the least
    sum. Noughts are not withheld for others while there is a choice: a reader knows them from the viewers.
    """
    mask = np.array(hidden, dtype=np.bool_)
    costs = np.asarray(values, dtype=np.float64)
    costs = np.where(costs > 0, costs, (costs.sum() + 1) * costs.size)
    more = True
    while more:
        more = False
        circled: set[Cell] = set()
        for bridge in list(_bridges(mask)):
            if bridge in circled:
                continue
            path = _cheapest_path(np.where(mask, 0.0, costs), bridge)
            circled.update(path)
            more |= bool(path)
            mask[tuple(np.array(path, dtype=np.intp).reshape(-1, 2).T)] = True
    return mask


def hide_rows(viewers: npt.ArrayLike, hidden: npt.ArrayLike, times: npt.ArrayLike, k: int) -> Mask:
    """Which rows of watch time per chunk are withheld: videos by periods, period 0 being all dates, the sum.

    `viewers` are those of each chunk (videos x periods x chunks), `hidden` says whose watch time in the
    period is withheld, `times` the watch time itself (videos x periods). A whole row is withheld where any
    chunk has 1 ... k - 1 viewers or its watch time is withheld. As the periods add up chunk by chunk, no
    chunk may have viewers in exactly one withheld row: then the smallest other row with viewers there is
    withheld too. So of no chunk the times of withheld rows follow from those of the shown ones.
    """
    counts = np.asarray(viewers)
    amounts = np.asarray(times, dtype=np.float64)
    mask = np.asarray(hidden, dtype=np.bool_) | small(counts, k).any(axis=2)
    somebody = counts > 0
    while True:
        alone = (somebody & mask[:, :, None]).sum(axis=1) == 1
        helps = (somebody & alone[:, None, :]).any(axis=2) & ~mask
        videos = np.nonzero(helps.any(axis=1))[0]
        if not len(videos):
            return mask
        chosen = np.where(helps, amounts, np.inf)[videos].argmin(axis=1)
        mask[videos, chosen] = True


def _bridges(mask: Mask) -> Iterator[Cell]:
    """The withheld amounts that lie on no circle of withheld amounts: Tarjan's search, deep first."""
    rows, columns = mask.shape
    to_columns = [(np.nonzero(line)[0] + rows).tolist() for line in mask]
    near: list[list[int]] = to_columns + [np.nonzero(line)[0].tolist() for line in mask.T]
    found = [0] * (rows + columns)  # when, from 1
    low = [0] * (rows + columns)  # the earliest that is reached without the way we came
    time = 0
    for root in range(rows):
        if found[root] or not near[root]:
            continue
        time += 1
        found[root] = low[root] = time
        way = [(root, -1, iter(near[root]))]
        while way:
            node, came, nodes = way[-1]
            after = next(nodes, None)
            if after is None:
                way.pop()
                if way:
                    low[came] = min(low[came], low[node])
                    if low[node] > found[came]:
                        yield min(node, came), max(node, came) - rows
            elif not found[after]:
                time += 1
                found[after] = low[after] = time
                way.append((after, node, iter(near[after])))
            elif after != came:
                low[node] = min(low[node], found[after])


def _cheapest_path(costs: Amounts, cell: Cell) -> list[Cell]:
    """The cells of the cheapest way from a cell's row to its column that doesn't use the cell."""
    free = costs.copy()
    free[cell] = np.inf
    start, end = cell
    to_rows, to_columns = np.full(len(free), np.inf), np.full(free.shape[1], np.inf)
    to_rows[start] = 0.0
    row_from, column_from = np.full(len(free), -1), np.full(free.shape[1], -1)
    closer = True
    while closer:
        closer = _relax(free.T, to_rows, to_columns, column_from) | _relax(
            free, to_columns, to_rows, row_from
        )
    if column_from[end] < 0:
        return []
    path: list[Cell] = []
    row, column = -1, end
    while row != start:
        row = int(column_from[column])
        path.append((row, column))
        if row != start:
            column = int(row_from[row])
            path.append((row, column))
    return path


def _relax(costs: Amounts, near: Amounts, far: Amounts, came: npt.NDArray[np.intp]) -> bool:
    """Shortens ways to the far nodes (rows of the costs) over the near ones; whether any got shorter."""
    ways = costs + near
    best = ways.argmin(axis=1)
    shortest = ways[np.arange(len(ways)), best]
    shorter = shortest < far
    far[shorter], came[shorter] = shortest[shorter], best[shorter]
    return bool(shorter.any())
