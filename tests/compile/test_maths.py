"""Compiled functions against exact results, over their whole range, with and without fused multiply-add."""

from __future__ import annotations

import re

import numpy as np
import pytest
from benchmarks.ulp import SUBJECTS, Kernel, errors, every, exact, exact_by_mpmath, samples, usual

from tetragrad.compile import engine, ir
from tetragrad.compile.maths import COMPOSITES, FUNCTIONS

TYPES = ["f4", "f8"]


def test_every_function_is_measured():
    assert set(SUBJECTS) == set(FUNCTIONS) - set(COMPOSITES)


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("name", SUBJECTS)
def test_error_within_bound(name, type):
    count = 100 if name in ("erfc", "gammaln", "digamma") and type == "f8" else 400
    xs = samples(name, type, count)
    if type == "f4" and len(xs) == 1:
        xs = [np.concatenate([xs[0], np.abs(every(262147)) if name in ("gammaln", "digamma") else every(262147)])]
    wanted = exact(name, *xs)
    for fma in {engine.host().fma, False}:
        found = errors(Kernel(name, type, fma=fma)(*xs), wanted)
        worst = int(found.argmax())
        assert found[worst] <= SUBJECTS[name].bound, [x[worst] for x in xs]


@pytest.mark.parametrize("name", ["gammaln", "digamma"])
def test_negative_arguments_lose_only_to_cancellation(name):
    x = np.random.default_rng(0).uniform(-20, 0, 200)
    high, low = exact_by_mpmath(name, x)
    larger = np.maximum(np.abs(high), 10)
    assert np.all(np.abs((Kernel(name, "f8")(x) - high) - low) <= 8 * np.spacing(larger))
    narrow = x.astype(np.float32)
    wanted = exact_by_mpmath(name, narrow.astype(np.float64))
    assert errors(Kernel(name, "f4")(narrow), wanted).max() < 1


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_huge_arguments(name, type):
    x = np.array([1e5, 1e6, 3e22, 1e30, 1.7e38], type)
    if type == "f8":
        x = np.concatenate([x, [2.0**40, 1e16, 1e300, np.finfo(type).max, 6381956970095103 * 2.0**797]])
    x = np.concatenate([x, -x])
    wanted = exact_by_mpmath(name, x.astype(np.float64))
    for fma in {engine.host().fma, False}:
        assert errors(Kernel(name, type, fma=fma)(x), wanted).max() <= 2


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_vectors_with_a_few_huge_arguments(name, type):
    x = np.linspace(-3, 3, 64).astype(type)
    x[[0, 7, 21, 22]] = [1e30, -1e30, np.inf, np.nan]
    wanted = exact_by_mpmath(name, x.astype(np.float64))
    assert errors(Kernel(name, type)(x), wanted).max() <= 2


@pytest.mark.parametrize("type", TYPES)
def test_vectors_with_a_few_extreme_exponents(type):
    x = np.linspace(-3, 3, 64).astype(type)
    x[[0, 7, 21, 22, 40, 41]] = [-1e30, 1e30, np.inf, np.nan, -np.inf, -103.5 if type == "f4" else -745]
    wanted = exact_by_mpmath("exp", x.astype(np.float64))
    assert errors(Kernel("exp", type)(x), wanted).max() <= 2


def test_power_has_the_special_values_of_numpy():
    points = np.array([0, 1, 2, 3, 0.5, 2.5, 1e308, np.inf, np.nan])
    x, y = (v.ravel() for v in np.meshgrid(np.concatenate([points, -points]), np.concatenate([points, -points])))
    with np.errstate(all="ignore"):
        for type in TYPES:
            found, wanted = Kernel("power", type)(x, y), np.power(x.astype(type), y.astype(type))
            np.testing.assert_allclose(found, wanted, rtol=1e-6)
            assert np.array_equal(np.signbit(found[found == 0]), np.signbit(wanted[wanted == 0]))


SAMPLE_F8 = [(name, "f8") for name in ("exp", "log", "sin", "tanh", "power", "gammaln")]


@pytest.mark.parametrize(("name", "type"), [*[(name, "f4") for name in SUBJECTS], *SAMPLE_F8])
def test_functions_of_vectors(name, type):
    """The loop multiplies vectors, and calls nothing but LLVM's own intrinsics and the reduction of huge arguments."""
    text = engine.optimised(Kernel(name, type).module)
    vector = {"f4": "float", "f8": "double"}[type]
    assert re.search(rf"<\d+ x ({vector}|double)>", text)
    assert all(
        called.startswith("llvm.") or called == "reduce_huge" for called in re.findall(r"call [^@]*@([\w.]+)", text)
    )


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize(("name", "arguments"), [*[(n, 2) for n in COMPOSITES if n != "entr"], ("entr", 1)])
def test_composites_are_numpys_and_scipys(name, arguments, type):
    random = np.random.default_rng(0)
    points = np.array([0, 1, 2.5, 1e30, 1e-30, 3e38, 1e-44, np.inf, np.nan]).astype(type)
    points = np.concatenate([points, -points])
    xs = [random.normal(0, 3, 500).astype(type) for _ in range(arguments)]
    xs = [np.concatenate([x, p.ravel()]) for x, p in zip(xs, np.meshgrid(*[points] * arguments))]
    with np.errstate(all="ignore"):
        found, wanted = Kernel(name, type)(*xs), usual(name)(*xs)
        scale = np.abs(np.where(np.isfinite(wanted), wanted, 0)) + (name.startswith("logadd"))
        near = np.abs(np.where(found == wanted, 0, found - wanted)) <= 4 * np.finfo(type).eps * scale + 2e-45
    assert np.all(near | (np.isnan(found) & np.isnan(wanted))), [(*[x[~near] for x in xs], found[~near], wanted[~near])]


def test_other_types_are_refused():
    with ir.Function(ir.Module("types"), "f", None, ["i8"]) as b, pytest.raises(TypeError, match="float"):
        FUNCTIONS["exp"](b, b.arguments[0])


@pytest.mark.parametrize("type", TYPES)
def test_close_to_numpy(type):
    """A check that does not depend on the other checks' way of counting."""
    x = np.linspace(0.05, 0.95, 1001).astype(type)
    for name, subject in SUBJECTS.items():
        xs = [x + (name == "arccosh")] * subject.arguments
        rtol = 3e-6 if type == "f4" else 3e-14
        np.testing.assert_allclose(Kernel(name, type)(*xs), usual(name)(*xs), rtol=rtol, err_msg=name)
