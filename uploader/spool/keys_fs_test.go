package spool

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// TestKeysOfPins: the next process hears for which keys the bytes were kept, whenever that was said and however they are pinned.
func TestKeysOfPins(t *testing.T) {
	t.Parallel()
	const a, b, variant = "20261130T010203Z/", "20261130T010203Z-2/", "20261130T010203Z/.2/"
	long := "hi/" + strings.Repeat("x", maxName-50) + ".ts"
	for name, c := range map[string]struct {
		file    string
		folders []string
		late    []string // once it has its pin
		want    []string // nil for not known
		release bool
	}{
		"a session":                   {"hi/a.ts", []string{a}, nil, []string{a}, false},
		"two of them":                 {"hi/a.ts", []string{a}, []string{b}, []string{a, b}, false},
		"a variant":                   {"init.mp4", []string{a, variant}, nil, []string{a, variant}, false},
		"its own path as well":        {"a.ts", []string{hls.OwnFolder}, []string{a}, []string{hls.OwnFolder, a}, false},
		"its own path alone":          {"a.ts", []string{hls.OwnFolder}, nil, []string{hls.OwnFolder}, false},
		"where there are no sessions": {"a.ts", []string{""}, nil, nil, false},
		"no room in the name":         {long, nil, []string{a, b}, nil, false},
		"one that looks like a key":   {"a@20261130T010203Z", []string{""}, nil, nil, false},
		"a key behind such a name":    {"a@" + a[:16] + ".ts", nil, []string{a}, []string{a}, false},
		"released":                    {"a.ts", []string{a}, []string{b}, nil, true},
		"the same one more than once": {"a.ts", []string{a, a}, []string{a}, []string{a}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := start(t, nil)
			f := x.freshText(c.file, "bytes")
			for _, folder := range c.folders {
				f.Source.(hls.Keeper).Keep(folder)
			}
			x.pass()
			for _, folder := range c.late {
				f.Source.(hls.Keeper).Keep(folder)
			}
			if c.release {
				f.Source.Release()
			}
			x.remove(c.file)
			for range 2 { // each process says so to the next
				waiting, err := Waiting(x.spool.Folder())
				x.must(err)
				x.again()
				all := x.spool.Recovered()
				if c.release {
					if len(all)+len(waiting) > 0 {
						t.Fatalf("got %+v", all)
					}
					continue
				}
				if len(all) != 1 || !all[0].Named || !slices.Equal(all[0].Folders, c.want) || len(waiting) != 1 || waiting[0].Path != c.file {
					t.Fatalf("got %+v, waiting %+v", all, waiting)
				}
				x.want(all[0], "bytes")
			}
		})
	}
}

// TestKeysAreMoreThanBefore: where a loss of power kept both names of a pin that got another key, the one with more keys counts.
func TestKeysAreMoreThanBefore(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	f := x.pinText("a.ts", "bytes")
	f.Source.(hls.Keeper).Keep("20261130T010203Z/")
	before := pinsOf(t, x)
	f.Source.(hls.Keeper).Keep("20261130T010204Z/")
	after := pinsOf(t, x)
	x.must(os.Link(after, before))
	x.again()
	if all := x.spool.Recovered(); len(all) != 1 || len(all[0].Folders) != 2 {
		t.Errorf("got %+v", all)
	}
	x.wantUsed(1, 5)
}

// pinsOf returns the one pin below named.
func pinsOf(t *testing.T, x *stage) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(x.spool.folder, named, "*"))
	if err != nil || len(all) != 1 {
		t.Fatalf("got %q, %v", all, err)
	}
	return all[0]
}
