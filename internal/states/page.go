package states

import (
	"encoding/base64"
	"encoding/json"

	"github.com/perdure/perdure/internal/api"
)

// pageToken is what a nextToken holds: where to go on, and for which request.
type pageToken struct {
	For   string `json:"f"`
	After string `json:"a"`
}

func errPageToken() error { return api.Errorf("InvalidToken", "Invalid Token: 'Invalid token'") }

// nextPage makes a nextToken; scope names the request with the arguments that must not change between pages.
func nextPage(scope, after string) *string {
	data, _ := json.Marshal(pageToken{definitionHash(scope)[:16], after})
	s := base64.RawURLEncoding.EncodeToString(data)
	return &s
}

// pageAfter reads a nextToken; empty if there is none.
func pageAfter(scope string, token *string) (string, error) {
	if token == nil {
		return "", nil
	}
	data, err := base64.RawURLEncoding.DecodeString(*token)
	if err != nil {
		return "", errPageToken()
	}
	var t pageToken
	if json.Unmarshal(data, &t) != nil || t.For != definitionHash(scope)[:16] || t.After == "" {
		return "", errPageToken()
	}
	return t.After, nil
}

// pageSize is how many items a page has.
func pageSize(maxResults *int64) int {
	if maxResults == nil || *maxResults == 0 {
		return defaultPage
	}
	return int(min(*maxResults, maxPage))
}
