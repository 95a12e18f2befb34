package sam

import (
	"slices"

	"github.com/perdure/perdure/internal/cfn"
)

// passed are the properties of a serverless function that AWS::Lambda::Function has under the same name.
const passed = `FunctionName Handler Runtime Description MemorySize Timeout VpcConfig Environment KmsKeyArn
	ReservedConcurrentExecutions Layers FileSystemConfigs ImageConfig PackageType Architectures SnapStart EphemeralStorage
	CodeSigningConfigArn RuntimeManagementConfig LoggingConfig TenancyConfig RecursiveLoop DurableConfig`

// function expands an AWS::Serverless::Function.
func (s *source) function() {
	code := s.code()
	properties := object(pick(s.props, passed)...)
	properties = with(properties, "Code", code)
	s.packaged(properties)
	tags := s.tags("lambda:createdBy")
	properties = with(properties, "Tags", tags)
	tracing := s.tracing()
	if tracing != nil {
		properties = with(properties, "TracingConfig", object("Mode", tracing))
	}
	dead := s.deadLetters()
	if dead != nil {
		properties = with(properties, "DeadLetterConfig", object("TargetArn", dead.Get("TargetArn")))
	}
	s.deployment()
	alias, sha := s.alias(), s.codeSHA()
	if sha != "" && alias != "" {
		properties = with(properties, "Description", described(s.resolve(s.get("Description")), sha))
	}
	if alias != "" {
		properties = with(properties, "Code", s.resolve(code))
	}
	own := s.get("Role")
	if sometimesNothing(own) {
		s.fail(own, "A Role that is AWS::NoValue under a condition is not supported here: name a role in both cases.")
	}
	if s.bad {
		return
	}
	f := &function{source: s, target: ref(s.id), tags: tags, role: own == nil}
	properties = with(properties, "Role", own)
	complete := properties
	if f.role {
		complete = with(properties, "Role", attribute(s.id+"Role", "Arn"))
	}
	s.add(s.id, "AWS::Lambda::Function", true, nil, complete)
	if alias != "" {
		s.publish(f, alias, sha, properties)
	}
	f.url()
	f.invokeConfig(alias)
	f.events()
	if f.role {
		f.executionRole(tracing, dead)
	}
}

// function is what the parts of an expanded function share.
type function struct {
	*source
	target  *cfn.Node // refers to the alias, or the function
	alias   string    // logical id of the alias, or empty
	tags    *cfn.Node
	role    bool        // a role is generated
	managed []*cfn.Node // policies for it that events and the like need
	inline  []*cfn.Node
}

// code is the Code property: of InlineCode, ImageUri or CodeUri.
func (s *source) code() *cfn.Node {
	var code *cfn.Node
	inline, uri, image := s.get("InlineCode"), s.get("CodeUri"), s.get("ImageUri")
	switch isImage := scalar(s.get("PackageType")) == "Image"; {
	case isImage && image == nil:
		s.fail(nil, "'ImageUri' must be set.")
		return nil
	case isImage:
		return object("ImageUri", image)
	case inline == nil && uri == nil:
		s.fail(nil, "Only one of 'InlineCode' or 'CodeUri' can be set.")
		return nil
	case inline != nil:
		code = object("ZipFile", inline)
	default:
		if code = s.location("CodeUri", uri, "S3Bucket", "S3Key", "S3ObjectVersion"); code == nil || code.Kind == cfn.String {
			return code
		}
	}
	return with(code, "SourceKMSKeyArn", s.get("SourceKMSKeyArn"))
}

// packaged checks what goes with a package type.
func (s *source) packaged(p *cfn.Node) {
	switch t := p.Get("PackageType"); scalar(t) {
	case "Image":
		for _, name := range []string{"Handler", "Runtime", "Layers"} {
			if v := p.Get(name); v != nil {
				s.fail(v, "Runtime, Handler, Layers cannot be present when PackageType is of type `Image`")
				return
			}
		}
	case "", "Zip":
		if p.Get("Runtime") == nil || p.Get("Handler") == nil {
			s.fail(nil, "Runtime and Handler needs to be present when PackageType is of type `Zip`")
		} else if v := p.Get("ImageConfig"); v != nil {
			s.fail(v, "ImageUri or ImageConfig cannot be present when PackageType is of type `Zip`")
		}
	default:
		s.fail(t, "invalid 'PackageType' : %s", scalar(t))
	}
}

// tracing is the tracing mode; nil if it is off.
func (s *source) tracing() *cfn.Node {
	t := s.get("Tracing")
	if mode, ok := s.constant(t); ok && (mode == "" || mode == "Disabled") {
		return nil
	}
	return t
}

// deadLetters is the DeadLetterQueue, checked.
func (s *source) deadLetters() *cfn.Node {
	q := s.get("DeadLetterQueue")
	if q == nil {
		return nil
	}
	kind := scalar(q.Get("Type"))
	switch {
	case kind == "" || q.Get("TargetArn") == nil:
		s.fail(q, "'DeadLetterQueue' requires Type and TargetArn properties to be specified.")
	case sendActions[kind] == "" || kind == "Lambda" || kind == "EventBridge":
		s.fail(q, "'DeadLetterQueue' requires Type of either SNS or SQS.")
	}
	return q
}

// deployment refuses gradual deployments. All at once is what an alias does by itself.
func (s *source) deployment() {
	d := s.get("DeploymentPreference")
	if d == nil {
		return
	}
	if enabled, ok := s.constant(d.Get("Enabled")); ok && (enabled == "false" || enabled == "False") {
		return
	}
	kind, _ := s.constant(d.Get("Type"))
	if kind != "AllAtOnce" || d.Get("Hooks") != nil || d.Get("Alarms") != nil {
		s.fail(d, "A DeploymentPreference other than AllAtOnce without Hooks and Alarms is not supported here.")
	} else if s.get("AutoPublishAlias") == nil {
		s.fail(d, "'DeploymentPreference' requires AutoPublishAlias property to be specified.")
	}
}

// sometimesNothing tells whether a value is Fn::If with a branch that removes it.
func sometimesNothing(n *cfn.Node) bool { return slices.ContainsFunc(listed(n.Get("Fn::If")), nothing) }

// tags are the tags as CloudFormation has them, after the one that says who made the resource. Tags that are to be
// propagated stand alone, as with AWS.
func (s *source) tags(by string) *cfn.Node {
	out := list()
	tags := s.get("Tags")
	if !s.propagates() {
		out.Items = append(out.Items, object("Key", text(by), "Value", text("SAM")))
	}
	if tags != nil {
		for i, k := range tags.Keys {
			v := tags.Items[i]
			if v.Kind == cfn.Null {
				v = text("")
			}
			out.Items = append(out.Items, object("Key", text(k), "Value", v))
		}
	}
	return out
}

// propagates tells whether tags go to all that is generated.
func (s *source) propagates() bool { return !empty(s.get("Tags")) && s.flag("PropagateTags") }
