package states

// machines compiles definitions once.
type machines struct{}
