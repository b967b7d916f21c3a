package hlsship_test

import (
	"go/ast"
	"slices"
	"testing"
)

// function is one function of a package's tests.
type function struct {
	source  *source
	decl    *ast.FuncDecl
	calls   map[string]bool // by what called returns
	bubbles bool            // opens a bubble, or calls a function that does
	within  bool            // is called within one only
}

// called is how a use of f looks: "run" for a function, ".run" for a method, whatever its receiver is.
func (f *function) called() string {
	if f.decl.Recv != nil {
		return "." + f.decl.Name.Name
	}
	return f.decl.Name.Name
}

// functionsOf returns the functions of the tests among files, with what they call.
func functionsOf(files []*source) []*function {
	var all []*function
	for _, s := range files {
		imports := s.imports()
		for _, decl := range s.tree.Decls {
			d, ok := decl.(*ast.FuncDecl)
			if !ok || !s.test() {
				continue
			}
			f := &function{source: s, decl: d, calls: map[string]bool{}}
			seen := map[*ast.Ident]bool{d.Name: true} // names that call no function
			ast.Inspect(d, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					f.calls["."+n.Sel.Name] = true
					seen[n.Sel] = true
				case *ast.Ident:
					f.calls[n.Name] = !seen[n] || f.calls[n.Name]
				}
				from, name := s.selector(n, imports)
				f.bubbles = f.bubbles || from == "testing/synctest" && name == "Test"
				return true
			})
			all = append(all, f)
		}
	}
	return all
}

// judge sets bubbles and within: the first grows from those that open a bubble, the second shrinks from
// all that anybody calls.
func judge(all []*function) {
	callers := map[*function][]*function{}
	for _, f := range all {
		for _, g := range all {
			if g != f && g.calls[f.called()] {
				callers[f] = append(callers[f], g)
			}
		}
		f.within = len(callers[f]) > 0
	}
	for changed := true; changed; {
		changed = false
		for _, f := range all {
			for _, g := range callers[f] {
				if f.bubbles && !g.bubbles {
					g.bubbles, changed = true, true
				}
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for _, f := range all {
			outside := func(g *function) bool { return !g.bubbles && !g.within }
			if f.within && slices.ContainsFunc(callers[f], outside) {
				f.within, changed = false, true
			}
		}
	}
}

// sleepers lists every time.Sleep of a package's tests that real time pays for. A sleep is free in a
// testing/synctest bubble: in a function literal of a function that opens one or hands its literals to
// one that does, and in a function that only such functions call. Functions are told apart by name, not
// by type.
func sleepers(files []*source) []string {
	all := functionsOf(files)
	judge(all)
	var wrong []string
	for _, f := range all {
		imports := f.source.imports()
		ast.PreorderStack(f.decl, nil, func(n ast.Node, stack []ast.Node) bool {
			literal := slices.ContainsFunc(stack, func(outer ast.Node) bool { _, ok := outer.(*ast.FuncLit); return ok })
			from, name := f.source.selector(n, imports)
			if from == "time" && name == "Sleep" && !f.within && !(f.bubbles && literal) {
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
		byName := map[string][]*source{} // x and x_test are two packages in one folder
		for _, s := range files {
			byName[s.tree.Name.Name] = append(byName[s.tree.Name.Name], s)
		}
		for _, files := range byName {
			for _, problem := range sleepers(files) {
				t.Error(problem)
			}
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
		{"methods of one name, one outside", "func TestX(t T) { synctest.Test(t, func(t T) { a.run() }) }\nfunc (a A) run() { time.Sleep(1) }\nfunc TestY(t T) { b.run() }\nfunc (b B) run() { time.Sleep(1) }", 2},
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
