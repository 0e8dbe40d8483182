"""ganlib.plots: what is drawn, and what is refused."""

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

import ganlib  # noqa: E402
from ganlib import architectures, plots  # noqa: E402


@pytest.fixture(autouse=True)
def figures():
    with matplotlib.rc_context():
        plots.style()
        yield
        plt.close("all")


def drawn(figure, place=0):
    return figure.axes[place].get_images()[0].get_array()


def test_an_image_grid_holds_every_image_once():
    images = np.full((5, 4, 4, 1), -1.0)
    images[:, 0, 0, 0] = np.linspace(-0.5, 0.5, 5)
    picture = drawn(plots.image_grid(images, columns=3))
    assert picture.shape == (2 * 4 + 1, 3 * 4 + 2)  # two rows of three, one pixel between them
    corners = [picture[row, column] for row in (0, 5) for column in (0, 5, 10)]
    np.testing.assert_allclose(corners[:5], np.linspace(0.25, 0.75, 5))
    assert corners[5] == 1  # no sixth image: white


def test_an_image_grid_names_its_blocks():
    figure = plots.image_grid({"Real": np.zeros((4, 8, 8, 3)), "Generated": np.zeros((2, 8, 8, 3))}, title="Both")
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Real", "Generated"]
    assert figure.get_suptitle() == "Both"
    assert drawn(figure).shape[-1] == 3


def test_images_outside_the_range_are_clipped():
    picture = drawn(plots.image_grid(np.array([-3.0, 3.0]).reshape(2, 1, 1, 1)))
    assert picture[0, 0] == 0
    assert picture[0, -1] == 1


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((4, 8, 8)), r"shape \(4, 8, 8\); expected \(n, height, width, channels\)"),
        (np.zeros((4, 1, 8, 8)), "one or three channels"),
        (np.zeros((0, 8, 8, 1)), "at least one image"),
        ({}, "mapping is empty"),
        ({"Real": np.zeros(3)}, "The images 'Real' have shape"),
    ],
)
def test_what_is_no_stack_of_images_is_refused(images, message):
    with pytest.raises(ValueError, match=message):
        plots.image_grid(images)


def test_columns_must_be_positive():
    with pytest.raises(ValueError, match="columns must be a whole number of at least 1, not 0"):
        plots.image_grid(np.zeros((1, 2, 2, 1)), columns=0)


def test_losses_draw_both_players_and_the_levels():
    history = {"d_loss": np.linspace(2, 1, 200), "g_loss": np.linspace(1, 2, 200), "other": np.zeros(200)}
    figure = plots.losses(history, levels={"2 log 2": 2 * np.log(2)})
    ax = figure.axes[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Discriminator", "Generator"]
    assert [text.get_text() for text in ax.texts] == ["2 log 2"]
    each_step, mean = ax.lines[0].get_ydata(), ax.lines[1].get_ydata()
    np.testing.assert_array_equal(each_step, history["d_loss"])
    assert mean[0] == pytest.approx(history["d_loss"][:4].mean())  # a window of 200 // 50 steps
    assert len(mean) == 197


def test_losses_of_a_single_step():
    figure = plots.losses({"d_loss": np.ones(1), "g_loss": np.ones(1)})
    assert len(figure.axes[0].lines) == 4


@pytest.mark.parametrize("history", [{}, {"d_loss": np.ones(3)}, {"d_loss": np.ones(0), "g_loss": np.ones(3)}])
def test_a_history_without_the_losses_is_refused(history):
    with pytest.raises(ValueError, match="The history has no"):
        plots.losses(history)


def test_scatter_takes_data_or_an_array():
    points = np.random.default_rng(0).normal(size=(50, 2))
    data = ganlib.data.load("ring", n=30)
    for real, count in ((data, 30), (points[:20], 20)):
        ax = plots.scatter(points, real).axes[0]
        assert [len(collection.get_offsets()) for collection in ax.collections] == [count, 50]
    assert len(plots.scatter(points).axes[0].collections) == 1


def test_scatter_refuses_images():
    with pytest.raises(ValueError, match=r"samples has shape \(4, 8, 8, 1\); expected points in the plane"):
        plots.scatter(np.zeros((4, 8, 8, 1)))
    with pytest.raises(ValueError, match="data has shape"):
        plots.scatter(np.zeros((4, 2)), ganlib.data.load("digits", n=4))


def test_matrices_share_one_scale():
    figure = plots.matrices({"A": np.eye(2), "B": np.array([[-3.0, 0.0]])})
    assert [ax.get_title(loc="left") for ax in figure.axes[:2]] == ["A: 2 × 2", "B: 1 × 2"]
    for ax in figure.axes[:2]:
        assert ax.get_images()[0].get_clim() == (-3, 3)


def test_matrices_of_zeros_can_be_drawn():
    assert plots.matrices({"O": np.zeros((2, 2))}).axes[0].get_images()[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(("arrays", "message"), [({}, "mapping is empty"), ({"v": np.ones(3)}, "'v' has shape")])
def test_what_is_no_matrix_is_refused(arrays, message):
    with pytest.raises(ValueError, match=message):
        plots.matrices(arrays)


@pytest.mark.parametrize("name", ["dcgan-digits", "dcgan-64", "ring"])
def test_networks_name_every_shape_and_layer(name):
    recipe = ganlib.recipe(name)
    figure = plots.networks(recipe, title="Both players")
    layers = architectures.generator_layers(recipe), architectures.discriminator_layers(recipe)
    inputs = (recipe.latent,), recipe.shape
    for ax, own, shape in zip(figure.axes, layers, inputs, strict=True):
        texts = [text.get_text() for text in ax.texts if text.get_text()]
        for after in (shape, *architectures.shapes(own, shape)):
            assert "×".join(map(str, after)) in texts
        drawn = "\n".join(texts)
        for kind, word in ((architectures.BatchNorm, "batch norm"), (architectures.ConvTranspose, "transposed 4×4")):
            assert drawn.count(word) == sum(isinstance(layer, kind) for layer in own)


def test_axes_of_one_s_own():
    figure, (left, right) = plt.subplots(1, 2)
    assert plots.losses({"d_loss": np.ones(9), "g_loss": np.ones(9)}, ax=left) is figure
    assert plots.scatter(np.zeros((3, 2)), ax=right) is figure
    assert len(left.lines) == 4
    assert len(right.collections) == 1


def test_colours_are_hexadecimal_and_the_players_differ():
    assert all(matplotlib.colors.is_color_like(colour) for colour in plots.COLOURS.values())
    assert plots.COLOURS["generator"] == plots.COLOURS["generated"]
    assert [one["color"] for one in plt.rcParams["axes.prop_cycle"]] == list(dict.fromkeys(plots.COLOURS.values()))
    assert len({plots.COLOURS[name] for name in ("real", "generated", "discriminator", "other", "reference")}) == 5


def test_a_table_is_aligned_as_text_and_marked_and_escaped_as_html():
    table = plots.Table(["kernel", "a < b"], [["2", 16], ["4 & more", "7"]], best={(1, 1)})
    assert repr(table) == "kernel    a < b\n2         16\n4 & more  7"
    head, body = "<thead><tr>{}</tr></thead>", "<tbody>{}</tbody>"
    head = head.format('<th scope="col">kernel</th><th scope="col">a &lt; b</th>')
    rows = '<tr><th scope="row">2</th><td>16</td></tr>'
    rows += '<tr><th scope="row">4 &amp; more</th><td><strong>7</strong></td></tr>'
    assert table._repr_html_() == f'<table class="table">{head}{body.format(rows)}</table>'
