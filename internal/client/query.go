package client

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
)

// Query calls an operation of the AWS query protocol. out is decoded from the Result element; it may be nil.
func (c *Client) Query(ctx context.Context, service, version, action string, form url.Values, out any) error {
	q := url.Values{"Action": {action}, "Version": {version}}
	for k, v := range form {
		q[k] = v
	}
	resp, err := c.Do(ctx, Request{Service: service, Body: []byte(q.Encode()), Header: http.Header{
		"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"},
	}})
	if err != nil || out == nil {
		return err
	}
	var answer struct {
		Result []struct {
			XMLName xml.Name
			Inner   []byte `xml:",innerxml"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal(resp.Body, &answer); err != nil {
		return fmt.Errorf("the answer is not the XML that was expected: %w", err)
	}
	for _, r := range answer.Result {
		if r.XMLName.Local != action+"Result" {
			continue
		}
		if err := xml.Unmarshal([]byte("<R>"+string(r.Inner)+"</R>"), out); err != nil {
			return fmt.Errorf("the answer is not the XML that was expected: %w", err)
		}
	}
	return nil
}
