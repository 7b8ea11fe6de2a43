"""validators.py REQUESTS VERDICTS: what botocore's validator and cfn-lint say of RunJobFlow
requests. REQUESTS has one in JSON a line; VERDICTS gets a line for each, with a list of
complaints by each of the two. The last line says ok."""

import json
import re
import sys

import botocore.session
import botocore.validate
from cfnlint.api import lint
from cfnlint.config import ManualArgs

# What CloudFormation has not, and is left out of its template.
NOT_IN_CLOUDFORMATION = ("StepExecutionRoleArn", "RepoUpgradeOnBoot", "MonitoringConfiguration")


def renamed(value, old, new):
    if isinstance(value, list):
        return [renamed(v, old, new) for v in value]
    if isinstance(value, dict) and old in value:
        value = {(new if k == old else k): v for k, v in value.items()}
    return value


def properties(value):
    """Configurations say ConfigurationProperties, steps StepProperties."""
    if isinstance(value, list):
        return [properties(v) for v in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for k, v in value.items():
        if k == "Properties":
            k = "StepProperties" if isinstance(v, list) else "ConfigurationProperties"
        elif k == "StepMonitoringConfiguration":
            continue
        out[k] = properties(v)
    return out


def cloudformation(request):
    p = {k: properties(v) for k, v in request.items() if k not in NOT_IN_CLOUDFORMATION}
    instances = p.get("Instances")
    if not isinstance(instances, dict):
        return p
    instances = dict(instances)
    if isinstance(instances.get("Placement"), dict) and "AvailabilityZones" in instances["Placement"]:
        del instances["Placement"]
    for many, role, kind in (("InstanceFleets", "InstanceFleetType", "InstanceFleet"), ("InstanceGroups", "InstanceRole", "InstanceGroup")):
        if not isinstance(instances.get(many), list):
            continue
        for one in instances.pop(many):
            which = one.get(role) if isinstance(one, dict) else None
            if not isinstance(one, dict) or which not in ("MASTER", "CORE", "TASK"):
                instances["Unknown" + kind] = one  # CloudFormation says the role by the member's name
                continue
            one = {k: v for k, v in one.items() if k != role}
            if which == "TASK":
                instances.setdefault("Task" + kind + "s", []).append(one)
            else:
                instances[which.capitalize() + kind] = one
    p["Instances"] = instances
    return p


def has_null(v):
    if isinstance(v, dict):
        return any(has_null(x) for x in v.values())
    if isinstance(v, list):
        return any(has_null(x) for x in v)
    return v is None


def main(requests_file, verdicts_file):
    with open(requests_file) as f:
        requests = [json.loads(line) for line in f]
    shape = botocore.session.get_session().get_service_model("emr").operation_model("RunJobFlow").input_shape
    verdicts = []
    for r in requests:
        report = botocore.validate.ParamValidator().validate(r, shape)
        verdicts.append({"botocore": [report.generate_report()] if report.has_errors() else [], "cfn-lint": []})
    # cfn-lint stops at a null anywhere in a template, so those requests are botocore's alone.
    whole = [i for i, r in enumerate(requests) if not has_null(r)]
    for at in range(0, len(whole), 200):
        part = whole[at : at + 200]
        template = {"Resources": {"C%d" % i: {"Type": "AWS::EMR::Cluster", "Properties": cloudformation(requests[i])} for i in part}}
        for m in lint(json.dumps(template, indent=1), config=ManualArgs(regions=["us-east-1"])):
            if not m.rule.id.startswith("E"):
                continue
            i = next((int(n.group(1)) for p in (m.path or []) if (n := re.fullmatch(r"C(\d+)", str(p)))), None)
            if i is None:
                raise SystemExit("cfn-lint complains of the template: %s %s" % (m.rule.id, m.message))
            verdicts[i]["cfn-lint"].append("%s %s at %s" % (m.rule.id, m.message, "/".join(str(p) for p in m.path[3:])))
    with open(verdicts_file, "w") as f:
        for v in verdicts:
            f.write(json.dumps(v) + "\n")
    print("ok: %d requests" % len(requests))


main(*sys.argv[1:])
