package handlers

//durable:ignore-file durablenondeterminism -- measured code

import (
	"time"

	"github.com/perdure/perdure/durable"
)

func measured(ctx durable.Context, _ int) (time.Time, error) { return time.Now(), nil }
