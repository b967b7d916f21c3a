package s3

import (
	"fmt"
	"log/slog"
)

// redacted stands for every secret that is printed.
const redacted = "[redacted]"

// Secret is a string that no formatting verb, logger or encoder prints. The zero value is no secret;
// convert to string to use it.
type Secret string

// String returns a constant.
func (Secret) String() string { return redacted }

// GoString returns a constant.
func (Secret) GoString() string { return redacted }

// Format writes a constant for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns a constant.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns a constant, for JSON, YAML and the like.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
