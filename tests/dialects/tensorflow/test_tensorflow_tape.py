"""`GradientTape` as TensorFlow's behaves: what is watched, when, by which tape, and what comes out."""

import gc
import logging
import threading
import weakref

import numpy as np
import pytest

import tetragrad.tensorflow as tf
from tetragrad.core.tensor import Node

X = [0.0, 1.0, 2.0, 3.0]


def value(x):
    return None if x is None else np.asarray(x).tolist()


@pytest.fixture
def x():
    return tf.constant(X)


def gradient(f, x, **kwargs):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x, **kwargs)


# -- watching ---------------------------------------------------------------------------------------------------------


def test_a_tensor_is_watched_only_on_request(x):
    with tf.GradientTape() as tape:
        y = x * x
    assert tape.gradient(y, x) is None


def test_too_late(x):
    with tf.GradientTape() as tape:
        y = x * x
        tape.watch(x)
    assert tape.gradient(y, x) is None


def test_watch_refuses_what_is_no_tensor():
    with tf.GradientTape() as tape, pytest.raises(ValueError, match=r"Passed in object 3\.0 of type 'float'"):
        tape.watch(3.0)


def test_watch_before_entering(x):
    with pytest.raises(AttributeError, match="not entered"):
        tf.GradientTape().watch(x)


def test_integers_warn_and_have_no_gradient(caplog):
    n = tf.constant([1, 2])
    with caplog.at_level(logging.WARNING, "tetragrad.tensorflow"):
        assert gradient(lambda n: n * n, n) is None
    assert "must be floating" in caplog.text


def test_watched_variables_in_the_order_of_access():
    a, b, n = tf.Variable(1.0), tf.Variable(2.0), tf.Variable(3)
    fixed = tf.Variable(4.0, trainable=False)
    with tf.GradientTape() as tape:
        y = b * a * fixed
        n + 1
    assert [v.numpy() for v in tape.watched_variables()] == [2.0, 1.0, 3]
    assert [value(g) for g in tape.gradient(y, [a, b, fixed, n])] == [8.0, 4.0, None, None]


def test_watch_accessed_variables_off():
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(a)
        y = a * b
    assert [value(g) for g in tape.gradient(y, [a, b])] == [2.0, None]


# -- results ----------------------------------------------------------------------------------------------------------


def test_structure_of_the_sources():
    w = {"b": tf.Variable(2.0), "a": (tf.Variable(3.0), [tf.Variable(5.0)])}
    with tf.GradientTape() as tape:
        y = w["b"] * w["a"][0]
    g = tape.gradient(y, w)
    assert value(g["b"]) == 3 and isinstance(g["a"], tuple) and g["a"][1] == [None]


def test_targets_add_up(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = [x * x, {"k": x}]
    assert value(tape.gradient(y, x)) == [1, 3, 5, 7]


def test_interior_sources_and_the_target_itself(x):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    assert value(tape.gradient(z, y)) == [0, 2, 8, 18]
    assert value(tape.gradient(x, x)) == [1, 1, 1, 1]


def test_unconnected(x):
    assert gradient(lambda x: tf.constant(1.0), x) is None
    zero = tf.UnconnectedGradients.ZERO
    assert value(gradient(lambda x: tf.constant(1.0), x, unconnected_gradients=zero)) == [0, 0, 0, 0]
    assert value(gradient(lambda x: tf.constant(1.0), x, unconnected_gradients="zero")) == [0, 0, 0, 0]
    with pytest.raises(ValueError, match="Unknown value for unconnected_gradients"):
        gradient(lambda x: x, x, unconnected_gradients="maybe")


def test_output_gradients(x):
    assert value(gradient(lambda x: x * x, x, output_gradients=tf.constant([1.0, 2.0, 3.0, 4.0]))) == [0, 4, 12, 24]
    assert value(gradient(lambda x: x * x, x, output_gradients=2.0)) == [0, 4, 8, 12]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Incompatible shapes: \[2\] vs. \[4\]"):
        gradient(lambda x: x * x, x, output_gradients=tf.constant([1.0, 2.0]))
    with pytest.raises(tf.errors.InvalidArgumentError):
        gradient(lambda x: x * x, x, output_gradients=tf.constant([1, 2, 3, 4]))
    with pytest.raises(ValueError, match="None"):
        gradient(lambda x: [x, x * x], x, output_gradients=[None, x])
    with pytest.raises(ValueError, match="1 factors for 2 targets"):  # TensorFlow crashes
        gradient(lambda x: [x * 1, x * x], x, output_gradients=[x])


def test_gradient_keeps_dtype_and_shape():
    for dtype in (tf.float16, tf.float32, tf.float64):
        x = tf.ones((2, 1), dtype)
        g = gradient(lambda x: tf.reduce_sum(x * tf.ones((2, 3), x.dtype)), x)
        assert g.dtype == dtype and g.shape == (2, 1)


def test_complex_gradients_are_conjugated():
    z = tf.constant(1 + 2j)
    assert value(gradient(lambda z: tf.abs(z) ** 2, z)) == pytest.approx(2 + 4j)
    assert value(gradient(lambda z: tf.reduce_sum(z * z), z)) == 2 - 4j
    assert value(gradient(lambda z: z * z, z, output_gradients=tf.constant(1j))) == 4 + 2j


def test_target_none(x):
    with pytest.raises(TypeError, match="received None"):
        gradient(lambda x: None, x)


# -- one tape, its times ----------------------------------------------------------------------------------------------


def test_twice(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="can only be used to compute one set of gradients"):
        tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="non-persistent"):
        tf.GradientTape().gradient(y, x)


def test_persistent_gives_the_same_again(x):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    assert value(tape.gradient(y, x)) == value(tape.gradient(y, x)) == [0, 2, 4, 6]


def test_operations_after_the_tape_do_not_count(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    assert tape.gradient(y * 2, x) is None


def test_active_tape_cannot_be_entered_again(x):
    with tf.GradientTape() as tape, pytest.raises(ValueError, match="Tape is still recording"):
        tape.__enter__()


def test_entered_later_it_goes_on(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    between = y * 10
    with tape:
        z = y * 3 + between
    assert value(tape.gradient(z, x)) == [0, 6, 12, 18]


def test_stop_recording(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        with tape.stop_recording():
            unseen = y * 5
        z = y + unseen
    assert value(tape.gradient(z, x)) == [0, 2, 4, 6]
    with pytest.raises(RuntimeError, match="not recording"):
        tape.stop_recording()


def test_reset(x):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        tape.reset()
        assert tape.watched_variables() == ()
        z = y * 3
    assert tape.gradient(z, x) is None
    with pytest.raises(ValueError, match="not recording"):
        tape.reset()


def test_gradient_inside_the_context_of_a_persistent_tape(x, caplog):
    with caplog.at_level(logging.WARNING, "tetragrad.tensorflow"), tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x**3
        g = tape.gradient(y, x)
    assert "significantly less efficient" in caplog.text
    assert value(tape.gradient(g, x)) == [0, 6, 12, 18]


def test_an_exception_ends_the_recording(x):
    tape = tf.GradientTape()
    with pytest.raises(KeyError), tape:
        tape.watch(x)
        y = x * x
        raise KeyError
    assert value(tape.gradient(y, x)) == [0, 2, 4, 6]


# -- several tapes ----------------------------------------------------------------------------------------------------


def test_nested_to_the_third_order(x):
    with tf.GradientTape() as t3:
        t3.watch(x)
        with tf.GradientTape() as t2:
            t2.watch(x)
            with tf.GradientTape() as t1:
                t1.watch(x)
                y = x**4
            g = t1.gradient(y, x)
        h = t2.gradient(g, x)
    assert value(t3.gradient(h, x)) == [0, 24, 48, 72]


def test_inner_gradient_outside_the_outer_tape_is_a_constant(x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x**3
    g = inner.gradient(y, x)
    assert outer.gradient(g, x) is None


def test_tapes_see_only_what_they_watch(x):
    v = tf.Variable(X)
    with tf.GradientTape() as a:
        a.watch(x)
        with tf.GradientTape(watch_accessed_variables=False) as b:
            b.watch(v)
            y = x * v
    assert [value(g) for g in a.gradient(y, [x, v])] == [X, X]
    assert [value(g) for g in b.gradient(y, [x, v])] == [None, X]


def test_tapes_need_not_nest(x):
    a, b = tf.GradientTape(), tf.GradientTape(persistent=True)
    a.__enter__()
    a.watch(x)
    b.__enter__()
    b.watch(x)
    y = x * x
    a.__exit__(None, None, None)
    z = y * x
    b.__exit__(None, None, None)
    assert value(a.gradient(y, x)) == [0, 2, 4, 6]
    assert value(b.gradient(z, x)) == [0, 3, 12, 27]
    assert value(b.gradient(y, x)) == [0, 2, 4, 6]


def test_a_result_of_one_tape_watched_by_the_next(x):
    with tf.GradientTape(persistent=True) as first:
        first.watch(x)
        y = x * x
        z = y * y
    with tf.GradientTape() as second:
        second.watch(y)
        w = y * 3
    assert [value(g) for g in second.gradient(w, [y, x])] == [[3, 3, 3, 3], None]
    assert value(first.gradient(z, y)) == [0, 2, 8, 18]


def test_tapes_belong_to_their_thread(x):
    seen = []
    with tf.GradientTape() as tape:
        tape.watch(x)
        thread = threading.Thread(target=lambda: seen.append(x * x))
        thread.start()
        thread.join()
    assert tape.gradient(seen[0], x) is None


# -- Jacobians --------------------------------------------------------------------------------------------------------


def test_jacobian(x):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.reduce_sum(x) * x[:2]
    assert value(tape.jacobian(y, x)) == [[6, 0, 0, 0], [1, 7, 1, 1]]
    assert tape.jacobian(tf.ones(2), x) is None
    assert tape.jacobian(tf.ones(2), x, unconnected_gradients="zero").shape == (2, 4)
    assert set(tape.jacobian(y, {"a": x})) == {"a"}


def test_jacobian_without_vectorization_needs_a_persistent_tape(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    with pytest.raises(RuntimeError, match="persistent=True"):
        tape.jacobian(y, x, experimental_use_pfor=False)


def test_gradient_of_a_jacobian(x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x**3
        j = inner.jacobian(y, x)
    assert value(outer.gradient(j, x)) == [0, 6, 12, 18]


def test_batch_jacobian():
    m = tf.reshape(tf.range(6.0), (2, 3))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(m)
        y = m * m
        turned = tf.transpose(m)
        flat = tf.reduce_sum(m, axis=1)
    assert value(tape.batch_jacobian(y, m)) == [np.diag([0, 2, 4]).tolist(), np.diag([6, 8, 10]).tolist()]
    assert tape.batch_jacobian(tf.ones((2, 2)), m).shape == (2, 2, 3)
    with pytest.raises(ValueError, match="first dimension"):
        tape.batch_jacobian(turned, m)
    with pytest.raises(ValueError, match="rank at least 2"):
        tape.batch_jacobian(flat, m)


# -- nothing outside tapes, and nothing kept --------------------------------------------------------------------------


def test_results_outside_tapes_carry_no_graph(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    for made in (y * 2, tf.sin(y), y[1], tf.Variable(1.0) * 2, tf.concat([y, y], 0)):
        assert made._node is None


def test_a_sum_over_steps_keeps_no_graph():
    v = tf.Variable(1.0)
    total = tf.constant(0.0)
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = v * v
            total = total + loss
        tape.gradient(loss, v)
    with tf.GradientTape():
        again = total + 1
    assert again._node is None
    del loss, total, again, tape
    gc.collect()
    assert not [n for n in gc.get_objects() if type(n) is Node and n.primitive is not None and n.name == "add"]


def test_watching_anew_in_a_loop_keeps_no_graph():
    w = tf.constant([1.0])
    refs = []
    for _ in range(4):
        with tf.GradientTape() as tape:
            tape.watch(w)
            loss = tf.reduce_sum(w * w)
            step = w * 0.9
        refs.append(weakref.ref(w._node))
        tape.gradient(loss, w)
        w = step
    del tape, loss, step
    assert sum([ref() is not None for ref in refs]) <= 1


def test_simultaneous_tapes_do_not_take_each_others_values(x):
    with tf.GradientTape() as a, tf.GradientTape() as b:
        a.watch(x)
        b.watch(x)
        y = tf.exp(x * x)
    np.testing.assert_array_equal(a.gradient(y, x), b.gradient(y, x))
