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

// monthOf is a month of a year; month counts from 0.
type monthOf struct{ year, month int }

func (m monthOf) next() monthOf {
	if m.month == 11 {
		return monthOf{m.year + 1, 0}
	}
	return monthOf{m.year, m.month + 1}
}

func (m monthOf) previous() monthOf {
	if m.month == 0 {
		return monthOf{m.year - 1, 11}
	}
	return monthOf{m.year, m.month - 1}
}

// firstWeek is the Monday of the week that holds the first Thursday of the month. The first week of a year is that of
// its January. Years of two digits are taken for those of the twentieth century, by JavaScript and so by the reference.
func (m monthOf) firstWeek() float64 {
	first := instantAt(utcMillis(float64(m.year), float64(m.month), 1, 0, 0, 0, 0))
	if !first.valid {
		return math.NaN()
	}
	day := isoWeekday(first.t)
	if day > 4 {
		return first.ms + float64(8-day)*dayMillis
	}
	return first.ms - float64(day-1)*dayMillis
}

// isoWeekday counts from Monday, 1, to Sunday, 7.
func isoWeekday(t time.Time) int {
	return (int(t.Weekday())+6)%7 + 1
}

// weekOfYear is the ISO week; weekOfMonth counts weeks from the one that holds the month's first Thursday.
func (i instant) weekOfYear() float64 {
	y := i.t.Year()
	return i.week(52, monthOf{y - 1, 0}, monthOf{y, 0}, monthOf{y + 1, 0})
}

func (i instant) weekOfMonth() float64 {
	m := i.month()
	return i.week(4, m.previous(), m, m.next())
}

func (i instant) month() monthOf { return monthOf{i.t.Year(), int(i.t.Month()) - 1} }

// today is the start of the day, as the reference counts days and weeks.
func (i instant) today() float64 {
	return utcMillis(float64(i.t.Year()), float64(i.t.Month()-1), float64(i.t.Day()), 0, 0, 0, 0)
}

// week counts the weeks since the first one of the period the day is in, of which there are at least so many, or of
// the period before or after.
func (i instant) week(least float64, before, this, after monthOf) float64 {
	today := i.today()
	since := func(m monthOf) float64 { return (today-m.firstWeek())/weekMillis + 1 }
	week := since(this)
	switch {
	case week > least && today >= after.firstWeek():
		week = 1
	case week < 1:
		week = since(before)
	}
	return math.Floor(week)
}

// dayOfYear counts from 1.
func (i instant) dayOfYear() float64 {
	return (i.today()-utcMillis(float64(i.t.Year()), 0, 1, 0, 0, 0, 0))/dayMillis + 1
}

// weekYear is the year the ISO week belongs to, weekMonth the month.
func (i instant) weekYear() float64 {
	y := i.t.Year()
	switch {
	case i.ms < monthOf{y, 0}.firstWeek():
		y--
	case i.ms >= monthOf{y + 1, 0}.firstWeek():
		y++
	}
	return float64(y)
}

func (i instant) weekMonth() float64 {
	m := i.month()
	switch {
	case i.ms < m.firstWeek():
		m = m.previous()
	case i.ms >= m.next().firstWeek():
		m = m.next()
	}
	return float64(m.month + 1)
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
		return i.dayOfYear(), true
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
