"""The pages for people (docs/, every README, CONTRIBUTING.md): what they name exists, and what cites them is right."""

import re

import pytest

from tests.template_reader import ROOT

PACKAGE = ROOT / "layers/customer_center/customer_center"
ENDINGS = (".html.j2", ".json", ".md", ".py", ".toml", ".txt.j2", ".yaml")
CITING = ("benchmarks", "docs", "functions", "generate", "layers", "local", "ops", "tests")
PAGES = sorted([*ROOT.glob("*.md"), *(page for folder in CITING for page in (ROOT / folder).rglob("*.md"))])
TOPICS = [page for page in PAGES if page.parent.name == "decisions"]


def anchors(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def decisions():
    """Yield each decision as its link from the index, its title, its date and its status."""
    for topic in TOPICS:
        entries = re.findall(r"^## (.*)\n\*(\d{4}-\d\d-\d\d), (.*)\*$", topic.read_text(), re.MULTILINE)
        assert len(entries) == topic.read_text().count("\n## "), f"{topic.name}: a decision has no date or status"
        for title, date, status in entries:
            anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
            yield f"decisions/{topic.name}#{anchor}", title, date, status


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_page_and_a_heading(page):
    dead = []
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        found = (page.parent / path) if path else page
        if not target.startswith("https://") and not (
            found.exists() and (not anchor or anchor in anchors(found.resolve()))
        ):
            dead.append(target)

    assert dead == []


def paths(page):
    """Yield the paths in a page's code spans: words with a folder or with the ending of a file, no media types."""
    for span in re.findall(r"`([^`\n]+)`", page.read_text()):
        for word in span.split():
            is_path = "/" in word or word.endswith(ENDINGS)
            if is_path and re.fullmatch(r"(?!text/|application/)\w[\w.<>-]*(/[\w.<>-]+)*/?", word):
                yield word


def exists(path, page):
    """Return whether a path is in the repository, the package or the page's folder; `<word>` stands for any name.

    A name without a folder may be anywhere.
    """
    pattern = re.sub(r"<\w+>", "*", path.rstrip("/"))
    return any(any(folder.glob(pattern)) for folder in (ROOT, PACKAGE, page.parent)) or any(
        any((ROOT / part).rglob(pattern)) for part in CITING if "/" not in pattern
    )


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page not in TOPICS], ids=lambda page: str(page.relative_to(ROOT))
)
def test_every_path_in_a_page_exists(page):
    """Pages that describe today. Decisions may name what existed on their day."""
    assert [path for path in paths(page) if not exists(path, page)] == []


def test_the_index_lists_every_decision_with_its_date_and_whether_it_holds():
    rows = re.findall(
        r"^\| (\S+) \| \[(.*?)\]\((\S+)\) \| (.*) \|$", (ROOT / "docs/decisions.md").read_text(), re.MULTILINE
    )
    listed = {(link, title, date, status.split(";")[0]) for date, title, link, status in rows}

    assert listed == {(link, title, date, status.split(";")[0]) for link, title, date, status in decisions()}
    assert len(rows) == len(listed)


def test_promises_stand_in_the_order_of_their_numbers():
    text = (ROOT / "docs/specification.md").read_text()
    promised = re.findall(r"^- \*\*(\d+)\.(\d+)\*\* ", text, re.MULTILINE)
    numbers = [(int(section), int(number)) for section, number in promised]

    assert numbers == sorted(numbers)


def test_every_promise_that_is_cited_has_its_number_in_the_specification():
    text = (ROOT / "docs/specification.md").read_text()
    promised = re.findall(r"^- \*\*(\d+\.\d+)\*\* ", text, re.MULTILINE)
    cited = "".join(
        path.read_text()
        for folder in CITING
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".md", ".yaml", "") and path.is_file()
    )
    citations = re.findall(r"docs/specification\.md, (\d+\.\d+)(?:(?:,| and| to) (\d+\.\d+))*", cited)
    numbers = {number for citation in citations for number in citation if number}

    assert numbers
    assert numbers <= set(promised)
    assert len(promised) == len(set(promised))
