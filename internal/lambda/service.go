package lambda

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/host"
)

// Config is what the service is made of. Engine and Host are required.
type Config struct {
	Engine engine.API
	Host   host.Host
	// Object reads a code package from S3; nil: code can only be sent with the request.
	Object   func(ctx context.Context, region, bucket, key string) ([]byte, error)
	Limits   DurableLimits
	OnChange func(StatusChange) // of durable executions; may be nil
}

// Service is AWS Lambda: the catalogue of functions, plain and asynchronous invokes, and through Durable the durable
// executions. Safe for concurrent use.
//
// What the functions' half stores:
//
//	document lambda/function  region/account/name         functionDoc: $LATEST, aliases, policies, tags, ...
//	document lambda/version   region/account/name/00000N  revision: a published version
//	document lambda/url       URL's id                    urlDoc: whose it is
//	blob     lambda/code/region/account/name/SHA256       a zip package
//	entity   a/region/account/name/ID                     an asynchronous event, see async.go
//	entity   v/region/account/name/N                      a deleted version that is still run, see retire.go
//
// Invariants: a document's blob was stored before it, and goes only after no version names it; every change of anything
// of a function changes its lambda/function document too, so that document's version tells whether a cached function is
// current.
type Service struct {
	cfg     Config
	eng     engine.API
	host    host.Host
	cat     *catalogue
	gate    gate
	durable *Durable
	retired sync.Map // full ARNs of deleted versions that wait for executions, as far as they were met since the start
}

// New makes the service. Register its Behaviours with the engine before that starts.
func New(cfg Config) *Service {
	s := &Service{cfg: cfg, eng: cfg.Engine, host: cfg.Host, cat: newCatalogue(cfg.Engine)}
	s.durable = NewDurable(s, cfg.Limits, s.changed)
	s.durable.Bind(cfg.Engine)
	return s
}

// Durable is the half of the service that runs durable executions.
func (s *Service) Durable() *Durable { return s.durable }

// Behaviours are the deciders for the kinds of entities that the service owns.
func (s *Service) Behaviours() map[byte]engine.Behaviour {
	return map[byte]engine.Behaviour{DurableKind: s.durable, AsyncKind: &async{s}, RetiredKind: &retired{s}}
}

const (
	functions = "/2015-03-31/functions"
	function  = functions + "/{FunctionName}"

	maxCreateBody = 70_167_211 // bytes of a CreateFunction or UpdateFunctionCode request
	maxInvokeBody = 6 * 1024 * 1024
)

// Operations lists what the service offers.
func (s *Service) Operations() []api.Operation {
	return append([]api.Operation{
		{Name: "CreateFunction", Method: "POST", Path: functions, Status: 201, MaxBody: maxCreateBody, Handle: s.createFunction},
		{Name: "ListFunctions", Method: "GET", Path: functions, Handle: s.listFunctions},
		{Name: "GetFunction", Method: "GET", Path: function, Handle: s.getFunction},
		{Name: "GetFunctionConfiguration", Method: "GET", Path: function + "/configuration", Handle: s.getConfiguration},
		{Name: "UpdateFunctionCode", Method: "PUT", Path: function + "/code", MaxBody: maxCreateBody, Handle: s.updateCode},
		{Name: "DownloadFunctionCode", Method: "GET", Path: function + "/code", Handle: s.downloadCode},
		{Name: "UpdateFunctionConfiguration", Method: "PUT", Path: function + "/configuration", Handle: s.updateConfiguration},
		{Name: "DeleteFunction", Method: "DELETE", Path: function, Status: 204, Handle: s.deleteFunction},
		{Name: "PublishVersion", Method: "POST", Path: function + "/versions", Status: 201, Handle: s.publishVersion},
		{Name: "ListVersionsByFunction", Method: "GET", Path: function + "/versions", Handle: s.listVersions},
		{Name: "CreateAlias", Method: "POST", Path: function + "/aliases", Status: 201, Handle: s.createAlias},
		{Name: "ListAliases", Method: "GET", Path: function + "/aliases", Handle: s.listAliases},
		{Name: "GetAlias", Method: "GET", Path: function + "/aliases/{Name}", Handle: s.getAlias},
		{Name: "UpdateAlias", Method: "PUT", Path: function + "/aliases/{Name}", Handle: s.updateAlias},
		{Name: "DeleteAlias", Method: "DELETE", Path: function + "/aliases/{Name}", Status: 204, Handle: s.deleteAlias},
		{Name: "AddPermission", Method: "POST", Path: function + "/policy", Status: 201, Handle: s.addPermission},
		{Name: "GetPolicy", Method: "GET", Path: function + "/policy", Handle: s.getPolicy},
		{Name: "RemovePermission", Method: "DELETE", Path: function + "/policy/{StatementId}", Status: 204, Handle: s.removePermission},
		{Name: "PutFunctionConcurrency", Method: "PUT", Path: "/2017-10-31/functions/{FunctionName}/concurrency", Handle: s.putConcurrency},
		{Name: "DeleteFunctionConcurrency", Method: "DELETE", Path: "/2017-10-31/functions/{FunctionName}/concurrency", Status: 204, Handle: s.deleteConcurrency},
		{Name: "GetFunctionConcurrency", Method: "GET", Path: "/2019-09-30/functions/{FunctionName}/concurrency", Handle: s.getConcurrency},
		{Name: "PutFunctionEventInvokeConfig", Method: "PUT", Path: eventConfigPath, Handle: s.putEventConfig},
		{Name: "UpdateFunctionEventInvokeConfig", Method: "POST", Path: eventConfigPath, Handle: s.updateEventConfig},
		{Name: "GetFunctionEventInvokeConfig", Method: "GET", Path: eventConfigPath, Handle: s.getEventConfig},
		{Name: "DeleteFunctionEventInvokeConfig", Method: "DELETE", Path: eventConfigPath, Status: 204, Handle: s.deleteEventConfig},
		{Name: "ListFunctionEventInvokeConfigs", Method: "GET", Path: eventConfigPath + "/list", Handle: s.listEventConfigs},
		{Name: "CreateFunctionUrlConfig", Method: "POST", Path: urlPath, Status: 201, Handle: s.createURL},
		{Name: "GetFunctionUrlConfig", Method: "GET", Path: urlPath, Handle: s.getURL},
		{Name: "UpdateFunctionUrlConfig", Method: "PUT", Path: urlPath, Handle: s.updateURL},
		{Name: "DeleteFunctionUrlConfig", Method: "DELETE", Path: urlPath, Status: 204, Handle: s.deleteURL},
		{Name: "ListFunctionUrlConfigs", Method: "GET", Path: urlPath + "s", Handle: s.listURLs},
		{Name: "ListTags", Method: "GET", Path: tagsPath, Handle: s.listTags},
		{Name: "TagResource", Method: "POST", Path: tagsPath, Status: 204, Handle: s.tagResource},
		{Name: "UntagResource", Method: "DELETE", Path: tagsPath, Status: 204, Handle: s.untagResource},
		{Name: "GetAccountSettings", Method: "GET", Path: "/2016-08-19/account-settings", Handle: s.accountSettings},
		{Name: "GetFunctionCodeSigningConfig", Method: "GET", Path: "/2020-06-30/functions/{FunctionName}/code-signing-config", Handle: s.codeSigning},
		{Name: "Invoke", Method: "POST", Path: function + "/invocations", MaxBody: maxInvokeBody + 1<<20, Handle: s.invoke},
	}, s.durable.Operations()...)
}

// body decodes a JSON body into T; an empty one is an empty T.
func body[T any](r *api.Request) (*T, error) {
	v := new(T)
	if len(r.Body) > 0 {
		if err := json.Unmarshal(r.Body, v); err != nil {
			return nil, api.Serialization(err)
		}
	}
	return v, nil
}

// answer encodes v as the body.
func answer(v any) (*api.Response, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return &api.Response{Body: b, Header: http.Header{"Content-Type": {"application/json"}}}, nil
}

// stamp is how Lambda writes LastModified of functions.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000+0000") }

// epochSeconds is how REST-JSON writes times elsewhere.
func epochSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
