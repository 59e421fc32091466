"""Gradients by the user, recomputed, passed through or stopped; `tf.function`; forward mode."""

import numpy as np
import pytest

import tetragrad.tensorflow as tf

X = [0.5, 1.0, 2.0]


def gradient(f, *xs):
    with tf.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    return tape.gradient(y, xs)


def test_custom_gradient_replaces_the_derivative():
    @tf.custom_gradient
    def f(x):
        return x * x, lambda upstream: upstream * 10.0

    (g,) = gradient(f, tf.constant(X))
    assert g.numpy().tolist() == [10, 10, 10]


def test_custom_gradient_to_second_order():
    @tf.custom_gradient
    def cube(x):
        return x**3, lambda upstream: upstream * 3 * x * x

    x = tf.constant(X)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = cube(x)
        g = inner.gradient(y, x)
    np.testing.assert_allclose(outer.gradient(g, x), 6 * x)


def test_custom_gradient_counts_and_none():
    @tf.custom_gradient
    def product(x, y):
        return x * y, lambda upstream: (upstream * y, None)

    x, y = tf.constant(X), tf.constant(X)
    gx, gy = gradient(product, x, y)
    assert gx.numpy().tolist() == X and gy is None

    @tf.custom_gradient
    def short(x, y):
        return x * y, lambda upstream: upstream

    with pytest.raises(ValueError, match="expected to return 2 gradients, but returned 1"):
        gradient(short, x, y)


def test_custom_gradient_of_several_results_gets_zeros_for_unused_ones():
    seen = []

    @tf.custom_gradient
    def pair(x):
        def grad(a, b):
            seen.append(b.numpy().tolist())
            return a + 10 * b

        return (2 * x, 3 * x), grad

    (g,) = gradient(lambda x: pair(x)[0], tf.constant(X))
    assert seen == [[0, 0, 0]] and g.numpy().tolist() == [1, 1, 1]


def test_custom_gradient_with_variables():
    w = tf.Variable(3.0)

    @tf.custom_gradient
    def scaled(x):
        def grad(upstream, variables=None):
            assert variables[0] is w
            return upstream * 7, [tf.reduce_sum(upstream) * 11]

        return x * w, grad

    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = scaled(x)
    gx, gw = tape.gradient(y, [x, w])
    assert gx.numpy().tolist() == [7, 7, 7] and float(gw) == 33

    @tf.custom_gradient
    def without(x):
        return x * w, lambda upstream: upstream

    with pytest.raises(TypeError, match="variables"):
        gradient(without, x)


def test_custom_gradient_wrong_shape_is_an_error():
    @tf.custom_gradient
    def f(x):
        return x * x, lambda upstream: tf.ones(5)

    with pytest.raises(ValueError, match="shape"):
        gradient(f, tf.constant(X))


def test_custom_gradient_may_use_a_tape_itself():
    @tf.custom_gradient
    def f(x):
        def grad(upstream):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.sin(x)
            return upstream * tape.gradient(y, x)

        return tf.sin(x), grad

    x = tf.constant(X)
    np.testing.assert_allclose(gradient(f, x)[0], np.cos(X), rtol=1e-6)


def test_recompute_grad_runs_again_and_keeps_orders():
    runs = []
    w = tf.Variable(3.0)

    @tf.recompute_grad
    def f(x):
        runs.append(1)
        return tf.sin(x) * x * w

    x = tf.constant(X)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        assert len(runs) == 1
        gx, gw = inner.gradient(y, [x, w])
        assert len(runs) == 2
    a = np.array(X)
    np.testing.assert_allclose(gx, 3 * (np.cos(a) * a + np.sin(a)), rtol=1e-5)
    np.testing.assert_allclose(gw, (np.sin(a) * a).sum(), rtol=1e-5)
    np.testing.assert_allclose(outer.gradient(gx, x), 3 * (2 * np.cos(a) - a * np.sin(a)), rtol=1e-4)


def test_grad_pass_through():
    (g,) = gradient(tf.grad_pass_through(tf.round), tf.constant(X))
    assert g.numpy().tolist() == [1, 1, 1]


def test_stop_gradient():
    (g,) = gradient(lambda x: tf.stop_gradient(x) * x, tf.constant(X))
    assert g.numpy().tolist() == X


def test_python_and_numpy_functions():
    x = tf.constant(X)
    (g,) = gradient(lambda x: tf.py_function(lambda x: x * x, [x], tf.float32), x)
    assert g.numpy().tolist() == [1, 2, 4]
    assert gradient(lambda x: tf.numpy_function(np.sin, [x], tf.float32), x) == (None,)


def test_prevented_gradient():
    with pytest.raises(LookupError, match="Gradient explicitly disabled"):
        gradient(lambda x: tf.raw_ops.PreventGradient(input=x, message="no") * 2, tf.constant(X))


def test_declarations_and_graph_mode():
    tf.no_gradient("Size")
    with pytest.raises(TypeError):
        tf.no_gradient(3)
    with pytest.raises(NotImplementedError, match="custom_gradient"):
        tf.no_gradient("MatMul")
    with pytest.raises(NotImplementedError, match="custom_gradient"):
        tf.RegisterGradient("Mine")
    for function in (tf.gradients, tf.hessians):
        with pytest.raises(RuntimeError, match="not supported when eager execution is enabled"):
            function(1, 2)


def test_function_runs_eagerly_where_it_decides_on_values():
    @tf.function
    def f(x):
        if tf.reduce_sum(x) > 0:
            return x * x
        return x

    assert repr(f) == "<tf.function f>"
    assert gradient(f, tf.constant(X))[0].numpy().tolist() == [1, 2, 4]
    assert "runs uncompiled" in f.explain()
    assert tf.is_tensor(tf.function(lambda x: x, jit_compile=True)(np.ones(2)))

    class Model:
        @tf.function(input_signature=[tf.TensorSpec((None,), tf.float32)])
        def call(self, x):
            return x + 1

    assert Model().call(tf.constant([1.0])).numpy().tolist() == [2]


# -- forward mode -----------------------------------------------------------------------------------------------------

Forward = tf.autodiff.ForwardAccumulator


def test_forward():
    x = tf.constant(X)
    with Forward(x, tf.ones(3)) as acc:
        y = x**3
        z = tf.reduce_sum(y)
        w = tf.constant(2.0)
    assert acc.jvp(y).numpy().tolist() == [0.75, 3, 12]
    assert float(acc.jvp(z)) == 15.75
    assert acc.jvp(w) is None and float(acc.jvp(w, unconnected_gradients="zero")) == 0
    parts = acc.jvp([x, {"k": z}])
    assert parts[0].numpy().tolist() == [1, 1, 1] and float(parts[1]["k"]) == 15.75


def test_forward_and_reverse_nest():
    x = tf.constant(X)
    with Forward(x, tf.ones(3)) as acc:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(x**3)
        g = tape.gradient(y, x)
    np.testing.assert_allclose(acc.jvp(g), 6 * x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        with Forward(x, tf.ones(3)) as acc:
            y = x**3
        t = acc.jvp(y)
    np.testing.assert_allclose(tape.gradient(t, x), 6 * x)
    with Forward(x, tf.ones(3)) as outer:
        with Forward(x, tf.constant([1.0, 0.0, 1.0])) as inner:
            y = x**3
        t = inner.jvp(y)
    np.testing.assert_allclose(outer.jvp(t), 6 * x * [1, 0, 1])


def test_forward_through_recomputed_and_custom_gradients():
    """TensorFlow refuses the first."""

    @tf.custom_gradient
    def cube(x):
        return x**3, lambda upstream: upstream * 3 * x * x

    x = tf.constant(X)
    for f in (tf.recompute_grad(lambda x: x**3), cube):
        with Forward(x, tf.ones(3)) as acc:
            y = f(x)
        np.testing.assert_allclose(acc.jvp(y), 3 * np.square(X), rtol=1e-6)


def test_forward_on_variables_and_several_primals():
    v, x = tf.Variable([2.0]), tf.constant([3.0])
    with Forward([v, x], [tf.constant([1.0]), tf.constant([10.0])]) as acc:
        y = v * x
    assert acc.jvp(y).numpy().tolist() == [23]


def test_forward_entered_again_but_not_in_itself():
    x = tf.constant(X)
    acc = Forward(x, tf.ones(3))
    with acc:
        y = x * x
        with pytest.raises(ValueError, match="already recording"):
            acc.__enter__()
    with acc:
        z = y * x
    np.testing.assert_allclose(acc.jvp(z), 3 * x * x)


def test_forward_refusals():
    x = tf.constant(X)
    with pytest.raises(ValueError, match="more than once"):
        Forward([x, x], [x, x])
    with pytest.raises(ValueError, match="dtype"):
        Forward(x, tf.ones(3, tf.float64))
    with pytest.raises(ValueError, match="shape"):
        Forward(x, tf.ones(2))
    n = tf.constant([1])
    with Forward(n, n) as acc:
        m = n * n
    assert acc.jvp(m) is None
