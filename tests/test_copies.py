"""Copies and pickles of Tensors: values, never the graph."""

from __future__ import annotations

import copy
import functools
import gc
import pickle
import subprocess
import sys
import textwrap
import weakref
from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp

DUPLICATES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": functools.partial(
            lambda x, protocol: pickle.loads(pickle.dumps(x, protocol)), protocol=protocol
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}
WHOLE = {
    name: duplicate for name, duplicate in DUPLICATES.items() if name != "copy"
}  # of containers and what is in them


@pytest.fixture(params=DUPLICATES.values(), ids=DUPLICATES)
def duplicate(request):
    return request.param


@pytest.fixture(params=WHOLE.values(), ids=WHOLE)
def duplicate_all(request):
    return request.param


def variable():
    return tg.tensor([1.0, 2.0, 3.0], requires_grad=True)


@dataclass
class Layer:
    weight: object
    name: str


Pair = namedtuple("Pair", "first second")


# --- one Tensor -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "dtype", [bool, np.int8, np.uint64, np.float16, np.float32, np.float64, np.complex64, np.complex128]
)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0), (2, 3)])
def test_values_shapes_and_dtypes(duplicate, dtype, shape):
    x = tg.tensor(np.ones(shape), dtype=dtype)
    twin = duplicate(x)
    assert type(twin) is type(x)
    assert (twin.shape, twin.dtype, twin.requires_grad) == (x.shape, x.dtype, False)
    np.testing.assert_array_equal(twin.numpy(), x.numpy())


@pytest.mark.parametrize(
    "layout",
    [lambda a: a.T, lambda a: a[::2], lambda a: a[::-1], lambda a: a[0], lambda a: a[0, 1], np.asfortranarray],
    ids=["transpose", "steps", "backwards", "row", "number", "fortran"],
)
def test_views_become_arrays_of_their_own(duplicate, layout):
    a = np.arange(12.0).reshape(3, 4)
    for x in (
        tg.tensor(layout(a), copy=False),
        layout(tg.tensor(a)) if layout is not np.asfortranarray else tg.tensor(a),
    ):
        twin = duplicate(x)
        np.testing.assert_array_equal(twin.numpy(), x.numpy())
        assert not np.shares_memory(twin.numpy(), x.numpy())


def test_a_copy_may_be_written_where_its_original_was_handed_in(duplicate):
    x = tg.tensor(np.zeros(3), copy=False)
    twin = duplicate(x)
    twin[0] = 1.0
    np.testing.assert_array_equal(twin.numpy(), [1, 0, 0])
    np.testing.assert_array_equal(x.numpy(), 0)


def test_writes_do_not_show(duplicate):
    x = variable() * 1
    view = x[1:]
    twin = duplicate(x)
    with tg.no_grad():
        view[0] = 7.0
        twin[2] = 8.0
    np.testing.assert_array_equal(x.numpy(), [1, 7, 3])
    np.testing.assert_array_equal(twin.numpy(), [1, 2, 8])


def test_variables_come_back_as_variables(duplicate):
    x = variable()
    twin = duplicate(x)
    assert twin.requires_grad
    assert twin.is_leaf
    (twin * twin).sum().backward()
    np.testing.assert_array_equal(twin.grad.numpy(), 2 * x.numpy())
    assert x.grad is None


def test_results_come_back_as_variables(duplicate):
    x = variable()
    twin = duplicate(x * x)
    assert twin.requires_grad
    assert twin.is_leaf
    (twin * 2).sum().backward()
    np.testing.assert_array_equal(twin.grad.numpy(), 2)
    assert x.grad is None


def test_inside_no_grad(duplicate):
    x = variable()
    with tg.no_grad():
        assert duplicate(x).requires_grad
        assert not duplicate(x * 2).requires_grad


def test_gradients_are_copied_by_deepcopy_only():
    x = variable()
    (x * x).sum().backward()
    twin = copy.deepcopy(x)
    np.testing.assert_array_equal(twin.grad.numpy(), x.grad.numpy())
    (twin * 1).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), 2 * x.numpy())
    assert copy.copy(x).grad is None
    assert pickle.loads(pickle.dumps(x)).grad is None


def test_a_gradient_copied_beside_its_variable_stays_its_gradient():
    x = variable()
    (x * x).sum().backward()
    twin, gradient = copy.deepcopy((x, x.grad))
    assert twin.grad is gradient


def test_gradients_with_a_graph_are_copied_without_it():
    x = variable()
    (x**3).sum().backward(create_graph=True)
    twin = copy.deepcopy(x)
    assert twin.grad.is_leaf
    np.testing.assert_array_equal(twin.grad.numpy(), x.grad.numpy())


def test_hooks_stay_behind(duplicate):
    x = variable()
    x.register_hook(lambda g: g * 0)
    twin = duplicate(x)
    (twin * 2).sum().backward()
    np.testing.assert_array_equal(twin.grad.numpy(), 2)


def test_no_graph_is_kept(duplicate):
    gc.disable()
    try:
        y = variable() * 2
        node = weakref.ref(y._node)
        twin = duplicate(y)
        del y
        assert node() is None
        assert twin.requires_grad
    finally:
        gc.enable()


# --- containers -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "build",
    [
        lambda x: {"weight": x, "bias": [x, x * 2]},
        lambda x: (x, [x], Pair(x, {"deep": (x,)})),
        lambda x: OrderedDict(first=Layer(x, "a"), second=Layer(x, "b")),
        lambda x: [Layer([x, {"again": x}], "c"), None, 3, "text", np.arange(3)],
        lambda x: {x: "by identity"},
        lambda x: functools.partial(pow, x, exp=2),
    ],
    ids=["dict", "tuple", "dataclass", "mixture", "key", "partial"],
)
def test_one_tensor_in_many_places_stays_one(duplicate_all, build):
    x = variable()
    twins = tensors_in(duplicate_all(build(x)))
    originals = tensors_in(build(x))
    assert len(twins) == len(originals)
    same = [twin for twin, original in zip(twins, originals) if original is x]
    assert same
    for twin in same:
        assert twin is same[0]
        assert twin is not x
        np.testing.assert_array_equal(twin.numpy(), x.numpy())


def tensors_in(tree):
    if isinstance(tree, tg.Tensor):
        return [tree]
    if isinstance(tree, dict):
        return [x for item in tree.items() for part in item for x in tensors_in(part)]
    if isinstance(tree, (list, tuple)):
        return [x for part in tree for x in tensors_in(part)]
    if isinstance(tree, Layer):
        return tensors_in(tree.weight)
    if isinstance(tree, functools.partial):
        return tensors_in(tree.args)
    return []


def test_a_container_that_holds_itself(duplicate_all):
    knot = [variable()]
    knot.append(knot)
    twin = duplicate_all(knot)
    assert twin[1] is twin
    assert isinstance(twin[0], tg.Tensor)


def test_a_model_goes_on_training_after_its_copy(duplicate_all):
    def step(model):
        loss = (tnp.tanh(model["layers"][0].weight * 2) * model["layers"][1].weight).sum()
        loss.backward()
        with tg.no_grad():
            for layer in model["layers"]:
                layer.weight -= 0.1 * layer.weight.grad
                layer.weight.zero_grad()
        return loss.item()

    model = {"layers": [Layer(variable(), "in"), Layer(variable(), "out")], "steps": 0}
    step(model)
    twin = duplicate_all(model)
    assert [step(twin) for _ in range(3)] == [step(model) for _ in range(3)]


# --- other processes --------------------------------------------------------------------------------------------------
def test_a_pickle_read_by_another_process(tmp_path):
    x = variable()
    path = tmp_path / "model"
    path.write_bytes(pickle.dumps({"x": x, "y": x * x, "again": x}))
    program = """
        import pickle, sys
        with open(sys.argv[1], "rb") as file:
            model = pickle.load(file)
        x = model["x"]
        assert x is model["again"] and x.requires_grad and x.is_leaf and x.grad is None
        (x * model["y"]).sum().backward()
        with open(sys.argv[1], "wb") as file:
            pickle.dump((x, x.grad), file)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program), path], check=True, timeout=60)
    back, gradient = pickle.loads(path.read_bytes())
    np.testing.assert_array_equal(back.numpy(), x.numpy())
    np.testing.assert_array_equal(gradient.numpy(), x.numpy() ** 2)


# --- inside transforms ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("transform", ["jvp", "vmap"])
def test_values_of_running_transforms_are_not_copied_silently(duplicate, transform):
    with pytest.raises(tg.errors.EscapedValueError, match=f"value of a running `{transform}`"):
        if transform == "jvp":
            tg.jvp(duplicate, (1.0,), (1.0,))
        else:
            tg.vmap(duplicate)(np.ones(3))


def test_the_method_copy_is_differentiated():
    assert tg.grad(lambda x: x.copy() * x)(3.0) == 6.0
    assert tg.jvp(lambda x: x.copy() * x, (3.0,), (1.0,)) == (9.0, 6.0)
    np.testing.assert_array_equal(tg.vmap(lambda x: x.copy() * x)(np.arange(3.0)), [0, 1, 4])


def test_derivatives_stop_at_copies(duplicate):
    assert tg.grad(lambda x: duplicate(x) * x)(3.0) == 3.0
