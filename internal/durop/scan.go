package durop

import "encoding/json"

// The scanner below walks JSON that json.Valid has accepted, so it needs no errors. It hands out slices of its input.

func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skip returns the end of the value that begins at i.
func skip(b []byte, i int) int {
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		depth := 0
		for ; i < len(b); i++ {
			switch b[i] {
			case '"':
				i = skipString(b, i) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
		return i
	}
	for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' && b[i] > ' ' {
		i++
	}
	return i
}

func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return i
}

// members calls each for every member of the object obj.
func members(obj []byte, each func(key string, value []byte)) {
	i := space(obj, space(obj, 0)+1)
	for i < len(obj) && obj[i] != '}' {
		end := skipString(obj, i)
		key := nameOf(obj[i:end])
		i = space(obj, space(obj, end)+1) // past the colon
		end = skip(obj, i)
		each(key, obj[i:end])
		if i = space(obj, end); obj[i] == ',' {
			i = space(obj, i+1)
		}
	}
}

// nameOf is a member's name; names of the wire's own members are not allocated.
func nameOf(literal []byte) string {
	if w, ok := names[string(literal)]; ok {
		return w
	}
	return Text(literal).String()
}

var names = func() map[string]string {
	m := map[string]string{}
	for _, n := range []string{
		"CheckpointToken", "ClientToken", "Updates", "Id", "ParentId", "Name", "Type", "SubType", "Action", "Payload", "Error",
		"ContextOptions", "StepOptions", "WaitOptions", "CallbackOptions", "ChainedInvokeOptions", "Status", "Result",
		"ErrorMessage", "ErrorType", "ErrorData", "StackTrace",
	} {
		m[string(Quote(n))] = n
	}
	return m
}()

// elements calls each for every element of the array arr.
func elements(arr []byte, each func(value []byte)) {
	i := space(arr, space(arr, 0)+1)
	for i < len(arr) && arr[i] != ']' {
		end := skip(arr, i)
		each(arr[i:end])
		if i = space(arr, end); arr[i] == ',' {
			i = space(arr, i+1)
		}
	}
}

func isNull(v []byte) bool { return len(v) == 4 && v[0] == 'n' }

// Members walks a JSON object from outside; it reports whether doc was one.
func Members(doc []byte, each func(key string, value []byte)) bool {
	if i := space(doc, 0); i >= len(doc) || doc[i] != '{' || !json.Valid(doc) {
		return false
	}
	members(doc, each)
	return true
}
