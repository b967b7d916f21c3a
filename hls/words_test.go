package hls

import (
	"go/ast"
	syntax "go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestWordListsAreWhole: a word that no list has is a series of metrics that appears only when it is too late to alert on it.
func TestWordListsAreWhole(t *testing.T) {
	t.Parallel()
	lists := map[string][]string{
		"By": Evidences(), "Refused": Refusals(), "Scan": ScanReasons(), "Pinned": PinWays(), "Dropped": DropReasons(),
	}
	tree, err := syntax.ParseFile(token.NewFileSet(), "words.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			word, _ := strconv.Unquote(spec.Values[i].(*ast.BasicLit).Value)
			family := ""
			for prefix := range lists {
				if strings.HasPrefix(name.Name, prefix) {
					family = prefix
				}
			}
			if counts[family]++; !slices.Contains(lists[family], word) || !regexp.MustCompile(`^[a-z_]+$`).MatchString(word) {
				t.Errorf("%s = %q is in no list", name.Name, word)
			}
		}
		return true
	})
	for family, words := range lists {
		if counts[family] != len(words) {
			t.Errorf("%s: a list of %d words, and %d constants", family, len(words), counts[family])
		}
	}
}
