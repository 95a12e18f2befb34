package durabletest

import (
	"bytes"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// TreeColumn is a column of the operation tree.
type TreeColumn int

// The columns.
const (
	ColumnName TreeColumn = iota
	ColumnType
	ColumnSubType
	ColumnStatus
	ColumnStartTime
	ColumnEndTime
	ColumnDuration
	ColumnID
	ColumnParentID
)

var columnNames = []string{"Name", "Type", "SubType", "Status", "StartTime", "EndTime", "Duration", "ID", "ParentID"}

func (c TreeColumn) String() string {
	if c < 0 || int(c) >= len(columnNames) {
		return "Unknown"
	}
	return columnNames[c]
}

// DefaultTreeColumns are those shown when none are named.
func DefaultTreeColumns() []TreeColumn {
	return []TreeColumn{ColumnName, ColumnType, ColumnSubType, ColumnStatus, ColumnStartTime, ColumnEndTime, ColumnDuration}
}

func (c TreeColumn) of(o *TestOperation) string {
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	switch c {
	case ColumnName:
		return o.Name
	case ColumnType:
		return o.Type
	case ColumnSubType:
		return o.SubType
	case ColumnStatus:
		return o.Status
	case ColumnStartTime:
		return stamp(o.StartTime)
	case ColumnEndTime:
		return stamp(o.EndTime)
	case ColumnDuration:
		if o.StartTime.IsZero() || o.EndTime.IsZero() {
			return ""
		}
		return o.EndTime.Sub(o.StartTime).String()
	case ColumnID:
		return o.ID
	case ColumnParentID:
		return o.ParentID
	}
	return ""
}

// FormatTree shows the operations as a table, nested ones indented under their contexts.
func (r *TestResult) FormatTree(columns ...TreeColumn) string {
	var b bytes.Buffer
	_ = r.WriteTree(&b, columns...) // a buffer does not fail
	return b.String()
}

// WriteTree is FormatTree to a writer.
func (r *TestResult) WriteTree(w io.Writer, columns ...TreeColumn) error {
	if len(r.Operations) == 0 {
		_, err := io.WriteString(w, "(no operations)\n")
		return err
	}
	if len(columns) == 0 {
		columns = DefaultTreeColumns()
	}
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = c.String()
	}
	rows := r.rows([][]string{head}, columns)
	widths := make([]int, len(columns))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			line.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
		}
		if _, err := io.WriteString(w, strings.TrimRight(line.String(), " ")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// rows adds one row per operation, parents before their children. An operation whose parent is not known is at the top.
func (r *TestResult) rows(rows [][]string, columns []TreeColumn) [][]string {
	known := map[string]bool{}
	children := map[string][]*TestOperation{}
	for i := range r.Operations {
		known[r.Operations[i].ID] = true
	}
	for i := range r.Operations {
		o := &r.Operations[i]
		parent := o.ParentID
		if !known[parent] || parent == o.ID {
			parent = ""
		}
		children[parent] = append(children[parent], o)
	}
	var descend func(parent string, depth int)
	descend = func(parent string, depth int) {
		ops := children[parent]
		delete(children, parent) // what points in a circle is shown once
		for _, o := range ops {
			row := make([]string, len(columns))
			for i, c := range columns {
				if row[i] = c.of(o); row[i] == "" {
					row[i] = "-"
				}
			}
			row[0] = strings.Repeat("  ", depth) + row[0]
			rows = append(rows, row)
			descend(o.ID, depth+1)
		}
	}
	descend("", 0)
	return rows
}
