package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// expand puts variables in the place of ${NAME} and ${NAME:-default}; $${ stands for ${ itself. What is put there
// is not expanded again, and as the file is parsed before, it can be nothing but a part of the text. Errors name
// the variable and never a value.
func expand(text string, env map[string]string) (string, error) {
	name := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			b.WriteString(before)
			return b.String(), nil
		}
		if plain, escaped := strings.CutSuffix(before, "$"); escaped {
			b.WriteString(plain + "${")
			text = rest
			continue
		}
		b.WriteString(before)
		inner, after, closed := strings.Cut(rest, "}")
		variable, fallback, hasDefault := strings.Cut(inner, ":-")
		value, set := env[variable]
		switch {
		case !closed:
			return "", errors.New("\"${\" without its \"}\"; write $${ for ${ itself")
		case !name.MatchString(variable):
			return "", fmt.Errorf("\"${%s}\" names no variable: write ${NAME} or ${NAME:-default}, or $${ for ${ itself", shown(inner))
		case hasDefault && value == "":
			value = fallback
		case !set:
			return "", fmt.Errorf("the variable %s is not set; write ${%s:-default} if it may be missing", variable, variable)
		}
		b.WriteString(value)
		text = after
	}
}
