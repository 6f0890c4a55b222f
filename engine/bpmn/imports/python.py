"""Simple Python expressions and assignments (SpiffWorkflow) -> FEEL, by Python's own grammar; nothing is executed.

Comparison, logic, arithmetic, paths, literals and the conditional expression; what calls a function is not translated.
"""

import ast
import textwrap
import warnings
from decimal import Decimal

from engine.bpmn.imports.expressions import (
    DEPTH_LIMIT,
    TEXT_LIMIT,
    Binary,
    Call,
    Choice,
    Entries,
    Feel,
    Item,
    Listed,
    Literal,
    Member,
    Name,
    Tree,
    Unary,
    Uncertain,
    feel_of,
)
from engine.errors import N_

_SYNTAX = N_("It is not one Python expression.")
_BEYOND = N_("'{found}' has no certain counterpart in FEEL.")
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "=", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
}  # fmt: skip


def translate(text: str) -> Feel:
    """The FEEL of one expression. Raises Uncertain."""
    return feel_of(_tree(_expression(text), 0))


def literal_text(text: str) -> str | None:
    """What a quoted text says, None when it is no string literal: timers and names are written so."""
    try:
        tree = _expression(text)
    except Uncertain:
        return None
    return tree.value if isinstance(tree, ast.Constant) and isinstance(tree.value, str) else None


def assignments(script: str) -> list[tuple[str, Feel]]:
    """`name = expression` line by line, in order. Raises Uncertain for any other statement."""
    found = []
    for statement in _parse(script).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.append((name, feel_of(_tree(value, 0))))
            case ast.AugAssign(target=ast.Name(id=name) as target, op=operator, value=value):
                whole = ast.BinOp(left=ast.Name(id=target.id), op=operator, right=value)
                found.append((name, feel_of(_tree(whole, 0))))
            case ast.Pass():
                pass
            case _:
                raise Uncertain(_BEYOND, found=_shown(statement))
    return found


def _expression(text: str) -> ast.expr:
    """The tree of one expression. Raises Uncertain."""
    match _parse(text).body:
        case [ast.Expr(value=value)]:
            return value
    raise Uncertain(_SYNTAX)


def _parse(text: str) -> ast.Module:
    """The syntax tree. Raises Uncertain, also for what exhausts the parser."""
    if len(text) > TEXT_LIMIT:
        raise Uncertain(N_("It is too long."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(textwrap.dedent(text.strip("\n")).strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Uncertain(_SYNTAX) from None


def _shown(node: ast.AST) -> str:
    """The source of a part, shortened."""
    try:
        return ast.unparse(node).partition("\n")[0][:60]
    except RecursionError:
        return type(node).__name__


def _tree(node: ast.AST, depth: int) -> Tree:
    if depth > DEPTH_LIMIT:
        raise Uncertain(N_("It is nested too deeply."))
    deeper = depth + 1
    match node:
        case ast.Constant(value=bool() | None | str() as value):
            return Literal(value)
        case ast.Constant(value=int() | float() as number):
            found = Decimal(repr(number))
            if found.is_finite():
                return Literal(found)
        case ast.Name(id=name):
            return Name(name)
        case ast.Attribute(value=value, attr=name):
            return Member(_tree(value, deeper), name)
        case ast.Subscript(value=value, slice=key):
            return _element(_tree(value, deeper), key)
        case ast.BoolOp(op=operator, values=values):
            joined = _tree(values[0], deeper)
            for value in values[1:]:
                joined = Binary("and" if isinstance(operator, ast.And) else "or", joined, _tree(value, deeper))
            return joined
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return Unary("not", _tree(operand, deeper))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Unary("-", _tree(operand, deeper))
        case ast.BinOp(left=left, op=operator, right=right):
            return _arithmetic(operator, _tree(left, deeper), _tree(right, deeper))
        case ast.Compare(left=first, ops=operators, comparators=others):
            return _comparison(first, operators, others, deeper)
        case ast.IfExp(test=test, body=then, orelse=otherwise):
            return Choice(_tree(test, deeper), _tree(then, deeper), _tree(otherwise, deeper))
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return Listed(tuple(_tree(item, deeper) for item in items))
        case ast.Dict(keys=keys, values=values):
            return Entries(tuple((_key(key), _tree(value, deeper)) for key, value in zip(keys, values, strict=True)))
        case ast.Call(func=ast.Attribute(value=value, attr="get"), args=[ast.Constant(value=str(key))], keywords=[]):
            return _element(_tree(value, deeper), ast.Constant(value=key))
    raise Uncertain(_BEYOND, found=_shown(node))


def _key(key: ast.expr | None) -> str:
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return key.value
    raise Uncertain(_BEYOND, found=_shown(key) if key is not None else "**")


def _element(tree: Tree, key: ast.expr) -> Tree:
    match key:
        case ast.Constant(value=str(name)) if name.isidentifier():
            return Member(tree, name)
        case ast.Constant(value=str(name)):
            return Call("get value", (tree, Literal(name)))
        case ast.Constant(value=int(position)) if not isinstance(position, bool):
            return Item(tree, position)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(position))) if position > 0:
            return Item(tree, -position)
    raise Uncertain(N_("It looks for an element by a computed key."))


def _arithmetic(operator: ast.operator, left: Tree, right: Tree) -> Tree:
    if isinstance(operator, ast.Mod) and not (isinstance(left, Literal) and isinstance(left.value, str)):
        return Call("modulo", (left, right))
    if isinstance(operator, ast.FloorDiv):
        return Call("floor", (Binary("/", left, right),))
    sign = _ARITHMETIC.get(type(operator))
    if sign is None:
        raise Uncertain(_BEYOND, found=type(operator).__name__)
    return Binary(sign, left, right)


def _comparison(first: ast.expr, operators: list[ast.cmpop], others: list[ast.expr], depth: int) -> Tree:
    parts = []
    left = _tree(first, depth)
    for operator, other in zip(operators, others, strict=True):
        right = _tree(other, depth)
        match operator:
            case ast.In() | ast.NotIn() if isinstance(right, Listed):
                inside: Tree = Call("list contains", (right, left))
                parts.append(inside if isinstance(operator, ast.In) else Unary("not", inside))
            case ast.Is() | ast.IsNot() if right in (Literal(None), Literal(True), Literal(False)):
                parts.append(Binary("=" if isinstance(operator, ast.Is) else "!=", left, right))
            case _ if type(operator) in _COMPARE:
                parts.append(Binary(_COMPARE[type(operator)], left, right))
            case _:
                raise Uncertain(_BEYOND, found=type(operator).__name__.lower())
        left = right
    joined = parts[0]
    for part in parts[1:]:
        joined = Binary("and", joined, part)
    return joined
