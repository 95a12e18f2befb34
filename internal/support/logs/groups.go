package logs

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
)

var groupPattern = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)

// maxFileName is what file systems take.
const maxFileName = 240

func invalid(format string, args ...any) error {
	return api.Errorf("InvalidParameterException", format, args...)
}

func noGroup() error {
	return api.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
}

// named checks the name of a group, given as such or as an ARN.
func named(r *api.Request, name, identifier string) (key, error) {
	if name == "" && identifier != "" {
		name = identifier
		if a, err := arn.Parse(identifier); err == nil {
			name = strings.TrimSuffix(strings.TrimPrefix(a.Resource, "log-group:"), ":*")
		}
	}
	if !groupPattern.MatchString(name) || len(escape(name)) > maxFileName {
		return key{}, invalid("1 validation error detected: Value '%s' at 'logGroupName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", name)
	}
	return key{r.Region, r.Account, name}, nil
}

// existing finds a group that there is.
func (s *Service) existing(r *api.Request, name, identifier string) (*journal, meta, error) {
	k, err := named(r, name, identifier)
	if err != nil {
		return nil, meta{}, err
	}
	j := s.journal(k)
	m, ok, err := j.meta()
	if err == nil && !ok {
		s.forget(k)
		err = noGroup()
	}
	return j, m, err
}

// forget drops the journal of a group that does not exist: asking for names must not take memory.
func (s *Service) forget(k key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j := s.groups[k]; j != nil {
		j.mu.Lock()
		defer j.mu.Unlock()
		if j.pending.Len() == 0 && j.file == nil {
			delete(s.groups, k)
		}
	}
}

type empty struct{}

type groupInput struct {
	LogGroupName    string `json:"logGroupName"`
	RetentionInDays *int   `json:"retentionInDays"`
}

func (s *Service) createGroup(_ context.Context, r *api.Request, in *groupInput) (*empty, error) {
	k, err := named(r, in.LogGroupName, "")
	if err != nil {
		return nil, err
	}
	j := s.journal(k)
	if _, ok, err := j.meta(); err != nil {
		return nil, err
	} else if ok {
		return nil, api.Errorf("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return &empty{}, j.create()
}

func (s *Service) deleteGroup(_ context.Context, r *api.Request, in *groupInput) (*empty, error) {
	j, _, err := s.existing(r, in.LogGroupName, "")
	if err != nil {
		return nil, err
	}
	return &empty{}, j.remove()
}

var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func (s *Service) putRetention(_ context.Context, r *api.Request, in *groupInput) (*empty, error) {
	j, m, err := s.existing(r, in.LogGroupName, "")
	if err != nil {
		return nil, err
	}
	if in.RetentionInDays == nil || !slices.Contains(retentions, *in.RetentionInDays) {
		return nil, invalid("1 validation error detected: Value at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set")
	}
	m.Retention = *in.RetentionInDays
	j.mu.Lock()
	defer j.mu.Unlock()
	return &empty{}, j.write(m)
}

func (s *Service) deleteRetention(_ context.Context, r *api.Request, in *groupInput) (*empty, error) {
	j, m, err := s.existing(r, in.LogGroupName, "")
	if err != nil {
		return nil, err
	}
	m.Retention = 0
	j.mu.Lock()
	defer j.mu.Unlock()
	return &empty{}, j.write(m)
}

type describeGroupsInput struct {
	LogGroupNamePrefix  string `json:"logGroupNamePrefix"`
	LogGroupNamePattern string `json:"logGroupNamePattern"`
	Limit               *int   `json:"limit"`
	NextToken           string `json:"nextToken"`
}

type groupView struct {
	LogGroupName      string `json:"logGroupName"`
	CreationTime      int64  `json:"creationTime"`
	RetentionInDays   int    `json:"retentionInDays,omitempty"`
	MetricFilterCount int    `json:"metricFilterCount"`
	ARN               string `json:"arn"`
	LogGroupARN       string `json:"logGroupArn"`
	StoredBytes       int64  `json:"storedBytes"`
	LogGroupClass     string `json:"logGroupClass"`
}

type groupsOutput struct {
	LogGroups []groupView `json:"logGroups"`
	NextToken string      `json:"nextToken,omitempty"`
}

func limited(v *int, otherwise, most int) (int, error) {
	if v == nil {
		return otherwise, nil
	}
	if *v < 1 || *v > most {
		return 0, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", *v, most)
	}
	return *v, nil
}

func (s *Service) describeGroups(_ context.Context, r *api.Request, in *describeGroupsInput) (*groupsOutput, error) {
	limit, err := limited(in.Limit, 50, 50)
	if err != nil {
		return nil, err
	}
	names, err := s.names(r.Region, r.Account)
	if err != nil {
		return nil, err
	}
	out := &groupsOutput{LogGroups: []groupView{}}
	for _, name := range names {
		if name <= in.NextToken || !strings.HasPrefix(name, in.LogGroupNamePrefix) || !strings.Contains(name, in.LogGroupNamePattern) {
			continue
		}
		if len(out.LogGroups) == limit {
			out.NextToken = out.LogGroups[limit-1].LogGroupName
			break
		}
		j := s.journal(key{r.Region, r.Account, name})
		m, ok, err := j.meta()
		if err != nil {
			return nil, err
		}
		if ok {
			id := arn.New("logs", r.Region, r.Account, "log-group:"+name).String()
			out.LogGroups = append(out.LogGroups, groupView{
				LogGroupName: name, CreationTime: m.Created, RetentionInDays: m.Retention, ARN: id + ":*", LogGroupARN: id,
				StoredBytes: j.bytes(), LogGroupClass: "STANDARD",
			})
		}
	}
	return out, nil
}

// names lists the groups of an account in a region, those that are not flushed yet included.
func (s *Service) names(region, account string) ([]string, error) {
	seen := map[string]bool{}
	entries, err := os.ReadDir(filepath.Join(s.cfg.Dir, escape(region), escape(account)))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if name, err := unescape(e.Name()); err == nil {
			seen[name] = true
		}
	}
	s.mu.Lock()
	for k := range s.groups {
		if k.region == region && k.account == account {
			seen[k.group] = true
		}
	}
	s.mu.Unlock()
	names := make([]string, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	slices.Sort(names)
	return names, nil
}

func (j *journal) bytes() (total int64) {
	ns, err := j.list()
	if err != nil {
		return 0
	}
	for _, n := range ns {
		if st, err := os.Stat(filepath.Join(j.dir, segmentName(n))); err == nil {
			total += st.Size()
		}
	}
	return total
}

type describeStreamsInput struct {
	LogGroupName        string `json:"logGroupName"`
	LogGroupIdentifier  string `json:"logGroupIdentifier"`
	LogStreamNamePrefix string `json:"logStreamNamePrefix"`
	OrderBy             string `json:"orderBy"`
	Descending          bool   `json:"descending"`
	Limit               *int   `json:"limit"`
	NextToken           string `json:"nextToken"`
}

type streamView struct {
	LogStreamName       string `json:"logStreamName"`
	CreationTime        int64  `json:"creationTime"`
	FirstEventTimestamp int64  `json:"firstEventTimestamp"`
	LastEventTimestamp  int64  `json:"lastEventTimestamp"`
	LastIngestionTime   int64  `json:"lastIngestionTime"`
	UploadSequenceToken string `json:"uploadSequenceToken"`
	ARN                 string `json:"arn"`
	StoredBytes         int64  `json:"storedBytes"`
}

type streamsOutput struct {
	LogStreams []streamView `json:"logStreams"`
	NextToken  string       `json:"nextToken,omitempty"`
}

func (s *Service) describeStreams(_ context.Context, r *api.Request, in *describeStreamsInput) (*streamsOutput, error) {
	limit, err := limited(in.Limit, 50, 50)
	if err != nil {
		return nil, err
	}
	j, _, err := s.existing(r, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	k, _ := named(r, in.LogGroupName, in.LogGroupIdentifier)
	found := map[string]*streamView{}
	err = j.scan(position{}, func(e *event) bool {
		v := found[e.Stream]
		if v == nil {
			if !strings.HasPrefix(e.Stream, in.LogStreamNamePrefix) {
				return true
			}
			v = &streamView{LogStreamName: e.Stream, CreationTime: e.Time, FirstEventTimestamp: e.Time, UploadSequenceToken: "0",
				ARN: arn.New("logs", k.region, k.account, "log-group:"+k.group+":log-stream:"+e.Stream).String()}
			found[e.Stream] = v
		}
		v.LastEventTimestamp, v.LastIngestionTime = e.Time, e.Time
		return true
	})
	if err != nil {
		return nil, err
	}
	all := make([]streamView, 0, len(found))
	for _, v := range found {
		all = append(all, *v)
	}
	slices.SortFunc(all, func(a, b streamView) int {
		c := 0
		if in.OrderBy == "LastEventTime" {
			c = cmp.Compare(a.LastEventTimestamp, b.LastEventTimestamp)
		}
		if c == 0 {
			c = cmp.Compare(a.LogStreamName, b.LogStreamName)
		}
		if in.Descending {
			c = -c
		}
		return c
	})
	if in.NextToken != "" {
		n := slices.IndexFunc(all, func(v streamView) bool { return v.LogStreamName == in.NextToken })
		all = all[n+1:]
	}
	out := &streamsOutput{LogStreams: all}
	if len(all) > limit {
		out.LogStreams = all[:limit]
		out.NextToken = all[limit-1].LogStreamName
	}
	return out, nil
}
