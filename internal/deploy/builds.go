package deploy

// builds are the packages of functions as they were built last, by logical ids. With them only those are built again whose
// sources have changed.
type builds struct {
	sources map[string]string // what each function's sources look like now
	made    map[string]build
	changed []string // functions whose package became another one in the last deployment
}

type build struct {
	from    string // what its sources looked like
	content []byte
}

// last is the package of a function if its sources are what they were.
func (b *builds) last(id string) []byte {
	if b == nil || b.sources[id] == "" || b.made[id].from != b.sources[id] {
		return nil
	}
	return b.made[id].content
}

// keep notes a new package.
func (b *builds) keep(id string, content []byte) {
	if b == nil {
		return
	}
	if was := b.made[id].content; was != nil && string(was) != string(content) {
		b.changed = append(b.changed, id)
	}
	b.made[id] = build{b.sources[id], content}
}
