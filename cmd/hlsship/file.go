package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// file are the texts of a configuration file.
type file struct {
	// values are what stands at the top, by setting.
	values map[string]raw
	// channels are the entries of the list; nil if there is none.
	channels []entry
}

// entry is one channel of a file.
type entry struct {
	values map[string]raw
	// origin is the line where it begins.
	origin string
}

const (
	// keyChannels is the key of the list.
	keyChannels = "channels"
	// entryOrigin is the key of entry.values under which the line stands where the channel begins.
	entryOrigin = ""
)

// maxConfigSize bounds the configuration file, in bytes: one that is larger is another file.
const maxConfigSize = 1 << 20

// readFile reads the configuration file into texts, and lists every problem with its line.
func readFile(path string, env map[string]string) (file, []error) {
	f, err := os.Open(path)
	if err != nil {
		return file{}, []error{fmt.Errorf("read configuration: %w", err)}
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxConfigSize+1))
	switch {
	case err != nil:
		return file{}, []error{fmt.Errorf("read configuration: %w", err)}
	case len(data) > maxConfigSize:
		return file{}, []error{fmt.Errorf("read configuration: %s is larger than 1 MiB", path)}
	}
	return parseFile(path, data, env)
}

// parser reads one file.
type parser struct {
	path     string
	env      map[string]string
	problems []error
}

// parseFile is readFile for the file's text.
func parseFile(path string, data []byte, env map[string]string) (file, []error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return file{}, []error{fmt.Errorf("%s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))}
	}
	if len(doc.Content) == 0 {
		return file{}, nil
	}
	p := &parser{path: path, env: env}
	var f file
	f.values = p.mapping(doc.Content[0], setting.inFile, func(list *yaml.Node) { f.channels = p.channels(list) })
	return f, p.problems
}

// problem notes what is wrong in a line.
func (p *parser) problem(line int, format string, args ...any) {
	p.problems = append(p.problems, fmt.Errorf("%s: %w", p.at(line), fmt.Errorf(format, args...)))
}

func (p *parser) at(line int) string { return fmt.Sprintf("%s:%d", p.path, line) }

// channels reads the list of channels.
func (p *parser) channels(list *yaml.Node) []entry {
	list = target(list)
	if list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
		p.problem(list.Line, "%s: expected a list with one channel at least", keyChannels)
		return nil
	}
	all := []entry{}
	for _, n := range list.Content {
		values := p.mapping(n, setting.ofChannel, nil)
		if values == nil {
			continue
		}
		e := entry{values: values, origin: p.at(n.Line)}
		values[entryOrigin] = raw{origin: e.origin}
		all = append(all, e)
	}
	return all
}

// mapping reads lines of the form key: value, where of is true for the settings that belong here; nil if n is
// something else. Where list is given, it is called with the value of "channels".
func (p *parser) mapping(n *yaml.Node, of func(setting) bool, list func(*yaml.Node)) map[string]raw {
	at := n.Line
	if n = target(n); n.Kind != yaml.MappingNode {
		p.problem(at, "expected lines of the form key: value")
		return nil
	}
	rows, known := map[string]setting{}, []string(nil)
	if list != nil {
		known = append(known, keyChannels)
	}
	for _, row := range settings() {
		if of(row) {
			rows[row.key()] = row
			known = append(known, row.key())
		}
	}
	values, lines := map[string]raw{}, map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		row, ok := rows[key.Value]
		isList := list != nil && key.Value == keyChannels
		if !ok && !isList {
			p.unknown(key, known)
			continue
		}
		if first, twice := lines[key.Value]; twice {
			p.problem(key.Line, "%s is set twice, first on line %d", key.Value, first)
			continue
		}
		lines[key.Value] = key.Line
		if isList {
			list(value)
			continue
		}
		texts, err := p.texts(row, value)
		if err != nil {
			p.problem(key.Line, "%s: %w", key.Value, err)
		} else if texts != nil {
			values[row.name] = raw{texts, p.at(key.Line) + ": " + key.Value}
		}
	}
	return values
}

// unknown refuses a key that is none of the known ones.
func (p *parser) unknown(key *yaml.Node, known []string) {
	for _, row := range settings() {
		if row.key() == key.Value && row.inFile() {
			p.problem(key.Line, "%s belongs to the whole program and stands outside %s", key.Value, keyChannels)
			return
		}
	}
	p.problem(key.Line, "no setting %q%s", shown(key.Value), didYouMean(key.Value, known))
}

// target returns what an alias stands for.
func target(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// texts returns the texts of a YAML value, with variables in the place of ${NAME}; nil if it is null.
func (p *parser) texts(row setting, n *yaml.Node) ([]string, error) {
	n = target(n)
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return nil, nil
	case n.Kind == yaml.ScalarNode:
		text, err := expand(n.Value, p.env)
		return []string{text}, err
	case n.Kind == yaml.SequenceNode && row.repeats():
		return p.items(n, 1, func(int) string { return "" })
	case n.Kind == yaml.MappingNode && row.kind == pairs:
		return p.items(n, 2, func(i int) string { return n.Content[i-1].Value + "=" })
	case row.repeats():
		return nil, errors.New("expected a text or a list of texts")
	}
	return nil, errors.New("expected a single value")
}

// items returns the texts of every step'th node of a list or mapping, each behind a prefix.
func (p *parser) items(n *yaml.Node, step int, prefix func(int) string) ([]string, error) {
	texts := []string{}
	for i := step - 1; i < len(n.Content); i += step {
		item := n.Content[i]
		if item.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: expected a text", item.Line)
		}
		text, err := expand(item.Value, p.env)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", item.Line, err)
		}
		texts = append(texts, prefix(i)+text)
	}
	return texts, nil
}
