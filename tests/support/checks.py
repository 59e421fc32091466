"""The checks of one row: each mode of differentiation against derivatives found without tetragrad, and against laws.

Each check takes a row and a dtype and raises AssertionError naming the call. `tests/test_table.py` runs them on the
whole table; `tests/test_checker.py` runs them on rows with planted faults and requires them to fail.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import tetragrad as tg
from tetragrad.core.primitive import Primitive
from tetragrad.core.sweep import pull

from .draw import Call, calls, direction, drawers, precision, rng_for
from .layouts import LAYOUTS
from .oracle import Estimate, NotSmooth, derivative, largest, one_sided, pair, pair_size

TRIES = 8
ROUNDING = {"float32": 2e-4, "float64": 1e-10, "complex128": 1e-10}

Arrays = Sequence[Any]
Function = Callable[..., tuple[Any, ...]]


# --- the modes --------------------------------------------------------------------------------------------------------
def reverse(f: Function, xs: Arrays, us: Arrays) -> tuple[Any, ...]:
    """J' u."""
    return tuple(tg.vjp(f, *xs)[1](tuple(us)))


def forward(f: Function, xs: Arrays, vs: Arrays) -> tuple[Any, ...]:
    """J v."""
    return tuple(tg.jvp(f, tuple(xs), tuple(vs))[1])


def reverse_of(f: Function, count: int) -> Function:
    """(x, u) -> J(x)' u as a function of both; `count` is the number of x."""
    return lambda *args: reverse(f, args[:count], args[count:])


def forward_of(f: Function, count: int) -> Function:
    """(x, v) -> J(x) v as a function of both; `count` is the number of x."""
    return lambda *args: forward(f, args[:count], args[count:])


# --- values -----------------------------------------------------------------------------------------------------------
def check_value(row: Primitive, dtype: str) -> None:
    """Plain arrays, constants and recorded Tensors give the same bits in the same dtype."""
    for call in calls(row, dtype, "value"):
        compare_value(call, dtype)


def compare_value(call: Call, dtype: str) -> None:
    for made in (lambda x: x, tg.tensor, variable):
        with unchanged(call):
            results = [raw(out) for out in call.through(call.row.door, call.placed([made(x) for x in call.xs]))]
        for out, want in zip(results, call.results, strict=True):
            assert hasattr(out, "dtype"), f"{call}: a {type(out).__name__} is not an array or NumPy scalar"
            assert out.dtype == want.dtype, f"{call}: {out.dtype} is not {want.dtype}"
            assert out.shape == want.shape, f"{call}: {out.shape} is not {want.shape}"
            assert same_bits(out, want, dtype), f"{call}: {out} is not {want}"
            if out.dtype.kind in "fc" and "dtype" not in call.params:
                assert out.dtype == precision(out.dtype, dtype), f"{call}: {out.dtype} from {dtype}"


def same_bits(x: Any, y: Any, dtype: str) -> bool:
    """Equal to the bit; with complex numbers to a rounding, because NumPy multiplies scalars and arrays differently."""
    if dtype == "complex128" and x.dtype.kind in "fc":
        return np.allclose(x, y, rtol=4 * np.finfo(x.dtype).eps, atol=0, equal_nan=True)
    return np.array_equal(x, y, equal_nan=x.dtype.kind in "fc")


def variable(x: Any) -> Any:
    return tg.tensor(x, requires_grad=True)


def raw(x: Any) -> Any:
    return x.numpy() if isinstance(x, tg.Tensor) else x


# --- first order ------------------------------------------------------------------------------------------------------
def check_reverse(row: Primitive, dtype: str) -> None:
    """<J'u, v> is <u, Jv>, with Jv from differences, for each variable alone."""
    each(row, dtype, "reverse", compare_reverse)


def check_forward(row: Primitive, dtype: str) -> None:
    """J v is what differences say, for each variable alone and all together."""
    each(row, dtype, "forward", compare_forward)


def each(row: Primitive, dtype: str, purpose: str, compare: Callable[..., None]) -> None:
    """Run `compare` on every example call, drawing again where the point turns out to be near a kink."""
    for index, draw in enumerate(drawers(row, dtype)):
        points = []
        for attempt in range(TRIES):
            rng = rng_for(row.name, dtype, index, purpose, attempt)
            call = draw(rng)
            points.append(call)
            try:
                with unchanged(call):
                    compare(call, dtype, rng)
                break
            except NotSmooth:
                continue
        else:
            assert same_point(points), f"{points[0]}: no smooth point in {TRIES} draws"
            compare_at_kink(points[0], rng)


def compare_reverse(call: Call, dtype: str, rng: np.random.Generator) -> None:
    us = direction(rng, call.outputs)
    seeds = [u.copy() for u in us]
    cts = reverse(call.door, call.xs, us)
    assert_same(us, seeds, f"{call}: the rule changed its cotangent")
    assert_like(cts, call.xs, f"{call}: cotangents")
    assert_like(swept(call, us), call.xs, f"{call}: cotangents inside the sweep")
    if dtype == "float32":
        wide = call.astype(np.float64)
        wanted = reverse(wide.door, wide.xs, widen(us))
        return assert_close(cts, exactly(wanted), f"{call}: cotangents in float32", ROUNDING[dtype])
    for i, ct in enumerate(cts):
        (v,) = direction(rng, [call.xs[i]])
        estimates = derivative(only(call, i), [call.xs[i]], [v])
        wanted = pair(us, [estimate.value for estimate in estimates])
        allowed = sum(np.sum(np.abs(u)) * estimate.tolerance for u, estimate in zip(us, estimates))
        found = pair([ct], [v])
        allowed += 1e-12 * pair_size([ct], [v])
        assert abs(found - wanted) <= allowed, (
            f"{call}: reverse, variable {i}: <J'u, v> = {found!r}, differences give {wanted!r} (+- {allowed:.1e})\n"
            f"x = {call.xs}\nJ'u = {ct}"
        )


def swept(call: Call, us: Arrays) -> list[Any]:
    """The cotangents as the sweep itself finds them, before a transform brings them to the dtype of its argument."""
    xs = [variable(x) for x in call.xs]
    outputs = [out for out in zip(call.door(*xs), us) if out[0]._node is not None]
    targets = [x._node for x in xs]
    found, _ = pull([out._node for out, _ in outputs], [u for _, u in outputs], targets)
    return [x if found.get(node) is None else found[node] for x, node in zip(call.xs, targets)]


def compare_forward(call: Call, dtype: str, rng: np.random.Generator) -> None:
    vs = direction(rng, call.xs)
    seeds = [v.copy() for v in vs]
    ts = forward(call.door, call.xs, vs)
    assert_same(vs, seeds, f"{call}: the rule changed its tangent")
    assert_like(ts, call.outputs, f"{call}: tangents")
    if dtype == "float32":
        wide = call.astype(np.float64)
        wanted = forward(wide.door, wide.xs, widen(vs))
        return assert_close(ts, exactly(wanted), f"{call}: tangents in float32", ROUNDING[dtype])
    assert_close(ts, derivative(call.value, call.xs, vs), f"{call}: forward")
    for i, v in enumerate(vs if len(vs) > 1 else ()):
        args = list(call.xs)

        def f(x: Any, i: int = i, args: list[Any] = args) -> tuple[Any, ...]:
            return call.door(*args[:i], x, *args[i + 1 :])

        ts = forward(f, [call.xs[i]], [v])
        assert_like(ts, call.outputs, f"{call}: tangents of variable {i} alone")
        assert_close(ts, derivative(only(call, i), [call.xs[i]], [v]), f"{call}: forward, variable {i} alone")


def only(call: Call, i: int) -> Callable[[Any], list[Any]]:
    """The call's value as a function of its variable `i` alone."""
    return lambda x: call.value(*call.xs[:i], x, *call.xs[i + 1 :])


def compare_at_kink(call: Call, rng: np.random.Generator) -> None:
    """At a kink that a sample asks for (ties): finite, lawful, and between the one-sided derivatives."""
    us, vs = direction(rng, call.outputs), direction(rng, call.xs)
    ts, cts = forward(call.door, call.xs, vs), reverse(call.door, call.xs, us)
    assert_lawful(call, us, ts, cts, vs, "float64")
    left, right = one_sided(call.value, call.xs, vs, -1), one_sided(call.value, call.xs, vs, 1)
    for t, a, b in zip(ts, left, right):
        low, high = np.minimum(a, b), np.maximum(a, b)
        assert np.all((low - 1e-4 <= t) & (t <= high + 1e-4)), f"{call}: {t} at a kink, one-sided {a} and {b}"


# --- laws -------------------------------------------------------------------------------------------------------------
def check_laws(row: Primitive, dtype: str) -> None:
    """<u, Jv> = <J'u, v>; second derivatives are symmetric; all four nestings of the two modes agree."""
    for call in calls(row, dtype, "laws"):
        rng = rng_for(row.name, dtype, "laws", "directions")
        us, vs, ws = direction(rng, call.outputs), direction(rng, call.xs), direction(rng, call.xs)
        count = len(vs)
        ts, cts = forward(call.door, call.xs, vs), reverse(call.door, call.xs, us)
        assert_lawful(call, us, ts, cts, vs, dtype)
        for k in range(len(us) if len(us) > 1 else 0):  # each output alone: the others' cotangents are missing
            alone = reverse(lambda *xs, call=call, k=k: (call.door(*xs)[k],), call.xs, us[k : k + 1])
            assert_lawful(call, us[k : k + 1], ts[k : k + 1], alone, vs, dtype)
        if dtype == "float32":
            continue
        push, pull = forward_of(call.door, count), reverse_of(call.door, count)
        still_v, still_u = zeros_like(vs), zeros_like(us)
        second = forward(push, (*call.xs, *vs), (*ws, *still_v))
        found = {
            "forward over forward": pair(us, second),
            "forward over forward, swapped": pair(us, forward(push, (*call.xs, *ws), (*vs, *still_v))),
            "forward over reverse": pair(forward(pull, (*call.xs, *us), (*ws, *still_u)), vs),
            "reverse over forward": pair(reverse(push, (*call.xs, *vs), us)[:count], ws),
            "reverse over reverse": pair(reverse(pull, (*call.xs, *us), vs)[:count], ws),
        }
        size = pair_size(us, second) + max(map(abs, found.values())) + 1e-3 * pair_size(us, ts)
        spread = max(found.values()) - min(found.values())
        assert spread <= 1e-9 * size + 1e-12, f"{call}: nestings disagree: {found}\nx = {call.xs}"


def assert_lawful(call: Call, us: Arrays, ts: Arrays, cts: Arrays, vs: Arrays, dtype: str) -> None:
    """<u, Jv> = <J'u, v>."""
    out, back = pair(us, ts), pair(cts, vs)
    size = pair_size(us, ts) + pair_size(cts, vs)
    assert abs(out - back) <= ROUNDING[dtype] * size + 1e-300, (
        f"{call}: <u, Jv> = {out}, <J'u, v> = {back}\nx = {call.xs}"
    )


# --- second order -----------------------------------------------------------------------------------------------------
def check_second(row: Primitive, dtype: str, inner: Callable[..., Function], outer: Callable[..., Any]) -> None:
    """One mode over another, against differences of the inner one."""

    def compare(call: Call, dtype: str, rng: np.random.Generator) -> None:
        compare_second(call, dtype, rng, inner, outer)

    each(row, dtype, f"{outer.__name__}-over-{inner.__name__}", compare)


def compare_second(call: Call, dtype: str, rng: np.random.Generator, inner: Any, outer: Any) -> None:
    f = inner(call.door, len(call.xs))
    seeds = direction(rng, call.outputs if inner is reverse_of else call.xs)
    inputs = (*call.xs, *seeds)
    outputs = f(*inputs)
    what = f"{call}: {outer.__name__} over {inner.__name__}"
    ws = direction(rng, inputs if outer is forward else outputs)
    found = outer(f, inputs, ws)
    assert_like(found, outputs if outer is forward else inputs, what)
    if dtype == "float32":
        wide = call.astype(np.float64)
        wanted = outer(inner(wide.door, len(call.xs)), widen(inputs), widen(ws))
        return assert_close(found, exactly(wanted), f"{what} in float32", 10 * ROUNDING[dtype])
    if outer is forward:
        return assert_close(found, derivative(f, inputs, ws), what)
    vs = direction(rng, inputs)
    estimates = derivative(f, inputs, vs)
    wanted = pair(ws, [estimate.value for estimate in estimates])
    allowed = sum(np.sum(np.abs(w)) * estimate.tolerance for w, estimate in zip(ws, estimates))
    got = pair(found, vs)
    allowed += 1e-12 * pair_size(found, vs)
    assert abs(got - wanted) <= allowed, (
        f"{what}: {got!r}, differences give {wanted!r} (+- {allowed:.1e})\nx = {call.xs}"
    )


# --- vmap -------------------------------------------------------------------------------------------------------------
def check_vmap(row: Primitive, dtype: str) -> None:
    """vmap is a Python loop: over all arguments, over each alone; and so is vmap of a derivative."""
    for index, draw in enumerate(drawers(row, dtype)):
        examples = [draw(rng_for(row.name, dtype, index, "vmap", i)) for i in range(3)]
        arrays = [i for i, arg in enumerate(examples[0].args) if hasattr(arg, "dtype")]
        for batched in dict.fromkeys([tuple(arrays), *[(i,) for i in arrays]]):
            compare_vmap(examples, batched, rng_for(row.name, dtype, index, "vmap", batched))


def compare_vmap(examples: Sequence[Call], batched: tuple[int, ...], rng: np.random.Generator) -> None:
    first = examples[0]
    what = f"vmap of {first} over arguments {batched}"
    variables = [i for i in first.variables if i in batched]
    columns = [[example.args[i] for example in examples] for i in batched]

    def f(*xs: Any) -> tuple[Any, ...]:
        args = list(first.args)
        for i, x in zip(batched, xs):
            args[i] = x
        return first.through(first.row.door, args)

    batches = [np.stack(column) for column in columns]
    wanted = [f(*xs) for xs in zip(*columns)]
    assert_stacked(tg.vmap(f)(*batches), wanted, what)
    if not variables or not first.kept:
        return

    def g(*xs: Any) -> tuple[Any, ...]:
        return tuple([f(*xs)[i] for i in first.kept])

    moving = [batched.index(i) for i in variables]

    def pull(us: Any, *xs: Any) -> tuple[Any, ...]:
        def along(*moved: Any) -> tuple[Any, ...]:
            full = list(xs)
            for i, x in zip(moving, moved):
                full[i] = x
            return g(*full)

        return reverse(along, [xs[i] for i in moving], us)

    us = [direction(rng, [outputs[i] for i in first.kept]) for outputs in wanted]
    stacked = tuple([np.stack(parts) for parts in zip(*us)])
    wanted = [pull(u, *xs) for u, *xs in zip(us, *columns)]
    assert_stacked(tg.vmap(pull)(stacked, *batches), wanted, f"{what}: vmap of reverse")
    whole = tg.vjp(lambda *moved: tg.vmap(g)(*place(batches, moving, moved)), *[batches[i] for i in moving])[1](stacked)
    assert_stacked(whole, wanted, f"{what}: reverse of vmap")


def place(values: Arrays, positions: Sequence[int], others: Arrays) -> list[Any]:
    """`values` with `others` put in at `positions`."""
    values = list(values)
    for position, other in zip(positions, others, strict=True):
        values[position] = other
    return values


def assert_stacked(found: Arrays, wanted: Sequence[Arrays], what: str) -> None:
    for part, column in zip(found, zip(*wanted), strict=True):
        stacked = np.stack(column)
        assert part.shape == stacked.shape and part.dtype == stacked.dtype, (
            f"{what}: {part.dtype}{list(part.shape)} is not {stacked.dtype}{list(stacked.shape)}"
        )
        if stacked.dtype.kind in "fc":
            rounding = 1e-5 if stacked.dtype in (np.float32, np.complex64) else 1e-12
            same = np.allclose(part, stacked, rtol=rounding, atol=rounding * (1 + largest(stacked)), equal_nan=True)
        else:
            same = np.array_equal(part, stacked)
        assert same, f"{what}: {part} is not {stacked}"


# --- layouts ----------------------------------------------------------------------------------------------------------
def check_layouts(row: Primitive, dtype: str) -> None:
    """Strided, transposed, reversed, read-only arguments and cotangents: the same results as for contiguous ones."""
    for call in calls(row, dtype, "layouts"):
        us = direction(rng_for(row.name, dtype, "layouts"), call.outputs)
        wanted = [*call.results, *(reverse(call.door, call.xs, us) if call.kept and call.xs else ())]
        for name, layout in LAYOUTS.items():
            laid = call.with_args([layout(arg) if isinstance(arg, np.ndarray) else arg for arg in call.args])
            with unchanged(laid):
                found = list(laid.through(row.door, laid.args))
                if call.kept and call.xs:
                    found += reverse(laid.door, laid.xs, [layout(u) for u in us])
            assert_stacked([part[None] for part in found], [wanted], f"{call}: {name} arguments")


# --- comparisons ------------------------------------------------------------------------------------------------------
@contextlib.contextmanager
def unchanged(call: Call) -> Iterator[None]:
    """Fail if the block changed an argument of the call."""
    copies = [np.array(arg) if isinstance(arg, np.ndarray) else None for arg in call.args]
    yield
    for arg, copy in zip(call.args, copies):
        assert copy is None or np.array_equal(arg, copy, equal_nan=copy.dtype.kind in "fc"), (
            f"{call}: an argument was changed"
        )


def same_point(points: Sequence[Call]) -> bool:
    return all(np.array_equal(x, y) for call in points for x, y in zip(call.xs, points[0].xs))


def assert_same(found: Arrays, wanted: Arrays, what: str) -> None:
    assert all(map(np.array_equal, found, wanted)), what


def assert_like(found: Arrays, models: Arrays, what: str) -> None:
    """Shapes and dtypes are those of the values that they belong to."""
    for part, model in zip(found, models, strict=True):
        assert part.shape == np.shape(model), f"{what}: shape {part.shape} for a value of shape {np.shape(model)}"
        assert part.dtype == model.dtype, f"{what}: dtype {part.dtype} for a value of dtype {model.dtype}"


def assert_close(found: Arrays, wanted: Sequence[Estimate], what: str, rtol: float = 1e-11) -> None:
    for part, (value, tolerance) in zip(found, wanted, strict=True):
        error = largest(np.asarray(part) - value)
        allowed = tolerance + rtol * largest(value)
        assert error <= allowed, f"{what}: {part} is not {value} (off by {error:.1e}, allowed {allowed:.1e})"


def exactly(values: Arrays) -> list[Estimate]:
    """Estimates without error, except for what float32 rounds away in a sum of numbers of size one."""
    return [Estimate(np.asarray(value), 1e-6) for value in values]


def widen(xs: Arrays) -> list[Any]:
    return [np.asarray(x).astype(precision(x.dtype, np.float64)) for x in xs]


def zeros_like(xs: Arrays) -> tuple[Any, ...]:
    return tuple([np.zeros_like(x) for x in xs])


# --- everything, by name ----------------------------------------------------------------------------------------------
def _second(inner: Any, outer: Any) -> Callable[[Primitive, str], None]:
    return lambda row, dtype: check_second(row, dtype, inner, outer)


MODES: dict[str, Callable[[Primitive, str], None]] = {
    "value": check_value,
    "reverse": check_reverse,
    "forward": check_forward,
    "reverse-over-reverse": _second(reverse_of, reverse),
    "forward-over-reverse": _second(reverse_of, forward),
    "reverse-over-forward": _second(forward_of, reverse),
    "forward-over-forward": _second(forward_of, forward),
    "laws": check_laws,
    "vmap": check_vmap,
    "layouts": check_layouts,
}


def modes_of(row: Primitive) -> list[str]:
    """The modes in which this row is checked: without a derivative there is only its value."""
    return [mode for mode in MODES if row.differentiable or mode in ("value", "vmap", "layouts")]
