package sam

import (
	"crypto/sha1" // names are AWS's; nothing is protected by it
	"encoding/hex"
	"slices"

	"github.com/perdure/perdure/internal/cfn"
)

// publish makes the version and the alias of a function. The version's id changes with what a version is published for, so
// that CloudFormation makes a new one; the old one is retained.
func (s *source) publish(f *function, alias, sha string, properties *cfn.Node) {
	version := s.id + "Version" + s.hash(sha, properties)
	policy := s.get("VersionDeletionPolicy")
	switch scalar(policy) {
	case "", "Retain", "Delete":
	default:
		s.fail(policy, "VersionDeletionPolicy must be Delete or Retain.")
	}
	if policy == nil {
		policy = text("Retain")
	}
	at := s.get("AutoPublishAlias")
	s.add(version, "AWS::Lambda::Version", false, at, object("Description", s.get("VersionDescription"), "FunctionName", ref(s.id)),
		"DeletionPolicy", policy)
	f.alias = s.id + "Alias" + aliasID(alias)
	f.target = ref(f.alias)
	s.add(f.alias, "AWS::Lambda::Alias", false, at, object("Name", text(alias), "FunctionName", ref(s.id),
		"FunctionVersion", attribute(version, "Version"), "ProvisionedConcurrencyConfig", s.get("ProvisionedConcurrencyConfig")))
	s.became[s.id+".Version"], s.became[s.id+".Alias"] = version, f.alias
}

// hash is ten digits of what a version depends on: the code's hash if it is given, all properties if they are asked for,
// or else the code's place, the environment, the memory and SnapStart.
func (s *source) hash(sha string, properties *cfn.Node) string {
	if sha != "" {
		return sha[:min(len(sha), 10)]
	}
	seed := properties
	if !s.flag("AutoPublishAliasAllProperties") {
		seed = s.resolve(properties.Get("Code"))
		if seed.Kind != cfn.Map { // a local path
			seed = object("Code", seed)
		}
		if env := properties.Get("Environment"); env != nil && env.Kind == cfn.Map {
			seed = over(seed, env)
		}
		seed = with(seed, "MemorySize", properties.Get("MemorySize"))
		if snap := properties.Get("SnapStart"); snap.Get("ApplyOn") != nil && scalar(snap.Get("ApplyOn")) != "None" {
			seed = with(seed, "SnapStart", snap)
		}
	}
	sum := sha1.Sum([]byte(canonical(seed, false)))
	return hex.EncodeToString(sum[:])[:10]
}

// over is a map with the entries of another instead of or after its own.
func over(n, other *cfn.Node) *cfn.Node {
	out := &cfn.Node{Kind: cfn.Map, Keys: slices.Clone(other.Keys), Items: slices.Clone(other.Items)}
	for i, k := range n.Keys {
		if other.Get(k) == nil {
			out.Keys, out.Items = append(out.Keys, k), append(out.Items, n.Items[i])
		}
	}
	return out
}

// codeSHA is AutoPublishCodeSha256; it becomes part of a logical id.
func (s *source) codeSHA() string {
	v := s.get("AutoPublishCodeSha256")
	if v == nil {
		return ""
	}
	sha, ok := s.constant(v)
	if !ok {
		s.fail(v, "AutoPublishCodeSha256 must be a string")
		return ""
	}
	for _, c := range sha[:min(len(sha), 10)] {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
			s.fail(v, "AutoPublishCodeSha256 must be hexadecimal: it becomes part of a logical id.")
			return ""
		}
	}
	return sha
}

// described is a description that changes with the code, without which Lambda would publish no new version.
func described(description *cfn.Node, sha string) *cfn.Node {
	switch {
	case empty(description):
		return text(sha)
	case intrinsic(description):
		return object("Fn::Join", list(text(" "), list(description, text(sha))))
	}
	return text(scalar(description) + " " + sha)
}
