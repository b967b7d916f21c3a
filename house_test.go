// Package hlsship_test keeps the rules of the house: which package may import which, what every exported
// symbol says about itself, what may not be used, and that the documents say what the code does.
package hlsship_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const modulePath = "github.com/hlsship/hlsship"

// source is one Go file.
type source struct {
	name string // slash-separated, below the root of the module
	text []byte
	tree *ast.File
	set  *token.FileSet
}

// dir is the folder of the file's package, "." for the root.
func (s *source) dir() string { return path.Dir(s.name) }

func (s *source) test() bool { return strings.HasSuffix(s.name, "_test.go") }

// program says whether the file belongs to a command, which may begin a context.
func (s *source) program() bool { return s.tree.Name.Name == "main" }

// at says where a node is, for a message.
func (s *source) at(n ast.Node) string {
	return s.name + ":" + strconv.Itoa(s.set.Position(n.Pos()).Line)
}

// imports returns the file's imports by the name under which the file knows them.
func (s *source) imports() map[string]string {
	all := map[string]string{}
	for _, spec := range s.tree.Imports {
		at, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(at)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		all[name] = at
	}
	return all
}

// selector returns the import path and the name of a use such as time.Now, and empty for anything else.
func (s *source) selector(n ast.Node, imports map[string]string) (from, name string) {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	id, ok := sel.X.(*ast.Ident)
	if !ok || id.Obj != nil { // a variable of that name hides the package
		return "", ""
	}
	return imports[id.Name], sel.Sel.Name
}

func parse(t *testing.T, name string, text []byte) *source {
	t.Helper()
	s := &source{name: name, text: text, set: token.NewFileSet()}
	var err error
	if s.tree, err = parser.ParseFile(s.set, name, text, parser.ParseComments); err != nil {
		t.Fatal(err)
	}
	return s
}

// walk calls visit with every file of the project whose name ends with one of the suffixes.
func walk(t *testing.T, visit func(name string, text []byte), suffixes ...string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if slices.Contains([]string{".git", ".cache", "bin", "dist"}, name) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil // a file or a link, where several worktrees share what lies elsewhere
		}
		if d.IsDir() {
			return nil
		}
		if !slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(name, s) }) {
			return nil
		}
		text, err := os.ReadFile(name)
		if err == nil {
			visit(name, text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sources returns every Go file of the project.
func sources(t *testing.T) []*source {
	t.Helper()
	var all []*source
	walk(t, func(name string, text []byte) { all = append(all, parse(t, name, text)) }, ".go")
	return all
}

// packages groups files by package folder, in order.
func packages(all []*source) map[string][]*source {
	by := map[string][]*source{}
	for _, s := range all {
		by[s.dir()] = append(by[s.dir()], s)
	}
	return by
}

// arrows says which packages of ours each package may import. Tests may import storetest, those above their own and, to see a Store
// behind it, uplink and hedge as well; edition, as a recording.Track observes what it reads.
func arrows() map[string][]string {
	const plan, store = "uploader/plan", "uploader/store"
	const onDisk, inBucket, turns, edition, session = plan + "/disk", plan + "/bucket", plan + "/schedule", plan + "/edition", plan + "/session"
	const file, line = "openfile", "uploader/uplink"
	const headers, health, journal = "uploader/headers", "uploader/health", "uploader/journal"
	const twice, people = "uploader/hedge", "crew"
	const s3, tests, spool, checks = "uploader/s3", "uploader/storetest", "uploader/spool", "packaging/checks"
	const verify, record, salvage, recorder = "verify", "uploader/recording", "salvage", plan + "/recorder"
	return map[string][]string{
		".":           nil,
		"hls":         nil,
		people:        nil,
		"state":       nil,
		file:          {"hls"},
		"watcher":     {"hls", people, file},
		"metrics":     {"hls", "state"},
		store:         {"hls"},
		plan:          {"hls", "state", store, onDisk, inBucket, turns, session, recorder, record},
		onDisk:        {"hls"},
		inBucket:      {onDisk},
		turns:         nil,
		edition:       {"hls"},
		session:       {"hls", edition},
		record:        {"hls", edition},
		recorder:      {"hls", "state", session, record},
		"uploader":    {"hls", people, "state", plan, session, recorder, record, store, headers, health, journal},
		headers:       {"hls"},
		health:        {"state", plan, store},
		journal:       {"hls", "state", plan, recorder, store, health},
		s3:            {"hls", store},
		line:          {store},
		twice:         {people, store},
		tests:         {"hls", store},
		spool:         {"hls", file},
		"check":       {"hls", file, "watcher", "uploader", plan, store, s3, spool},
		verify:        {"hls", store},
		salvage:       {"hls", record, store},
		"cmd/hlsship": {"hls", "state", "watcher", "metrics", "uploader", headers, store, s3, line, twice, spool, "check", verify, record, salvage},
		"packaging":   nil,
		checks:        nil,
		"bench":       {"hls", "watcher", "metrics", "uploader", store, s3, spool, tests},
	}
}

// wrongImports lists the file's imports that are against arrows, what hls takes from outside the
// standard library or from the world, and what the program takes of tests or of S3.
func wrongImports(s *source) []string {
	allowed, known := arrows()[s.dir()]
	if !known {
		return []string{s.name + ": package without a row in arrows"}
	}
	var wrong []string
	for _, at := range slices.Sorted(maps.Values(s.imports())) {
		ours, ok := strings.CutPrefix(at, modulePath+"/")
		switch {
		case ok && (slices.Contains(allowed, ours) || s.test() && (ours == s.dir() || strings.HasPrefix(s.dir(), ours+"/") || slices.Contains([]string{"uploader/storetest", "uploader/uplink", "uploader/hedge", "uploader/plan/edition"}, ours))):
		case ok:
			wrong = append(wrong, s.name+": imports "+ours)
		case s.dir() == "hls" && !s.test() && (at == "os" || strings.Contains(strings.Split(at, "/")[0], ".")):
			wrong = append(wrong, s.name+": imports "+at+"; hls is pure and imports the standard library only")
		case s.test() || s.dir() == "uploader/storetest":
		case at == "testing" || strings.HasPrefix(at, "testing/"):
			wrong = append(wrong, s.name+": imports "+at+", which is for tests")
		case strings.HasPrefix(at, "github.com/minio/minio-go/") && s.dir() != "uploader/s3" && s.name != "bench/sidecar.go": // the least that another could cost
			wrong = append(wrong, s.name+": imports "+at+"; only uploader/s3 speaks S3")
		}
	}
	return wrong
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		for _, problem := range wrongImports(s) {
			t.Error(problem)
		}
	}
}

func TestPackagesAreDescribed(t *testing.T) {
	t.Parallel()
	for dir, files := range packages(sources(t)) {
		if dir == "." {
			for _, s := range files {
				if !s.test() {
					t.Errorf("%s: the root holds tests only", s.name)
				}
			}
			continue
		}
		i := slices.IndexFunc(files, func(s *source) bool { return path.Base(s.name) == "doc.go" })
		if i < 0 || files[i].tree.Doc == nil {
			t.Errorf("%s: no doc.go that says what the package is for", dir)
		}
	}
}

// TestWrongImportsAreNoticed is the proof that TestImports can fail.
func TestWrongImportsAreNoticed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file, imports string
		wrong               bool
	}{
		{"watcher needs no uploader", "watcher/x.go", modulePath + "/uploader", true},
		{"nobody needs cmd", "uploader/x_test.go", modulePath + "/cmd/hlsship", true},
		{"storetest is for tests", "cmd/hlsship/x.go", modulePath + "/uploader/storetest", true},
		{"openfile is below those who use it", "openfile/x.go", modulePath + "/watcher", true},
		{"tests use storetest", "cmd/hlsship/x_test.go", modulePath + "/uploader/storetest", false},
		{"uploader knows the words", "uploader/x.go", modulePath + "/hls", false},
		{"hls reads no files", "hls/x.go", "os", true},
		{"tests of hls read files", "hls/x_test.go", "os", false},
		{"hls takes nothing from elsewhere", "hls/x.go", "golang.org/x/sys/unix", true},
		{"the program is no test", "watcher/x.go", "testing", true},
		{"nor a part of one", "check/x.go", "testing/synctest", true},
		{"storetest is one", "uploader/storetest/x.go", "testing", false},
		{"only s3 speaks S3", "uploader/x.go", "github.com/minio/minio-go/v7", true},
		{"s3 speaks S3", "uploader/s3/x.go", "github.com/minio/minio-go/v7/pkg/signer", false},
		{"tests speak S3", "cmd/hlsship/x_test.go", "github.com/minio/minio-go/v7", false},
		{"a new package has no row", "spool/x.go", "io", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := parse(t, tt.file, bytes.Join([][]byte{[]byte("package x\nimport _ "), []byte(strconv.Quote(tt.imports))}, nil))
			if got := wrongImports(s); (len(got) > 0) != tt.wrong {
				t.Errorf("got %q, want problems: %v", got, tt.wrong)
			}
		})
	}
}
