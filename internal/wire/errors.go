package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/perdure/perdure/internal/api"
)

// fail writes an error in the protocol of the service, or, if none was found, in the one the request looks like.
func fail(w http.ResponseWriter, req *http.Request, svc *service, id string, e *api.Error) int {
	p, status := guess(req), e.HTTPStatus()
	if svc != nil {
		p = svc.Protocol
	}
	head := w.Header()
	setID(head, p, id)
	head["Content-Type"] = contentTypes[p]
	if e.RetryAfter > 0 {
		head["Retry-After"] = []string{strconv.Itoa(e.RetryAfter)}
	}
	code := signatureCode(p, e.Code)
	var body []byte
	switch p {
	case JSON10, JSON11:
		head["X-Amzn-Errortype"] = []string{code}
		body = jsonError(e, namespace(svc, code)+code)
	case RESTJSON:
		head["X-Amzn-Errortype"] = []string{code}
		body = restError(e, status)
	case Query:
		body = queryError(svc, e, code, id)
	case S3:
		body = s3Error(req, e, code, id)
	}
	head["Content-Length"] = []string{strconv.Itoa(len(body))}
	if status >= 400 && !consumed(req) {
		head["Connection"] = []string{"close"}
	}
	w.WriteHeader(status)
	if req.Method != http.MethodHead {
		w.Write(body)
	}
	return status
}

// consumed: a large body that was refused unread is better met by closing the connection than by reading it all.
func consumed(req *http.Request) bool {
	return req.ContentLength >= 0 && req.ContentLength <= DefaultMaxBody
}

func guess(req *http.Request) Protocol {
	switch {
	case isForm(req), hasKey(req.URL.RawQuery, "Action"):
		return Query
	case req.Header.Get("X-Amz-Target") != "":
		return JSON10
	case req.Header.Get("X-Amz-Content-Sha256") != "" && req.Header.Get("Content-Type") != "application/json":
		return S3
	}
	return RESTJSON
}

// namespace precedes the code in __type. Validation against the model is coral's, not the service's.
func namespace(svc *service, code string) string {
	switch code {
	case "ValidationException":
		return "com.amazon.coral.validate#"
	case "SerializationException", "UnknownOperationException", "InternalFailure":
		return "com.amazon.coral.service#"
	}
	if svc == nil || svc.Namespace == "" {
		return ""
	}
	return svc.Namespace + "#"
}

func jsonError(e *api.Error, typ string) []byte {
	m := make(map[string]any, len(e.Members)+2)
	maps.Copy(m, e.Members)
	m["__type"], m["message"] = typ, e.Message
	return encode(m)
}

func restError(e *api.Error, status int) []byte {
	m := make(map[string]any, len(e.Members)+2)
	maps.Copy(m, e.Members)
	switch e.Code {
	case "ValidationException", "SerializationException": // outside the service's model, which is where Type is
	default:
		m["Type"] = "User"
		if status >= 500 {
			m["Type"] = "Server"
		}
	}
	if e.Upper {
		m["Message"] = e.Message
	} else {
		m["message"] = e.Message
	}
	return encode(m)
}

func encode(m map[string]any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return []byte("{}")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func queryError(svc *service, e *api.Error, code, id string) []byte {
	var b bytes.Buffer
	b.WriteString("<ErrorResponse")
	if svc != nil {
		b.WriteString(` xmlns="` + svc.XMLNS + `"`)
	}
	typ := "Sender"
	if e.HTTPStatus() >= 500 {
		typ = "Receiver"
	}
	b.WriteString("><Error><Type>" + typ + "</Type><Code>")
	escapeXML(&b, code)
	b.WriteString("</Code><Message>")
	escapeXML(&b, e.Message)
	b.WriteString("</Message></Error><RequestId>" + id + "</RequestId></ErrorResponse>")
	return b.Bytes()
}

func s3Error(req *http.Request, e *api.Error, code, id string) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<Error><Code>")
	escapeXML(&b, code)
	b.WriteString("</Code><Message>")
	escapeXML(&b, e.Message)
	b.WriteString("</Message>")
	for _, k := range slices.Sorted(maps.Keys(e.Members)) {
		b.WriteString("<" + k + ">")
		escapeXML(&b, fmt.Sprint(e.Members[k]))
		b.WriteString("</" + k + ">")
	}
	b.WriteString("<Resource>")
	escapeXML(&b, req.URL.Path)
	b.WriteString("</Resource><RequestId>" + id + "</RequestId></Error>")
	return b.Bytes()
}

// writePlain is for what is no AWS request: a small JSON object.
func writePlain(w http.ResponseWriter, e *api.Error) {
	w.Header()["Content-Type"] = contentTypes[RESTJSON]
	w.WriteHeader(e.HTTPStatus())
	w.Write(encode(map[string]any{"code": e.Code, "message": e.Message}))
}

// Every protocol has its own words for a signature that will not do. These are the ones used inside this package:

func mismatch() *api.Error {
	return denied("InvalidSignatureException", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
}

func unknownKey() *api.Error {
	return denied("UnrecognizedClientException", "The security token included in the request is invalid.")
}

func unsigned() *api.Error {
	return denied("MissingAuthenticationTokenException", "Missing Authentication Token")
}

func skewed(format string, args ...any) *api.Error {
	return denied("SignatureExpired", fmt.Sprintf(format, args...))
}

func denied(code, message string) *api.Error {
	return &api.Error{Code: code, Message: message, Status: http.StatusForbidden}
}

// signatureCode translates them.
func signatureCode(p Protocol, code string) string {
	words, ok := signatureCodes[code]
	if !ok {
		return code
	}
	switch p {
	case Query:
		return words[1]
	case S3:
		return words[2]
	}
	return words[0]
}

var signatureCodes = map[string][3]string{ // JSON, Query, S3
	"InvalidSignatureException":           {"InvalidSignatureException", "SignatureDoesNotMatch", "SignatureDoesNotMatch"},
	"SignatureExpired":                    {"InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed"},
	"UnrecognizedClientException":         {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"},
	"MissingAuthenticationTokenException": {"MissingAuthenticationTokenException", "MissingAuthenticationToken", "AccessDenied"},
	"IncompleteSignatureException":        {"IncompleteSignatureException", "IncompleteSignature", "AuthorizationHeaderMalformed"},
	"AccessDeniedException":               {"AccessDeniedException", "AccessDenied", "AccessDenied"},
	"RequestEntityTooLargeException":      {"RequestEntityTooLargeException", "RequestEntityTooLarge", "EntityTooLarge"},
}
