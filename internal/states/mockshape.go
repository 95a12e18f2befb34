package states

import (
	"slices"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/asl/value"
	"github.com/perdure/perdure/internal/api"
)

// shape is what a service's answer looks like, as far as mocks are held to it: TestState compares a mocked result with the
// model of the operation that the state calls. Members without a shape may be anything.
type shape struct {
	kind     value.Kind // 0: anything
	least    int        // length of a text
	enum     []string
	required []string
	members  map[string]*shape
	items    *shape
}

var (
	aText   = &shape{kind: value.KindString}
	aFilled = &shape{kind: value.KindString, least: 1}
	aNumber = &shape{kind: value.KindNumber}
	aList   = &shape{kind: value.KindArray}
	aTime   = &shape{kind: value.KindString}
)

func oneOf(words ...string) *shape { return &shape{kind: value.KindString, enum: words} }

func object(members map[string]*shape, required ...string) *shape {
	return &shape{kind: value.KindObject, members: members, required: required}
}

func list(of *shape) *shape { return &shape{kind: value.KindArray, items: of} }

var (
	capacity = object(map[string]*shape{"ReadCapacityUnits": aNumber, "WriteCapacityUnits": aNumber, "CapacityUnits": aNumber})
	consumed = object(map[string]*shape{"TableName": aFilled, "CapacityUnits": aNumber, "ReadCapacityUnits": aNumber,
		"WriteCapacityUnits": aNumber, "Table": capacity})
	written = object(map[string]*shape{"ConsumedCapacity": consumed})
	started = object(map[string]*shape{"ExecutionArn": aFilled, "StartDate": aTime}, "ExecutionArn", "StartDate")
	ended   = object(map[string]*shape{"ExecutionArn": aFilled, "StateMachineArn": aFilled, "Name": aFilled, "StartDate": aTime,
		"StopDate": aTime, "Status": oneOf("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE")},
		"ExecutionArn", "StateMachineArn", "StartDate", "Status")
	message = object(map[string]*shape{"MessageId": aText, "SequenceNumber": aText, "MD5OfMessageBody": aText,
		"MD5OfMessageAttributes": aText, "MD5OfMessageSystemAttributes": aText})
	algorithm = oneOf("SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE")
)

// shapes are the models of answers that are known here, by service and action. What is not among them is not checked.
var shapes = map[string]*shape{
	"lambda:invoke": object(map[string]*shape{"StatusCode": aNumber, "ExecutedVersion": aFilled, "FunctionError": aText, "LogResult": aText}),

	"dynamodb:getItem": written, "dynamodb:putItem": written, "dynamodb:updateItem": written, "dynamodb:deleteItem": written,
	"dynamodb:query": object(map[string]*shape{"Items": aList, "Count": aNumber, "ScannedCount": aNumber, "ConsumedCapacity": consumed}),
	"dynamodb:scan":  object(map[string]*shape{"Items": aList, "Count": aNumber, "ScannedCount": aNumber, "ConsumedCapacity": consumed}),

	"events:putEvents": object(map[string]*shape{"FailedEntryCount": aNumber,
		"Entries": list(object(map[string]*shape{"EventId": aText, "ErrorCode": aText, "ErrorMessage": aText}))}),
	"sqs:sendMessage": message,
	"sns:publish":     message,

	"s3:getObject": object(map[string]*shape{"ContentLength": aNumber, "ContentType": aText, "ETag": aText, "VersionId": aText,
		"MissingMeta": aNumber, "PartsCount": aNumber, "TagCount": aNumber, "ServerSideEncryption": oneOf("AES256", "aws:fsx", "aws:kms", "aws:kms:dsse"),
		"StorageClass": oneOf("STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER",
			"DEEP_ARCHIVE", "OUTPOSTS", "GLACIER_IR", "SNOW", "EXPRESS_ONEZONE", "FSX_OPENZFS", "FSX_ONTAP"),
		"ReplicationStatus": oneOf("COMPLETE", "PENDING", "FAILED", "REPLICA", "COMPLETED")}),
	"s3:putObject":     object(map[string]*shape{"ETag": aText, "VersionId": aText, "Expiration": aText, "Size": aNumber}),
	"s3:listObjectsV2": object(map[string]*shape{"Contents": aList, "KeyCount": aNumber, "MaxKeys": aNumber, "Name": aText, "Prefix": aText}),

	"kms:encrypt": object(map[string]*shape{"CiphertextBlob": aFilled, "KeyId": aFilled, "EncryptionAlgorithm": algorithm}),
	"kms:decrypt": object(map[string]*shape{"Plaintext": aFilled, "KeyId": aFilled, "EncryptionAlgorithm": algorithm}),

	"sfn:startExecution": started, "sfn:describeExecution": ended,
}

// answerShape is the model that a call's result is held to; nil if there is none. What a token gives back is free.
func answerShape(r asl.Resource) *shape {
	if r.Kind != asl.Service || r.Pattern == ".waitForTaskToken" {
		return nil
	}
	service := r.Service
	if len(service) > 8 && service[:8] == "aws-sdk:" {
		service = service[8:]
	}
	if service == "states" {
		service = "sfn"
	}
	action := r.Action
	if service == "sfn" && action == "startExecution" && r.Pattern != "" {
		action = "describeExecution"
	}
	return shapes[service+":"+action]
}

// checkMock holds a mocked result to the model of the call, as closely as mode says: NONE, PRESENT (members that are
// there), STRICT (the default: and required ones).
func checkMock(r asl.Resource, result []byte, mode string) error {
	model := answerShape(r)
	v, err := value.Decode(result, value.Limits{})
	if mode == "NONE" || model == nil || err != nil {
		return nil // what is not JSON is refused by the test itself
	}
	if why := model.differs("", v, mode != "PRESENT"); why != "" {
		return api.Errorf("ValidationException", "Mock result schema validation error: %s", why)
	}
	return nil
}

var articles = map[value.Kind]string{value.KindString: "a string", value.KindNumber: "a number", value.KindArray: "an array",
	value.KindObject: "an object"}

// differs tells how v is not as the shape says; empty if it is.
func (s *shape) differs(name string, v value.Value, strict bool) string {
	field := "Field '" + name + "' "
	if s.kind != 0 && v.Kind() != s.kind {
		if name == "" {
			return ""
		}
		return field + "must be " + articles[s.kind]
	}
	switch {
	case s.enum != nil && !slices.Contains(s.enum, v.Str()):
		return field + "is not an expected value"
	case s.least > len(v.Str()) && s.kind == value.KindString:
		return field + "is smaller than the minimum length"
	}
	if s.items != nil {
		for _, item := range v.Items() {
			if why := s.items.differs(name, item, strict); why != "" {
				return why
			}
		}
	}
	if s.kind != value.KindObject {
		return ""
	}
	if strict {
		for _, n := range s.required {
			if v.Get(n).IsUndefined() {
				return "Required field '" + n + "' is missing"
			}
		}
	}
	for i := range v.Object().Len() {
		n := v.Object().Key(i)
		if m := s.members[n]; m != nil {
			if why := m.differs(n, v.Object().At(i), strict); why != "" {
				return why
			}
		}
	}
	return ""
}
