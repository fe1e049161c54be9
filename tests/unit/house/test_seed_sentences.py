"""Every sentence of the specification (seeds 000, 001 and 003) names its test, or is a page's, which the README says.

The sentences are the specification's own words; a test that stands for one quotes it in its docstring after the seed's
number. The list, `tests/seed_sentences.toml`, is the specification's table of contents: a sentence that no test quotes
any more fails here.
"""

import ast
import re
import tomllib

import pytest

from tests.template_reader import ROOT

SENTENCES = tomllib.loads((ROOT / "tests/seed_sentences.toml").read_text())


def _plain(text):
    """Return a text without line breaks, quotes, full stops and marks, which docstrings write in their own way."""
    return re.sub(r"[\s\"'“”.,;:*`]+", " ", text).strip()


def _docstrings():
    kinds = ast.Module | ast.FunctionDef | ast.ClassDef
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if path.name != "test_seed_sentences.py":
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, kinds) and (text := ast.get_docstring(node)):
                    yield text


@pytest.fixture(scope="module")
def tested():
    """Return what the docstrings quote, by seed."""
    quoted: dict[str, list[str]] = {seed: [] for seed in SENTENCES}
    for text in _docstrings():
        for seed, said in re.findall(r"\b(00[013]): (.*?)(?=\b00[0-9]: |\Z)", text, re.DOTALL):
            quoted[seed].append(_plain(said))
    return quoted


@pytest.fixture(scope="module")
def of_a_page():
    """Return what the README leaves to the shop's pages."""
    readme = (ROOT / "README.md").read_text()
    return _plain(readme[readme.index("### What is the shop frontend's part") : readme.index("## Deploy")])


@pytest.mark.parametrize(
    ("seed", "sentence"), [pytest.param(seed, text, id=text[:60]) for seed in SENTENCES for text in SENTENCES[seed]]
)
def test_a_sentence_of_the_specification_names_its_test_or_is_a_pages(tested, of_a_page, seed, sentence):
    assert any(_plain(sentence) in said for said in tested[seed]) or _plain(sentence) in of_a_page
