package jsonata

func (b *builtins) addDates() {}
