package jsonata

import (
	"math"
	"regexp"
	"strings"
)

// Numbers in English words, as XPath's format-integer writes them.

var (
	unitWords = strings.Fields("Zero One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen " +
		"Fifteen Sixteen Seventeen Eighteen Nineteen")
	ordinalWords = strings.Fields("Zeroth First Second Third Fourth Fifth Sixth Seventh Eighth Ninth Tenth Eleventh Twelfth " +
		"Thirteenth Fourteenth Fifteenth Sixteenth Seventeenth Eighteenth Nineteenth")
	tensWords      = strings.Fields("Twenty Thirty Forty Fifty Sixty Seventy Eighty Ninety Hundred")
	magnitudeWords = strings.Fields("Thousand Million Billion Trillion")
)

// wordValues is what each word counts; wordPattern matches a number in words. The words are tried in the reference's
// order, which decides what is left for the text behind a number: seventy may be read as seven.
var wordValues, wordPattern = func() (map[string]float64, string) {
	m := map[string]float64{}
	var order []string
	add := func(word string, v float64) {
		word = strings.ToLower(word)
		m[word] = v
		order = append(order, word)
	}
	for i, w := range unitWords {
		add(w, float64(i))
	}
	for i, w := range ordinalWords {
		add(w, float64(i))
	}
	for i, w := range tensWords {
		add(w, float64(i+2)*10)
		add(w[:len(w)-1]+"ieth", float64(i+2)*10)
	}
	add("hundredth", 100)
	for i, w := range magnitudeWords {
		v := math.Pow(1000, float64(i+1))
		add(w, v)
		add(w+"th", v)
	}
	return m, "(?:" + strings.Join(order, "|") + `|and|[\-, ])+`
}()

// maxWords bounds the trillions of trillions a number is written in.
const maxWords = 1e60

// toWords writes a whole number in title case.
func toWords(f float64, ordinal bool) string {
	var b strings.Builder
	if f < maxWords {
		writeWords(&b, f, false, ordinal)
	}
	return b.String()
}

func writeWords(b *strings.Builder, f float64, follows, ordinal bool) {
	link := ", "
	if f < 100 {
		link = " and "
	}
	if follows {
		b.WriteString(link)
	}
	switch {
	case f <= 19:
		words := unitWords
		if ordinal {
			words = ordinalWords
		}
		b.WriteString(words[int(f)])
		return
	case f < 100:
		tens, rest := tensWords[int(f)/10-2], math.Mod(f, 10)
		switch {
		case rest > 0:
			b.WriteString(tens + "-")
			writeWords(b, rest, false, ordinal)
		case ordinal:
			b.WriteString(tens[:len(tens)-1] + "ieth")
		default:
			b.WriteString(tens)
		}
		return
	case f < 1000:
		b.WriteString(unitWords[int(f)/100] + " Hundred")
		f = math.Mod(f, 100)
	default:
		mag := min(int(math.Log10(f)/3), len(magnitudeWords))
		factor := math.Pow(1000, float64(mag))
		head := math.Floor(f / factor)
		writeWords(b, head, false, false)
		b.WriteString(" " + magnitudeWords[mag-1])
		f -= head * factor
	}
	if f > 0 {
		writeWords(b, f, true, ordinal)
	} else if ordinal {
		b.WriteString("th")
	}
}

var wordBreak = regexp.MustCompile(`,\s|\sand\s|[\s\\-]`)

// fromWords reads a number in lower-case words; an unknown word makes it not a number.
func fromWords(text string) float64 {
	sums := []float64{0}
	for _, word := range wordBreak.Split(text, -1) {
		v, ok := wordValues[word]
		if !ok {
			v = math.NaN()
		}
		top := len(sums) - 1
		switch {
		case !(v < 100):
			sums[top] *= v
		case sums[top] >= 1000:
			sums = append(sums, v)
		default:
			sums[top] += v
		}
	}
	total := 0.0
	for _, s := range sums {
		total += s
	}
	return total
}
