"""The order of template.yaml: the list of contents at its top, and what stands together in the block of a function."""

import re

import pytest

from tests.template_reader import TEMPLATE, events_of, functions_of, load_template, referred, resources_of

TEXT = TEMPLATE.read_text()
TEMPLATE_DATA = load_template()
FUNCTIONS = functions_of(TEMPLATE_DATA)
TITLE = re.compile(r"^  # (=+|-+) (.+)$", re.MULTILINE)


def blocks():
    """Return the logical ids below each title of Resources."""
    resources = TEXT.split("\nResources:\n")[1].split("\nOutputs:\n")[0]
    _, *parts = TITLE.split(resources)
    titled = zip(parts[1::3], parts[2::3], strict=True)
    return {title: re.findall(r"^  (\w+):$", text, re.MULTILINE) for title, text in titled}


def block_of(resource):
    """Return all that stands in the same block as a resource."""
    (block,) = [names for names in blocks().values() if resource in names]
    return block


def alarms_by_what_they_watch():
    """Yield each alarm with each resource that its dimensions name."""
    for alarm, resource in resources_of(TEMPLATE_DATA, "AWS::CloudWatch::Alarm").items():
        for dimension in resource["Properties"].get("Dimensions", []):
            yield alarm, referred(dimension["Value"])


def test_the_list_of_contents_is_what_follows():
    listed = re.findall(r"^#( {3}| {5})(\S.*)$", TEXT.split("\nMetadata:\n")[0], re.MULTILINE)
    titles = [(" " * (3 if line[0] == "=" else 5), title) for line, title in TITLE.findall(TEXT)]

    assert listed == titles


def test_every_resource_stands_in_a_block():
    assert sorted(name for block in blocks().values() for name in block) == sorted(TEMPLATE_DATA["Resources"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_stands_together_with_its_log_its_alarms_and_its_queue(name):
    queues = [referred(event["Queue"]) for event in events_of(FUNCTIONS[name], "SQS").values()]
    queues += [
        referred(TEMPLATE_DATA["Resources"][queue]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])
        for queue in queues
    ]
    alarms = [alarm for alarm, watched in alarms_by_what_they_watch() if watched in {name, *queues}]
    log_group = referred(FUNCTIONS[name]["LoggingConfig"]["LogGroup"])

    assert {log_group, *queues, *alarms} <= set(block_of(name))
    assert len(alarms) >= 1 + len(queues)
