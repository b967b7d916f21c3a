package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

// raw is the text of one setting and where it stands.
type raw struct {
	values []string
	origin string
}

// sources are where settings come from, in falling precedence: the command line, the environment, the
// configuration file, what the environment says of defaults.
type sources struct {
	line map[string]raw
	env  map[string]string
	// extra are arguments beyond DIR and the destination.
	extra []string
	// dirless says that DIR need not be given.
	dirless bool
	// host is the machine's name, empty if it has none; started is when the process was.
	host    string
	started time.Time
}

func sourcesOf(c *cli.Context, environ []string) sources {
	s := sources{line: map[string]raw{}, env: variables(environ), started: time.Now()}
	if host, err := os.Hostname(); err == nil {
		s.host = host
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

// variables returns lines of the form NAME=VALUE by name.
func variables(environ []string) map[string]string {
	all := map[string]string{}
	for _, one := range environ {
		if name, value, ok := strings.Cut(one, "="); ok {
			all[name] = value
		}
	}
	return all
}

// find returns the setting's text from the first source that has it.
func (s sources) find(row setting, file map[string]raw) raw {
	if r, ok := s.line[row.name]; ok {
		return r
	}
	if r, ok := s.variable(row, append([]string{row.env()}, row.also...)...); ok {
		return r
	}
	if r, ok := file[row.name]; ok {
		return r
	}
	if r, ok := s.variable(row, row.envDefault()); ok {
		return r
	}
	if row.def == "" {
		return raw{}
	}
	return raw{[]string{row.def}, defaultOf(row.name)}
}

// defaultOf is the origin of what no source says.
func defaultOf(name string) string { return "default of --" + name }

// variable returns the setting's text from the first of the variables that is set. An empty one counts as not set, as is
// the custom of the AWS variables.
func (s sources) variable(row setting, names ...string) (raw, bool) {
	for _, name := range names {
		value := s.env[name]
		switch {
		case value == "":
		case row.repeats():
			return raw{fields(value), name}, true
		default:
			return raw{[]string{value}, name}, true
		}
	}
	return raw{}, false
}

// override is a variable that says something else than the configuration file, and wins.
type override struct{ variable, file string }

// overrides returns the variables that win over something else that the file says at its top.
func (s sources) overrides(file map[string]raw) []override {
	var all []override
	for _, row := range settings() {
		told, inFile := file[row.name]
		used := s.find(row, file)
		if _, onLine := s.line[row.name]; inFile && !onLine && !slices.Equal(used.values, told.values) {
			all = append(all, override{variable: used.origin, file: told.origin})
		}
	}
	return all
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
		known = append(known, row.env(), row.envDefault())
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
