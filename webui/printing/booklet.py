"""A document of headings, sentences, facts, tables and drawings on A4; a drawing has a page as large as it needs."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from reportlab.lib.pagesizes import A1, A2, A3, A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Spacer,
    Table,
)
from reportlab.platypus.tableofcontents import TableOfContents

from webui.printing import picture
from webui.printing.paper import GREY, GRID, LINE, SHADE, Look

_READABLE = 5.0
"""points: smaller letters ask for a larger page"""
_WIDTHS = tuple(landscape(size)[0] for size in (A4, A3, A2, A1))
_HIGHEST, _HEAD = 1600.0, 22 * mm
_CELL = 600
"""characters of one cell: more would not fit on a page"""
_COLUMNS, _LEAST = 11, 0.05
"""how many stand beside each other, and the least share that one has"""


@dataclass(frozen=True)
class Heading:
    """`level`: 1 chapter, 2 part of one."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Words:
    """A paragraph; `small` for what explains."""

    text: str
    small: bool = False


@dataclass(frozen=True)
class Facts:
    """Names and what is said of them."""

    pairs: list[tuple[str, str]]


@dataclass(frozen=True)
class Grid:
    """A table. `widths`: shares of the columns, equal unless given."""

    columns: list[str]
    rows: list[list[str]]
    widths: Sequence[float] = ()


@dataclass(frozen=True)
class Picture:
    """A chapter of one SVG of `webui.designer.thumbnail`, on a page of its own."""

    title: str
    svg: str


Block = Heading | Words | Facts | Grid | Picture


@dataclass(frozen=True)
class Booklet:
    """`made`: by whom and when, at the foot of each page."""

    title: str
    subtitle: str
    made: str
    blocks: list[Block] = field(default_factory=list)


def pdf(booklet: Booklet, font: str = "") -> bytes:
    """The document, with its chapters listed; the same booklet gives the same bytes. `font`: file of the font to
    embed."""
    out, look = io.BytesIO(), Look("A4", font)
    document = _Document(out, look, booklet)
    contents = TableOfContents(
        dotsMinLevel=0, levelStyles=[look.text, ParagraphStyle("deep", look.small, leftIndent=5 * mm)]
    )
    story: list[Flowable] = [
        look.paragraph(booklet.title, look.title), Spacer(0, 1.5 * mm),
        look.paragraph(booklet.subtitle, look.subtitle, "#6b7280"), Spacer(0, 4 * mm), contents, Spacer(0, 3 * mm),
    ]  # fmt: skip
    for block in booklet.blocks:
        story += document.lying(block) if isinstance(block, Picture) else _flowables(look, block)
    document.multiBuild(story)
    return out.getvalue()


class _Document(BaseDocTemplate):
    """Upright pages, and lying ones for pictures; headings go into outline and contents."""

    def __init__(self, out: io.BytesIO, look: Look, booklet: Booklet) -> None:
        super().__init__(out, pagesize=A4, title=booklet.title, author="Troika", invariant=1)
        self._look, self._booklet = look, booklet
        self._page("text", A4)

    def lying(self, block: Picture) -> list[Flowable]:
        """On the narrowest page on which its words can be read, as high as it needs."""
        look, beside = self._look, 2 * self._look.margin
        for width in _WIDTHS:
            drawn = picture.Picture(look, block.svg, width - beside, _HIGHEST)
            if drawn.scale * picture.LETTERS >= _READABLE:
                break
        name = f"picture {block.title}"
        self._page(name, (width, drawn.height + beside + _HEAD))
        heading = _heading(look, block.title, 1)
        return [NextPageTemplate(name), PageBreak(), heading, drawn, NextPageTemplate("text"), PageBreak()]

    def _page(self, name: str, size: tuple[float, float]) -> None:
        margin, foot = self._look.margin, 4 * mm
        frame = Frame(margin, margin + foot, size[0] - 2 * margin, size[1] - 2 * margin - foot, 0, 0, 0, 0)
        self.addPageTemplates(PageTemplate(name, [frame], onPage=self._foot, pagesize=size))

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 - the name of the library
        """Each heading is a bookmark."""
        level = getattr(flowable, "troika_level", None)
        if level is None:
            return
        text, key = flowable.getPlainText(), f"part{self.seq.nextf('part')}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(text, key, level - 1, closed=level > 1)
        if level == 1:
            self.notify("TOCEntry", (0, self._look.marked(text), self.page, key))

    def _foot(self, canvas: Canvas, document: BaseDocTemplate) -> None:
        look, width = self._look, document.pageTemplate.pagesize[0]
        canvas.setStrokeColor(LINE)
        canvas.line(look.margin, look.margin, width - look.margin, look.margin)
        canvas.setFillColor(GREY)
        for write, at, text in (
            (canvas.drawString, look.margin, self._booklet.made),
            (canvas.drawRightString, width - look.margin, f"{self._booklet.title} · {document.page}"),
        ):
            canvas.setFont(look.font_of(text), 8)
            write(at, look.margin - 4 * mm, text)


def _flowables(look: Look, block: Block) -> list[Flowable]:
    match block:
        case Heading(text, level):
            return [CondPageBreak(34 * mm), _heading(look, text, level)]
        case Words(text, small):
            return [look.paragraph(text, look.label if small else look.text), Spacer(0, 1.5 * mm)]
        case Facts(pairs):
            rows = [[look.paragraph(name, look.label), look.paragraph(_cut(value))] for name, value in pairs]
            table = Table(rows, colWidths=[look.width * 0.22, look.width * 0.78], splitInRow=1)
            table.setStyle([*GRID, ("BACKGROUND", (0, 0), (0, -1), SHADE)])
            return [table, Spacer(0, 2 * mm)] if rows else []
        case Grid(columns) if len(columns) > _COLUMNS:
            return [part for narrower in _parts(block) for part in _flowables(look, narrower)]
        case Grid(columns, rows, widths):
            shares = list(widths) or [1.0] * len(columns)
            drawn = [[look.paragraph(name, look.label) for name in columns]]
            drawn += [[look.paragraph(_cut(text), look.small) for text in row] for row in rows]
            total = sum(max(share, sum(shares) * _LEAST) for share in shares)
            across = [look.width * max(share, sum(shares) * _LEAST) / total for share in shares]
            table = Table(drawn, colWidths=across, repeatRows=1, splitInRow=1)
            table.setStyle([*GRID, ("BACKGROUND", (0, 0), (-1, 0), SHADE)])
            return [table, Spacer(0, 2 * mm)]
    raise TypeError(block)


def _parts(grid: Grid) -> Iterator[Grid]:
    """One that is too wide, a few columns at a time; the first one stands in each."""
    for at in range(1, len(grid.columns), _COLUMNS - 1):
        shown = [0, *range(at, min(at + _COLUMNS - 1, len(grid.columns)))]
        rows = [[row[column] for column in shown] for row in grid.rows]
        yield Grid(
            [grid.columns[column] for column in shown], rows, [grid.widths[column] for column in shown if grid.widths]
        )


def _heading(look: Look, text: str, level: int) -> Flowable:
    part = ParagraphStyle("part", look.text, spaceBefore=3 * mm, spaceAfter=1 * mm, keepWithNext=1)
    heading = look.paragraph(text, look.heading if level == 1 else part, "#1d4ed8" if level == 1 else "")
    heading.troika_level = level
    return heading


def _cut(text: str) -> str:
    return text if len(text) <= _CELL else f"{text[:_CELL]}…"
