package jsonata

func (b *builtins) addDates() {}
func fnFormatNumber(r *run, args []Value) (Value, error) { return Value{}, nil }
