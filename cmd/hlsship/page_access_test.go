package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/hlsship/hlsship/state"
)

// axe returns the script of axe-core, which finds what people with a screen reader or weak eyes would stumble over.
func axe(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile(filepath.Join("..", "..", ".cache", "axe", "node_modules", "axe-core", "axe.min.js"))
	if os.IsNotExist(err) {
		t.Skip("axe-core is not installed; make test-deps does so")
	} else if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// findings returns what axe-core, which is on the page already, finds there.
func findings(t *testing.T, ctx context.Context) []string {
	t.Helper()
	const script = `axe.run({resultTypes: ["violations"]}).then((r) => r.violations.map((v) => v.impact + ": " + v.help + " (" + v.id + "): " +
		v.nodes.slice(0, 3).map((n) => n.target.join(" ") + ": " + n.failureSummary).join("; ")))`
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// screen shows the page that is open on a screen of that size and scheme.
func screen(t *testing.T, ctx context.Context, width, height int64, scheme string) {
	t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height)); err != nil {
		t.Fatal(err)
	}
}

// TestStatusPageIsAccessible has axe-core look at the page on every screen, healthy, with fifty streams and with each fault, with
// everything opened.
func TestStatusPageIsAccessible(t *testing.T) {
	script, ctx := axe(t), browser(t)
	server, said := newPageServer(t), complaints(t, ctx)
	for _, s := range pageScenes() {
		t.Run(s.name, func(t *testing.T) {
			r := healthyReport(1)
			s.tell(r)
			server.says(r)
			if err := chromedp.Do(ctx, chromedp.Navigate(server.URL)); err != nil {
				t.Fatal(err)
			}
			holdsSoon(t, ctx, fmt.Sprintf(`document.title === %q`, s.title+" · hlsship"))
			evaluate(t, ctx, script+"; true")
			evaluate(t, ctx, `[...document.querySelectorAll("details")].slice(0, 3).every((d) => d.open = true)`)
			holdsSoon(t, ctx, `[...document.querySelectorAll("details[open] dl")].every((d) => d.children.length > 0)`)
			for _, width := range []int64{1280, 768, 360} {
				for _, scheme := range []string{"light", "dark"} {
					screen(t, ctx, width, 900, scheme)
					if !evaluate(t, ctx, `document.documentElement.scrollWidth <= window.innerWidth`) {
						t.Errorf("%d %s: something is wider than the screen", width, scheme)
					}
					for _, found := range findings(t, ctx) {
						t.Errorf("%d %s: %s", width, scheme, found)
					}
				}
			}
			screenshot(t, ctx, "status-360-dark-"+strings.ReplaceAll(s.name, " ", "-")+".png")
		})
	}
	if text := said.String(); text != "" {
		t.Errorf("the console says %s", text)
	}
}

// focused says which element has the focus, and what is wrong with how that is shown; "body" if none has it.
const focused = `(() => {
	const e = document.activeElement;
	if (e === document.body) return "body";
	const style = getComputedStyle(e), box = e.getBoundingClientRect(), all = [...document.querySelectorAll("*")];
	const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, inside = box.bottom > 0 && box.top < innerHeight;
	return all.indexOf(e) + " " + e.tagName + (seen ? "" : ", of which the focus is not seen") + (inside ? "" : ", out of sight");
})()`

// TestStatusPageByKeyboard goes through the page with the Tab key alone: everything that can be used is met once, in its order, and
// shows that it is met.
func TestStatusPageByKeyboard(t *testing.T) {
	ctx := browser(t)
	server, said := newPageServer(t), complaints(t, ctx)
	press := func(t *testing.T, keys string) {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.KeyEvent(keys)); err != nil {
			t.Fatal(err)
		}
	}
	texts := func(t *testing.T, script string) []string {
		t.Helper()
		all, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](script))
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	faulty := func() *state.Report {
		r := healthyReport(50)
		for _, s := range pageScenes() {
			if s.name == "held" || s.name == "store refuses" {
				s.tell(r)
			}
		}
		return r
	}
	for _, width := range []int64{1280, 768, 360} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			server.says(faulty())
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 800), chromedp.Navigate(server.URL)); err != nil {
				t.Fatal(err)
			}
			holdsSoon(t, ctx, `document.querySelectorAll("summary").length === 50`)
			evaluate(t, ctx, `document.querySelector("details").open = true`)
			holdsSoon(t, ctx, `document.querySelector("details[open] dl").children.length > 0`)
			want := texts(t, `[...document.querySelectorAll("*")].flatMap((e, i) => e.matches("a, button, input, select, summary, textarea, [tabindex]") && e.checkVisibility() ? [i + " " + e.tagName] : [])`)
			var got []string
			for len(got) <= len(want) {
				press(t, kb.Tab)
				at := texts(t, "["+focused+"]")[0]
				if at == "body" || slices.Contains(got, at) {
					break
				}
				got = append(got, at)
			}
			if !slices.Equal(got, want) || len(want) < 50 {
				t.Errorf("the Tab key meets\n%q, want\n%q", got, want)
			}
		})
	}
	t.Run("opens, filters and keeps the focus", func(t *testing.T) {
		server.says(healthyReport(50))
		holdsSoon(t, ctx, `document.title.startsWith("50 live")`)
		evaluate(t, ctx, `(document.querySelectorAll("summary")[9].focus(), true)`)
		press(t, kb.Enter)
		holdsSoon(t, ctx, `document.querySelectorAll("details")[9].open && document.querySelectorAll("details")[9].querySelector("dl").children.length > 0`)
		for _, held := range []string{"cam10", "cam30", "cam01", ""} { // the one with the focus comes to the top, another one does, and all go back
			r := healthyReport(50)
			for i := range r.Channels[0].Streams {
				if one := &r.Channels[0].Streams[i]; one.Name == held {
					one.State = state.Held
				}
			}
			server.says(r)
			first := held
			if held == "" {
				first = "cam01"
			}
			holdsSoon(t, ctx, fmt.Sprintf(`document.querySelector("summary .name").textContent === %q && document.title.startsWith(%q)`, first, map[bool]string{true: "50 live", false: "⚠ 1 of 50 held"}[held == ""]))
			if !evaluate(t, ctx, `document.activeElement.tagName === "SUMMARY" && document.activeElement.textContent.includes("cam10")`) {
				t.Errorf("with %q held the focus is lost", held)
			}
		}
		evaluate(t, ctx, `(document.getElementById("text").focus(), true)`)
		press(t, "cam07")
		holdsSoon(t, ctx, `document.querySelectorAll("summary").length === 1`)
		press(t, kb.Tab+" ")
		holdsSoon(t, ctx, `document.querySelectorAll("summary").length === 0 && document.getElementById("faults").checked`)
	})
	if text := said.String(); text != "" {
		t.Errorf("the console says %s", text)
	}
}
