package states

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/store"
)

// route is one entry of an alias: a version and the percentage of starts that go to it.
type route struct {
	Version string `json:"stateMachineVersionArn"`
	Weight  int    `json:"weight"`
}

type aliasDoc struct {
	Name        string  `json:"name"`
	Description string  `json:"description,omitempty"`
	Routes      []route `json:"routes"`
	Created     int64   `json:"created"`
	Updated     int64   `json:"updated"`
	Seq         uint64  `json:"seq"` // orders lists
}

const (
	aliasPattern = `^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$`
	maxAliases   = 100
)

var (
	aliasChars   = regexp.MustCompile(`^[a-zA-Z0-9_\-.]*[a-zA-Z_\-.][a-zA-Z0-9_\-.]*$`)
	errNoneFound = &api.Error{Code: "ResourceNotFound", Message: "Request references a resource that does not exist."}
)

func aliasKey(machine, name string) string { return machine + "/" + name }

func (s *Service) findAlias(ctx context.Context, machine, name string) (*aliasDoc, uint64, error) {
	d := &aliasDoc{}
	version, found, err := s.readDoc(ctx, spaceAlias, aliasKey(machine, name), d)
	if err != nil || !found {
		return nil, 0, err
	}
	return d, version, nil
}

// aliases of a machine, in the order they were created.
func (s *Service) aliases(ctx context.Context, machine string) ([]aliasDoc, error) {
	var all []aliasDoc
	err := s.allDocs(ctx, spaceAlias, machine+"/", func(doc store.Doc) error {
		var a aliasDoc
		if err := json.Unmarshal(doc.Value, &a); err != nil {
			return fmt.Errorf("the alias %s cannot be read: %w", doc.Key, err)
		}
		all = append(all, a)
		return nil
	})
	slices.SortFunc(all, func(a, b aliasDoc) int { return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Name, b.Name)) })
	return all, err
}

// aliasesOf names the aliases that route to a version.
func (s *Service) aliasesOf(ctx context.Context, d *machineDoc, version string) ([]string, error) {
	all, err := s.aliases(ctx, d.key)
	var names []string
	for _, a := range all {
		if slices.ContainsFunc(a.Routes, func(r route) bool { return r.Version == version }) {
			names = append(names, a.Name)
		}
	}
	return names, err
}

type routeIn struct {
	Version *string `json:"stateMachineVersionArn"`
	Weight  *int64  `json:"weight"`
}

func (r routeIn) String() string {
	weight := "null"
	if r.Weight != nil {
		weight = strconv.FormatInt(*r.Weight, 10)
	}
	return fmt.Sprintf("RoutingConfigurationListItem(stateMachineVersionArn=%s, weight=%s)", str(r.Version), weight)
}

func checkRoutes(c *constraints, routes []routeIn) {
	shown := make([]string, len(routes))
	for i, r := range routes {
		shown[i] = r.String()
	}
	list := "[" + strings.Join(shown, ", ") + "]"
	if len(routes) < 1 {
		c.add(&list, "routingConfiguration", "have length greater than or equal to 1")
	} else if len(routes) > 2 {
		c.add(&list, "routingConfiguration", "have length less than or equal to 2")
	}
	for i, r := range routes {
		at := fmt.Sprintf("routingConfiguration.%d.member.", i+1)
		c.need(at+"stateMachineVersionArn", r.Version, 1, maxArn)
		if r.Weight == nil {
			c.missing(at + "weight")
		}
		c.number(at+"weight", r.Weight, 0, 100)
	}
}

// routes turns a request's routing into an alias's, and finds the machine it is for. The version ARNs must name versions,
// distinct ones, of one machine, and exist.
func (s *Service) routes(ctx context.Context, in []routeIn) (*machineDoc, []route, error) {
	var arns, weights []string
	var out []route
	var refs []arn.StateMachine
	sum, versions, distinct := int64(0), true, true
	for _, r := range in {
		ref, err := machineArn(*r.Version)
		if err != nil {
			return nil, nil, err
		}
		versions = versions && ref.Version()
		distinct = distinct && !slices.Contains(arns, *r.Version)
		arns, weights = append(arns, *r.Version), append(weights, strconv.FormatInt(*r.Weight, 10))
		refs, out = append(refs, ref), append(out, route{*r.Version, int(*r.Weight)})
		sum += *r.Weight
	}
	received := strings.Join(arns, ", ")
	switch {
	case !versions:
		return nil, nil, api.Errorf("ValidationException", "Routing configuration must contain state machine version ARNs. Received: [%s]", received)
	case !distinct:
		return nil, nil, api.Errorf("ValidationException", "Routing configuration must contain distinct state machine version ARNs. Received: [%s]", received)
	case sum != 100:
		return nil, nil, api.Errorf("ValidationException", "Sum of routing configuration weights must equal 100. Received: [%s]", strings.Join(weights, ", "))
	case machineKey(refs[0]) != machineKey(refs[len(refs)-1]):
		return nil, nil, api.Errorf("ValidationException", "Routing configuration must contain versions of the same state machine. Received: [%s]", received)
	}
	d, err := s.findMachine(ctx, refs[0])
	if err != nil {
		return nil, nil, err
	}
	for _, ref := range refs {
		if d == nil {
			return nil, nil, errNoneFound
		}
		if v, err := s.versionOf(ctx, d, ref.Qualifier); err != nil {
			return nil, nil, err
		} else if v == nil {
			return nil, nil, errNoneFound
		}
	}
	if d.Deleting {
		return nil, nil, errDeleting(d.ref("").String())
	}
	return d, out, nil
}

type createAliasIn struct {
	Name        *string   `json:"name"`
	Description *string   `json:"description"`
	Routes      []routeIn `json:"routingConfiguration"`
}

type createAliasOut struct {
	Arn     string `json:"stateMachineAliasArn"`
	Created stamp  `json:"creationDate"`
}

func (s *Service) createAlias(ctx context.Context, _ *api.Request, in *createAliasIn) (*createAliasOut, error) {
	var c constraints
	c.need("name", in.Name, 1, maxName)
	c.pattern("name", in.Name, aliasChars, aliasPattern)
	c.text("description", in.Description, 0, 256)
	checkRoutes(&c, in.Routes)
	if err := c.err(); err != nil {
		return nil, err
	}
	var out createAliasOut
	err := s.change(ctx, func() ([]store.Doc, error) {
		d, routes, err := s.routes(ctx, in.Routes)
		if err != nil {
			return nil, err
		}
		out = createAliasOut{Arn: d.ref(*in.Name).String()}
		old, _, err := s.findAlias(ctx, d.key, *in.Name)
		if err != nil {
			return nil, err
		}
		if old != nil {
			if !slices.Equal(old.Routes, routes) || old.Description != str(in.Description) {
				return nil, api.Errorf("ConflictException",
					"Failed to create alias because an alias with the same name and a different routing configuration already exists.")
			}
			out.Created = stamp(old.Created)
			return nil, nil
		}
		all, err := s.aliases(ctx, d.key)
		if err != nil {
			return nil, err
		}
		if len(all) >= maxAliases {
			return nil, api.Errorf("ServiceQuotaExceededException", "The maximum number of aliases of a state machine, %d, has been reached.", maxAliases)
		}
		now := s.engine.Now().UnixMilli()
		a := aliasDoc{Name: *in.Name, Description: str(in.Description), Routes: routes, Created: now, Updated: now, Seq: 1}
		if len(all) > 0 {
			a.Seq = all[len(all)-1].Seq + 1
		}
		out.Created = stamp(now)
		doc, err := writeDoc(spaceAlias, aliasKey(d.key, a.Name), 0, &a)
		return []store.Doc{doc}, err
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}
