package main

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // Content-MD5 (S3 PutObject)
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"golang.org/x/sys/unix"
)

// runSidecar is the least that a process beside the packager can cost: inotify tells it of a finished file, which it reads whole
// and PUTs, each folder for itself and in the order of events. It checks nothing and waits for nothing, so that what it publishes
// is unsafe. It returns when ctx ends and all is stored that it heard of. args are the URL, region and bucket of the store and the
// directory.
func runSidecar(ctx context.Context, args []string) error {
	if len(args) != 4 {
		return errors.New("the sidecar is started by the bench")
	}
	at, err := url.Parse(args[0])
	if err != nil {
		return err
	}
	core, err := minio.NewCore(at.Host, &minio.Options{
		Creds: credentials.NewEnvAWS(), Secure: at.Scheme == "https", Region: args[1], BucketLookup: minio.BucketLookupPath, MaxRetries: 1,
	})
	if err != nil {
		return err
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return err
	}
	events := os.NewFile(uintptr(fd), "inotify")
	defer context.AfterFunc(ctx, func() { _ = events.Close() })()
	s := sidecar{core: core, bucket: args[2], dir: args[3], fd: fd, folders: map[uint32]string{}, queues: map[string]chan string{}}
	if err := s.watch(s.dir); err != nil {
		return err
	}
	for buf := make([]byte, 64<<10); ; {
		n, err := events.Read(buf)
		if err != nil {
			break // it is closed
		}
		s.take(buf[:n])
	}
	for _, q := range s.queues {
		close(q)
	}
	s.running.Wait()
	return nil
}

// sidecar is what runSidecar knows.
type sidecar struct {
	core        *minio.Core
	bucket, dir string
	fd          int
	folders     map[uint32]string
	queues      map[string]chan string // by folder
	running     sync.WaitGroup
}

// watch watches a folder, and ships what is in it.
func (s *sidecar) watch(folder string) error {
	wd, err := unix.InotifyAddWatch(s.fd, folder, unix.IN_CLOSE_WRITE|unix.IN_MOVED_TO|unix.IN_CREATE)
	if err != nil {
		return err
	}
	s.folders[uint32(wd)] = folder
	all, err := os.ReadDir(folder)
	for _, e := range all {
		s.came(filepath.Join(folder, e.Name()), e.IsDir())
	}
	return err
}

// take takes events in (inotify(7)).
func (s *sidecar) take(events []byte) {
	for len(events) >= unix.SizeofInotifyEvent {
		u32 := func(at int) uint32 { return binary.NativeEndian.Uint32(events[at:]) }
		end := unix.SizeofInotifyEvent + int(u32(12))
		name := filepath.Join(s.folders[u32(0)], string(bytes.TrimRight(events[unix.SizeofInotifyEvent:end], "\x00")))
		folder := u32(4)&unix.IN_ISDIR != 0
		if folder || u32(4)&(unix.IN_CLOSE_WRITE|unix.IN_MOVED_TO) != 0 {
			s.came(name, folder)
		}
		events = events[end:]
	}
}

// came deals with a folder that is there, or a file that is finished.
func (s *sidecar) came(name string, folder bool) {
	if folder {
		_ = s.watch(name) // it may be gone
		return
	}
	if strings.HasSuffix(name, ".tmp") {
		return
	}
	in := filepath.Dir(name)
	q := s.queues[in]
	if q == nil {
		q = make(chan string, 1000)
		s.queues[in] = q
		s.running.Go(func() {
			for name := range q {
				if err := s.put(name); err != nil {
					fmt.Fprintln(os.Stderr, "sidecar:", err)
				}
			}
		})
	}
	q <- name
}

func (s *sidecar) put(name string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(s.dir, name)
	if err != nil {
		return err
	}
	sum, kind := md5.Sum(content), "video/mp2t" //nolint:gosec // see the import
	if strings.HasSuffix(name, ".m3u8") {
		kind = "application/vnd.apple.mpegurl"
	}
	_, err = s.core.PutObject(context.Background(), s.bucket, prefix+filepath.ToSlash(rel), bytes.NewReader(content), int64(len(content)),
		base64.StdEncoding.EncodeToString(sum[:]), "", minio.PutObjectOptions{
			ContentType: kind, CacheControl: "public, max-age=1", DisableMultipart: true, DisableContentSha256: true,
		})
	return err
}
