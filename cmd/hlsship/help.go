package main

import (
	"fmt"
	"strings"
)

// escape makes a text safe as the template that the command line library takes for help.
func escape(s string) string { return strings.ReplaceAll(s, "{{", `{{"{{"}}`) }

// overview is the help of the program.
func overview() string {
	return `hlsship - ship a packager's HLS directory to S3-compatible storage while the stream is live

Usage:
  hlsship run [flags] DIR s3://BUCKET[/PREFIX]    ship DIR until stopped
  hlsship check [flags] DIR s3://BUCKET[/PREFIX]  say what would fail, why, and what to do
  hlsship verify [flags] [DIR] s3://BUCKET[/PREFIX]
                                                  compare what is published with the directory
  hlsship recover [flags] s3://BUCKET[/PREFIX] [SESSION]
                                                  close recordings from what the bucket holds
  hlsship clip [flags] --from TIME --to TIME s3://BUCKET[/PREFIX]/SESSION
                                                  make a playlist of a part of a recording
  hlsship spool ls [flags] DIR                    list what waits in the spool, also of a stopped one
  hlsship demo                                    see it at work, with nothing installed
  hlsship status                                  say how a running one does
  hlsship healthcheck                             ask a running one whether it lives
  hlsship version                                 print the version, as --version does
  hlsship help [COMMAND]                          say more about a command, as COMMAND --help does

Try:
  hlsship demo
  hlsship run --help
`
}

// manual is the help of run.
func manual() string {
	var b strings.Builder
	b.WriteString(`hlsship run - ship a packager's HLS directory to a bucket while the stream is live

Usage:
  hlsship run [flags] DIR s3://BUCKET[/PREFIX] [-- COMMAND...]

Examples:
  Amazon S3, with credentials from the environment or the machine's role:
    hlsship run /var/www/hls s3://my-bucket/live
  Another store:
    hlsship run --endpoint http://127.0.0.1:9000 /var/www/hls s3://my-bucket
  Playlists that a CDN may keep for one second:
    hlsship run --cache-control playlist=max-age=1 /var/www/hls s3://my-bucket
  From a file:
    hlsship run --config /etc/hlsship/hlsship.yml
  With the packager as a child, as in a container of both:
    hlsship run /hls s3://my-bucket/live -- ffmpeg -i srt://:9000 -c copy /hls/live.m3u8

Every flag is also a variable, --max-lag being HLSSHIP_MAX_LAG, and a key of the configuration file,
max_lag. Flags win over variables, variables over the file, and the file over HLSSHIP_DEFAULT_MAX_LAG,
by which an image changes a default. A variable with several values separates them with semicolons.
DIR and the destination are HLSSHIP_DIR and HLSSHIP_DESTINATION, dir and destination. The file may list
several directories under channels, each with settings of its own.
`)
	group := ""
	for _, s := range settings() {
		if s.argument {
			continue
		}
		if s.group != group {
			group = s.group
			fmt.Fprintf(&b, "\n%s:\n", group)
		}
		b.WriteString(s.help())
	}
	b.WriteString(`
Credentials are never given by flag. Where no setting names them, the first of these is used:
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN
  AWS_PROFILE of ~/.aws/config and ~/.aws/credentials: keys, a role, SSO or a program
  AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN, the profile "default", the role of the container, the
  role of the machine
If it has no keys, no other one takes its place. Where keys are late, files are kept until they come.

Signals: the first SIGTERM or SIGINT ships what is left within --drain-timeout, the second stops at
once. SIGHUP has the configuration file read again.

COMMAND is started once the directory has been scanned. The first SIGTERM or SIGINT goes to it and its
process group; when it ends, by that or by itself, hlsship ships what is left and ends with its exit
code. If it has not ended after ten seconds, or at the second signal, it is killed.

Exit codes: 0 everything is shipped, 1 failed, 2 wrong usage, 3 stopped with files unshipped, which the
log names; that of COMMAND if it is not 0, and 128 and the signal's number if one ended it.
`)
	return b.String()
}

// checkManual is the help of check.
func checkManual() string {
	return `hlsship check - say what would fail if a directory were shipped, why, and what to do about it

Usage:
  hlsship check [flags of run] [--json] DIR s3://BUCKET[/PREFIX]
  hlsship check [--json] [--config-only] [--warnings-as-errors] --config FILE

It takes what "hlsship run" takes, ships nothing and ends within 20 seconds or so. Run it as the user
that hlsship will run as, best while the packager runs: then its playlists are read, and its bitrate is
compared with the disk and the way to the store.

  --json                     print one JSON document instead of a table
  --config-only              look at the settings alone, and at neither the directory nor the store
  --warnings-as-errors       exit with 1 if there are warnings, too

In the bucket it writes PREFIX/.hlsship-check- and eight random digits, and removes it; without the
permission to delete some bytes of it are left, and it says so. In the directory it does what the spool
would do.

Exit codes: 0 no errors, though maybe warnings; 1 errors; 2 wrong usage.
`
}

// help is the row's entry in the help.
func (s setting) help() string {
	head := "--" + s.name
	if s.value != "" {
		head += " " + s.value
	}
	usage := s.usage
	if s.repeats() {
		usage += "; repeatable"
	}
	if s.kind == choice {
		usage += ": " + strings.Join(s.choices, ", ")
	}
	if s.def != "" && s.kind != truth {
		usage += " (default " + s.def + ")"
	}
	if len(s.also) > 0 {
		usage += "; also " + strings.Join(s.also, ", ")
	}
	const indent, width = 29, 100
	var b strings.Builder
	line := "  " + head
	if len(line) > indent-2 {
		b.WriteString(line + "\n")
		line = ""
	}
	line += strings.Repeat(" ", indent-len(line))
	empty := true
	for word := range strings.FieldsSeq(usage) {
		if !empty && len(line)+1+len(word) > width {
			b.WriteString(line + "\n")
			line, empty = strings.Repeat(" ", indent), true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	b.WriteString(line + "\n")
	return b.String()
}
