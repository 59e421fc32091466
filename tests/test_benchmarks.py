"""The benchmarks themselves: workloads agree between the forms of tetragrad and bare NumPy, verdicts follow numbers."""

import numpy as np
import pytest
from benchmarks import report, targets
from benchmarks.driver import PeerError, compare, summarise
from benchmarks.peers import PEERS, numpy_by_hand, tetragrad_compiled, tetragrad_eager
from benchmarks.worker import Service
from benchmarks.workloads import WORKLOADS

import tetragrad as tg

QUICK = ["multiply", "dot", "dot_gradient", "control_flow", "chain_10", "small_step", "rosenbrock_hessian"]
SMALL = {  # the large workloads, on the first rows only
    "elementwise": {"u": 1000},
    "cross_entropy": {"logits": 8, "labels": 8},
    "layer_norm": {"x": 8, "cotangent": 8},
    "classification_step": {"inputs": 8, "labels": 8},
    "lenet_step": {"inputs": 2, "labels": 2},
}


@pytest.fixture(autouse=True)
def _same_threads_afterwards():
    number = tg.threads()
    yield
    tg.threads(number)


@pytest.mark.parametrize("workload", QUICK)
def test_compiled_workloads_agree_with_eager_ones(workload):
    expected, found = [Service(name, 1).build(workload) for name in ("tetragrad", "tetragrad-compiled")]
    compare(found["results"], expected["results"], WORKLOADS[workload].tolerance)
    assert found["first_call"] > 0


@pytest.mark.parametrize("function", SMALL)
def test_large_workloads_agree_on_their_first_rows(function):
    workload = next(workload for workload in WORKLOADS.values() if workload.function == function)
    service = Service("tetragrad", 1)
    answers = []
    for module in (tetragrad_eager, tetragrad_compiled, numpy_by_hand):
        if hasattr(module, function):
            inputs = workload.inputs()
            inputs.update({name: inputs[name][:rows].copy() for name, rows in SMALL[function].items()})
            answers.append(service._numbers(getattr(module, function)(**inputs)()))
    for answer in answers[1:]:
        compare(answer, answers[0], workload.tolerance)


def test_a_wrong_result_is_refused():
    right = [{"shape": [2], "elements": [1.0, 2.0]}]
    with pytest.raises(PeerError, match="disagrees"):
        compare([{"shape": [2], "elements": [1.0, 2.1]}], right, 1e-3)
    with pytest.raises(PeerError, match="shapes"):
        compare([{"shape": [1], "elements": [1.0]}], right, 1e-3)


def test_targets_name_what_exists():
    for target in targets.TARGETS:
        assert target.workload in report.TITLES and target.subject in PEERS
        assert target.peer is None or target.peer in PEERS


def test_verdicts():
    measured = summarise({"tetragrad-compiled": [1e-6, 2e-6], "jax-jit": [8e-6, 10e-6]}, {"drjit": "not installed"})
    measured["tetragrad-compiled"]["first_call"] = 0.2
    measured["jax-jit"]["first_call"] = 0.3
    verdicts = targets.judge({"dot_gradient": measured}, ["tetragrad-compiled"])
    found = {(v["peer"], v["measure"]): v for v in verdicts if v["workload"] == "dot_gradient"}
    assert found[None, "time"]["met"] is True
    assert found["jax-jit", "time"]["met"] is True
    assert found["jax-jit", "time"]["best"] == pytest.approx(1 / 8)
    assert found["jax-jit", "time"]["median"] == pytest.approx(np.median([1 / 8, 1 / 5]))
    assert found["drjit", "time"]["met"] is None
    assert found["jax-jit", "first_call"]["met"] is False
    assert {v["met"] for v in verdicts if v["workload"] != "dot_gradient"} == {None}
