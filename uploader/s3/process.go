package s3

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// process returns the keys that a program of the profile writes (AWS SDKs and Tools Reference Guide, "Process credential
// provider"). No shell reads the line.
func process(p section) (source, error) {
	args, err := words(p.values["credential_process"])
	if err != nil {
		return source{}, p.mistake("credential_process: %w", err)
	}
	return source{name: "credential_process", fetch: func(ctx context.Context, _ *http.Client) (credentials.Value, error) {
		out, err := outputOf(ctx, args)
		switch {
		case errors.Is(err, exec.ErrNotFound), errors.Is(err, exec.ErrDot), errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
			return credentials.Value{}, p.mistake("credential_process: %w", err)
		case err != nil:
			return credentials.Value{}, &keyError{err: fmt.Errorf("credential_process %s: %w", args[0], err),
				cure: "Run that program by hand as the user of hlsship: what it writes to standard error is not shown here, as it may hold a secret."}
		}
		var g givenKeys
		bad := json.Unmarshal(out, &g)
		if bad == nil && g.Version != 1 {
			return credentials.Value{}, p.mistake("credential_process %s writes Version %d, of which only 1 is understood", args[0], g.Version)
		}
		return g.value("credential_process "+args[0], bad)
	}}, nil
}

// outputOf runs a program and returns what it wrote. Its end is not waited for beyond ctx, nor that of its children.
func outputOf(ctx context.Context, args []string) ([]byte, error) {
	var out strings.Builder
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdout = &bounded{&out, maxKeyAnswer}
	cmd.WaitDelay = 100 * time.Millisecond
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	return []byte(out.String()), nil
}

// bounded writes so many bytes, and then fails.
type bounded struct {
	io.Writer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errors.New("it writes too much")
	}
	return b.Writer.Write(p)
}

// words splits a command line at white space outside quotes, as a POSIX shell does that expands nothing.
func words(line string) ([]string, error) {
	var all []string
	var word strings.Builder
	quote, inside, escaped := rune(0), false, false
	for _, c := range line {
		switch {
		case escaped:
			if quote == '"' && !strings.ContainsRune("\\\"$`", c) {
				word.WriteRune('\\')
			}
			word.WriteRune(c)
			escaped = false
		case c == '\\' && quote != '\'':
			escaped, inside = true, true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, inside = c, true
		case quote == 0 && strings.ContainsRune(" \t\n", c):
			if inside {
				all = append(all, word.String())
			}
			inside = false
			word.Reset()
		default:
			word.WriteRune(c)
			inside = true
		}
	}
	if inside {
		all = append(all, word.String())
	}
	switch {
	case quote != 0 || escaped:
		return nil, errors.New("a quote is not closed")
	case len(all) == 0 || all[0] == "":
		return nil, errors.New("it names no program")
	}
	return all, nil
}
