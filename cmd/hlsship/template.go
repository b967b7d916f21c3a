package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// template replaces the placeholders of a prefix or a URL.
type template struct{ host, name string }

// startLayout is how {start} without a layout is written.
const startLayout = "20060102T150405Z"

// replace puts host and name in the place of their placeholders, and leaves those of a time to atTime, in their
// long form. An error says what is wrong without the whole text.
func (t template) replace(prefix string) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(prefix, "{")
		if strings.Contains(before, "}") {
			return "", errors.New("a \"}\" without its \"{\"")
		}
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		inner, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", errors.New("a \"{\" without its \"}\"")
		}
		text, err := t.placeholder(inner)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
		prefix = after
	}
}

// placeholder returns what stands for {inner}.
func (t template) placeholder(inner string) (string, error) {
	word, layout, long := strings.Cut(inner, ":")
	switch {
	case inner == "name":
		return t.name, nil
	case inner == "host" && t.host == "":
		return "", errors.New("{host}: this machine does not know its name")
	case inner == "host":
		return t.host, nil
	case word != "start":
		return "", fmt.Errorf("{%s} is no placeholder: there are {name}, {host} and {start:%s}%s", shown(inner), startLayout,
			didYouMean(word, []string{"name", "host", "start"}))
	case !long:
		layout = startLayout
	}
	one, other := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC), time.Date(2012, 12, 13, 14, 15, 16, 0, time.UTC)
	if one.Format(layout) == other.Format(layout) {
		return "", fmt.Errorf("{%s} holds no time: write it as 2006-01-02 15:04:05 would be, such as {start:%s}", shown(inner), startLayout)
	}
	return "{start:" + layout + "}", nil
}

// timed matches a placeholder that replace left.
func timed() *regexp.Regexp { return regexp.MustCompile(`\{start:([^}]*)\}`) }

// atTime replaces the placeholders of a time by start, in UTC.
func atTime(prefix string, start time.Time) string {
	return timed().ReplaceAllStringFunc(prefix, func(one string) string {
		return start.UTC().Format(strings.TrimSuffix(strings.TrimPrefix(one, "{start:"), "}"))
	})
}

// isTimed says whether the prefix depends on when the run began.
func (c storeConfig) isTimed() bool { return timed().MatchString(c.prefix) }

// perRun says whether the prefix tells runs apart that began a second after one another.
func (c storeConfig) perRun() bool {
	one := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	return atTime(c.prefix, one) != atTime(c.prefix, one.Add(time.Second))
}

// at returns c with the prefix and the public URL of a run that began at start.
func (c storeConfig) at(start time.Time) storeConfig {
	c.prefix, c.publicURL = atTime(c.prefix, start), atTime(c.publicURL, start)
	return c
}
