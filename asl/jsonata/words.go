package jsonata

import (
	"math"
	"regexp"
	"sort"
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

// wordValues is what each word counts.
var wordValues = func() map[string]float64 {
	m := map[string]float64{"hundredth": 100}
	for i := range unitWords {
		m[strings.ToLower(unitWords[i])] = float64(i)
		m[strings.ToLower(ordinalWords[i])] = float64(i)
	}
	for i, w := range tensWords {
		w = strings.ToLower(w)
		m[w] = float64(i+2) * 10
		m[w[:len(w)-1]+"ieth"] = float64(i+2) * 10
	}
	for i, w := range magnitudeWords {
		v := math.Pow(1000, float64(i+1))
		m[strings.ToLower(w)] = v
		m[strings.ToLower(w)+"th"] = v
	}
	return m
}()

// wordPattern matches a number in words. The longest words are tried first; as the pattern repeats, the order only
// matters for speed.
var wordPattern = func() string {
	words := make([]string, 0, len(wordValues))
	for w := range wordValues {
		words = append(words, w)
	}
	sort.Slice(words, func(i, j int) bool {
		return len(words[i]) > len(words[j]) || len(words[i]) == len(words[j]) && words[i] < words[j]
	})
	return "(?:" + strings.Join(words, "|") + `|and|[\-, ])+`
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
