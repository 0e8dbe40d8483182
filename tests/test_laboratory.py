"""ganlib.interactive.laboratory: what it computes is what Python computes, and how it is used."""

import json
import re
from collections import Counter

import numpy as np
import pytest

import ganlib
from ganlib.recipe import Recipe
from ganlib.teaching.interactive import element, engine, laboratory
from ganlib.teaching.interactive.lab import CONTROLS, LAYERS
from ganlib.teaching.interactive.scenarios import SCENARIOS

# One worker starts the browser, once.
pytestmark = [pytest.mark.long, pytest.mark.xdist_group("browser")]

TINY = {"width": 8, "depth": 1, "batch_size": 16}


@pytest.fixture(scope="module")
def tiny():
    return laboratory(ganlib.recipe("ring-page", **TINY))


def payload(figure):
    """The data in the element, as the script gets them."""
    return json.JSONDecoder().raw_decode(figure.html.partition(", drawLaboratory, ")[2])[0]


def steps_of(page):
    return int(re.match(r"Step ([\d,]+)", page.locator(".step").text_content())[1].replace(",", ""))


def wait_for_step(page, step):
    page.wait_for_function(
        """(step) => Number(document.querySelector("[data-ganlib]").shadowRoot.querySelector(".step").textContent
          .match(/^Step ([\\d,]+)/)?.[1].replace(",", "")) >= step""",
        arg=step,
    )


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


# Without a browser


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "dcgan-digits"}, r"draws points in the plane, and this recipe's samples are \(16, 16, 1\)"),
        ({"data": "digits"}, "has the data ring, grid, line, moons, not 'digits'"),
        ({"penalty": "wgan_gp"}, "penalty='wgan_gp'.*Use 'none' or 'r1' or 'r2'"),
        ({"discriminator_norm": "spectral"}, "discriminator_norm='spectral'"),
    ],
)
def test_recipes_that_no_page_can_train_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        laboratory(ganlib.recipe(**{"name": "ring", **changes}))


def test_a_scenario_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"scenario must be one of 'collapse', .* not 'colapse'"):
        laboratory(scenario="colapse")


def test_a_scenario_sets_what_there_is_and_has_an_answer():
    for name, content in SCENARIOS.items():
        assert set(content["settings"]) <= {control["key"] for control in CONTROLS}, name
        assert 0 <= content["answer"] < len(content["options"]) - 1, name  # the last one is "I do not know"
        assert {who for who, _ in content["plan"]} <= {"both", "discriminator", "generator"}
    assert laboratory(scenario="order").html != laboratory().html


# What it is set to


STATE = """([source, payload, job]) => {
  const state = new Function(source + "; return { recipeOf, settingsOf, toLink, fromLink };")();
  const start = { settings: state.settingsOf(payload.recipe, payload.controls), seed: payload.seed, speed: 3,
    other: null, scenario: null, dabs: [], journal: [],
    show: Object.fromEntries(payload.layers.map(({ key, on }) => [key, on])) };
  return new Function("state", "payload", "start", "given", job.code)(state, payload, start, job.given);
}"""


@pytest.fixture
def run(show, tiny):
    """A function that runs a script on what lab_state.js has, with `state`, `payload`, `start` and `given`."""
    page, source = show(), element.source("lab_state.js")
    return lambda code, given=None: page.evaluate(STATE, [source, payload(tiny), {"code": code, "given": given}])


def settings(rng):
    """Settings of all controls, each any that it takes."""
    chosen = {}
    for control in CONTROLS:
        if "choices" in control:
            chosen[control["key"]] = str(rng.choice(list(control["choices"])))
        elif control["key"] in ("d_steps", "width", "depth", "octaves"):
            chosen[control["key"]] = int(rng.integers(control["min"], control["max"] + 1))
        else:
            chosen[control["key"]] = round(rng.uniform(control["min"], control["max"]), 4) or control["max"]
    return chosen


def test_every_setting_makes_a_recipe_that_python_takes(run):
    rng = np.random.default_rng(0)
    chosen = [settings(rng) for _ in range(100)]
    code = "return given.map((one) => JSON.stringify(state.recipeOf(payload.recipe, payload.controls, one)));"
    for one, text in zip(chosen, run(code, chosen), strict=True):
        recipe = Recipe.from_json(text)
        assert (recipe.loss, recipe.penalty, recipe.width) == (one["loss"], one["penalty"], one["width"])
        assert recipe.generator_optimiser.beta1 == recipe.discriminator_optimiser.beta1 == one["beta1"]
        assert recipe.discriminator_steps == (one["d_steps"] if one["update"] == "alternating" else 1)


LINK = """const names = payload.scenarios.map(({ name }) => name);
return given.map((one) => state.fromLink(typeof one === "string" ? one : state.toLink({ ...start, ...one }, start),
  start, payload.controls, names));"""


def test_a_link_holds_the_whole_state(run):
    rng = np.random.default_rng(1)
    states = [
        {
            "settings": {**settings(rng), "data": "drawing"},
            "seed": int(rng.integers(10**9)),
            "speed": int(rng.integers(4)),
            "other": {"key": "d_rate", "value": 0.25},
            "scenario": str(rng.choice(list(SCENARIOS))),
            "show": {layer["key"]: bool(rng.integers(2)) for layer in LAYERS},
            "dabs": rng.integers(-140, 141, (30, 2)).tolist(),
            "journal": [["both", 300], ["generator", 20], ["discriminator", 1], ["both", 7]],
        }
        for _ in range(20)
    ]
    for state, found in zip(states, run(LINK, states), strict=True):
        assert found == {"state": state, "wrong": []}


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        (
            "laboratory=1&loss=foo&width=8.5&d_rate=nan&g_rate=1e9&beta1=",
            ["loss", "width", "d_rate", "g_rate", "beta1"],
        ),
        ("laboratory=1&seed=-1&speed=9&question=why&show=real.ghost", ["seed", "speed", "question", "show"]),
        ("laboratory=1&dabs=1.2_300.4&steps=b1.x5&beside=data:grid", ["dabs", "steps", "beside"]),
        ("laboratory=1&steps=b999999999&dabs=__&__proto__=1&<b>=2", ["steps", "dabs", "__proto__", "<b>"]),
        ("laboratory=1&data=drawing", ["drawing"]),
        ("laboratory=%&%%%=%E0%A4%A", ["%%%"]),
    ],
)
def test_nonsense_in_a_link_is_left_out_and_named(run, link, wrong):
    [found] = run(LINK, [link])
    assert found["wrong"] == wrong
    [clean] = run(LINK, ["laboratory=1"])
    assert found["state"] == clean["state"]


def test_an_address_without_a_state_is_none(run):
    assert run(LINK, ["", "what-it-computes", "steps=b10"]) == [None] * 3


# What it computes


@pytest.mark.parametrize("data", ["ring", "drawing"])
def test_the_copied_recipe_gives_the_numbers_of_the_page(show, tiny, data, gl):
    page = show(tiny)
    if data == "drawing":
        page.get_by_label("Data", exact=True).select_option("drawing")
        board = page.locator("canvas").first
        for key in ("Space", "ArrowRight", "ArrowUp", "Space", "ArrowUp", "Space"):
            board.press(key)
        press(page, "Train on it")
        wait_for_step(page, 3)
        press(page, "Pause")
        press(page, "Reset")
    for name in ("One step", "One step", "D alone", "G alone", "One step"):
        press(page, name)
    wait_for_step(page, 3)
    press(page, "Copy as ganlib recipe")
    text = page.get_by_label("Text to copy").input_value()
    assert re.findall(r"trainer\.(\w+)\(data, steps=(\d)\)", text) == [
        *(("fit", "2"), ("fit_discriminator", "1"), ("fit_generator", "1"), ("fit", "1")),
    ]
    names = {}
    exec(text.replace("ganlib.backend()", f"ganlib.backend({gl.name!r})").replace("print(", "last = ("), names)
    said = re.search(r"D's loss (\S+) and G's loss (\S+)\.$", text, re.MULTILINE).groups()
    np.testing.assert_allclose(names["last"], [float(loss) for loss in said], rtol=1e-5)
    assert names["recipe"].width == 8
    assert np.ndim(names["data"]) == 2 or names["data"].name == data


def test_two_runs_from_one_seed_differ_in_one_thing(show, tiny):
    page = show(tiny)
    page.get_by_text("A second run beside it").click()
    page.get_by_label("Run B differs in").first.select_option("g_rate")
    page.get_by_label("There it is").first.fill("0.5")
    page.get_by_label("There it is").first.press("Tab")
    assert page.locator("figcaption").all_text_contents()[1] == "B. G's rate: 0.5"
    for _ in range(2):
        press(page, "One step")
    wait_for_step(page, 2)
    press(page, "Copy as ganlib recipe")
    one, other = page.get_by_label("Text to copy").input_value().split("# Run B, which differs in one thing\n")
    changed = Counter(one.removeprefix("# Run A\n").splitlines()) - Counter(other.splitlines())
    assert all("rate" in line or line.startswith("# In the page") for line in changed if line)
    losses = [re.search(r"D's loss (\S+) and G's loss (\S+)\.$", text, re.MULTILINE)[1] for text in (one, other)]
    assert losses[0] != losses[1]


# How it is used


def test_by_keyboard_and_in_words(show, tiny):
    page = show(tiny)
    play = page.get_by_role("button", name="Play", exact=True)
    play.focus()
    play.press("Enter")
    wait_for_step(page, 50)
    pause = page.get_by_role("button", name="Pause", exact=True)
    assert pause.evaluate("e => e === e.getRootNode().activeElement")
    assert page.get_by_role("button", name="One step").is_disabled()
    height = page.locator(".live").evaluate("e => e.offsetHeight")
    pause.press("Space")
    page.get_by_role("button", name="Go on").wait_for()
    step = steps_of(page)
    assert page.get_by_role("status").first.text_content().startswith(f"Step {step}. ")
    assert "mode" in page.get_by_role("img", name=f"The plane at step {step}").get_attribute("aria-label")
    charts = page.locator(".chart canvas")
    assert charts.count() == 4
    assert re.match(
        rf"Losses of D and G over {max(50, step)} steps, now [\d., −-]+\.$", charts.first.get_attribute("aria-label")
    )
    page.get_by_role("button", name="One step").press("Enter")
    wait_for_step(page, step + 1)
    assert page.locator(".live").evaluate("e => e.offsetHeight") == height
    page.get_by_role("button", name="Go on").press("Enter")
    wait_for_step(page, step + 20)
    page.get_by_role("button", name="Reset").press("Enter")  # in the middle of a run, which ends with it
    page.wait_for_function(
        "document.querySelector('[data-ganlib]').shadowRoot.querySelector('.step').textContent === 'Step 0'"
    )
    page.wait_for_timeout(200)
    assert steps_of(page) == 0
    assert page.get_by_role("button", name="Play", exact=True).is_enabled()


def test_absurd_numbers_are_refused_in_words(show, tiny):
    page = show(tiny)
    page.get_by_text("More settings").click()
    rate = page.get_by_label("D's rate").first
    for given in ("0", "1e300", "-3", ""):
        rate.fill(given)
        rate.press("Tab")
        assert page.get_by_role("alert").text_content() == "D's rate must be a number from 0.000001 to 1. 0.003 stays."
        assert rate.input_value() == "0.003"
    width = page.get_by_label("Width").first
    width.fill("8.5")
    width.press("Tab")
    assert "Width must be a whole number from 2 to 128" in page.get_by_role("alert").text_content()


def test_a_question_asks_for_a_prediction_first(show, tiny):
    page = show(tiny)
    press(page, "Saturation")
    run = page.get_by_role("button", name="Run it")
    assert run.is_disabled()
    assert page.get_by_role("button", name="One step").is_disabled()
    page.get_by_label(SCENARIOS["saturation"]["options"][1]).check()
    run.click()
    page.get_by_text("As you predicted.").wait_for()
    press(page, SCENARIOS["saturation"]["remedy"]["label"])
    page.get_by_text(SCENARIOS["saturation"]["remedy"]["text"]).wait_for()
    assert page.locator("figcaption").all_text_contents() == ["A. Loss: Minimax", "B. Loss: Non-saturating"]
    press(page, "The wrong order")
    page.get_by_label(SCENARIOS["order"]["options"][0]).check()
    press(page, "Run it")
    wait_for_step(page, 20)
    press(page, "Pause")  # a pause does not end the plan
    press(page, "Go on")
    page.get_by_text("It went this way: it gives up half of the clusters or more.").wait_for()
    press(page, "Copy as ganlib recipe")
    taken = re.findall(r"trainer\.(\w+)\(data, steps=(\d+)\)", page.get_by_label("Text to copy").input_value())
    assert taken == [("fit", "300"), ("fit_generator", "800")]
    press(page, "Free")
    assert not page.locator(".card").is_visible()


@pytest.mark.parametrize("by", ["mouse", "finger"])
def test_data_are_drawn(show, tiny, by):
    page = show(tiny, **({"has_touch": True, "width": 375} if by == "finger" else {}))
    page.get_by_label("Data", exact=True).select_option("drawing")
    train = page.get_by_role("button", name="Train on it")
    assert train.is_disabled()  # nothing is drawn yet
    board = page.locator("canvas").first
    box = board.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    if by == "mouse":
        page.mouse.move(*middle)
        page.mouse.down()
        page.mouse.move(middle[0] + 80, middle[1] - 60, steps=8)
        page.mouse.up()
    else:
        for shift in (0, 30, 60):
            page.touchscreen.tap(middle[0] + shift, middle[1])
    dabs = int(re.search(r"with (\d+) dabs", board.get_attribute("aria-label"))[1])
    assert dabs >= 3
    board.press("Backspace")
    assert f"with {dabs - 1} dabs" in board.get_attribute("aria-label")
    train.click()
    wait_for_step(page, 3)
    press(page, "Pause")
    assert "modes" not in page.locator(".sentence").first.text_content()


def test_out_of_view_it_waits(show, tiny):
    page = show(tiny)
    page.evaluate("document.body.append(Object.assign(document.createElement('div'), { style: 'height: 4000px' }))")
    press(page, "Play")
    wait_for_step(page, 5)
    page.evaluate("scrollTo(0, 4000)")
    page.get_by_role("button", name="Go on").wait_for()
    waited = steps_of(page)
    page.wait_for_timeout(300)
    assert steps_of(page) == waited
    page.evaluate("scrollTo(0, 0)")
    wait_for_step(page, waited + 5)


def test_a_link_opens_where_it_was_made(show, tiny):
    page = show(tiny)
    page.get_by_label("Loss").first.select_option("hinge")
    for name in ("One step", "G alone", "One step"):
        press(page, name)
    wait_for_step(page, 2)
    losses = page.locator(".chart .number").first.text_content()
    press(page, "Copy a link to this state")
    link = page.get_by_label("Text to copy").input_value()
    assert link.endswith("#laboratory=1&loss=hinge&steps=b1.g1.b1")
    page.goto("about:blank")
    page.goto(link)
    wait_for_step(page, 2)
    page.wait_for_function(
        "document.querySelector('[data-ganlib]').shadowRoot.querySelector('button.main').textContent === 'Go on'"
    )
    assert page.get_by_label("Loss").first.input_value() == "hinge"
    assert page.locator(".chart .number").first.text_content() == losses
    page.goto("about:blank")
    page.goto(link.replace("hinge", "<b>"))
    assert page.get_by_role("alert").text_content().endswith("was not understood and is left out: loss.")


def test_where_no_worker_may_run_the_page_trains(show, tiny):
    page = show()
    page.evaluate("() => { window.Worker = function () { throw new Error('forbidden'); }; }")
    page.evaluate("(html) => document.body.append(document.createRange().createContextualFragment(html))", tiny.html)
    press(page, "Play")
    wait_for_step(page, 5)


def test_a_small_one_asks_and_leads_to_the_whole(show):
    figure = laboratory(ganlib.recipe("ring-page", **TINY), scenario="saturation", small=True)
    page = show()
    page.evaluate("document.documentElement.dataset.content_root = '../'")
    page.evaluate("(html) => document.body.append(document.createRange().createContextualFragment(html))", figure.html)
    assert page.get_by_role("button", name="Run it").is_disabled()
    page.get_by_label(SCENARIOS["saturation"]["options"][3]).check()
    press(page, "Run it")
    page.get_by_text("It went this way").wait_for()
    link = page.get_by_role("link", name="To the laboratory")
    address = link.evaluate(
        "e => { e.addEventListener('click', (c) => c.preventDefault()); e.click(); return e.href; }"
    )
    assert "/book/laboratory.html#laboratory=1&" in address
    assert address.endswith("&question=saturation&steps=d400")


# The questions


SCENARIO = """([source, payload, { settings, plan, remedy }]) => {
  const has = new Function(source + "; return { recipeOf, settingsOf, sharesOf, Trainer, Generator, loadPoints };")();
  const data = has.loadPoints("ring"), latents = new has.Generator(0).normals(new Float64Array(512));
  const end = (settings) => {
    const trainer = new has.Trainer(has.recipeOf(payload.recipe, payload.controls, settings), 0, data.points);
    const places = [];
    plan.forEach(([who, steps]) => {
      for (let i = 1; i <= steps; i++) {
        trainer.step(who);
        if (i % 50 === 0) places.push([...trainer.generate(latents)]);
      }
    });
    const shares = places.map((samples) => has.sharesOf(samples, data.centers));
    const covered = shares.map((own) => Math.exp(-own.reduce((sum, p) => sum + (p > 0 ? p * Math.log(p) : 0), 0)));
    return { covered, pull: [...trainer.pull(places.at(-1))], places };
  };
  const own = { ...has.settingsOf(payload.recipe, payload.controls), ...settings };
  return [end(own), remedy && end({ ...own, [remedy.key]: remedy.value })];
}"""


@pytest.mark.thorough
@pytest.mark.parametrize("name", SCENARIOS)
def test_what_a_question_s_answer_says_comes_true(show, name):
    page, content = show(), SCENARIOS[name]
    source = engine.source() + element.source("lab_state.js")
    own, beside = page.evaluate(SCENARIO, [source, payload(laboratory()), content])
    late = np.array(own["covered"][-6:])
    if name == "saturation":
        weak, strong = (np.median(np.linalg.norm(np.reshape(end["pull"], (-1, 2)), axis=1)) for end in (own, beside))
        assert weak < 0.02 < 1 < strong
    elif name == "order":
        assert own["covered"][5] > 6 > 4 > late[-1]
    elif name == "strong":
        assert late[-1] < 5 < 6.5 < beside["covered"][-1]
    else:
        assert np.median(late) < 3.2
        assert beside["covered"][-1] > 5.5
    if name == "circling":
        centres = np.array(own["places"][-6:]).reshape(6, -1, 2).mean(axis=1)
        assert np.linalg.norm(np.diff(centres, axis=0), axis=1).min() > 0.2
