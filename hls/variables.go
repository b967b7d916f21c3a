package hls

import "strings"

// variables are the EXT-X-DEFINE variables of one playlist (RFC 8216bis §4.4.2.3). The zero value has
// none and is ready for use. A budget is charged for what is kept and for what substitution makes, and longestText bounds
// that: variables made of variables could double with every line, so that a small text would fill the memory.
type variables struct {
	values map[string]variable
}

const (
	// perVariable is what a variable takes in the map, in bytes.
	perVariable = 128
	// longestText is the longest text, in bytes, that substitution may make: no server takes a longer URI.
	longestText = 64 << 10
)

// variable is what one EXT-X-DEFINE says.
type variable struct {
	value string
	// known is false for IMPORT and QUERYPARAM, whose values stand elsewhere, for a value made of such
	// a variable, and for a name defined twice: players must refuse it, so that nobody can tell.
	known bool
}

// define takes in one EXT-X-DEFINE. The error is ErrTooLarge.
func (v *variables) define(list attributes, b *budget) error {
	for _, elsewhere := range [...]string{"IMPORT", "QUERYPARAM"} {
		if name, ok := list.get(elsewhere); ok {
			if err := v.set(name, variable{}, b); err != nil {
				return err
			}
		}
	}
	name, named := list.get("NAME")
	if !named {
		return nil
	}
	text, ok := list.get("VALUE")
	value, unknown, err := v.expand(text, b)
	if err != nil {
		return err
	}
	_, again := v.values[name]
	return v.set(name, variable{value: value, known: ok && unknown < 0 && !again}, b)
}

func (v *variables) set(name string, as variable, b *budget) error {
	if v.values == nil {
		v.values = make(map[string]variable)
	}
	v.values[name] = as
	return b.name(perVariable)
}

// expand returns s with every {$name} replaced. A reference to a variable without a known value stays as
// it is; unknown is the place of the first such in text, -1 for none. What only resembles a reference
// means itself. Values are not looked at again. The error is ErrTooLarge.
func (v *variables) expand(s string, charged *budget) (text string, unknown int, err error) {
	unknown = -1
	i := strings.Index(s, "{$")
	if i < 0 {
		return s, unknown, nil
	}
	var b strings.Builder
	for ; i >= 0; i = strings.Index(s, "{$") {
		charged.steps++
		name := variableName(s[i+len("{$"):])
		end := i + len("{$") + len(name)
		if name == "" || !strings.HasPrefix(s[end:], "}") {
			b.WriteString(s[:end])
			s = s[end:]
			continue
		}
		end += len("}")
		if found := v.values[name]; found.known {
			if b.Len()+i+len(found.value) > longestText {
				return "", unknown, errLongNames()
			}
			b.WriteString(s[:i])
			b.WriteString(found.value)
		} else {
			if unknown < 0 {
				unknown = b.Len() + i
			}
			b.WriteString(s[:end])
		}
		s = s[end:]
	}
	b.WriteString(s)
	return b.String(), unknown, charged.name(int64(b.Cap()))
}

// variableName returns the longest variable name that s begins with.
func variableName(s string) string {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && c != '-' && c != '_' {
			return s[:i]
		}
	}
	return s
}
