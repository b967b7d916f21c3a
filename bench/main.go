package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch {
	case len(os.Args) > 1 && os.Args[1] == bareCommand:
		err = runBare(ctx, os.Args[2:], os.Stdin, os.Stdout)
	case len(os.Args) > 1 && os.Args[1] == sidecarCommand:
		err = runSidecar(ctx, os.Args[2:])
	case len(os.Args) > 2 && os.Args[1] == againCommand:
		runAgain(ctx, os.Args[2:])
	default:
		err = run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	scenes   []scene
	duration time.Duration
	tools    []string
	rounds   int
	markdown string
}

// toolNames returns the tools, in the order of the tables.
func toolNames() []string { return []string{"bare", "hlsship", "mc", "rclone", sidecarCommand} }

// sidecarCommand makes the program the sidecar, which is measured if it is asked for.
const sidecarCommand = "sidecar"

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.DurationVar(&o.duration, "duration", 20*time.Second, "length of the streams in each run, two segments at least")
	f.IntVar(&o.rounds, "rounds", 2, "runs of each tool, by turns, that make one row")
	f.StringVar(&o.markdown, "markdown", "", "also write the tables as a page to this `file`, and figures beside it")
	only := f.String("only", ".", "measure the scenes whose names match this `expression`")
	tools := f.String("tools", "bare,hlsship,mc,rclone", "what to measure; also sidecar, the least that one can cost, which is unsafe; two scenes have it beside hlsship anyway")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return o, fmt.Errorf("only: %w", err)
	}
	o.scenes = slices.DeleteFunc(scenes(), func(s scene) bool { return !wanted.MatchString(s.name) })
	o.tools = strings.Split(*tools, ",")
	for _, name := range o.tools {
		if !slices.Contains(toolNames(), name) {
			return o, fmt.Errorf("tools: no tool %q", name)
		}
	}
	if f.NArg() > 0 || len(o.scenes) == 0 || o.rounds < 1 || o.duration <= 0 {
		return o, errors.New("the flags make no load: see -help")
	}
	return o, nil
}

// run measures what the arguments ask for and prints the tables.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	room, err := os.MkdirTemp("", "hlsship-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(room) }()
	b := &bench{options: o, room: room, progress: stderr}
	if err := b.equip(ctx); err != nil {
		return err
	}
	store := filepath.Join(room, "store")
	if err := os.Mkdir(store, 0o755); err != nil {
		return err
	}
	g, stop, err := storetest.StartGateway(ctx, store)
	if err != nil {
		return err
	}
	defer stop()
	b.gateway = g
	began := time.Now()
	rows, err := b.rows(ctx)
	if err != nil {
		return err
	}
	text := report(o, args, rows, time.Since(began))
	if o.markdown != "" {
		if err := write(o.markdown, text, rows); err != nil {
			return err
		}
	}
	_, err = io.WriteString(stdout, text)
	return err
}

// write writes the page, and beside it the figures that it shows.
func write(file, text string, rows []*row) error {
	for _, of := range byScene(rows) {
		if s := of[0].scene; s.plotted {
			if err := os.WriteFile(figure(file, s), []byte(plot(s.String(), of)), 0o644); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(file, []byte(page+text), 0o644)
}

// figure returns the file of a scene's figure, beside the page: bench-20ms.svg.
func figure(page string, s *scene) string {
	return strings.TrimSuffix(page, filepath.Ext(page)) + "-" + s.name + ".svg"
}

// The tools that others make, built by the toolchain at one version.
const (
	mcModule     = "github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9"
	rcloneModule = "github.com/rclone/rclone@v1.76.0"
)

// bench has all that the runs share.
type bench struct {
	options
	room     string // a temporary folder
	progress io.Writer
	// Paths of the binaries.
	hlsship, mc, rclone string
	gateway             *storetest.GatewayServer // without a bucket
	runs                int
}

// equip builds and finds the binaries that the tools are.
func (b *bench) equip(ctx context.Context) error {
	root, err := storetest.ModuleRoot()
	if err != nil {
		return err
	}
	for _, tool := range []struct {
		name, module string
		path         *string
	}{{"mc", mcModule, &b.mc}, {"rclone", rcloneModule, &b.rclone}} {
		if !slices.Contains(b.tools, tool.name) {
			continue
		}
		if *tool.path, err = storetest.Tool(ctx, tool.name, tool.module); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(b.room, "rclone.conf"), nil, 0o600); err != nil {
		return err
	}
	if !slices.Contains(b.tools, "hlsship") {
		return nil
	}
	b.hlsship = filepath.Join(b.room, "hlsship")
	build := exec.CommandContext(ctx, "go", "build", "-o", b.hlsship, "./cmd/hlsship")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build hlsship: %w: %s", err, out)
	}
	return nil
}

// rows measures each tool in each scene.
func (b *bench) rows(ctx context.Context) ([]*row, error) {
	var all []*row
	for i := range b.scenes {
		s := &b.scenes[i]
		first := len(all)
		for _, name := range s.tools(b.tools) {
			if name != "bare" || s.files == 0 { // which looks at no directory
				all = append(all, &row{scene: s, tool: name})
			}
		}
		turns := slices.Clone(all[first:])
		for range b.rounds {
			for _, r := range turns {
				_, _ = fmt.Fprintf(b.progress, "%s: %s\n", s.name, r.tool)
				if err := b.measure(ctx, r); err != nil {
					return nil, fmt.Errorf("%s: %s: %w", s.name, r.tool, err)
				}
			}
			slices.Reverse(turns) // nobody is always the first
		}
	}
	return all, nil
}
