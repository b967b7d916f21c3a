package hlsship_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// rule is something that every Go file keeps. check lists where the file does not.
type rule struct {
	name  string
	check func(*source) []string
}

func rules() []rule {
	return []rule{
		{"exported symbols are documented", undocumented},
		{"files and functions are short", tooLong},
		{"no state by package", packageState},
		{"nothing that everybody shares", shared},
		{"what decides is pure", impure},
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	all := sources(t)
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for _, s := range all {
				for _, problem := range r.check(s) {
					t.Error(problem)
				}
			}
		})
	}
}

// undocumented lists exported symbols without a comment that begins with their name. Constants and
// variables may share the comment of their group, fields and methods of a type one that names them.
func undocumented(s *source) []string {
	if s.test() || s.program() {
		return nil
	}
	var wrong []string
	complain := func(n ast.Node, name string) {
		wrong = append(wrong, s.at(n)+": "+name+" has no comment that begins with its name")
	}
	for _, decl := range s.tree.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && exportedReceiver(d) && !begins(d.Doc, d.Name.Name) {
				complain(d, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					doc := spec.Doc
					if doc == nil {
						doc = d.Doc
					}
					if !spec.Name.IsExported() {
						continue
					}
					if !begins(doc, spec.Name.Name) {
						complain(spec, spec.Name.Name)
					}
					for _, f := range members(spec.Type) {
						for _, id := range f.Names {
							if id.IsExported() && f.Doc == nil && f.Comment == nil && !namedIn(id.Name, spec.Type, doc) {
								complain(id, spec.Name.Name+"."+id.Name)
							}
						}
					}
				case *ast.ValueSpec:
					for _, id := range spec.Names {
						if id.IsExported() && spec.Doc == nil && spec.Comment == nil && (d.Doc == nil || len(d.Specs) == 1 && !begins(d.Doc, id.Name)) {
							complain(id, id.Name)
						}
					}
				}
			}
		}
	}
	return wrong
}

// exportedReceiver says whether d is a function, or a method of an exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr: // of a type parameter
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

// members returns the fields of a struct, the methods of an interface.
func members(t ast.Expr) []*ast.Field {
	switch t := t.(type) {
	case *ast.StructType:
		return t.Fields.List
	case *ast.InterfaceType:
		return t.Methods.List
	}
	return nil
}

// namedIn says whether the type's comment, or that of another member, speaks of the name.
func namedIn(name string, t ast.Expr, doc *ast.CommentGroup) bool {
	words := func(c *ast.CommentGroup) bool {
		return slices.Contains(strings.FieldsFunc(c.Text(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), name)
	}
	return words(doc) || slices.ContainsFunc(members(t), func(f *ast.Field) bool { return words(f.Doc) })
}

func begins(doc *ast.CommentGroup, name string) bool {
	rest, ok := strings.CutPrefix(doc.Text(), name)
	next, _ := utf8.DecodeRuneInString(rest)
	return ok && !unicode.IsLetter(next) && !unicode.IsDigit(next)
}

// The longest a file may be, but for tests, and a function of it, in lines.
const maxFile, maxFunction = 500, 80

func tooLong(s *source) []string {
	if s.test() {
		return nil
	}
	var wrong []string
	if n := bytes.Count(s.text, []byte("\n")); n > maxFile {
		wrong = append(wrong, fmt.Sprintf("%s: %d lines, more than %d", s.name, n, maxFile))
	}
	for _, decl := range s.tree.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			if n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1; n > maxFunction {
				wrong = append(wrong, fmt.Sprintf("%s: %s has %d lines, more than %d", s.at(f), f.Name.Name, n, maxFunction))
			}
		}
	}
	return wrong
}

// packageState lists variables of packages and init functions. Errors, embedded files, assertions that a
// type is an interface, what the linker sets, and the flags of tests are none.
func packageState(s *source) []string {
	imports := s.imports()
	calls := func(e ast.Expr, from string) bool {
		call, ok := e.(*ast.CallExpr)
		if !ok {
			return false
		}
		at, name := s.selector(call.Fun, imports)
		return at == from && (from != "errors" || name == "New")
	}
	var wrong []string
	for _, decl := range s.tree.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			wrong = append(wrong, s.at(f)+": func init")
		}
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.VAR {
			continue
		}
		for _, spec := range d.Specs {
			v := spec.(*ast.ValueSpec)
			assertion := v.Names[0].Name == "_" && v.Type != nil
			outside := directive(d.Doc, "//go:embed") || s.program() && directive(d.Doc, "// Set by the linker")
			constant := len(v.Values) > 0 && !slices.ContainsFunc(v.Values, func(e ast.Expr) bool {
				return !calls(e, "errors") && !(s.test() && calls(e, "flag"))
			})
			if !assertion && !outside && !constant {
				wrong = append(wrong, s.at(v)+": package variable "+v.Names[0].Name)
			}
		}
	}
	return wrong
}

// directive says whether a line of the comment begins with text.
func directive(c *ast.CommentGroup, text string) bool {
	return c != nil && slices.ContainsFunc(c.List, func(l *ast.Comment) bool { return strings.HasPrefix(l.Text, text) })
}

// shared lists what a package takes from the process instead of from its caller.
func shared(s *source) []string {
	if s.test() {
		return nil
	}
	imports := s.imports()
	var wrong []string
	ast.Inspect(s.tree, func(n ast.Node) bool {
		from, name := s.selector(n, imports)
		reason := ""
		switch {
		case from == "":
		case from == "time" && name == "Sleep":
			reason = "cannot be interrupted: wait on a timer and a context"
		case from == "net/http" && slices.Contains([]string{"DefaultClient", "DefaultServeMux", "DefaultTransport", "Handle", "HandleFunc", "Get", "Head", "Post"}, name):
			reason = "is shared by everything in the process"
		case from == "github.com/prometheus/client_golang/prometheus" && slices.Contains([]string{"DefaultRegisterer", "DefaultGatherer", "MustRegister", "Register"}, name):
			reason = "is shared by everything in the process"
		case from == "mime" && name == "TypeByExtension":
			reason = "knows what the host knows, for which .ts is a translation"
		case from == "log" && name != "New" && name != "Logger", from == "log/slog" && (name == "Default" || name == "SetDefault"):
			reason = "is shared by everything in the process: take a logger"
		case from == "context" && (name == "Background" || name == "TODO") && !s.program():
			reason = "cannot be ended by the caller: take a context"
		case from == "fmt" && strings.HasPrefix(name, "Print"):
			reason = "writes where the caller may want something else"
		}
		if reason != "" {
			wrong = append(wrong, fmt.Sprintf("%s: %s.%s %s", s.at(n), from, name, reason))
		}
		return true
	})
	return wrong
}

// pure lists the packages that decide, which take the time and all else from their caller.
func pure() []string {
	return []string{
		"hls", "uploader/headers", "uploader/health", "uploader/plan", "uploader/plan/disk", "uploader/plan/bucket", "uploader/plan/schedule", "uploader/plan/edition", "uploader/plan/session", "uploader/recording",
		"verify", "salvage",
	}
}

// impure lists where one of them looks at the world or does two things at once.
func impure(s *source) []string {
	if s.test() || !slices.Contains(pure(), s.dir()) || s.name == "hls/account.go" || s.name == "hls/split.go" { // which all channels of a process share
		return nil
	}
	var wrong []string
	world := []string{"context", "net/http", "log", "log/slog", "io/fs", "math/rand", "math/rand/v2", "runtime", "sync", "sync/atomic", "syscall"}
	imports := s.imports()
	for _, at := range imports {
		if top, _, _ := strings.Cut(at, "/"); slices.Contains(world, at) || top == "os" {
			wrong = append(wrong, s.name+": imports "+at)
		}
	}
	clock := []string{"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.GoStmt, *ast.ChanType, *ast.SendStmt, *ast.SelectStmt:
			wrong = append(wrong, s.at(n)+": goroutines and channels are for those who carry out what is decided")
		}
		if from, name := s.selector(n, imports); from == "time" && slices.Contains(clock, name) {
			wrong = append(wrong, s.at(n)+": reads the clock")
		}
		return true
	})
	return wrong
}

// TestBrokenRulesAreNoticed is the proof that TestRules can fail.
func TestBrokenRulesAreNoticed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file, text string
		check            func(*source) []string
		wrong            int
	}{
		{"no comment", "hls/x.go", "func Parse() {}", undocumented, 1},
		{"comment of something else", "hls/x.go", "// Resolve resolves.\nfunc Parse() {}", undocumented, 1},
		{"comment of a longer name", "hls/x.go", "// Parses parses.\nfunc Parse() {}", undocumented, 1},
		{"comment", "hls/x.go", "// Parse parses.\nfunc Parse() {}", undocumented, 0},
		{"method of an unexported type", "hls/x.go", "func (p *parser) Parse() {}", undocumented, 0},
		{"method", "hls/x.go", "func (p *Parser) Parse() {}", undocumented, 1},
		{"field", "hls/x.go", "// T is.\ntype T struct{ A, B int }", undocumented, 2},
		{"field in the comment of another", "hls/x.go", "// T is.\ntype T struct {\n// A is, B too.\nA int\nB int }", undocumented, 0},
		{"constant", "hls/x.go", "const Max = 1", undocumented, 1},
		{"constants", "hls/x.go", "// What there is.\nconst (\nA = 1\nB = 2\n)", undocumented, 0},
		{"long file", "hls/x.go", strings.Repeat("\n", maxFile), tooLong, 1},
		{"long function", "hls/x.go", "func f() {" + strings.Repeat("\n", maxFunction) + "}", tooLong, 1},
		{"long test", "hls/x_test.go", "func f() {" + strings.Repeat("\n", 600) + "}", tooLong, 0},
		{"variable", "hls/x.go", "var table = map[string]int{}", packageState, 1},
		{"variable without a value", "hls/x.go", "var count int", packageState, 1},
		{"error", "hls/x.go", "import \"errors\"\nvar ErrX = errors.New(\"x\")", packageState, 0},
		{"error of another error", "hls/x.go", "import \"fmt\"\nvar ErrX = fmt.Errorf(\"x\")", packageState, 1},
		{"assertion", "hls/x.go", "var _ error = (*T)(nil)", packageState, 0},
		{"init", "hls/x.go", "func init() {}", packageState, 1},
		{"flag of a test", "hls/x_test.go", "import \"flag\"\nvar n = flag.Int(\"n\", 1, \"\")", packageState, 0},
		{"flag of the program", "hls/x.go", "import \"flag\"\nvar n = flag.Int(\"n\", 1, \"\")", packageState, 1},
		{"clock in hls", "hls/x.go", "import \"time\"\nfunc f() { time.Now() }", impure, 1},
		{"clock in the plan", "uploader/plan/x.go", "import \"time\"\nfunc f() { time.Since(t) }", impure, 1},
		{"clock elsewhere", "watcher/x.go", "import \"time\"\nfunc f() { time.Now() }", impure, 0},
		{"duration in the plan", "uploader/plan/x.go", "import \"time\"\nconst c = time.Second", impure, 0},
		{"lock in the plan", "uploader/plan/x.go", "import \"sync\"\ntype T struct{ sync.Mutex }", impure, 1},
		{"log in the plan", "uploader/plan/x.go", "import \"log/slog\"\nfunc f(l *slog.Logger) {}", impure, 1},
		{"goroutine in the plan", "uploader/plan/x.go", "func f() { go f() }", impure, 1},
		{"channel in the plan", "uploader/plan/x.go", "func f(c chan int) { c <- 1 }", impure, 2},
		{"sleep", "watcher/x.go", "import \"time\"\nfunc f() { time.Sleep(1) }", shared, 1},
		{"printing", "watcher/x.go", "import \"fmt\"\nfunc f() { fmt.Println() }", shared, 1},
		{"a client of the process", "cmd/hlsship/x.go", "import \"net/http\"\nfunc f() { http.Get(x) }", shared, 1},
		{"a registry of the process", "metrics/x.go", "import \"github.com/prometheus/client_golang/prometheus\"\nfunc f() { prometheus.MustRegister() }", shared, 1},
		{"a logger of the process", "cmd/hlsship/x.go", "import \"log/slog\"\nfunc f() { slog.Default() }", shared, 1},
		{"types of the host", "uploader/x.go", "import \"mime\"\nfunc f() { mime.TypeByExtension(x) }", shared, 1},
		{"another name for a package", "watcher/x.go", "import c \"context\"\nfunc f() { c.Background() }", shared, 1},
		{"a variable called like a package", "watcher/x.go", "import \"context\"\nfunc f(context T) { context.Background() }", shared, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.check(parse(t, tt.file, []byte("package x\n"+tt.text))); len(got) != tt.wrong {
				t.Errorf("got %q, want %d problems", got, tt.wrong)
			}
		})
	}
}
