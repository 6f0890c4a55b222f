"""Where boxes stand and how lines run, left to right: pure geometry over ids, for one process or sub-process.

Layers (longest path), order in the layers (barycentre), height by the straightest way (each box wants to stand where
its main neighbour stands; pool-adjacent-violators keeps distances), orthogonal lines in the gaps. Lanes are bands:
every step keeps a box in its own. After Sugiyama, Tagawa, Toda (1981).
"""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

BETWEEN = 34.0
"""px between two boxes above each other"""
CLEARANCE = 24.0
"""px between a line and a box"""
GAP = 52.0
"""px between two columns"""
TRACK = 12.0
"""px between two lines side by side"""
LANE_HEIGHT = 120.0
LANE_MARGIN = 24.0
SWEEPS = 6
PASSES = 12
LARGEST = 3_000
"""boxes and lines; what is larger is set out in rows"""
LONGEST = 30_000
"""layers that all lines pass together"""
ROW = 20

Point = tuple[float, float]


@dataclass(slots=True)
class Box:
    """Something that is drawn. `above`, `below`: px that its label takes there. `x`, `y`: top left, set here."""

    id: str
    width: float
    height: float
    lane: int = 0
    above: float = 0
    below: float = 0
    corners: bool = False
    """lines may begin and end above and below: a gateway"""
    x: float = 0
    y: float = 0

    @property
    def middle(self) -> Point:
        """Its centre."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(slots=True)
class Line:
    """A flow. `boundary`: it begins at this box, which is attached to `source`. `label`: px of its name."""

    id: str
    source: str
    target: str
    boundary: str | None = None
    label: float = 0
    points: list[Point] = field(default_factory=list)


@dataclass(slots=True)
class Area:
    """What the whole takes: `lanes` are (top, height) of each band."""

    width: float
    height: float
    lanes: list[tuple[float, float]]


@dataclass(slots=True, eq=False)
class _Item:
    """A box in its layer, or the place where a line passes one."""

    layer: int
    lane: int
    box: Box | None = None
    under: "_Item | None" = None
    """the box below whose boundary event the line begins"""
    before: list["_Item"] = field(default_factory=list)
    after: list["_Item"] = field(default_factory=list)
    y: float = 0
    order: float = 0

    @property
    def top(self) -> float:
        return self.box.height / 2 + self.box.above if self.box is not None else 0.0

    @property
    def bottom(self) -> float:
        return self.box.height / 2 + self.box.below if self.box is not None else 0.0


@dataclass(slots=True, eq=False)
class _Block:
    """Items that stand in one straight line. `above`, `beneath`: neighbours and the distance they need."""

    items: list[_Item]
    y: float = 0
    above: "dict[int, tuple[_Block, float]]" = field(default_factory=dict)
    beneath: "dict[int, tuple[_Block, float]]" = field(default_factory=dict)


def arrange(boxes: list[Box], lines: list[Line], attached: dict[str, list[Box]], lanes: int = 0) -> Area:
    """Set `x`, `y` of every box and `points` of every line. `attached`: boundary boxes by host, left to right.

    `lanes`: how many bands there are; 0: none, nothing is left free around.
    """
    if len(boxes) + len(lines) > LARGEST:
        return _rows(boxes, lines, attached)
    arrangement = _Arrangement(boxes, lines, attached, lanes)
    return arrangement.run() or _rows(boxes, lines, attached)


class _Arrangement:
    def __init__(self, boxes: list[Box], lines: list[Line], attached: dict[str, list[Box]], lanes: int) -> None:
        self.boxes = {box.id: box for box in boxes}
        known = self.boxes.keys()
        self.lines = [line for line in lines if line.source in known and line.target in known]
        self.attached = attached
        self.banded = lanes > 0
        self.lane_count = max(1, lanes)
        self.items: dict[str, _Item] = {}
        self.chains: dict[str, list[_Item]] = {}
        self.back: list[Line] = []
        self.layers: list[list[_Item]] = []

    def run(self) -> Area | None:
        """None when the lines are too long together."""
        ranks = self._ranks()
        if sum(abs(ranks[line.target] - ranks[line.source]) for line in self.lines) > LONGEST:
            return None
        self._fill(ranks)
        self._order()
        self._heights()
        columns = self._columns()
        lanes = self._bands()
        self._place(columns)
        self._route(columns)
        return self._area(lanes)

    # ------------------------------------------------------------ layers

    def _ranks(self) -> dict[str, int]:
        """The layer of each box: behind everything that leads to it; lines that lead back are set aside."""
        out: dict[str, list[Line]] = defaultdict(list)
        incoming: dict[str, int] = dict.fromkeys(self.boxes, 0)
        for line in self.lines:
            out[line.source].append(line)
            incoming[line.target] += 1
        back = self._cycles(out, incoming)
        forward = [line for line in self.lines if line.id not in back]
        self.back = [line for line in self.lines if line.id in back]
        preds: dict[str, list[str]] = defaultdict(list)
        succs: dict[str, list[str]] = defaultdict(list)
        waiting = dict.fromkeys(self.boxes, 0)
        for line in forward:
            preds[line.target].append(line.source)
            succs[line.source].append(line.target)
            waiting[line.target] += 1
        ready = [key for key, count in waiting.items() if count == 0]
        ranks = dict.fromkeys(self.boxes, 0)
        for key in ready:
            for target in succs[key]:
                ranks[target] = max(ranks[target], ranks[key] + 1)
                waiting[target] -= 1
                if waiting[target] == 0:
                    ready.append(target)
        linked = {end for line in self.lines for end in (line.source, line.target)}
        loose: dict[int, int] = defaultdict(int)
        for key, box in self.boxes.items():
            if key not in linked:
                ranks[key] = loose[box.lane]
                loose[box.lane] += 1
            elif not preds[key] and succs[key]:
                ranks[key] = max(0, min(ranks[target] for target in succs[key]) - 1)
        return ranks

    def _cycles(self, out: dict[str, list[Line]], incoming: dict[str, int]) -> set[str]:
        """Ids of the lines that close a circle, seen from the boxes that nothing leads to."""
        back: set[str] = set()
        state: dict[str, int] = {}
        for root in sorted(self.boxes, key=lambda key: incoming[key] > 0):
            if root in state:
                continue
            state[root] = 1
            stack = [(root, iter(out[root]))]
            while stack:
                key, rest = stack[-1]
                line = next(rest, None)
                if line is None:
                    state[key] = 2
                    stack.pop()
                elif line.target not in state:
                    state[line.target] = 1
                    stack.append((line.target, iter(out[line.target])))
                elif state[line.target] == 1:
                    back.add(line.id)
        return back

    def _fill(self, ranks: dict[str, int]) -> None:
        """Items of boxes in order of discovery, and an item in every layer that a line passes."""
        self.layers = [[] for _ in range(max(ranks.values(), default=0) + 1)]
        for key, box in self.boxes.items():
            self.items[key] = item = _Item(ranks[key], box.lane, box)
            self.layers[item.layer].append(item)
        back = {line.id for line in self.back}
        for line in self.lines:
            if line.id in back:
                continue
            source, target = self.items[line.source], self.items[line.target]
            chain = [source]
            if line.boundary is not None:
                chain.append(self._pass(source.layer, source.lane, source))
            for layer in range(source.layer + 1, target.layer):
                chain.append(self._pass(layer, target.lane))
            chain.append(target)
            for left, right in pairwise(chain):
                if left.layer != right.layer:
                    left.after.append(right)
                    right.before.append(left)
            self.chains[line.id] = chain

    def _pass(self, layer: int, lane: int, under: "_Item | None" = None) -> _Item:
        item = _Item(layer, lane, under=under)
        self.layers[layer].append(item)
        return item

    # ------------------------------------------------------------ order

    def _order(self) -> None:
        """Few crossings: each item goes to the middle of its neighbours, from the left and from the right in turn."""
        self._by_discovery()
        best, fewest = self._snapshot(), self._crossings()
        for sweep in range(SWEEPS):
            leftwards = sweep % 2 == 1
            for layer in reversed(self.layers) if leftwards else self.layers:
                for item in layer:
                    others = item.after if leftwards else item.before
                    if others:
                        item.order = sum(other.order for other in others) / len(others)
                self._sort(layer)
            count = self._crossings()
            if count < fewest:
                best, fewest = self._snapshot(), count
        for layer, items in zip(self.layers, best, strict=True):
            layer[:] = items
            for place, item in enumerate(layer):
                item.order = place

    def _by_discovery(self) -> None:
        """Depth first from the first layer: what belongs together stands together."""
        seen: set[int] = set()
        number = 0
        for layer in self.layers:
            for root in layer:
                todo = [root]
                while todo:
                    item = todo.pop()
                    if id(item) in seen:
                        continue
                    seen.add(id(item))
                    item.order = number
                    number += 1
                    todo.extend(reversed(item.after))
        for layer in self.layers:
            self._sort(layer)

    def _sort(self, layer: list[_Item]) -> None:
        """By lane, then by wish; a line from a boundary event stays below its box, the last event nearest."""
        under: dict[int, list[_Item]] = defaultdict(list)
        free = []
        for item in layer:
            if item.under is not None:
                under[id(item.under)].append(item)
            else:
                free.append(item)
        free.sort(key=lambda item: (item.lane, item.order))
        layer[:] = [each for item in free for each in (item, *reversed(under[id(item)]))]
        for place, item in enumerate(layer):
            item.order = place

    def _snapshot(self) -> list[list[_Item]]:
        return [list(layer) for layer in self.layers]

    def _crossings(self) -> int:
        count = 0
        for layer in self.layers[1:]:
            ends = [(left.order, right.order) for right in layer for left in right.before]
            ends.sort()
            if len(ends) > 400:
                return 0
            count += sum(1 for i, (_, one) in enumerate(ends) for _, other in ends[i + 1 :] if other < one)
        return count

    # ------------------------------------------------------------ heights

    def _heights(self) -> None:
        """Main lines are straight: each is one block, pushed down by those above it, then drawn to its neighbours."""
        blocks = self._blocks()
        block_of = {id(item): block for block in blocks for item in block.items}
        for layer in self.layers:
            for upper, lower in pairwise(layer):
                if upper.lane == lower.lane:
                    one, other = block_of[id(upper)], block_of[id(lower)]
                    if one is not other:
                        space = _distance(upper, lower)
                        one.beneath[id(other)] = (other, max(space, one.beneath.get(id(other), (other, 0.0))[1]))
                        other.above[id(one)] = (one, max(space, other.above.get(id(one), (one, 0.0))[1]))
        ordered = _downwards(blocks)
        for block in ordered:
            block.y = max((upper.y + space for upper, space in block.above.values()), default=0.0)
        for number in range(PASSES):
            for block in reversed(ordered) if number % 2 == 0 else ordered:
                wishes = [
                    block_of[id(other)].y for item in block.items for other in (*item.before, *item.after)
                    if other.lane == item.lane and block_of[id(other)] is not block
                ]  # fmt: skip
                if wishes:
                    lowest = max((upper.y + space for upper, space in block.above.values()), default=-1e9)
                    highest = min((lower.y - space for lower, space in block.beneath.values()), default=1e9)
                    block.y = max(lowest, min(median(wishes), highest))
        for block in blocks:
            for item in block.items:
                item.y = float(round(block.y))

    def _blocks(self) -> list["_Block"]:
        """Paths that share no item and do not cross, the longest first; every item is in one."""
        length: dict[int, int] = {}
        for layer in reversed(self.layers):
            for item in layer:
                length[id(item)] = 1 + max((length[id(other)] for other in item.after), default=0)
        placed: set[int] = set()
        taken: dict[int, list[tuple[float, float]]] = defaultdict(list)
        blocks = []
        for start in sorted(
            (item for layer in self.layers for item in layer), key=lambda item: (item.layer, -length[id(item)])
        ):
            if id(start) in placed:
                continue
            block = _Block([start])
            placed.add(id(start))
            item = start
            while True:
                free = [
                    other for other in item.after
                    if id(other) not in placed and other.lane == item.lane
                    and not _crosses((item.order, other.order), taken[item.layer])
                ]  # fmt: skip
                if not free:
                    break
                other = max(free, key=lambda candidate: length[id(candidate)])
                taken[item.layer].append((item.order, other.order))
                placed.add(id(other))
                block.items.append(other)
                item = other
            blocks.append(block)
        return blocks

    def _bands(self) -> list[tuple[float, float]]:
        """Stack the lanes; each is as high as what stands in it and the lines that lead back over or below it."""
        found = []
        offset = 0.0
        self.over: dict[int, list[Line]] = defaultdict(list)
        self.below: dict[int, list[Line]] = defaultdict(list)
        for line in self.back:
            upwards, lane = self._way_back(line)
            (self.over if upwards else self.below)[lane].append(line)
        for lane in range(self.lane_count):
            inside = [item for layer in self.layers for item in layer if item.lane == lane]
            top = min((item.y - item.top for item in inside), default=0.0)
            bottom = max((item.y + item.bottom for item in inside), default=0.0)
            room_over = len(self.over[lane]) * TRACK + (10 if self.over[lane] else 0)
            room_below = len(self.below[lane]) * TRACK + (10 if self.below[lane] else 0)
            height = bottom - top + room_over + room_below
            if self.banded:
                height = max(LANE_HEIGHT, height + 2 * LANE_MARGIN)
            slack = height - (bottom - top + room_over + room_below)
            shift = offset + slack / 2 + room_over - top
            for item in inside:
                item.y += shift
            found.append((offset, height))
            offset += height
        return found

    def _way_back(self, line: Line) -> tuple[bool, int]:
        """Whether a line that leads back runs above, and in which lane: the way with less in it."""
        source, target = self.items[line.source], self.items[line.target]
        if source.lane != target.lane:
            upper = min(source.lane, target.lane)
            return (True, upper) if upper == 0 else (False, max(source.lane, target.lane))
        lane = source.lane
        above = sum(self._neighbours(item, -1) for item in (source, target))
        beneath = sum(self._neighbours(item, 1) for item in (source, target))
        lower = source.y > target.y + 1
        return line.boundary is None and (above < beneath or (above == beneath and not lower)), lane

    def _neighbours(self, item: _Item, side: int) -> int:
        same = [other for other in self.layers[item.layer] if other.lane == item.lane and other is not item]
        return sum(1 for other in same if (other.y - item.y) * side > 0)

    # ------------------------------------------------------------ places

    def _columns(self) -> list[tuple[float, float]]:
        """(left, right) of each layer; the gap behind it holds the names of lines and their vertical parts."""
        found = []
        x = 0.0
        for number, layer in enumerate(self.layers):
            width = max((item.box.width for item in layer if item.box is not None), default=0.0)
            found.append((x, x + width))
            names = [
                line.label for line in self.lines
                if line.label and (chain := self.chains.get(line.id)) and chain[0].layer == number
            ]  # fmt: skip
            turns = sum(1 for item in layer for other in item.after if abs(other.y - item.y) > 1)
            x += width + GAP + max(names, default=0.0) + min(turns, 8) * TRACK / 2
        return found

    def _place(self, columns: list[tuple[float, float]]) -> None:
        for item in self.items.values():
            box = item.box
            if box is None:
                continue
            left, right = columns[item.layer]
            box.x, box.y = round((left + right - box.width) / 2), round(item.y - box.height / 2)
            guests = self.attached.get(box.id, [])
            for place, guest in enumerate(guests):
                guest.x = round(box.x + box.width * (place + 1) / (len(guests) + 1) - guest.width / 2)
                guest.y = round(box.y + box.height - guest.height / 2)

    # ------------------------------------------------------------ lines

    def _route(self, columns: list[tuple[float, float]]) -> None:
        tracks = _Tracks(columns)
        for line in self.lines:
            if line.id in self.chains:
                self._forward(line, tracks)
        self._backward(tracks)

    def _forward(self, line: Line, tracks: "_Tracks") -> None:
        chain = self.chains[line.id]
        source, target = chain[0], chain[-1]
        assert source.box is not None and target.box is not None  # noqa: S101, PT018 - chains end in boxes
        points: list[Point]
        rest = chain[1:]
        if line.boundary is not None:
            guest = next(box for box in self.attached[line.source] if box.id == line.boundary)
            points = [(guest.middle[0], guest.y + guest.height), (guest.middle[0], chain[1].y)]
            previous, rest = chain[1], chain[2:]
        elif source.box.corners and abs(rest[0].y - source.y) > 1 and self._free(source, rest[0].y):
            x, y = source.box.middle
            points = [(x, source.box.y if rest[0].y < y else source.box.y + source.box.height), (x, rest[0].y)]
            previous = _Item(source.layer, source.lane, y=rest[0].y)
        else:
            points = [(source.box.x + source.box.width, source.y)]
            previous = source
        for item in rest:
            if abs(item.y - previous.y) > 1:
                if item is target and target.box.corners and self._free(target, previous.y):
                    x, y = target.box.middle
                    points += [(x, previous.y), (x, target.box.y + (target.box.height if previous.y > y else 0))]
                    line.points = _straight(points)
                    return
                turn = tracks.turn(previous.layer, previous.y, item.y, line)
                points += [(turn, previous.y), (turn, item.y)]
            previous = item
        points.append((target.box.x, target.y))
        line.points = _straight(points)

    def _free(self, item: _Item, y: float) -> bool:
        """Whether a vertical line in the middle of the layer reaches `y` from `item` without touching anything."""
        low, high = min(item.y, y), max(item.y, y)
        for other in self.layers[item.layer]:
            if other is item:
                continue
            if other.box is None and abs(other.y - y) <= 1:
                continue
            if other.y + other.bottom > low and other.y - other.top < high:
                return False
        return True

    def _backward(self, tracks: "_Tracks") -> None:
        for bands, side in ((self.over, -1), (self.below, 1)):
            for lane, lines in bands.items():
                shorter_first = sorted(lines, key=lambda line: self._span(line)[1] - self._span(line)[0])
                for number, line in enumerate(shorter_first):
                    self._lead_back(line, lane, side, number, tracks)

    def _span(self, line: Line) -> tuple[int, int]:
        ends = (self.items[line.source].layer, self.items[line.target].layer)
        return min(ends), max(ends)

    def _lead_back(self, line: Line, lane: int, side: int, number: int, tracks: "_Tracks") -> None:
        source, target = self.items[line.source], self.items[line.target]
        assert source.box is not None and target.box is not None  # noqa: S101, PT018 - ends are boxes
        first, last = self._span(line)
        passed = [item for layer in self.layers[first : last + 1] for item in layer if item.lane == lane]
        edge = [item.y + side * (item.bottom if side > 0 else item.top) for item in passed]
        y = (max(edge) if side > 0 else min(edge)) + side * (16 + number * TRACK)
        if line.boundary is not None:
            guest = next(box for box in self.attached[line.source] if box.id == line.boundary)
            points = [(guest.middle[0], guest.y + guest.height), (guest.middle[0], y)]
        elif self._free(source, y) and source is not target:
            x = source.box.middle[0]
            points = [(x, source.box.y + (source.box.height if side > 0 else 0)), (x, y)]
        else:
            x = tracks.turn(source.layer, source.y, y, line)
            points = [(source.box.x + source.box.width, source.y), (x, source.y), (x, y)]
        if self._free(target, y):
            x = target.box.middle[0]
            points += [(x, y), (x, target.box.y + (target.box.height if side > 0 else 0))]
        else:
            x = tracks.turn(target.layer - 1, y, target.y, line)
            points += [(x, y), (x, target.y), (target.box.x, target.y)]
        line.points = _straight(points)

    def _area(self, lanes: list[tuple[float, float]]) -> Area:
        right = max((box.x + box.width for box in self.boxes.values()), default=0.0)
        right = max([right, *(x for line in self.lines for x, _ in line.points)])
        return Area(right, sum(height for _, height in lanes), lanes)


class _Tracks:
    """Where lines turn between two columns: lines of different ends do not lie upon each other."""

    def __init__(self, columns: list[tuple[float, float]]) -> None:
        self._columns = columns
        self._taken: dict[int, list[tuple[int, float, float, Line]]] = defaultdict(list)

    def turn(self, layer: int, y1: float, y2: float, line: Line) -> float:
        """The x of the vertical part behind `layer`, nearest to the next column that is free."""
        low, high = min(y1, y2) - 4, max(y1, y2) + 4
        track = 0
        while any(
            number == track and low < top and bottom < high and not _share(line, other)
            for number, bottom, top, other in self._taken[layer]
        ):
            track += 1
        self._taken[layer].append((track, low, high, line))
        if layer < 0:
            return -22.0 - track * TRACK
        if layer + 1 >= len(self._columns):
            return self._columns[-1][1] + 22.0 + track * TRACK
        left, right = self._columns[layer][1], self._columns[layer + 1][0]
        return max(left + 8, right - 22 - track * TRACK)


def _rows(boxes: list[Box], lines: list[Line], attached: dict[str, list[Box]]) -> Area:
    """Everything in rows, lines straight: for drawings that nobody could read anyway."""
    width = max((box.width for box in boxes), default=0) + GAP
    height = max((box.above + box.height + box.below for box in boxes), default=0) + BETWEEN
    for number, box in enumerate(boxes):
        box.x, box.y = number % ROW * width, number // ROW * height + box.above
        for place, guest in enumerate(attached.get(box.id, [])):
            guest.x, guest.y = box.x + place * guest.width, box.y + box.height - guest.height / 2
    known = {box.id: box for box in boxes}
    for line in lines:
        if line.source in known and line.target in known:
            source, target = known[line.source], known[line.target]
            line.points = [(source.x + source.width, source.middle[1]), (target.x, target.middle[1])]
    total = (len(boxes) + ROW - 1) // ROW * height
    return Area(min(len(boxes), ROW) * width, total, [(0, total)])


def _share(one: Line, other: Line) -> bool:
    """Lines with a common end may run together."""
    return one.target == other.target or (one.source == other.source and one.boundary == other.boundary)


def _downwards(blocks: list[_Block]) -> list[_Block]:
    """Each behind those above it."""
    waiting = {id(block): len(block.above) for block in blocks}
    found = [block for block in blocks if not block.above]
    for block in found:
        for lower, _ in block.beneath.values():
            waiting[id(lower)] -= 1
            if waiting[id(lower)] == 0:
                found.append(lower)
    return found


def _crosses(line: tuple[float, float], others: list[tuple[float, float]]) -> bool:
    return any((line[0] - left) * (line[1] - right) < 0 for left, right in others)


def _distance(upper: _Item, lower: _Item) -> float:
    """From centre to centre."""
    if upper.box is not None and lower.box is not None:
        return upper.bottom + BETWEEN + lower.top
    between = CLEARANCE + 14 if lower.under is upper else CLEARANCE
    return upper.bottom + between + lower.top


def _straight(points: list[Point]) -> list[Point]:
    """Without points that lie on the way."""
    found: list[Point] = []
    for x, y in points:
        point: Point = (float(round(x)), float(round(y)))
        if found and found[-1] == point:
            continue
        if len(found) > 1:
            (ax, ay), (bx, by) = found[-2], found[-1]
            if ax == bx == point[0] or ay == by == point[1]:
                found[-1] = point
                continue
        found.append(point)
    return found
