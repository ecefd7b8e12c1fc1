"""The search: which single edit of the learner's own function makes it right on every input, and on fair ones?"""

import ast
import copy
import time

from d2lhelpers.diagnosis import fair, safety, sentences
from d2lhelpers.diagnosis.frames import plain, source_of
from d2lhelpers.diagnosis.trial import Trial, quiet, refusal, seed
from d2lhelpers.diagnosis.values import close, number, shape_of
from d2lhelpers.diagnosis.variants import STAGES, variants
from d2lhelpers.diagnosis.watchdog import TooLong, Watchdog

SECONDS = 0.3  # of computing time for one search
PLAIN = {"dim", "dims", "newdim", "flag", "index", "size", "count", "values", "args", "einsum", "nest", "axis", "not",
         "edge", "compare", "condition", "branch", "shifted", "neg", "minus"}  # may well give one number everywhere
BOLD = {"name", "const", "zero", "missing", "scaled", "shifted", "complement", "centre", "operands", "replaced", "mask"}
ROUNDS = 2000  # of all `while` loops together in one edited copy


def find(exercise, answer, trials):
    """Return the most natural single edit that makes an answer right, `sentences.Repair` or None.

    Nothing outside the edited copies is changed: functions that write, ask, train or touch globals are not tried,
    what is printed is dropped, and random numbers are put back. The result is kept for the same source and result.
    """
    source = source_of(answer)
    if source is None:
        return None
    key = source, repr([(shape_of(t.got), str(t.got)[:200]) for t in trials])
    if key not in exercise._repairs:
        search = Search(exercise, plain(answer), source, trials)
        with quiet():
            exercise._repairs[key] = search.run() if search.allowed else None
    return exercise._repairs[key]


class Search:
    """One search for a repair.

    Parameters
    ----------
    exercise : Exercise
    function : function
        The learner's.
    source : str
        From its `def` on.
    trials : list of Trial
        Its calls: inputs on which it is wrong are tried first.
    """

    def __init__(self, exercise, function, source, trials):
        self.exercise, self.source = exercise, source
        self.tree = ast.parse(source).body[0]
        self.tree.decorator_list = []
        self.variables = set(safety.own_names(self.tree))
        self.has_while = any(isinstance(node, ast.While) for node in ast.walk(self.tree))
        self.scope = {**function.__globals__, **_closure(function)}
        wrong_first = sorted(trials, key=lambda t: close(t.got, t.wanted, exercise.tolerance))
        self.pairs = [(trial.args, trial.wanted) for trial in wrong_first]
        self.allowed = safety.harmless(self.tree, self.scope, exercise.inputs)
        self.end = time.process_time() + SECONDS

    def run(self):
        """Return the best repair of the likely kinds, else of the wider ones, else of the unlikely ones, or None."""
        with Watchdog(cpu=0.1, wall=2.0) as self.dog, safety.guard(self.tree, self.scope):
            if self.passes(self.build(), self.pairs):
                return None  # it is only wrong in the check's own call: nothing to mend here
            for stage in STAGES:
                found = sorted(self.working(stage), key=lambda item: item[0])
                if found:
                    return sentences.repair(self.source, *found[0][1:])
        return None

    def working(self, stage):
        """Yield (rank, kind, node, new, others) for every edit that holds, as long as there is time."""
        for kind, node, new, others in variants(self.tree, stage):
            if time.process_time() > self.end:
                return
            function = self.build()
            if function and self.holds(function) and not self.is_coincidence(kind, new):
                size = len(list(ast.walk(node))) if kind == "statement" else 0  # the smallest one that is too much
                yield (sentences.RANK.get(kind, 99), size), kind, node, new, others

    def build(self, tree=None):
        """Return the function that a tree, by default the edited one, stands for; None where it does not compile."""
        self.left, tree = ROUNDS, tree or self.tree
        tree = _Ticks().visit(copy.deepcopy(tree)) if self.has_while else tree
        module = ast.fix_missing_locations(ast.Module([tree], []))
        self.scope["_tick"] = self.tick
        try:
            exec(compile(module, "<edited>", "exec"), self.scope)
        except Exception:
            return None
        return self.scope[self.tree.name]

    def tick(self):
        """Stop a `while` loop that has had its rounds."""
        self.left -= 1
        if self.left < 0:
            raise TooLong

    def call(self, function, args, given=None):
        """Return what an edited copy returns, or the exception; `given` is the copy of the arguments to use."""
        self.left = ROUNDS
        seed()
        try:
            return self.dog.call(function, *(given or fair.fresh(args)))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return error

    def holds(self, function):
        """Tell whether a copy is right on all inputs, on the fair ones, and in what is asked for beyond numbers."""
        if not self.passes(function, self.pairs):
            return False
        start = time.process_time()
        more = fair.inputs(self.exercise)  # made at the first call: that is not this search's time
        self.end += time.process_time() - start
        return self.passes(function, more) and not self.refused(function)

    def passes(self, function, pairs):
        """Tell whether a copy returns what is wanted, for each (args, wanted)."""
        return all(close(self.call(function, args), wanted, self.exercise.tolerance) for args, wanted in pairs)

    def refused(self, function):
        """Tell whether a copy breaks one of the exercise's conditions, bool."""
        trials = []
        for args, wanted in self.pairs if self.exercise.conditions else ():
            given = fair.fresh(args)
            trials.append(Trial(self.exercise, function, args, given, self.call(function, args, given), wanted))
        return bool(trials) and refusal(self.exercise, trials) is not None

    def is_coincidence(self, kind, new):
        """Tell whether the edit makes a part one and the same number everywhere: right, but for no reason.

        The part is what stands there now, and, where a variable or a number was changed or brought in, what is
        calculated or compared with it.
        """
        parts = [new] if kind not in PLAIN and not isinstance(new, (ast.Constant, ast.Name)) else []
        if kind in BOLD:
            parts += [node for node in ast.walk(self.tree) if isinstance(node, (ast.BinOp, ast.Compare))
                      and new in ast.iter_child_nodes(node)]
        return any(isinstance(part, ast.expr) and self.is_constant(part) for part in parts)

    def is_constant(self, part):
        """Tell whether a part with variables in it has one value in all calls, or one that is not finite."""
        own = {node.id for node in ast.walk(part) if isinstance(node, ast.Name)} & set(self.variables)
        seen = set()

        def watch(value):
            found = number(value)
            if found is None or not found.numel():
                seen.add("other")
            else:
                low, high = found.min().item(), found.max().item()
                seen.add(low if low == high else "not finite" if not found.isfinite().all() else "other")
            return value

        part.watched = True
        tree = _Watched().visit(copy.deepcopy(self.tree))  # the search goes on with the tree itself
        del part.watched
        self.scope["_watch"] = watch
        function = self.build(tree) if own else None
        for args, _ in [*self.pairs, *fair.inputs(self.exercise)] if function else ():
            self.call(function, args)
        return "not finite" in seen or (len(seen) == 1 and "other" not in seen)


def _closure(function):
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    found = {}
    for name, cell in cells:
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not bound yet
            continue
    return found


class _Watched(ast.NodeTransformer):
    """Puts `_watch(…)` round the node that is marked."""

    def visit(self, node):
        if getattr(node, "watched", False):
            return ast.Call(ast.Name("_watch", ast.Load()), [node], [])
        return self.generic_visit(node)


class _Ticks(ast.NodeTransformer):
    """Puts a counter into every `while` loop."""

    def visit_While(self, node):
        self.generic_visit(node)
        tick = ast.Expr(ast.Call(ast.Name("_tick", ast.Load()), [], []))
        return ast.While(node.test, [tick, *node.body], node.orelse)
