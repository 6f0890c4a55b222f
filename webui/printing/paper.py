"""A request on A4 or A5, by ReportLab: without a font file, or with one that the document embeds."""

import io
from functools import cache
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape

import segno
from flask_babel import gettext
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from engine.errors import WrongSetting
from engine.tasks import Signed, signatures
from webui.printing.content import Decided, Part, Sheet
from webui.printing.content import Table as Lines

BROUGHT = "STSong-Light"
"""brought by the readers of PDF: no font file is needed"""
EMBEDDED = "troika-print"
SIZES = {"A4": A4, "A5": A5}
INK, GREY, LINE, SHADE, BLUE = (HexColor(f"#{code}") for code in ("1f2937", "6b7280", "d1d5db", "f3f4f6", "1d4ed8"))
GRID = [
    ("GRID", (0, 0), (-1, -1), 0.5, LINE), ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 3), ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
]  # fmt: skip
pdfmetrics.registerFont(UnicodeCIDFont(BROUGHT))


@cache
def _face(file: str) -> TTFont:
    font = TTFont(EMBEDDED, file)
    pdfmetrics.registerFont(font)
    return font


def check_font(file: str) -> None:
    """Raises WrongSetting for a font that cannot be embedded."""
    try:
        _face(file)
    except (TTFError, OSError) as error:
        expected = "a TrueType file with glyf outlines"
        raise WrongSetting(name="TROIKA_PRINT_FONT", expected=expected, found=f"{file}: {error}") from None


class Look:
    """Sizes and styles of one paper. `file`: of the font to embed; what it lacks is written in the one brought."""

    def __init__(self, paper: str, file: str) -> None:
        self.page = SIZES[paper]
        small = paper == "A5"
        self.scale = 0.84 if small else 1.0
        self.margin = (11 if small else 18) * mm
        self.width = self.page[0] - 2 * self.margin
        self.qr = (19 if small else 24) * mm
        self.signature = (18 if small else 26) * mm
        self.face = _face(file) if file else None
        self.font = EMBEDDED if file else BROUGHT
        self.title = self._style("title", 17)
        self.subtitle = self._style("subtitle", 9.5)
        self.heading = self._style("heading", 11.5, spaceBefore=5 * mm, spaceAfter=2 * mm)
        self.text = self._style("text", 9.5)
        self.label = ParagraphStyle("label", parent=self.text, textColor=GREY)
        self.small = self._style("small", 8)
        self.right = ParagraphStyle("right", parent=self.text, alignment=TA_RIGHT)

    def _style(self, name: str, size: float, **more: Any) -> ParagraphStyle:
        size *= self.scale
        return ParagraphStyle(
            name, fontName=self.font, fontSize=size, leading=size * 1.5, textColor=INK, wordWrap="CJK", **more
        )  # fmt: skip

    def has(self, letter: str) -> bool:
        """Whether the font holds it."""
        return self.face is None or ord(letter) in self.face.face.charToGlyph

    def font_of(self, text: str) -> str:
        """For a line that is written in one font."""
        return self.font if all(map(self.has, text)) else BROUGHT

    def marked(self, text: str) -> str:
        """Text for a paragraph."""
        if self.face is None:
            return escape(text)
        runs = ((held, escape("".join(letters))) for held, letters in groupby(text, self.has))
        return "".join(run if held else f'<font name="{BROUGHT}">{run}</font>' for held, run in runs)

    def paragraph(self, text: str, style: ParagraphStyle | None = None, colour: str = "") -> Paragraph:
        """Each line of `text` on its own; a dash for nothing."""
        marked = "<br/>".join(self.marked(part) for part in text.splitlines()) or "–"
        return Paragraph(f'<font color="{colour}">{marked}</font>' if colour else marked, style or self.text)


_A4 = Look("A4", "")
FONT, MARGIN, WIDTH = _A4.font, _A4.margin, _A4.width
TITLE, SUBTITLE, HEADING = _A4.title, _A4.subtitle, _A4.heading
TEXT, LABEL, SMALL = _A4.text, _A4.label, _A4.small
"""for other documents that are made here"""


def pdf(sheet: Sheet, font: str = "") -> bytes:
    """The document; the same sheet gives the same bytes. `font`: file of the font to embed (see check_font)."""
    out = io.BytesIO()
    look = Look(sheet.paper, font)
    margin, (_, height) = look.margin, look.page
    document = BaseDocTemplate(
        out, pagesize=look.page, title=sheet.title, author="Troika", subject=sheet.number, invariant=1,
        leftMargin=margin, rightMargin=margin, topMargin=margin, bottomMargin=margin,
    )  # fmt: skip
    frame = Frame(margin, margin + 4 * mm, look.width, height - 2 * margin - 4 * mm, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[frame]))
    story: list[Flowable] = [_head(look, sheet), Spacer(0, 4 * mm), _pairs(look, sheet.head)]
    for part in sheet.parts or _everything(sheet):
        shown = _part(look, sheet, part)
        story += [CondPageBreak(28 * mm), *shown] if shown else []
    document.build(story, canvasmaker=lambda *given, **named: _Pages(look, sheet, *given, **named))
    return out.getvalue()


def _everything(sheet: Sheet) -> list[Part]:
    """What is printed of a form without a layout."""
    lines = [Part("lines", "", tables=[one]) for one in sheet.tables]
    return [Part("fields", "", sheet.fields), *lines, Part("attachments", ""), Part("approvals", "")]


def _part(look: Look, sheet: Sheet, part: Part) -> list[Flowable]:
    def heading(otherwise: str) -> Paragraph:
        return look.paragraph(part.heading or otherwise, look.heading)

    match part.kind:
        case "fields":
            return [heading(gettext("What was asked for")), _pairs(look, part.fields)] if part.fields else []
        case "lines":
            return [flowable for one in part.tables for flowable in (heading(one.title), _lines(look, one))]
        case "attachments" if sheet.attachments:
            names = [look.paragraph(f"{place}. {name}") for place, name in enumerate(sheet.attachments, 1)]
            return [KeepTogether([heading(gettext("Attachments")), *names])]
        case "opinions":
            said = [(f"{one.node} · {one.who}", f"{one.opinion or one.decision}\n{one.at}") for one in sheet.decided]
            return [heading(gettext("Opinions")), _pairs(look, said)] if said else []
        case "signatures":
            signed = [one for one in sheet.decided if one.signature is not None]
            return [heading(gettext("Signatures")), _signatures(look, signed)] if signed else []
        case "approvals":
            return [heading(gettext("Approvals")), _decisions(look, sheet.decided)]
    return []


def _signatures(look: Look, signed: list[Decided]) -> Table:
    """Three a line, each over the step, the name and the day."""
    cells: list[Any] = [
        [_signed(look, one), look.paragraph(f"{one.node}\n{one.at}", look.small)] for one in signed
    ]  # fmt: skip
    cells += [""] * (-len(cells) % 3)
    table = Table([cells[at : at + 3] for at in range(0, len(cells), 3)], colWidths=[look.width / 3] * 3)
    table.setStyle(GRID)
    return table


class _Qr(Flowable):
    """A square of modules with its quiet zone left to the page."""

    def __init__(self, text: str, size: float) -> None:
        super().__init__()
        self.width = self.height = size
        self._modules = [list(row) for row in segno.make(text, error="m").matrix]

    def draw(self) -> None:
        """Runs of dark modules as rectangles."""
        side = self.width / len(self._modules)
        self.canv.setFillColor(INK)
        for y, row in enumerate(self._modules):
            for x, dark in enumerate(row):
                if dark:
                    self.canv.rect(x * side, self.height - (y + 1) * side, side, side, stroke=0, fill=1)


class _Signature(Flowable):
    """The lines as they were drawn; a typed name in the font of the document."""

    def __init__(self, look: Look, signed: Signed) -> None:
        super().__init__()
        self.width, self.height = look.signature, look.signature * signatures.HEIGHT / signatures.WIDTH
        self._signed, self._look = signed, look

    def draw(self) -> None:
        """Scaled to the cell."""
        canvas, scale = self.canv, self.width / signatures.WIDTH
        canvas.setStrokeColor(INK)
        canvas.setLineWidth(4 * scale)
        canvas.setLineCap(1)
        for stroke in self._signed.strokes:
            path = canvas.beginPath()
            for at, (x, y) in enumerate(stroke):
                (path.lineTo if at else path.moveTo)(x * scale, self.height - y * scale)
            canvas.drawPath(path)
        if not self._signed.strokes:
            canvas.setFillColor(INK)
            canvas.setFont(self._look.font_of(self._signed.name), 12 * self._look.scale)
            canvas.drawCentredString(self.width / 2, self.height / 2 - 4, self._signed.name)


class _Pages(Canvas):
    """A canvas that knows how many pages there are when it draws the foot of each."""

    def __init__(self, look: Look, sheet: Sheet, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._look, self._sheet = look, sheet
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - the name of the library
        """Keep the page until the last one is known."""
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Draw the feet."""
        for place, page in enumerate(self._kept, 1):
            self.__dict__.update(page)
            self._foot(place, len(self._kept))
            super().showPage()
        super().save()

    def _foot(self, place: int, pages: int) -> None:
        sheet, look = self._sheet, self._look
        left, right, under = look.margin, look.page[0] - look.margin, look.margin - 4 * mm
        self.setStrokeColor(LINE)
        self.line(left, look.margin, right, look.margin)
        self.setFillColor(GREY)
        printed = gettext("Printed by %(who)s, %(at)s", who=sheet.printed_by, at=sheet.printed_at)
        of = gettext("Page %(place)s of %(pages)s", place=place, pages=pages)
        for write, at, text in (
            (self.drawString, left, printed), (self.drawCentredString, look.page[0] / 2, sheet.number),
            (self.drawRightString, right, of),
        ):  # fmt: skip
            self.setFont(look.font_of(text), 8 * look.scale)
            write(at, under, text)


def _head(look: Look, sheet: Sheet) -> Table:
    number = gettext("No. %(number)s", number=sheet.number) if sheet.number else ""
    code = gettext("Verify: %(code)s", code=sheet.code)
    left = [look.paragraph(sheet.title, look.title), Spacer(0, 1.5 * mm),
            look.paragraph(sheet.process, look.subtitle, "#6b7280")]  # fmt: skip
    if number:
        left.append(look.paragraph(number, look.subtitle, "#1d4ed8"))
    left.append(look.paragraph(code, look.small, "#6b7280"))
    table = Table([[left, _Qr(sheet.address, look.qr)]], colWidths=[look.width - look.qr, look.qr])
    table.setStyle([
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0), ("LINEBELOW", (0, 0), (-1, -1), 1.2, BLUE),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
    ])  # fmt: skip
    return table


def _pairs(look: Look, pairs: list[tuple[str, str]]) -> Table:
    """Two fields a line; a long one has a line of its own."""
    rows: list[list[Any]] = []
    spans: list[tuple[Any, ...]] = []
    waiting: list[Any] = []
    for name, value in pairs:
        cells = [look.paragraph(name, look.label), look.paragraph(value)]
        if len(value) > _LONG or "\n" in value:
            if waiting:
                rows.append([*waiting, "", ""])
                waiting = []
            spans.append(("SPAN", (1, len(rows)), (3, len(rows))))
            rows.append([*cells, "", ""])
        elif waiting:
            rows.append([*waiting, *cells])
            waiting = []
        else:
            waiting = cells
    if waiting:
        spans.append(("SPAN", (1, len(rows)), (3, len(rows))))
        rows.append([*waiting, "", ""])
    wide, narrow = look.width * 0.33, look.width * 0.17
    table = Table(rows, colWidths=[narrow, wide, narrow, wide])
    shades = [("BACKGROUND", (0, 0), (0, -1), SHADE)]
    full = {span[1][1] for span in spans}
    shades += [("BACKGROUND", (2, row), (2, row), SHADE) for row in range(len(rows)) if row not in full]
    table.setStyle([*GRID, *shades, *spans])
    return table


_LONG = 24
"""characters that fit into half a line"""


def _lines(look: Look, lines: Lines) -> Table:
    width = look.width / len(lines.columns)
    rows = [[look.paragraph(name, look.label) for name in lines.columns]]
    rows += [[look.paragraph(text, look.right if _is_number(text) else None) for text in row] for row in lines.rows]
    table = Table(rows, colWidths=[width] * len(lines.columns), repeatRows=1)
    table.setStyle([*GRID, ("BACKGROUND", (0, 0), (-1, 0), SHADE)])
    return table


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "", 1).removeprefix("-").isdigit()


def _signed(look: Look, one: Decided) -> Any:
    """Who decided, with his signature where there is one."""
    if one.signature is None:
        return look.paragraph(one.who)
    wrong = gettext("The signature does not match the decision")
    broken = [] if one.signature.intact else [look.paragraph(wrong, look.small)]
    return [look.paragraph(one.who), _Signature(look, one.signature), *broken]


def _decisions(look: Look, decided: list[Decided]) -> Table | Paragraph:
    if not decided:
        return look.paragraph(gettext("Nobody has decided yet."), look.label)
    names = (gettext("Step"), gettext("By"), gettext("Decision"), gettext("Opinion"), gettext("At"))
    rows: list[list[Any]] = [[look.paragraph(name, look.label) for name in names]]
    rows += [
        [look.paragraph(one.node), _signed(look, one), *map(look.paragraph, (one.decision, one.opinion, one.at))]
        for one in decided
    ]  # fmt: skip
    table = Table(rows, colWidths=[look.width * part for part in (0.22, 0.17, 0.12, 0.29, 0.2)], repeatRows=1)
    grey = [("BACKGROUND", (0, place), (-1, place), SHADE) for place, one in enumerate(decided, 1) if one.automatic]
    table.setStyle([*GRID, ("BACKGROUND", (0, 0), (-1, 0), SHADE), *grey])
    return table
