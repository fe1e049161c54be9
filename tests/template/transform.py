"""Print the template as CloudFormation gets it. Run by SAM's own Python, which has the transform.

Arguments: the template, its parameters as JSON, and the artefacts that changed since the last build (logical id to
address) as JSON.
"""

import json
import sys
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ARTEFACT = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


class _NoManagedPolicies:
    def load(self):
        return {}


template = yaml_parse(Path(sys.argv[1]).read_text())
parameters, changed = json.loads(sys.argv[2]), json.loads(sys.argv[3])
del template["Globals"]["Function"]["CodeUri"]
for name, resource in template["Resources"].items():
    if resource["Type"] in ARTEFACT:
        resource["Properties"][ARTEFACT[resource["Type"]]] = changed.get(name, "s3://artefacts/as-before")
json.dump(transform(template, parameters, _NoManagedPolicies()), sys.stdout)
