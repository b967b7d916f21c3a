package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/hlsship/hlsship/uploader"
)

// The exit codes.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 2
	exitUnshipped = 3
)

// usageError is a mistake of whoever started the program, as opposed to a failure of the world.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// build says what this binary is.
type build struct{ version, commit string }

// describe completes what the linker set with what the toolchain recorded.
func describe(version, commit string) build {
	b := build{version, commit}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	if b.version == "" && info.Main.Version != "" && info.Main.Version != "(devel)" {
		b.version = strings.TrimPrefix(info.Main.Version, "v")
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && b.commit == "" {
			b.commit = s.Value
		}
	}
	if b.version == "" {
		b.version = "dev"
	}
	if b.commit == "" {
		b.commit = "unknown"
	}
	return b
}

// program is one run of the command with everything it takes from outside, so that tests can run it in
// their own process.
type program struct {
	stdout, stderr io.Writer
	environ        []string
	build          build
	// journal says that stderr is systemd's journal.
	journal bool
	// packager is the command that run starts, with its arguments; nil for none. stdin is what it reads, nil for nothing.
	packager []string
	stdin    *os.File
}

// app is the command line.
func (p program) app() *cli.App {
	return &cli.App{
		Name: "hlsship", HelpName: "hlsship", CustomAppHelpTemplate: escape(overview()),
		Writer: p.stdout, ErrWriter: p.stderr,
		HideVersion: true, HideHelpCommand: true, DisableSliceFlagSeparator: true, Suggest: true,
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   refuse,
		Commands:       []*cli.Command{p.runCommand(), p.checkCommand(), p.verifyCommand(), p.recoverCommand(), p.clipCommand(), p.spoolCommand(), p.demoCommand(), p.statusCommand(), p.healthCommand(), p.versionCommand()},
		Action:         unknownCommand,
	}
}

// run runs the command and returns its exit code. args[0] is the program's name. Signals are taken
// while a command runs.
func (p program) run(ctx context.Context, args []string) int {
	args = spelled(args)
	args, p.packager = packagerOf(args)
	app := p.app()
	command, begin := commandOf(app, args)
	if command != nil && command.Subcommands == nil {
		args = flagsFirst(args, begin, command.Flags)
	}
	err := app.RunContext(ctx, args)
	if err == nil {
		return exitDone
	}
	var words bytes.Buffer
	code := p.explain(err, append([]string{"hlsship"}, args[1:begin]...), &words)
	lastly(p.stderr, words.Bytes())
	return code
}

// explain writes what made the command fail, and returns its exit code.
func (p program) explain(err error, command []string, words io.Writer) int {
	if p.journal {
		words = &prefixed{prefix: "<3>", one: new(sync.Mutex), out: words}
	}
	if wrong, ok := errors.AsType[usageError](err); ok {
		_, _ = fmt.Fprintf(words, "hlsship: %s\n", strings.ReplaceAll(wrong.Error(), "\n", "\nhlsship: "))
		_, _ = fmt.Fprintf(words, "Say \"%s --help\" for help.\n", strings.Join(command, " "))
		return exitUsage
	}
	if ended, ok := errors.AsType[packagerEnded](err); ok {
		return ended.code
	}
	if _, ok := errors.AsType[*uploader.Unshipped](err); ok {
		return exitUnshipped
	}
	if errors.Is(err, errFaults) {
		return exitFailed
	}
	_, _ = fmt.Fprintf(words, "hlsship: %v\n", err)
	if thrown, ok := errors.AsType[*panicked](err); ok && !thrown.told {
		_, _ = words.Write(thrown.stack)
	}
	return exitFailed
}

// spelled takes what people expect for the commands that there are: --version and -v for version, help COMMAND for COMMAND --help.
func spelled(args []string) []string {
	if len(args) < 2 {
		return args
	}
	switch args[1] {
	case "--version", "-version", "-v", "-V":
		return append([]string{args[0], "version"}, args[2:]...)
	case "help":
		if len(args) == 2 || strings.HasPrefix(args[2], "-") {
			return []string{args[0], "--help"}
		}
		return append(append([]string{args[0]}, args[2:]...), "--help")
	}
	return args
}

// packagerOf parts the arguments of run, and of check, which takes the same, from the command behind "--"; command is nil if
// there is no "--".
func packagerOf(args []string) (rest, command []string) {
	if len(args) < 2 || args[1] != "run" && args[1] != "check" {
		return args, nil
	}
	i := slices.Index(args, "--")
	if i < 0 {
		return args, nil
	}
	return args[:i:i], append([]string{}, args[i+1:]...)
}

// commandOf returns the command that the arguments name, nil if there is none, and where those for it begin.
func commandOf(app *cli.App, args []string) (command *cli.Command, begin int) {
	if len(args) < 2 {
		return nil, len(args)
	}
	command = app.Command(args[1])
	if command == nil {
		return nil, 1
	}
	for begin = 2; begin < len(args) && command.Command(args[begin]) != nil; begin++ {
		command = command.Command(args[begin])
	}
	return command, begin
}

// refuse turns an error of flag parsing into one of usage, which names flags as they are written and what may have been meant.
func refuse(c *cli.Context, err error, _ bool) error {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		var known []string
		if c.Command != nil {
			for _, f := range c.Command.Flags {
				known = append(known, f.Names()[0])
			}
		}
		hint := ""
		if near := nearest(name, known); near != "" {
			hint = "; did you mean --" + near + "?"
		}
		return usageError{fmt.Errorf("no flag --%s%s", shown(name), hint)}
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return usageError{fmt.Errorf("--%s needs a value", shown(name))}
	}
	return usageError{errors.New(strings.Replace(text, " for flag -", " for flag --", 1))}
}

func unknownCommand(c *cli.Context) error {
	if c.NArg() == 0 {
		return cli.ShowAppHelp(c)
	}
	name, hint := c.Args().First(), ""
	if s := nearest(name, commandNamesOf(c.App.Commands)); s != "" {
		hint = fmt.Sprintf("; did you mean %q?", s)
	}
	return usageError{fmt.Errorf("no command %q%s", name, hint)}
}

// commandNamesOf returns the names of the commands.
func commandNamesOf(commands []*cli.Command) []string {
	var all []string
	for _, c := range commands {
		all = append(all, c.Name)
	}
	return all
}

func (p program) versionCommand() *cli.Command {
	return &cli.Command{
		Name: "version", Usage: "print the version", HideHelpCommand: true, OnUsageError: refuse,
		CustomHelpTemplate: "hlsship version - print the version, the commit and the platform\n",
		Action: func(*cli.Context) error {
			_, err := fmt.Fprintf(p.stdout, "hlsship %s (commit %s, %s, %s/%s)\n",
				p.build.version, p.build.commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

func (p program) runCommand() *cli.Command {
	return &cli.Command{
		Name: "run", Usage: "ship a directory to a bucket", HideHelpCommand: true, OnUsageError: refuse,
		Flags: commandFlags(settings()), CustomHelpTemplate: escape(manual()),
		Action: func(c *cli.Context) error {
			given := sourcesOf(c, p.environ)
			conf, err := load(given)
			if err != nil {
				return usageError{err}
			}
			if p.packager != nil {
				if p.packager, err = findPackager(p.packager); err != nil {
					return err
				}
			}
			return p.ship(c.Context, conf, func() (config, error) { return load(given) })
		},
	}
}
