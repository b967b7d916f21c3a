package disk

import (
	"fmt"
	"strings"
)

// String says how far a version was compared.
func (c Comparison) String() string {
	return [...]string{"", "careful", "open", "listed", "compared"}[c]
}

// String says whether the store takes a version.
func (f Fate) String() string { return [...]string{"", "rejected", "shelved", "refused"}[f] }

// String tells what is known of a version, in one word.
func (v *Version) String() string {
	all := Words("wanted", v.wanted, "kept", v.kept, "counted", v.counted, "vetted", v.vetted, "found", v.File.Found,
		"spent", v.File.Source == nil, "noted", v.noted != "", "unpinned", v.unpinned != "")
	return fmt.Sprintf("%d(%s)", v.ID, strings.Join(strings.Fields(fmt.Sprintf("%dB %s %s %s seen=%s", v.File.Version.Size, all, v.comparison, v.fate,
		v.File.Seen.UTC().Format("15:04:05.000"))), " "))
}

// String tells what the directory has.
func (e *Entry) String() string {
	var b strings.Builder
	b.WriteString(Words("gone", e.gone, "looked", e.looked, "lost", e.lost))
	for _, x := range []struct {
		role string
		v    *Version
	}{{"newest", e.newest}, {"candidate", e.candidate}, {"recalled", e.recalled}} {
		if x.v != nil {
			fmt.Fprintf(&b, " %s=%s", x.role, x.v)
		}
	}
	return strings.TrimSpace(b.String())
}

// Words returns each word behind which true stands.
func Words(pairs ...any) string {
	var all []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == true {
			all = append(all, fmt.Sprint(pairs[i]))
		}
	}
	return strings.Join(all, " ")
}
