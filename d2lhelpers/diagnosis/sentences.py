"""What is said about an edit that makes an answer right: the slip and the learner's fragment, never the cure."""

import ast
from dataclasses import dataclass

from d2lhelpers.diagnosis.roles import is_number, method

LATE = {"abs": "an absolute value", "sqrt": "a root", "square": "a square", "log": "a logarithm", "sum": "a sum",
        "exp": "an exponential", "mean": "a mean", "sigmoid": "a sigmoid", "relu": "a ReLU", "softmax": "a softmax",
        "set": "the removal of repeats", "sorted": "the sorting", "int": "the rounding to a whole number"}
LATE = {f"wrap:{name}": noun for name, noun in LATE.items()}
KINDS = """values targets dim dims flag correction transpose axis sign neg const brackets order args exchange edge
    compare condition branch not option einsum index shifted size count power muldiv whole matmul other name stale
    accumulate update indent loop sequence call nest newdim term factor minus farther operands statement zero
    complement scaled"""
RANK = {kind: i for i, kind in enumerate(KINDS.split())}  # the most natural first
NOUNS = {"index": "index", "size": "size", "count": "range", "const": "number", "zero": "number", "power": "power"}
SHAPE = {"dim", "dims", "newdim", "flag", "axis", "nest"}
ORDER = {"order", "name", "args", "operands", "values", "einsum", "targets", "exchange", "stale"}
ENDS = {"index", "count", "loop", "size", "indent", "sequence"}
LIMITS = {"compare", "edge", "condition", "branch", "not"}


@dataclass
class Repair:
    """One edit that makes an answer right.

    Attributes
    ----------
    kind : str
        What was edited: ``dim``, ``brackets``, …
    sentence : str
        For the verdict's first line. It quotes the learner's code, and says nothing of the replacement.
    questions : tuple of str
        Two hints about that place.
    """

    kind: str
    sentence: str
    questions: tuple


class Quoter:
    """Quotes parts of a function as the learner wrote them.

    Parameters
    ----------
    source : str
        The function, from `def` on.
    """

    def __init__(self, source):
        self.source, self.tree = source, ast.parse(source).body[0]
        self.up = {child: parent for parent in ast.walk(self.tree) for child in ast.iter_child_nodes(parent)}

    def own(self, node):
        """Return the node of this untouched tree that stands where a node of the edited tree stood."""
        same = [n for n in ast.walk(self.tree) if type(n) is type(node) and _place(n) == _place(node)]
        return same[0] if same else node

    def around(self, node, *types):
        """Return the innermost node of these types that holds a node, at most its statement."""
        node = self.up.get(node, node)
        while not isinstance(node, (*types, ast.stmt)) and node in self.up:
            node = self.up[node]
        return node

    def quote(self, node, most=52):
        """Return a part's text in backquotes; of a statement over several lines the first."""
        text = ast.get_source_segment(self.source, node) or ast.unparse(node)
        text = text.split("\n")[0] if isinstance(node, ast.stmt) else " ".join(text.split())
        return f"`{text}`" if len(text) <= most else f"`{text[:most - 1]}…`"


def _place(node):
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0)


def repair(source, kind, node, new, others=()):
    """Return what to say about an edit.

    Parameters
    ----------
    source : str
        The learner's function, from `def` on.
    kind : str
    node, new : ast.AST
        What stood there, and what makes it right. Of `new` only the kind of operation is used.
    others : list of ast.AST
        Where the same edit was made as well; for exchanged names, the two names.

    Returns
    -------
    Repair
    """
    quoter = Quoter(source)
    node = quoter.own(node)
    here = quoter.quote(node)
    if kind == "exchange":
        said = f"{' and '.join(f'`{name.id}`' for name in others)} are exchanged in {here}"
    else:
        said = _said(quoter, kind, node, new)
        likewise = [text for text in dict.fromkeys(quoter.quote(quoter.own(o)) for o in others) if text != here]
        said += f", and likewise in {' and '.join(likewise)}" if likewise else ", every time" if others else ""
    if isinstance(node, (ast.Constant, ast.Name)) and kind not in ("call", "values"):
        here = quoter.quote(quoter.around(node, ast.BinOp, ast.Call, ast.Compare, ast.Subscript))
    place, opening = f"line {node.lineno}", "" if kind == "values" else "everything else is right: "
    said = said.replace("?", f" ({place})?", 1) if "?" in said else f"{said}, {place}."
    paper = f"Work {here} out on paper for the call above, and compare with what your line gives."
    return Repair(kind, opening + said, (_question(kind, here), paper))


def _question(kind, here):
    if kind in SHAPE:
        return f"Print the shapes that go into {here} and come out of it. Which dimension should be gone?"
    if kind == "brackets":
        return f"Which operation does Python do first in {here}?"
    if kind in ORDER:
        return f"Say in words what each name in {here} holds."
    if kind in ENDS:
        return f"Follow {here} for the first and for the last round or place: what does it use?"
    if kind in LIMITS:
        return f"When is {here} true? Try a value on each side, and one exactly at the limit."
    return f"Say in words what {here} calculates, and read the exercise again."


def _said(quoter, kind, node, new):
    """Return the middle of the sentence."""
    quote = quoter.quote
    here = quote(node)
    outer = quote(quoter.around(node, ast.BinOp, ast.Call, ast.Compare, ast.Subscript))
    call = here if isinstance(node, ast.Call) else quote(quoter.around(node, ast.Call))
    if kind == "missing":
        what = "term" if isinstance(new.op, (ast.Add, ast.Sub)) else "factor"
        return f"at {here} a {what} is missing, something with `{ast.unparse(new.right)}`"
    if kind in LATE:
        return f"{LATE[kind]} is still missing at {here}"
    if kind in NOUNS:
        return f"the {NOUNS[kind]} {here} in {outer} is not the right one" if is_number(node) \
            else f"look at the {NOUNS[kind]} in {here}"
    if kind in ("other", "farther"):
        return f"`{method(node)}` is not the function to use in {here}"
    if kind == "call":
        return f"the call of `{method(node)}` in {here} is too much"
    if kind == "factor":
        if isinstance(node.op, (ast.BitAnd, ast.BitOr)):
            return f"in {here} one part is too much"
        divided = isinstance(node.op, ast.Div) and new is not node.right and ast.unparse(new) == ast.unparse(node.left)
        return f"the division in {here} is too much" if divided else f"in {here} one factor is too much"
    if kind in ("muldiv", "whole", "matmul"):
        return f"{here} needs another operation"
    if kind == "transpose":
        return f"a transpose is {'too much' if isinstance(node, ast.Attribute) else 'missing'} at {here}"
    if kind == "condition":
        return f"look at the condition in {quote(getattr(node, 'test', node))}"
    if kind == "operands":
        return f"the two sides in {here} stand in the wrong order"
    if kind == "statement" and isinstance(node, (ast.For, ast.While, ast.If, ast.With)):
        return f"all that begins with {here} is too much"
    return {
        "values": "the values are right, but you return them in the wrong order",
        "dims": f"all your dimensions are off, beginning with {call}",
        "dim": f"look at the dimension in {call}",
        "newdim": f"over which dimension does {call} run?",
        "flag": f"look at the shape that {call} leaves" if isinstance(node, ast.Call) else f"look at {here} in {outer}",
        "axis": f"look at the shape of {here}: does it meet the right dimension?",
        "targets": f"the names on the left of {here} stand in the wrong order",
        "stale": f"{here} still has its old value in the next round",
        "nest": f"one pair of brackets is too much in {here}",
        "replaced": f"{here} is not what is needed in its place",
        "order": f"the steps in {here} stand in the wrong order",
        "mask": f"a value stands where true or false is needed, or the reverse: {here}",
        "centre": f"the mean is still to be subtracted from {here}",
        "correction": f"should {here} divide by n, or by n − 1?",
        "brackets": f"the brackets in {here}; what is calculated first?",
        "neg": f"a sign is the wrong way round in {outer if is_number(node) else here}",
        "sign": f"a sign is the wrong way round in {here}",
        "minus": f"a sign is the wrong way round at {here}",
        "args": f"the arguments in {here} stand in the wrong order",
        "edge": f"decide in {here} what happens when both are equal",
        "compare": f"the comparison {here} is not the right one",
        "branch": f"look at the condition in {here}",
        "not": f"{here} is true where it should be false",
        "option": f"look at the options of {call}",
        "einsum": f"look at the letters after the arrow in {here}",
        "name": f"{here} is not the variable to use in {outer}",
        "accumulate": f"in {here}, is the old value to be replaced, or changed?",
        "update": f"in {here}, look at the operation in front of `=`",
        "indent": f"{here} stands at the wrong depth: inside or outside?",
        "loop": f"through which elements does {here} go, and in which order?",
        "sequence": f"{here} comes too early",
        "term": f"in {here} one term is too much",
        "statement": f"the line {here} is too much",
        "complement": f"{here} is the complement to 1 of what is needed",
        "scaled": f"{here} is off by a constant factor",
        "shifted": f"{here} is off by one",
    }[kind]
