"""A request on A4, by ReportLab: the font is one that every reader of PDF brings, so no font file is needed."""

import io
from typing import Any
from xml.sax.saxutils import escape

import segno
from flask_babel import gettext
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, KeepTogether, PageTemplate, Paragraph, Spacer, Table

from engine.tasks import Signed, signatures
from webui.printing.content import Decided, Sheet
from webui.printing.content import Table as Lines

FONT = "STSong-Light"
MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN
QR = 24 * mm
SIGNATURE = 26 * mm
INK, GREY, LINE, SHADE, BLUE = (HexColor(f"#{code}") for code in ("1f2937", "6b7280", "d1d5db", "f3f4f6", "1d4ed8"))
pdfmetrics.registerFont(UnicodeCIDFont(FONT))


def _style(name: str, size: float, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(
        name, fontName=FONT, fontSize=size, leading=size * 1.5, textColor=INK, wordWrap="CJK", **more
    )  # fmt: skip


TITLE = _style("title", 17)
SUBTITLE = _style("subtitle", 9.5)
HEADING = _style("heading", 11.5, spaceBefore=5 * mm, spaceAfter=2 * mm)
TEXT = _style("text", 9.5)
LABEL = ParagraphStyle("label", parent=TEXT, textColor=GREY)
SMALL = _style("small", 8)
RIGHT = ParagraphStyle("right", parent=TEXT, alignment=TA_RIGHT)
_GRID = [
    ("GRID", (0, 0), (-1, -1), 0.5, LINE), ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 3), ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
]  # fmt: skip


def pdf(sheet: Sheet) -> bytes:
    """The document; the same sheet gives the same bytes."""
    out = io.BytesIO()
    document = BaseDocTemplate(
        out, pagesize=A4, title=sheet.title, author="Troika", subject=sheet.number, invariant=1,
        leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
    )  # fmt: skip
    frame = Frame(MARGIN, MARGIN + 4 * mm, WIDTH, A4[1] - 2 * MARGIN - 4 * mm, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[frame]))
    story: list[Flowable] = [_head(sheet), Spacer(0, 4 * mm), _pairs(sheet.head)]
    if sheet.fields:
        story += [_heading(gettext("What was asked for")), _pairs(sheet.fields)]
    for lines in sheet.tables:
        story += [_heading(lines.title), _lines(lines)]
    if sheet.attachments:
        names = [_text(f"{place}. {name}") for place, name in enumerate(sheet.attachments, 1)]
        story.append(KeepTogether([_heading(gettext("Attachments")), *names]))
    story += [_heading(gettext("Approvals")), _decisions(sheet.decided)]
    document.build(story, canvasmaker=lambda *given, **named: _Pages(sheet, *given, **named))
    return out.getvalue()


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

    def __init__(self, signed: Signed, width: float) -> None:
        super().__init__()
        self.width, self.height = width, width * signatures.HEIGHT / signatures.WIDTH
        self._signed = signed

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
            canvas.setFont(FONT, 12)
            canvas.drawCentredString(self.width / 2, self.height / 2 - 4, self._signed.name)


class _Pages(Canvas):
    """A canvas that knows how many pages there are when it draws the foot of each."""

    def __init__(self, sheet: Sheet, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._sheet = sheet
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
        sheet = self._sheet
        self.setStrokeColor(LINE)
        self.line(MARGIN, MARGIN, A4[0] - MARGIN, MARGIN)
        self.setFont(FONT, 8)
        self.setFillColor(GREY)
        printed = gettext("Printed by %(who)s, %(at)s", who=sheet.printed_by, at=sheet.printed_at)
        self.drawString(MARGIN, MARGIN - 4 * mm, printed)
        self.drawCentredString(A4[0] / 2, MARGIN - 4 * mm, sheet.number)
        of = gettext("Page %(place)s of %(pages)s", place=place, pages=pages)
        self.drawRightString(A4[0] - MARGIN, MARGIN - 4 * mm, of)


def _head(sheet: Sheet) -> Table:
    number = gettext("No. %(number)s", number=sheet.number) if sheet.number else ""
    code = gettext("Verify: %(code)s", code=sheet.code)
    left = [
        Paragraph(escape(sheet.title), TITLE),
        Spacer(0, 1.5 * mm),
        Paragraph(f'<font color="#6b7280">{escape(sheet.process)}</font>', SUBTITLE),
        Paragraph(f'<font color="#1d4ed8">{escape(number)}</font>', SUBTITLE),
        Paragraph(f'<font color="#6b7280">{escape(code)}</font>', SMALL),
    ]
    table = Table([[left, _Qr(sheet.address, QR)]], colWidths=[WIDTH - QR, QR])
    table.setStyle([
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0), ("LINEBELOW", (0, 0), (-1, -1), 1.2, BLUE),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
    ])  # fmt: skip
    return table


def _heading(text: str) -> Paragraph:
    return Paragraph(escape(text), HEADING)


def _text(text: str, style: ParagraphStyle = TEXT) -> Paragraph:
    return Paragraph("<br/>".join(escape(part) for part in text.splitlines()) or "–", style)


def _pairs(pairs: list[tuple[str, str]]) -> Table:
    """Two fields a line; a long one has a line of its own."""
    rows: list[list[Any]] = []
    spans: list[tuple[Any, ...]] = []
    waiting: list[Any] = []
    for name, value in pairs:
        cells = [_text(name, LABEL), _text(value)]
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
    wide, narrow = WIDTH * 0.33, WIDTH * 0.17
    table = Table(rows, colWidths=[narrow, wide, narrow, wide])
    shades = [("BACKGROUND", (0, 0), (0, -1), SHADE)]
    full = {span[1][1] for span in spans}
    shades += [("BACKGROUND", (2, row), (2, row), SHADE) for row in range(len(rows)) if row not in full]
    table.setStyle([*_GRID, *shades, *spans])
    return table


_LONG = 24
"""characters that fit into half a line"""


def _lines(lines: Lines) -> Table:
    width = WIDTH / len(lines.columns)
    rows = [[_text(name, LABEL) for name in lines.columns]]
    rows += [[_text(text, RIGHT if _is_number(text) else TEXT) for text in row] for row in lines.rows]
    table = Table(rows, colWidths=[width] * len(lines.columns), repeatRows=1)
    table.setStyle([*_GRID, ("BACKGROUND", (0, 0), (-1, 0), SHADE)])
    return table


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "", 1).removeprefix("-").isdigit()


def _signed(one: Decided) -> Any:
    """Who decided, with his signature where there is one."""
    if one.signature is None:
        return _text(one.who)
    broken = [] if one.signature.intact else [_text(gettext("The signature does not match the decision"), SMALL)]
    return [_text(one.who), _Signature(one.signature, SIGNATURE), *broken]


def _decisions(decided: list[Decided]) -> Table | Paragraph:
    if not decided:
        return _text(gettext("Nobody has decided yet."), LABEL)
    names = (gettext("Step"), gettext("By"), gettext("Decision"), gettext("Opinion"), gettext("At"))
    rows = [[_text(name, LABEL) for name in names]]
    rows += [
        [_text(one.node), _signed(one), *(_text(text) for text in (one.decision, one.opinion, one.at))]
        for one in decided
    ]  # fmt: skip
    table = Table(rows, colWidths=[WIDTH * part for part in (0.22, 0.17, 0.12, 0.29, 0.2)], repeatRows=1)
    grey = [("BACKGROUND", (0, place), (-1, place), SHADE) for place, one in enumerate(decided, 1) if one.automatic]
    table.setStyle([*_GRID, ("BACKGROUND", (0, 0), (-1, 0), SHADE), *grey])
    return table
