package host

// LogStream names where an instance's lines go. The group belongs to the function, the stream to the instance.
type LogStream struct{ Region, Account, Group, Stream string }

// LogLine is one line that a function printed, or that the host wrote about it, without its newline.
type LogLine struct {
	Time int64 // Unix milliseconds
	Text string
}

// LogSink keeps function logs. Lines of one stream arrive in order and from one goroutine at a time; streams of different
// instances arrive concurrently. A sink that is slow slows the function down rather than losing lines, so it must not
// wait for anything but its own storage. The slice is the caller's again after the call.
type LogSink interface {
	Log(to LogStream, lines []LogLine)
}
