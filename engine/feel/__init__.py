"""FEEL (DMN 1.5): compile a text once, evaluate it often; errors are null and diagnostics."""

from engine.feel.compiler import Compiled, compile, evaluate, unary_tests, variables_of
from engine.feel.diagnostics import Diagnostic, FeelSyntaxError, Result
from engine.feel.lexer import unescape
from engine.feel.literals import literal, quoted

__all__ = [
    "Compiled", "Diagnostic", "FeelSyntaxError", "Result", "compile", "evaluate", "literal", "quoted", "unary_tests",
    "unescape", "variables_of",
]  # fmt: skip
