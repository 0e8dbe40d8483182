"""ganlib.dynamics against what is known by other ways: the oracle's losses, closed forms, the authors' notebook."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ganlib import dynamics, reference
from ganlib.reference.optimisers import CONJUGATE
from ganlib.teaching.dynamics import DiracGAN, _update_matrix, contraction, eigenvalues, jacobian, simulate

PLACES = st.floats(-3, 3)
WEIGHTS = st.floats(0, 3)
GAMES = st.builds(
    DiracGAN, st.sampled_from(sorted(dynamics.SLOPES)), r1=WEIGHTS, noise=st.floats(0, 1), consensus=WEIGHTS
)
MATRICES = st.lists(st.floats(-2, 2), min_size=4, max_size=4).map(lambda m: np.reshape(m, (2, 2)))
RATES = st.tuples(st.floats(0, 1), st.floats(0, 1))


def distance(game, update, **options):
    """As in the authors' notebook: its ψ is ours with the other sign, and its generator moves first."""
    return np.hypot(*simulate(game, (1, -1), 0.2, 500, update=update, first="generator", **options)[-1])


@pytest.mark.parametrize(
    ("game", "options", "alternating", "simultaneous"),
    [
        (DiracGAN(), {}, "1.42", "3.1"),
        (DiracGAN("nonsaturating"), {}, "0.28", "0.64"),
        (DiracGAN("wasserstein"), {"clip": 1.0}, "1.02", None),
        (DiracGAN("wasserstein", wgan_gp=0.35), {}, "1.22", None),
        (DiracGAN(r1=0.3), {}, "2e-07", "2.6e-06"),
        (DiracGAN(r1=1.0), {}, "7e-17", None),
        (DiracGAN(consensus=1.0), {}, "1.7e-11", None),  # 1e-11 in the authors' notebook: see below
    ],
)
def test_the_distances_of_the_authors_notebook(game, options, alternating, simultaneous):
    for update, expected in (("alternating", alternating), ("simultaneous", simultaneous)):
        if expected is not None:
            digits = len(expected.partition("e")[0].replace("0.", "").replace(".", ""))
            assert f"{distance(game, update, **options):.{digits}g}" == expected


def test_the_authors_consensus_halves_a_term():
    def halved(theta, psi):
        """The gradient of ½ (θ² + ψ²) σ² as their notebook has it, the slope of σ² counted half."""
        s = 1 / (1 + np.exp(-theta * psi))
        half = 0.5 * (theta**2 + psi**2) * s**2 * (1 - s)
        return psi * s - theta * s**2 - half * psi, -theta * s - psi * s**2 - half * theta

    assert f"{distance(halved, 'alternating'):.0e}" == "1e-11"
    exact = DiracGAN(consensus=1.0)(0.8, -0.6)
    assert not np.allclose(halved(0.8, -0.6), exact, atol=0.01)


def test_the_authors_instance_noise_is_what_a_thousand_samples_a_step_leave():
    ends = []
    for seed in range(5):
        rng = np.random.default_rng(seed)

        def sampled(theta, psi, rng=rng):
            noise = 0.7 * rng.standard_normal((2, 1000))
            fake = theta + noise[0]
            real, made = reference.sigmoid(-psi * noise[1]), reference.sigmoid(psi * fake)
            return psi * made.mean(), (noise[1] * real).mean() - (fake * made).mean()

        ends.append(distance(sampled, "alternating"))
    assert min(ends) < 0.012 < max(ends) < 0.1
    assert distance(DiracGAN(noise=0.7), "alternating") < 1e-5  # the expectation goes on


@settings(max_examples=60)
@given(st.sampled_from(sorted(dynamics.SLOPES)), PLACES, PLACES, WEIGHTS, WEIGHTS)
def test_the_field_is_downhill_on_the_oracle_s_losses(name, theta, psi, r1, wgan_gp):
    loss, real, fake = reference.losses.get(name), np.zeros(1), np.array([theta])
    by_real, by_fake = loss.discriminator_gradient(psi * real, psi * fake)
    _, for_g = loss.generator_gradient(psi * real, psi * fake)
    penalty = r1 * psi + 2 * wgan_gp * (abs(psi) - 1) * np.sign(psi)
    v = DiracGAN(name, r1=r1, wgan_gp=wgan_gp)(theta, psi)
    expected = -for_g[0] * psi, -(by_real @ real + by_fake @ fake) - penalty
    np.testing.assert_allclose(v, expected, atol=1e-12)


@settings(max_examples=30)
@given(st.sampled_from(("minimax", "nonsaturating")), PLACES, PLACES, st.floats(0.01, 1))
def test_instance_noise_is_an_expectation(name, theta, psi, noise):
    rng = np.random.default_rng(0)
    e = noise * rng.standard_normal((2, 20_000))
    loss, real, fake = reference.losses.get(name), e[0], theta + e[1]
    by_real, by_fake = loss.discriminator_gradient(psi * real, psi * fake)
    _, for_g = loss.generator_gradient(psi * real, psi * fake)
    sampled = -(for_g.sum() * psi), -(by_real @ real + by_fake @ fake)
    np.testing.assert_allclose(DiracGAN(name, noise=noise)(theta, psi), sampled, atol=0.12 * noise)


@settings(max_examples=40)
@given(GAMES)
def test_the_jacobian_is_the_field_s(game):
    np.testing.assert_allclose(game.jacobian(), jacobian(game), atol=1e-7)
    np.testing.assert_array_equal(game(0.0, 0.0), (0, 0))


@settings(max_examples=40)
@given(GAMES, PLACES, PLACES)
def test_consensus_descends_the_square_of_the_velocity(game, theta, psi):
    plain = DiracGAN(game.loss, r1=game.r1, noise=game.noise)
    h = 1e-5
    slope = [
        (np.square(plain(theta + a, psi + b)).sum() - np.square(plain(theta - a, psi - b)).sum()) / (4 * h)
        for a, b in ((h, 0), (0, h))
    ]
    expected = np.array(plain(theta, psi)) - game.consensus * np.array(slope)
    np.testing.assert_allclose(game(theta, psi), expected, atol=1e-5)


def test_the_field_takes_arrays():
    theta, psi = np.meshgrid([-1.0, 0.5, 2.0], [-2.0, 0.0])
    for game in (DiracGAN(noise=0.5, consensus=1), DiracGAN("wasserstein", wgan_gp=1)):
        v = np.array(game(theta, psi))
        assert v.shape == (2, 2, 3)
        np.testing.assert_array_equal(v[:, 1, 2], game(2.0, 0.0))


@pytest.mark.parametrize("gamma", [0, 0.3, 1, 1.7])
def test_the_eigenvalues_under_r1(gamma):
    root = np.sqrt(complex(gamma**2 / 4 - 1 / 4))
    np.testing.assert_array_equal(eigenvalues(DiracGAN(r1=gamma).jacobian()), [-gamma / 2 + root, -gamma / 2 - root])


def test_the_contraction_under_r1():
    j = DiracGAN(r1=0.3).jacobian()
    assert contraction(j, 0.2, update="simultaneous") == pytest.approx(0.97468, abs=5e-6)
    path = simulate(DiracGAN(r1=0.3), (1e-3, 0), 0.2, 400, update="simultaneous")
    measured = (np.hypot(*path[400]) / np.hypot(*path[4])) ** (1 / 396)
    assert measured == pytest.approx(0.97468, abs=2e-4)


@given(MATRICES, st.floats(0, 1))
def test_simultaneous_updates_multiply_by_one_plus_h_lambda(j, h):
    expected = np.abs(1 + h * np.linalg.eigvals(j)).max()
    assert contraction(j, h, update="simultaneous") == pytest.approx(expected, abs=1e-6)


@given(MATRICES)
def test_eigenvalues_solve_the_characteristic_equation(m):
    for value in eigenvalues(m):
        assert abs(value**2 - np.trace(m) * value + np.linalg.det(m)) < 1e-12
    assert sum(eigenvalues(m)) == pytest.approx(np.trace(m))
    three = np.diag([1.0, 2.0, 3.0])
    assert sorted(eigenvalues(three).real) == [1, 2, 3]


@settings(max_examples=40)
@given(
    MATRICES,
    RATES,
    st.sampled_from(dynamics.UPDATES),
    st.floats(-0.9, 0.9),
    st.integers(1, 3),
)
def test_the_update_matrix_is_what_simulate_does(j, rate, update, momentum, d_steps):
    # Players who would both gain from the same move have no equilibrium to step to at some rates.
    assume(update != "competitive" or abs(1 - np.prod(rate) * j[0, 1] * j[1, 0]) > 0.3)
    rule = {"update": update, "momentum": momentum, "d_steps": d_steps if update == "alternating" else 1}
    path = simulate(lambda theta, psi: j @ (theta, psi), (0.7, -0.4), rate, 6, **rule)
    matrix = _update_matrix(j, rate, **rule)
    state = np.zeros(len(matrix))
    state[:2] = 0.7, -0.4
    for place in path[1:]:
        state = matrix @ state
        np.testing.assert_allclose(place, state[:2], atol=1e-9 * max(1, np.abs(state).max()))


def rotate(theta, psi):
    return psi, -theta


def test_update_rules_by_hand():
    assert simulate(rotate, (1, 0), 0.5, 1, update="simultaneous")[1].tolist() == [1, -0.5]
    assert simulate(rotate, (1, 0), 0.5, 1, update="alternating")[1].tolist() == [0.75, -0.5]
    assert simulate(rotate, (1, 0), 0.5, 1, update="alternating", first="generator")[1].tolist() == [1, -0.5]
    assert simulate(rotate, (1, 0), 0.5, 1, update="extragradient")[1].tolist() == [0.75, -0.5]
    assert simulate(rotate, (1, 0), 0.5, 1, update="competitive")[1] == pytest.approx([0.8, -0.4])
    assert simulate(rotate, (1, 0), (0.5, 0.25), 1, update="simultaneous")[1].tolist() == [1, -0.25]
    assert simulate(rotate, (1, 0), 0.5, 1, d_steps=2)[1].tolist() == [0.5, -1]
    assert simulate(rotate, (1, 0), 0.5, 1, clip=0.25)[1].tolist() == [0.875, -0.25]
    twice = simulate(rotate, (1, 0), (0, 0.5), 2, momentum=0.5)
    assert twice[:, 1].tolist() == [0, -0.5, -1.25]


def test_alternating_updates_of_a_rotation_keep_areas():
    for h in (0.1, 0.5, 1.9):
        matrix = _update_matrix(DiracGAN("wasserstein").jacobian(), h, "alternating", 0, 1)
        assert np.linalg.det(matrix) == pytest.approx(1)
        assert contraction(DiracGAN("wasserstein").jacobian(), h) == pytest.approx(1)
    assert contraction(DiracGAN("wasserstein").jacobian(), 2.1) > 1.5


@settings(max_examples=40)
@given(GAMES, PLACES, PLACES, st.floats(0.01, 2))
def test_a_competitive_step_is_the_oracles(game, theta, psi, h):
    j = jacobian(game, (theta, psi))
    assume(abs(1 - h**2 * j[0, 1] * j[1, 0]) > 0.1)
    v = np.array(game(theta, psi))
    step = reference.competitive_step([-v[0]], [-v[1]], [[-j[0, 1]]], [[-j[1, 0]]], h)
    end = simulate(game, (theta, psi), h, 1, update="competitive")[1]
    np.testing.assert_allclose(end, [theta + step[0][0], psi + step[1][0]], rtol=1e-9, atol=1e-12)


@given(MATRICES, st.floats(0.01, 1))
def test_competitive_updates_of_a_rotation_contract_at_every_rate(m, h):
    turn = np.array([[0, m[0, 1]], [-m[0, 1], 0]])
    for rate in (h, 100 * h):
        expected = 1 / np.sqrt(1 + (rate * m[0, 1]) ** 2)
        assert contraction(turn, rate, update="competitive") == pytest.approx(expected)


@pytest.mark.parametrize("rule", CONJUGATE)
def test_momentum_by_a_formula_is_the_oracles_conjugate_step(rule):
    game, rates = DiracGAN("nonsaturating", r1=0.5), (0.2, 0.5)
    path = simulate(game, (1, -2), rates, 30, update="simultaneous", momentum=rule)
    x, before, d = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2)
    for place in path[1:]:
        v = np.array(game(*x))
        steps = [
            reference.conjugate_step(x[i], -v[i], -before[i], d[i], rates[i], rule, dynamics.BOUND) for i in (0, 1)
        ]
        (x, d), before = np.array(steps).T, v
        np.testing.assert_allclose(place, x, atol=1e-12)
    alternating = simulate(game, (1, -2), rates, 30, momentum=rule)
    assert np.isfinite(alternating).all()
    if rule == "fletcher_reeves":  # the others find a β of 0 wherever a lone parameter goes on as before
        assert np.abs(path - simulate(game, (1, -2), rates, 30, update="simultaneous")).max() > 0.1
    with pytest.raises(TypeError, match="momentum must be a finite number, or a pair of them"):
        contraction(game.jacobian(), momentum=rule)


def test_a_path_that_diverges_says_so_in_numbers():
    path = simulate(lambda theta, psi: (psi**3, -(theta**3)), (3, 3), 5.0, 30, update="simultaneous")
    assert path.shape == (31, 2)
    assert not np.isfinite(path[-1]).any()


def test_the_minimax_field_runs_on_circles():
    theta, psi = np.random.default_rng(0).normal(size=(2, 100))
    v = DiracGAN()(theta, psi)
    np.testing.assert_allclose(theta * v[0] + psi * v[1], 0, atol=1e-15)


def test_wgan_gp_has_no_jacobian_at_the_equilibrium():
    with pytest.raises(ValueError, match=r"With wgan_gp=0.1 the field jumps at ψ = 0.*Use wgan_gp=0"):
        DiracGAN("wasserstein", wgan_gp=0.1).jacobian()
    with pytest.raises(ValueError, match=r'd_steps=2 needs update="alternating", not \'simultaneous\''):
        simulate(DiracGAN(), d_steps=2, update="simultaneous")
    with pytest.raises(ValueError, match=r"must give two numbers.*not 3 \(int\)"):
        simulate(lambda theta, psi: 3)
