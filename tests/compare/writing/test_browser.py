"""The page in a real browser: Debian's Chromium, from disk and without a network."""

import os
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from coordrl.compare.comparing.analysis import compare
from coordrl.compare.reading.study import read_study
from coordrl.compare.writing.report import save_report
from tests.compare.run_folders import HEADER, write_run, write_study

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# In CI a missing browser is an error, not a reason to skip.
pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"), reason="there is no Chromium"
)

THIN, THICK = "stroke-width: 1px", "stroke-width: 2.5px"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Two Atari games and one without published scores; one arm has a single seed."""
    scores = {
        (game, algorithm, arm): [1.0 + shift, 2.5 + shift, 3.0 + shift]
        for game, algorithm in (("Pong", "a2c"), ("Pong", "ppo"), ("Qbert", "ppo"))
        for shift, arm in enumerate(("standard", "coord"))
    }
    scores["Pong", "a2c", "coord-first"] = [4.0]
    scores["Grid", "ppo", "standard"] = [0.25, 0.5]
    folder = write_study(tmp_path_factory.mktemp("browser") / "demo", scores)
    for seed in range(2):
        late = f"{HEADER}\n400,1,0,0.1,9\n9500,2,0,0.{seed},9\n"
        write_run(folder, "Grid", "ppo", "standard", seed, 0, reference_scores=None, episodes=late)
    path = folder / "report.html"
    save_report(compare(read_study(folder)), path)
    return path


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        expect.set_options(timeout=30_000)
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], timeout=120_000
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, report):
    """The open page; a test that leaves it with an error or a request fails."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    page = context.new_page()
    problems = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: problems.append(request.url))
    page.goto(report.as_uri())
    yield page
    context.close()
    assert problems == [report.as_uri()]


def lines(page, style):
    return page.locator(f'#curves .scatterlayer .js-line[style*="{style}"]')


def ticks(page):
    return page.locator("#curves .xtick text").all_text_contents()


def test_curves_are_drawn(page):
    expect(page.locator("#title")).to_have_text("Pong, A2C")
    expect(lines(page, THICK)).to_have_count(3)
    expect(lines(page, THIN)).to_have_count(3 + 3)  # a single seed is its mean
    for path in lines(page, THICK).all():
        assert path.get_attribute("d").count("L") > 50
    expect(page.locator("#scores .point")).to_have_count(3 + 3 + 1 + 3)  # seeds, and means
    expect(page.locator("#caveats")).to_have_text("A single seed has no band: coord-first.")


def test_arms_seeds_and_bands_can_be_hidden(page):
    bands = page.locator("#curves .scatterlayer .js-fill")
    expect(bands).to_have_count(2)
    page.get_by_label("bands").uncheck()
    expect(bands).to_have_count(0)
    page.get_by_label("each seed").uncheck()
    expect(lines(page, THIN)).to_have_count(0)
    page.get_by_label("coord", exact=True).uncheck()
    expect(lines(page, THICK)).to_have_count(2)
    expect(page.locator("#scores .point")).to_have_count(3 + 1 + 2)
    expect(page.locator('.small path[stroke="#0072B2"]')).to_have_count(0)
    page.get_by_label("coord", exact=True).check()
    expect(lines(page, THICK)).to_have_count(3)


def test_the_difference_from_the_baseline(page):
    page.get_by_label("difference from standard").check()
    expect(lines(page, THICK)).to_have_count(2)
    expect(page.locator("#curves .ytitle")).to_have_text("return above standard")
    expect(page.get_by_label("wall time")).to_be_disabled()
    page.get_by_label("return", exact=True).check()
    expect(lines(page, THICK)).to_have_count(3)


@pytest.mark.parametrize(
    ("axis", "title", "last"),
    [
        ("timesteps", "timesteps", "10k"),
        ("frames", "emulator frames", "40k"),
        ("wall time", "wall time (hours)", "0.008"),
    ],
)
def test_over_timesteps_frames_or_wall_time(page, axis, title, last):
    page.get_by_label(axis, exact=True).check()
    expect(page.locator("#curves .xtitle")).to_have_text(title)
    assert ticks(page)[-1] == last


def test_choosing_games(page):
    title = page.locator("#title")
    page.get_by_label("PPO", exact=True).check()
    expect(title).to_have_text("Pong, PPO")
    page.get_by_label("next game").click()
    expect(title).to_have_text("Qbert, PPO")
    expect(page.get_by_label("A2C", exact=True)).to_be_disabled()
    page.locator("#game").select_option("Grid")
    expect(title).to_have_text("Grid, PPO")
    expect(page.get_by_label("frames", exact=True)).to_be_disabled()
    expect(page.locator("#caveats")).to_contain_text("Open circles")
    page.locator(".small:visible", has_text="Qbert").click()
    expect(title).to_have_text("Qbert, PPO")
    page.get_by_role("button", name="Pong, A2C").click()
    expect(title).to_have_text("Pong, A2C")


def test_hovering_tells_the_numbers(page):
    page.locator("#curves .nsewdrag").hover()
    shown = page.locator("#curves .hoverlayer")
    for arm in ("standard", "coord", "coord-first"):
        expect(shown).to_contain_text(arm)
    expect(shown).to_contain_text(" to ")


def test_zooming_and_returning(page):
    before = ticks(page)
    page.locator("#curves").scroll_into_view_if_needed()
    box = page.locator("#curves .nsewdrag").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 100, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, middle, steps=4)
    page.mouse.up()
    expect(page.locator("#curves .xtick text").first).not_to_have_text(before[0])
    page.get_by_label("bands").uncheck()  # drawing again keeps the zoom
    assert ticks(page) != before
    page.wait_for_timeout(600)  # so that no click of the drag's counts as half of the next
    page.locator("#curves .nsewdrag").dblclick()
    expect(page.locator("#curves .xtick text").first).to_have_text(before[0])


def test_games_at_a_glance(page):
    expect(page.locator(".small:visible")).to_have_count(1)
    expect(page.locator(".small svg")).to_have_count(4)
    mark = page.locator(".small:visible [title='coord: inconclusive']")
    expect(mark).to_have_text("?")


def test_what_holds_over_games_is_drawn(page):
    expect(page.locator("#metrics-0 .point")).to_have_count(4 * 2)
    expect(page.locator("#profiles-0 .scatterlayer .trace")).to_have_count(2 * 2)


def test_on_paper(page):
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    page.emulate_media(media="print")
    expect(page.locator(".controls")).to_be_hidden()
    expect(page.locator(".small:visible")).to_have_count(4)
    expect(page.locator(".small:visible").first).to_contain_text("Pong, A2C")


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_nothing_sticks_out(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function("document.querySelector('#curves .main-svg').clientWidth < innerWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
