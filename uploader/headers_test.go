package uploader

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestHeadersAreDocumented keeps the page for those who put a cache before the bucket in step with the defaults.
func TestHeadersAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "docs", "cdn.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| ((?:`\\w+`(?:, )?)+) \\| `([^`]+)`").FindAllStringSubmatch(string(page), -1) {
		for kind := range strings.SplitSeq(row[1], ", ") {
			documented[strings.Trim(kind, "`")] = row[2]
		}
	}
	for kind, value := range cacheDefaults() {
		if want := strings.TrimSuffix(value, "%d"); documented[kind] != want {
			t.Errorf("docs/cdn.md says %q of %s, want %q", documented[kind], kind, want)
		}
	}
}
