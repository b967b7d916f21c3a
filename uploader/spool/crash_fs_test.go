package spool

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// victimEnv names the directory in which TestVictim works; it is set for the child of TestKill only.
const victimEnv = "SPOOL_VICTIM_DIR"

func bytesOf(name string) string { return strings.Repeat("bytes of "+name+"\n", 50) }

// TestVictim is the process that TestKill kills. It pins, keeps and releases files for ever, removes each
// original, and says before and after what it does.
func TestVictim(t *testing.T) {
	dir := os.Getenv(victimEnv)
	if dir == "" {
		t.Skip("is the child of TestKill")
	}
	x := &stage{T: t, dir: dir}
	x.open(func(c *Config, sys *system) {
		c.Hold = 4
		if strings.HasSuffix(dir, hls.PinnedByCopy) {
			copying(c, sys)
		}
	})
	var window []hls.File
	var waiting []string // for that
	for i := 0; ; i++ {
		name := fmt.Sprintf("%d/seg_%d.ts", i%3, i)
		x.write(name, bytesOf(name))
		f := x.fresh(name)
		if f.Source == nil { // more cannot be held open that are to be copied
			x.pass()
			f = x.fresh(name)
		}
		fmt.Println("finished", name)
		waiting = append(waiting, name)
		if rand.N(3) == 0 { // a second passes
			x.pass()
			for _, name := range waiting {
				fmt.Println("pinned", name)
				x.remove(name)
			}
			waiting = nil
		}
		if i%2 == 0 {
			keep(f)
			fmt.Println("kept", name)
		}
		if i%7 == 0 {
			x.spool.serve(t.Context(), &usage{})
		}
		if window = append(window, f); len(window) > 5 {
			j := rand.N(len(window))
			fmt.Println("releasing", window[j].Path)
			window[j].Source.Release()
			fmt.Println("released", window[j].Path)
			window = append(window[:j], window[j+1:]...)
		}
	}
}

// there reports whether a file is in the directory, whole.
func (x *stage) there(name string) bool {
	got, err := os.ReadFile(x.path(name))
	return err == nil && string(got) == bytesOf(name)
}

// TestKill kills a process at random moments and recovers what it pinned, and what it held open alone if the packager has it.
func TestKill(t *testing.T) {
	t.Parallel()
	for _, way := range []string{hls.PinnedByLink, hls.PinnedByCopy} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			for range 15 {
				killOnce(t, way)
			}
		})
	}
}

func killOnce(t *testing.T, way string) {
	dir := t.TempDir() + "/" + way
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$")
	cmd.Env = append(os.Environ(), victimEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := map[string]string{} // the last that was said of a file
	kept, pinned, released := map[string]bool{}, map[string]bool{}, map[string]bool{}
	lines := bufio.NewScanner(out)
	for n := rand.N(200); lines.Scan(); n-- {
		verb, name, ok := strings.Cut(lines.Text(), " ")
		if !ok || verb == "" || !strings.HasSuffix(name, ".ts") {
			continue
		}
		said[name] = verb
		kept[name] = kept[name] || verb == "kept"
		pinned[name] = pinned[name] || verb == "pinned"
		released[name] = released[name] || verb == "releasing"
		if n == 0 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed

	x := &stage{T: t, dir: dir}
	x.open(nil)
	there := map[string]hls.File{}
	for _, f := range x.spool.Recovered() {
		there[f.Path] = f
		x.want(f, bytesOf(f.Path))
	}
	for name, verb := range said {
		f, ok := there[name]
		switch {
		case !released[name] && !ok && (pinned[name] || !x.there(name)):
			t.Errorf("%s is lost, of which the last was that it is %s", name, verb)
		case verb == "released" && ok:
			t.Errorf("%s was released and is back", name)
		case ok && kept[name] && !f.Named:
			t.Errorf("%s was kept and is not named", name)
		}
	}
	if len(x.obs.dropped) > 0 {
		t.Errorf("dropped %q: %s", x.obs.dropped, x.obs.log.String())
	}
	for _, f := range there {
		f.Source.Release()
	}
	if got := x.onDisk(); len(got) > 0 {
		t.Errorf("on disk: %q", got)
	}
	x.spool.Close()
}
