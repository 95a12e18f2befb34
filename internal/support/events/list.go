package events

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

// listed is a connection in a list, and the beginning of its description.
type listed struct {
	ConnectionArn, Name, ConnectionState, AuthorizationType string
	CreationTime, LastModifiedTime, LastAuthorizedTime      float64
}

func (c *record) listed(r *api.Request) listed {
	return listed{c.arn(r.Region, r.Account), c.Name, authorized, c.Type, c.Created, c.Modified, c.Modified}
}

type listInput struct {
	NamePrefix, ConnectionState, NextToken *string
	Limit                                  *int
}

type listOutput struct {
	Connections []listed
	NextToken   string `json:",omitempty"`
}

// maxPage is the most, and if nothing is said the number, of connections in a page.
const maxPage = 100

// connectionStates are those that EventBridge has; here a connection has only the first.
var connectionStates = []string{authorized, "CREATING", "UPDATING", deleting, "DEAUTHORIZED", "AUTHORIZING", "DEAUTHORIZING", "ACTIVE",
	"FAILED_CONNECTIVITY"}

func (in *listInput) check() error {
	var b breaches
	b.text("namePrefix", in.NamePrefix, false, 1, 64, nameShape)
	b.text("nextToken", in.NextToken, false, 1, 2048, nil)
	if in.Limit != nil && *in.Limit < 1 {
		b.add(quoted(strconv.Itoa(*in.Limit)), "limit", "have value greater than or equal to 1")
	}
	if in.Limit != nil && *in.Limit > maxPage {
		b.add(quoted(strconv.Itoa(*in.Limit)), "limit", fmt.Sprintf("have value less than or equal to %d", maxPage))
	}
	if s := in.ConnectionState; s != nil && !strings.Contains(" "+strings.Join(connectionStates, " ")+" ", " "+*s+" ") {
		b.add(quoted(*s), "connectionState", "satisfy enum value set: ["+strings.Join(connectionStates, ", ")+"]")
	}
	return b.err()
}

// list answers connections by name; a token is the last name of the page before.
func (s *Service) list(ctx context.Context, r *api.Request, in *listInput) (*listOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	out := &listOutput{Connections: []listed{}}
	if in.ConnectionState != nil && *in.ConnectionState != authorized {
		return out, nil
	}
	limit, prefix, after := maxPage, key(r.Region, r.Account, ""), ""
	if in.Limit != nil {
		limit = *in.Limit
	}
	if in.NextToken != nil {
		if !nameShape.MatchString(*in.NextToken) {
			return nil, api.Errorf("ValidationException", "The token '%s' is not one that ListConnections has answered.", *in.NextToken)
		}
		after = prefix + *in.NextToken
	}
	if in.NamePrefix != nil {
		prefix += *in.NamePrefix
	}
	docs, err := s.cfg.Store.Docs(ctx, space, prefix, after, limit+1)
	if err != nil {
		return nil, err
	}
	for i, d := range docs {
		if i == limit {
			out.NextToken = out.Connections[limit-1].Name
			break
		}
		c := &record{}
		if err := json.Unmarshal(d.Value, c); err != nil {
			return nil, err
		}
		out.Connections = append(out.Connections, c.listed(r))
	}
	return out, nil
}
