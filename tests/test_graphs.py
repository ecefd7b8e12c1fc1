"""Autograd's graph is drawn with and without Graphviz."""

import shutil

import pytest
import torch
from torch import nn

from d2lhelpers import graphs, style


@pytest.fixture
def model():
    return nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))


@pytest.mark.parametrize("dot", [True, False], ids=["graphviz", "matplotlib"])
def test_picture(model, dot, monkeypatch, recwarn):
    if not dot:
        monkeypatch.setattr(shutil, "which", lambda name: None)
    elif not shutil.which("dot"):
        pytest.skip("Graphviz is not installed")
    style.use()  # its layout engine must not disturb the drawing
    image = graphs.show_graph(model(torch.rand(5, 4)).sum(), dict(model.named_parameters()))
    assert image.data.startswith(b"\x89PNG") and 100 < image.width <= 900
    assert all(name in image.alt for name in ("0.weight", "0.bias", "2.weight", "2.bias"))
    assert not list(recwarn)  # torchviz' remark on distutils is kept from the reader


def test_fallback_has_a_node_per_parameter(model, monkeypatch):
    drawn = []
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(graphs, "draw", lambda graph: drawn.append(graph) or draw(graph))
    graphs.show_graph(model(torch.rand(5, 4)).sum(), dict(model.named_parameters()))
    labels = [label for _, label in drawn[0].nodes(data="label")]
    assert {"0.weight\n(3, 4)", "0.bias\n(3)", "2.weight\n(2, 3)", "2.bias\n(2)"} <= set(labels)
    assert [drawn[0].nodes[node]["label"] for node in drawn[0] if not drawn[0].out_degree(node)] == ["()"]


def test_a_view_and_no_names():
    x = torch.rand(6, requires_grad=True)
    assert graphs.show_graph((2 * x).view(2, 3)).data.startswith(b"\x89PNG")


draw = graphs.draw
