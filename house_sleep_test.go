package hlsship_test

import (
	"go/ast"
	"slices"
	"testing"
)

// sleepers lists every time.Sleep of a package's tests that real time pays for. A sleep is free in a
// testing/synctest bubble: in a function literal of a function that opens one or hands its literals to
// one that does, and in a function that only such functions call. Functions are told apart by name.
func sleepers(files []*source) []string {
	type function struct {
		source  *source
		decl    *ast.FuncDecl
		calls   map[string]bool
		bubbles bool // opens a bubble, or calls a function that does
		within  bool // is called within one only, as far as nothing speaks against it
	}
	functions := map[string]*function{}
	for _, s := range files {
		imports := s.imports()
		for _, decl := range s.tree.Decls {
			d, ok := decl.(*ast.FuncDecl)
			if !ok || !s.test() {
				continue
			}
			f := &function{source: s, decl: d, calls: map[string]bool{}}
			ast.Inspect(d, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && id != d.Name {
					f.calls[id.Name] = true
				}
				from, name := s.selector(n, imports)
				f.bubbles = f.bubbles || from == "testing/synctest" && name == "Test"
				return true
			})
			functions[d.Name.Name] = f
		}
	}
	for changed := true; changed; {
		changed = false
		for _, f := range functions {
			for name := range f.calls {
				if g := functions[name]; g != nil && g.bubbles && !f.bubbles {
					f.bubbles, changed = true, true
				}
			}
		}
	}
	callers := func(name string) (all []*function) {
		for _, g := range functions {
			if g.calls[name] && g.decl.Name.Name != name {
				all = append(all, g)
			}
		}
		return all
	}
	for name, f := range functions {
		f.within = len(callers(name)) > 0
	}
	for changed := true; changed; {
		changed = false
		for name, f := range functions {
			outside := func(g *function) bool { return !g.bubbles && !g.within }
			if f.within && slices.ContainsFunc(callers(name), outside) {
				f.within, changed = false, true
			}
		}
	}
	var wrong []string
	for _, f := range functions {
		imports := f.source.imports()
		ast.PreorderStack(f.decl, nil, func(n ast.Node, stack []ast.Node) bool {
			from, name := f.source.selector(n, imports)
			if from != "time" || name != "Sleep" || f.within {
				return true
			}
			literal := false
			for _, outer := range stack {
				_, ok := outer.(*ast.FuncLit)
				literal = literal || ok
			}
			if !f.bubbles || !literal {
				wrong = append(wrong, f.source.at(n)+": time.Sleep outside a synctest bubble: wait for what the test needs")
			}
			return true
		})
	}
	return wrong
}

func TestNobodySleeps(t *testing.T) {
	t.Parallel()
	for _, files := range packages(sources(t)) {
		for _, problem := range sleepers(files) {
			t.Error(problem)
		}
	}
}

// TestSleepersAreNoticed is the proof that TestNobodySleeps can fail.
func TestSleepersAreNoticed(t *testing.T) {
	t.Parallel()
	const imports = "package x\nimport (\"testing/synctest\"; \"time\")\n"
	for _, tt := range []struct {
		name, text string
		wrong      int
	}{
		{"test", "func TestX(t T) { time.Sleep(1) }", 1},
		{"goroutine", "func TestX(t T) { go func() { time.Sleep(1) }() }", 1},
		{"bubble", "func TestX(t T) { synctest.Test(t, func(t T) { time.Sleep(1) }) }", 0},
		{"before the bubble", "func TestX(t T) { time.Sleep(1); synctest.Test(t, func(t T) {}) }", 1},
		{"called in a bubble", "func TestX(t T) { synctest.Test(t, func(t T) { wait() }) }\nfunc wait() { time.Sleep(1) }", 0},
		{"called from both", "func TestX(t T) { synctest.Test(t, func(t T) { wait() }) }\nfunc TestY(t T) { wait() }\nfunc wait() { time.Sleep(1) }", 1},
		{"handed to a bubble", "func TestX(t T) { play(t, func() { time.Sleep(1) }) }\nfunc play(t T, f func()) { synctest.Test(t, func(t T) { f() }) }", 0},
		{"called in a circle that begins in a bubble", "func TestX(t T) { synctest.Test(t, func(t T) { a() }) }\nfunc a() { b() }\nfunc b() { a(); time.Sleep(1) }", 0},
		{"called in a circle that begins in a test", "func TestX(t T) { a() }\nfunc a() { b() }\nfunc b() { a(); time.Sleep(1) }", 1},
		{"called by nobody", "func wait() { time.Sleep(1) }", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := sleepers([]*source{parse(t, "x_test.go", []byte(imports+tt.text))}); len(got) != tt.wrong {
				t.Errorf("got %q, want %d problems", got, tt.wrong)
			}
		})
	}
}
