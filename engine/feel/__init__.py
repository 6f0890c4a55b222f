"""FEEL (DMN 1.5): compile a text once, evaluate it often; errors are null and diagnostics."""

from engine.feel.compiler import Compiled, compile, evaluate, unary_tests, variables_of
from engine.feel.diagnostics import Diagnostic, FeelSyntaxError, Result

__all__ = ["Compiled", "Diagnostic", "FeelSyntaxError", "Result", "compile", "evaluate", "unary_tests", "variables_of"]
