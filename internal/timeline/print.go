package timeline

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Printer writes events as lines of a table: time since the first event, source, what happened.
type Printer struct {
	W     io.Writer
	Color bool
	Width int // columns of the terminal; 0: none, payloads are cut all the same

	first   time.Time
	last    time.Time
	sources []string
}

// colours of the sources in order of appearance: cyan, yellow, magenta, green.
var colours = []string{"36", "33", "35", "32"}

// Print writes one event. A jump of more than five seconds of the server's time gets a line of its own.
func (p *Printer) Print(e Event) {
	if p.first.IsZero() {
		p.first, p.last = e.At, e.At
	}
	if gap := e.At.Sub(p.last); gap > 5*time.Second {
		fmt.Fprintln(p.W, p.paint("2", fmt.Sprintf("%14s  %s pass", "...", gap.Round(time.Second))))
	}
	p.last = e.At
	what := e.Text
	if e.Subject != "" {
		what = e.Subject + ": " + what
	}
	if e.Detail != "" {
		what += "  " + cut(oneLine(e.Detail), maxDetail)
	}
	prefix := fmt.Sprintf("%14s  %-31s ", "+"+clock(e.At.Sub(p.first)), e.Source)
	if room := p.Width - utf8.RuneCountInString(prefix); p.Width > 0 && room > 3 {
		what = cut(what, room)
	}
	fmt.Fprintln(p.W, p.paint(p.colour(e.Source), prefix)+what)
}

// clock writes a duration as 00:20:03.120.
func clock(d time.Duration) string {
	ms := d.Milliseconds()
	return fmt.Sprintf("%02d:%02d:%02d.%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, ms%1000)
}

func (p *Printer) colour(source string) string {
	for i, s := range p.sources {
		if s == source {
			return colours[i%len(colours)]
		}
	}
	p.sources = append(p.sources, source)
	return colours[(len(p.sources)-1)%len(colours)]
}

func (p *Printer) paint(colour, text string) string {
	if !p.Color {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// maxDetail is how much of a payload is shown, in characters. The whole is in the history.
const maxDetail = 120

// cut shortens s to n characters.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-3]) + "..."
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
