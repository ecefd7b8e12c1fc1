"""Whatever a public function of the package is given: the right result, or a clear error of the right type."""

import contextlib
import hashlib
import importlib
import io
import itertools
import json
import math
import pkgutil
import statistics
import string
import tempfile
import zipfile
from pathlib import Path
from unittest import mock

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

import d2lhelpers
from d2lhelpers import (
    checks,
    data,
    files,
    graphs,
    photos,
    places,
    plots,
    records,
    runtime,
    solved,
    standins,
    style,
    training,
    widgets,
    workcopy,
)
from d2lhelpers.exercises import tensors

quick = settings(deadline=None, max_examples=60, derandomize=True, database=None)
few = settings(quick, max_examples=12)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=32)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
NAMES = st.text(string.ascii_letters + string.digits + " ._-’数", min_size=1, max_size=8).filter(
    lambda name: name.strip(". ") == name)
TRIED = set()  # the functions that a test of this file is about


def about(*functions):
    """Note which functions a test is about."""
    TRIED.update(f"{function.__module__.removeprefix('d2lhelpers.')}.{function.__name__}" for function in functions)
    return lambda test: test


def offline():
    """No network, no data folder: the stand-ins."""
    return mock.patch.dict("os.environ", {"D2L_OFFLINE": "1", "D2L_DATA_DIR": ""})


# data

@about(data.Batches)
def test_batches():
    for rows, size, shuffle, drop_last in itertools.product(range(14), range(-1, 8), (True, False), (True, False)):
        X, y = torch.arange(2 * rows).view(rows, 2), torch.arange(rows)
        if size < 1:
            with pytest.raises(ValueError, match="at least one row"):
                data.batches(X, y, size)
            continue
        loader = data.batches(X, y, size, shuffle, 3, drop_last)
        found = list(loader)
        assert len(found) == len(loader) == (rows // size if drop_last else math.ceil(rows / size))
        seen = [int(i) for _, labels in found for i in labels]
        assert len(set(seen)) == len(seen) == (rows // size * size if drop_last else rows)
        assert shuffle or seen == sorted(seen)
        assert all(torch.equal(part, X[labels]) for part, labels in found)
        both = list(data.batches(X, X, size, shuffle))
        again = list(data.batches(X, X, size, shuffle, seed=0))
        assert all(torch.equal(part, y) and torch.equal(part, z)
                   for (part, y), (z, _) in zip(both, again, strict=True))


@about(data.Batches)
@pytest.mark.parametrize("X, y", [([1, 2], [1, 2]), (np.ones(2), torch.ones(2)), (torch.ones(2), None)])
def test_batches_are_cut_out_of_tensors(X, y):
    with pytest.raises(TypeError, match="both must be tensors"):
        data.batches(X, y, 1)


@about(data.load_mnist, data.load_fashion_mnist, records.Images)
@few
@given(st.integers(-3, 1600))
def test_any_number_of_digits(num):
    with offline():
        for load in (data.load_mnist, data.load_fashion_mnist):
            if num < 1:
                with pytest.raises(ValueError, match=f"num_train is {num}: it must be at least 1"):
                    load(num)
            else:
                images = load(num)
                assert len(images.X_train) == len(images.y_train) == min(num, 1500)


@about(data.load_trashnet, records.Photos)
@few
@given(st.integers(-1, 12), st.none() | st.integers(-2, 700))
def test_any_number_of_photos_of_any_size(size, num):
    with offline():
        if size < 1 or (num is not None and num < 1):
            with pytest.raises(ValueError, match="it must be at least 1, or left out"):
                data.load_trashnet(size, num)
            return
        found = data.load_trashnet(size, num)
    assert found[:].shape == (min(num or 600, 600), 3, size, size) and len(found) == len(found.y) == len(found.names)
    assert all(name.startswith(found.classes[label] + "/") for name, label in zip(found.names, found.y, strict=True))


@about(data.load_house_prices, data.load_poems, data.imagenet_classes, records.Table, records.Poems,
       standins.diabetes, standins.idioms)
def test_what_takes_no_argument_is_the_same_each_time():
    with offline():
        first, second = (data.load_house_prices() for _ in range(2))
        assert first.frame.equals(second.frame) and torch.equal(first.target, second.target)
        assert data.load_poems().poems == standins.idioms() and len(standins.diabetes()[0]) == len(first.frame)
        assert len(data.imagenet_classes()) == 1000


@about(data.load_image)
@few
@given(st.sampled_from([*data.CREDITS, "mona_lisa", ""]), st.none() | st.integers(-2, 300))
def test_any_picture_of_any_size(name, size):
    with offline():
        if name not in data.CREDITS or (size is not None and size < 1):
            with pytest.raises(ValueError, match=r"choose from|must be at least 1"):
                data.load_image(name, size)
            return
        picture = data.load_image(name, size)
        wanted = size or max(data.load_image(name).shape[1:])
    assert picture.min() >= 0 and picture.max() <= 1 and len(picture) == 3
    assert max(picture.shape[1:]) == wanted


@about(data.load_weights, files.load_checkpoint)
@quick
@given(TEXTS)
def test_weights_of_any_name(name):
    with offline(), pytest.raises(ValueError, match="there are: "):
        data.load_weights(name)
    with pytest.raises((files.Missing, ValueError), match=r"missing or damaged|null"):
        files.load_checkpoint(name)


# files and places

@about(files.digest, places.listing)
@quick
@given(st.dictionaries(NAMES.map(str.lower), st.binary(max_size=50), max_size=4))
def test_digest_of_any_folder(content):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder) / "set"
        (folder / "sub").mkdir(parents=True)
        for name, data_ in content.items():
            (folder / "sub" / name).write_bytes(data_)
            assert files.digest(folder / "sub" / name) == hashlib.sha256(data_).hexdigest()
        before = files.digest(folder)
        (folder / "sub/.DS_Store").write_bytes(b"x")
        (folder / "Thumbs.db").write_bytes(b"x")
        assert files.digest(folder) == before
        visible = [name for name in content if name not in places.JUNK]
        assert [path.name for path in places.listing(folder)] == sorted(visible)
        (folder / "one more.jpg").write_bytes(b"x")
        assert files.digest(folder) != before


@about(files.unzip)
@quick
@given(st.lists(st.sampled_from(["it", "data", "..", ".", "a.jpg", "/", "\\", "C:", "数"]), min_size=1, max_size=6))
def test_no_archive_leads_out(parts):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("it/data/good.jpg", b"good")
        archive.writestr("/".join(parts), b"evil")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "deep/set"
        target.mkdir(parents=True)
        with contextlib.suppress(ValueError, zipfile.BadZipFile, OSError):
            files.unzip(packed, "data", target)
        assert {path.name for path in Path(folder).iterdir()} == {"deep"}
        assert {path.name for path in (Path(folder) / "deep").iterdir()} == {"set"}


@about(files.fetch, files.local, files.registry)
@quick
@given(TEXTS)
def test_any_name_of_a_file_is_answered(prefix):
    assume(prefix)
    known = [name for name in files.registry() if name.startswith(prefix)]
    with offline(), mock.patch.object(files, "folders", list):
        with pytest.raises(files.Missing if known else ValueError):
            files.fetch(prefix)
        assert all(files.local(name) is None for name in known)


@about(files.folders, files.problems, files.offline, places.problem)
@quick
@given(TEXTS)
def test_any_setting_of_the_data_folders_is_answered(text):
    with mock.patch.dict("os.environ", {"D2L_DATA_DIR": text, "D2L_OFFLINE": text}):
        assert isinstance(files.offline(), bool) and files.folders()
        assert all("\n" not in line or "\n" in text for line in files.problems())


@about(files.inventory, places.candidates)
@few
@given(st.sets(st.sampled_from(sorted(name for name in files.registry() if Path(name).suffix)), max_size=5),
       st.sampled_from(["as published", "unpacked", "flat"]))
def test_files_are_found_wherever_people_put_them(names, form):
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(files, "folders", lambda: [Path(folder)]):
        for name in names:
            top, *middle, last = name.split("/")
            last = last if form == "as published" else last.removesuffix(".gz")
            path = Path(folder, top, *(middle if form != "flat" else []), last)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
            assert path in places.candidates(Path(folder), name)
        hashes = {name: ([hashlib.sha256(name.encode()).hexdigest()], []) for name in files.registry()}
        with mock.patch.object(files, "registry", lambda: hashes):
            found, missing = files.inventory()
    whole = {top for top in {name.split("/")[0] for name in hashes}
             if all(name in names for name in hashes if name.startswith(top + "/"))}
    assert set(found) == whole and not whole & set(missing)


@about(photos.read)
@quick
@given(st.binary(max_size=200),
       st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0", b"BM"]))
def test_photos_of_any_bytes(content, start):
    try:
        assert photos.read(start + content).shape[2] == 3
    except ValueError as error:
        assert "\n" not in str(error) and ":" in str(error)


# the learner's copy

@about(workcopy.renew, workcopy.originals, workcopy.default)
@quick
@given(st.lists(st.tuples(st.sampled_from(["publish", "edit", "delete", "rename", "lose note", "renew"]),
                          st.sampled_from(["a", "b", "c"]), st.integers(0, 3)), max_size=14))
def test_whatever_happens_no_work_is_lost(events):
    assert workcopy.originals().is_dir() and workcopy.default().name == "my-course"
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "published"), Path(folder, "mine")
        source.mkdir(), target.mkdir()
        work = {}
        for i, (what, name, number) in enumerate(events):
            theirs, mine = source / f"{name}.ipynb", target / f"{name}.ipynb"
            if what == "publish":
                theirs.write_text(f"published {name} {number}")
            elif what == "edit":
                mine.write_text(f"work {i}")
                work[mine] = f"work {i}"
            elif what == "delete" and mine.exists():
                mine.unlink()
                work.pop(mine, None)
            elif what == "rename" and mine.exists():
                new = mine.with_name(f"{name} of day {i}.ipynb")
                mine.rename(new)
                work[new] = work.pop(mine, new.read_text())
            elif what == "lose note":
                (target / workcopy.NOTE).write_text("{" if number else "[]")
            elif what == "renew":
                workcopy.renew(target, source)
                everything = {path.read_text() for path in target.glob("*.ipynb")}
                assert all(theirs.read_text() in everything or (target / theirs.name) in work
                           for theirs in source.glob("*.ipynb"))
                json.loads((target / workcopy.NOTE).read_text()) if list(source.iterdir()) else None
            assert {path: path.read_text() for path in work} == work


# drawing

@about(plots.plot_matrix, plots.show_matrices)
@few
@given(st.lists(st.lists(NUMBERS, min_size=2, max_size=2), min_size=1, max_size=5),
       st.sampled_from([torch.float32, torch.bfloat16, torch.float64]))
def test_matrices_of_any_numbers(rows, dtype):
    matrix = torch.tensor(rows, dtype=dtype)
    assert len(plots.plot_matrix(matrix).texts) == matrix.numel()
    plt.close("all")
    if matrix.isfinite().all() and matrix.abs().max() < 1e6:
        plots.show_matrices([matrix, -matrix], ["one", "other"])
    assert plt.get_fignums() == []


@about(plots.plot_losses, style.label_end)
@few
@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6), min_size=1, max_size=3))
def test_curves_of_any_numbers(curves):
    names = [f"curve {i}" for i in range(len(curves))]
    ax = plots.plot_losses(curves, names)
    assert [line.get_ydata().tolist() for line in ax.lines] == curves
    assert [text.get_text() for text in ax.texts] == [f"{name} {curve[-1]:.3g}"
                                                      for name, curve in zip(names, curves, strict=True)]
    plt.close("all")


@about(plots.show_images)
@few
@given(st.integers(1, 7), st.sampled_from([(), (1,), (3,)]), st.integers(1, 5), st.integers(1, 9),
       st.sampled_from([torch.float32, torch.bfloat16, torch.uint8, torch.bool]))
def test_pictures_of_any_shape(num, channels, side, num_cols, dtype):
    fig = plots.show_images(torch.ones(num, *channels, side, side + 1).to(dtype), num_cols=num_cols)
    assert sum(bool(ax.images) for ax in fig.axes) == num
    plt.close("all")


@about(style.use, style.show)
@few
@given(TEXTS, st.booleans())
def test_any_alt_text(alt, photo):
    style.use()
    shown = []
    with mock.patch.object(style, "display", shown.append):
        style.show(plt.figure(figsize=(1, 1)), alt, photo)
    assert shown[0].alt == alt and shown[0].width == 100
    assert shown[0].data.startswith(b"\xff\xd8" if photo else b"\x89PNG") and not plt.get_fignums()


@about(graphs.show_graph, graphs.read_dot, graphs.draw)
@few
@given(st.lists(st.sampled_from(["twice", "relu", "sum", "view", "alone"]), max_size=6))
def test_graphs_of_any_calculation(steps):
    a, y = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    for step in steps:
        y = {"twice": lambda y: y * y, "relu": torch.relu, "sum": lambda y: y + a, "view": lambda y: y.view(2, 1)[:, 0],
             "alone": lambda y: y + 1}[step](y)
    with mock.patch("shutil.which", lambda name: None):
        assert graphs.show_graph(y, {"a": a}).data.startswith(b"\x89PNG")
    assert len(graphs.read_dot(["\t1 [label=x]", "\t2 [label=y]", "\t1 -> 2"])) == 2


@about(standins.painting, standins.patches, standins.digits, standins.bundled)
@few
@given(st.integers(30, 120), st.integers(0, 9), st.integers(1, 9), st.integers(1, 3))
def test_stand_ins_of_any_size(width, seed, size, num_each):
    picture = standins.painting(width, seed)
    assert picture.shape == (5 * width // 8, width, 3) and picture.dtype == np.uint8
    squares, names = standins.patches(size, num_each)
    assert squares.shape == (6 * num_each, 3, size, size) and len(names) == 6 * num_each
    assert [len(part) for part in standins.digits()] == [1500, 1500, 297, 297]
    assert all(standins.bundled(path).is_file() for path in standins.PHOTOS.values())


# devices, training

@about(runtime.pick_device)
@quick
@given(TEXTS)
def test_any_device_is_answered(name):
    with mock.patch.dict("os.environ", {"D2L_DEVICE": name}):
        try:
            device = runtime.pick_device()
        except ValueError as error:
            assert repr(name) in str(error) and "Unset D2L_DEVICE" in str(error)
        else:
            assert torch.ones(1, device=device).item() == 1


@about(runtime.set_seed)
@quick
@given(st.integers(-10, 2**33))
def test_any_seed(seed):
    if not 0 <= seed < 2**32:
        with pytest.raises(ValueError, match="between 0 and"):
            runtime.set_seed(seed)
        return
    drawn = []
    for _ in range(2):
        runtime.set_seed(seed)
        drawn.append((torch.rand(2).tolist(), np.random.rand()))
    assert drawn[0] == drawn[1]


@about(runtime.seconds, runtime.timer, runtime.synchronize)
@quick
@given(st.integers(-2, 6), st.lists(st.integers(0, 1000), min_size=7, max_size=7))
def test_any_number_of_timings(repeat, costs):
    runtime.synchronize()
    clock, calls = [0], iter(costs)
    def call():  # takes as long as the clock is moved
        clock[0] += next(calls)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime.time, "perf_counter", lambda: clock[0])
        if repeat < 1:
            with pytest.raises(ValueError, match=f"repeat is {repeat}"):
                runtime.seconds(call, repeat)
        else:
            with runtime.timer() as all_of_them:
                assert runtime.seconds(call, repeat) == statistics.median(costs[1:repeat + 1])  # the first: warm-up
            assert all_of_them.seconds == sum(costs[:repeat + 1])


@about(training.train_epoch, training.evaluate, training.fit, training.History, training.Stopped, training.advice,
       training.watched, training.Diverged)
@quick
@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=3), min_size=0, max_size=4), st.booleans())
def test_training_on_any_numbers(batches, classes):
    model = nn.Linear(1, 2 if classes else 1)
    def target(count):
        return torch.zeros(count, dtype=torch.long) if classes else torch.zeros(count, 1)

    loader = [(torch.tensor(xs)[:, None], target(len(xs))) for xs in batches]
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss() if classes else nn.MSELoss()
    if not loader:
        with pytest.raises(ValueError, match="gave no batch"):
            training.fit(model, loader, loss_fn, optimizer, 1)
        return
    history = training.fit(model, loader, loss_fn, optimizer, 2, loader)
    assert all(math.isfinite(loss) for loss in history.train_loss[:-1])
    assert len(history.valid_accuracy) == (len(history.valid_loss) if classes else 0)


@pytest.mark.parametrize("X, y, error, words", [
    (torch.ones(3, 2), torch.tensor([0, 1, 2]), IndexError, "out of bounds"),
    (torch.ones(3, 2), torch.tensor([0, -1, 1]), IndexError, "out of bounds"),
    (torch.ones(3, 2).double(), torch.tensor([0, 1, 1]), RuntimeError, "same dtype"),
    (torch.ones(3, 5), torch.tensor([0, 1, 1]), RuntimeError, "cannot be multiplied"),
    (torch.ones(3, 2), torch.tensor([0, 1]), ValueError, "batch_size"),
    (torch.ones(1, 2), torch.tensor([0]), ValueError, "more than 1 value per channel")])
def test_batches_that_do_not_fit_the_model_stop_with_the_reason(X, y, error, words):
    model = nn.Sequential(nn.Linear(2, 2), *([nn.BatchNorm1d(2)] if len(X) == 1 else []))
    before = [weight.clone() for weight in model.parameters()]
    with pytest.raises(error, match=words):
        training.fit(model, [(X, y)], nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), 1.0), 1)
    assert all(map(torch.equal, before, model.parameters()))


# panels and checks

@about(widgets.log_slider)
@quick
@given(st.integers(10, 99), st.integers(-6, 2))
def test_log_sliders_hold_every_two_digit_number(digits, power):
    start = float(f"{digits}e{power}")
    assert widgets.log_slider(start, float(f"1e{power - 1}"), float(f"1e{power + 3}")).value == start


@about(widgets.Panel, widgets.LiveFigure)
@few
@given(st.lists(st.integers(-9, 9), max_size=8), st.sampled_from([ValueError, ZeroDivisionError, None]))
def test_a_panel_after_any_moves(moves, error):
    live = widgets.LiveFigure((2, 1))
    (line,) = live.live(*live.fig.subplots().plot([0, 1], [0, 1]))

    def update(n):
        if n < -5 and error:
            raise error(f"at {n}")
        line.set_ydata([0, n])
        return f"n is {n}"
    panel = widgets.Panel(live, update, "A line.", n=ipywidgets.IntSlider(1, min=-9, max=9))
    first = panel.image
    for n in moves:
        panel.sliders["n"].value = n
        failed = error and n < -5
        assert panel.summary == (f"**{error.__name__}:** at {n}" if failed else f"n is {n}")
    panel.reset.click()
    assert panel.image == first and panel.error is None


TENSORS = [torch.ones(2), torch.ones(2, 2).double(), torch.ones(0), torch.ones(2) + 1j, torch.ones(2).to_sparse(),
           torch.empty(2, device="meta")]
THINGS = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | st.complex_numbers() | st.text(max_size=5)
    | st.binary(max_size=4) | st.just(...) | st.sampled_from([*TENSORS, np.ones(2), object(), len]),
    lambda parts: (st.lists(parts, max_size=3) | st.tuples(parts, parts)
                   | st.dictionaries(st.text(max_size=2), parts, max_size=2)), max_leaves=5)


@about(checks.Exercise)
@quick
@given(THINGS, st.sampled_from([lambda x: 2 * x, lambda x: 3.0, lambda x: (x, 1), lambda x: [x.tolist()]]))
def test_any_answer_gets_a_verdict(thing, oracle):
    exercise = checks.Exercise([(torch.ones(2),)], oracle, {}, ("a", "b", "c"))
    for answer in (thing, lambda x: thing):
        assert exercise.verdict(answer)[0] in "✗✓○"


# all of them

DRIVEN = {"livepage", "progress"}  # tested beside what they draw: test_browser, test_progress


@about(solved.read, solved.note, solved.show, solved.exercises)
@quick
@given(st.booleans(), st.binary(max_size=60) | st.sampled_from([b"\n2026-11-27 tensors.scores\n", b"2026-11-2"]))
def test_any_record_of_solved_exercises(ours, rest):
    content = solved.HEAD * ours + rest
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict("os.environ", {"D2L_SOLVED": f"{folder}/record"}):
        path = Path(folder, "record")
        path.write_bytes(content)
        if ours or not rest:
            known = solved.read()[1]
            said = solved.note(tensors.scores)
            assert bool(said) == ("tensors.scores" not in known)
            assert path.read_bytes().startswith(content) and "tensors.scores" in solved.read()[1]
        else:
            with pytest.raises(ValueError, match="not this course's file"):
                solved.read()
            assert solved.note(tensors.scores) == "" and path.read_bytes() == content
        with mock.patch.object(solved, "display") as shown:
            solved.show()
        table = shown.call_args[0][0]["text/html"]
        assert all(name in table for names in solved.exercises().values() for name in names)


def test_every_public_function_has_its_property():
    public = set()
    for found in pkgutil.iter_modules(d2lhelpers.__path__):
        if not found.ispkg and found.name not in {"__main__", *DRIVEN}:
            module = importlib.import_module(f"d2lhelpers.{found.name}")
            public |= {f"{found.name}.{name}" for name, thing in vars(module).items()
                       if callable(thing) and not name.startswith("_")
                       and getattr(thing, "__module__", "") == module.__name__ and thing.__name__ == name}
    assert public - TRIED == {"files.Missing"}, "an exception"


def test_arrays_and_lists_are_drawn_as_tensors_are():
    numbers = [[1.0, -2.0], [0.0, 3.0]]
    texts = [[text.get_text() for text in plots.plot_matrix(form(numbers)).texts]
             for form in (np.array, torch.tensor, list)]
    assert texts[0] == texts[1] == texts[2]
    plt.close("all")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not tell a process's memory")
def test_five_hundred_moves_leave_no_memory_behind():
    live = widgets.LiveFigure((4, 3))
    image, = live.live(live.fig.subplots().imshow(np.zeros((64, 64)), vmin=0, vmax=9))

    def update(n):
        image.set_data(np.full((64, 64), n))
        return f"n = {n}"
    panel = widgets.Panel(live, update, "A square.", n=ipywidgets.IntSlider(1, min=0, max=9))
    def move(times):
        for i in range(times):
            panel.sliders["n"].value = i % 10
    def memory():
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024  # MiB

    move(100)
    before = memory()
    move(500)
    grown = memory() - before
    print(f"500 moves: {grown:.1f} MiB more")
    assert grown < 5
