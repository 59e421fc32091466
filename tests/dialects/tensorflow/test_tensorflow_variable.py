"""`tf.Variable`: assignment is not differentiated, values read are kept, tapes see every reading."""

import copy
import pickle

import numpy as np
import pytest

import tetragrad.tensorflow as tf


def test_repr_and_names():
    v = tf.Variable([1.0, 2.0], name="w")
    assert repr(v) == "<tf.Variable 'w:0' shape=(2,) dtype=float32, numpy=array([1., 2.], dtype=float32)>"
    assert v.name == "w:0" and v.trainable and v.shape == (2,) and v.dtype == tf.float32
    assert repr(v.assign([3.0, 4.0])).startswith("<tf.Variable 'UnreadVariable' shape=(2,)")
    assert not isinstance(v, tf.Tensor) and tf.is_tensor(v)
    assert repr(tf.Variable([[1], [2]])) == (
        "<tf.Variable 'Variable:0' shape=(2, 1) dtype=int32, numpy=\narray([[1],\n       [2]], dtype=int32)>"
    )


def test_assign_family():
    v = tf.Variable([1.0, 2.0])
    before = v.value()
    v.assign_add([1.0, 1.0])
    v.assign_sub(tf.constant([0.5, 0.5]))
    assert v.numpy().tolist() == [1.5, 2.5] and before.numpy().tolist() == [1.0, 2.0]
    v[0].assign(9.0)
    v[1:].assign([7.0])
    assert v.numpy().tolist() == [9.0, 7.0]
    with pytest.raises(ValueError, match="Shape mismatch"):
        v.assign([1.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="shapes must be equal"):
        v.assign_add(1.0)
    with pytest.raises(tf.errors.InvalidArgumentError):
        v[0].assign([1.0, 2.0])
    with pytest.raises(ValueError, match="requested dtype float32"):
        v.assign(tf.constant([1, 2]))
    with pytest.raises(TypeError, match="does not support item assignment"):
        v[0] = 1.0


def test_assignment_in_place_keeps_what_was_read():
    v = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = v * v
        v.assign([5.0, 5.0])
        z = v * v
    assert tape.gradient([y, z], v).numpy().tolist() == [12, 14]
    with tf.GradientTape() as tape:
        y = v * v
    v.assign_add([1.0, 1.0])
    assert tape.gradient(y, v).numpy().tolist() == [10, 10]


def test_assignment_breaks_chains():
    a, b = tf.Variable(2.0), tf.Variable(1.0)
    with tf.GradientTape() as tape:
        b.assign(a * 3.0)
        y = b * b
    assert [None if g is None else float(g) for g in tape.gradient(y, [a, b])] == [None, 12.0]


def test_result_of_an_assignment_is_the_variable():
    a = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = a.assign(3.0) * 2.0
    assert float(tape.gradient(y, a)) == 2 and float(y) == 6


def test_assignment_reuses_the_memory():
    v = tf.Variable(np.zeros(1000, np.float32))
    v.assign_add(tf.ones(1000))
    memory = v._value.ctypes.data
    for _ in range(3):
        v.assign_sub(tf.ones(1000))
    assert v._value.ctypes.data == memory


def test_scatter():
    rows = tf.IndexedSlices(tf.constant([5.0, 6.0]), tf.constant([0, 0]))
    expected = {
        "scatter_add": [12, 2, 3], "scatter_sub": [-10, 2, 3], "scatter_mul": [30, 2, 3], "scatter_max": [6, 2, 3],
        "scatter_min": [1, 2, 3], "scatter_update": [6, 2, 3],
    }  # fmt: skip
    for name, result in expected.items():
        v = tf.Variable([1.0, 2.0, 3.0])
        getattr(v, name)(rows)
        assert v.numpy().tolist() == result, name
    v = tf.Variable([1.0, 2.0, 3.0])
    v.scatter_nd_update([[1]], [9.0])
    v.scatter_nd_add([[2]], [1.0])
    v.scatter_nd_sub([[0]], [1.0])
    assert v.numpy().tolist() == [0, 9, 4]
    with pytest.raises(TypeError, match="IndexedSlices"):
        v.scatter_add([1.0])


def test_operators_and_conversions():
    v = tf.Variable([1.0, 2.0])
    assert type(v + 1) is tf.EagerTensor and type(2 * v) is tf.EagerTensor
    assert (np.array([1.0, 1.0]) * v).numpy().tolist() == [1, 2]
    assert np.asarray(v).tolist() == [1, 2] and len(v) == 2 and [float(e) for e in v] == [1, 2]
    assert float(tf.Variable(2.5)) == 2.5
    with pytest.raises(TypeError, match="unhashable"):
        hash(v)
    assert v.ref() == v.ref() and v.ref().deref() is v and {v.ref(): 1}


def test_creation():
    assert tf.Variable(lambda: 3).dtype == tf.int32
    assert tf.Variable(1, dtype=tf.float64).dtype == tf.float64
    with pytest.raises(ValueError, match="initial_value"):
        tf.Variable()
    with pytest.raises(ValueError, match="shape"):
        tf.Variable([1.0], shape=(2,))


def test_source_array_is_copied():
    a = np.ones(2, np.float32)
    v = tf.Variable(a)
    v.assign_add([1.0, 1.0])
    a[0] = 7
    assert v.numpy().tolist() == [2, 2]
    t = tf.constant([1.0, 1.0])
    w = tf.Variable(t)
    w.assign_add([1.0, 1.0])
    assert t.numpy().tolist() == [1, 1]


def test_copies():
    v = tf.Variable([1.0], name="n", trainable=False)
    for made in (copy.deepcopy(v), pickle.loads(pickle.dumps(v))):
        made.assign([2.0])
        assert made.name == "n:0" and not made.trainable and v.numpy().tolist() == [1.0]


def test_read_value_is_a_tensor_of_its_own():
    v = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        r = v.read_value()
        y, z = r * r, v * 2
    assert float(tape.gradient(y, v)) == 6 and float(tape.gradient(y, r)) == 6 and tape.gradient(z, r) is None
