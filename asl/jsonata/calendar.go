package jsonata

import (
	"math"
	"strings"
	"time"
)

// maxTime is the last instant there is, in milliseconds since the epoch, and its negative the first, as in JavaScript.
const maxTime = 8.64e15

const (
	minuteMillis = 60_000
	hourMillis   = 3_600_000
	dayMillis    = 86_400_000
	weekMillis   = 7 * dayMillis
)

// instant is a point in time as the components of a picture see it, in UTC.
type instant struct {
	ms    float64 // whole milliseconds since the epoch
	t     time.Time
	valid bool
}

func instantAt(ms float64) instant {
	if !(math.Abs(ms) <= maxTime) {
		return instant{}
	}
	ms = math.Trunc(ms)
	return instant{ms: ms, t: time.UnixMilli(int64(ms)).UTC(), valid: true}
}

// utcMillis is the instant of a date and a time of day, whose parts may lie outside their ranges; month counts from 0.
// Not a number stands for instants there are not.
func utcMillis(year, month, day, hour, minute, second, milli float64) float64 {
	year, month, day = math.Trunc(year), math.Trunc(month), math.Trunc(day)
	years := math.Floor(month / 12)
	if year >= 0 && year <= 99 {
		year += 1900
	}
	year, month = year+years, month-12*years
	if !(math.Abs(year) < 400_000) {
		return math.NaN()
	}
	start := time.Date(int(year), time.Month(int(month)+1), 1, 0, 0, 0, 0, time.UTC)
	ms := float64(start.UnixMilli()) + (day-1)*dayMillis + math.Trunc(hour)*hourMillis + math.Trunc(minute)*minuteMillis +
		math.Trunc(second)*1000 + math.Trunc(milli)
	if !(math.Abs(ms) <= maxTime) {
		return math.NaN()
	}
	return ms
}

// firstWeek is the Monday of the week that holds the first Thursday of a month; month counts from 1. The first week of
// a year is that of its January.
func firstWeek(year int, month time.Month) float64 {
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	day := isoWeekday(first)
	ms := float64(first.UnixMilli())
	if day > 4 {
		return ms + float64(8-day)*dayMillis
	}
	return ms - float64(day-1)*dayMillis
}

// isoWeekday counts from Monday, 1, to Sunday, 7.
func isoWeekday(t time.Time) int {
	return (int(t.Weekday())+6)%7 + 1
}

// weekOfYear is the ISO week; weekOfMonth counts weeks from the one that holds the month's first Thursday.
func (i instant) weekOfYear() float64 {
	return i.week(firstWeek(i.t.Year()-1, 1), firstWeek(i.t.Year(), 1), firstWeek(i.t.Year()+1, 1))
}

func (i instant) weekOfMonth() float64 {
	y, m := i.t.Year(), i.t.Month()
	return i.week(firstWeek(y, m-1), firstWeek(y, m), firstWeek(y, m+1))
}

// week counts the weeks since the latest of three starts that is not in the future.
func (i instant) week(before, start, after float64) float64 {
	today := float64(i.t.Truncate(24 * time.Hour).UnixMilli())
	switch {
	case today >= after:
		return 1
	case today < start:
		start = before
	}
	return math.Floor((today-start)/weekMillis) + 1
}

// weekYear is the year the ISO week belongs to, weekMonth the month.
func (i instant) weekYear() float64 {
	y := i.t.Year()
	switch {
	case i.ms < firstWeek(y, 1):
		y--
	case i.ms >= firstWeek(y+1, 1):
		y++
	}
	return float64(y)
}

func (i instant) weekMonth() float64 {
	y, m := i.t.Year(), i.t.Month()
	shift := 0
	switch {
	case i.ms < firstWeek(y, m):
		shift = -1
	case i.ms >= firstWeek(y, m+1):
		shift = 1
	}
	return float64((int(m)-1+shift+12)%12 + 1)
}

// component is the number a component specifier stands for; known tells whether it is one of numbers.
func (i instant) component(spec byte) (n float64, known bool) {
	if !i.valid {
		return math.NaN(), strings.IndexByte(integerComponents+"P", spec) >= 0
	}
	t := i.t
	switch spec {
	case 'Y':
		return float64(t.Year()), true
	case 'M':
		return float64(t.Month()), true
	case 'D':
		return float64(t.Day()), true
	case 'd':
		return float64(t.YearDay()), true
	case 'F':
		return float64(isoWeekday(t)), true
	case 'W':
		return i.weekOfYear(), true
	case 'w':
		return i.weekOfMonth(), true
	case 'X':
		return i.weekYear(), true
	case 'x':
		return i.weekMonth(), true
	case 'H':
		return float64(t.Hour()), true
	case 'h':
		return float64((t.Hour()+11)%12 + 1), true
	case 'P':
		return float64(t.Hour() / 12), true
	case 'm':
		return float64(t.Minute()), true
	case 's':
		return float64(t.Second()), true
	case 'f':
		return float64(t.Nanosecond() / 1e6), true
	}
	return 0, false
}
