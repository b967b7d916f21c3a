package hlsship_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The Plan is cut into small machines: what is below stateRoot keeps to these bounds, and each field of what a Plan holds is written
// in one file, by the methods that keep its invariant.
const (
	stateRoot                           = modulePath + "/uploader/plan"
	maxStateFile, maxFields, maxBoolean = 350, 16, 5
)

// excused is what does not keep the rules of the Plan's state, and why. What needs no excuse any more is taken out.
func excused() map[string][]string {
	return map[string][]string{
		"a message is whole, and who reads one wants all of it": {
			"Config Job",
		},
	}
}

func TestState(t *testing.T) {
	t.Parallel()
	wrong := stateProblems(t, checkedPackages(t))
	why := make(map[string]string)
	for reason, names := range excused() {
		for _, list := range names {
			for _, name := range strings.Fields(list) {
				if why[name] != "" {
					t.Errorf("%s is excused twice", name)
				}
				why[name] = reason
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wrong)) {
		if why[name] == "" {
			t.Errorf("%s: %s", name, wrong[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(why)) {
		if wrong[name] == "" {
			t.Errorf("%s needs no excuse any more: take it out (%q)", name, why[name])
		}
	}
}

// checked is one package with the types of all that is in it.
type checked struct {
	set   *token.FileSet
	files []*ast.File
	pkg   *types.Package
	info  *types.Info
}

// checkedPackages returns the packages of the Plan, without their tests. Those that they import come from the build cache.
func checkedPackages(t *testing.T) []*checked {
	t.Helper()
	out, err := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,GoFiles,Export", "./uploader/plan/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	type listed struct {
		ImportPath, Dir, Export string
		GoFiles                 []string
	}
	exports := make(map[string]string)
	var ours []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if exports[l.ImportPath] = l.Export; l.ImportPath == stateRoot || strings.HasPrefix(l.ImportPath, stateRoot+"/") {
			ours = append(ours, l)
		}
	}
	var all []*checked
	for _, l := range ours {
		var text [][]byte
		for i, name := range l.GoFiles {
			l.GoFiles[i] = filepath.Join(l.Dir, name)
			b, err := os.ReadFile(l.GoFiles[i])
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, b)
		}
		all = append(all, check(t, l.ImportPath, l.GoFiles, text, func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }))
	}
	return all
}

// check finds out the types of a package.
func check(t *testing.T, path string, names []string, text [][]byte, open importer.Lookup) *checked {
	t.Helper()
	c := &checked{set: token.NewFileSet(), info: &types.Info{
		Selections: make(map[*ast.SelectorExpr]*types.Selection), Types: make(map[ast.Expr]types.TypeAndValue), Uses: make(map[*ast.Ident]types.Object),
	}}
	for i, name := range names {
		f, err := parser.ParseFile(c.set, name, text[i], 0)
		if err != nil {
			t.Fatal(err)
		}
		c.files = append(c.files, f)
	}
	var err error
	conf := types.Config{Importer: importer.ForCompiler(c.set, "gc", open)}
	if c.pkg, err = conf.Check(path, c.set, c.files, c.info); err != nil {
		t.Fatal(err)
	}
	return c
}

// stateProblems returns what does not keep the rules: by the names of files, as in "object.go", of structs, as in "list", and of
// fields, as in "list.etag". Those of packages below that of the Plan have the path to them before it.
func stateProblems(t *testing.T, all []*checked) map[string]string {
	t.Helper()
	wrong, written, held := make(map[string]string), make(map[string]*writers), make(map[string]bool)
	for _, c := range all {
		for _, f := range c.files {
			if n := c.set.File(f.Pos()).LineCount(); n > maxStateFile {
				wrong[c.file(f)] = fmt.Sprintf("%d lines, more than %d", n, maxStateFile)
			}
			c.writes(f, written)
		}
		for name, s := range structs(c.pkg) {
			booleans := 0
			for f := range s.Fields() {
				if b, ok := f.Type().Underlying().(*types.Basic); ok && b.Kind() == types.Bool {
					booleans++
				}
			}
			if s.NumFields() > maxFields || booleans > maxBoolean {
				wrong[name] = fmt.Sprintf("%d fields, %d of them booleans; %d and %d may be", s.NumFields(), booleans, maxFields, maxBoolean)
			}
		}
		if plan := c.pkg.Scope().Lookup("Plan"); plan != nil && c.pkg.Path() == stateRoot {
			holds(plan.Type(), held)
		}
	}
	values := make(map[string]bool) // types that are made, and never changed
	for name := range held {
		values[name] = true
	}
	for field, w := range written {
		if len(w.assigned) > 0 {
			values[field[:strings.LastIndexByte(field, '.')]] = false
		}
	}
	for field, w := range written {
		owner := field[:strings.LastIndexByte(field, '.')]
		if maps.Copy(w.assigned, w.made); held[owner] && !values[owner] && len(w.assigned) > 1 {
			wrong[field] = "is written in " + strings.Join(slices.Sorted(maps.Keys(w.assigned)), ", ")
		}
	}
	return wrong
}

// writers are the files that write a field: by an assignment, or as they make the struct.
type writers struct{ assigned, made map[string]bool }

// below is the path of a package from that of the Plan on.
func below(pkg *types.Package) string {
	if rest, ok := strings.CutPrefix(pkg.Path(), stateRoot+"/"); ok {
		return rest + "/"
	}
	return ""
}

func (c *checked) file(n ast.Node) string {
	return below(c.pkg) + filepath.Base(c.set.Position(n.Pos()).Filename)
}

// structs returns the structs that a package declares, by their names.
func structs(pkg *types.Package) map[string]*types.Struct {
	all := make(map[string]*types.Struct)
	for _, name := range pkg.Scope().Names() {
		if n, ok := pkg.Scope().Lookup(name).(*types.TypeName); ok && !n.IsAlias() {
			if s, ok := n.Type().Underlying().(*types.Struct); ok {
				all[below(pkg)+name] = s
			}
		}
	}
	return all
}

// holds adds the names of the structs of the Plan's packages that a value of a type holds or refers to.
func holds(t types.Type, held map[string]bool) {
	switch t := t.(type) {
	case *types.Named:
		pkg := t.Obj().Pkg()
		if pkg == nil || pkg.Path() != stateRoot && !strings.HasPrefix(pkg.Path(), stateRoot+"/") {
			return
		}
		if name := below(pkg) + t.Obj().Name(); !held[name] {
			held[name] = true
			holds(t.Underlying(), held)
		}
	case *types.Struct:
		for f := range t.Fields() {
			holds(f.Type(), held)
		}
	case *types.Map:
		holds(t.Key(), held)
		holds(t.Elem(), held)
	case interface{ Elem() types.Type }: // pointers, slices, arrays
		holds(t.Elem(), held)
	}
}

// writes adds the fields that a file writes.
func (c *checked) writes(f *ast.File, written map[string]*writers) {
	names := make(map[*types.Var]string)
	for _, pkg := range append(c.pkg.Imports(), c.pkg) {
		if pkg.Path() != stateRoot && !strings.HasPrefix(pkg.Path(), stateRoot+"/") {
			continue
		}
		for name, s := range structs(pkg) {
			for f := range s.Fields() {
				names[f] = name + "." + f.Name()
			}
		}
	}
	at := func(field *types.Var) *writers {
		name := names[field]
		if written[name] == nil && name != "" {
			written[name] = &writers{make(map[string]bool), make(map[string]bool)}
		}
		return written[name]
	}
	assign := func(e ast.Expr) {
		if w := at(c.target(e, names)); w != nil {
			w.assigned[c.file(f)] = true
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				assign(e)
			}
		case *ast.IncDecStmt:
			assign(n.X)
		case *ast.RangeStmt:
			assign(n.Key)
			assign(n.Value)
		case *ast.UnaryExpr: // who has the address of a word can write it; a struct's fields are looked at themselves
			if sel, ok := ast.Unparen(n.X).(*ast.SelectorExpr); ok && n.Op == token.AND {
				if _, ok := c.info.Types[sel].Type.Underlying().(*types.Struct); !ok {
					assign(sel)
				}
			}
		case *ast.CallExpr:
			id, ok := ast.Unparen(n.Fun).(*ast.Ident)
			if _, builtin := c.info.Uses[id].(*types.Builtin); ok && builtin && slices.Contains([]string{"delete", "clear", "copy"}, id.Name) {
				assign(n.Args[0])
			}
		case *ast.CompositeLit:
			s, ok := c.info.Types[n].Type.Underlying().(*types.Struct)
			for i, e := range n.Elts {
				if !ok {
					break
				}
				field := s.Field(i)
				if kv, keyed := e.(*ast.KeyValueExpr); keyed {
					field = c.info.Uses[kv.Key.(*ast.Ident)].(*types.Var)
				}
				if w := at(field); w != nil {
					w.made[c.file(f)] = true
				}
			}
		}
		return true
	})
}

// target returns the field of ours that an assignment to e changes, or of which it changes a part; nil if there is none.
func (c *checked) target(e ast.Expr, ours map[*types.Var]string) *types.Var {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.SelectorExpr:
			s := c.info.Selections[x]
			if s == nil || s.Kind() != types.FieldVal {
				return nil
			}
			field := s.Obj().(*types.Var)
			if _, elsewhere := s.Recv().Underlying().(*types.Pointer); ours[field] != "" || elsewhere {
				return field
			}
			e = x.X // a word of a struct that is no part of the Plan, and which a field of ours holds
		default:
			return nil
		}
	}
}

// TestBrokenStateIsNoticed is the proof that TestState can fail.
func TestBrokenStateIsNoticed(t *testing.T) {
	t.Parallel()
	const plan = "type Plan struct{ all map[string]*list; names []string }\ntype list struct{ n int; back retry; ring [4]int; mark struct{ n int } }\ntype retry struct{ failures int }\n"
	for name, tt := range map[string]struct {
		one, two string
		wrong    []string
	}{
		"nothing":                     {"", "", nil},
		"one file":                    {"func (l *list) a() { l.n = 1 }; func (l *list) b() { l.n++ }", "", nil},
		"two files":                   {"func (l *list) a() { l.n = 1 }", "func (l *list) b() { l.n++ }", []string{"list.n"}},
		"a constructor elsewhere":     {"func (l *list) a() { l.n = 1 }", "func b() *list { return &list{n: 1} }", []string{"list.n"}},
		"one of other fields":         {"func (l *list) a() { l.n = 1 }", "func b() *list { return &list{} }", nil},
		"one without names":           {"func (r *retry) a() { r.failures = 1 }", "func b() retry { return retry{1} }", []string{"retry.failures"}},
		"values":                      {"func a() *list { return &list{n: 1} }", "func b() *list { return &list{n: 2} }", nil},
		"an element":                  {"func (l *list) a() { l.ring[0] = 1 }", "func (l *list) b() { clear(l.ring[:]) }", []string{"list.ring"}},
		"a whole":                     {"func (l *list) a() { l.back = retry{} }", "func (l *list) b() { l.back.failures = 1 }", nil},
		"a part of what has no name":  {"func (l *list) a() { l.mark.n = 1 }", "func (l *list) b() { l.mark.n = 2 }", []string{"list.mark"}},
		"taken out of a map":          {"func (p *Plan) a() { p.all[\"\"] = nil }", "func (p *Plan) b() { delete(p.all, \"\") }", []string{"Plan.all"}},
		"by its address":              {"func (l *list) a() { l.n = 1 }", "func (l *list) b() *int { return &l.n }", []string{"list.n"}},
		"the address of a struct":     {"func (l *list) a() { l.back = retry{1} }", "func (l *list) b() *retry { return &l.back }", nil},
		"a loop":                      {"func (l *list) a() { l.n = 1 }", "func (l *list) b() { for l.n = range 4 {} }", []string{"list.n"}},
		"what the Plan does not hold": {"type x struct{ n int }; func (l *x) a() { l.n = 1 }", "func (l *x) b() { l.n = 2 }", nil},
		"what is called like a field": {"func (l *list) a() { l.n = 1 }", "func b() { n := 1; n = 2; _ = n }", nil},
		"many booleans":               {"type x struct{ a, b, c, d, e, f bool }", "", []string{"x"}},
		"many fields":                 {"type x struct{ a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q int }", "", []string{"x"}},
		"a long file":                 {"", strings.Repeat("\n", maxStateFile), []string{"two.go"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := check(t, stateRoot, []string{"one.go", "two.go"}, [][]byte{[]byte("package plan\n" + plan + tt.one), []byte("package plan\n" + tt.two)}, nil)
			if got := slices.Sorted(maps.Keys(stateProblems(t, []*checked{c}))); !slices.Equal(got, tt.wrong) {
				t.Errorf("got %q, want %q", got, tt.wrong)
			}
		})
	}
}
