"""Tensors and the functions on them: dtypes, shapes, printing, indexing, errors, and gradients at special points."""

import copy
import pickle

import numpy as np
import pytest

import tetragrad.tensorflow as tf

InvalidArgument = tf.errors.InvalidArgumentError


def value(x):
    return None if x is None else np.asarray(x).tolist()


def gradient(f, *xs):
    xs = [tf.convert_to_tensor(x) for x in xs]
    with tf.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    g = tape.gradient(y, xs)
    return g if len(g) > 1 else g[0]


# -- printing ---------------------------------------------------------------------------------------------------------


def test_repr_and_str():
    assert repr(tf.constant(0.5)) == "<tf.Tensor: shape=(), dtype=float32, numpy=0.5>"
    assert repr(tf.constant([True])) == "<tf.Tensor: shape=(1,), dtype=bool, numpy=array([ True])>"
    assert repr(tf.zeros((0, 3))) == (
        "<tf.Tensor: shape=(0, 3), dtype=float32, numpy=array([], shape=(0, 3), dtype=float32)>"
    )
    assert repr(tf.ones((2, 1), tf.int64)) == (
        "<tf.Tensor: shape=(2, 1), dtype=int64, numpy=\narray([[1],\n       [1]])>"
    )
    assert str(tf.constant([1.0, 2.0])) == "tf.Tensor([1. 2.], shape=(2,), dtype=float32)"
    assert str(tf.ones((2, 1))) == "tf.Tensor(\n[[1.]\n [1.]], shape=(2, 1), dtype=float32)"
    assert f"{tf.constant(0.25):.1f}" == "0.2"


def test_dtypes_and_shapes():
    assert repr(tf.float32) == "tf.float32" and str(tf.float32) == "<dtype: 'float32'>"
    assert tf.float32 == np.float32 == tf.constant(1.0).dtype and tf.float32.as_numpy_dtype is np.float32
    assert tf.as_dtype("int32") is tf.int32 and tf.int32.is_integer and tf.float64.is_floating and tf.int8.max == 127
    assert np.zeros(2, tf.float32).dtype == np.float32
    shape = tf.zeros((2, 3)).shape
    assert repr(shape) == "TensorShape([2, 3])" and str(shape) == "(2, 3)" and shape.rank == 2
    longer = shape + (1,)  # noqa: RUF005
    assert shape == [2, 3] == shape.as_list() and longer == (2, 3, 1) and shape[1:] == (3,)
    assert isinstance(longer, tf.TensorShape) and isinstance(shape[1:], tf.TensorShape)
    assert shape.num_elements() == 6


def test_default_dtypes():
    for made, dtype in [
        (1.5, "float32"), (1, "int32"), (True, "bool"), (1j, "complex128"), ([], "float32"), (2**40, "int64"),
        (np.array([1, 2]), "int64"), (np.array([1.0]), "float64"), ([np.float64(1.0)], "float64"),
    ]:  # fmt: skip
        assert tf.constant(made).dtype.name == dtype
    assert tf.range(4).dtype == tf.int32 and tf.range(4.0).dtype == tf.float32
    assert tf.linspace(0, 1, 3).dtype == tf.float64 and tf.linspace(0.0, 1.0, 3).dtype == tf.float32


# -- no dtype promotion -----------------------------------------------------------------------------------------------


def test_dtypes_do_not_mix():
    f32, f64, i32 = tf.constant([1.0]), tf.constant([1.0], tf.float64), tf.constant([1])
    for mixed in (lambda: f32 * f64, lambda: f32 + i32, lambda: f32 == f64, lambda: tf.maximum(f32, i32)):
        with pytest.raises(InvalidArgument, match="was expected to be a float tensor but is a"):
            mixed()
    for mixed in (lambda: tf.concat([f32, i32], 0), lambda: tf.matmul([f32], [f64]), lambda: tf.stack([f32, f64])):
        with pytest.raises(InvalidArgument):
            mixed()
    with pytest.raises(InvalidArgument, match="int32 tensor but is a float tensor"):
        tf.add(1, 2.0)
    with pytest.raises(TypeError, match=r"Cannot convert 2\.5 to EagerTensor of dtype int32"):
        i32 * 2.5
    with pytest.raises(TypeError, match="of dtype float"):
        f32 * 1j


def test_numbers_and_arrays_take_the_tensors_dtype():
    f32, i32 = tf.constant([1.0, 2.0]), tf.constant([1, 2])
    assert (f32 * 2).dtype == (2 - f32).dtype == (f32 * np.array([1.0, 2.0])).dtype == tf.float32
    assert value(np.array([1.0, 2.0]) * f32) == [1, 4] and (i32 * 2).dtype == tf.int32
    assert (i32 / i32).dtype == tf.float64 and (tf.constant([1], tf.int8) / 2).dtype == tf.float32
    assert (tf.constant([1.0], tf.float16) * 3).dtype == tf.float16
    with pytest.raises(TypeError):
        i32 * np.array([1.5, 2.5])


def test_conversion_is_strict():
    with pytest.raises(TypeError, match=r"Cannot convert 1\.5"):
        tf.constant(1.5, dtype=tf.int32)
    with pytest.raises(ValueError, match="requested dtype float32"):
        tf.convert_to_tensor(tf.constant(1), tf.float32)
    with pytest.raises(ValueError, match="non-rectangular"):
        tf.constant([[1], [1, 2]])
    with pytest.raises(ValueError, match="None"):
        tf.constant(None)
    with pytest.raises(TypeError, match="string"):
        tf.constant("a")
    assert value(tf.cast([1.8, -1.8], tf.int32)) == [1, -1]
    assert value(tf.constant(2.0, shape=(1, 2))) == [[2, 2]]
    with pytest.raises(TypeError, match="elements"):
        tf.constant([1.0, 2.0], shape=(3,))


def test_functions_name_what_they_refuse():
    with pytest.raises(InvalidArgument, match="int32 is not in the list of allowed values"):
        tf.sin(tf.constant([1]))
    with pytest.raises(InvalidArgument, match="bool"):
        tf.constant(True) + 1
    with pytest.raises(InvalidArgument, match=r"Incompatible shapes: \[2\] vs. \[3\]"):
        tf.ones(2) * tf.ones(3)
    with pytest.raises(InvalidArgument, match=r"Matrix size-incompatible: In\[0\]: \[2,2\], In\[1\]: \[3,2\]"):
        tf.matmul(tf.ones((2, 2)), tf.ones((3, 2)))
    with pytest.raises(InvalidArgument, match="ndims must be"):
        tf.ones(2) @ tf.ones(2)
    with pytest.raises(InvalidArgument, match="Input to reshape is a tensor with 2 values"):
        tf.reshape(tf.ones(2), (3,))
    with pytest.raises(InvalidArgument, match="Invalid reduction dimension"):
        tf.reduce_sum(tf.ones(2), axis=3)
    with pytest.raises(InvalidArgument, match="not invertible"):
        tf.linalg.inv(tf.zeros((2, 2)))
    with pytest.raises(InvalidArgument, match="evenly divide"):
        tf.split(tf.ones(3), 2)
    assert issubclass(InvalidArgument, tf.errors.OpError)


# -- Python's protocols -----------------------------------------------------------------------------------------------


def test_tensors_are_immutable():
    x = tf.constant([1.0, 2.0])
    with pytest.raises(TypeError, match="does not support item assignment"):
        x[0] = 3.0
    array = x.numpy()
    array[0] = 9
    y = x
    y += 1
    assert value(x) == [1, 2] and value(y) == [2, 3]


def test_truth_hash_and_equality():
    x = tf.constant([1.0, 2.0])
    with pytest.raises(ValueError, match="truth value of an array with more than one element is ambiguous"):
        bool(x)
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)
    assert value(x == tf.ones(3)) is False and value(x != tf.ones(3)) is True and (x == None) is False  # noqa: E711
    assert value(x == [1, 5]) == [True, False]
    with pytest.raises(InvalidArgument):
        tf.less(x, tf.ones(3))
    assert {x.ref(): 1}[x.ref()] == 1


def test_conversions():
    x = tf.constant([[1.0, 2.0]])
    with pytest.raises(TypeError, match="only 0-dimensional arrays"):
        float(x)
    assert len(x) == 1 and [value(row) for row in x] == [[1, 2]]
    assert float(x[0, 0]) == 1 and int(x[0, 1]) == 2 and x[0, 1].numpy() == np.float32(2)
    with pytest.raises(TypeError, match="Cannot iterate over a scalar"):
        iter(x[0, 0])
    assert isinstance(np.sin(x), np.ndarray)
    assert list(range(3))[tf.constant(1)] == 1
    for made in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), copy.copy(x)):
        assert value(made) == value(x)


def test_indexing():
    x = tf.reshape(tf.range(12), (3, 4))
    for index in (1, -1, slice(None, None, -1), (1, 2), (slice(1), slice(1, 3)), (..., None), (tf.constant(1), 0)):
        plain = tuple([int(i) if tf.is_tensor(i) else i for i in index]) if isinstance(index, tuple) else index
        assert value(x[index]) == x.numpy()[plain].tolist()
    assert value(x[x > 8]) == [9, 10, 11]
    with pytest.raises(InvalidArgument, match="slice index 5 of dimension 0 out of bounds"):
        x[5]
    with pytest.raises(InvalidArgument, match="input has only 2 dims"):
        x[0, 0, 0]
    with pytest.raises(TypeError, match="Only integers, slices"):
        x["a"]
    with pytest.raises(TypeError, match="Only integers, slices"):
        x[1.0]


# -- gradients at special points --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "at", "slope"),
    [
        (tf.abs, 0.0, 0), (tf.nn.relu, 0.0, 0), (tf.sign, 0.0, 0), (tf.nn.relu6, 6.0, 0),
        (lambda x: tf.maximum(x, 0.0), 0.0, 1), (lambda x: tf.maximum(0.0, x), 0.0, 0),
        (lambda x: tf.minimum(x, 0.0), 0.0, 1), (lambda x: tf.clip_by_value(x, 0.0, 1.0), 0.0, 1),
        (tf.sqrt, 0.0, np.inf), (lambda x: x**0.0, 0.0, 0), (tf.floor, 1.5, None), (tf.round, 1.5, None),
        (lambda x: x // 2.0, 3.0, None), (lambda x: x % 2.0, 3.0, 1), (lambda x: tf.cast(x, tf.int32), 1.0, None),
        (lambda x: tf.argmax([x, x]), 1.0, None), (lambda x: tf.cast(x, tf.float64), 1.0, 1),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("error")
def test_slopes(f, at, slope):
    assert value(gradient(f, at)) == slope


@pytest.mark.filterwarnings("error")
def test_gradients_at_ties_and_zeros():
    assert np.isnan(gradient(tf.norm, [0.0, 0.0])).all()
    assert value(gradient(tf.reduce_max, [1.0, 3.0, 3.0])) == [0, 0.5, 0.5]
    assert value(gradient(tf.reduce_prod, [0.0, 2.0, 0.0])) == [0, 0, 0]
    assert np.isnan(gradient(tf.math.reduce_std, [1.0, 1.0])).all()
    assert np.isnan(tf.maximum(float("nan"), 1.0)) and np.isnan(tf.maximum(1.0, float("nan")))
    assert np.isnan(tf.nn.relu(float("nan"))) and np.isneginf(tf.math.log(0.0)) and np.isinf(tf.constant(1.0) / 0.0)
    assert value(gradient(lambda x: tf.math.divide_no_nan(x, 0.0), 3.0)) == 0


# -- functions --------------------------------------------------------------------------------------------------------

M = [[1.0, 2.0], [3.0, 5.0]]


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: tf.reduce_sum(x, axis=1, keepdims=True), [[3], [8]]),
        (lambda x: tf.reduce_mean(x, axis=0), [2, 3.5]),
        (lambda x: tf.transpose(x), [[1, 3], [2, 5]]),
        (lambda x: tf.tensordot(x, x, axes=[[1], [0]]), [[7, 12], [18, 31]]),
        (lambda x: tf.linalg.matvec(x, [1.0, 1.0]), [3, 8]),
        (lambda x: tf.matmul(x, x, transpose_b=True), [[5, 13], [13, 34]]),
        (lambda x: tf.concat([x, x], axis=1), [[1, 2, 1, 2], [3, 5, 3, 5]]),
        (lambda x: tf.stack([x[0], x[1]], axis=1), [[1, 3], [2, 5]]),
        (lambda x: tf.split(x, [1, -1])[1], [[3, 5]]),
        (lambda x: tf.gather(x, [1, 0], axis=1), [[2, 1], [5, 3]]),
        (lambda x: tf.boolean_mask(x, [True, False]), [[1, 2]]),
        (lambda x: tf.cumsum(x, axis=1, exclusive=True, reverse=True), [[2, 0], [5, 0]]),
        (lambda x: tf.norm(x, axis=1, ord=1), [3, 8]),
        (lambda x: tf.expand_dims(x, 1), [[[1, 2]], [[3, 5]]]),
        (lambda x: tf.pad(x, [[0, 0], [1, 0]]), [[0, 1, 2], [0, 3, 5]]),
        (lambda x: tf.tile(x, [1, 2]), [[1, 2, 1, 2], [3, 5, 3, 5]]),
        (lambda x: tf.repeat(x, 2, axis=0), [[1, 2], [1, 2], [3, 5], [3, 5]]),
        (lambda x: tf.reverse(x, [0]), [[3, 5], [1, 2]]),
        (lambda x: tf.sort(x, direction="DESCENDING"), [[2, 1], [5, 3]]),
        (lambda x: tf.math.top_k(x, 1).values, [[2], [5]]),
        (lambda x: tf.linalg.diag_part(x), [1, 5]),
        (lambda x: tf.linalg.trace(x), 6),
        (lambda x: tf.linalg.band_part(x, 0, -1), [[1, 2], [0, 5]]),
        (lambda x: tf.einsum("ij->j", x), [4, 7]),
        (lambda x: tf.math.segment_sum(x, [0, 0]), [[4, 7]]),
        (lambda x: tf.tensor_scatter_nd_update(x, [[0, 1]], [9.0]), [[1, 9], [3, 5]]),
        (lambda x: tf.gather_nd(x, [[0, 1], [1, 0]]), [2, 3]),
        (lambda x: tf.map_fn(lambda row: row[0] * row[1], x), [2, 15]),
        (lambda x: tf.vectorized_map(lambda row: tf.reduce_sum(row * row), x), [5, 34]),
        (lambda x: tf.scan(lambda a, b: a + b, x), [[1, 2], [4, 7]]),
        (lambda x: tf.foldl(lambda a, b: a * b, x), [3, 10]),
        (lambda x: tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, y * 2), [0, x])[1], [[4, 8], [12, 20]]),
        (lambda x: tf.cond(x[0, 0] > 0, lambda: x, lambda: -x), M),
        (lambda x: tf.clip_by_global_norm([x], 100.0)[0][0], M),
        (lambda x: tf.add_n([x, x]), [[2, 4], [6, 10]]),
        (lambda x: tf.slice(x, [0, 1], [-1, 1]), [[2], [5]]),
        (lambda x: tf.roll(x, 1, 0), [[3, 5], [1, 2]]),
    ],
)
def test_functions_and_their_derivatives(f, expected):
    np.testing.assert_allclose(f(tf.constant(M)), expected)
    numbers = tf.constant(M, tf.float64)

    def in_double(x):
        return tf.reduce_sum(tf.cast(f(tf.cast(x, tf.float32)), tf.float64) * 1.5)

    theory, numerical = tf.test.compute_gradient(in_double, [numbers], delta=2.0**-6)
    np.testing.assert_allclose(theory[0], numerical[0], atol=1e-3)


def test_creation():
    assert value(tf.eye(2)) == [[1, 0], [0, 1]] and value(tf.fill((2,), 3)) == [3, 3]
    assert value(tf.one_hot([0, 3], 2)) == [[1, 0], [0, 0]]
    assert value(tf.zeros_like([1, 2])) == [0, 0] and tf.ones_like(tf.constant([1.0])).dtype == tf.float32
    assert value(tf.meshgrid([1, 2], [3])[0]) == [[1, 2]]
    assert value(tf.shape(tf.ones((2, 3)))) == [2, 3] and value(tf.size(tf.ones(3))) == 3
    assert value(tf.where([True, False, True])) == [[0], [2]] and value(tf.unique([2, 1, 2]).idx) == [0, 1, 0]


def test_random_draws_follow_the_seed():
    tf.random.set_seed(7)
    first = [value(tf.random.normal((2,))), value(tf.random.uniform((2,), maxval=9, dtype=tf.int32))]
    tf.random.set_seed(7)
    assert first == [value(tf.random.normal((2,))), value(tf.random.uniform((2,), maxval=9, dtype=tf.int32))]
    assert sorted(value(tf.random.shuffle([3, 1, 2]))) == [1, 2, 3]
    with pytest.raises(ValueError, match="maxval"):
        tf.random.uniform((2,), dtype=tf.int32)
    assert abs(float(tf.reduce_mean(tf.random.normal((10000,), mean=2.0)))) == pytest.approx(2, abs=0.1)


def test_cross_entropies():
    logits = tf.constant([[1.0, 2.0], [0.0, -3.0]])
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    sparse = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1, 0], logits=logits)
    np.testing.assert_allclose(sparse, -np.log(p[[0, 1], [1, 0]]), rtol=1e-6)
    dense = tf.nn.softmax_cross_entropy_with_logits(labels=[[0.0, 1.0], [1.0, 0.0]], logits=logits)
    np.testing.assert_allclose(dense, sparse, rtol=1e-6)
    binary = tf.nn.sigmoid_cross_entropy_with_logits(labels=[1.0], logits=[100.0])
    assert value(binary) == [0]
    g = gradient(lambda z: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1, 0], logits=z), logits)
    np.testing.assert_allclose(g, p - [[0, 1], [1, 0]], atol=1e-6)
    with pytest.raises(InvalidArgument, match="outside the valid range"):
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[2, 0], logits=logits)


# -- IndexedSlices ----------------------------------------------------------------------------------------------------


def test_gradient_of_gather_is_indexed_slices():
    v = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        y = tf.gather(v, [0, 0, 2]) * tf.constant([1.0, 10.0, 100.0])
    g = tape.gradient(y, v)
    assert isinstance(g, tf.IndexedSlices)
    assert [value(g.values), value(g.indices), value(g.dense_shape)] == [[1, 10, 100], [0, 0, 2], [3]]
    assert value(tf.convert_to_tensor(g)) == [11, 0, 100]
    v.scatter_sub(g)
    assert value(v) == [-10, 2, -97]


def test_gather_with_other_uses_is_dense():
    e = tf.Variable(tf.ones((3, 2)))
    with tf.GradientTape(persistent=True) as tape:
        y = tf.reduce_sum(tf.gather(e, 1)) + tf.reduce_sum(e)
        z = tf.reduce_sum(tf.nn.embedding_lookup(e, [[0, 2], [2, 1]])) + tf.reduce_sum(tf.gather(e, 1))
    assert value(tape.gradient(y, e)) == [[1, 1], [2, 2], [1, 1]]
    g = tape.gradient(z, e)
    assert isinstance(g, tf.IndexedSlices) and g.shape == (3, 2)
    assert value(tf.convert_to_tensor(g)) == [[1, 1], [2, 2], [2, 2]]


# -- around -----------------------------------------------------------------------------------------------------------


def test_optimizers():
    for make, expected in [
        (lambda: tf.keras.optimizers.SGD(0.1), 0.8), (lambda: tf.keras.optimizers.SGD(0.1, momentum=0.9), 0.8),
        (lambda: tf.keras.optimizers.Adam(0.1), 0.9),
    ]:  # fmt: skip
        optimizer, v = make(), tf.Variable([1.0])
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(v * v)
        optimizer.apply_gradients(zip(tape.gradient(loss, [v]), [v]))
        np.testing.assert_allclose(v, [expected], rtol=1e-5)
        assert int(optimizer.iterations) == 1
    optimizer.learning_rate = 0.5
    assert float(optimizer.learning_rate) == 0.5
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        optimizer.apply_gradients([(None, v)])
    before = float(v[0])
    tf.keras.optimizers.SGD(0.1).minimize(lambda: v * v, [v])
    assert float(v[0]) == pytest.approx(0.8 * before)


def test_losses_and_data():
    assert float(tf.keras.losses.MeanSquaredError()([[1.0], [2.0]], [[1.0], [4.0]])) == 2
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert float(loss([0], [[0.0, 0.0]])) == pytest.approx(np.log(2))
    data = tf.data.Dataset.from_tensor_slices((tf.range(5), tf.range(5.0))).shuffle(5).batch(2)
    batches = [(value(a), value(b)) for a, b in data]
    assert [len(a) for a, _ in batches] == [2, 2, 1] and all([a == b for a, b in batches])
    assert sorted([e for a, _ in batches for e in a]) == [0, 1, 2, 3, 4]


def test_modules_find_their_variables():
    class Layer(tf.Module):
        def __init__(self):
            super().__init__()
            self.b = tf.Variable(0.0, trainable=False)
            self.w = [tf.Variable(1.0)]

    class Net(tf.Module):
        def __init__(self):
            super().__init__("net")
            self.first = Layer()

    net = Net()
    assert net.name == "net" and len(net.variables) == 2 and len(net.trainable_variables) == 1
    assert net.submodules == (net.first,)


def test_debugging():
    assert value(tf.debugging.check_numerics(tf.constant([1.0]), "fine")) == [1]
    with pytest.raises(InvalidArgument, match="here : Tensor had NaN values"):
        tf.debugging.check_numerics(tf.constant([float("nan")]), "here")
    with pytest.raises(InvalidArgument, match="Condition x == y did not hold"):
        tf.debugging.assert_equal(1, 2)


# -- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "name", "closest"),
    [
        (tf, "reduce_summ", "reduce_sum"), (tf, "Gradienttape", "GradientTape"),
        (tf.math, "reduce_stdev", "reduce_std"),
        (tf.nn, "reluu", "relu"), (tf.random, "normall", "normal"), (tf.linalg, "matvecs", "matvec"),
        (tf.keras.optimizers, "AdamW", "Adam"), (tf.errors, "InvalidArgument", "InvalidArgumentError"),
        (tf.data, "Datasets", "Dataset"), (tf.dtypes, "float23", "float32"),
    ],
)  # fmt: skip
def test_missing_names_say_so(module, name, closest):
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'; the closest name it has is '{closest}'"):
        getattr(module, name)


def test_missing_name_without_a_relative():
    with pytest.raises(AttributeError, match="tetragrad covers"):
        tf.qqzzqq  # noqa: B018
    with pytest.raises(AttributeError, match="closest name it has is 'shape'"):
        tf.constant(1.0).shap  # noqa: B018
