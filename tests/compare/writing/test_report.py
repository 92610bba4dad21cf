import json
import re
from html.parser import HTMLParser

import pytest

from coordrl.compare import compare_runs
from coordrl.compare.writing.page.plotly import plotly_js


class Page(HTMLParser):
    """The visible text of a page, and the addresses it loads."""

    def __init__(self, path):
        super().__init__()
        self.words, self.addresses, self.inside = [], [], []
        self.feed(path.read_text())
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.inside.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"script", "style"} & set(self.inside):
            self.words.append(data)


@pytest.fixture(scope="module")
def page(written):
    return Page(written[1] / "report.html")


def test_the_page_says_what_was_found(written, page):
    comparison = written[0]
    assert comparison.headline in page.text
    for finding in comparison.findings:
        assert finding in page.text
    assert "Nothing: every run of the study is finished and counted." in page.text


def test_the_page_loads_nothing(written, page):
    assert all(address.startswith("#") for address in page.addresses)
    head = (written[1] / "report.html").read_text().partition("plotly.js (basic")[0]
    assert "@import" not in head
    assert "url(" not in head


def test_the_page_is_small_and_runs_what_is_kept_here(written):
    report = written[1] / "report.html"
    assert plotly_js() in report.read_text()
    assert "</script" not in plotly_js()
    assert report.stat().st_size < 1_500_000


def test_every_game_can_be_chosen(written):
    html = (written[1] / "report.html").read_text()
    data = json.loads(re.search(r'id="data">(.*?)</script>', html)[1])
    assert [group["game"] for group in data["groups"]] == [g.game for g in written[0].groups]
    for group in written[0].groups:
        assert f"<option>{group.game}</option>" in html
    assert html.count("plotly.js (basic") == 1


def test_warnings_of_a_small_study(study, write_run):
    folder = study(
        {("Pong", "a2c", "standard"): [-20.8], ("Pong", "a2c", "coord"): [-20.9]},
        note="A demo of minutes decides nothing.",
    )
    late = "timestep,wall_seconds,env,return,length\n500,1,0,-21.0,100\n9500,2,0,-21.0,100\n"
    write_run(folder, "Pong", "a2c", "coord", 0, -20.9, episodes=late)
    write_run(folder, "Pong", "a2c", "coord", 1, -20.9)
    compare_runs(folder)
    text = Page(folder / "comparison" / "report.html").text
    for part in (
        "1 seed per arm: no outcome could have been significant; this decides nothing.",
        "A demo of minutes decides nothing.",
        "The runs last 10,000 timesteps, 0.1 % of the 10,000,000",
        "Pong/a2c/coord/seed-1 study.json does not list it",
        "git_commit 0123abc",
        "study hash f00d",
    ):
        assert part in text, part


def test_the_declared_paired_test_is_named(study):
    scores = {("Pong", "a2c", arm): [1.0, 2.0, 4.0] for arm in ("standard", "coord")}
    folder = study(scores, comparison={"test": "paired"})
    compare_runs(folder)
    text = Page(folder / "comparison" / "report.html").text
    assert "sign-flip" in text
    assert "Welch" not in text


def test_names_cannot_break_the_page(tmp_path, write_run):
    nasty = "</script><script>window.broken = 1</script>"
    path = write_run(tmp_path, "Pong", "a2c", "standard", 0, 1.0, arm=nasty)
    assert path.exists()
    compare_runs(tmp_path, baseline=nasty)
    html = (tmp_path / "comparison" / "report.html").read_text()
    assert nasty not in html
    assert nasty in Page(tmp_path / "comparison" / "report.html").text
