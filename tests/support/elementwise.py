"""Elementwise rows on every form of array, and at the special points that a row lists."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tetragrad.core.primitive import Primitive
from tetragrad.families import Case
from tetragrad.families.blocks import LARGE
from tetragrad.families.samples import Sample

from .checks import (
    TRIES,
    assert_lawful,
    compare_forward,
    compare_reverse,
    compare_second,
    compare_value,
    forward,
    reverse,
    reverse_of,
)
from .draw import Call, cases_of, direction, draw_call, is_by_case, rng_for
from .layouts import LAYOUTS
from .oracle import NotSmooth, one_sided

# Shapes of the inputs, by their number; missing ones are 0-d.
SHAPES: dict[int, list[tuple[tuple[int, ...], ...]]] = {
    1: [((),), ((3,),), ((2, 3),), ((0,),), ((2, 0, 3),)],
    2: [
        ((), ()), ((3,), (3,)), ((3, 1), (1, 4)), ((), (3,)), ((3,), ()), ((2, 3), (3,)), ((3,), (2, 3)),
        ((1,), (3,)), ((0,), (0,)), ((0, 3), (3,)), ((1,), (0,)), ((), (1, 1)),
    ],
    3: [((), (), ()), ((3, 1), (1, 4), ()), ((3,), (2, 3), (2, 1)), ((0,), (), (1,)), ((2, 3), (2, 3), (2, 3))],
}  # fmt: skip


def is_elementwise(row: Primitive) -> bool:
    """Whether the row acts on each element alone, so that its samples can be drawn with any shapes."""
    if row.family == "nondifferentiable":  # comparisons do, argmax does not
        return not is_by_case(row)
    return row.family == "elementwise" and all(isinstance(arg, Sample) for arg in cases_of(row)[0].args)


def forms_of(row: Primitive) -> dict[str, tuple[Sequence[tuple[int, ...]], Callable[[np.ndarray], Any]]]:
    """The forms in which this row's arguments are tried: shapes and layout, by name."""
    count = len(cases_of(row)[0].args)
    shapes = SHAPES.get(count) or [((),) * count, ((2, 3),) * count]
    forms: dict[str, Any] = {"*".join(map(name_of, each)): (each, lambda x: x) for each in shapes}
    layouts = {**LAYOUTS, "spread": lambda x: np.broadcast_to(x[:1], x.shape)}
    for name, layout in layouts.items():
        forms[name] = (((),) if name == "scalar" else ((2, 3),)) * count, layout
    return forms


def name_of(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "0d"


def check_form(row: Primitive, dtype: str, form: str) -> None:
    """Value, both modes and their law on one form of array."""
    shapes, layout = forms_of(row)[form]
    for attempt in range(TRIES):
        rng = rng_for(row.name, dtype, form, attempt)
        drawn = draw_call(row, cases_of(row)[0], dtype, rng, shapes)
        call = drawn.with_args([layout(np.asarray(arg)) for arg in drawn.args])
        try:
            compare_value(call, dtype)
            if row.differentiable:
                compare_reverse(call, dtype, rng)
                compare_forward(call, dtype, rng)
                compare_second(call, dtype, rng, reverse_of, reverse)
                us, vs = direction(rng, call.outputs), direction(rng, call.xs)
                assert_lawful(call, us, forward(call.door, call.xs, vs), reverse(call.door, call.xs, us), vs, dtype)
            return
        except NotSmooth:
            continue
    raise AssertionError(f"{row.name} {form}: no smooth point in {TRIES} draws")


# --- large arrays -----------------------------------------------------------------------------------------------------
def check_large(row: Primitive) -> None:
    """Arrays so large that the families work in blocks and threads: the same as in small pieces, in any layout."""
    case = cases_of(row)[0]
    rows, columns = 3, LARGE // 8 // 3 + 5
    drawn = draw_call(row, case, "float64", rng_for(row.name, "large"), [(rows, columns)] * len(case.args))
    (g,) = direction(rng_for(row.name, "large", "g"), drawn.outputs)
    for layout in (lambda x: x, np.asfortranarray):
        call = drawn.with_args([layout(arg) for arg in drawn.args])
        pieces = [drawn.with_args([arg[i] for arg in drawn.args]) for i in range(rows)]
        for cotangent in (layout(g), np.broadcast_to(g[0, 0], g.shape)):
            found = [call.door(*call.xs)[0], *reverse(call.door, call.xs, [cotangent])]
            wanted = [
                [piece.value(*piece.xs)[0], *reverse(piece.door, piece.xs, [own])]
                for piece, own in zip(pieces, cotangent, strict=True)
            ]
            for part, column in zip(found, zip(*wanted), strict=True):
                assert np.allclose(part, np.stack(column), rtol=1e-14, atol=1e-14), f"{call}: unlike its pieces"


# --- special points ---------------------------------------------------------------------------------------------------
def has_special(row: Primitive) -> bool:
    return any(special_points(case) for case in cases_of(row))


def special_points(case: Case) -> list[Any]:
    return [x for arg in case.args for x in getattr(arg, "special", ())]


def special_call(row: Primitive, case: Case, dtype: str) -> Call:
    """Every combination of the inputs' special points with one another and with a few random ones."""
    rng = rng_for(row.name, "special")
    columns = []
    for sample in case.args:
        drawn = sample.draw(rng, (2,), np.float64).tolist()
        columns.append([*[(x, True) for x in getattr(sample, "special", ())], *[(x, False) for x in drawn]])
    points = [point for point in itertools.product(*columns) if any(special for _, special in point)]
    drawn = draw_call(row, case, dtype, rng, [(len(points),)] * len(columns))
    args = [np.array([x for x, _ in column]).astype(arg.dtype) for column, arg in zip(zip(*points), drawn.args)]
    return drawn.with_args(args)


def check_special(row: Primitive, dtype: str) -> None:
    """First and second derivatives at the special points, in each input alone."""
    for case in cases_of(row):
        if special_points(case):
            with np.errstate(all="ignore"):
                compare_special(special_call(row, case, dtype), dtype)


def compare_special(call: Call, dtype: str) -> None:
    compare_value(call, dtype)
    for i, x in enumerate(call.xs if call.row.differentiable else ()):
        f = alone(call, i)
        slope, curvature = slope_of(f)(x), slope_of(slope_of(f))(x)
        pushed = pushed_of(f)(x)
        assert slope.dtype == curvature.dtype == x.dtype and pushed.dtype == call.outputs[0].dtype
        assert np.array_equal(slope, pushed, equal_nan=True), f"{call}: reverse {slope}, forward {pushed}"
        if dtype == "float32":
            wide = slope_of(alone(call.astype(np.float64), i))(x.astype(np.float64))
            assert np.allclose(slope, wide, rtol=1e-4, atol=1e-5, equal_nan=True), f"{call}: {slope} is not {wide}"
            continue
        judge(f, x, slope, ~np.isnan(f(x)), f"{call}: derivative in input {i}")
        judge(slope_of(f), x, curvature, np.isfinite(slope), f"{call}: second derivative in input {i}")


def alone(call: Call, i: int) -> Callable[[Any], Any]:
    """The call's door as a function of variable `i`."""
    return lambda x: call.door(*call.xs[:i], x, *call.xs[i + 1 :])[0]


def slope_of(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The elementwise derivative of an elementwise function."""
    return lambda x: reverse(lambda x: (f(x),), [x], [np.ones(x.shape, x.dtype)])[0]


def pushed_of(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same by forward mode."""
    return lambda x: forward(lambda x: (f(x),), [x], [np.ones(x.shape, x.dtype)])[0]


def judge(f: Callable[[Any], Any], x: np.ndarray, found: np.ndarray, defined: np.ndarray, what: str) -> None:
    """Where differences converge on some side, `found` lies between them (or is that one); it is never nan."""
    sides = np.stack([converged(f, x, -1), converged(f, x, 1)])
    known = ~np.isnan(sides).all(axis=0)
    sides = sides[:, known]
    low, high = np.nanmin(sides, axis=0), np.nanmax(sides, axis=0)
    slack = 1e-4 * (1 + np.abs(low) + np.abs(high))
    inside = (low - slack <= found[known]) & (found[known] <= high + slack)
    right = ~np.isnan(found)
    right[known] = inside
    wrong = defined & ~right
    assert not wrong.any(), (
        f"{what}: {found[wrong]} at {x[wrong]}; from the left {converged(f, x, -1)[wrong]}, from the right "
        f"{converged(f, x, 1)[wrong]} (points {np.flatnonzero(wrong)})"
    )


def converged(f: Callable[[Any], Any], x: np.ndarray, side: int) -> np.ndarray:
    """The one-sided derivative at each point, nan where there is none."""
    (near,), (nearer,) = [
        one_sided(lambda x: [np.asarray(f(x))], [x], [np.ones_like(x)], side, h) for h in (1e-4, 1e-5)
    ]
    return np.where(np.abs(near - nearer) <= 1e-2 * (1e-2 + np.abs(near)), nearer, np.nan)
