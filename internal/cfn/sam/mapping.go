package sam

import "github.com/perdure/perdure/internal/cfn"

const mappingType = "AWS::Lambda::EventSourceMapping"

// mapped are the properties that an event source mapping has under the same name.
const mapped = `BatchSize StartingPosition StartingPositionTimestamp Enabled MaximumBatchingWindowInSeconds MaximumRetryAttempts
	BisectBatchOnFunctionError MaximumRecordAgeInSeconds ParallelizationFactor TumblingWindowInSeconds FunctionResponseTypes
	FilterCriteria KmsKeyArn ScalingConfig ProvisionedPollerConfig MetricsConfig`

func mappingProperties(source string) map[string]string {
	return properties(source + " DestinationConfig:map " + mapped)
}

// mapping makes an event source mapping, and lets the function's role read from the source.
func mapping(source, role string) func(*event) {
	return func(e *event) {
		properties := object("EventSourceArn", e.required(source), "FunctionName", e.target)
		if role != "SQSQueue" && e.get("StartingPosition") == nil {
			e.refuse(e.props, "StartingPosition is required for this event source.")
		}
		for pairs := pick(e.props, mapped); len(pairs) > 0; pairs = pairs[2:] {
			v, _ := pairs[1].(*cfn.Node)
			properties = with(properties, pairs[0].(string), v)
		}
		if c := e.get("DestinationConfig"); c != nil {
			properties = with(properties, "DestinationConfig", e.failures(c))
		}
		e.make(e.id, mappingType, properties)
		e.f.managed = append(e.f.managed, e.source.managed("service-role/AWSLambda"+role+"ExecutionRole"))
	}
}

// failures is where records go that could not be handled; Type only says what the role is to be allowed.
func (e *event) failures(c *cfn.Node) *cfn.Node {
	d := c.Get("OnFailure")
	kind, to := scalar(d.Get("Type")), given(d, "Destination")
	switch {
	case d == nil || d.Kind != cfn.Map || to == nil:
		e.refuse(c, "DestinationConfig needs OnFailure with a Destination.")
		return nil
	case kind == "":
		return c
	case kind != "SQS" && kind != "SNS" && kind != "S3" && kind != "Kafka":
		e.refuse(d, "The only valid values for 'Type' are 'SQS', 'SNS', 'S3', and 'Kafka'")
		return nil
	}
	if allowed := map[string]string{"SQS": "SQS", "SNS": "SNS", "S3": "S3Bucket"}[kind]; allowed != "" {
		e.f.inline = append(e.f.inline, allow(e.id+kind, allowed, to))
	}
	return object("OnFailure", object("Destination", to))
}
