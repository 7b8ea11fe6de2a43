"""terraform.py PLUGINS REQUESTS VERDICTS: what `terraform validate` with the AWS provider says of
RunJobFlow requests, written as aws_emr_cluster and its companions. PLUGINS is a folder with the
provider; REQUESTS has a request in JSON a line; VERDICTS gets a list of complaints for each, or
null for a request that cannot be written so. The last line says ok."""

import json
import os
import re
import subprocess
import sys
import tempfile


def pick(src, **names):
    return {new: src[old] for new, old in names.items() if old in src}


def ebs(config):
    out = []
    for d in config.get("EbsBlockDeviceConfigs", []):
        v = d["VolumeSpecification"]
        out.append(pick(v, type="VolumeType", size="SizeInGB", iops="Iops") | pick(d, volumes_per_instance="VolumesPerInstance"))
    return out


def fleet(f):
    out = pick(f, name="Name", target_on_demand_capacity="TargetOnDemandCapacity", target_spot_capacity="TargetSpotCapacity")
    out["instance_type_configs"] = []
    for t in f.get("InstanceTypeConfigs", []):
        c = pick(t, instance_type="InstanceType", weighted_capacity="WeightedCapacity", bid_price="BidPrice", bid_price_as_percentage_of_on_demand_price="BidPriceAsPercentageOfOnDemandPrice")
        c["ebs_config"] = ebs(t.get("EbsConfiguration", {}))
        c["configurations"] = [pick(x, classification="Classification", properties="Properties") for x in t.get("Configurations", [])]
        out["instance_type_configs"].append(c)
    launch = f.get("LaunchSpecifications", {})
    specs = {}
    if "SpotSpecification" in launch:
        # The provider wants the strategy that the API can do without.
        s = {"allocation_strategy": "capacity-optimized"} | pick(
            launch["SpotSpecification"], allocation_strategy="AllocationStrategy", timeout_action="TimeoutAction", timeout_duration_minutes="TimeoutDurationMinutes"
        )
        specs["spot_specification"] = [s]
    if "OnDemandSpecification" in launch:
        specs["on_demand_specification"] = [pick(launch["OnDemandSpecification"], allocation_strategy="AllocationStrategy")]
    if specs:
        out["launch_specifications"] = specs
    return out


def group(g):
    out = pick(g, name="Name", instance_type="InstanceType", instance_count="InstanceCount", bid_price="BidPrice")
    out["ebs_config"] = ebs(g.get("EbsConfiguration", {}))
    if "AutoScalingPolicy" in g:
        out["autoscaling_policy"] = json.dumps(g["AutoScalingPolicy"])
    return out


def resources(r):
    """One request as resources: the cluster, its task fleet or groups, its managed scaling."""
    i = r["Instances"]
    c = pick(
        r, name="Name", release_label="ReleaseLabel", service_role="ServiceRole", autoscaling_role="AutoScalingRole", log_uri="LogUri",
        log_encryption_kms_key_id="LogEncryptionKmsKeyId", security_configuration="SecurityConfiguration", scale_down_behavior="ScaleDownBehavior",
        step_concurrency_level="StepConcurrencyLevel", ebs_root_volume_size="EbsRootVolumeSize", custom_ami_id="CustomAmiId",
    )  # fmt: skip
    c |= pick(i, termination_protection="TerminationProtected", keep_job_flow_alive_when_no_steps="KeepJobFlowAliveWhenNoSteps", unhealthy_node_replacement="UnhealthyNodeReplacement")
    c["applications"] = [a["Name"] for a in r.get("Applications", [])]
    if "Configurations" in r:
        c["configurations_json"] = json.dumps(r["Configurations"])
    c["tags"] = {t["Key"]: t.get("Value", "") for t in r.get("Tags", [])}
    ec2 = pick(i, key_name="Ec2KeyName", subnet_id="Ec2SubnetId", subnet_ids="Ec2SubnetIds", emr_managed_master_security_group="EmrManagedMasterSecurityGroup",
               emr_managed_slave_security_group="EmrManagedSlaveSecurityGroup", service_access_security_group="ServiceAccessSecurityGroup")  # fmt: skip
    for new, old in (("additional_master_security_groups", "AdditionalMasterSecurityGroups"), ("additional_slave_security_groups", "AdditionalSlaveSecurityGroups")):
        if old in i:
            ec2[new] = ",".join(i[old])
    c["ec2_attributes"] = ec2 | pick(r, instance_profile="JobFlowRole")
    if "KerberosAttributes" in r:
        c["kerberos_attributes"] = pick(r["KerberosAttributes"], realm="Realm", kdc_admin_password="KdcAdminPassword")
    c["bootstrap_action"] = [pick(b, name="Name") | pick(b["ScriptBootstrapAction"], path="Path", args="Args") for b in r.get("BootstrapActions", [])]
    c["step"] = []
    for s in r.get("Steps", []):
        j = s["HadoopJarStep"]
        # The provider's steps are attributes written as blocks: each has every member.
        jar = {"main_class": None, "args": None, "properties": None} | pick(j, jar="Jar", main_class="MainClass", args="Args")
        if "Properties" in j:
            jar["properties"] = {p["Key"]: p.get("Value", "") for p in j["Properties"]}
        c["step"].append({"action_on_failure": None} | pick(s, name="Name", action_on_failure="ActionOnFailure") | {"hadoop_jar_step": [jar]})
    if "AutoTerminationPolicy" in r:
        c["auto_termination_policy"] = pick(r["AutoTerminationPolicy"], idle_timeout="IdleTimeout")
    c["placement_group_config"] = [{"placement_strategy": None} | pick(p, instance_role="InstanceRole", placement_strategy="PlacementStrategy") for p in r.get("PlacementGroupConfigs", [])]
    out = {"aws_emr_cluster": c}
    for f in i.get("InstanceFleets", []):
        if f["InstanceFleetType"] == "TASK":
            out["aws_emr_instance_fleet"] = fleet(f) | {"cluster_id": "j-1"}
        else:
            c[{"MASTER": "master_instance_fleet", "CORE": "core_instance_fleet"}[f["InstanceFleetType"]]] = fleet(f)
    for g in i.get("InstanceGroups", []):
        if g["InstanceRole"] == "TASK":
            out["aws_emr_instance_group"] = group(g) | {"cluster_id": "j-1"}
        else:
            c[{"MASTER": "master_instance_group", "CORE": "core_instance_group"}[g["InstanceRole"]]] = group(g)
    if "ManagedScalingPolicy" in r:
        limits = r["ManagedScalingPolicy"]["ComputeLimits"]
        out["aws_emr_managed_scaling_policy"] = {"cluster_id": "j-1", "compute_limits": pick(
            limits, unit_type="UnitType", minimum_capacity_units="MinimumCapacityUnits", maximum_capacity_units="MaximumCapacityUnits",
            maximum_ondemand_capacity_units="MaximumOnDemandCapacityUnits", maximum_core_capacity_units="MaximumCoreCapacityUnits")}  # fmt: skip
    return out


def literal(v):
    """Terraform reads ${ in text as its own."""
    if isinstance(v, str):
        return v.replace("${", "$${").replace("%{", "%%{")
    if isinstance(v, list):
        return [literal(x) for x in v]
    if isinstance(v, dict):
        return {literal(k): literal(x) for k, x in v.items()}
    return v


def main(plugins, requests_file, verdicts_file):
    with open(requests_file) as f:
        requests = [json.loads(line) for line in f]
    verdicts, all = [], {}
    for n, r in enumerate(requests):
        try:
            written = resources(r)
        except (KeyError, TypeError, AttributeError):
            verdicts.append(None)  # broken so that there is no such resource
            continue
        verdicts.append([])
        for kind, body in written.items():
            all.setdefault(kind, {})["C%d" % n] = literal(body)
    provider = {"aws": {"source": "hashicorp/aws"}}
    env = dict(os.environ, TF_IN_AUTOMATION="1", CHECKPOINT_DISABLE="1")
    for at in range(0, len(requests), 100):
        part = {k: {n: b for n, b in v.items() if at <= int(n[1:]) < at + 100} for k, v in all.items()}
        with tempfile.TemporaryDirectory() as d:
            with open(os.path.join(d, "main.tf.json"), "w") as f:
                json.dump({"terraform": {"required_providers": provider}, "resource": {k: v for k, v in part.items() if v}}, f, indent=1)
            init = subprocess.run(["terraform", "init", "-input=false", "-plugin-dir=" + plugins], cwd=d, env=env, capture_output=True, text=True)
            if init.returncode:
                raise SystemExit(init.stderr)
            out = subprocess.run(["terraform", "validate", "-json"], cwd=d, env=env, capture_output=True, text=True).stdout
        for m in json.loads(out)["diagnostics"]:
            if m["severity"] != "error":
                continue
            context = m.get("address") or (m.get("snippet") or {}).get("context") or ""
            found = re.search(r"\.C(\d+)\b", context)
            if not found:
                raise SystemExit("terraform complains of the template: %s" % json.dumps(m)[:1000])
            verdicts[int(found.group(1))].append(("%s %s at %s" % (m["summary"], m["detail"], (m.get("snippet") or {}).get("context"))).replace("\n", " "))
    with open(verdicts_file, "w") as f:
        for v in verdicts:
            f.write(json.dumps(v) + "\n")
    print("ok: %d of %d requests" % (sum(v is not None for v in verdicts), len(requests)))


main(*sys.argv[1:])
