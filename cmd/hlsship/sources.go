package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v3"
)

// raw is the text of one setting and where it stands.
type raw struct {
	values []string
	origin string
}

// sources are where settings come from, in falling precedence: the command line, the environment, the
// configuration file.
type sources struct {
	line map[string]raw
	env  map[string]string
	// extra are arguments beyond DIR and the destination.
	extra []string
}

func sourcesOf(c *cli.Context, environ []string) sources {
	s := sources{line: map[string]raw{}, env: map[string]string{}}
	for _, one := range environ {
		if name, value, ok := strings.Cut(one, "="); ok {
			s.env[name] = value
		}
	}
	arguments := c.Args().Slice()
	for _, row := range settings() {
		switch {
		case row.argument:
			if len(arguments) > 0 {
				s.line[row.name] = raw{arguments[:1], row.value}
				arguments = arguments[1:]
			}
		case !c.IsSet(row.name):
		case row.kind == truth:
			s.line[row.name] = raw{[]string{fmt.Sprint(c.Bool(row.name))}, "--" + row.name}
		case row.repeats():
			s.line[row.name] = raw{c.StringSlice(row.name), "--" + row.name}
		default:
			s.line[row.name] = raw{[]string{c.String(row.name)}, "--" + row.name}
		}
	}
	s.extra = arguments
	return s
}

// find returns the setting's text from the first source that has it. An empty variable counts as not
// set, as is the custom of the AWS variables.
func (s sources) find(row setting, file map[string]raw) raw {
	if r, ok := s.line[row.name]; ok {
		return r
	}
	for _, name := range append([]string{row.env()}, row.also...) {
		value := s.env[name]
		switch {
		case value == "":
		case row.repeats():
			return raw{fields(value), name}
		default:
			return raw{[]string{value}, name}
		}
	}
	if r, ok := file[row.name]; ok {
		return r
	}
	if row.def == "" {
		return raw{}
	}
	return raw{[]string{row.def}, "default of --" + row.name}
}

// fields splits a variable that holds several values: at semicolons, as Cache-Control is full of commas.
func fields(value string) []string {
	var all []string
	for one := range strings.SplitSeq(value, ";") {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}

// misspelled returns a problem for every variable that looks like a slip of the pen for one of ours.
// Others are left alone: Kubernetes makes HLSSHIP_SERVICE_HOST of a service of our name.
func (s sources) misspelled() []error {
	var known []string
	for _, row := range settings() {
		known = append(known, row.env())
	}
	var problems []error
	for name := range s.env {
		if !strings.HasPrefix(name, envPrefix) || slices.Contains(known, name) {
			continue
		}
		if near := nearest(name, known); near != "" {
			problems = append(problems, fmt.Errorf("%s: no such variable; did you mean %s?", name, near))
		}
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return problems
}

// maxConfigSize bounds the configuration file, in bytes: one that is larger is another file.
const maxConfigSize = 1 << 20

// readFile reads the configuration file into texts by setting, and lists every problem with its line.
func readFile(path string) (map[string]raw, []error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, []error{fmt.Errorf("read configuration: %w", err)}
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxConfigSize+1))
	switch {
	case err != nil:
		return nil, []error{fmt.Errorf("read configuration: %w", err)}
	case len(data) > maxConfigSize:
		return nil, []error{fmt.Errorf("read configuration: %s is larger than 1 MiB", path)}
	}
	return parseFile(path, data)
}

// parseFile is readFile for the file's text.
func parseFile(path string, data []byte) (map[string]raw, []error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, []error{fmt.Errorf("%s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))}
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, []error{fmt.Errorf("%s:%d: expected lines of the form key: value", path, root.Line)}
	}
	rows := map[string]setting{}
	var known []string
	for _, row := range settings() {
		if row.inFile() {
			rows[row.key()] = row
			known = append(known, row.key())
		}
	}
	values, lines, problems := map[string]raw{}, map[string]int{}, []error(nil)
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		at := fmt.Sprintf("%s:%d", path, key.Line)
		row, ok := rows[key.Value]
		if !ok {
			problems = append(problems, fmt.Errorf("%s: no setting %q%s", at, key.Value, didYouMean(key.Value, known)))
			continue
		}
		if first, twice := lines[key.Value]; twice {
			problems = append(problems, fmt.Errorf("%s: %s is set twice, first on line %d", at, key.Value, first))
			continue
		}
		lines[key.Value] = key.Line
		texts, err := textsOf(row, value)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %s: %w", at, key.Value, err))
			continue
		}
		if texts != nil {
			values[row.name] = raw{texts, at + ": " + key.Value}
		}
	}
	return values, problems
}

// textsOf returns the texts of a YAML value; nil if it is null.
func textsOf(row setting, n *yaml.Node) ([]string, error) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return nil, nil
	case n.Kind == yaml.ScalarNode:
		return []string{n.Value}, nil
	case n.Kind == yaml.SequenceNode && row.repeats():
		texts := []string{}
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode {
				return nil, fmt.Errorf("line %d: expected a text", item.Line)
			}
			texts = append(texts, item.Value)
		}
		return texts, nil
	case n.Kind == yaml.MappingNode && row.kind == pairs:
		texts := []string{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i+1].Kind != yaml.ScalarNode {
				return nil, fmt.Errorf("line %d: expected a text", n.Content[i+1].Line)
			}
			texts = append(texts, n.Content[i].Value+"="+n.Content[i+1].Value)
		}
		return texts, nil
	case row.repeats():
		return nil, errors.New("expected a text or a list of texts")
	}
	return nil, errors.New("expected a single value")
}

func didYouMean(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// nearest returns the known word that is at most two edits away from word, or empty.
func nearest(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(word, k); d < least && d < len(k) {
			best, least = k, d
		}
	}
	return best
}

// distance counts the insertions, deletions, replacements and swaps of neighbours that make b of a.
func distance(a, b string) int {
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
