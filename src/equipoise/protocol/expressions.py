"""The executable-rule language: comparisons over named variables, three-valued, never `eval`.

    rule      := conjunct { "or" conjunct }
    conjunct  := negation { "and" negation }
    negation  := "not" negation | condition
    condition := operand ("==" | "!=" | "<" | "<=" | ">" | ">=") operand
               | operand ["not"] "in" "[" literal { "," literal } "]"
               | operand "is" ["not"] "known"
               | true | false | "(" rule ")"
    operand   := name | literal | "(" rule ")"
    literal   := number | 'text' | "text" | true | false

A name or a number alone is no condition: nothing is true because it is not zero. The literals of a list are of one
kind. A comparison with a missing value is unknown (None); and, or, not follow Kleene's strong logic, so that
`false and unknown` is false and `true or unknown` is true. `is known` is never unknown.
Source of the logic: Kleene SC. On notation for ordinal numbers. J Symb Log 1938;3:150-155.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from equipoise.errors import ExpressionError

if TYPE_CHECKING:
    import polars as pl

Value = float | str | bool | None

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+\.?\d*(?:[eE][-+]?\d+)?)|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<symbol>==|!=|<=|>=|<|>|\[|\]|\(|\)|,))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_DEEPEST = 50
_KEYWORDS = frozenset({"and", "or", "not", "in", "is", "known", "true", "false"})


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "text" if isinstance(value, str) else "a number" if isinstance(value, int | float) else type(value).__name__


def _require_alike(left: object, right: object) -> None:
    if _kind(left) != _kind(right):
        raise ExpressionError(
            "expression-invalid",
            f"cannot compare {left!r} with {right!r}",
            reason=f"one is {_kind(left)}, the other {_kind(right)}",
            hint="quote the value if the variable holds text, leave the quotes out if it holds numbers",
        )


@dataclass(frozen=True)
class Name:
    """A variable; `column` is its zero-based place in the rule's text."""

    name: str
    column: int = 0

    def evaluate(self, values: Mapping[str, Value]) -> Value:
        return values.get(self.name)

    def to_polars(self) -> pl.Expr:
        import polars as pl

        return pl.col(self.name)


@dataclass(frozen=True)
class Literal:
    """A number, a text, true or false."""

    value: Value

    def evaluate(self, values: Mapping[str, Value]) -> Value:  # noqa: ARG002 - one signature for all nodes
        return self.value

    def to_polars(self) -> pl.Expr:
        import polars as pl

        return pl.lit(self.value)


@dataclass(frozen=True)
class Compare:
    left: Node
    sign: str
    right: Node

    def evaluate(self, values: Mapping[str, Value]) -> bool | None:
        left, right = self.left.evaluate(values), self.right.evaluate(values)
        if left is None or right is None:
            return None
        _require_alike(left, right)
        return _COMPARE[self.sign](left, right)

    def to_polars(self) -> pl.Expr:
        return _COMPARE[self.sign](self.left.to_polars(), self.right.to_polars())  # pyright: ignore[reportReturnType]


@dataclass(frozen=True)
class Membership:
    operand: Node
    members: tuple[Value, ...]
    negated: bool

    def evaluate(self, values: Mapping[str, Value]) -> bool | None:
        value = self.operand.evaluate(values)
        if value is None:
            return None
        _require_alike(value, self.members[0])
        return (value in self.members) != self.negated

    def to_polars(self) -> pl.Expr:
        inside = self.operand.to_polars().is_in(list(self.members))
        return ~inside if self.negated else inside


@dataclass(frozen=True)
class Known:
    operand: Node
    negated: bool

    def evaluate(self, values: Mapping[str, Value]) -> bool:
        return (self.operand.evaluate(values) is not None) != self.negated

    def to_polars(self) -> pl.Expr:
        return self.operand.to_polars().is_null() if self.negated else self.operand.to_polars().is_not_null()


@dataclass(frozen=True)
class Not:
    operand: Node

    def evaluate(self, values: Mapping[str, Value]) -> bool | None:
        value = self.operand.evaluate(values)
        return None if value is None else not value

    def to_polars(self) -> pl.Expr:
        return ~self.operand.to_polars()


@dataclass(frozen=True)
class Junction:
    """`and` (absorbing value False) or `or` (absorbing value True) over two or more rules."""

    operands: tuple[Node, ...]
    absorbing: bool

    def evaluate(self, values: Mapping[str, Value]) -> bool | None:
        found = [operand.evaluate(values) for operand in self.operands]
        if self.absorbing in found:
            return self.absorbing
        return None if None in found else not self.absorbing

    def to_polars(self) -> pl.Expr:
        import polars as pl

        parts = [operand.to_polars() for operand in self.operands]
        return pl.any_horizontal(parts) if self.absorbing else pl.all_horizontal(parts)


Node = Name | Literal | Compare | Membership | Known | Not | Junction


@dataclass(frozen=True)
class Expression:
    """A parsed rule: `text` as written, `node` its tree."""

    text: str
    node: Node

    @property
    def names(self) -> tuple[Name, ...]:
        """The variables the rule speaks of, each once, in order of appearance."""
        found: dict[str, Name] = {}
        for part in walk(self.node):
            if isinstance(part, Name):
                found.setdefault(part.name, part)
        return tuple(found.values())

    def evaluate(self, values: Mapping[str, Value]) -> bool | None:
        """True, False, or None where the values do not decide."""
        result = self.node.evaluate(values)
        return None if result is None else bool(result)

    def to_polars(self) -> pl.Expr:
        """The same rule over the columns of a data frame; null is unknown."""
        return self.node.to_polars()


def parse_expression(text: str) -> Expression:
    """Parse a rule.

    Raises ExpressionError (`expression-invalid`) naming the place in the text; its `rows` hold the column.

    >>> parse_expression("age >= 18 and sex == 'F'").evaluate({"age": 54, "sex": "F"})
    True
    >>> parse_expression("age >= 18 and sex == 'F'").evaluate({"age": None, "sex": "F"}) is None
    True
    """
    return Expression(text, _Parser(text).parse())


def walk(node: Node) -> Iterator[Node]:
    """A rule's tree, parents first."""
    yield node
    match node:
        case Compare(left, _, right):
            yield from walk(left)
            yield from walk(right)
        case Membership(operand) | Known(operand) | Not(operand):
            yield from walk(operand)
        case Junction(operands):
            for operand in operands:
                yield from walk(operand)
        case _:
            return


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    column: int


class _Parser:
    """Recursive descent over the grammar in the module's docstring, one method per rule."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._scan())
        self._next = 0
        self._depth = 0

    def parse(self) -> Node:
        node = self._junction("or")
        if self._peek().kind != "end":
            raise self._fault(f"unexpected {self._peek().text!r}")
        return node

    def _scan(self) -> Iterator[_Token]:
        place = 0
        while self._text[place:].strip():
            match = _TOKEN.match(self._text, place)
            if match is None or match.lastgroup is None:
                column = place + len(self._text[place:]) - len(self._text[place:].lstrip())
                raise self._fault(f"unexpected character {self._text[column]!r}", column)
            yield _Token(match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup))
            place = match.end()
        yield _Token("end", "end of rule", len(self._text))

    def _fault(self, what: str, column: int | None = None) -> ExpressionError:
        column = self._peek().column if column is None else column
        return ExpressionError(
            "expression-invalid",
            f"rule {self._text!r}: {what} at column {column + 1}",
            reason="rules hold names, numbers, quoted text, ==, !=, <, <=, >, >=, in [...], is known, and, or, not",
            rows=({"column": column},),
        )

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, *texts: str) -> _Token | None:
        token = self._peek()
        if token.text in texts and token.kind in ("name", "symbol"):
            self._next += 1
            return token
        return None

    def _require(self, text: str) -> None:
        if self._take(text) is None:
            raise self._fault(f"expected {text!r}, found {self._peek().text!r}")

    def _junction(self, word: str) -> Node:
        operand = self._negation if word == "and" else lambda: self._junction("and")
        operands = [operand()]
        while self._take(word):
            operands.append(operand())
        return operands[0] if len(operands) == 1 else Junction(tuple(operands), absorbing=word == "or")

    def _negation(self) -> Node:
        if not self._take("not"):
            return self._condition()
        self._deepen(1)
        node = Not(self._negation())
        self._deepen(-1)
        return node

    def _deepen(self, levels: int) -> None:
        self._depth += levels
        if self._depth > _DEEPEST:
            raise self._fault(f"nested more than {_DEEPEST} levels deep")

    def _condition(self) -> Node:
        left = self._operand()
        if sign := self._take(*_COMPARE):
            return Compare(left, sign.text, self._operand())
        if self._take("is"):
            negated = self._take("not") is not None
            self._require("known")
            return Known(left, negated)
        negated = self._take("not") is not None
        if negated or self._peek().text == "in":
            self._require("in")
            return Membership(left, self._members(), negated)
        if isinstance(left, Name) or (isinstance(left, Literal) and not isinstance(left.value, bool)):
            raise self._fault(f"expected a comparison, found {self._peek().text!r}")
        return left

    def _members(self) -> tuple[Value, ...]:
        self._require("[")
        members = [self._literal()]
        while self._take(","):
            members.append(self._literal())
        self._require("]")
        if len({_kind(member) for member in members}) > 1:
            raise self._fault("a list holds either numbers or quoted text, not both,")
        return tuple(members)

    def _literal(self) -> Value:
        node = self._operand()
        if not isinstance(node, Literal):
            raise self._fault("a list holds numbers and quoted text only,")
        return node.value

    def _operand(self) -> Node:
        token = self._peek()
        if self._take("("):
            self._deepen(1)
            node = self._junction("or")
            self._deepen(-1)
            self._require(")")
            return node
        if token.kind == "end" or token.kind == "symbol" or (token.text in _KEYWORDS - {"true", "false"}):
            raise self._fault(f"expected a name or a value, found {token.text!r}")
        self._next += 1
        if token.kind == "number":
            return Literal(float(token.text))
        if token.kind == "text":
            return Literal(token.text[1:-1])
        if token.text in ("true", "false"):
            return Literal(token.text == "true")
        return Name(token.text, token.column)
