package s3

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxSharedFile bounds a shared file, in bytes: one that is larger is another file.
const maxSharedFile = 1 << 20

// shared is what the files say that the AWS tools share (AWS SDKs and Tools Reference Guide, "Shared config and
// credentials files").
type shared struct {
	profiles, sessions, services map[string]section
	// from are the files that were looked for, missing those of them that are not there.
	from, missing []string
}

// section is one section of the shared files, of whichever of them have it.
type section struct {
	name string
	// file is the last that has it.
	file string
	// values are by key; what is indented below a key without a value has the name of both: "s3.endpoint_url".
	values map[string]string
}

// readShared reads the shared files that only, the environment or custom name. What the credentials file says wins.
func readShared(only string, env func(string) string) (shared, error) {
	s := shared{profiles: map[string]section{}, sessions: map[string]section{}, services: map[string]section{}}
	if only != "" {
		return s, s.read(only, true, func(title string) (string, bool) { return strings.TrimPrefix(title, "profile "), true })
	}
	home := cmp.Or(env("HOME"), env("USERPROFILE"))
	at := func(variable, name string) string {
		if file := env(variable); file != "" {
			if rest, ok := strings.CutPrefix(file, "~/"); ok && home != "" {
				return filepath.Join(home, rest)
			}
			return file
		}
		if home == "" {
			return ""
		}
		return filepath.Join(home, ".aws", name)
	}
	err := s.read(at("AWS_CONFIG_FILE", "config"), env("AWS_CONFIG_FILE") != "", func(title string) (string, bool) {
		name, ok := strings.CutPrefix(title, "profile ")
		return name, ok || title == "default"
	})
	return s, errors.Join(err, s.read(at("AWS_SHARED_CREDENTIALS_FILE", "credentials"), env("AWS_SHARED_CREDENTIALS_FILE") != "", func(title string) (string, bool) { return title, true }))
}

// outOfSight reports whether err says that the folder of a file is somebody else's, as the home is that runuser leaves in HOME. AWS's own
// tools count such a file as one that is not there. One that is in sight and cannot be read is a mistake.
func outOfSight(err error) bool {
	failed, ok := errors.AsType[*fs.PathError](err)
	return ok && failed.Op == "stat" && errors.Is(err, fs.ErrPermission)
}

// read adds a file, which somebody named or which is the usual one. profile says which profile a section's title means, if it means one. A
// file that is not there is empty.
func (s *shared) read(file string, named bool, profile func(title string) (name string, ok bool)) error {
	if file == "" {
		return nil
	}
	s.from = append(s.from, file)
	text, err := readBounded(file, maxSharedFile)
	if errors.Is(err, fs.ErrNotExist) || !named && outOfSight(err) {
		s.missing = append(s.missing, file)
		return nil
	}
	if err != nil {
		return mistake("%w", err)
	}
	all, err := parseShared(text)
	if err != nil {
		return mistake("%s: %w", file, err)
	}
	for _, one := range all {
		into := s.profiles
		title := strings.Join(strings.Fields(one.name), " ")
		if name, ok := strings.CutPrefix(title, "sso-session "); ok {
			into, title = s.sessions, name
		} else if name, ok := strings.CutPrefix(title, "services "); ok {
			into, title = s.services, name
		} else if title, ok = profile(title); !ok {
			continue
		}
		title = strings.Trim(title, `"'`)
		merged := section{name: title, file: file, values: into[title].values}
		if merged.values == nil {
			merged.values = map[string]string{}
		}
		for key, value := range one.values {
			merged.values[key] = value
		}
		into[title] = merged
	}
	return nil
}

// readBounded reads a regular file of so many bytes at most. Another kind might never end.
func readBounded(file string, most int64) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no regular file", file)
	}
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return "", err
	}
	if int64(len(data)) > most {
		return "", fmt.Errorf("%s is larger than %d bytes", file, most)
	}
	return string(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))), nil
}

// parseShared returns the sections in their order. Errors do not repeat a line, as it may hold a key.
func parseShared(text string) ([]section, error) {
	var all []section
	key, depth := "", 0 // of the last line that was KEY = VALUE
	n := 0
	for line := range strings.Lines(text) {
		n++
		bare := strings.TrimSpace(line)
		if bare == "" || bare[0] == '#' || bare[0] == ';' {
			continue
		}
		if bare[0] == '[' {
			title, _, ok := strings.Cut(bare[1:], "]")
			if !ok {
				return nil, fmt.Errorf("line %d lacks a ]", n)
			}
			all, key = append(all, section{name: title, values: map[string]string{}}), ""
			continue
		}
		if len(all) == 0 {
			return nil, fmt.Errorf("line %d stands before the first [section]", n)
		}
		values := all[len(all)-1].values
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		name, value, ok := strings.Cut(bare, "=")
		name, value = strings.ToLower(strings.TrimSpace(name)), uncommented(value)
		switch {
		case key != "" && indent > depth && ok && values[key] == "":
			values[key+"."+name] = value
		case key != "" && indent > depth:
			values[key] += "\n" + bare
		case !ok:
			return nil, fmt.Errorf("line %d is neither [section] nor KEY = VALUE", n)
		default:
			key, depth = name, indent
			values[key] = value
		}
	}
	return all, nil
}

// uncommented drops what a # or ; after white space begins.
func uncommented(value string) string {
	for i := 1; i < len(value); i++ {
		if (value[i] == '#' || value[i] == ';') && (value[i-1] == ' ' || value[i-1] == '\t') {
			value = value[:i]
		}
	}
	return strings.TrimSpace(value)
}
