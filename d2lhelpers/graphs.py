"""The graph that autograd has recorded, as a picture: by Graphviz, else by matplotlib."""

import io
import re
import shutil
import warnings

import networkx as nx
from IPython.display import Image
from matplotlib.figure import Figure

NODE = re.compile(r'^\s*(\d+) \[(?:label=("[^"]*"|[^\s\]]+))?\s*(?:fillcolor=(\w+))?\s*\]', re.S)
EDGE = re.compile(r"^\s*(\d+) -> (\d+)")
COLORS = {"lightblue": "#add8e6", "darkolivegreen1": "#caff70", "orange": "#ffd37f"}


def show_graph(y, params=None):
    """Draw what autograd remembers of how `y` was computed.

    Blue boxes are tensors that get a ``.grad``, grey ones steps of ``backward``.

    Parameters
    ----------
    y : torch.Tensor
        A result that depends on tensors with ``requires_grad``.
    params : dict of str to torch.Tensor, optional
        Names for the blue boxes, as in ``dict(model.named_parameters())``.

    Returns
    -------
    IPython.display.Image
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torchviz asks distutils for a version
        from torchviz import make_dot
        dot = make_dot(y, params=params)
    graph = read_dot(dot.body)
    names = sorted(label.split("\n")[0] for _, label in graph.nodes(data="label") if "\n" in label)
    dot.attr(dpi="192")
    png = dot.pipe(format="png") if shutil.which("dot") else draw(graph)
    width = int.from_bytes(png[16:20], "big") // 2           # in its header; 2 pixels of it per CSS pixel
    alt = f"Autograd's graph of {len(graph)} boxes, from {', '.join(names)} to the result."
    return Image(png, width=min(width, 900), alt=alt)


def read_dot(lines):
    """Return the networkx.DiGraph that lines of the DOT language describe."""
    graph = nx.DiGraph(edge.groups() for edge in map(EDGE.match, lines) if edge)
    for name, label, color in (node.groups() for node in map(NODE.match, lines) if node):
        graph.add_node(name, label=(label or name).strip('" \n').replace("\n ", "\n"), color=color)
    return graph


def draw(graph):
    """Return a drawing of the graph, data flowing downwards, PNG bytes."""
    order, level, place, boxes = list(nx.topological_sort(graph)), {}, {}, {}
    for node in reversed(order):                             # a parameter stands just above its use
        level[node] = 1 + max((level[user] for user in graph.successors(node)), default=-1)
    rows = [[node for node in order if level[node] == i] for i in range(max(level.values()) + 1)]
    widest = max(map(len, rows))
    fig = Figure(figsize=(1.6 * widest, 0.6 * len(rows)), layout="none")
    ax = fig.add_axes((0, 0, 1, 1), xlim=(-widest / 2, widest / 2), ylim=(-0.5, len(rows) - 0.5))
    ax.set_axis_off()
    for y, row in enumerate(rows):                           # each in the order of the row below
        row.sort(key=lambda node: sum(place[user][0] for user in graph.successors(node)))
        for i, node in enumerate(row):
            place[node] = i - (len(row) - 1) / 2, y
            label, color = graph.nodes[node]["label"], COLORS.get(graph.nodes[node]["color"], "#e6e6e6")
            look = {"boxstyle": "round", "fc": color, "ec": "#777777"}
            boxes[node] = ax.text(*place[node], label, size=8, ha="center", va="center", bbox=look)
    for start, end in graph.edges:
        ends = {"patchA": boxes[start].get_bbox_patch(), "patchB": boxes[end].get_bbox_patch()}
        ax.annotate("", place[end], place[start], arrowprops={"arrowstyle": "-|>", "color": "#777777"} | ends)
    fig.savefig(out := io.BytesIO(), dpi=200)
    return out.getvalue()
