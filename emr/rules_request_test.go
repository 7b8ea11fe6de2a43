package emr_test

func requestCases() []ruleCase {
	refused := func(name, field, request string) ruleCase { return ruleCase{"json", name, field, nil, request} }
	return []ruleCase{
		{"json", "a request", "", nil, `{"Name":"x","Instances":{"InstanceFleets":[{"InstanceFleetType":"MASTER","TargetOnDemandCapacity":1}]}}`},
		refused("an unknown member", "Nmae", `{"Nmae":"x"}`),
		refused("another case", "name", `{"name":"x"}`),
		refused("a string for a number", "StepConcurrencyLevel", `{"StepConcurrencyLevel":"1"}`),
		refused("a fraction", "StepConcurrencyLevel", `{"StepConcurrencyLevel":1.5}`),
		refused("too large a number", "StepConcurrencyLevel", `{"StepConcurrencyLevel":4294967296}`),
		refused("null", "Name", `{"Name":null}`),
		refused("a list for an object", "Instances", `{"Instances":[]}`),
		refused("a string for a list", "Tags", `{"Tags":"a"}`),
		refused("a number for a string", `Configurations[0].Properties["a"]`, `{"Configurations":[{"Properties":{"a":1}}]}`),
		refused("an old AMI", "AmiVersion", `{"AmiVersion":"3.11"}`),
		refused("Spot blocks", "Instances.InstanceFleets[0].LaunchSpecifications.SpotSpecification.BlockDurationMinutes", `{"Instances":{"InstanceFleets":[{"InstanceFleetType":"TASK","LaunchSpecifications":{"SpotSpecification":{"BlockDurationMinutes":60}}}]}}`),
		refused("arguments of an application", "Applications[0]", `{"Applications":[{"Name":"Hive","Args":["x"]}]}`),
		refused("two ways to say a subnet", "Instances.Ec2SubnetId", `{"Instances":{"Ec2SubnetId":"subnet-1","Ec2SubnetIds":["subnet-2"]}}`),
		refused("both forms of groups", "Instances.MasterInstanceType", `{"Instances":{"MasterInstanceType":"m5.xlarge","InstanceCount":1,"InstanceGroups":[{"InstanceRole":"MASTER"}]}}`),
		{"scaling-unit", "none in a request", "ManagedScalingPolicy.ComputeLimits.UnitType", nil, `{"ManagedScalingPolicy":{"ComputeLimits":{"MinimumCapacityUnits":1,"MaximumCapacityUnits":2}}}`},
		{"idle", "0, said", "AutoTerminationPolicy.IdleTimeout", nil, `{"AutoTerminationPolicy":{"IdleTimeout":0}}`},
		{"max-price", "0 percent, said", "Instances.InstanceFleets[0].InstanceTypeConfigs[0].BidPriceAsPercentageOfOnDemandPrice", nil, `{"Instances":{"InstanceFleets":[{"InstanceFleetType":"CORE","InstanceTypeConfigs":[{"BidPriceAsPercentageOfOnDemandPrice":0}]}]}}`},
		{"step", "a property twice", "Steps[0].HadoopJarStep.Properties[1].Key", nil, `{"Steps":[{"HadoopJarStep":{"Properties":[{"Key":"a"},{"Key":"a"}]}}]}`},
		{"text", "a name", "", nil, `{"Name":"xxx"}`},
	}
}
